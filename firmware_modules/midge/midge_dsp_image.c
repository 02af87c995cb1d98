// A camera's picture into a model's input: crop and resize by two tables of source pixels and
// weights (bilinear; nearest where all weights are 0), RGB565 to gray or to its three colours,
// normalization by a table.
#include "midge_dsp.h"
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

// Red, green, blue of a pixel, 8 bits each; 5 and 6 bits are repeated into the lower ones.
static void colours_of(uint32_t pixel, int32_t *rgb) {
    uint32_t red = pixel >> 11 & 31u;
    uint32_t green = pixel >> 5 & 63u;
    uint32_t blue = pixel & 31u;
    rgb[0] = (int32_t)(red << 3 | red >> 2);
    rgb[1] = (int32_t)(green << 2 | green >> 4);
    rgb[2] = (int32_t)(blue << 3 | blue >> 2);
}

// The intensities of a pixel: one, or three. ITU-R BT.601's weights in 1/256.
static void pixel_of(const midge_dsp_image_t *p, const uint8_t *in, int32_t at, int32_t *v) {
    if (p->format == MIDGE_DSP_GRAY) {
        v[0] = in[at];
        return;
    }
    uint32_t low = in[2 * at];
    uint32_t high = in[2 * at + 1];
    int32_t rgb[3];
    colours_of(p->format == MIDGE_DSP_RGB565 ? high << 8 | low : low << 8 | high, rgb);
    if (p->out_c == 3) {
        v[0] = rgb[0];
        v[1] = rgb[1];
        v[2] = rgb[2];
    } else {
        v[0] = (77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2] + 128) >> 8;
    }
}

// Adds a pixel with its weight, where it has one.
static void add_pixel(const midge_dsp_image_t *p, const uint8_t *in, int32_t at, int32_t weight,
    int32_t *sum) {
    if (weight != 0) {
        int32_t v[3] = { 0, 0, 0 };
        pixel_of(p, in, at, v);
        for (int32_t c = 0; c < p->out_c; c++) {
            sum[c] += v[c] * weight;
        }
    }
}

void midge_dsp_image(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_image_t *p = params;
    const uint8_t *in = midge_in(ctx, p->in);
    const int16_t *row = midge_in(ctx, p->rows);
    const int8_t *table = midge_in(ctx, p->table);
    int8_t *out = midge_out(ctx, p->out);
    for (int32_t y = 0; y < p->out_h; y++, row += 2) {
        const int16_t *col = midge_in(ctx, p->cols);
        for (int32_t x = 0; x < p->out_w; x++, col += 2) {
            int32_t at = row[0] * p->in_width + col[0];
            int32_t sum[3] = { 1 << 13, 1 << 13, 1 << 13 };
            add_pixel(p, in, at, (128 - row[1]) * (128 - col[1]), sum);
            add_pixel(p, in, at + 1, (128 - row[1]) * col[1], sum);
            add_pixel(p, in, at + p->in_width, row[1] * (128 - col[1]), sum);
            add_pixel(p, in, at + p->in_width + 1, row[1] * col[1], sum);
            for (int32_t c = 0; c < p->out_c; c++) {
                *out++ = table[256 * c + (sum[c] >> 14)];
            }
        }
    }
}

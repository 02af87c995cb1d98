// DEPTHWISE_CONV_2D 3 x 3, int8, multiplier 1, no dilation: a band of rows with their padding goes
// down the input. Each row is copied once, before the output's lines at its place are written: the
// output may lie over the input.
#include <string.h>

#include "midge_blocked.h"
#include "midge_math.h"
#include "midge_ops.h"

typedef struct _copy_t {
    const midge_depthwise_blocked_t *p;
    const int8_t *in;
    int8_t *rows;
    int32_t cols;
} copy_t;

// Copies input row y, or padding, into a row of the band whose sides are padding already.
static void fill(const copy_t *b, int32_t y, int8_t *to) {
    const midge_depthwise_blocked_t *p = b->p;
    size_t n = (size_t)(midge_min(p->in_w, b->cols - p->pad_left) * p->c);
    to += p->pad_left * p->c;
    if (y < 0 || y >= p->in_h) {
        memset(to, p->pad_value, n);
    } else {
        midge_blocked_copy(to, b->in + y * p->in_w * p->c, n);
    }
}

// All lines of the output, p->lines at a time.
static void lines(const copy_t *b, midge_blocked_band_t *band, int8_t *out) {
    const midge_depthwise_blocked_t *p = b->p;
    int32_t kept = 0; // rows in the band that are needed again
    for (int32_t oy = 0; oy < p->out_h; oy += p->lines) {
        int32_t n = midge_min(p->lines, p->out_h - oy);
        int32_t used = (n - 1) * p->stride_h + 3;
        int32_t top = oy * p->stride_h - p->pad_top;
        for (int32_t i = kept; i < used; i++) {
            fill(b, top + i, b->rows + (uint32_t)i * band->row);
        }
        band->lines = (uint32_t)n;
        (band->kink != NULL ? midge_blocked_band_any : midge_blocked_band)(band, out);
        out += n * p->out_w * p->c;
        kept = midge_max(0, used - n * p->stride_h);
        const int8_t *from = b->rows + (uint32_t)(n * p->stride_h) * band->row;
        size_t beside = (size_t)(p->pad_left * p->c); // from where copies lie at whole words
        if (kept > 0) {
            midge_blocked_copy(b->rows + beside, from + beside,
                (uint32_t)kept * band->row - beside);
        }
    }
}

void midge_depthwise_blocked(const midge_ctx_t *ctx, const void *params) {
    const midge_depthwise_blocked_t *p = params;
    uint32_t c = (uint32_t)p->c;
    int32_t cols = (p->out_w - 1) * p->stride_w + 3;
    uint32_t *table = midge_out(ctx, p->scratch);
    // the input's bytes come to lie at whole words, where they do in the input
    int8_t *rows = (int8_t *)(table + 10 * ((c + 3) / 4 * 4)) + (0u - (uint32_t)p->pad_left * c) % 4;
    midge_blocked_band_t band = {
        .rows = rows,
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .requant = midge_in(ctx, p->requant),
        .kink = midge_in(ctx, p->kink),
        .table = table,
        .c = c,
        .row = ((uint32_t)cols * c + 3) / 4 * 4,
        .step = c * (uint32_t)p->stride_w,
        .width = (uint32_t)p->out_w,
        .act_min = p->act_min,
        .act_max = p->act_max,
    };
    copy_t b = { .p = p, .in = midge_in(ctx, p->in), .rows = rows, .cols = cols };
    band.next_line = band.row * (uint32_t)p->stride_h;
    memset(rows, p->pad_value, (uint32_t)((p->lines - 1) * p->stride_h + 3) * band.row);
    midge_blocked_band_table(&band, table);
    lines(&b, &band, midge_out(ctx, p->out));
}

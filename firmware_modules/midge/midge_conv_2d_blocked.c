// CONV_2D, int8, one group, by blocks of four pixels and four channels: a tile of pixels is
// widened, then each block of channels runs over it.
#include <string.h>

#include "midge_blocked.h"
#include "midge_math.h"
#include "midge_ops.h"

typedef struct _conv_t {
    const midge_conv_2d_blocked_t *p;
    const int8_t *in;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *requant;
    const int32_t *kink; // or NULL
    const uint8_t *runs;
    int8_t *out;
    uint32_t quads;
    int32_t bottom; // windows that lie inside the input, side by side, start above it
    int32_t right; // and not right of it
    int32_t direct; // pixels below this are their windows: no copy
    uint32_t *x; // a tile's pixels
    uint32_t *w; // four channels' weights
    int32_t *acc; // a tile's sums for four channels
    int8_t *window; // copies of four windows
} conv_t;

// Copies the taps of one window's row at (y, x), padding where it leaves the input.
static void copy_row(const conv_t *c, int32_t y, int32_t x, int8_t *to) {
    const midge_conv_2d_blocked_t *p = c->p;
    size_t depth = (size_t)p->in_c;
    const int8_t *line = c->in + y * p->in_w * p->in_c;
    for (int32_t k = p->k_w; k > 0; k--, x += p->dilation_w, to += depth) {
        if (y >= 0 && y < p->in_h && x >= 0 && x < p->in_w) {
            midge_blocked_copy(to, line + x * p->in_c, depth);
        } else {
            memset(to, p->pad_value, depth);
        }
    }
}

// The taps of output pixel `i`, as they are in memory or copied.
static const int8_t *window(const conv_t *c, int32_t i, int8_t *copy) {
    const midge_conv_2d_blocked_t *p = c->p;
    if (i < c->direct) {
        return c->in + i * p->in_c;
    }
    int32_t oy = i / p->out_w;
    int32_t x = (i - oy * p->out_w) * p->stride_w - p->pad_left;
    int32_t y = oy * p->stride_h - p->pad_top;
    size_t run = (size_t)(p->k_w * p->in_c);
    int8_t *to = copy;
    if (x >= 0 && x <= c->right && y >= 0 && y < c->bottom) {
        size_t pitch = (size_t)(p->dilation_h * p->in_w * p->in_c);
        const int8_t *from = c->in + (y * p->in_w + x) * p->in_c;
        for (int32_t ky = p->k_h; ky > 0; ky--, from += pitch, to += run) {
            midge_blocked_copy(to, from, run);
        }
        return copy;
    }
    for (int32_t ky = p->k_h; ky > 0; ky--, y += p->dilation_h, to += run) {
        copy_row(c, y, x, to);
    }
    return copy;
}

// Widens n pixels from `first` on; those that fill up the last four repeat the last one.
static void tile(const conv_t *c, int32_t first, int32_t n) {
    uint32_t *x = c->x;
    for (int32_t i = 0; i < n; i += MIDGE_BLOCK, x += 8 * c->quads) {
        const int8_t *rows[MIDGE_BLOCK];
        for (int32_t k = 0; k < MIDGE_BLOCK; k++) {
            int32_t pixel = first + midge_min(i + k, n - 1);
            rows[k] = window(c, pixel, c->window + (uint32_t)k * 4 * c->quads);
        }
        midge_blocked_pixels(rows, c->quads, x);
    }
}

static void requant(const conv_t *c, const int32_t *acc, int8_t *y, uint32_t n, int32_t oc) {
    const midge_conv_2d_blocked_t *p = c->p;
    uint32_t out_c = (uint32_t)p->out_c;
    midge_requant_t rq = midge_blocked_rq(p->act_min, p->act_max);
    midge_requant_load(&rq, c->requant + 3 * oc);
    if (c->kink != NULL) {
        midge_requant_kinked(acc, y, n, &rq, out_c, c->kink + 2 * oc, 1);
    } else {
        midge_blocked_requant(acc, y, n, &rq, out_c);
    }
}

// All channels of n pixels from `first` on, which are widened.
static void channels(const conv_t *c, int32_t first, int32_t n) {
    const midge_conv_2d_blocked_t *p = c->p;
    midge_blocked_dot_t dot = {
        .x = c->x,
        .w = c->w,
        .quads = c->quads,
        .groups = (uint32_t)(n + MIDGE_BLOCK - 1) / MIDGE_BLOCK,
        .acc = c->acc,
        .stride = 4 * (uint32_t)p->tile,
        .runs = c->runs,
    };
    int8_t *y = c->out + first * p->out_c;
    for (int32_t oc = 0; oc < p->out_c; oc += MIDGE_BLOCK) {
        const int8_t *rows[MIDGE_BLOCK];
        for (int32_t k = 0; k < MIDGE_BLOCK; k++) {
            int32_t channel = midge_min(oc + k, p->out_c - 1);
            rows[k] = c->weights + (uint32_t)channel * 4 * c->quads;
            dot.bias[k] = c->bias[channel];
        }
        midge_blocked_weights(rows, c->quads, c->w);
        midge_blocked_dot(&dot);
        for (uint32_t quads = 0; quads < c->quads; dot.runs += 2) {
            quads += (uint32_t)dot.runs[0] + dot.runs[1];
        }
        int32_t end = midge_min(oc + MIDGE_BLOCK, p->out_c);
        const int32_t *acc = c->acc;
        for (int32_t k = oc; k < end; k++, acc += p->tile) {
            requant(c, acc, y + k, (uint32_t)n, k);
        }
    }
}

void midge_conv_2d_blocked(const midge_ctx_t *ctx, const void *params) {
    const midge_conv_2d_blocked_t *p = params;
    int32_t pixels = p->out_h * p->out_w;
    conv_t c = {
        .p = p,
        .in = midge_in(ctx, p->in),
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .requant = midge_in(ctx, p->requant),
        .kink = midge_in(ctx, p->kink),
        .runs = midge_in(ctx, p->runs),
        .out = midge_out(ctx, p->out),
        .bottom = p->in_h - (p->k_h - 1) * p->dilation_h,
        .right = p->dilation_w == 1 ? p->in_w - p->k_w : -1,
        .quads = (uint32_t)(p->k_h * p->k_w * p->in_c + 3) / 4,
        .x = midge_out(ctx, p->scratch),
    };
    if (p->k_h == 1 && p->k_w == 1 && p->stride_h == 1 && p->stride_w == 1
        && pixels == p->in_h * p->in_w) {
        c.direct = p->in_c % 4 == 0 ? pixels : pixels - 1; // of whole words, or one follows
    }
    c.w = c.x + (uint32_t)p->tile * 2 * c.quads;
    c.acc = (int32_t *)c.w + 8 * c.quads;
    c.window = (int8_t *)(c.acc + 4 * p->tile);
    if (c.direct < pixels) { // what fills up the last taps meets weights of 0
        memset(c.window, 0, 16 * c.quads);
    }
    for (int32_t first = 0; first < pixels; first += p->tile) {
        int32_t n = midge_min(p->tile, pixels - first);
        tile(&c, first, n);
        channels(&c, first, n);
    }
}

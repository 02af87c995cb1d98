// CONV_2D, int8, per-channel weights; groups and dilation. 1-D convolution is h == 1.
#include "midge_dot.h"
#include "midge_math.h"
#include "midge_ops.h"

// The parameters with their operands found.
typedef struct _conv_t {
    const midge_conv_2d_t *p;
    const int8_t *in;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
    int8_t *out;
} conv_t;

// The taps of one output pixel that lie inside the input.
typedef struct _window_t {
    int32_t origin; // input index of the first tap, which may lie outside
    int32_t y0;
    int32_t y1;
    int32_t x0;
    int32_t x1;
} window_t;

static int8_t finish(const conv_t *c, int32_t acc, int32_t oc) {
    int32_t y = midge_requantize(acc, c->mult[oc], c->shift[oc]);
    y = midge_wrap_add(y, c->p->out_offset);
    return (int8_t)midge_clamp(y, c->p->act_min, c->p->act_max);
}

// One tap a pixel: the same dot product everywhere.
static void pointwise(const conv_t *c) {
    const midge_conv_2d_t *p = c->p;
    const int8_t *x = c->in;
    int8_t *y = c->out;
    for (int32_t i = p->out_h * p->out_w; i > 0; i--) {
        const int8_t *w = c->weights;
        for (int32_t oc = 0; oc < p->out_c; oc++) {
            *y++ = finish(c, midge_dot(x, w, p->in_c, c->bias[oc]), oc);
            w += p->in_c;
        }
        x += p->in_c;
    }
}

// Sums one window of `depth` input channels from first_c on. w: the weights of one filter.
// Where the taps of a row are neighbours in memory, they are one dot product.
static int32_t accumulate(const conv_t *c, const window_t *win, const int8_t *w, int32_t first_c,
    int32_t depth, int32_t acc) {
    const midge_conv_2d_t *p = c->p;
    int32_t x_step = p->dilation_w * p->in_c;
    int32_t taps = win->x1 - win->x0;
    int32_t run = x_step == depth ? taps * depth : depth;
    for (int32_t ky = win->y0; ky < win->y1; ky++) {
        int32_t row = win->origin + ky * p->dilation_h * p->in_w * p->in_c + first_c;
        const int8_t *tap = w + (ky * p->k_w + win->x0) * depth;
        for (int32_t done = 0, i = row + win->x0 * x_step; done < taps * depth; done += run) {
            acc = midge_dot_offset(c->in + i, tap + done, run, p->in_offset, acc);
            i += x_step;
        }
    }
    return acc;
}

static int8_t *pixel(const conv_t *c, const window_t *win, int8_t *y) {
    const midge_conv_2d_t *p = c->p;
    const int8_t *w = c->weights;
    int32_t depth = p->groups == 1 ? p->in_c : p->in_c / p->groups;
    int32_t filters = p->groups == 1 ? p->out_c : p->out_c / p->groups;
    int32_t oc = 0;
    for (int32_t first_c = 0; first_c < p->in_c; first_c += depth) {
        for (int32_t i = 0; i < filters; i++, oc++) {
            int32_t acc = accumulate(c, win, w, first_c, depth, c->bias[oc]);
            *y++ = finish(c, acc, oc);
            w += p->k_h * p->k_w * depth;
        }
    }
    return y;
}

static void general(const conv_t *c) {
    const midge_conv_2d_t *p = c->p;
    int8_t *y = c->out;
    window_t win;
    for (int32_t oy = 0; oy < p->out_h; oy++) {
        int32_t top = oy * p->stride_h - p->pad_top;
        midge_window(top, p->k_h, p->dilation_h, p->in_h, &win.y0, &win.y1);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            int32_t left = ox * p->stride_w - p->pad_left;
            midge_window(left, p->k_w, p->dilation_w, p->in_w, &win.x0, &win.x1);
            win.origin = (top * p->in_w + left) * p->in_c;
            y = pixel(c, &win, y);
        }
    }
}

void midge_conv_2d(const midge_ctx_t *ctx, const void *params) {
    const midge_conv_2d_t *p = params;
    conv_t c = {
        .p = p,
        .in = midge_in(ctx, p->in),
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .mult = midge_in(ctx, p->mult),
        .shift = midge_in(ctx, p->shift),
        .out = midge_out(ctx, p->out),
    };
    bool one_tap = p->k_h == 1 && p->k_w == 1 && p->stride_h == 1 && p->stride_w == 1;
    if (one_tap && p->groups == 1 && p->in_offset == 0 && p->in_h == p->out_h
        && p->in_w == p->out_w) {
        pointwise(&c);
    } else {
        general(&c);
    }
}

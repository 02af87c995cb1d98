// TRANSPOSE_CONV, int8, per-channel weights. Gathers: for each output pixel, the taps that reach
// it from an input pixel, so that no accumulators are kept and every result is rounded once done.
#include "midge_dot.h"
#include "midge_math.h"
#include "midge_ops.h"

// The taps along one axis that reach an output pixel: tap, tap - stride, ... over inputs first,
// first + 1, ..., in all n.
typedef struct _reach_t {
    int32_t first;
    int32_t tap;
    int32_t n;
} reach_t;

// `place`: the output pixel plus the padding before; input i lends it tap place - i * stride.
static reach_t reach(int32_t place, int32_t k, int32_t stride, int32_t size) {
    int32_t last = midge_min(place / stride, size - 1);
    int32_t first = place < k ? 0 : (place - k) / stride + 1;
    reach_t r = { .first = first, .tap = place - first * stride, .n = last - first + 1 };
    return r;
}

// The parameters with their operands found.
typedef struct _transposed_t {
    const midge_transpose_conv_t *p;
    const int8_t *in;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
} transposed_t;

// w: the weights of one filter.
static int32_t accumulate(const transposed_t *t, const reach_t *rows, const reach_t *columns,
    const int8_t *w, int32_t acc) {
    const midge_transpose_conv_t *p = t->p;
    int32_t w_step = -p->stride_w * p->in_c;
    const int8_t *x_row = t->in + (rows->first * p->in_w + columns->first) * p->in_c;
    const int8_t *w_row = w + (rows->tap * p->k_w + columns->tap) * p->in_c;
    for (int32_t i = rows->n; i > 0; i--) {
        const int8_t *x = x_row;
        const int8_t *tap = w_row;
        for (int32_t j = columns->n; j > 0; j--) {
            acc = midge_dot_offset(x, tap, p->in_c, p->in_offset, acc);
            x += p->in_c;
            tap += w_step;
        }
        x_row += p->in_w * p->in_c;
        w_row -= p->stride_h * p->k_w * p->in_c;
    }
    return acc;
}

void midge_transpose_conv(const midge_ctx_t *ctx, const void *params) {
    const midge_transpose_conv_t *p = params;
    transposed_t t = {
        .p = p,
        .in = midge_in(ctx, p->in),
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .mult = midge_in(ctx, p->mult),
        .shift = midge_in(ctx, p->shift),
    };
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t oy = 0; oy < p->out_h; oy++) {
        reach_t rows = reach(oy + p->pad_top, p->k_h, p->stride_h, p->in_h);
        for (int32_t ox = 0; ox < p->out_w; ox++) {
            reach_t columns = reach(ox + p->pad_left, p->k_w, p->stride_w, p->in_w);
            const int8_t *w = t.weights;
            for (int32_t oc = 0; oc < p->out_c; oc++) {
                int32_t acc = accumulate(&t, &rows, &columns, w, t.bias[oc]);
                acc = midge_requantize(acc, t.mult[oc], t.shift[oc]);
                acc = midge_wrap_add(acc, p->out_offset);
                *y++ = (int8_t)midge_clamp(acc, p->act_min, p->act_max);
                w += p->k_h * p->k_w * p->in_c;
            }
        }
    }
}

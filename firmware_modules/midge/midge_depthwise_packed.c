// DEPTHWISE_CONV_2D 3 x 3, int8, multiplier 1, no dilation, by pairs of pixels: a channel's plane
// is packed with the upper half of the output's lines in the low lane, the rest in the high one.
#include "midge_math.h"
#include "midge_ops.h"
#include "midge_packed.h"

typedef struct _depthwise_t {
    const midge_depthwise_packed_t *p;
    int32_t half; // lines of output in the low lane
    int32_t rows; // of the plane
    int32_t cols;
} depthwise_t;


// A row where one lane is padding: the other, `shift` up, is at `in`.
static void padded(const int8_t *in, int32_t n, int32_t step, uint32_t pad, int shift,
    uint32_t *x) {
    for (; n > 0; n--, in += step) {
        *x++ = ((uint32_t)(int32_t)*in << shift) + pad;
    }
}

// Fills the plane with padding: what lies beside the input is the same for every channel.
static uint32_t *fill(const depthwise_t *d, uint32_t *x) {
    uint32_t pad = (uint32_t)d->p->pad_value;
    for (int32_t i = d->rows * d->cols; i > 0; i--) {
        *x++ = pad + (pad << 16);
    }
    return x;
}

// Packs what the channel that starts at `in` has inside the plane.
static void pack(const depthwise_t *d, const int8_t *in, uint32_t *x) {
    const midge_depthwise_packed_t *p = d->p;
    int32_t n = midge_min(p->in_w, d->cols - p->pad_left);
    int32_t pitch = p->in_w * p->c;
    int32_t apart = d->half * p->stride_h; // from the low lane's line to the high one's
    int32_t last = d->rows - p->pad_top;
    // lines of the low lane for which both lanes lie inside the input: [first, both)
    int32_t first = midge_max(0, -apart);
    int32_t both = midge_max(first, midge_min(last, p->in_h - apart));
    x += p->pad_left;
    for (int32_t y = -p->pad_top; y < last; y++, x += d->cols) {
        const int8_t *low = in + y * pitch;
        if (y == first && both > first) {
            midge_packed_rows_t rows = {
                .step = (uint32_t)p->c,
                .n = (uint32_t)n,
                .rows = (uint32_t)(both - first),
                .next_in = (uint32_t)(pitch - n * p->c),
                .next_x = (uint32_t)(d->cols - n) * 4,
            };
            midge_packed_rows(low, low + apart * pitch, &rows, x);
            x += (both - first - 1) * d->cols;
            y = both - 1;
        } else {
            uint32_t pad = (uint32_t)p->pad_value;
            if (y >= 0 && y < p->in_h) {
                padded(low, n, p->c, pad << 16, 0, x);
            } else if (y + apart >= 0 && y + apart < p->in_h) {
                padded(low + apart * pitch, n, p->c, pad, 16, x);
            }
        }
    }
}

static void requant(const depthwise_t *d, const int32_t *acc, int8_t *y, midge_requant_t *rq,
    int32_t bias, int32_t runs, const int32_t *kink) {
    const midge_depthwise_packed_t *p = d->p;
    uint32_t n[2] = { (uint32_t)(d->half * p->out_w), (uint32_t)((p->out_h - d->half) * p->out_w) };
    for (int lane = 0; lane < 2; lane++) {
        rq->bias = (uint32_t)bias - (lane == 0 ? (uint32_t)runs << 15 : 0);
        if (kink != NULL) {
            midge_requant_kinked(acc + lane, y, n[lane], rq, (uint32_t)p->c, kink, 2);
        } else {
            midge_packed_requant_2(acc + lane, y, n[lane], rq, (uint32_t)p->c);
        }
        y += n[lane] * (uint32_t)p->c;
    }
}

void midge_depthwise_packed(const midge_ctx_t *ctx, const void *params) {
    const midge_depthwise_packed_t *p = params;
    const int8_t *in = midge_in(ctx, p->in);
    const int8_t *weights = midge_in(ctx, p->weights);
    const int8_t *two = midge_in(ctx, p->two);
    const int32_t *bias = midge_in(ctx, p->bias);
    const int32_t *words = midge_in(ctx, p->requant);
    const int32_t *kink = midge_in(ctx, p->kink);
    int8_t *out = midge_out(ctx, p->out);
    depthwise_t d = { .p = p, .half = (p->out_h + 1) / 2 };
    d.rows = (d.half - 1) * p->stride_h + 3;
    d.cols = (p->out_w - 1) * p->stride_w + 3;
    uint32_t *x = midge_out(ctx, p->scratch);
    int32_t *acc = (int32_t *)fill(&d, x);
    midge_requant_t rq = {
        .act_span = (uint32_t)(p->act_min - p->act_max),
        .act_max = (uint32_t)p->act_max,
    };
    midge_packed_plane_t plane = {
        .next_row = (uint32_t)(d.cols - 3) * 4,
        .next_col = (uint32_t)(p->stride_w - 2 * d.cols - 3) * 4,
        .next_line = (uint32_t)(p->stride_h * d.cols - p->stride_w * p->out_w) * 4,
        .width = (uint32_t)p->out_w,
        .lines = (uint32_t)d.half,
    };
    for (int32_t c = 0; c < p->c; c++) {
        pack(&d, in + c, x);
        const int8_t *w = weights + c;
        for (int32_t k = 0; k < 9; k++, w += p->c) {
            plane.w[k] = *w;
        }
        if (two[c] != 0) {
            midge_packed_plane_2(x, &plane, acc);
        } else {
            midge_packed_plane(x, &plane, acc);
        }
        midge_requant_load(&rq, words + 3 * c);
        requant(&d, acc, out + c, &rq, bias[c], two[c] != 0 ? 6 : 3,
            kink == NULL ? NULL : kink + 2 * c);
    }
}

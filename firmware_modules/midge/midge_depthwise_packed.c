// DEPTHWISE_CONV_2D 3 x 3, int8, multiplier 1, no dilation, by pairs of pixels: a channel's plane
// is packed with the first half of the output's lines in the low lane, the last half in the high
// one. Where the lines are odd in number, the middle one is in both.
#include "midge_math.h"
#include "midge_ops.h"
#include "midge_packed.h"

// Input lines y of the low lane, those of the high one `apart` further on.
typedef struct _lines_t {
    int32_t first;
    int32_t end;
} lines_t;

typedef struct _depthwise_t {
    const midge_depthwise_packed_t *p;
    int32_t half; // lines of output in a lane
    int32_t apart; // from the low lane's line of input to the high one's
    int32_t cols; // of the plane
    int32_t rows;
    int32_t n; // columns of the plane inside the input
    lines_t high; // where the high lane alone lies inside the input
    lines_t low;
    midge_packed_rows_t both;
} depthwise_t;

static void prepare(depthwise_t *d) {
    const midge_depthwise_packed_t *p = d->p;
    d->half = (p->out_h + 1) / 2;
    d->apart = (p->out_h - d->half) * p->stride_h;
    d->rows = (d->half - 1) * p->stride_h + 3;
    d->cols = (p->out_w - 1) * p->stride_w + 3;
    d->n = midge_min(p->in_w, d->cols - p->pad_left);
    int32_t last = d->rows - p->pad_top;
    int32_t under = p->in_h - d->apart; // where the high lane leaves the input
    d->high.first = midge_max(-p->pad_top, -d->apart);
    d->high.end = midge_min(0, under);
    d->low.first = midge_max(0, under);
    d->low.end = midge_min(last, p->in_h);
    d->both = (midge_packed_rows_t) {
        .step = (uint32_t)p->c,
        .n = (uint32_t)d->n,
        .rows = (uint32_t)midge_max(0, midge_min(last, under)),
        .next_in = (uint32_t)((p->in_w - d->n) * p->c),
        .next_x = (uint32_t)(d->cols - d->n) * 4,
    };
}

// Lines where one lane is padding: the other, `shift` up, is at `in`.
static void padded(const depthwise_t *d, const lines_t *lines, const int8_t *in, int shift,
    uint32_t *x) {
    uint32_t pad = (uint32_t)d->p->pad_value << (16 - shift);
    int32_t step = d->p->c;
    int32_t pitch = d->p->in_w * step;
    in += lines->first * pitch;
    x += lines->first * d->cols;
    for (int32_t y = lines->first; y < lines->end; y++, in += pitch, x += d->cols) {
        const int8_t *from = in;
        for (uint32_t *to = x, *end = x + d->n; to != end; from += step) {
            *to++ = ((uint32_t)(int32_t)*from << shift) + pad;
        }
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
    const int8_t *high = in + d->apart * p->in_w * p->c;
    x += p->pad_top * d->cols + p->pad_left;
    padded(d, &d->high, high, 16, x);
    if (d->both.rows > 0) {
        midge_packed_rows(in, high, &d->both, x);
    }
    padded(d, &d->low, in, 0, x);
}

typedef void (*plane_t)(const uint32_t *, const midge_packed_plane_t *, int32_t *);

// One channel, packed already: `tile` lines at a time.
static void lines(const depthwise_t *d, const uint32_t *x, midge_packed_plane_t *plane,
    plane_t run, int32_t *acc, midge_requant_t *rq, const int32_t *kink, int8_t *y) {
    const midge_depthwise_packed_t *p = d->p;
    for (int32_t line = 0; line < d->half; line += p->tile) {
        int32_t n = midge_min(p->tile, d->half - line);
        plane->lines = (uint32_t)n;
        run(x, plane, acc);
        x += n * p->stride_h * d->cols;
        n *= p->out_w;
        if (kink == NULL) {
            midge_packed_requant_2(acc, y, (uint32_t)n, rq, (uint32_t)p->c);
        } else {
            midge_requant_kinked(acc, y, (uint32_t)n, rq, (uint32_t)p->c, kink, 2);
            midge_requant_kinked(acc + 1, y + rq->apart, (uint32_t)n, rq, (uint32_t)p->c, kink, 2);
        }
        y += n * p->c;
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
    depthwise_t d = { .p = p };
    prepare(&d);
    uint32_t *x = midge_out(ctx, p->scratch);
    int32_t *acc = (int32_t *)fill(&d, x);
    midge_requant_t rq = {
        .act_span = (uint32_t)(p->act_min - p->act_max),
        .act_max = (uint32_t)p->act_max,
        .apart = (uint32_t)((p->out_h - d.half) * p->out_w * p->c),
    };
    int32_t pairs = p->stride_w < 3 ? p->out_w / 2 : 0;
    int32_t wide = p->stride_w == 2 ? 5 : 4; // words of two windows' row
    midge_packed_plane_t plane = {
        .next_row = (uint32_t)(d.cols - wide) * 4,
        .next_pair = (uint32_t)(2 * p->stride_w - 2 * d.cols - wide) * 4,
        .next_alone = (uint32_t)(p->stride_w - 2 * d.cols - 3) * 4,
        .next_line = (uint32_t)(p->stride_h * d.cols - p->stride_w * p->out_w) * 4,
        .pairs = (uint32_t)pairs,
        .alone = (uint32_t)(p->out_w - 2 * pairs),
    };
    static const plane_t runs[] = {
        midge_packed_plane_1, midge_packed_plane_1_two,
        midge_packed_plane_2, midge_packed_plane_2_two,
    };
    const plane_t *run = runs + (p->stride_w == 2 ? 2 : 0);
    for (int32_t c = 0; c < p->c; c++) {
        pack(&d, in + c, x);
        const int8_t *w = weights + c;
        for (int32_t k = 0; k < 9; k++, w += p->c) {
            plane.w[k] = *w;
        }
        midge_requant_load(&rq, words + 3 * c);
        rq.bias = (uint32_t)bias[c];
        lines(&d, x, &plane, run[two[c]], acc, &rq, kink == NULL ? NULL : kink + 2 * c, out + c);
    }
}

// DEPTHWISE_CONV_2D 3 x 3, int8, multiplier 1, no dilation, by pairs of pixels: a channel's plane
// is packed with the first half of the output's lines in the low lane, the last half in the high
// one. Where the lines are odd in number, the middle one is in both.
#include "midge_math.h"
#include "midge_ops.h"
#include "midge_planes.h"

typedef struct _depthwise_t {
    const midge_depthwise_packed_t *p;
    int32_t half; // lines of output in a lane
    midge_planes_t m;
} depthwise_t;

static void prepare(depthwise_t *d) {
    const midge_depthwise_packed_t *p = d->p;
    d->half = (p->out_h + 1) / 2;
    int32_t cols = (p->out_w - 1) * p->stride_w + 3;
    d->m = (midge_planes_t) {
        .in_h = p->in_h,
        .in_w = p->in_w,
        .c = p->c,
        .top = -p->pad_top,
        .left = -p->pad_left,
        .step_x = 1,
        .apart = (p->out_h - d->half) * p->stride_h,
        .rows = (d->half - 1) * p->stride_h + 3,
        .cols = cols,
        .pitch = cols,
        .pad = p->pad_value,
    };
    midge_planes_prepare(&d->m);
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
        x += n * p->stride_h * d->m.cols;
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
    int32_t cols = d.m.cols;
    int32_t *acc = (int32_t *)x + d.m.rows * cols;
    midge_planes_fill(x, d.m.rows * cols, p->pad_value);
    midge_requant_t rq = {
        .act_span = (uint32_t)(p->act_min - p->act_max),
        .act_max = (uint32_t)p->act_max,
        .apart = (uint32_t)((p->out_h - d.half) * p->out_w * p->c),
    };
    int32_t pairs = p->stride_w < 3 ? p->out_w / 2 : 0;
    int32_t wide = p->stride_w == 2 ? 5 : 4; // words of two windows' row
    midge_packed_plane_t plane = {
        .next_row = (uint32_t)(cols - wide) * 4,
        .next_pair = (uint32_t)(2 * p->stride_w - 2 * cols - wide) * 4,
        .next_alone = (uint32_t)(p->stride_w - 2 * cols - 3) * 4,
        .next_line = (uint32_t)(p->stride_h * cols - p->stride_w * p->out_w) * 4,
        .pairs = (uint32_t)pairs,
        .alone = (uint32_t)(p->out_w - 2 * pairs),
    };
    static const plane_t runs[] = {
        midge_packed_plane_1, midge_packed_plane_1_two,
        midge_packed_plane_2, midge_packed_plane_2_two,
    };
    const plane_t *run = runs + (p->stride_w == 2 ? 2 : 0);
    for (int32_t c = 0; c < p->c; c++) {
        midge_planes_pack(&d.m, in + c, x);
        const int8_t *w = weights + c;
        for (int32_t k = 0; k < 9; k++, w += p->c) {
            plane.w[k] = *w;
        }
        midge_requant_load(&rq, words + 3 * c);
        rq.bias = (uint32_t)bias[c];
        lines(&d, x, &plane, run[two[c]], acc, &rq, kink == NULL ? NULL : kink + 2 * c, out + c);
    }
}

// CONV_2D, int8, one group, no dilation, with weights as immediates: see midge_jit.h.
//
// Windows of 1 x 1 that follow each other: a tile of pixels, its first half in the low lane, its
// last half in the high one, words in groups of three, [group][tap][3]. Others: for a tile of
// lines a plane of each channel; with stride s a line of it has its columns in s parts, so that
// the next window is one word on. Halves of an odd number share the middle one.
#include "midge_jit.h"
#include "midge_math.h"
#include "midge_ops.h"
#include "midge_planes.h"

typedef struct _conv_t {
    const midge_conv_2d_jit_t *p;
    const int8_t *in;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *requant;
    const int32_t *kink; // or NULL
    uint32_t *x;
    midge_jit_t jit;
} conv_t;

// All channels of what is packed. frame: geometry, y for channel 0.
static void channels(conv_t *c, midge_jit_frame_t *frame) {
    const midge_conv_2d_jit_t *p = c->p;
    bool kinked = c->kink != NULL;
    frame->act_min = (uint32_t)p->act_min << 24;
    frame->act_max = (uint32_t)p->act_max;
    frame->stride = (uint32_t)p->out_c;
    frame->x = frame->line_x = c->x;
    frame->split = INT32_MIN;
    c->jit.weights = c->weights;
    for (int32_t oc = 0; oc < p->out_c; oc++) {
        midge_requant_t rq;
        midge_requant_load(&rq, c->requant + 3 * oc);
        frame->mult_low = rq.mult_low;
        frame->mult_high = rq.mult_high;
        frame->shift = rq.shift;
        frame->limit = rq.high;
        frame->add = rq.add;
        if (kinked) {
            frame->split = c->kink[2 * oc];
            frame->add_below = (uint32_t)c->kink[2 * oc + 1];
        }
        frame->line_end = frame->y + frame->line_bytes;
        midge_jit_channel(&c->jit, frame, c->bias[oc], kinked);
        midge_jit_results(&c->jit, frame, kinked);
        frame->y++;
        c->jit.weights += c->jit.taps;
    }
}

static void pixels(conv_t *c, int8_t *out) {
    const midge_conv_2d_jit_t *p = c->p;
    int32_t all = p->out_h * p->out_w;
    c->jit.code = (uint16_t *)(c->x + (midge_min(p->tile, all) + 5) / 6 * 3 * p->in_c);
    for (int32_t first = 0; first < all; first += p->tile) {
        int32_t n = midge_min(p->tile, all - first);
        int32_t words = (n + 1) / 2;
        const int8_t *a = c->in + first * p->in_c;
        uint32_t *x = c->x;
        for (int32_t i = 0; i < words; i++, a += p->in_c) {
            midge_packed_pair(a, a + (n - words) * p->in_c, (uint32_t)p->in_c, x);
            x += i % 3 == 2 ? 3 * p->in_c - 2 : 1;
        }
        midge_jit_frame_t frame = {
            .y = out + first * p->out_c,
            .apart = (uint32_t)((n - words) * p->out_c),
            .lines = 1,
            .line_bytes = (uint32_t)(words * p->out_c),
        };
        channels(c, &frame);
    }
}

// Each tap's place in the planes; weights are in this order.
static void places(conv_t *c, const midge_planes_t *m, int32_t plane, uint16_t *to) {
    const midge_conv_2d_jit_t *p = c->p;
    c->jit.places = to;
    for (int32_t ic = 0; ic < p->in_c; ic++) {
        for (int32_t ky = 0; ky < p->k_h; ky++) {
            for (int32_t part = 0; part < midge_min(p->stride_w, p->k_w); part++) {
                int32_t at = ic * plane + ky * m->pitch + part * m->cols;
                for (int32_t kx = part; kx < p->k_w; kx += p->stride_w, at++) {
                    *to++ = (uint16_t)(4 * at);
                }
            }
        }
    }
    *to++ = 12;
    c->jit.code = (uint16_t *)(c->x + p->in_c * plane + 2 + (p->in_c * p->k_h * p->k_w + 2) / 2);
}

static void lines(conv_t *c, int8_t *out) {
    const midge_conv_2d_jit_t *p = c->p;
    int32_t half = (p->out_h + 1) / 2;
    int32_t parts = midge_min(p->stride_w, p->k_w);
    int32_t cols = p->out_w + (p->k_w - 1) / p->stride_w;
    midge_planes_t m = {
        .in_h = p->in_h,
        .in_w = p->in_w,
        .c = p->in_c,
        .step_x = p->stride_w,
        .apart = (p->out_h - half) * p->stride_h,
        .rows = (p->tile - 1) * p->stride_h + p->k_h,
        .cols = cols,
        .pitch = parts * cols,
        .pad = p->pad_value,
    };
    int32_t plane = m.rows * m.pitch;
    places(c, &m, plane, (uint16_t *)(c->x + p->in_c * plane + 2));
    for (int32_t line = 0; line < half; line += p->tile) {
        int32_t n = midge_min(p->tile, half - line);
        midge_planes_fill(c->x, p->in_c * plane, p->pad_value);
        m.rows = (n - 1) * p->stride_h + p->k_h;
        m.top = line * p->stride_h - p->pad_top;
        for (int32_t part = 0; part < parts; part++) {
            m.left = part - p->pad_left;
            midge_planes_prepare(&m);
            for (int32_t ic = 0; ic < p->in_c; ic++) {
                midge_planes_pack(&m, c->in + ic, c->x + ic * plane + part * cols);
            }
        }
        midge_jit_frame_t frame = {
            .y = out + line * p->out_w * p->out_c,
            .apart = (uint32_t)((p->out_h - half) * p->out_w * p->out_c),
            .next_x = (uint32_t)(p->stride_h * m.pitch) * 4,
            .lines = (uint32_t)n,
            .line_bytes = (uint32_t)(p->out_w * p->out_c),
        };
        channels(c, &frame);
    }
}

void midge_conv_2d_jit(const midge_ctx_t *ctx, const void *params) {
    const midge_conv_2d_jit_t *p = params;
    conv_t c = {
        .p = p,
        .in = midge_in(ctx, p->in),
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .requant = midge_in(ctx, p->requant),
        .kink = midge_in(ctx, p->kink),
        .x = midge_out(ctx, p->scratch),
        .jit = { .taps = (uint32_t)(p->in_c * p->k_h * p->k_w) },
    };
    (p->planes ? lines : pixels)(&c, midge_out(ctx, p->out));
}

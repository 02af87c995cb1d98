// CONV_2D, int8, one group, no dilation, with weights as immediates: see midge_jit.h.
//
// A plane of each channel is packed for a tile of lines; with stride s a line of it has its columns
// in s parts, so that the next window is one word on. The first half of the lines is in the low
// lane, the last half in the high one; halves of an odd number share the middle line.
#include "midge_jit_conv.h"
#include "midge_planes.h"

// Each tap's place in the planes; weights are in this order. Returns what follows them.
static uint16_t *places(const midge_conv_2d_jit_t *p, const midge_planes_t *m, uint16_t *to) {
    int32_t plane = m->rows * m->pitch;
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
    return to;
}

// Packs the planes for `lines` lines of output in each lane from `line` on.
static void pack(const midge_conv_2d_jit_t *p, const int8_t *in, midge_planes_t *m, int32_t plane,
    int32_t line, int32_t lines, uint32_t *x) {
    midge_planes_fill(x, p->in_c * plane, p->pad_value);
    m->rows = (lines - 1) * p->stride_h + p->k_h;
    m->top = line * p->stride_h - p->pad_top;
    for (int32_t at = 0, part = 0; at < m->pitch; at += m->cols, part++) {
        m->left = part - p->pad_left;
        midge_planes_prepare(m);
        for (int32_t ic = 0; ic < p->in_c; ic++) {
            midge_planes_pack(m, in + ic, x + ic * plane + at);
        }
    }
}

void midge_conv_2d_jit(const midge_ctx_t *ctx, const void *params) {
    const midge_conv_2d_jit_t *p = params;
    const int8_t *in = midge_in(ctx, p->in);
    int8_t *out = midge_out(ctx, p->out);
    uint32_t *x = midge_out(ctx, p->scratch);
    midge_jit_conv_t c = {
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .requant = midge_in(ctx, p->requant),
        .kink = midge_in(ctx, p->kink),
        .x = x,
        .out_c = p->out_c,
        .act_min = p->act_min,
        .act_max = p->act_max,
        .jit = { .taps = (uint32_t)(p->in_c * p->k_h * p->k_w) },
    };
    c.jit.kind = c.kink != NULL ? &midge_jit_planes_kinked : &midge_jit_planes;
    int32_t half = (p->out_h + 1) / 2;
    int32_t cols = p->out_w + (p->k_w - 1) / p->stride_w;
    midge_planes_t m = {
        .in_h = p->in_h,
        .in_w = p->in_w,
        .c = p->in_c,
        .step_x = p->stride_w,
        .apart = (p->out_h - half) * p->stride_h,
        .rows = (p->tile - 1) * p->stride_h + p->k_h,
        .cols = cols,
        .pitch = midge_min(p->stride_w, p->k_w) * cols,
        .pad = p->pad_value,
    };
    int32_t plane = m.rows * m.pitch;
    uint16_t *at = (uint16_t *)(x + p->in_c * plane + 2);
    c.jit.places = at;
    uint16_t *end = places(p, &m, at);
    c.jit.code = end + (end - at) % 2;
    for (int32_t line = 0; line < half; line += p->tile) {
        int32_t n = midge_min(p->tile, half - line);
        pack(p, in, &m, plane, line, n, x);
        midge_jit_frame_t frame = {
            .y = out + line * p->out_w * p->out_c,
            .apart = (uint32_t)((p->out_h - half) * p->out_w * p->out_c),
            .next_x = (uint32_t)(p->stride_h * m.pitch) * 4,
            .lines = (uint32_t)n,
            .line_bytes = (uint32_t)(p->out_w * p->out_c),
        };
        midge_jit_channels(&c, &frame);
    }
}

// CONV_2D, int8, one group, by pairs of pixels: a tile of pixels is packed into two-lane words,
// then each output channel runs over it with its weights widened to words.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"
#include "midge_packed.h"

typedef struct _conv_t {
    const midge_conv_2d_packed_t *p;
    const int8_t *in;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *requant;
    const int32_t *kink; // or NULL
    const int8_t *three;
    int8_t *out;
    uint32_t *x; // packed pixels
    int32_t *w; // one channel's weights
    int32_t *acc; // a tile's sums
    int8_t *edge; // four rows of taps, where a window leaves the input
} conv_t;

// The taps of one window's row at (y, x) that lie in memory side by side, or a copy of them with
// the padding filled in.
static const int8_t *row(const conv_t *c, int32_t y, int32_t x, int8_t *edge) {
    const midge_conv_2d_packed_t *p = c->p;
    bool inside = y >= 0 && y < p->in_h && x >= 0 && x + p->k_w <= p->in_w;
    const int8_t *line = c->in + y * p->in_w * p->in_c;
    if (inside && p->dilation_w == 1) {
        return line + x * p->in_c;
    }
    size_t depth = (size_t)p->in_c;
    if (p->dilation_w == 1) {
        int32_t first = midge_clamp(-x, 0, p->k_w); // taps [first, last) are inside
        int32_t last = y >= 0 && y < p->in_h ? midge_min(p->k_w, p->in_w - x) : first;
        last = midge_max(first, last);
        memset(edge, p->pad_value, (size_t)first * depth);
        memcpy(edge + (size_t)first * depth, line + (x + first) * p->in_c,
            (size_t)(last - first) * depth);
        memset(edge + (size_t)last * depth, p->pad_value, (size_t)(p->k_w - last) * depth);
        return edge;
    }
    for (int32_t k = 0; k < p->k_w; k++, x += p->dilation_w, edge += depth) {
        if (y >= 0 && y < p->in_h && x >= 0 && x < p->in_w) {
            memcpy(edge, line + x * p->in_c, depth);
        } else {
            memset(edge, p->pad_value, depth);
        }
    }
    return edge - (size_t)p->k_w * depth;
}

// Packs four pixels of a layer whose windows are the pixels themselves.
static void pack_pointwise(const conv_t *c, int32_t first, int32_t end, uint32_t *x) {
    int32_t in_c = c->p->in_c;
    const int8_t *rows[4];
    for (int32_t i = 0; i < 4; i++) {
        rows[i] = c->in + midge_min(first + i, end - 1) * in_c;
    }
    midge_packed_pixels(rows, (uint32_t)in_c, x);
}

// Where a window begins in the input.
typedef struct _corner_t {
    int32_t top;
    int32_t left;
} corner_t;

// Packs four windows that lie inside the input.
static void pack_inside(const conv_t *c, const corner_t *at, uint32_t *x) {
    const midge_conv_2d_packed_t *p = c->p;
    int32_t pitch = p->in_w * p->in_c;
    const int8_t *rows[4];
    for (int32_t i = 0; i < 4; i++) {
        rows[i] = c->in + at[i].top * pitch + at[i].left * p->in_c;
    }
    for (int32_t ky = p->k_h; ky > 0; ky--) {
        x = midge_packed_pixels(rows, (uint32_t)(p->k_w * p->in_c), x);
        for (int32_t i = 0; i < 4; i++) {
            rows[i] += p->dilation_h * pitch;
        }
    }
}

// Packs four windows of which some reach beyond the input, or are dilated.
static void pack_edge(const conv_t *c, const corner_t *at, uint32_t *x) {
    const midge_conv_2d_packed_t *p = c->p;
    int32_t run = p->k_w * p->in_c;
    int32_t room = (run + 3) & ~3;
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        const int8_t *rows[4];
        for (int32_t i = 0; i < 4; i++) {
            rows[i] = row(c, at[i].top + ky * p->dilation_h, at[i].left, c->edge + i * room);
        }
        x = midge_packed_pixels(rows, (uint32_t)run, x);
    }
}

// Packs four output pixels from number `first` on; those beyond the last repeat it.
static void pack(const conv_t *c, int32_t first, int32_t end, uint32_t *x) {
    const midge_conv_2d_packed_t *p = c->p;
    int32_t bottom = p->in_h - (p->k_h - 1) * p->dilation_h; // windows inside start above it
    int32_t right = p->in_w - p->k_w;
    int32_t oy = first / p->out_w;
    int32_t ox = first - oy * p->out_w;
    bool inside = p->dilation_w == 1;
    corner_t at[4];
    for (int32_t i = 0; i < 4; i++) {
        int32_t top = oy * p->stride_h - p->pad_top;
        int32_t left = ox * p->stride_w - p->pad_left;
        inside = inside && top >= 0 && top < bottom && left >= 0 && left <= right;
        at[i].top = top;
        at[i].left = left;
        if (++first < end && ++ox == p->out_w) {
            ox = 0;
            oy++;
        }
    }
    (inside ? pack_inside : pack_edge)(c, at, x);
}

// The pixels from `first` on, n of them, packed already: all channels.
static void channels(const conv_t *c, int32_t first, int32_t n) {
    const midge_conv_2d_packed_t *p = c->p;
    midge_requant_t rq = {
        .act_span = (uint32_t)(p->act_min - p->act_max),
        .act_max = (uint32_t)p->act_max,
    };
    uint32_t pairs = (uint32_t)(p->taps + 1) / 2;
    uint32_t rest = pairs % 3; // 2 * pairs = 3 * threes + 2 * rest
    uint32_t threes = (pairs - rest) / 3 * 2;
    uint32_t groups = (uint32_t)(n + 3) / 4;
    uint32_t taps_4 = ((uint32_t)p->taps + 3u) & ~3u;
    int8_t *y = c->out + first * p->out_c;
    for (int32_t oc = 0; oc < p->out_c; oc++, y++) {
        midge_packed_widen(c->weights + (uint32_t)oc * taps_4, c->w, taps_4);
        if (c->three[oc] != 0) {
            midge_packed_dot_3(c->x, c->w, threes, rest, c->bias[oc], c->acc, groups);
        } else {
            midge_packed_dot(c->x, c->w, pairs, c->bias[oc], c->acc, groups);
        }
        midge_requant_load(&rq, c->requant + 3 * oc);
        if (c->kink != NULL) {
            midge_requant_kinked(c->acc, y, (uint32_t)n, &rq, (uint32_t)p->out_c,
                c->kink + 2 * oc, 1);
        } else {
            midge_packed_requant(c->acc, y, (uint32_t)n, &rq, (uint32_t)p->out_c);
        }
    }
}

// Copies the input with its padding around it, and makes the copy the input.
static void copy_padded(conv_t *c, midge_conv_2d_packed_t *p, int8_t *to) {
    size_t pitch = (size_t)(p->copy_w * p->in_c);
    memset(to, p->pad_value, (size_t)p->copy_h * pitch);
    int32_t h = midge_min(p->in_h, p->copy_h - p->pad_top);
    size_t used = (size_t)(midge_min(p->in_w, p->copy_w - p->pad_left) * p->in_c);
    const int8_t *from = c->in;
    int8_t *y = to + (size_t)p->pad_top * pitch + p->pad_left * p->in_c;
    for (; h > 0; h--, y += pitch, from += p->in_w * p->in_c) {
        memcpy(y, from, used);
    }
    c->in = to;
    p->in_h = p->copy_h;
    p->in_w = p->copy_w;
    p->pad_top = 0;
    p->pad_left = 0;
}

void midge_conv_2d_packed(const midge_ctx_t *ctx, const void *params) {
    midge_conv_2d_packed_t here = *(const midge_conv_2d_packed_t *)params;
    const midge_conv_2d_packed_t *p = &here;
    uint32_t group = (uint32_t)(p->taps + 1) / 2 * 4; // words
    conv_t c = {
        .p = p,
        .in = midge_in(ctx, p->in),
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .requant = midge_in(ctx, p->requant),
        .kink = midge_in(ctx, p->kink),
        .three = midge_in(ctx, p->three),
        .out = midge_out(ctx, p->out),
        .x = midge_out(ctx, p->scratch),
    };
    c.w = (int32_t *)c.x + group * (uint32_t)p->tile / 4;
    c.acc = c.w + ((p->taps + 3) & ~3);
    c.edge = (int8_t *)(c.acc + p->tile);
    if (p->copy_h > 0) {
        copy_padded(&c, &here, c.edge + 4 * ((p->k_w * p->in_c + 3) & ~3));
    }
    int32_t pixels = p->out_h * p->out_w;
    bool pointwise = p->taps == p->in_c && p->stride_h == 1 && p->stride_w == 1
        && pixels == p->in_h * p->in_w;
    for (int32_t first = 0; first < pixels; first += p->tile) {
        int32_t n = midge_min(p->tile, pixels - first);
        for (int32_t i = 0; i < n; i += 4) {
            (pointwise ? pack_pointwise : pack)(&c, first + i, first + n,
                c.x + (uint32_t)i / 4 * group);
        }
        channels(&c, first, n);
    }
}

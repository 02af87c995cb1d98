// Rings of the newest samples, and windows over them.
#include <string.h>

#include "midge_dsp_loops.h"
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

void midge_dsp_push(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_push_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    int16_t *ring = midge_out(ctx, p->out);
    int32_t *pos = midge_out(ctx, p->pos);
    int32_t first = midge_min(p->length, p->ring_length - *pos);
    for (int32_t c = 0; c < p->channels; c++) {
        memcpy(ring + *pos, in, (size_t)first * sizeof(*in));
        memcpy(ring, in + first, (size_t)(p->length - first) * sizeof(*in));
        in += p->length;
        ring += p->ring_length;
    }
    int32_t next = *pos + p->length;
    *pos = next < p->ring_length ? next : next - p->ring_length;
}

// Where the newest `length` samples of a ring start.
static int32_t start_of(int32_t pos, int32_t length, int32_t ring_length) {
    return pos >= length ? pos - length : pos - length + ring_length;
}

void midge_dsp_recent(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_recent_t *p = params;
    const int16_t *ring = midge_in(ctx, p->in);
    int16_t *out = midge_out(ctx, p->out);
    int32_t start = start_of(midge_dsp_exp(ctx, p->pos), p->length, p->ring_length);
    int32_t step = p->interleave != 0 ? p->channels : 1;
    for (int32_t c = 0; c < p->channels; c++) {
        int16_t *y = out + c * (p->interleave != 0 ? 1 : p->length);
        int32_t at = start;
        for (int32_t i = 0; i < p->length; i++) {
            *y = ring[at];
            y += step;
            at = at + 1 == p->ring_length ? 0 : at + 1;
        }
        ring += p->ring_length;
    }
}

// The bits set in x ^ (x << 1) of all samples, in both halves (midge_dsp_fft.h): in whole words
// but for the ends.
static uint32_t bits_of(const int16_t *x, int32_t n) {
    uint32_t bits = 0;
    if (n > 0 && ((uintptr_t)x & 2u) != 0) {
        bits = (uint32_t)*x ^ (uint32_t)*x << 1;
        x++;
        n--;
    }
    const uint32_t *two = (const uint32_t *)(const void *)x;
    for (; n >= 2; n -= 2) {
        bits |= *two ^ (*two << 1);
        two++;
    }
    if (n > 0) {
        uint32_t last = *(const uint16_t *)two;
        bits |= last ^ (last << 1);
    }
    return bits;
}

static void shifted(const int16_t *x, int32_t n, int32_t left, int16_t *out) {
    for (int32_t i = 0; i < n; i++) {
        out[i] = (int16_t)(x[i] * (1 << left));
    }
}

void midge_dsp_window(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_window_t *p = params;
    const int16_t *ring = midge_in(ctx, p->in);
    const int16_t *table = midge_in(ctx, p->table);
    int16_t *out = midge_out(ctx, p->out);
    int32_t pos = p->pos == MIDGE_NONE ? 0 : *(const int32_t *)midge_in(ctx, p->pos);
    int32_t start = start_of(pos, p->length, p->ring_length);
    int32_t first = midge_min(p->length, p->ring_length - start);
    int32_t left = 0;
    if (p->exp != MIDGE_NONE) {
        uint32_t bits = bits_of(ring + start, first) | bits_of(ring, p->length - first);
        left = midge_min(15 - midge_dsp_top_bit(((bits | bits >> 16) & 0xFFFFu) | 1u), 14);
        *(int32_t *)midge_out(ctx, p->exp) = -left;
    }
    if (table != NULL) {
        midge_dsp_apply(ring + start, table, out, (uint32_t)first, (uint32_t)(15 - left));
        if (first < p->length) {
            midge_dsp_apply(ring, table + first, out + first, (uint32_t)(p->length - first),
                (uint32_t)(15 - left));
        }
    } else {
        shifted(ring + start, first, left, out);
        shifted(ring, p->length - first, left, out + first);
    }
    memset(out + p->length, 0, (size_t)(p->out_length - p->length) * sizeof(*out));
}

// FULLY_CONNECTED, int8, four outputs at a time; see midge_blocked.h.
#include "midge_blocked.h"
#include "midge_math.h"
#include "midge_ops.h"

typedef struct _dense_t {
    const midge_fully_connected_blocked_t *p;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *words;
    const int32_t *kink; // or NULL
} dense_t;

// The inputs as [quad][2] words, the last ones filled up with 0.
static void widen(const int8_t *in, int32_t n, int16_t *x) {
    int32_t i = 0;
    for (; i + 4 <= n; i += 4, x += 4) {
        x[0] = in[i];
        x[1] = in[i + 2];
        x[2] = in[i + 1];
        x[3] = in[i + 3];
    }
    if (i < n) {
        x[0] = in[i];
        x[1] = i + 2 < n ? in[i + 2] : 0;
        x[2] = i + 1 < n ? in[i + 1] : 0;
        x[3] = 0;
    }
}

// The results of n outputs from oc on.
static void finish(const dense_t *d, const int32_t *sums, int32_t n, int32_t oc, int8_t *y) {
    const midge_fully_connected_blocked_t *p = d->p;
    const int32_t *kink = d->kink;
    midge_requant_t rq = midge_blocked_rq(p->act_min, p->act_max);
    if (!p->per_channel) {
        midge_requant_load(&rq, d->words);
        if (kink == NULL) {
            midge_blocked_requant(sums, y + oc, (uint32_t)n, &rq, 1);
        } else {
            midge_requant_kinked(sums, y + oc, (uint32_t)n, &rq, 1, kink, 1);
        }
        return;
    }
    for (int32_t i = oc; i < oc + n; i++) {
        int32_t sum = *sums++;
        midge_requant_load(&rq, d->words + 3 * i);
        if (kink != NULL && sum < kink[2 * i]) {
            rq.add = (uint32_t)kink[2 * i + 1];
        }
        y[i] = midge_requant_one(&rq, sum);
    }
}

#define TOGETHER (16) // outputs, a multiple of a block

static void row(const dense_t *d, const uint32_t *x, int8_t *y) {
    const midge_fully_connected_blocked_t *p = d->p;
    uint32_t quads = (uint32_t)(p->in_c + 3) / 4;
    const int8_t *w = d->weights;
    for (int32_t oc = 0; oc < p->out_c; oc += TOGETHER) {
        int32_t n = midge_min(TOGETHER, p->out_c - oc);
        int32_t sums[TOGETHER] = { 0 };
        for (int32_t i = 0; i < n; i++) {
            sums[i] = d->bias[oc + i];
        }
        uint32_t blocks = (uint32_t)(n + MIDGE_BLOCK - 1) / MIDGE_BLOCK;
        midge_blocked_dense(w, x, quads, sums, blocks);
        w += 16 * quads * blocks;
        finish(d, sums, n, oc, y);
    }
}

void midge_fully_connected_blocked(const midge_ctx_t *ctx, const void *params) {
    const midge_fully_connected_blocked_t *p = params;
    const int8_t *in = midge_in(ctx, p->in);
    int8_t *y = midge_out(ctx, p->out);
    dense_t d = {
        .p = p,
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .words = midge_in(ctx, p->requant),
        .kink = midge_in(ctx, p->kink),
    };
    void *x = midge_out(ctx, p->scratch);
    for (int32_t i = 0; i < p->rows; i++) {
        widen(in, p->in_c, x);
        row(&d, x, y);
        in += p->in_c;
        y += p->out_c;
    }
}

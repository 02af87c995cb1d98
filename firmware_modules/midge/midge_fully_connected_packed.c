// FULLY_CONNECTED, int8, by pairs of outputs, weights as single bytes: see midge_packed.h.
//
// A word holds the weights of two taps for two outputs, plus 128 each:
// u = w00 + (w01 << 8) + (w10 << 16) + (w11 << 24), w[output][tap]. With o = (u >> 8) & 0x00FF00FF,
// both outputs of tap 1, the products of both taps are x0 * u + (x1 - 256 * x0) * o, and the 128s
// take away (x0 + x1) * 0x00800080. So each pair of inputs becomes three words: x0, x1 - 256 * x0,
// and 0x8000 - (x0 + x1) * 0x00800080 with what midge_packed.h adds to each run.
#include "midge_math.h"
#include "midge_ops.h"
#include "midge_packed.h"

// Without chunks (p->chunk == 0) these words are made anew for each four outputs, in registers.
static void pack(const int8_t *in, int32_t n, uint32_t *x) {
    for (int32_t i = 0; i < n; i += 2) {
        int32_t x0 = in[i];
        int32_t x1 = i + 1 < n ? in[i + 1] : 0;
        x[0] = (uint32_t)x0;
        x[1] = (uint32_t)(x1 - 256 * x0);
        x[2] = 0x8000u - (uint32_t)(x0 + x1) * 0x00800080u;
        x += 3;
    }
}

typedef struct _dense_t {
    const midge_fully_connected_packed_t *p;
    const uint32_t *weights;
    const int32_t *bias;
    const int32_t *words;
    const int32_t *kink; // or NULL
    uint32_t *x; // a chunk of inputs, packed
    uint32_t *sums; // four outputs' `all`, `all`, `high`, `high`, for each group if chunks > 1
} dense_t;

// The results of the four outputs from oc on.
static void finish(const dense_t *d, const uint32_t *sums, int32_t oc, int8_t *y) {
    const midge_fully_connected_packed_t *p = d->p;
    midge_requant_t rq = {
        .act_span = (uint32_t)(p->act_min - p->act_max),
        .act_max = (uint32_t)p->act_max,
    };
    for (int32_t i = 0; i < 4 && oc + i < p->out_c; i++) {
        uint32_t high = sums[2 + i / 2];
        uint32_t sum = i % 2 == 0 ? sums[i / 2] - (high << 16) : high;
        sum += (uint32_t)d->bias[oc + i];
        int32_t c = p->per_channel ? oc + i : 0;
        midge_requant_load(&rq, d->words + 3 * c);
        if (d->kink != NULL && (int32_t)sum < d->kink[2 * c]) {
            rq.add = (uint32_t)d->kink[2 * c + 1];
        }
        y[oc + i] = midge_requant_one(&rq, (int32_t)sum);
    }
}

// One row without scratch.
static void row_direct(const dense_t *d, const int8_t *in, int8_t *y) {
    const midge_fully_connected_packed_t *p = d->p;
    uint32_t pairs = (uint32_t)p->in_c / 2;
    uint32_t all_pairs = (uint32_t)(p->in_c + 1) / 2;
    uint32_t x[3];
    pack(in + 2 * pairs, p->in_c & 1, x); // the last of an odd number
    const uint32_t *w = d->weights;
    for (int32_t oc = 0; oc < p->out_c; oc += 4, w += 2 * all_pairs) {
        uint32_t sums[4] = { 0u - (all_pairs << 15), 0u - (all_pairs << 15), 0, 0 };
        if (pairs > 0) {
            midge_packed_dense_direct(w, in, pairs, sums);
        }
        if (pairs < all_pairs) {
            midge_packed_dense(w + 2 * pairs, x, 1, sums);
        }
        finish(d, sums, oc, y);
    }
}

static void row(const dense_t *d, const int8_t *in, int8_t *y) {
    const midge_fully_connected_packed_t *p = d->p;
    uint32_t all_pairs = (uint32_t)(p->in_c + 1) / 2;
    for (int32_t start = 0; start < p->in_c; start += p->chunk) {
        int32_t n = midge_min(p->chunk, p->in_c - start);
        bool last = start + n == p->in_c;
        const uint32_t *w = d->weights + start;
        uint32_t *sums = d->sums;
        pack(in + start, n, d->x);
        for (int32_t oc = 0; oc < p->out_c; oc += 4, w += 2 * all_pairs) {
            if (start == 0) {
                sums[0] = sums[1] = 0u - (all_pairs << 15);
                sums[2] = sums[3] = 0;
            }
            midge_packed_dense(w, d->x, (uint32_t)(n + 1) / 2, sums);
            if (last) {
                finish(d, sums, oc, y);
            }
            sums += p->chunk < p->in_c ? 4 : 0;
        }
    }
}

void midge_fully_connected_packed(const midge_ctx_t *ctx, const void *params) {
    const midge_fully_connected_packed_t *p = params;
    const int8_t *in = midge_in(ctx, p->in);
    int8_t *y = midge_out(ctx, p->out);
    dense_t d = {
        .p = p,
        .weights = midge_in(ctx, p->weights),
        .bias = midge_in(ctx, p->bias),
        .words = midge_in(ctx, p->requant),
        .kink = midge_in(ctx, p->kink),
    };
    if (p->chunk == 0) {
        for (int32_t i = 0; i < p->rows; i++, in += p->in_c, y += p->out_c) {
            row_direct(&d, in, y);
        }
        return;
    }
    d.x = midge_out(ctx, p->scratch);
    d.sums = d.x + 3 * ((midge_min(p->chunk, p->in_c) + 1) / 2);
    for (int32_t i = 0; i < p->rows; i++) {
        row(&d, in, y);
        in += p->in_c;
        y += p->out_c;
    }
}

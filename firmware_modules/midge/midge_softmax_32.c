// Probabilities of logarithms in 2^-16.
#include "midge_exp_32.h"
#include "midge_math.h"
#include "midge_ops.h"

void midge_softmax_32(const midge_ctx_t *ctx, const void *params) {
    const midge_softmax_32_t *p = params;
    const int32_t *x = midge_in(ctx, p->in);
    const uint16_t *table = midge_in(ctx, p->exp_table);
    int16_t *y = midge_out(ctx, p->out);
    uint32_t most = (uint32_t)midge_largest_32(x, p->size);
    uint32_t sum = 0;
    for (int32_t i = 0; i < p->size; i++) {
        sum += midge_exp_32(table, most - (uint32_t)x[i]);
    }
    for (int32_t i = 0; i < p->size; i++) {
        uint32_t share = midge_exp_32(table, most - (uint32_t)x[i]) << 15;
        uint32_t q = (share + (sum >> 1)) / sum;
        y[i] = (int16_t)(q > INT16_MAX ? INT16_MAX : q);
    }
}

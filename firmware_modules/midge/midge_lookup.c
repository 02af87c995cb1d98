// One-input elementwise ops from 8 to 8 bits, by a table made when the model is compiled:
// LOGISTIC, TANH, RELU and its kin, requantization.
#include "midge_math.h"
#include "midge_ops.h"

void midge_lookup(const midge_ctx_t *ctx, const void *params) {
    const midge_lookup_t *p = params;
    const uint8_t *in = midge_in(ctx, p->in);
    const uint8_t *table = midge_in(ctx, p->table);
    uint8_t *out = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = table[in[i]];
    }
}

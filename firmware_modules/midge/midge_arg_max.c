// ARG_MAX and ARG_MIN along one axis, int8 to int32.
#include "midge_math.h"
#include "midge_ops.h"

void midge_arg_max(const midge_ctx_t *ctx, const void *params) {
    const midge_arg_max_t *p = params;
    const int8_t *in = midge_in(ctx, p->in);
    int32_t *y = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->outer; i++) {
        for (int32_t j = 0; j < p->inner; j++) {
            const int8_t *x = in + i * p->depth * p->inner + j;
            int32_t best = 0;
            int32_t most = *x * p->sign;
            for (int32_t k = 1; k < p->depth; k++) {
                x += p->inner;
                if (*x * p->sign > most) {
                    most = *x * p->sign;
                    best = k;
                }
            }
            *y++ = best;
        }
    }
}

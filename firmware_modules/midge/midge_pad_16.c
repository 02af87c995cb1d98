// PAD and PADV2 for int16, rank 4: fill, then copy the rows in.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

void midge_pad_16(const midge_ctx_t *ctx, const void *params) {
    const midge_pad_16_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    int16_t *out = midge_out(ctx, p->out);
    for (int32_t n = p->out_0 * p->out_1 * p->out_2 * p->out_3; n > 0; n--) {
        out[n - 1] = (int16_t)p->value;
    }
    for (int32_t i = 0; i < p->in_0; i++) {
        for (int32_t j = 0; j < p->in_1; j++) {
            for (int32_t k = 0; k < p->in_2; k++) {
                int32_t row = (i + p->before_0) * p->out_1 + j + p->before_1;
                row = row * p->out_2 + k + p->before_2;
                memcpy(out + row * p->out_3 + p->before_3, in, 2 * (size_t)p->in_3);
                in += p->in_3;
            }
        }
    }
}

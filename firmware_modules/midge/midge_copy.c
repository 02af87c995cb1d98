// Rows of bytes into a wider output: CONCATENATION, and RESHAPE of a constant.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

void midge_copy(const midge_ctx_t *ctx, const void *params) {
    const midge_copy_t *p = params;
    const uint8_t *in = midge_in(ctx, p->in);
    uint8_t *out = (uint8_t *)midge_out(ctx, p->out) + p->out_start_bytes;
    for (int32_t row = 0; row < p->rows; row++) {
        memmove(out + row * p->out_stride_bytes, in, (size_t)p->row_bytes);
        in += p->row_bytes;
    }
}

// DEQUANTIZE, int8 or uint8 to float32: scale * (q - zero_point), rounded once.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

void midge_dequantize(const midge_ctx_t *ctx, const void *params) {
    const midge_dequantize_t *p = params;
    const uint8_t *in = midge_in(ctx, p->in);
    uint8_t *out = midge_out(ctx, p->out);
    float scale;
    memcpy(&scale, &p->scale_bits, sizeof(scale));
    for (int32_t i = 0; i < p->size; i++) {
        int32_t q = p->is_unsigned ? in[i] : (int8_t)in[i];
        float x = scale * (float)(q - p->zero_point);
        memcpy(out + 4 * i, &x, sizeof(x)); // the arena has no type
    }
}

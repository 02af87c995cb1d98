// DEQUANTIZE, int16 to float32: scale * (q - zero_point), rounded once.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

void midge_dequantize_16(const midge_ctx_t *ctx, const void *params) {
    const midge_dequantize_16_t *p = params;
    const int16_t *in = midge_in(ctx, p->in);
    uint8_t *out = midge_out(ctx, p->out);
    float scale;
    memcpy(&scale, &p->scale_bits, sizeof(scale));
    for (int32_t i = 0; i < p->size; i++) {
        float x = scale * (float)(in[i] - p->zero_point);
        memcpy(out + 4 * i, &x, sizeof(x)); // the arena has no type
    }
}

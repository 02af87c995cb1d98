// QUANTIZE, float32 to int16: round(x / scale) + zero_point, halves away from zero.
#include <string.h>

#include "midge_float.h"
#include "midge_math.h"
#include "midge_ops.h"

// Beyond these the result is clamped whatever the zero point is.
#define LIMIT (131072.0f)

void midge_quantize_16(const midge_ctx_t *ctx, const void *params) {
    const midge_quantize_16_t *p = params;
    const uint8_t *in = midge_in(ctx, p->in);
    int16_t *out = midge_out(ctx, p->out);
    float scale;
    float x;
    memcpy(&scale, &p->scale_bits, sizeof(scale));
    for (int32_t i = 0; i < p->size; i++) {
        memcpy(&x, in + 4 * i, sizeof(x)); // the arena has no type
        int32_t q = midge_round_away(x / scale, LIMIT) + p->zero_point;
        out[i] = (int16_t)midge_clamp(q, p->min, p->max);
    }
}

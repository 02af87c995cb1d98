// QUANTIZE, float32 to int8 or uint8: round(x / scale) + zero_point, halves away from zero.
#include <string.h>

#include "midge_float.h"
#include "midge_math.h"
#include "midge_ops.h"

// Beyond these the result is clamped whatever the zero point is.
#define LIMIT (1024.0f)

void midge_quantize(const midge_ctx_t *ctx, const void *params) {
    const midge_quantize_t *p = params;
    const uint8_t *in = midge_in(ctx, p->in);
    uint8_t *out = midge_out(ctx, p->out);
    float scale;
    float x;
    memcpy(&scale, &p->scale_bits, sizeof(scale));
    for (int32_t i = 0; i < p->size; i++) {
        memcpy(&x, in + 4 * i, sizeof(x)); // the arena has no type
        int32_t q = midge_round_away(x / scale, LIMIT) + p->zero_point;
        out[i] = (uint8_t)(midge_clamp(q, p->min, p->max) & 0xff);
    }
}

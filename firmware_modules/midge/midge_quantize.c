// QUANTIZE, float32 to int8 or uint8: round(x / scale) + zero_point, halves away from zero.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

// Beyond these the result is clamped whatever the zero point is; NaN counts as the lower end.
#define LIMIT (1024.0f)

static int32_t round_away(float x) {
    if (!(x > -LIMIT)) {
        x = -LIMIT;
    } else if (x > LIMIT) {
        x = LIMIT;
    }
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole;
    return rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
}

void midge_quantize(const midge_ctx_t *ctx, const void *params) {
    const midge_quantize_t *p = params;
    const uint8_t *in = midge_in(ctx, p->in);
    uint8_t *out = midge_out(ctx, p->out);
    float scale;
    float x;
    memcpy(&scale, &p->scale_bits, sizeof(scale));
    for (int32_t i = 0; i < p->size; i++) {
        memcpy(&x, in + 4 * i, sizeof(x)); // the arena has no type
        int32_t q = round_away(x / scale) + p->zero_point;
        out[i] = (uint8_t)(midge_clamp(q, p->min, p->max) & 0xff);
    }
}

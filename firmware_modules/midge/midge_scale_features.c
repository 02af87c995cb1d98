// Features to int16, each by a multiplier of its own, in integers: a float32 is taken apart.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

#define FRACTION_BITS (6) // of bias, and of x * mult * 2^-shift
#define FAR ((int64_t)1 << 40) // clamped whatever the bias is

typedef struct _number_t {
    int32_t mantissa; // x = mantissa * 2^exponent; |mantissa| < 2^24
    int32_t exponent;
} number_t;

// The mantissa of infinity is not 0, and its exponent takes it out of every range.
static number_t take_apart(const uint8_t *in) {
    uint32_t bits;
    memcpy(&bits, in, sizeof(bits));
    int32_t exponent = (int32_t)(bits >> 23 & 255u);
    int32_t mantissa = (int32_t)(bits & 0x7fffffu);
    if (exponent == 255) {
        bool negative = mantissa != 0 || bits >> 31 != 0; // NaN counts as negative
        return (number_t) { negative ? -1 : 1, 1000 };
    }
    mantissa |= exponent != 0 ? 0x800000 : 0;
    return (number_t) { bits >> 31 != 0 ? -mantissa : mantissa,
                        (exponent != 0 ? exponent : 1) - 150 };
}

static number_t read(const uint8_t *in, int32_t i, int32_t in_bytes) {
    if (in_bytes == 4) {
        return take_apart(in + 4 * i);
    }
    if (in_bytes == 1) {
        return (number_t) { ((const int8_t *)in)[i], 0 };
    }
    int16_t x;
    memcpy(&x, in + 2 * i, sizeof(x)); // the arena has no type
    return (number_t) { x, 0 };
}

// floor(x * mult * 2^-shift), within +-FAR.
static int64_t scaled(number_t x, int32_t mult, int32_t shift) {
    int64_t whole = (int64_t)x.mantissa * mult;
    int32_t right = shift - x.exponent;
    if (right <= 0 && whole != 0) { // |whole| >= 2^30
        return whole < 0 ? -FAR : FAR;
    }
    return whole >> midge_min(right < 0 ? 0 : right, 63);
}

void midge_scale_features(const midge_ctx_t *ctx, const void *params) {
    const midge_scale_features_t *p = params;
    const uint8_t *in = midge_in(ctx, p->in);
    const int32_t *mult = midge_in(ctx, p->mult);
    const int8_t *shift = midge_in(ctx, p->shift);
    const int32_t *bias = midge_in(ctx, p->bias);
    int16_t *out = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->size; i++) {
        int64_t sum = scaled(read(in, i, p->in_bytes), mult[i], shift[i]) + bias[i];
        int64_t q = (sum + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS;
        out[i] = (int16_t)(q < -p->limit ? -p->limit : q > p->limit ? p->limit : q);
    }
}

// Features to their ranks among the thresholds that trees compare them with: a tree that compares
// ranks goes where it would with the float32 values, exactly.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

#define INFINITY_BITS (0x7f800000u)

// Integers in the order of the float32 values; -0 is 0, NaN above all.
static int32_t key_of(const uint8_t *in) {
    uint32_t bits;
    memcpy(&bits, in, sizeof(bits)); // the arena has no type
    uint32_t size = bits & 0x7fffffffu;
    if (size > INFINITY_BITS) {
        return INT32_MAX;
    }
    return bits >> 31 != 0 ? -(int32_t)size : (int32_t)size;
}

// How many of n rising keys are below x.
static int32_t rank(const int32_t *keys, int32_t n, int32_t x) {
    int32_t first = 0;
    while (n > 0) {
        int32_t half = n >> 1;
        if (keys[first + half] < x) {
            first += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return first;
}

void midge_rank_features(const midge_ctx_t *ctx, const void *params) {
    const midge_rank_features_t *p = params;
    const uint8_t *in = midge_in(ctx, p->in);
    const int32_t *starts = midge_in(ctx, p->starts);
    const int32_t *keys = midge_in(ctx, p->keys);
    int16_t *out = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->size; i++) {
        int32_t n = starts[i + 1] - starts[i];
        out[i] = (int16_t)(n > 0 ? rank(keys + starts[i], n, key_of(in + 4 * i)) : 0);
    }
}

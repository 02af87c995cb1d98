// Float arithmetic of QUANTIZE, without libm.
#ifndef MIDGE_FLOAT_H
#define MIDGE_FLOAT_H

#include <stdint.h>

// round(x), halves away from zero, for x clamped to +-limit; NaN counts as the lower end.
static inline int32_t midge_round_away(float x, float limit) {
    if (!(x > -limit)) {
        x = -limit;
    } else if (x > limit) {
        x = limit;
    }
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole;
    return rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
}

#endif // MIDGE_FLOAT_H

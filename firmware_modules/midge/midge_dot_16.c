// The inner loops of the 16x8 layers with weights; see midge_dot.h for why they are a file.
#include "midge_math_16.h"

int32_t midge_dot_16(const int16_t *x, const int8_t *w, int32_t n, int32_t acc) {
    uint32_t sum = (uint32_t)acc;
    for (int32_t i = 0; i < n; i++) {
        sum += (uint32_t)(x[i] * w[i]);
    }
    return (int32_t)sum;
}

int32_t midge_dot_16_strided(const int16_t *x, int32_t step_x, const int8_t *w, int32_t step_w,
    int32_t n, int32_t acc) {
    uint32_t sum = (uint32_t)acc;
    for (; n > 0; n--) {
        sum += (uint32_t)(*x * *w);
        x += step_x;
        w += step_w;
    }
    return (int32_t)sum;
}

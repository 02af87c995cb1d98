// Logarithms of Gaussian densities: naive Bayes, mixtures, distance from a normal state.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

#define MOST (1 << 30) // |r|: 2^18 standard deviations

// sum * 2^-shift, rounded, as the square of a deviation in 2^-16.
static uint64_t square(int64_t sum, int32_t shift) {
    int64_t r = shift > 0 ? (sum + ((int64_t)1 << (shift - 1))) >> shift : sum;
    r = r < 0 ? -r : r;
    uint32_t size = r > MOST ? MOST : (uint32_t)r;
    return (uint64_t)size * size >> 8;
}

// All are within +-32767, so that a product of a difference fits 32 bits.
static uint64_t each_alone(const int16_t *x, const int16_t *mean, const int16_t *weights,
    const int8_t *shift, int32_t size) {
    uint64_t sum = 0;
    for (int32_t i = 0; i < size; i++) {
        sum += square((x[i] - mean[i]) * weights[i], shift[i]);
    }
    return sum;
}

static uint64_t together(const int16_t *x, const int16_t *mean, const int16_t *weights,
    const int8_t *shift, int32_t size) {
    uint64_t sum = 0;
    for (int32_t row = 0; row < size; row++) {
        int64_t r = 0;
        for (int32_t i = 0; i <= row; i++) {
            r += (x[i] - mean[i]) * *weights++;
        }
        sum += square(r, shift[row]);
    }
    return sum;
}

static int32_t saturated(int64_t x) {
    return x > INT32_MAX ? INT32_MAX : x < -INT32_MAX ? -INT32_MAX : (int32_t)x;
}

// The scratch need not be aligned to 8.
static int64_t get(const uint8_t *scores, int32_t i) {
    int64_t score;
    memcpy(&score, scores + 8 * i, sizeof(score));
    return score;
}

static int64_t largest(const uint8_t *scores, int32_t classes) {
    int64_t most = get(scores, 0);
    for (int32_t i = 1; i < classes; i++) {
        int64_t score = get(scores, i);
        most = score > most ? score : most;
    }
    return most;
}

void midge_gaussian(const midge_ctx_t *ctx, const void *params) {
    const midge_gaussian_t *p = params;
    const int16_t *x = midge_in(ctx, p->in);
    const int16_t *mean = midge_in(ctx, p->mean);
    const int16_t *weights = midge_in(ctx, p->weights);
    const int8_t *shift = midge_in(ctx, p->shift);
    const int32_t *constant = midge_in(ctx, p->constant);
    uint8_t *scores = midge_out(ctx, p->scratch);
    int32_t *out = midge_out(ctx, p->out);
    int32_t step = p->full ? p->size * (p->size + 1) / 2 : p->size;
    for (int32_t i = 0; i < p->classes; i++) {
        int64_t score = constant[i];
        if (i >= p->plain) {
            uint64_t sum = p->full ? together(x, mean, weights, shift, p->size)
                : each_alone(x, mean, weights, shift, p->size);
            score -= (int64_t)(sum >> 1);
            mean += p->size;
            weights += step;
            shift += p->size;
        }
        memcpy(scores + 8 * i, &score, sizeof(score));
    }
    int64_t origin = p->relative ? largest(scores, p->classes) : 0;
    for (int32_t i = 0; i < p->classes; i++) {
        out[i] = saturated(get(scores, i) - origin);
    }
}

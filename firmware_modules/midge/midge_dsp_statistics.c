// Statistics of a window, per channel, in integers.
//
// n samples x: S1 = sum x, S2 = sum x^2, both exact. The higher moments are those of
// d = n x - S1, also exact, scaled to 15 bits by the same shift for all samples. Ratios have 16
// bits of precision or more. No output can overflow: |skew| and crest stay below sqrt(n),
// kurtosis below n (all at most 16384, times 1024).
#include "midge_dsp.h"
#include "midge_dsp_math.h"
#include "midge_dsp_ops.h"

#define HIGHER (MIDGE_DSP_SKEW | MIDGE_DSP_KURTOSIS)

typedef struct _sums_t {
    int32_t sum;
    int32_t min;
    int32_t max;
    int32_t crossings;
    uint64_t squares;
} sums_t;

// One pass. Squares come in pieces that fit 32 bits: three are at most 3 * 2^30.
static void collect(const int16_t *x, int32_t n, sums_t *s) {
    int32_t sum = 0;
    int32_t min = INT16_MAX;
    int32_t max = INT16_MIN;
    int32_t before = x[0];
    uint32_t signs = 0;
    uint32_t low = 0;
    uint32_t high = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t v = x[i];
        sum += v;
        if (v < min) {
            min = v;
        }
        if (v > max) {
            max = v;
        }
        signs += (uint32_t)(v ^ before) >> 31;
        before = v;
        uint32_t square = (uint32_t)(v * v);
        low += square & 0xFFFFu;
        high += square >> 16;
    }
    s->sum = sum;
    s->min = min;
    s->max = max;
    s->crossings = (int32_t)signs;
    s->squares = ((uint64_t)high << 16) + low;
}

typedef struct _moments_t {
    uint64_t second; // sum e^2, e below 2^15
    int64_t third; // sum e^3 / 2^15
    uint64_t fourth; // sum e^4 / 2^30
} moments_t;

static uint32_t magnitude(int32_t x) {
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

static void collect_higher(const int16_t *x, int32_t n, const sums_t *s, moments_t *m) {
    uint32_t most = magnitude(s->max * n - s->sum) | magnitude(s->min * n - s->sum);
    int32_t shift = most == 0 ? 0 : midge_dsp_top_bit(most) - 14;
    int32_t right = midge_max(shift, 0);
    int32_t left = midge_max(-shift, 0);
    uint64_t second = 0;
    int64_t third = 0;
    uint64_t fourth = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t e = ((x[i] * n - s->sum) >> right) * (1 << left);
        uint32_t square = (uint32_t)(e * e);
        second += square;
        square >>= 15;
        third += e * (int32_t)square;
        fourth += square * square;
    }
    m->second = second;
    m->third = third;
    m->fourth = fourth;
}

// A number as 16 bits, the highest one set, and a power of two.
typedef struct _scaled_t {
    uint32_t mantissa;
    int32_t exp;
} scaled_t;

static scaled_t scaled(uint64_t x) {
    int32_t exp = midge_dsp_top_bit_64(x) - 15;
    uint64_t mantissa = exp >= 0 ? x >> exp : x << -exp;
    return (scaled_t) { (uint32_t)mantissa, exp };
}

// num * 2^28 / den, rounded down, 2^28 <= num < 2^29 <= den < 2^31: 64-bit division without one.
static uint32_t quotient_of(uint32_t num, uint32_t den) {
    uint32_t quotient = 0;
    for (int32_t i = 0; i < 28; i++) {
        num <<= 1;
        quotient <<= 1;
        if (num >= den) {
            num -= den;
            quotient++;
        }
    }
    return quotient;
}

// num * 2^exp * 1024 / (a * b), rounded down; a, b > 0.
static uint64_t ratio(uint64_t num, int32_t exp, uint64_t a, uint64_t b) {
    if (num == 0) {
        return 0;
    }
    scaled_t first = scaled(a);
    scaled_t second = scaled(b);
    int32_t top = midge_dsp_top_bit_64(num);
    num = top >= 28 ? num >> (top - 28) : num << (28 - top);
    uint64_t quotient = quotient_of((uint32_t)num, first.mantissa * second.mantissa >> 1);
    int32_t right = 47 - top - exp + first.exp + second.exp;
    return right >= 64 ? 0 : right >= 0 ? quotient >> right : quotient << -right;
}

// sum e^3 n / (S sqrt(S n)), S = sum e^2.
static int32_t skew_of(const moments_t *m, uint32_t n) {
    uint64_t third = m->third < 0 ? (uint64_t)-m->third : (uint64_t)m->third;
    if (m->second == 0) {
        return 0;
    }
    int32_t size = (int32_t)ratio(third * n, 15, m->second, midge_dsp_sqrt(m->second * n));
    return m->third < 0 ? -size : size;
}

// sum e^4 n / S^2.
static int32_t kurtosis_of(const moments_t *m, uint32_t n) {
    return m->second == 0 ? 0 : (int32_t)ratio(m->fourth * n, 30, m->second, m->second);
}

// sqrt(max x^2 n / S2): the ratio with 20 fraction bits under the root.
static int32_t crest_of(const sums_t *s, uint32_t n) {
    uint32_t peak = magnitude(s->max) > magnitude(s->min) ? magnitude(s->max) : magnitude(s->min);
    if (peak == 0) {
        return 0;
    }
    return (int32_t)midge_dsp_sqrt(ratio((uint64_t)(peak * peak) * n, 10, s->squares, 1));
}

// x * k / n, halves up; x * k may be larger than 32 bits, k * n not.
static int32_t times_over(int32_t x, int32_t k, int32_t n) {
    int32_t whole = x >= 0 ? x / n : -((n - 1 - x) / n);
    return whole * k + ((x - whole * n) * k + n / 2) / n;
}

// 16 sqrt(square) / n; square <= 2^58. The root has 8 fraction bits where they fit, else 1.
static int32_t root_over(uint64_t square, int32_t n) {
    int32_t frac = square >> 44 == 0 ? 8 : 1;
    return times_over((int32_t)midge_dsp_sqrt(square << (2 * frac)), 16, n << frac);
}

static int32_t statistic(int32_t bit, const sums_t *s, const moments_t *m, int32_t n) {
    uint64_t square = s->squares * (uint32_t)n;
    switch (bit) {
        case MIDGE_DSP_MEAN:
            return times_over(s->sum, 16, n);
        case MIDGE_DSP_RMS:
            return root_over(square, n);
        case MIDGE_DSP_STD:
            return root_over(square - (uint64_t)((int64_t)s->sum * s->sum), n);
        case MIDGE_DSP_MIN:
            return s->min;
        case MIDGE_DSP_MAX:
            return s->max;
        case MIDGE_DSP_PEAK_TO_PEAK:
            return s->max - s->min;
        case MIDGE_DSP_ZERO_CROSSINGS:
            return s->crossings;
        case MIDGE_DSP_SKEW:
            return skew_of(m, (uint32_t)n);
        case MIDGE_DSP_KURTOSIS:
            return kurtosis_of(m, (uint32_t)n);
        default:
            return crest_of(s, (uint32_t)n);
    }
}

void midge_dsp_statistics(const midge_ctx_t *ctx, const void *params) {
    const midge_dsp_statistics_t *p = params;
    const int16_t *x = midge_in(ctx, p->in);
    int32_t *out = midge_out(ctx, p->out);
    int32_t n = p->length;
    for (int32_t c = 0; c < p->channels; c++, x += n) {
        sums_t s;
        moments_t m = { 0, 0, 0 };
        collect(x, n, &s);
        if ((p->select & HIGHER) != 0) {
            collect_higher(x, n, &s, &m);
        }
        for (int32_t bit = 1; bit <= MIDGE_DSP_CREST; bit <<= 1) {
            if ((p->select & bit) != 0) {
                *out++ = statistic(bit, &s, &m, n);
            }
        }
    }
}

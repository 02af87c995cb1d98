// LOG_SOFTMAX along the last axis, int8: exponentials from a table, the logarithm of their sum in
// fixed point as TFLite has it.
#include "midge_ops.h"
#include "midge_reciprocal.h"

#define SUM_INTEGER_BITS (12)
#define LOG_INTEGER_BITS (6)
#define OUT_SHIFT (22) // from Q5.26 to the output's scale 1/16
#define OUT_ZERO_POINT (127)

// Q0.31
#define LN_2 (1488522236)
#define ROOT_HALF (1518500250) // (1/2)^(1/2)
#define ROOT_ROOT_HALF (1805811301) // (1/2)^(1/4)

static int32_t saturate(int64_t x) {
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

static int32_t half_sum(int32_t a, int32_t b) {
    int64_t sum = (int64_t)a + b;
    return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

// ln r - ln (1/2)^(1/4), r about that root, as a ratio of polynomials in q = 2 (r - root); Q6.25.
static int32_t log_near_root(int32_t r) {
    int32_t q = (int32_t)((uint32_t)(r - ROOT_ROOT_HALF) << 1);
    int32_t square = midge_mul_high(q, q);
    int32_t over = midge_wrap_add(midge_mul_high(q, r),
        midge_mul_high(midge_mul_high(q, square), 117049297));
    int32_t sum = midge_wrap_add(midge_wrap_add(1057819769, q),
        midge_mul_high(127690142, square));
    int32_t under = midge_wrap_add(midge_mul_high(half_sum(r, ROOT_ROOT_HALF), sum),
        midge_mul_high(638450708, q));
    return midge_mul_high(midge_div_pot(over, LOG_INTEGER_BITS),
        midge_reciprocal_of_one_plus(under));
}

// ln x in Q5.26 of x in Q12.19, x >= 1. Of x and x * (1/2)^(1/2), scaled by powers of two, the one
// is taken that lies nearer to (1/2)^(1/4).
static int32_t log_of_sum(int32_t x) {
    int32_t zeros = midge_leading_zeros((uint32_t)x);
    int32_t quarter = 1 << (31 - LOG_INTEGER_BITS - 2);
    int32_t unit = 1 << (31 - LOG_INTEGER_BITS);
    int32_t a = saturate((int64_t)midge_mul_high(x << (zeros - 1), ROOT_HALF) * 2);
    int32_t a_power = (SUM_INTEGER_BITS - zeros) * unit + quarter;
    int32_t headroom = midge_leading_zeros((uint32_t)midge_mul_high(x, ROOT_HALF)) - 1;
    int32_t b = saturate((int64_t)x << headroom);
    int32_t b_power = (SUM_INTEGER_BITS - headroom) * unit - quarter;
    int32_t power = midge_mul_high(midge_max(a_power, b_power), LN_2);
    int32_t log = midge_wrap_add(power, log_near_root(midge_min(a, b)));
    return saturate((int64_t)log * 2);
}

static int32_t log_of_exponentials(const midge_log_softmax_t *p, const int32_t *table,
    const int8_t *x, int32_t max) {
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        if (max - x[i] < p->table_size) {
            sum += midge_div_pot(table[max - x[i]], SUM_INTEGER_BITS);
        }
    }
    return log_of_sum(sum);
}

static void log_softmax_row(const midge_log_softmax_t *p, const int32_t *table, const int8_t *x,
    int8_t *y) {
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        max = midge_max(max, x[i]);
    }
    int32_t log = log_of_exponentials(p, table, x, max);
    int32_t least = midge_requantize(log + INT32_MIN, p->reverse_mult, p->reverse_shift);
    least = midge_max(p->diff_min - 1, least);
    for (int32_t i = 0; i < p->depth; i++) {
        int32_t diff = x[i] - max;
        int32_t q = INT8_MIN;
        if (diff > least) {
            int32_t scaled = midge_requantize(diff, p->mult, p->shift);
            q = midge_div_pot(midge_wrap_add(scaled, -log), OUT_SHIFT) + OUT_ZERO_POINT;
        }
        y[i] = (int8_t)midge_clamp(q, INT8_MIN, INT8_MAX);
    }
}

void midge_log_softmax(const midge_ctx_t *ctx, const void *params) {
    const midge_log_softmax_t *p = params;
    const int32_t *table = midge_in(ctx, p->table);
    const int8_t *x = midge_in(ctx, p->in);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t row = 0; row < p->rows; row++) {
        log_softmax_row(p, table, x, y);
        x += p->depth;
        y += p->depth;
    }
}

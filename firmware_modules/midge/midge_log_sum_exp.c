// The logarithm of a sum of numbers of which the logarithms are given, in 2^-16.
#include "midge_exp_32.h"
#include "midge_math.h"
#include "midge_ops.h"

#define LN_2 (45426) // in 2^-16

// log(x / 2^15) in 2^-16, x >= 2^15. table: uint16 [257], Q16: log(1 + i / 256).
static int32_t log_of(const uint16_t *table, uint32_t x) {
    int32_t power = 0;
    while (x >= 1u << 17) { // keeps 16 bits behind the first
        x >>= 1;
        power++;
    }
    while (x < 1u << 16) {
        x <<= 1;
        power--;
    }
    uint32_t part = x & 0xffffu;
    uint32_t i = part >> 8;
    uint32_t slope = (uint32_t)table[i + 1] - table[i];
    return (power + 1) * LN_2 + (int32_t)(table[i] + (slope * (part & 255u) >> 8));
}

void midge_log_sum_exp(const midge_ctx_t *ctx, const void *params) {
    const midge_log_sum_exp_t *p = params;
    const int32_t *x = midge_in(ctx, p->in);
    const uint16_t *table = midge_in(ctx, p->exp_table);
    int32_t *y = midge_out(ctx, p->out);
    int32_t most = midge_largest_32(x, p->size);
    uint32_t sum = 0;
    for (int32_t i = 0; i < p->size; i++) {
        sum += midge_exp_32(table, (uint32_t)most - (uint32_t)x[i]);
    }
    int64_t found = (int64_t)most + log_of(midge_in(ctx, p->log_table), sum);
    *y = found > INT32_MAX ? INT32_MAX : (int32_t)found;
}

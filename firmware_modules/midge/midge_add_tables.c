// ADD and SUB, int8, by two tables of 256 sums, proven when the model is compiled
// (host/midge/lower/sum_tables.py).
#include "midge_math.h"
#include "midge_ops.h"

void midge_add_tables(const midge_ctx_t *ctx, const void *params) {
    const midge_add_tables_t *p = params;
    const uint8_t *a = midge_in(ctx, p->a);
    const uint8_t *repeated = midge_in(ctx, p->b);
    const int32_t *a_table = midge_in(ctx, p->a_table);
    const int32_t *b_table = midge_in(ctx, p->b_table);
    int8_t *y = midge_out(ctx, p->out);
    int32_t low = p->act_min;
    int32_t high = p->act_max;
    for (const uint8_t *end = a + p->size; a != end;) {
        const uint8_t *b = repeated;
        for (const uint8_t *turn = a + p->b_size; a != turn; a++, b++) {
            int32_t sum = (a_table[*a] + b_table[*b]) >> 16;
            *y++ = (int8_t)midge_clamp(sum, low, high);
        }
    }
}

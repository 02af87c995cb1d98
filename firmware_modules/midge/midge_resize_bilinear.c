// RESIZE_BILINEAR, int8: four neighbours weighted in 10 bits an axis, one rounding, halves away
// from zero.
#include "midge_math.h"
#include "midge_ops.h"

#define BITS (20) // of the product of two weights

// One axis' part of a pixel, as it lies in the constants.
typedef struct _between_t {
    int32_t low; // elements to the first neighbour
    int32_t high; // elements to the second
    int32_t part; // weight of the second, in 1/1024; below 0 before the first element
} between_t;

// Truncates as C's division does.
static int8_t rounded(int32_t sum) {
    int32_t half = 1 << (BITS - 1);
    return (int8_t)(sum > 0 ? (sum + half) >> BITS : -((half - sum) >> BITS));
}

void midge_resize_bilinear(const midge_ctx_t *ctx, const void *params) {
    const midge_resize_bilinear_t *p = params;
    const int8_t *in = midge_in(ctx, p->in);
    const between_t *rows = midge_in(ctx, p->rows);
    const between_t *columns = midge_in(ctx, p->columns);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t i = 0; i < p->out_h; i++) {
        const between_t *row = &rows[i];
        for (int32_t j = 0; j < p->out_w; j++) {
            const between_t *column = &columns[j];
            const int8_t *a = in + row->low + column->low;
            const int8_t *b = in + row->low + column->high;
            const int8_t *c = in + row->high + column->low;
            const int8_t *d = in + row->high + column->high;
            // No weight is larger than 1536 * 1536, no two signs add up to more than 2048 * 2048:
            // 128 times that fits.
            int32_t w_b = (1024 - row->part) * column->part;
            int32_t w_a = (1024 - row->part) * 1024 - w_b;
            int32_t w_d = row->part * column->part;
            int32_t w_c = row->part * 1024 - w_d;
            for (int32_t k = 0; k < p->c; k++) {
                *y++ = rounded(a[k] * w_a + b[k] * w_b + c[k] * w_c + d[k] * w_d);
            }
        }
    }
}

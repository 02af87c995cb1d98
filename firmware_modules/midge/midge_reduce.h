// The walk that reductions over any axes share. Inlined into each kernel with its functions.
#ifndef MIDGE_REDUCE_H
#define MIDGE_REDUCE_H

#include "midge_math.h"

typedef struct _midge_reduce_t {
    const int8_t *in;
    int8_t *out;
    int32_t keep[2];
    int32_t keep_strides[2];
    int32_t reduce[2];
    int32_t reduce_strides[2];
} midge_reduce_t;

// The walk of midge_mean_t and its kin of midge_params_reduction.h.
#define MIDGE_REDUCE(ctx, p) \
    { \
        midge_in(ctx, (p)->in), midge_out(ctx, (p)->out), \
        { (p)->keep_0, (p)->keep_1 }, { (p)->keep_stride_0, (p)->keep_stride_1 }, \
        { (p)->reduce_0, (p)->reduce_1 }, { (p)->reduce_stride_0, (p)->reduce_stride_1 } \
    }

// What the first value, and each further one in the input's order, makes of the sum so far.
typedef int32_t (*midge_first_t)(const void *params, int32_t x);
typedef int32_t (*midge_next_t)(const void *params, int32_t sum, int32_t x);
typedef int8_t (*midge_last_t)(const void *params, int32_t sum);

static inline __attribute__((always_inline)) void midge_reduce(const midge_reduce_t *w,
    const void *params, midge_first_t first, midge_next_t next, midge_last_t last) {
    int8_t *y = w->out;
    for (int32_t i = 0; i < w->keep[0]; i++) {
        for (int32_t j = 0; j < w->keep[1]; j++) {
            const int8_t *row = w->in + i * w->keep_strides[0] + j * w->keep_strides[1];
            int32_t sum = first(params, *row);
            for (int32_t k = 0; k < w->reduce[0]; k++) {
                const int8_t *x = row + (k == 0 ? w->reduce_strides[1] : 0);
                for (int32_t l = k == 0 ? 1 : 0; l < w->reduce[1]; l++) {
                    sum = next(params, sum, *x);
                    x += w->reduce_strides[1];
                }
                row += w->reduce_strides[0];
            }
            *y++ = last(params, sum);
        }
    }
}

#endif // MIDGE_REDUCE_H

// The walk that all elementwise kernels of two inputs share. Inlined into each kernel together
// with its function, so that no element costs a call.
#ifndef MIDGE_BROADCAST_H
#define MIDGE_BROADCAST_H

#include "midge_math.h"

typedef struct _midge_walk_t {
    const void *a;
    const void *b;
    void *out;
    int32_t dims[4];
    int32_t a_strides[4];
    int32_t b_strides[4];
} midge_walk_t;

// The walk of any midge_<kernel>_t of midge_params_elementwise.h with strides.
#define MIDGE_WALK(ctx, p) \
    { \
        midge_in(ctx, (p)->a), midge_in(ctx, (p)->b), midge_out(ctx, (p)->out), \
        { (p)->dim_0, (p)->dim_1, (p)->dim_2, (p)->dim_3 }, \
        { (p)->a_stride_0, (p)->a_stride_1, (p)->a_stride_2, (p)->a_stride_3 }, \
        { (p)->b_stride_0, (p)->b_stride_1, (p)->b_stride_2, (p)->b_stride_3 } \
    }

// Defines NAME(walk, params, function) for elements of type TYPE.
// An element of an input is read just before its place in the output is written, so an input
// that is not broadcast may lie where the output does.
#define MIDGE_DEFINE_BROADCAST(NAME, TYPE) \
    static inline __attribute__((always_inline)) void NAME(const midge_walk_t *w, \
        const void *params, TYPE (*function)(const void *params, int32_t a, int32_t b)) { \
        TYPE *y = w->out; \
        for (int32_t i = 0; i < w->dims[0]; i++) { \
            for (int32_t j = 0; j < w->dims[1]; j++) { \
                for (int32_t k = 0; k < w->dims[2]; k++) { \
                    const TYPE *a = (const TYPE *)w->a + i * w->a_strides[0] \
                        + j * w->a_strides[1] + k * w->a_strides[2]; \
                    const TYPE *b = (const TYPE *)w->b + i * w->b_strides[0] \
                        + j * w->b_strides[1] + k * w->b_strides[2]; \
                    for (int32_t l = 0; l < w->dims[3]; l++) { \
                        *y++ = function(params, *a, *b); \
                        a += w->a_strides[3]; \
                        b += w->b_strides[3]; \
                    } \
                } \
            } \
        } \
    }

MIDGE_DEFINE_BROADCAST(midge_broadcast, int8_t)
MIDGE_DEFINE_BROADCAST(midge_broadcast_16, int16_t)

#endif // MIDGE_BROADCAST_H

// What conv_2d_jit and pointwise_jit share.
#ifndef MIDGE_JIT_CONV_H
#define MIDGE_JIT_CONV_H

#include "midge_jit.h"
#include "midge_math.h"
#include "midge_ops.h"

typedef struct _midge_jit_conv_t {
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *requant;
    const int32_t *kink; // or NULL
    const uint32_t *x; // packed input
    int32_t out_c;
    int32_t act_min;
    int32_t act_max;
    midge_jit_t jit;
} midge_jit_conv_t;

// All channels of what is packed. frame: geometry, y for channel 0.
void midge_jit_channels(midge_jit_conv_t *c, midge_jit_frame_t *frame);

#endif // MIDGE_JIT_CONV_H

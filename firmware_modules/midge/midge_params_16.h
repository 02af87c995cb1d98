// Parameters of the 16x8 kernels; see midge_params.h, which includes this at its end.
#ifndef MIDGE_PARAMS_16_H
#define MIDGE_PARAMS_16_H

#include "midge.h"

// 16x8: int16 activations with zero point 0, int8 weights, biases of up to 48 bits. `mult` of the
// convolutions keeps 15 bits of the multiplier; see midge_math_16.h. Kernels that take what their int8 forms take have
// their struct.
typedef struct _midge_conv_2d_16_t {
    midge_ref_t in; // int16 [in_h][in_w][in_c]
    midge_ref_t out; // int16 [out_h][out_w][out_c]
    midge_ref_t weights; // int8 [out_c][k_h][k_w][in_c / groups]
    midge_ref_t bias; // int32 [out_c]: the lower 32 bits
    midge_ref_t bias_high; // int32 [out_c]: the bits above; none where all sums fit int32
    midge_ref_t mult; // int16 [out_c]
    midge_ref_t shift; // int8 [out_c], right
    int32_t in_h;
    int32_t in_w;
    int32_t in_c;
    int32_t out_h;
    int32_t out_w;
    int32_t out_c;
    int32_t k_h;
    int32_t k_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t groups;
    int32_t act_min;
    int32_t act_max;
} midge_conv_2d_16_t;

typedef struct _midge_depthwise_conv_2d_16_t {
    midge_ref_t in; // int16 [in_h][in_w][in_c]
    midge_ref_t out; // int16 [out_h][out_w][in_c * multiplier]
    midge_ref_t weights; // int8 [k_h][k_w][in_c * multiplier]
    midge_ref_t bias; // int32 [in_c * multiplier]
    midge_ref_t bias_high;
    midge_ref_t mult; // int16 [in_c * multiplier]
    midge_ref_t shift; // int8 [in_c * multiplier], right
    int32_t in_h;
    int32_t in_w;
    int32_t in_c;
    int32_t out_h;
    int32_t out_w;
    int32_t multiplier;
    int32_t k_h;
    int32_t k_w; // at most MIDGE_DOT_16_SAFE
    int32_t stride_h;
    int32_t stride_w;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t act_min;
    int32_t act_max;
} midge_depthwise_conv_2d_16_t;

typedef struct _midge_fully_connected_16_t {
    midge_ref_t in; // int16 [rows][in_c]
    midge_ref_t out; // int16 [rows][out_c]
    midge_ref_t weights; // int8 [out_c][in_c]
    midge_ref_t bias; // int32 [out_c]
    midge_ref_t bias_high;
    midge_ref_t mult; // int32, one or [out_c]: the upper 31 bits of the multiplier
    midge_ref_t mult_low; // int32, same length: its lower 31 bits
    midge_ref_t shift; // int8, same length, right; below 0: mult is the scale as a double has it
    int32_t rows;
    int32_t in_c;
    int32_t out_c;
    int32_t per_channel; // 1: mult, mult_low and shift have out_c elements
    int32_t act_min;
    int32_t act_max;
} midge_fully_connected_16_t;

// out = (in + in_offset) * factor + out_offset, clamped; factor depends on the sign.
typedef struct _midge_rescale_16_t {
    midge_ref_t in; // int8 or int16
    midge_ref_t out; // int8 or int16
    int32_t size;
    int32_t in_bytes; // 1 or 2
    int32_t out_bytes;
    int32_t in_offset;
    int32_t mult;
    int32_t shift;
    int32_t negative_mult; // below 0
    int32_t negative_shift;
    int32_t out_offset;
    int32_t act_min;
    int32_t act_max;
} midge_rescale_16_t;

typedef struct _midge_sigmoid_16_t {
    midge_ref_t in; // int16
    midge_ref_t out; // int16, scale 2^-15
    midge_ref_t table; // uint16 [256]
    int32_t size;
    int32_t mult; // in * mult * 2^-shift is x in steps of 1 / 12288
    int32_t shift;
    int32_t is_tanh; // 1: TANH; 0: LOGISTIC
} midge_sigmoid_16_t;

typedef struct _midge_softmax_16_t {
    midge_ref_t in; // int16 [rows][depth]
    midge_ref_t out; // int16 [rows][depth], scale 2^-15
    midge_ref_t exp_table; // int16 [513]: exp(x), x in -10...0, Q0.15
    midge_ref_t reciprocal_table; // int16 [513]: 1 / (1 + x), x in 0...1, Q0.15
    int32_t rows;
    int32_t depth;
    int32_t mult; // brings differences to steps of 10 / 65535
    int32_t shift;
} midge_softmax_16_t;

typedef midge_max_pool_2d_t midge_max_pool_2d_16_t;
typedef midge_average_pool_2d_t midge_average_pool_2d_16_t;
typedef midge_mean_t midge_mean_16_t;
typedef midge_add_t midge_add_16_t;
typedef midge_mul_t midge_mul_16_t;
typedef midge_pad_t midge_pad_16_t;
typedef midge_quantize_t midge_quantize_16_t;
typedef midge_dequantize_t midge_dequantize_16_t;

#endif // MIDGE_PARAMS_16_H

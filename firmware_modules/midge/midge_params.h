// What each kernel takes. This file and the midge_params_*.h that it includes are the one place
// that says so: host/midge/abi.py reads them, so keep to one field a line, of type int32_t or
// midge_ref_t, and to plain C comments.
//
// Sizes are in elements unless a name says bytes. Layouts are TFLite's: activations [h][w][c],
// CONV_2D weights [out_c][h][w][in_c], DEPTHWISE weights [h][w][out_c], FULLY_CONNECTED
// weights [out][in]. `mult`/`shift` are requantization constants, see midge_math.h.
#ifndef MIDGE_PARAMS_H
#define MIDGE_PARAMS_H

#include "midge.h"
#include "midge_params_elementwise.h"
#include "midge_params_move.h"
#include "midge_params_reduction.h"
#include "midge_params_recurrent.h"
#include "midge_params_classical.h"

typedef struct _midge_conv_2d_t {
    midge_ref_t in; // int8 [in_h][in_w][in_c]
    midge_ref_t out; // int8 [out_h][out_w][out_c]
    midge_ref_t weights; // int8 [out_c][k_h][k_w][in_c / groups]
    midge_ref_t bias; // int32 [out_c]
    midge_ref_t mult; // int32 [out_c]
    midge_ref_t shift; // int8 [out_c]
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
    int32_t in_offset; // -zero_point of in; 0 where the bias has it already (no padding)
    int32_t out_offset; // zero_point of out
    int32_t act_min;
    int32_t act_max;
} midge_conv_2d_t;

typedef struct _midge_depthwise_conv_2d_t {
    midge_ref_t in; // int8 [in_h][in_w][in_c]
    midge_ref_t out; // int8 [out_h][out_w][in_c * multiplier]
    midge_ref_t weights; // int8 [k_h][k_w][in_c * multiplier]
    midge_ref_t bias; // int32 [in_c * multiplier]
    midge_ref_t mult; // int32 [in_c * multiplier]
    midge_ref_t shift; // int8 [in_c * multiplier]
    int32_t in_h;
    int32_t in_w;
    int32_t in_c;
    int32_t out_h;
    int32_t out_w;
    int32_t multiplier; // output channels for each input channel
    int32_t k_h;
    int32_t k_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t in_offset;
    int32_t out_offset;
    int32_t act_min;
    int32_t act_max;
} midge_depthwise_conv_2d_t;

typedef struct _midge_fully_connected_t {
    midge_ref_t in; // int8 [rows][in_c]
    midge_ref_t out; // int8 [rows][out_c]
    midge_ref_t weights; // int8 [out_c][in_c]
    midge_ref_t bias; // int32 [out_c], with -zero_point(in) * sum(weights) in it
    midge_ref_t mult; // int32, one or [out_c]: the upper 31 bits of the multiplier
    midge_ref_t mult_low; // int32, same length: its lower 31 bits; none where they are all 0
    midge_ref_t shift; // int8, same length: right shift after the multiplication, 1..62
    int32_t rows;
    int32_t in_c;
    int32_t out_c;
    int32_t per_channel; // 1: mult and shift have out_c elements
    int32_t weights_offset; // -zero_point of weights
    int32_t in_offset; // -zero_point of in; used only where weights_offset is not 0
    int32_t out_offset;
    int32_t act_min;
    int32_t act_max;
} midge_fully_connected_t;

typedef struct _midge_max_pool_2d_t {
    midge_ref_t in; // int8 [in_h][in_w][c]
    midge_ref_t out; // int8 [out_h][out_w][c]
    int32_t in_h;
    int32_t in_w;
    int32_t c;
    int32_t out_h;
    int32_t out_w;
    int32_t k_h;
    int32_t k_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t act_min;
    int32_t act_max;
} midge_max_pool_2d_t;

typedef struct _midge_average_pool_2d_t {
    midge_ref_t in; // int8 [in_h][in_w][c]
    midge_ref_t out; // int8 [out_h][out_w][c]
    int32_t in_h;
    int32_t in_w;
    int32_t c;
    int32_t out_h;
    int32_t out_w;
    int32_t k_h;
    int32_t k_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t act_min;
    int32_t act_max;
} midge_average_pool_2d_t;

typedef struct _midge_pad_t {
    midge_ref_t in; // 1-byte elements [in_0][in_1][in_2][in_3]
    midge_ref_t out; // [out_0][out_1][out_2][out_3]
    int32_t in_0;
    int32_t in_1;
    int32_t in_2;
    int32_t in_3;
    int32_t out_0;
    int32_t out_1;
    int32_t out_2;
    int32_t out_3;
    int32_t before_0;
    int32_t before_1;
    int32_t before_2;
    int32_t before_3;
    int32_t value; // the byte that fills
} midge_pad_t;

// Copies rows of bytes into a wider output: CONCATENATION, one step for each input.
typedef struct _midge_copy_t {
    midge_ref_t in; // rows * row_bytes bytes
    midge_ref_t out;
    int32_t rows;
    int32_t row_bytes;
    int32_t out_start_bytes; // where the first row goes in out
    int32_t out_stride_bytes; // from one row to the next in out
} midge_copy_t;

// out[i] = table[in[i]]: every one-input elementwise op from 8 to 8 bits.
typedef struct _midge_lookup_t {
    midge_ref_t in; // bytes
    midge_ref_t out; // bytes
    midge_ref_t table; // 256 bytes, indexed by the input's bits
    int32_t size;
} midge_lookup_t;

typedef struct _midge_softmax_t {
    midge_ref_t in; // int8 [rows][depth]
    midge_ref_t out; // int8 [rows][depth], scale 1/256, zero_point -128
    midge_ref_t table; // int32 [table_size]: exp(-scale * beta * i) in Q0.31
    int32_t rows;
    int32_t depth; // at most 4095
    int32_t table_size; // at most 256; differences beyond it count as 0
} midge_softmax_t;

typedef struct _midge_quantize_t {
    midge_ref_t in; // float32
    midge_ref_t out; // int8 or uint8
    int32_t size;
    int32_t scale_bits; // the float32's bits
    int32_t zero_point;
    int32_t min; // -128 or 0
    int32_t max; // 127 or 255
} midge_quantize_t;

typedef struct _midge_dequantize_t {
    midge_ref_t in; // int8 or uint8
    midge_ref_t out; // float32
    int32_t size;
    int32_t scale_bits; // the float32's bits
    int32_t zero_point;
    int32_t is_unsigned; // 1: in is uint8
} midge_dequantize_t;

// The packed kernels (midge_packed.h). `bias` has the input's zero point and each channel's
// requantization base in it; `requant` is int32 [out_c][3], see host/midge/requant.py; `kink`
// int32 [out_c][2] or none. The compiler chooses them where it can prove that no lane overflows.
typedef struct _midge_conv_2d_packed_t {
    midge_ref_t in; // int8 [in_h][in_w][in_c]
    midge_ref_t out; // int8 [out_h][out_w][out_c]
    midge_ref_t weights; // int8 [out_c][taps, zeros to a multiple of 4]
    midge_ref_t bias; // int32 [out_c]
    midge_ref_t requant;
    midge_ref_t kink;
    midge_ref_t three; // int8 [out_c], 1: runs of three products fit a lane, not just two
    midge_ref_t scratch; // host/midge/lower/packed.py says how many bytes
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
    int32_t pad_value; // zero_point of in
    int32_t taps; // k_h * k_w * in_c
    int32_t tile; // pixels packed at a time, a multiple of 4
    int32_t copy_h; // rows and columns of a copy of the input with its padding, in scratch;
    int32_t copy_w; // 0: none, windows at the edges are copied one by one
    int32_t act_min;
    int32_t act_max;
} midge_conv_2d_packed_t;

// A convolution and a max pooling whose windows lie side by side, without padding. The first
// fields are midge_conv_2d_packed_t's, in their order.
typedef struct _midge_conv_pool_t {
    midge_ref_t in; // int8 [in_h][in_w][in_c]
    midge_ref_t out; // int8 [out_h / pool_h][out_w / pool_w][out_c]
    midge_ref_t weights; // int8 [out_c][taps, zeros to a multiple of 4]
    midge_ref_t bias; // int32 [out_c]
    midge_ref_t requant;
    midge_ref_t kink;
    midge_ref_t three; // int8 [out_c], 1: runs of three products fit a lane, not just two
    midge_ref_t scratch; // host/midge/lower/packed.py says how many bytes
    int32_t in_h;
    int32_t in_w;
    int32_t in_c;
    int32_t out_h; // of the convolution, as far as the pool reads it
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
    int32_t pad_value; // zero_point of in
    int32_t taps;
    int32_t tile; // pixels packed at a time, a multiple of 4
    int32_t copy_h; // 0
    int32_t copy_w;
    int32_t act_min;
    int32_t act_max;
    midge_ref_t scratch_band; // int8 [lines * pool_h][out_w][out_c]
    int32_t pool_h; // window and stride
    int32_t pool_w;
    int32_t pool_min;
    int32_t pool_max;
    int32_t lines; // of the output at a time, > 0
} midge_conv_pool_t;

typedef struct _midge_conv_2d_jit_t {
    midge_ref_t in; // int8 [in_h][in_w][in_c]
    midge_ref_t out; // int8 [out_h][out_w][out_c]
    midge_ref_t weights; // int8 [out_c][taps] in the order of `places`, see the kernel
    midge_ref_t bias; // int32 [out_c]
    midge_ref_t requant;
    midge_ref_t kink;
    midge_ref_t scratch; // packed input, places, code
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
    int32_t pad_top;
    int32_t pad_left;
    int32_t pad_value;
    int32_t tile; // lines of output in each lane packed at a time, > 0
    int32_t act_min;
    int32_t act_max;
} midge_conv_2d_jit_t;

typedef struct _midge_pointwise_jit_t {
    midge_ref_t in; // int8 [pixels][in_c]
    midge_ref_t out; // int8 [pixels][out_c]
    midge_ref_t weights; // int8 [out_c][in_c]
    midge_ref_t bias; // int32 [out_c]
    midge_ref_t requant;
    midge_ref_t scratch; // packed input, code
    int32_t pixels;
    int32_t in_c;
    int32_t out_c;
    int32_t tile; // pixels packed at a time, > 0
    int32_t act_min;
    int32_t act_max;
} midge_pointwise_jit_t;

typedef struct _midge_depthwise_packed_t {
    midge_ref_t in; // int8 [in_h][in_w][c]
    midge_ref_t out; // int8 [out_h][out_w][c]
    midge_ref_t weights; // int8 [3][3][c]
    midge_ref_t bias; // int32 [c]
    midge_ref_t requant;
    midge_ref_t kink;
    midge_ref_t two; // int8 [c]; 1: three products of a row may overflow a lane
    midge_ref_t scratch;
    int32_t in_h;
    int32_t in_w;
    int32_t c;
    int32_t out_h;
    int32_t out_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t pad_value;
    int32_t tile; // lines of both lanes requantized at a time, > 0
    int32_t act_min;
    int32_t act_max;
} midge_depthwise_packed_t;

typedef struct _midge_fully_connected_packed_t {
    midge_ref_t in; // int8 [rows][in_c]
    midge_ref_t out; // int8 [rows][out_c]
    midge_ref_t weights; // uint32 [out_c / 4][in_c / 2][2], sizes rounded up
    midge_ref_t bias; // int32 [out_c]
    midge_ref_t requant;
    midge_ref_t kink;
    midge_ref_t scratch;
    int32_t rows;
    int32_t in_c;
    int32_t out_c;
    int32_t chunk; // inputs packed at a time, even; 0: none, and no scratch
    int32_t per_channel; // 1: requant and kink have out_c rows; 0: one
    int32_t act_min;
    int32_t act_max;
} midge_fully_connected_packed_t;

// out[b0][b1][m][n] = sum over k of a * b. Transposed and broadcast operands are so by their
// strides.
typedef struct _midge_batch_matmul_t {
    midge_ref_t a; // int8
    midge_ref_t b; // int8
    midge_ref_t out; // int8 [dim_0][dim_1][m][n]
    int32_t dim_0;
    int32_t dim_1;
    int32_t m;
    int32_t n;
    int32_t k;
    int32_t a_stride_0; // 0 where a is broadcast
    int32_t a_stride_1;
    int32_t a_stride_m;
    int32_t a_stride_k;
    int32_t b_stride_0;
    int32_t b_stride_1;
    int32_t b_stride_n;
    int32_t b_stride_k;
    int32_t a_offset; // -zero_point of a
    int32_t b_offset;
    int32_t mult;
    int32_t shift;
    int32_t out_offset;
} midge_batch_matmul_t;

#include "midge_params_16.h"
#include "midge_params_blocked.h"

#endif // MIDGE_PARAMS_H

// What the blocked kernels take (midge_blocked.h), those of Cortex-M33 and RV32: a part of
// midge_params.h, whose rules hold here too. Constants as the packed kernels have them.
#ifndef MIDGE_PARAMS_BLOCKED_H
#define MIDGE_PARAMS_BLOCKED_H

#include "midge.h"

typedef struct _midge_conv_2d_blocked_t {
    midge_ref_t in; // int8 [in_h][in_w][in_c]
    midge_ref_t out; // int8 [out_h][out_w][out_c]
    midge_ref_t weights; // int8 [out_c][taps, zeros to a multiple of 4]
    midge_ref_t bias; // int32 [out_c]
    midge_ref_t requant;
    midge_ref_t kink;
    midge_ref_t runs; // uint8: pairs for each four channels, see midge_blocked_dot_t
    midge_ref_t scratch; // host/midge/lower/blocked.py says how many bytes
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
    int32_t tile; // pixels widened at a time, a multiple of 4
    int32_t act_min;
    int32_t act_max;
} midge_conv_2d_blocked_t;

typedef struct _midge_depthwise_blocked_t {
    midge_ref_t in; // int8 [in_h][in_w][c]
    midge_ref_t out; // int8 [out_h][out_w][c]
    midge_ref_t weights; // int8 [3][3][c]
    midge_ref_t bias; // int32 [c]
    midge_ref_t requant;
    midge_ref_t kink;
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
    int32_t lines; // of output at a time
    int32_t act_min;
    int32_t act_max;
} midge_depthwise_blocked_t;

typedef struct _midge_fully_connected_blocked_t {
    midge_ref_t in; // int8 [rows][in_c]
    midge_ref_t out; // int8 [rows][out_c]
    midge_ref_t weights; // int8 [out_c / 4][in_c / 4][4][4], sizes rounded up
    midge_ref_t bias; // int32 [out_c]
    midge_ref_t requant;
    midge_ref_t kink;
    midge_ref_t scratch;
    int32_t rows;
    int32_t in_c;
    int32_t out_c;
    int32_t per_channel; // 1: requant and kink have out_c rows; 0: one
    int32_t act_min;
    int32_t act_max;
} midge_fully_connected_blocked_t;

#endif // MIDGE_PARAMS_BLOCKED_H

// Parameters of kernels that move data; included by midge_params.h, whose conventions hold.
#ifndef MIDGE_PARAMS_MOVE_H
#define MIDGE_PARAMS_MOVE_H

#include "midge.h"

// Bytes moved from any place: TRANSPOSE, SLICE, SPLIT, TILE, GATHER and their kin.
#define MIDGE_MOVE_AXES (12)
typedef struct _midge_move_t {
    midge_ref_t in; // bytes
    midge_ref_t out; // bytes, written from start to end
    midge_ref_t walk; // int32: for each axis its size, its step in bytes and 0, or 0 and the
    // place in the walk of a table of its offsets; then the tables. Outermost axis first.
    int32_t axes; // 1 to MIDGE_MOVE_AXES
    int32_t in_start; // byte of in that all offsets count from
    int32_t run_bytes; // bytes that stay together
} midge_move_t;

typedef struct _midge_resize_bilinear_t {
    midge_ref_t in; // int8 [in_h][in_w][c]
    midge_ref_t out; // int8 [out_h][out_w][c]
    midge_ref_t rows; // int32 [out_h][3]: offsets of two neighbours, and the second's weight
    midge_ref_t columns; // int32 [out_w][3]: as rows; weights are in 1/1024, -512 to 1024
    int32_t out_h;
    int32_t out_w;
    int32_t c;
} midge_resize_bilinear_t;

typedef struct _midge_transpose_conv_t {
    midge_ref_t in; // int8 [in_h][in_w][in_c]
    midge_ref_t out; // int8 [out_h][out_w][out_c]
    midge_ref_t weights; // int8 [out_c][k_h][k_w][in_c]
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
    int32_t pad_top; // rows that the first output row lies below the first tap's
    int32_t pad_left;
    int32_t in_offset; // -zero_point of in
    int32_t out_offset;
    int32_t act_min;
    int32_t act_max;
} midge_transpose_conv_t;

// TRANSPOSE_CONV by blocks of stride x stride output pixels: a convolution with stride 1 makes
// them, a move deals them out. The first fields are midge_conv_2d_packed_t's, in their order.
typedef struct _midge_transpose_conv_packed_t {
    midge_ref_t in; // int8 [in_h][in_w][in_c]
    midge_ref_t out; // int8, the whole output
    midge_ref_t weights; // int8 [out_c][taps, zeros to a multiple of 4]
    midge_ref_t bias;
    midge_ref_t requant;
    midge_ref_t kink;
    midge_ref_t three;
    midge_ref_t scratch;
    int32_t in_h;
    int32_t in_w;
    int32_t in_c;
    int32_t out_h; // blocks
    int32_t out_w;
    int32_t out_c; // stride_h * stride_w * output channels
    int32_t k_h;
    int32_t k_w;
    int32_t stride_h; // 1: blocks, not pixels
    int32_t stride_w;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t pad_value;
    int32_t taps;
    int32_t tile;
    int32_t copy_h;
    int32_t copy_w;
    int32_t act_min;
    int32_t act_max;
    midge_ref_t scratch_blocks; // int8 [out_h][out_w][out_c]
    midge_ref_t walk; // as midge_move_t has it, over the blocks
    int32_t axes;
    int32_t in_start;
    int32_t run_bytes;
} midge_transpose_conv_packed_t;

#endif // MIDGE_PARAMS_MOVE_H

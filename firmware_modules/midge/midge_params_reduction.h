// Parameters of the kernels that make fewer values of several; see midge_params.h for the rules.
// In reductions over any axes, neighbouring kept axes, and neighbouring reduced axes, count as
// one; strides are those of the input.
#ifndef MIDGE_PARAMS_REDUCTION_H
#define MIDGE_PARAMS_REDUCTION_H

#include "midge.h"

// MEAN and SUM.
typedef struct _midge_mean_t {
    midge_ref_t in; // int8
    midge_ref_t out; // int8 [keep_0][keep_1]
    int32_t keep_0;
    int32_t keep_1;
    int32_t keep_stride_0;
    int32_t keep_stride_1;
    int32_t reduce_0;
    int32_t reduce_1;
    int32_t reduce_stride_0;
    int32_t reduce_stride_1;
    int32_t sum_offset; // -zero_point of in * number of elements reduced
    int32_t mult; // MEAN: 1 / number of elements is in it
    int32_t shift;
    int32_t out_offset;
} midge_mean_t;

// REDUCE_MIN; REDUCE_MAX is a max_pool_2d.
typedef struct _midge_reduce_min_t {
    midge_ref_t in; // int8
    midge_ref_t out; // int8 [keep_0][keep_1]
    int32_t keep_0;
    int32_t keep_1;
    int32_t keep_stride_0; // in the input
    int32_t keep_stride_1;
    int32_t reduce_0;
    int32_t reduce_1;
    int32_t reduce_stride_0;
    int32_t reduce_stride_1;
} midge_reduce_min_t;

typedef struct _midge_reduce_prod_t {
    midge_ref_t in; // int8
    midge_ref_t out; // int8 [keep_0][keep_1]
    int32_t keep_0;
    int32_t keep_1;
    int32_t keep_stride_0; // in the input
    int32_t keep_stride_1;
    int32_t reduce_0;
    int32_t reduce_1;
    int32_t reduce_stride_0;
    int32_t reduce_stride_1;
    int32_t in_offset;
    int32_t mult; // applied once for each factor, 0...32767
    int32_t right; // right shift after the multiplication, 1...46
    int32_t out_offset;
} midge_reduce_prod_t;

// ARG_MAX and ARG_MIN along one axis; of equal values the first.
typedef struct _midge_arg_max_t {
    midge_ref_t in; // int8 [outer][depth][inner]
    midge_ref_t out; // int32 [outer][inner]
    int32_t outer;
    int32_t depth;
    int32_t inner;
    int32_t sign; // 1: ARG_MAX; -1: ARG_MIN
} midge_arg_max_t;

// Along the last axis.
typedef struct _midge_l2_normalization_t {
    midge_ref_t in; // int8 [rows][depth]
    midge_ref_t out; // int8 [rows][depth], scale 1/128, zero_point 0
    int32_t rows;
    int32_t depth; // at most 33025, so that no sum of squares passes int32
    int32_t in_offset;
} midge_l2_normalization_t;

// Along the last axis.
typedef struct _midge_log_softmax_t {
    midge_ref_t in; // int8 [rows][depth]
    midge_ref_t out; // int8 [rows][depth], scale 1/16, zero_point 127
    midge_ref_t table; // int32 [table_size], as in midge_softmax_t
    int32_t rows;
    int32_t depth; // at most 4095
    int32_t table_size; // at most 256
    int32_t mult; // of a difference, to Q5.26
    int32_t shift;
    int32_t reverse_mult; // from Q5.26 to a difference
    int32_t reverse_shift;
    int32_t diff_min; // differences below it count as nothing
} midge_log_softmax_t;

#endif // MIDGE_PARAMS_REDUCTION_H

// Parameters of the elementwise kernels of two inputs; see midge_params.h for the rules.
// dim_0...dim_3 is the output's shape, neighbouring axes merged; a stride is 0 along an axis where
// that input is broadcast.
#ifndef MIDGE_PARAMS_ELEMENTWISE_H
#define MIDGE_PARAMS_ELEMENTWISE_H

#include "midge.h"

// ADD and SUB: SUB has its second input's sign turned by b_sign.
typedef struct _midge_add_t {
    midge_ref_t a; // int8
    midge_ref_t b; // int8
    midge_ref_t out; // int8 [dim_0][dim_1][dim_2][dim_3]
    int32_t dim_0;
    int32_t dim_1;
    int32_t dim_2;
    int32_t dim_3;
    int32_t a_stride_0;
    int32_t a_stride_1;
    int32_t a_stride_2;
    int32_t a_stride_3;
    int32_t b_stride_0;
    int32_t b_stride_1;
    int32_t b_stride_2;
    int32_t b_stride_3;
    int32_t a_offset;
    int32_t a_mult;
    int32_t a_shift;
    int32_t b_offset;
    int32_t b_mult;
    int32_t b_shift;
    int32_t b_sign; // 1: ADD; -1: SUB
    int32_t left_shift; // both inputs are shifted left by this first
    int32_t mult;
    int32_t shift;
    int32_t out_offset;
    int32_t act_min;
    int32_t act_max;
} midge_add_t;

// ADD and SUB where b is as large as a or is repeated along it, as a row is along a matrix:
// (a_table[a] + b_table[b]) >> 16, clamped.
typedef struct _midge_add_tables_t {
    midge_ref_t a; // int8
    midge_ref_t b; // int8
    midge_ref_t out; // int8
    midge_ref_t a_table; // int32 [256], indexed by the input's bits
    midge_ref_t b_table;
    int32_t size; // of a and out, a multiple of b_size
    int32_t b_size;
    int32_t act_min;
    int32_t act_max;
} midge_add_tables_t;

typedef struct _midge_mul_t {
    midge_ref_t a; // int8
    midge_ref_t b; // int8
    midge_ref_t out; // int8 [dim_0][dim_1][dim_2][dim_3]
    int32_t dim_0;
    int32_t dim_1;
    int32_t dim_2;
    int32_t dim_3;
    int32_t a_stride_0;
    int32_t a_stride_1;
    int32_t a_stride_2;
    int32_t a_stride_3;
    int32_t b_stride_0;
    int32_t b_stride_1;
    int32_t b_stride_2;
    int32_t b_stride_3;
    int32_t a_offset;
    int32_t b_offset;
    int32_t mult;
    int32_t shift;
    int32_t out_offset;
    int32_t act_min;
    int32_t act_max;
} midge_mul_t;

// MAXIMUM and MINIMUM compare the integers: inputs and output have one quantization.
typedef struct _midge_maximum_t {
    midge_ref_t a; // int8
    midge_ref_t b; // int8
    midge_ref_t out; // int8 [dim_0][dim_1][dim_2][dim_3]
    int32_t dim_0;
    int32_t dim_1;
    int32_t dim_2;
    int32_t dim_3;
    int32_t a_stride_0;
    int32_t a_stride_1;
    int32_t a_stride_2;
    int32_t a_stride_3;
    int32_t b_stride_0;
    int32_t b_stride_1;
    int32_t b_stride_2;
    int32_t b_stride_3;
} midge_maximum_t;

typedef struct _midge_minimum_t {
    midge_ref_t a; // int8
    midge_ref_t b; // int8
    midge_ref_t out; // int8 [dim_0][dim_1][dim_2][dim_3]
    int32_t dim_0;
    int32_t dim_1;
    int32_t dim_2;
    int32_t dim_3;
    int32_t a_stride_0;
    int32_t a_stride_1;
    int32_t a_stride_2;
    int32_t a_stride_3;
    int32_t b_stride_0;
    int32_t b_stride_1;
    int32_t b_stride_2;
    int32_t b_stride_3;
} midge_minimum_t;

// (a - b) squared, after both went to a common scale with `left_shift` more bits.
typedef struct _midge_squared_difference_t {
    midge_ref_t a; // int8
    midge_ref_t b; // int8
    midge_ref_t out; // int8 [dim_0][dim_1][dim_2][dim_3]
    int32_t dim_0;
    int32_t dim_1;
    int32_t dim_2;
    int32_t dim_3;
    int32_t a_stride_0;
    int32_t a_stride_1;
    int32_t a_stride_2;
    int32_t a_stride_3;
    int32_t b_stride_0;
    int32_t b_stride_1;
    int32_t b_stride_2;
    int32_t b_stride_3;
    int32_t a_offset;
    int32_t a_mult;
    int32_t a_shift;
    int32_t b_offset;
    int32_t b_mult;
    int32_t b_shift;
    int32_t left_shift;
    int32_t mult;
    int32_t shift;
    int32_t out_offset;
} midge_squared_difference_t;

// a / b; `mult`/`shift` scale the quotient of the integers.
typedef struct _midge_div_t {
    midge_ref_t a; // int8
    midge_ref_t b; // int8
    midge_ref_t out; // int8 [dim_0][dim_1][dim_2][dim_3]
    int32_t dim_0;
    int32_t dim_1;
    int32_t dim_2;
    int32_t dim_3;
    int32_t a_stride_0;
    int32_t a_stride_1;
    int32_t a_stride_2;
    int32_t a_stride_3;
    int32_t b_stride_0;
    int32_t b_stride_1;
    int32_t b_stride_2;
    int32_t b_stride_3;
    int32_t a_offset;
    int32_t b_offset;
    int32_t mult;
    int32_t shift;
    int32_t out_offset;
    int32_t act_min;
    int32_t act_max;
} midge_div_t;

// a where it is not negative, else a * b, b being the slopes.
typedef struct _midge_prelu_t {
    midge_ref_t a; // int8
    midge_ref_t b; // int8
    midge_ref_t out; // int8 [dim_0][dim_1][dim_2][dim_3]
    int32_t dim_0;
    int32_t dim_1;
    int32_t dim_2;
    int32_t dim_3;
    int32_t a_stride_0;
    int32_t a_stride_1;
    int32_t a_stride_2;
    int32_t a_stride_3;
    int32_t b_stride_0;
    int32_t b_stride_1;
    int32_t b_stride_2;
    int32_t b_stride_3;
    int32_t a_offset;
    int32_t b_offset;
    int32_t mult;
    int32_t shift;
    int32_t slope_mult; // of a * b
    int32_t slope_shift;
    int32_t out_offset;
} midge_prelu_t;

#endif // MIDGE_PARAMS_ELEMENTWISE_H

// Parameters of layers that keep state between inferences. A state's operand is an offset into
// the model's state (midge_ctx_t).
#ifndef MIDGE_PARAMS_RECURRENT_H
#define MIDGE_PARAMS_RECURRENT_H

#include "midge.h"

// UNIDIRECTIONAL_SEQUENCE_LSTM. Gates stand in the order forget, cell, output, input; without
// the last where it is coupled to the forget gate.
typedef struct _midge_lstm_t {
    midge_ref_t in; // int8 [steps][n_in]
    midge_ref_t out; // int8 [steps][n_out]
    midge_ref_t hidden; // state, int8 [n_out]
    midge_ref_t cell; // state, int16 [n_cell], scale 2^-(15 - cell_bits)
    midge_ref_t in_weights; // int8 [gates][n_cell][n_in]
    midge_ref_t in_bias; // int32 [gates][n_cell], with -zero_point(in) * sum(weights) in it
    midge_ref_t rec_weights; // int8 [gates][n_cell][n_out]
    midge_ref_t rec_bias; // int32 [gates][n_cell], as in_bias
    midge_ref_t requant; // int32 [gates][9]: mult and shift of input, recurrent, peephole and
                         // normalized sums; the least variance
    midge_ref_t peephole; // int16 [gates][n_cell], or none
    midge_ref_t norm_weights; // int16 [gates][n_cell], or none
    midge_ref_t norm_bias; // int32 [gates][n_cell], or none
    midge_ref_t proj_weights; // int8 [n_out][n_cell], or none: n_out is n_cell
    midge_ref_t proj_bias; // int32 [n_out], with the zero point's part in it; or none
    midge_ref_t scratch; // int16 [gates][n_cell], then int8 [n_cell]
    int32_t steps;
    int32_t n_in;
    int32_t n_cell;
    int32_t n_out;
    int32_t gates; // 4; 3: the input gate is 1 - the forget gate
    int32_t cell_bits; // integer bits of the cell state, 0..6
    int32_t cell_clip; // 0: none
    int32_t hidden_mult; // output gate * tanh(cell) to the hidden value, -hidden_offset
    int32_t hidden_shift;
    int32_t hidden_offset;
    int32_t proj_mult;
    int32_t proj_shift;
    int32_t proj_offset; // zero_point of the hidden state
    int32_t proj_clip; // 0: none
} midge_lstm_t;

typedef struct _midge_svdf_t {
    midge_ref_t in; // int8 [n_in]
    midge_ref_t out; // int8 [units]
    midge_ref_t state; // state, int16 [units * rank][memory], newest last
    midge_ref_t feature_weights; // int8 [units * rank][n_in]
    midge_ref_t feature_bias; // int32 [units * rank]: -zero_point(in) * sum(weights)
    midge_ref_t time_weights; // int16 [units * rank][memory]
    midge_ref_t bias; // int32 [units], or none
    int32_t n_in;
    int32_t units;
    int32_t rank;
    int32_t memory;
    int32_t feature_mult;
    int32_t feature_shift;
    int32_t mult;
    int32_t shift;
    int32_t out_offset;
} midge_svdf_t;

#endif // MIDGE_PARAMS_RECURRENT_H

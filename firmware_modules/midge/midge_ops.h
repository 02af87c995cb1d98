// Opcode and kernel, the one table: host/midge/abi.py reads it, midge_run_words.c compiles it.
// X(opcode, name) stands for kernel midge_<name> with parameters midge_<name>_t.
// An opcode is never used again for another kernel.
#ifndef MIDGE_OPS_H
#define MIDGE_OPS_H

#include "midge_params.h"

#define MIDGE_OPS(X) \
    X(1, conv_2d) \
    X(2, depthwise_conv_2d) \
    X(3, fully_connected) \
    X(4, max_pool_2d) \
    X(5, average_pool_2d) \
    X(6, mean) \
    X(7, add) \
    X(8, mul) \
    X(9, pad) \
    X(10, copy) \
    X(11, lookup) \
    X(12, softmax) \
    X(13, quantize) \
    X(14, dequantize) \
    X(15, conv_2d_packed) \
    X(16, depthwise_packed) \
    X(17, fully_connected_packed) \
    X(18, add_tables) \
    X(120, conv_2d_jit) \
    X(121, pointwise_jit) \
    X(122, conv_pool) \
    X(40, move) \
    X(41, resize_bilinear) \
    X(42, transpose_conv) \
    X(43, transpose_conv_packed) \
    X(60, maximum) \
    X(61, minimum) \
    X(62, squared_difference) \
    X(63, div) \
    X(64, prelu) \
    X(65, reduce_min) \
    X(66, reduce_prod) \
    X(67, arg_max) \
    X(68, l2_normalization) \
    X(69, log_softmax) \
    X(80, batch_matmul) \
    X(81, lstm) \
    X(82, svdf) \
    X(100, conv_2d_16) \
    X(101, depthwise_conv_2d_16) \
    X(102, fully_connected_16) \
    X(103, max_pool_2d_16) \
    X(104, average_pool_2d_16) \
    X(105, mean_16) \
    X(106, add_16) \
    X(107, mul_16) \
    X(108, pad_16) \
    X(109, rescale_16) \
    X(110, sigmoid_16) \
    X(111, softmax_16) \
    X(112, quantize_16) \
    X(113, dequantize_16) \
    X(140, conv_2d_blocked) \
    X(141, depthwise_blocked) \
    X(142, fully_connected_blocked) \
    X(160, trees) \
    X(161, scale_features) \
    X(162, rank_features) \
    X(163, gaussian) \
    X(164, softmax_32) \
    X(165, log_sum_exp) \
    X(166, neighbors)

#define MIDGE_DECLARE(opcode, name) \
    void midge_##name(const midge_ctx_t *ctx, const void *params);
MIDGE_OPS(MIDGE_DECLARE)
#undef MIDGE_DECLARE

#endif // MIDGE_OPS_H

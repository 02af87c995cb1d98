// Parameters of the kernels of classical models; see midge_params.h for the rules. Features are
// int16, scaled one by one: host/midge/classical/ says how.
#ifndef MIDGE_PARAMS_CLASSICAL_H
#define MIDGE_PARAMS_CLASSICAL_H

#include "midge.h"

// Features to int16: q[i] = clamp(floor(x[i] * mult[i] * 2^-shift[i]) + bias[i] + 32 >> 6), in
// 64ths of a step. NaN becomes the lowest value.
typedef struct _midge_scale_features_t {
    midge_ref_t in; // float32, int16 or int8 [size]
    midge_ref_t out; // int16 [size], -limit...limit
    midge_ref_t mult; // int32 [size], 2^30...2^31 - 1
    midge_ref_t shift; // int8 [size]
    midge_ref_t bias; // int32 [size], within +-2^29
    int32_t size;
    int32_t in_bytes; // 4: float32, 2: int16, 1: int8
    int32_t limit;
} midge_scale_features_t;

// Features to int16: how many of a feature's thresholds are below it. Thresholds are the bits of
// float32 as midge_rank_features.c orders them; NaN is above all.
typedef struct _midge_rank_features_t {
    midge_ref_t in; // float32 [size]
    midge_ref_t out; // int16 [size]
    midge_ref_t starts; // int32 [size + 1]: where each feature's thresholds begin
    midge_ref_t keys; // int32, rising within a feature
    int32_t size;
} midge_rank_features_t;

// Trees: the sum of one leaf of each. A node is four int16: feature, threshold, and where to go
// if the feature is at most the threshold, and if not: a node of the same tree, or ~ a leaf.
typedef struct _midge_trees_t {
    midge_ref_t in; // int16 or int8
    midge_ref_t out; // int16 [outputs]
    midge_ref_t roots; // int32 [trees]: number of the first node, or ~ the only leaf
    midge_ref_t nodes; // int16 [][4]
    midge_ref_t leaves; // uint8 or int16 [][outputs]
    int32_t trees;
    int32_t outputs;
    int32_t in_bytes; // 2: int16, 1: int8
    int32_t leaf_bytes; // 2: int16, 1: uint8
} midge_trees_t;

// Logarithms of Gaussian densities, in 2^-16: constant - r.r / 2, where each r is a weighted sum of
// (in - mean), in 2^-12. Of the first `plain` classes it is the constant alone.
typedef struct _midge_gaussian_t {
    midge_ref_t in; // int16 [size]
    midge_ref_t out; // int32 [classes]
    midge_ref_t mean; // int16 [classes - plain][size]
    midge_ref_t weights; // int16 [classes - plain][size], or rows of 1, 2, ... size, if full
    midge_ref_t shift; // int8 [classes - plain][size]: of each r, to the right
    midge_ref_t constant; // int32 [classes]
    midge_ref_t scratch; // 8 bytes a class
    int32_t size;
    int32_t classes;
    int32_t plain;
    int32_t full; // 0: each r is of one feature; 1: r number j is of the first j + 1
    int32_t relative; // 1: to the largest, which is 0
} midge_gaussian_t;

// Probabilities of logarithms.
typedef struct _midge_softmax_32_t {
    midge_ref_t in; // int32 [size], in 2^-16
    midge_ref_t out; // int16 [size], in 2^-15
    midge_ref_t exp_table; // uint16 [16 + 256], Q15: exp(-i), exp(-i / 256)
    int32_t size;
} midge_softmax_32_t;

// The logarithm of a sum of numbers of which the logarithms are given.
typedef struct _midge_log_sum_exp_t {
    midge_ref_t in; // int32 [size], in 2^-16
    midge_ref_t out; // int32 [1], in 2^-16
    midge_ref_t exp_table; // as of softmax_32
    midge_ref_t log_table; // uint16 [257], Q16: log(1 + i / 256)
    int32_t size;
} midge_log_sum_exp_t;

// The nearest points vote, or their targets are averaged.
typedef struct _midge_neighbors_t {
    midge_ref_t in; // int16 [size]
    midge_ref_t out; // int16 [outputs]: shares in steps of 1 / 32767; or, int16 [1], the average
    midge_ref_t points; // int16 [count][size]
    midge_ref_t targets; // int16 [count]: classes, or what is averaged
    midge_ref_t scratch; // 8 bytes a neighbour
    int32_t size;
    int32_t count;
    int32_t neighbors;
    int32_t outputs;
    int32_t power; // 2: Euclidean distance, 1: the sum of differences; sums stay below 2^32
    int32_t by_distance; // 1: a vote weighs 1 / distance
    int32_t average;
} midge_neighbors_t;

#endif // MIDGE_PARAMS_CLASSICAL_H

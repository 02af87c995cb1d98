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

#endif // MIDGE_PARAMS_CLASSICAL_H

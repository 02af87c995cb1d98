// Two products in one multiplication: what the packed kernels are made of.
//
// A word holds two lanes, a + (b << 16), of two pixels (convolutions) or two outputs' weights
// (FULLY_CONNECTED). Multiplied by one number it gives both products; sums of products stay apart
// while each lane fits 16 bits with its sign, which the compiler proves (host/midge/lanes.py).
// A run of such products, T, is then moved to two 32-bit sums: all += T + 0x8000;
// high += (T + 0x8000) >> 16. In the end lane b is `high`, lane a is all - (high << 16).
//
// midge_packed.c has these functions in C, bit for bit the same arithmetic; midge_packed_*_m0.c
// have them for the Cortex-M0+, whose 32-bit products take one cycle.
#ifndef MIDGE_PACKED_H
#define MIDGE_PACKED_H

#include "midge.h"

// Requantization of one channel; see host/midge/requant.py. midge_packed_requant_m0.c knows the
// offsets.
typedef struct _midge_requant_t {
    uint32_t high;
    uint32_t add;
    uint32_t mult_low; // 12 bits
    uint32_t mult_high; // 20 bits
    uint32_t shift;
    uint32_t act_max;
    uint32_t act_span; // act_min - act_max
    uint32_t bias; // for midge_packed_requant_2
    uint32_t apart; // for midge_packed_requant_2
} midge_requant_t;

// The lanes of four pixels: out[2 * k] = p[0][k], p[1][k]; out[2 * k + 1] = p[2][k], p[3][k].
// Word-aligned rows and n a multiple of 4 are faster. Returns out + 2 * n.
uint32_t *midge_packed_pixels(const int8_t *const *p, uint32_t n, uint32_t *out);

// The lanes of two pixels, every third word of out.
void midge_packed_pair(const int8_t *a, const int8_t *b, uint32_t n, uint32_t *out);

// n weights, a multiple of 4 and aligned to 4, widened to 32 bits.
void midge_packed_widen(const int8_t *w, int32_t *out, uint32_t n);

// Sums of `groups` groups of four pixels with one channel's weights: acc[4 * groups].
// x: pairs * 4 words a group, as midge_packed_pixels makes them; w: pairs * 2 weights.
void midge_packed_dot(const uint32_t *x, const int32_t *w, uint32_t pairs, int32_t bias,
    int32_t *acc, uint32_t groups);

// The same with runs of three taps, then `pairs` runs of two: threes > 0.
void midge_packed_dot_3(const uint32_t *x, const int32_t *w, uint32_t threes, uint32_t pairs,
    int32_t bias, int32_t *acc, uint32_t groups);

// midge_packed_plane_m0.c knows the offsets. Distances are in bytes.
typedef struct _midge_packed_plane_t {
    uint32_t next_row; // from behind a row of two windows to the next row
    uint32_t next_pair; // from behind two windows' last row to the next window
    uint32_t next_alone; // the same after one window
    uint32_t next_line; // to add at the end of a line of windows
    uint32_t pairs; // of windows in a line
    uint32_t lines; // > 0
    uint32_t alone; // windows of a line that follow the pairs
    int32_t w[9];
} midge_packed_plane_t;

// 3 x 3 windows over a plane of two-lane words: acc[lines][2 * pairs + alone][lane], without a
// bias. The next window is one word on (_1) or two (_2), or as next_alone says where there are no
// pairs. Three products of a row are summed in a lane, or (_two) at most two.
void midge_packed_plane_1(const uint32_t *x, const midge_packed_plane_t *plane, int32_t *acc);
void midge_packed_plane_1_two(const uint32_t *x, const midge_packed_plane_t *plane, int32_t *acc);
void midge_packed_plane_2(const uint32_t *x, const midge_packed_plane_t *plane, int32_t *acc);
void midge_packed_plane_2_two(const uint32_t *x, const midge_packed_plane_t *plane, int32_t *acc);

// Four outputs' sums of FULLY_CONNECTED; see midge_fully_connected_packed.c. x: pairs * 3 words.
void midge_packed_dense(const uint32_t *w, const uint32_t *x, uint32_t pairs, uint32_t *sums);

// The same from the inputs as they are, 2 * pairs of them; pairs > 0.
void midge_packed_dense_direct(const uint32_t *w, const int8_t *in, uint32_t pairs,
    uint32_t *sums);

// n results, `stride` bytes apart.
void midge_packed_requant(const int32_t *acc, int8_t *out, uint32_t n,
    const midge_requant_t *rq, uint32_t stride);

// n pairs of results, n > 0: the second of each pair rq->apart bytes behind the first. rq->bias is
// added to the sums.
void midge_packed_requant_2(const int32_t *acc, int8_t *out, uint32_t n,
    const midge_requant_t *rq, uint32_t stride);

// Reads a channel's three words of constants.
static inline void midge_requant_load(midge_requant_t *rq, const int32_t *words) {
    rq->mult_low = (uint32_t)words[0] & 0xFFFu;
    rq->mult_high = (uint32_t)words[0] >> 12;
    rq->add = (uint32_t)words[1];
    rq->high = (uint32_t)words[2] >> 5;
    rq->shift = (uint32_t)words[2] & 31u;
}

// One result. sum: the channel's base is in its bias.
static inline int8_t midge_requant_one(const midge_requant_t *rq, int32_t sum) {
    uint32_t x = (uint32_t)sum;
    if (x > rq->high) {
        return (int8_t)(rq->act_max + (sum < 0 ? rq->act_span : 0u));
    }
    return (int8_t)((int32_t)(x * rq->mult_high + ((x * rq->mult_low) >> 12) + rq->add)
        >> rq->shift);
}

// n results of a channel with a kink at sum 0: another addend below x == split. Every channel of
// some layers, so plain C everywhere. kink: {split, addend below it}.
void midge_requant_kinked(const int32_t *acc, int8_t *out, uint32_t n, midge_requant_t *rq,
    uint32_t stride, const int32_t *kink, uint32_t step);

typedef struct _midge_packed_rows_t {
    uint32_t step; // bytes from one value to the next
    uint32_t n; // values in a row, > 0
    uint32_t rows; // > 0
    uint32_t next_in; // bytes from behind a row (n steps) to the next
    uint32_t next_x; // bytes from behind a row of words to the next
} midge_packed_rows_t;

// Rows of a plane: words with a's values in the low lane, b's in the high one.
void midge_packed_rows(const int8_t *a, const int8_t *b, const midge_packed_rows_t *rows,
    uint32_t *x);

#endif // MIDGE_PACKED_H

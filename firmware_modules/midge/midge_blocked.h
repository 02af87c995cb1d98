// Blocks of four pixels and four channels in registers: what the kernels for cores with many
// registers or with SMLAD are made of (Cortex-M33, RV32).
//
// Taps are widened in scratch, two to a word: of each four ("quad") taps 0 and 2, then 1 and 3,
// the order in which a Cortex-M33 widens bytes (SXTB16). What a word holds is the target's affair:
// two halves for SMLAD, or a + (b << 16) against wb + (wa << 16), whose product has the sum of
// both products, a * wa + b * wb, in its upper half. Where it fits, the sum of a whole quad
// (host/midge/lower/blocked.py proves where). midge_blocked.c has the inner loops in C; the sums are the same everywhere.
#ifndef MIDGE_BLOCKED_H
#define MIDGE_BLOCKED_H

#include <string.h>

#include "midge_packed.h"

#define MIDGE_BLOCK (4) // pixels, and channels

// Widens four rows of `quads` * 4 bytes: x[quad][2][row].
void midge_blocked_pixels(const int8_t *const *rows, uint32_t quads, uint32_t *x);
void midge_blocked_weights(const int8_t *const *rows, uint32_t quads, uint32_t *w);

// midge_blocked_dot_rv32.c knows the offsets.
typedef struct _midge_blocked_dot_t {
    const uint32_t *x; // widened pixels, one group of four after the other
    const uint32_t *w; // widened weights of four channels
    uint32_t quads;
    uint32_t groups;
    int32_t *acc;
    uint32_t stride; // bytes from a channel's sums to the next one's
    const uint8_t *runs; // pairs, until all quads are used: how many fit, how many then do not
    int32_t bias[MIDGE_BLOCK];
} midge_blocked_dot_t;

// acc[channel][pixel]
void midge_blocked_dot(const midge_blocked_dot_t *dot);

// sums[4 * blocks] += the outputs' sums. w: [block][quad][output][4] weights; x: [quad][2] words,
// two halves each.
void midge_blocked_dense(const int8_t *w, const uint32_t *x, uint32_t quads, int32_t *sums,
    uint32_t blocks);

// n results of one channel, `stride` bytes apart.
void midge_blocked_requant(const int32_t *acc, int8_t *out, uint32_t n, const midge_requant_t *rq,
    uint32_t stride);

// Lines of 3 x 3 windows over rows of pixels, each of `c` channels.
typedef struct _midge_blocked_band_t {
    const int8_t *rows; // the first window's
    const int8_t *weights; // [9][c]
    const int32_t *bias; // [c]
    const int32_t *requant; // [c][3]
    const int32_t *kink; // [c][2] or NULL
    const uint32_t *table; // what midge_blocked_band_table made
    uint32_t c;
    uint32_t row; // bytes from row to row
    uint32_t step; // bytes from window to window
    uint32_t next_line; // bytes from a line's first window to the next line's
    uint32_t width; // windows in a line
    uint32_t lines;
    int32_t act_min;
    int32_t act_max;
} midge_blocked_band_t;

// Words of the table that midge_blocked_band wants of a layer: at most 10 for each channel, c
// rounded up to 4.
void midge_blocked_band_table(const midge_blocked_band_t *band, uint32_t *table);

// out[lines][width][c]
void midge_blocked_band(const midge_blocked_band_t *band, int8_t *out);

// The same without a table, also with kinks.
void midge_blocked_band_any(const midge_blocked_band_t *band, int8_t *out);

// memcpy, to a lower place too: small C libraries for RISC-V copy bytes.
static inline void midge_blocked_copy(int8_t *to, const int8_t *from, size_t n) {
#if !defined(__riscv)
    if (n >= 16) {
        memmove(to, from, n);
        return;
    }
#else
    if ((((uintptr_t)to | (uintptr_t)from) & 3u) == 0) {
        for (; n >= 8; n -= 8, to += 8, from += 8) {
            uint32_t words[2];
            __builtin_memcpy(words, __builtin_assume_aligned(from, 4), 8);
            __builtin_memcpy(__builtin_assume_aligned(to, 4), words, 8);
        }
    }
#endif
    for (; n > 3; n -= 4, to += 4, from += 4) {
#if defined(__ARM_FEATURE_UNALIGNED)
        uint32_t word;
        __builtin_memcpy(&word, from, 4);
        __builtin_memcpy(to, &word, 4);
#else
        int8_t a = from[0], b = from[1], c = from[2], d = from[3];
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
#endif
    }
    for (; n > 0; n--) {
        *to++ = *from++;
    }
}

static inline midge_requant_t midge_blocked_rq(int32_t act_min, int32_t act_max) {
    return (midge_requant_t) {
        .act_span = (uint32_t)(act_min - act_max),
        .act_max = (uint32_t)act_max,
    };
}

#endif // MIDGE_BLOCKED_H

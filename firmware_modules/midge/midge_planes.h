// Planes of two-lane words: a channel of an image, with its padding, two lines of it in a word.
#ifndef MIDGE_PLANES_H
#define MIDGE_PLANES_H

#include "midge_packed.h"

typedef struct _midge_lines_t {
    int32_t first;
    int32_t end;
} midge_lines_t;

typedef struct _midge_planes_t {
    // given
    int32_t in_h;
    int32_t in_w;
    int32_t c; // channels
    int32_t top; // input line of the first row's low lane
    int32_t left; // input column of the first word
    int32_t step_x; // input columns from a word to the next
    int32_t apart; // input lines from the low lane to the high one
    int32_t rows;
    int32_t cols;
    int32_t pitch; // words from a row to the next
    int32_t pad;
    // by midge_planes_prepare
    int32_t skip; // words of a row before the input begins
    int32_t n; // words of a row inside the input
    int32_t from; // of the first of these in the input
    int32_t first; // row of `both`
    midge_packed_rows_t both; // rows of which both lanes lie inside the input
    midge_lines_t a; // rows of which only the low lane does
    midge_lines_t b; // only the high lane
} midge_planes_t;

void midge_planes_prepare(midge_planes_t *m);

// Padding everywhere: what lies beside the input is the same for every channel.
void midge_planes_fill(uint32_t *x, int32_t words, int32_t pad);

// What one channel, whose first value is at `in`, has inside the plane.
void midge_planes_pack(const midge_planes_t *m, const int8_t *in, uint32_t *x);

#endif // MIDGE_PLANES_H

// Convolution with weights as immediates: for each output channel code is written into SRAM that
// has the weights in its instructions, and run over groups of three words with two lanes each.
// It needs neither to load weights nor to keep their order: zeros are left out, and a run of
// products (midge_packed.h) goes on while the sum of |w| is at most 255, so that no lane overflows
// (-128 * 255 > -2^15). midge_jit.c computes the same in C, midge_jit_m0.c emits the code.
#ifndef MIDGE_JIT_H
#define MIDGE_JIT_H

#include "midge_packed.h"

// Where the fields are, for midge_jit_m0.c.
#define JIT_CODE "0"
#define JIT_WEIGHTS "4"
#define JIT_TAPS "8"
#define JIT_PLACES "12"
#define JIT_EPILOGUE "16"

typedef struct _midge_jit_t {
    uint16_t *code; // aligned to 4
    const int8_t *weights; // of one channel
    uint32_t taps;
    // Bytes from a group's first word to each tap's three words, then to the next group; NULL:
    // they follow each other.
    const uint16_t *places;
    void (*epilogue)(void);
    const struct _midge_jit_kind_t *kind;
} midge_jit_t;

#define FRAME_X "48"
#define FRAME_Y "32"
#define FRAME_LINE_END "44"
#define FRAME_LINE_X "52"
#define FRAME_NEXT_X "56"
#define FRAME_LINES "60"
#define FRAME_LINE_BYTES "64"
#define FRAME_ACT_MAX "72" // of which the byte before is act_min
#define FRAME_SPLIT "76"
#define FRAME_ADD_BELOW "80"
#define FRAME_BYTES "84"

// One channel's run over `lines` lines.
typedef struct _midge_jit_frame_t {
    uint32_t all; // what the sums begin with
    uint32_t high;
    const uint16_t *code;
    uint32_t mult_low;
    uint32_t mult_high;
    uint32_t shift;
    uint32_t limit; // the greatest sum that is not clamped
    uint32_t add;
    int8_t *y;
    uint32_t apart; // bytes from lane a's result to lane b's
    uint32_t stride; // bytes from a word's results to the next word's
    int8_t *line_end; // y behind the line
    const uint32_t *x;
    const uint32_t *line_x; // as x
    uint32_t next_x; // bytes from a line to the next
    uint32_t lines;
    uint32_t line_bytes; // results of a line, stride * words
    uint32_t act_min; // << 24
    uint32_t act_max;
    int32_t split; // _kinked: below this sum
    uint32_t add_below; // this is added instead of `add`
} midge_jit_frame_t;

// What a layer's channels have in common: the code's writer, and how it is run.
typedef struct _midge_jit_kind_t {
    uint32_t (*emit)(const midge_jit_t *jit); // returns the number of runs
    void (*run)(const midge_jit_frame_t *frame);
    void (*epilogue)(void);
} midge_jit_kind_t;

extern const midge_jit_kind_t midge_jit_pixels; // no places, no kink
extern const midge_jit_kind_t midge_jit_planes; // no kink
extern const midge_jit_kind_t midge_jit_planes_kinked;

// Prepares a channel; sets all, high and code of the frame from the channel's bias.
void midge_jit_channel(midge_jit_t *jit, midge_jit_frame_t *frame, int32_t bias);
// All results of the channel.
void midge_jit_results(const midge_jit_t *jit, const midge_jit_frame_t *frame);

#endif // MIDGE_JIT_H

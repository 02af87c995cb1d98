// Signal processing in fixed point: the blocks, and how they become a pipeline.
//
// A block is a kernel like a layer's: a struct of midge_params_dsp.h, buffers in an arena, tables
// in the constants, nothing decided at run time. The host (host/midge/dsp/) checks parameters,
// makes the tables and places the buffers. So blocks run in the lists of midge_run_words on the
// PC, and as midge_op_t on the board, with the same bits.
//
// A pipeline runs once a hop. Its arena starts with state (filters, rings), which lives on; behind
// it lies scratch, which does not. A hop of raw samples goes in, a row of int8 comes out and is
// kept in a ring of `rows` rows: the model's input window. Only what is new is computed.
#ifndef MIDGE_DSP_H
#define MIDGE_DSP_H

#include "midge.h"

typedef struct _midge_pipeline_t {
    uint32_t arena_bytes; // aligned to 8
    uint32_t state_bytes; // of them, from the start: zero before the first hop
    uint32_t in_offset; // the hop: int16 [hop][channels], or an image, in scratch
    uint32_t in_bytes;
    uint32_t row_offset; // what the last block writes
    uint32_t row_bytes;
    uint32_t ring_offset; // state, int8 [rows][row_bytes]
    uint32_t counters_offset; // state, a midge_pipeline_counters_t
    uint16_t rows;
    uint16_t warmup; // hops before the first whole frame, whose rows are not kept
    uint16_t stride; // hops from one window to the next
    uint16_t n_ops;
    const midge_op_t *ops;
    const uint8_t *consts;
} midge_pipeline_t;

typedef struct _midge_pipeline_counters_t {
    uint32_t hops; // so far, up to warmup + rows
    uint32_t oldest; // row of the ring
    uint32_t filled; // bytes of a hop that came in parts
    uint32_t since; // hops since the last window
} midge_pipeline_counters_t;

// A model's input that takes samples: the pipeline in front of it, and what it was trained for.
struct _midge_front_t {
    midge_pipeline_t pipeline;
    uint8_t *arena; // its own, so that samples may be pushed while an inference runs
    float rate_hz;
    uint32_t length; // samples in a window
    uint16_t channels;
};

// Forgets everything: as after power-up.
void midge_pipeline_reset(const midge_pipeline_t *pipeline, uint8_t *arena);

// Runs one hop of n bytes. Returns 1 when the ring holds a whole window, 0 while it fills, -1 when
// n is not in_bytes (nothing is done then).
int midge_pipeline_run(const midge_pipeline_t *pipeline, uint8_t *arena, const void *hop,
    size_t n);

// Takes samples until a window is complete or n bytes are used up. The hop's buffer must be state.
// Returns how many bytes it took; *complete says whether a window is.
size_t midge_pipeline_push(const midge_pipeline_t *pipeline, uint8_t *arena, const void *samples,
    size_t n, bool *complete);

// Copies the window, oldest row first, into out. Returns 0, or -1 when n is not
// rows * row_bytes.
int midge_pipeline_window(const midge_pipeline_t *pipeline, const uint8_t *arena, int8_t *out,
    size_t n);

// One section of dsp_biquad. Real coefficients: b / 2^(13 + b_shift), (a + a_low / 2^14) / 2^13.
// midge_dsp_biquad_m0.c knows the offsets.
typedef struct _midge_dsp_section_t {
    int16_t b[3];
    int16_t a[2]; // a1, a2 of 1 + a1 z^-1 + a2 z^-2
    int16_t a_low[2]; // -8192..8192; 0 where wide is 0
    int16_t b_shift; // 0..14; 0 where wide is 0
    int16_t wide;
} midge_dsp_section_t;

typedef struct _midge_dsp_section_state_t {
    int32_t x[2];
    int32_t y[2];
    int32_t rest; // what was cut off the last output
} midge_dsp_section_state_t;

// Bits of dsp_statistics, and the unit of each output.
typedef enum {
    MIDGE_DSP_MEAN = 1, // 1/16 count
    MIDGE_DSP_RMS = 2, // 1/16 count
    MIDGE_DSP_STD = 4, // 1/16 count
    MIDGE_DSP_MIN = 8, // counts
    MIDGE_DSP_MAX = 16, // counts
    MIDGE_DSP_PEAK_TO_PEAK = 32, // counts
    MIDGE_DSP_ZERO_CROSSINGS = 64, // sign changes; 0 is positive
    MIDGE_DSP_SKEW = 128, // 1/1024; 0 for a constant signal
    MIDGE_DSP_KURTOSIS = 256, // 1/1024, 3 for a normal distribution; 0 for a constant signal
    MIDGE_DSP_CREST = 512, // max |x| / RMS, 1/1024; 0 for silence
} midge_dsp_statistic_t;

typedef enum {
    MIDGE_DSP_GRAY = 0,
    MIDGE_DSP_RGB565 = 1, // as framebuf has it: low byte first
    MIDGE_DSP_RGB565_BIG = 2, // as most cameras send it: high byte first
} midge_dsp_format_t;

#endif // MIDGE_DSP_H

// What each block of the signal processing takes; host/midge/abi.py reads it, so the rules of
// midge_params.h hold here too. Sizes are in elements. Signals are int16, planar:
// [channels][length]. Buffers marked "state" keep their content from one hop to the next and
// start as zeros. An exponent e is an int32 beside a buffer: real value = stored value * 2^e.
#ifndef MIDGE_PARAMS_DSP_H
#define MIDGE_PARAMS_DSP_H

#include "midge.h"

// Interleaved samples, as sensors give them, to planes.
typedef struct _midge_dsp_split_t {
    midge_ref_t in; // int16 [length][channels]
    midge_ref_t out; // int16 [channels][length]
    int32_t length;
    int32_t channels;
} midge_dsp_split_t;

// Clamps, and counts what was at or beyond the limits.
typedef struct _midge_dsp_clamp_t {
    midge_ref_t in; // int16 [channels][length]
    midge_ref_t out; // the same; may be in
    midge_ref_t counts; // state, int32 [channels]; stays at INT32_MAX once there
    int32_t length;
    int32_t channels;
    int32_t low;
    int32_t high;
} midge_dsp_clamp_t;

// Takes away a running mean: mean += (x - mean) / 2^shift; y = x - mean.
typedef struct _midge_dsp_dc_t {
    midge_ref_t in; // int16 [channels][length]
    midge_ref_t out; // the same; may be in
    midge_ref_t state; // state, int32 [channels]: the mean in Q14
    int32_t length;
    int32_t channels;
    int32_t shift; // 1..14
} midge_dsp_dc_t;

// Takes away the mean of the buffer itself.
typedef struct _midge_dsp_center_t {
    midge_ref_t in; // int16 [channels][length]
    midge_ref_t out; // the same; may be in
    int32_t length; // at most 32768
    int32_t channels;
} midge_dsp_center_t;

// y = (x - offset) * mult / 2^shift, rounded, saturated; constants for each channel.
typedef struct _midge_dsp_scale_t {
    midge_ref_t in; // int16 [channels][length]
    midge_ref_t out; // the same; may be in
    midge_ref_t offset; // int16 [channels]
    midge_ref_t mult; // int16 [channels], -16383..16383
    midge_ref_t shift; // int8 [channels], 1..30
    int32_t length;
    int32_t channels;
} midge_dsp_scale_t;

// A cascade of second-order sections; see midge_dsp_biquad.c.
typedef struct _midge_dsp_biquad_t {
    midge_ref_t in; // int16 [channels][length]
    midge_ref_t out; // the same; may be in
    midge_ref_t coefs; // int16 [sections][9], a midge_dsp_section_t each
    midge_ref_t state; // state, int32 [channels][sections][5]
    int32_t length;
    int32_t channels;
    int32_t sections;
} midge_dsp_biquad_t;

// FIR low pass, and every factor-th of its outputs.
typedef struct _midge_dsp_decimate_t {
    midge_ref_t in; // int16 [channels][length]
    midge_ref_t out; // int16 [channels][length / factor]
    midge_ref_t taps; // int16 [n_taps], Q15, sum of magnitudes below 65535, oldest sample's first
    midge_ref_t state; // state, int16 [channels][n_taps - 1 + length]
    int32_t length; // a multiple of factor
    int32_t channels;
    int32_t factor;
    int32_t n_taps;
} midge_dsp_decimate_t;

// Appends to a ring that holds the newest ring_length samples.
typedef struct _midge_dsp_push_t {
    midge_ref_t in; // int16 [channels][length]
    midge_ref_t out; // state, int16 [channels][ring_length]
    midge_ref_t pos; // state, int32: where the next sample goes
    int32_t length; // at most ring_length
    int32_t channels;
    int32_t ring_length;
} midge_dsp_push_t;

// The newest samples of a ring in order.
typedef struct _midge_dsp_recent_t {
    midge_ref_t in; // int16 [channels][ring_length]
    midge_ref_t pos; // int32
    midge_ref_t out; // int16 [channels][length], or [length][channels] where interleave is 1
    int32_t length; // at most ring_length
    int32_t channels;
    int32_t ring_length;
    int32_t interleave;
} midge_dsp_recent_t;

// One channel's newest samples times a window, zeros behind; with exp: shifted left first so that
// the largest fills 15 bits.
typedef struct _midge_dsp_window_t {
    midge_ref_t in; // int16 [ring_length] of one channel
    midge_ref_t pos; // int32 of a ring; none: in is in order, and ring_length is length
    midge_ref_t table; // int16 [length], Q15, 0..32767; none: no window
    midge_ref_t out; // int16 [out_length]
    midge_ref_t exp; // int32; none: no shift to the left
    int32_t length; // at most ring_length and out_length
    int32_t out_length;
    int32_t ring_length;
} midge_dsp_window_t;

// Real FFT, block floating point: bins 0..n/2, 16-bit real (low half) and imaginary parts.
typedef struct _midge_dsp_fft_t {
    midge_ref_t in; // int16 [n], at a multiple of 4
    midge_ref_t in_exp; // int32, or none
    midge_ref_t twiddles; // int16 [..][3][2], see midge_dsp_fft.c
    midge_ref_t post; // int16 [n/4 - 1][2]
    midge_ref_t out; // int16 [n/2 + 1][2]
    midge_ref_t exp; // int32
    int32_t n; // 32, 64, ..., 2048
} midge_dsp_fft_t;

// re^2 + im^2, exact.
typedef struct _midge_dsp_power_t {
    midge_ref_t in; // int16 [bins][2]
    midge_ref_t in_exp; // int32
    midge_ref_t out; // uint32 [bins]; may be in
    midge_ref_t exp; // int32: twice in_exp
    int32_t bins;
} midge_dsp_power_t;

// sqrt(re^2 + im^2), rounded down.
typedef struct _midge_dsp_magnitude_t {
    midge_ref_t in; // int16 [bins][2]
    midge_ref_t out; // uint16 [bins]; may be in
    int32_t bins; // its exponent is the input's
} midge_dsp_magnitude_t;

// Triangles that share their edges: a bin between two centres gives `rise` of its power to the
// upper band, the rest to the lower one.
typedef struct _midge_dsp_mel_t {
    midge_ref_t in; // uint32 [bins], below 2^31
    midge_ref_t edges; // uint16 [bands + 2]: first bin of each segment; the last is the end
    midge_ref_t rise; // uint16 [edges[bands + 1] - edges[0]], Q15, 0..32768
    midge_ref_t out; // uint64 [bands], the input's exponent
    int32_t bands;
} midge_dsp_mel_t;

// Sums of power.
typedef struct _midge_dsp_bands_t {
    midge_ref_t in; // uint32 [bins]
    midge_ref_t edges; // uint16 [bands][2]: first bin, and the one behind the last
    midge_ref_t out; // uint64 [bands], the input's exponent
    int32_t bands;
} midge_dsp_bands_t;

// log2 in fixed point, with an offset for each element; see midge_dsp_log2.c.
typedef struct _midge_dsp_log2_t {
    midge_ref_t in; // uint64 [length]
    midge_ref_t in_exp; // int32, or none
    midge_ref_t table; // uint16 [65]: 65536 * log2(1 + i / 64), the last less one
    midge_ref_t offset; // int32 [length], Q16
    midge_ref_t out; // int16 [length]
    int32_t length;
    int32_t frac; // fraction bits of out, 0..12
    int32_t floor; // the least value given, also for 0
} midge_dsp_log2_t;

// sqrt(x * 2^in_exp) / 2^shift, rounded down, saturated to 32767.
typedef struct _midge_dsp_root_t {
    midge_ref_t in; // uint64 [length]
    midge_ref_t in_exp; // int32, even, or none
    midge_ref_t out; // int16 [length]
    int32_t length;
    int32_t shift;
} midge_dsp_root_t;

// A small matrix times a vector: (sum of table * x) / 2^shift, rounded, saturated.
typedef struct _midge_dsp_dct_t {
    midge_ref_t in; // int16 [n_in]
    midge_ref_t table; // int16 [n_out][n_in], sum of magnitudes of a row below 65535
    midge_ref_t out; // int16 [n_out]
    int32_t n_in;
    int32_t n_out;
    int32_t shift; // 1..30
} midge_dsp_dct_t;

// Statistics of each channel, in the order of the bits of `select`; see midge_dsp_statistics.c.
typedef struct _midge_dsp_statistics_t {
    midge_ref_t in; // int16 [channels][length]
    midge_ref_t out; // int32 [channels][number of bits set]
    int32_t length; // 2..16384
    int32_t channels;
    int32_t select; // bits of midge_dsp_statistic_t
} midge_dsp_statistics_t;

// The model's input: zero_point + (x - offset) * mult / 2^shift, rounded, clamped.
typedef struct _midge_dsp_quantize_t {
    midge_ref_t in; // int16 [rows][columns]
    midge_ref_t offset; // int16 [columns]
    midge_ref_t mult; // int16 [columns], -16383..16383
    midge_ref_t shift; // int8 [columns], 1..30
    midge_ref_t out; // int8 [rows][columns]
    int32_t rows;
    int32_t columns;
    int32_t zero_point;
} midge_dsp_quantize_t;

// The same from int32, with 31-bit multipliers.
typedef struct _midge_dsp_quantize_wide_t {
    midge_ref_t in; // int32 [rows][columns], -2^29..2^29
    midge_ref_t offset; // int32 [columns], -2^29..2^29
    midge_ref_t mult; // int32 [columns]
    midge_ref_t shift; // int8 [columns], 1..62
    midge_ref_t out; // int8 [rows][columns]
    int32_t rows;
    int32_t columns;
    int32_t zero_point;
} midge_dsp_quantize_wide_t;

// Crop, resize, grayscale and normalization of a camera's picture; see midge_dsp_image.c.
typedef struct _midge_dsp_image_t {
    midge_ref_t in; // uint8 or uint16 [rows of in_width pixels]
    midge_ref_t cols; // int16 [out_w][2]: left pixel of two, weight of the right one in 1/128
    midge_ref_t rows; // int16 [out_h][2]: the same for rows
    midge_ref_t table; // int8 [out_c][256]: from intensity to the model's input
    midge_ref_t out; // int8 [out_h][out_w][out_c]
    int32_t in_width;
    int32_t out_h;
    int32_t out_w;
    int32_t out_c; // 1: gray; 3: red, green, blue
    int32_t format; // midge_dsp_format_t
} midge_dsp_image_t;

#endif // MIDGE_PARAMS_DSP_H

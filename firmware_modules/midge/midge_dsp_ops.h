// Opcode and block of the signal processing, as midge_ops.h has them for the layers: the packed
// lists of midge_run_words may hold both. X(opcode, name) stands for midge_<name> with parameters
// midge_<name>_t. An opcode is never used again for another block.
#ifndef MIDGE_DSP_OPS_H
#define MIDGE_DSP_OPS_H

#include "midge_params_dsp.h"

#define MIDGE_DSP_OPS(X) \
    X(256, dsp_split) \
    X(257, dsp_clamp) \
    X(258, dsp_dc) \
    X(259, dsp_center) \
    X(260, dsp_scale) \
    X(261, dsp_biquad) \
    X(262, dsp_decimate) \
    X(263, dsp_push) \
    X(264, dsp_recent) \
    X(265, dsp_window) \
    X(266, dsp_fft) \
    X(267, dsp_power) \
    X(268, dsp_magnitude) \
    X(269, dsp_mel) \
    X(270, dsp_bands) \
    X(271, dsp_log2) \
    X(272, dsp_root) \
    X(273, dsp_dct) \
    X(274, dsp_statistics) \
    X(275, dsp_quantize) \
    X(276, dsp_quantize_wide) \
    X(277, dsp_image)

#define MIDGE_DSP_DECLARE(opcode, name) \
    void midge_##name(const midge_ctx_t *ctx, const void *params);
MIDGE_DSP_OPS(MIDGE_DSP_DECLARE)
#undef MIDGE_DSP_DECLARE

#endif // MIDGE_DSP_OPS_H

// TRANSPOSE_CONV by the packed convolution: output pixels in blocks of stride x stride, whose
// pixels are channels of one convolution with stride 1; then the blocks are dealt out.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

void midge_transpose_conv_packed(const midge_ctx_t *ctx, const void *params) {
    const midge_transpose_conv_packed_t *p = params;
    midge_conv_2d_packed_t conv;
    memcpy(&conv, p, sizeof(conv)); // they begin alike
    conv.out = p->scratch_blocks;
    midge_conv_2d_packed(ctx, &conv);
    midge_move_t move = {
        .in = p->scratch_blocks,
        .out = p->out,
        .walk = p->walk,
        .axes = p->axes,
        .in_start = p->in_start,
        .run_bytes = p->run_bytes,
    };
    midge_move(ctx, &move);
}

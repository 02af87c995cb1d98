// The channels of conv_2d_jit and pointwise_jit, one after the other.
#include "midge_jit_conv.h"

void midge_jit_channels(midge_jit_conv_t *c, midge_jit_frame_t *frame) {
    frame->act_min = (uint32_t)c->act_min << 24;
    frame->act_max = (uint32_t)c->act_max;
    frame->stride = (uint32_t)c->out_c;
    frame->x = frame->line_x = c->x;
    frame->split = INT32_MIN;
    c->jit.weights = c->weights;
    for (int32_t oc = 0; oc < c->out_c; oc++) {
        midge_requant_t rq;
        midge_requant_load(&rq, c->requant + 3 * oc);
        frame->mult_low = rq.mult_low;
        frame->mult_high = rq.mult_high;
        frame->shift = rq.shift;
        frame->limit = rq.high;
        frame->add = rq.add;
        if (c->kink != NULL) {
            frame->split = c->kink[2 * oc];
            frame->add_below = (uint32_t)c->kink[2 * oc + 1];
        }
        frame->line_end = frame->y + frame->line_bytes;
        midge_jit_channel(&c->jit, frame, c->bias[oc]);
        midge_jit_results(&c->jit, frame);
        frame->y++;
        c->jit.weights += c->jit.taps;
    }
}

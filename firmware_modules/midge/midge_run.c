// Runs a compiled model, op by op.
#include <string.h>

#include "midge.h"

void midge_reset(const midge_model_t *model) {
    for (uint16_t i = 0; i < model->n_states; i++) {
        const midge_state_t *state = &model->states[i];
        memset(model->state + state->offset, state->reset, state->bytes);
    }
}

void midge_run(const midge_model_t *model, uint8_t *arena, midge_trace_t trace, void *arg) {
    midge_ctx_t ctx = { .arena = arena, .consts = model->consts, .state = model->state };
    for (uint16_t i = 0; i < model->n_ops; i++) {
        if (trace != NULL) {
            trace(arg, i);
        }
        model->ops[i].kernel(&ctx, model->ops[i].params);
    }
    if (trace != NULL) {
        trace(arg, model->n_ops);
    }
}

// What the generated midge_models.c gives the binding: the compiled-in models and their arena.
//
// midge build writes that file (host/midge/emit_c.py). A firmware without a model is
// valid: the count is 0 and load() says so.
#ifndef MIDGE_MODELS_H
#define MIDGE_MODELS_H

#include "midge.h"

extern const size_t midge_models_count;
extern const midge_model_t *const midge_models[]; // midge_models_count of them, then NULL

// One arena for all models, as large as the largest needs, aligned to 8. Only one of them runs
// at a time, and an inference leaves nothing in it that a later one needs: what a model keeps
// between inferences is in its own midge_model_t.state.
extern uint8_t midge_arena[];
extern const uint32_t midge_arena_bytes;

#endif // MIDGE_MODELS_H

// The Stream type of _midge: samples in, hop by hop, windows of features for a model's input.
#ifndef MIDGE_STREAM_H
#define MIDGE_STREAM_H

#include "midge_dsp.h"
#include "py/obj.h"

extern const mp_obj_type_t midge_stream_type;

// stream(number=0, rate_hz=None, channels=None) of Model.
mp_obj_t midge_stream_new(const midge_model_t *model, size_t n_args, const mp_obj_t *args,
    mp_map_t *kw_args);

// The front of `input` whose window a Stream gives: ValueError where it is another's, or where no
// window is complete yet. NULL where obj is no Stream.
const midge_front_t *midge_stream_front(mp_obj_t obj, const midge_model_t *model, size_t input);

// Copies the window, whole even if an interrupt pushes meanwhile.
void midge_stream_window(const midge_front_t *front, int8_t *out, size_t n);

#endif // MIDGE_STREAM_H

// The Model type of _midge.
#ifndef MIDGE_MODEL_H
#define MIDGE_MODEL_H

#include "midge.h"
#include "py/obj.h"

extern const mp_obj_type_t midge_model_type;

// Around a few statements that no interrupt and no other thread may part. Where one thread runs at
// a time anyway there is nothing to do, and a lock would stay locked for ever if the unix port's
// KeyboardInterrupt, raised wherever the program is, came while it was held.
#if MICROPY_PY_THREAD && MICROPY_PY_THREAD_GIL
#define MIDGE_ENTER() (0)
#define MIDGE_EXIT(state) ((void)(state))
#else
#define MIDGE_ENTER() MICROPY_BEGIN_ATOMIC_SECTION()
#define MIDGE_EXIT(state) MICROPY_END_ATOMIC_SECTION(state)
#endif

// For a new start of MicroPython: a thread that was ended in an inference holds the arena no more.
void midge_model_reset(void);

mp_obj_t midge_model_new(const midge_model_t *model);
// A new dict of all there is to know about a model, for Model.info().
mp_obj_t midge_model_info(const midge_model_t *model);
mp_obj_t midge_model_layers(const midge_model_t *model);
void midge_model_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind);

typedef struct _midge_model_obj_t {
    mp_obj_base_t base;
    const midge_model_t *model;
} midge_model_obj_t;

#endif // MIDGE_MODEL_H

#include "midge_stream.h"

#include <string.h>

#include "midge_io.h"
#include "midge_model.h"
#include "midge_models.h"
#include "py/mphal.h"
#include "py/runtime.h"

typedef struct _midge_stream_obj_t {
    mp_obj_base_t base;
    const midge_model_t *model;
    const midge_front_t *front;
    volatile bool busy; // a push is running
    volatile bool ready; // a window is complete, until the next push
    mp_uint_t windows; // complete ones so far
} midge_stream_obj_t;

static midge_stream_obj_t *stream_of(mp_obj_t self) {
    return MP_OBJ_TO_PTR(self);
}

static void enter(midge_stream_obj_t *self) {
    mp_uint_t state = MIDGE_ENTER();
    bool busy = self->busy;
    self->busy = true;
    MIDGE_EXIT(state);
    if (busy) {
        mp_raise_msg(&mp_type_RuntimeError,
            MP_ERROR_TEXT("a push is running already (called from an interrupt or thread?)"));
    }
}

static void forget(midge_stream_obj_t *self) {
    midge_pipeline_reset(&self->front->pipeline, self->front->arena);
    self->ready = false;
}

static bool same_rate(const midge_front_t *front, mp_obj_t rate) {
    mp_float_t difference = mp_obj_get_float(rate) - (mp_float_t)front->rate_hz;
    mp_float_t room = (mp_float_t)front->rate_hz * (mp_float_t)1e-3;
    return difference <= room && difference >= -room;
}

static void check_source(const midge_model_t *model, const midge_front_t *front, mp_obj_t rate,
    mp_obj_t channels) {
    if (rate != mp_const_none && !same_rate(front, rate)) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("%s: trained at %g samples a second, found %g"), model->name,
            (double)front->rate_hz, (double)mp_obj_get_float(rate));
    }
    if (channels != mp_const_none && mp_obj_get_int(channels) != front->channels) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("%s: trained with %u channels, found %d"), model->name,
            (unsigned)front->channels, (int)mp_obj_get_int(channels));
    }
}

mp_obj_t midge_stream_new(const midge_model_t *model, size_t n_args, const mp_obj_t *pos_args,
    mp_map_t *kw_args) {
    static const mp_arg_t allowed[] = {
        { MP_QSTR_number, MP_ARG_INT, {.u_int = 0} },
        { MP_QSTR_rate_hz, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_channels, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    if (model->fronts == NULL) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("%s: no features compiled in; collect raw windows with midge.Window"),
            model->name);
    }
    mp_int_t input = args[0].u_int;
    if (input < 0 || input >= model->n_inputs) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: input needs 0..%d, found %d"),
            model->name, model->n_inputs - 1, (int)input);
    }
    const midge_front_t *front = model->fronts[input];
    check_source(model, front, args[1].u_obj, args[2].u_obj);
    midge_stream_obj_t *self = mp_obj_malloc(midge_stream_obj_t, &midge_stream_type);
    self->model = model;
    self->front = front;
    self->busy = false;
    self->windows = 0;
    forget(self);
    return MP_OBJ_FROM_PTR(self);
}

const midge_front_t *midge_stream_front(mp_obj_t obj, const midge_model_t *model, size_t input) {
    if (!mp_obj_is_type(obj, &midge_stream_type)) {
        return NULL;
    }
    midge_stream_obj_t *self = stream_of(obj);
    if (model->fronts == NULL || model->fronts[input] != self->front) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("window: a stream of %s, needed one of %s for input %u"),
            self->model->name, model->name, (unsigned)input);
    }
    if (self->busy) {
        mp_raise_msg(&mp_type_RuntimeError,
            MP_ERROR_TEXT("a push is running (called from an interrupt or thread?)"));
    }
    const midge_pipeline_t *pipeline = &self->front->pipeline;
    const midge_pipeline_counters_t *counters =
        (const midge_pipeline_counters_t *)(const void *)(self->front->arena
            + pipeline->counters_offset);
    if (counters->hops < (uint32_t)pipeline->warmup + pipeline->rows) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("window: no window yet, %u of %u hops were pushed"),
            (unsigned)counters->hops, (unsigned)pipeline->warmup + pipeline->rows);
    }
    return self->front;
}

void midge_stream_window(const midge_front_t *front, int8_t *out, size_t n) {
    mp_uint_t state = MIDGE_ENTER();
    midge_pipeline_window(&front->pipeline, front->arena, out, n);
    MIDGE_EXIT(state);
}

static size_t sample_bytes(const midge_stream_obj_t *self) {
    return self->front->channels * sizeof(int16_t);
}

// n bytes of whole samples; returns how many were taken.
static size_t push(midge_stream_obj_t *self, const void *samples, size_t n) {
    enter(self);
    bool complete;
    size_t used = midge_pipeline_push(&self->front->pipeline, self->front->arena, samples, n,
        &complete);
    self->ready = complete;
    self->windows += complete;
    self->busy = false;
    return used;
}

// push_from(samples, start=0) -> samples taken
static mp_obj_t stream_push_from(size_t n_args, const mp_obj_t *args) {
    midge_stream_obj_t *self = stream_of(args[0]);
    mp_buffer_info_t info;
    mp_get_buffer_raise(args[1], &info, MP_BUFFER_READ);
    int typecode = midge_io_typecode(&info);
    if (typecode != 'h' && typecode != 'B') {
        mp_raise_msg_varg(&mp_type_TypeError,
            MP_ERROR_TEXT("samples: needs type 'h', or bytes of it, found type '%c'"), typecode);
    }
    size_t size = sample_bytes(self);
    if (info.len % size != 0) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("samples: needs a multiple of %u values of 16 bits, found %u bytes"),
            (unsigned)self->front->channels, (unsigned)info.len);
    }
    mp_int_t start = n_args > 2 ? mp_obj_get_int(args[2]) : 0;
    mp_int_t total = (mp_int_t)(info.len / size);
    if (start < 0 || start > total) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("start: needs 0..%d, found %d"),
            (int)total, (int)start);
    }
    size_t skipped = (size_t)start * size;
    size_t used = push(self, (const uint8_t *)info.buf + skipped, info.len - skipped);
    return MP_OBJ_NEW_SMALL_INT(used / size);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(stream_push_from_obj, 2, 3, stream_push_from);

static int16_t int16_of(mp_obj_t value) {
    mp_int_t count = mp_obj_get_int(value);
    if (count < INT16_MIN || count > INT16_MAX) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("sample: needs values of 16 bits, found %d"), (int)count);
    }
    return (int16_t)count;
}

static bool push_value(midge_stream_obj_t *self, mp_obj_t value) {
    int16_t count = int16_of(value);
    push(self, &count, sizeof(count));
    return self->ready;
}

// push(sample) -> a window is complete; None is a gap in the signal
static mp_obj_t stream_push(mp_obj_t self_in, mp_obj_t sample) {
    midge_stream_obj_t *self = stream_of(self_in);
    if (sample == mp_const_none) {
        enter(self);
        forget(self);
        self->busy = false;
        return mp_const_false;
    }
    size_t channels = self->front->channels;
    if (mp_obj_is_int(sample)) {
        if (channels != 1) {
            mp_raise_msg_varg(&mp_type_ValueError,
                MP_ERROR_TEXT("sample: needs %u values, found 1"), (unsigned)channels);
        }
        return mp_obj_new_bool(push_value(self, sample));
    }
    mp_int_t n = mp_obj_get_int(mp_obj_len(sample));
    if (n != (mp_int_t)channels) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("sample: needs %u values, found %d"),
            (unsigned)channels, (int)n);
    }
    for (size_t i = 0; i < channels; i++) { // all of them, before any is taken
        int16_of(mp_obj_subscr(sample, MP_OBJ_NEW_SMALL_INT(i), MP_OBJ_SENTINEL));
    }
    bool complete = false;
    for (size_t i = 0; i < channels; i++) {
        complete = push_value(self,
            mp_obj_subscr(sample, MP_OBJ_NEW_SMALL_INT(i), MP_OBJ_SENTINEL));
    }
    return mp_obj_new_bool(complete);
}
static MP_DEFINE_CONST_FUN_OBJ_2(stream_push_obj, stream_push);

// ready() -> the last push completed a window
static mp_obj_t stream_ready(mp_obj_t self) {
    return mp_obj_new_bool(stream_of(self)->ready);
}
static MP_DEFINE_CONST_FUN_OBJ_1(stream_ready_obj, stream_ready);

// clear(): forgets all samples
static mp_obj_t stream_clear(mp_obj_t self) {
    return stream_push(self, mp_const_none), mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(stream_clear_obj, stream_clear);

static size_t window_bytes(const midge_front_t *front) {
    return (size_t)front->pipeline.rows * front->pipeline.row_bytes;
}

// features(out): the window, as the model gets it
static mp_obj_t stream_features(mp_obj_t self_in, mp_obj_t out) {
    midge_stream_obj_t *self = stream_of(self_in);
    mp_buffer_info_t info;
    mp_get_buffer_raise(out, &info, MP_BUFFER_WRITE);
    size_t needed = window_bytes(self->front);
    int typecode = midge_io_typecode(&info);
    if ((typecode != 'b' && typecode != 'B') || info.len != needed) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("features: needs %u elements of type 'b', found %u bytes of type '%c'"),
            (unsigned)needed, (unsigned)info.len, typecode);
    }
    midge_stream_window(self->front, info.buf, info.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(stream_features_obj, stream_features);

static void stream_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    const midge_stream_obj_t *self = stream_of(self_in);
    const midge_front_t *front = self->front;
    uint32_t hop = front->pipeline.in_bytes / (uint32_t)sample_bytes(self);
    if (dest[0] != MP_OBJ_NULL) {
        return; // no attribute can be set
    }
    switch (attr) {
        case MP_QSTR_rate_hz:
            dest[0] = mp_obj_new_float((mp_float_t)front->rate_hz);
            break;
        case MP_QSTR_channels:
            dest[0] = MP_OBJ_NEW_SMALL_INT(front->channels);
            break;
        case MP_QSTR_length:
            dest[0] = MP_OBJ_NEW_SMALL_INT(front->length);
            break;
        case MP_QSTR_step:
            dest[0] = MP_OBJ_NEW_SMALL_INT(hop);
            break;
        case MP_QSTR_hop:
            dest[0] = MP_OBJ_NEW_SMALL_INT(hop * front->pipeline.stride);
            break;
        case MP_QSTR_size:
            dest[0] = MP_OBJ_NEW_SMALL_INT(window_bytes(front));
            break;
        case MP_QSTR_count:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->windows);
            break;
        default:
            dest[1] = MP_OBJ_SENTINEL; // look at the methods
    }
}

static void stream_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    const midge_front_t *front = stream_of(self_in)->front;
    mp_printf(print, "<Stream of %s: %u channels, %u samples a second>",
        stream_of(self_in)->model->name, (unsigned)front->channels,
        (unsigned)(front->rate_hz + 0.5f));
}

static const mp_rom_map_elem_t stream_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_push), MP_ROM_PTR(&stream_push_obj) },
    { MP_ROM_QSTR(MP_QSTR_push_from), MP_ROM_PTR(&stream_push_from_obj) },
    { MP_ROM_QSTR(MP_QSTR_ready), MP_ROM_PTR(&stream_ready_obj) },
    { MP_ROM_QSTR(MP_QSTR_clear), MP_ROM_PTR(&stream_clear_obj) },
    { MP_ROM_QSTR(MP_QSTR_features), MP_ROM_PTR(&stream_features_obj) },
};
static MP_DEFINE_CONST_DICT(stream_locals, stream_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    midge_stream_type,
    MP_QSTR_Stream,
    MP_TYPE_FLAG_NONE,
    print, stream_print,
    attr, stream_attr,
    locals_dict, &stream_locals
    );

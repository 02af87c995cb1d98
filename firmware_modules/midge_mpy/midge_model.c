// The Model type: a compiled-in model, run on Python's buffers.
#include "midge_model.h"

#include <string.h>

#include "midge_clock.h"
#include "midge_io.h"
#include "midge_models.h"
#include "midge_stream.h"
#include "py/mphal.h"
#include "py/runtime.h"

// More inputs or outputs than this are refused when the model is loaded.
#define MAX_PORTS (8)

// One inference at a time: the arena is shared by all models.
static volatile bool midge_busy;

void midge_model_reset(void) {
    midge_busy = false;
}

typedef struct _hold_t {
    nlr_jump_callback_node_t node;
    volatile bool mine;
} hold_t;

static void release(void *node) {
    hold_t *hold = node;
    if (hold->mine) {
        midge_busy = false;
    }
    hold->mine = false;
}

// Takes the arena until release_arena(), or until an exception passes: in an inference there is
// just one, the KeyboardInterrupt that MicroPython's unix port raises wherever the program is.
static void take_arena(hold_t *hold) {
    hold->mine = false;
    nlr_push_jump_callback(&hold->node, release);
    mp_uint_t state = MIDGE_ENTER();
    hold->mine = !midge_busy;
    midge_busy = true;
    MIDGE_EXIT(state);
    if (!hold->mine) {
        mp_raise_msg(&mp_type_RuntimeError,
            MP_ERROR_TEXT("an inference is running already (called from an interrupt or thread?)"));
    }
}

static void release_arena(hold_t *hold) {
    release(hold);
    nlr_pop_jump_callback(false);
}

static const midge_model_t *model_of(mp_obj_t self) {
    return ((midge_model_obj_t *)MP_OBJ_TO_PTR(self))->model;
}

// A model with one port takes a buffer; with several, a tuple or list of buffers.
static const mp_obj_t *ports_of(const char *what, size_t n_ports, const mp_obj_t *arg) {
    if (n_ports == 1) {
        return arg;
    }
    if (!mp_obj_is_type(*arg, &mp_type_tuple) && !mp_obj_is_type(*arg, &mp_type_list)) {
        mp_raise_msg_varg(&mp_type_TypeError,
            MP_ERROR_TEXT("%s: needs a tuple of %u buffers"), what, (unsigned)n_ports);
    }
    size_t n;
    mp_obj_t *items;
    mp_obj_get_array(*arg, &n, &items);
    if (n != n_ports) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: needs %u buffers, found %u"),
            what, (unsigned)n_ports, (unsigned)n);
    }
    return items;
}

static void check_inputs(const midge_model_t *model, const mp_obj_t *window, midge_io_t *io) {
    const mp_obj_t *buffers = ports_of("window", model->n_inputs, window);
    for (size_t i = 0; i < model->n_inputs; i++) {
        midge_io_input(model, i, buffers[i], &io[i]);
    }
}

static void check_outputs(const midge_model_t *model, const mp_obj_t *scores, midge_io_t *io) {
    const mp_obj_t *buffers = ports_of("scores", model->n_outputs, scores);
    for (size_t i = 0; i < model->n_outputs; i++) {
        midge_io_output(&model->outputs[i], buffers[i], &io[i]);
    }
}

static void write_inputs(const midge_model_t *model, const midge_io_t *in) {
    for (size_t i = 0; i < model->n_inputs; i++) {
        midge_io_write(model, i, &in[i], midge_arena);
    }
}

// Nothing that holds the arena allocates.
static void infer(const midge_model_t *model, const midge_io_t *in, const midge_io_t *out) {
    hold_t hold;
    take_arena(&hold);
    write_inputs(model, in);
    midge_run(model, midge_arena, NULL, NULL);
    for (size_t i = 0; i < model->n_outputs; i++) {
        midge_io_read(&model->outputs[i], &out[i], midge_arena);
    }
    release_arena(&hold);
}

static mp_obj_t new_array(char typecode, size_t n, size_t size) {
    vstr_t zeros;
    vstr_init_len(&zeros, n * size);
    memset(zeros.buf, 0, n * size);
    mp_obj_t args[] = {
        MP_OBJ_NEW_QSTR(qstr_from_strn(&typecode, 1)),
        mp_obj_new_bytes_from_vstr(&zeros),
    };
    return mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mp_type_array), 2, 0, args);
}

static mp_obj_t new_scores(const midge_model_t *model) {
    mp_obj_t arrays[MAX_PORTS];
    for (size_t i = 0; i < model->n_outputs; i++) {
        const midge_port_t *port = &model->outputs[i];
        arrays[i] = new_array(midge_dtype_typecode(port->dtype), port->size,
            midge_dtype_size(port->dtype));
    }
    return model->n_outputs == 1 ? arrays[0] : mp_obj_new_tuple(model->n_outputs, arrays);
}

// predict(window, scores=None)
static mp_obj_t model_predict(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    static const mp_arg_t allowed[] = {
        { MP_QSTR_window, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_scores, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    const midge_model_t *model = model_of(pos_args[0]);
    midge_io_t in[MAX_PORTS], out[MAX_PORTS];
    check_inputs(model, &args[0].u_obj, in);
    mp_obj_t scores = args[1].u_obj;
    if (scores == mp_const_none) {
        scores = new_scores(model);
    }
    check_outputs(model, &scores, out);
    infer(model, in, out);
    return args[1].u_obj == mp_const_none ? scores : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(model_predict_obj, 1, model_predict);

// reset(): the next inference knows nothing of those before
static void reset_state(const midge_model_t *model) {
    if (model->n_states != 0) {
        hold_t hold;
        take_arena(&hold);
        midge_reset(model);
        release_arena(&hold);
    }
}

static mp_obj_t model_reset(mp_obj_t self) {
    reset_state(model_of(self));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_reset_obj, model_reset);

static size_t best_of(const midge_port_t *port, const void *values) {
    size_t best = 0;
    for (size_t i = 1; i < port->size; i++) {
        if (midge_io_real(port, values, i) > midge_io_real(port, values, best)) {
            best = i;
        }
    }
    return best;
}

// classify(window) -> (label or index, score): the largest value of the first output
static mp_obj_t model_classify(mp_obj_t self, mp_obj_t window) {
    const midge_model_t *model = model_of(self);
    midge_io_t in[MAX_PORTS];
    check_inputs(model, &window, in);
    hold_t hold;
    take_arena(&hold);
    write_inputs(model, in);
    midge_run(model, midge_arena, NULL, NULL);
    const midge_port_t *port = &model->outputs[0];
    const uint8_t *values = midge_arena + port->offset;
    size_t best = best_of(port, values);
    float score = midge_io_real(port, values, best);
    release_arena(&hold);
    mp_obj_t result[] = {
        best < model->n_labels ? mp_obj_new_str(model->labels[best], strlen(model->labels[best]))
                               : MP_OBJ_NEW_SMALL_INT(best),
        mp_obj_new_float((mp_float_t)score),
    };
    return mp_obj_new_tuple(2, result);
}
static MP_DEFINE_CONST_FUN_OBJ_2(model_classify_obj, model_classify);

typedef struct _profile_t {
    uint32_t *cycles;
    midge_clock_t since;
} profile_t;

static void profile_op(void *arg, uint16_t op) {
    profile_t *profile = arg;
    midge_clock_t now;
    midge_clock_read(&now);
    if (op > 0) {
        profile->cycles[op - 1] = midge_clock_between(&profile->since, &now);
    }
    midge_clock_read(&profile->since);
}

// profile(window, cycles): cycles is an array('I') of len(layers())
static mp_obj_t model_profile(mp_obj_t self, mp_obj_t window, mp_obj_t cycles) {
    const midge_model_t *model = model_of(self);
    midge_io_t in[MAX_PORTS];
    check_inputs(model, &window, in);
    mp_buffer_info_t info;
    mp_get_buffer_raise(cycles, &info, MP_BUFFER_WRITE);
    int typecode = midge_io_typecode(&info);
    if (typecode != 'I' && !(typecode == 'L' && sizeof(long) == 4)) {
        mp_raise_msg_varg(&mp_type_TypeError,
            MP_ERROR_TEXT("cycles: needs type 'I', found type '%c'"), typecode);
    }
    if (info.len != sizeof(uint32_t) * model->n_ops) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("cycles: needs %u elements, found %u"),
            (unsigned)model->n_ops, (unsigned)(info.len / sizeof(uint32_t)));
    }
    profile_t profile = {.cycles = info.buf};
    hold_t hold;
    take_arena(&hold);
    write_inputs(model, in);
    midge_clock_start();
    midge_run(model, midge_arena, profile_op, &profile);
    release_arena(&hold);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(model_profile_obj, model_profile);

static size_t first_difference(const int8_t *a, const int8_t *b, size_t n) {
    size_t i = 0;
    while (i < n && a[i] == b[i]) {
        i++;
    }
    return i;
}

// check() -> True: the golden input gives the golden output, bit for bit
static mp_obj_t model_check(mp_obj_t self) {
    const midge_model_t *model = model_of(self);
    if (model->golden_in == NULL) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: has no golden input to check"),
            model->name);
    }
    const midge_port_t *out = &model->outputs[0];
    size_t out_bytes = out->size * midge_dtype_size(out->dtype);
    hold_t hold;
    take_arena(&hold);
    midge_reset(model);
    const int8_t *golden = model->golden_in;
    for (size_t i = 0; i < model->n_inputs; i++) {
        const midge_port_t *port = &model->inputs[i];
        size_t in_bytes = port->size * midge_dtype_size(port->dtype);
        memcpy(midge_arena + port->offset, golden, in_bytes);
        golden += in_bytes;
    }
    midge_run(model, midge_arena, NULL, NULL);
    midge_reset(model);
    const int8_t *values = (const int8_t *)(midge_arena + out->offset);
    size_t at = first_difference(values, model->golden_out, out_bytes);
    int found = at < out_bytes ? values[at] : 0;
    release_arena(&hold);
    if (at < out_bytes) {
        mp_raise_msg_varg(&mp_type_RuntimeError,
            MP_ERROR_TEXT("%s: golden inference: output byte %u needs %d, found %d"),
            model->name, (unsigned)at, (int)model->golden_out[at], found);
    }
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_check_obj, model_check);

// stream(number=0, *, rate_hz=None, channels=None)
static mp_obj_t model_stream(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    return midge_stream_new(model_of(args[0]), n_args - 1, args + 1, kw_args);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(model_stream_obj, 1, model_stream);

static mp_obj_t model_info(mp_obj_t self) {
    return midge_model_info(model_of(self));
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_info_obj, model_info);

static mp_obj_t model_layers(mp_obj_t self) {
    return midge_model_layers(model_of(self));
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_layers_obj, model_layers);

static const mp_rom_map_elem_t model_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_predict), MP_ROM_PTR(&model_predict_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&model_reset_obj) },
    { MP_ROM_QSTR(MP_QSTR_classify), MP_ROM_PTR(&model_classify_obj) },
    { MP_ROM_QSTR(MP_QSTR_profile), MP_ROM_PTR(&model_profile_obj) },
    { MP_ROM_QSTR(MP_QSTR_stream), MP_ROM_PTR(&model_stream_obj) },
    { MP_ROM_QSTR(MP_QSTR_info), MP_ROM_PTR(&model_info_obj) },
    { MP_ROM_QSTR(MP_QSTR_layers), MP_ROM_PTR(&model_layers_obj) },
    { MP_ROM_QSTR(MP_QSTR_check), MP_ROM_PTR(&model_check_obj) },
};
static MP_DEFINE_CONST_DICT(model_locals, model_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    midge_model_type,
    MP_QSTR_Model,
    MP_TYPE_FLAG_NONE,
    print, midge_model_print,
    locals_dict, &model_locals
    );

mp_obj_t midge_model_new(const midge_model_t *model) {
    if (model->n_inputs > MAX_PORTS || model->n_outputs > MAX_PORTS) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("%s: %u inputs and %u outputs, at most %u each"), model->name,
            (unsigned)model->n_inputs, (unsigned)model->n_outputs, (unsigned)MAX_PORTS);
    }
    reset_state(model);
    midge_model_obj_t *self = mp_obj_malloc(midge_model_obj_t, &midge_model_type);
    self->model = model;
    return MP_OBJ_FROM_PTR(self);
}

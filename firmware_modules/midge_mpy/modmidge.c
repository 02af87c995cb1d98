// The C module _midge. Users import midge (device/midge/), which re-exports it.
#include <string.h>

#include "midge_clock.h"
#include "midge_model.h"
#include "midge_models.h"
#include "midge_stream.h"
#include "py/objstr.h"
#include "py/runtime.h"

extern const mp_obj_module_t midge_module;

// models() -> names of the compiled-in models
static mp_obj_t midge_names(void) {
    mp_obj_tuple_t *names = MP_OBJ_TO_PTR(mp_obj_new_tuple(midge_models_count, NULL));
    for (size_t i = 0; i < midge_models_count; i++) {
        names->items[i] = mp_obj_new_str(midge_models[i]->name, strlen(midge_models[i]->name));
    }
    return MP_OBJ_FROM_PTR(names);
}
static MP_DEFINE_CONST_FUN_OBJ_0(midge_names_obj, midge_names);

static MP_NORETURN void no_such_model(const char *name) {
    vstr_t text;
    vstr_init(&text, 64);
    vstr_printf(&text, "no model '%s' in this firmware; there ", name);
    vstr_add_str(&text, midge_models_count == 0 ? "is none" : "are: ");
    for (size_t i = 0; i < midge_models_count; i++) {
        vstr_printf(&text, i == 0 ? "%s" : ", %s", midge_models[i]->name);
    }
    mp_raise_type_arg(&mp_type_ValueError, mp_obj_new_str_from_vstr(&text));
}

// load(name) -> Model; ValueError lists the names there are
static mp_obj_t midge_load(mp_obj_t name_in) {
    const char *name = mp_obj_str_get_str(name_in);
    for (size_t i = 0; i < midge_models_count; i++) {
        if (strcmp(midge_models[i]->name, name) == 0) {
            return midge_model_new(midge_models[i]);
        }
    }
    no_such_model(name);
}
static MP_DEFINE_CONST_FUN_OBJ_1(midge_load_obj, midge_load);

// clock() -> what profile() counts in: "cycles" or "us"
static mp_obj_t midge_clock(void) {
    return MP_OBJ_NEW_QSTR(midge_clock_unit == MIDGE_CLOCK_UNIT_CYCLES ? MP_QSTR_cycles : MP_QSTR_us);
}
static MP_DEFINE_CONST_FUN_OBJ_0(midge_clock_obj, midge_clock);

// Runs at the first import after each start of MicroPython. A soft reset stops a second core in
// the middle of whatever it does and keeps C's variables.
static mp_obj_t midge_init(void) {
    midge_model_reset();
    // MicroPython calls this at every import that does not find the module here
    mp_obj_dict_store(MP_OBJ_FROM_PTR(&MP_STATE_VM(mp_loaded_modules_dict)),
        MP_OBJ_NEW_QSTR(MP_QSTR__midge), MP_OBJ_FROM_PTR(&midge_module));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(midge_init_obj, midge_init);

static const mp_rom_map_elem_t midge_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__midge) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&midge_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_load), MP_ROM_PTR(&midge_load_obj) },
    { MP_ROM_QSTR(MP_QSTR_models), MP_ROM_PTR(&midge_names_obj) },
    { MP_ROM_QSTR(MP_QSTR_clock), MP_ROM_PTR(&midge_clock_obj) },
    { MP_ROM_QSTR(MP_QSTR_Model), MP_ROM_PTR(&midge_model_type) },
    { MP_ROM_QSTR(MP_QSTR_Stream), MP_ROM_PTR(&midge_stream_type) },
};
static MP_DEFINE_CONST_DICT(midge_globals, midge_globals_table);

const mp_obj_module_t midge_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&midge_globals,
};
MP_REGISTER_MODULE(MP_QSTR__midge, midge_module);

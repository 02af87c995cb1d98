// What a model says about itself.
#include <string.h>

#include "midge_io.h"
#include "midge_model.h"
#include "py/runtime.h"

static mp_obj_t str(const char *text) {
    return mp_obj_new_str(text, strlen(text));
}

static mp_obj_t strings(const char *const *text, size_t n) {
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(mp_obj_new_tuple(n, NULL));
    for (size_t i = 0; i < n; i++) {
        tuple->items[i] = str(text[i]);
    }
    return MP_OBJ_FROM_PTR(tuple);
}

static void put(mp_obj_t dict, qstr key, mp_obj_t value) {
    mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(key), value);
}

static mp_obj_t port_info(const midge_port_t *port) {
    mp_obj_t dict = mp_obj_new_dict(5);
    mp_obj_tuple_t *shape = MP_OBJ_TO_PTR(mp_obj_new_tuple(port->rank, NULL));
    for (size_t i = 0; i < port->rank; i++) {
        shape->items[i] = mp_obj_new_int(port->shape[i]);
    }
    put(dict, MP_QSTR_name, str(port->name));
    put(dict, MP_QSTR_shape, MP_OBJ_FROM_PTR(shape));
    put(dict, MP_QSTR_dtype, MP_OBJ_NEW_QSTR(midge_dtype_name(port->dtype)));
    put(dict, MP_QSTR_scale, mp_obj_new_float((mp_float_t)port->scale));
    put(dict, MP_QSTR_zero_point, mp_obj_new_int(port->zero_point));
    return dict;
}

static mp_obj_t ports_info(const midge_port_t *ports, size_t n) {
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(mp_obj_new_tuple(n, NULL));
    for (size_t i = 0; i < n; i++) {
        tuple->items[i] = port_info(&ports[i]);
    }
    return MP_OBJ_FROM_PTR(tuple);
}

mp_obj_t midge_model_info(const midge_model_t *model) {
    mp_obj_t dict = mp_obj_new_dict(12);
    put(dict, MP_QSTR_name, str(model->name));
    put(dict, MP_QSTR_version, str(model->version));
    put(dict, MP_QSTR_sha256, str(model->sha256));
    put(dict, MP_QSTR_tool, str(model->tool));
    put(dict, MP_QSTR_data_fingerprint, str(model->data_fingerprint));
    put(dict, MP_QSTR_labels, strings(model->labels, model->n_labels));
    put(dict, MP_QSTR_inputs, ports_info(model->inputs, model->n_inputs));
    put(dict, MP_QSTR_outputs, ports_info(model->outputs, model->n_outputs));
    put(dict, MP_QSTR_arena_bytes, mp_obj_new_int_from_uint(model->arena_bytes));
    put(dict, MP_QSTR_state_bytes, mp_obj_new_int_from_uint(model->state_bytes));
    put(dict, MP_QSTR_weights_bytes, mp_obj_new_int_from_uint(model->consts_bytes));
    put(dict, MP_QSTR_macs, mp_obj_new_int_from_uint(model->macs));
    return dict;
}

mp_obj_t midge_model_layers(const midge_model_t *model) {
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(mp_obj_new_tuple(model->n_ops, NULL));
    for (size_t i = 0; i < model->n_ops; i++) {
        tuple->items[i] = str(model->ops[i].layer);
    }
    return MP_OBJ_FROM_PTR(tuple);
}

static void print_port(const mp_print_t *print, const midge_port_t *port) {
    mp_printf(print, "%q(", (qstr)midge_dtype_name(port->dtype));
    for (size_t i = 0; i < port->rank; i++) {
        mp_printf(print, i == 0 ? "%d" : ", %d", (int)port->shape[i]);
    }
    mp_printf(print, ")");
}

void midge_model_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    const midge_model_t *model = ((midge_model_obj_t *)MP_OBJ_TO_PTR(self_in))->model;
    mp_printf(print, "<Model %s %s: ", model->name, model->version);
    print_port(print, &model->inputs[0]);
    mp_printf(print, " -> ");
    print_port(print, &model->outputs[0]);
    mp_printf(print, ">");
}

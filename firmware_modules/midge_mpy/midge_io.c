#include "midge_io.h"

#include <math.h>
#include <string.h>

#include "midge_stream.h"
#include "py/binary.h"
#include "py/runtime.h"

static const struct {
    uint8_t size;
    char typecode;
    uint16_t name;
} dtypes[] = {
    [MIDGE_INT8] = {1, 'b', MP_QSTR_int8},
    [MIDGE_UINT8] = {1, 'B', MP_QSTR_uint8},
    [MIDGE_INT16] = {2, 'h', MP_QSTR_int16},
    [MIDGE_INT32] = {4, 'i', MP_QSTR_int32},
    [MIDGE_FLOAT32] = {4, 'f', MP_QSTR_float32},
};

size_t midge_dtype_size(uint8_t dtype) {
    return dtypes[dtype].size;
}

char midge_dtype_typecode(uint8_t dtype) {
    return dtypes[dtype].typecode;
}

qstr midge_dtype_name(uint8_t dtype) {
    return dtypes[dtype].name;
}

static bool is_quantized(uint8_t dtype) {
    return dtype == MIDGE_INT8 || dtype == MIDGE_UINT8 || dtype == MIDGE_INT16;
}

// The inputs that take real values and raw counts besides what they are.
static bool quantizes(uint8_t dtype) {
    return dtype == MIDGE_INT8 || dtype == MIDGE_INT16;
}

int midge_io_typecode(const mp_buffer_info_t *info) {
    int typecode = info->typecode & 0x7f; // without the flag of a writable memoryview
    return typecode == BYTEARRAY_TYPECODE ? 'B' : typecode;
}

// One letter for each element type: a byte's sign is the model's business, and 'l' is 'i' where
// a long has 4 bytes.
static char plain_typecode(int typecode) {
    switch (typecode) {
        case 'b':
        case 'B':
            return 'b';
        case 'l':
            return sizeof(long) == 4 ? 'i' : 'l';
        default:
            return (char)typecode;
    }
}

static char native_typecode(const midge_port_t *port) {
    return plain_typecode(midge_dtype_typecode(port->dtype));
}

static MP_NORETURN void wrong_type(const char *what, const midge_port_t *port,
    const char *also, const mp_buffer_info_t *info) {
    mp_raise_msg_varg(&mp_type_TypeError,
        MP_ERROR_TEXT("%s: needs %u elements of type '%c'%s, found type '%c'"),
        what, (unsigned)port->size, midge_dtype_typecode(port->dtype), also,
        midge_io_typecode(info));
}

static void check(const char *what, const midge_port_t *port, const mp_buffer_info_t *info,
    midge_io_t *io) {
    size_t size = io->typecode == 'b' ? 1 : io->typecode == 'h' ? 2 : 4;
    if (info->len != size * port->size) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("%s: needs %u elements of type '%c' (%u bytes), found %u bytes"),
            what, (unsigned)port->size, io->typecode, (unsigned)(size * port->size),
            (unsigned)info->len);
    }
    if ((uintptr_t)info->buf % size != 0) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("%s: needs a buffer aligned to %u bytes"), what, (unsigned)size);
    }
    io->data = info->buf;
}

void midge_io_input(const midge_model_t *model, size_t input, mp_obj_t buffer, midge_io_t *io) {
    const midge_port_t *port = &model->inputs[input];
    const midge_front_t *front = midge_stream_front(buffer, model, input);
    if (front != NULL) {
        io->typecode = 's';
        io->data = (void *)front;
        return;
    }
    mp_buffer_info_t info;
    mp_get_buffer_raise(buffer, &info, MP_BUFFER_READ);
    io->typecode = plain_typecode(midge_io_typecode(&info));
    bool samples = io->typecode == 'h' && model->fronts != NULL;
    if (samples) {
        mp_raise_msg_varg(&mp_type_TypeError,
            MP_ERROR_TEXT("window: %s computes features: push samples to its stream()"),
            model->name);
    }
    bool good = quantizes(port->dtype) && (io->typecode == 'h' || io->typecode == 'f');
    if (io->typecode != native_typecode(port) && !good) {
        wrong_type("window", port, port->dtype == MIDGE_INT8
            ? ", 'h' (raw counts) or 'f' (real values)"
            : port->dtype == MIDGE_INT16 ? " or 'f' (real values)" : "", &info);
    }
    check("window", port, &info, io);
}

void midge_io_output(const midge_port_t *port, mp_obj_t buffer, midge_io_t *io) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(buffer, &info, MP_BUFFER_WRITE);
    io->typecode = plain_typecode(midge_io_typecode(&info));
    bool dequantizes = is_quantized(port->dtype) && io->typecode == 'f';
    if (io->typecode != native_typecode(port) && !dequantizes) {
        wrong_type("scores", port, is_quantized(port->dtype) ? " or 'f' (real values)" : "", &info);
    }
    check("scores", port, &info, io);
}

// q = clamp(round(x / scale) + zero_point), halves away from zero, as TFLite's QUANTIZE does.
// A NaN counts as 0.
static int32_t quantize(const midge_port_t *port, float x) {
    float steps = roundf(x / port->scale);
    if (isnan(steps)) {
        steps = 0.0f;
    }
    // beyond this every zero point clamps
    steps = steps > 1e6f ? 1e6f : steps < -1e6f ? -1e6f : steps;
    int32_t q = (int32_t)steps + port->zero_point;
    int32_t high = port->dtype == MIDGE_INT16 ? INT16_MAX : INT8_MAX;
    return q > high ? high : q < -high - 1 ? -high - 1 : q;
}

static void write_reals(const midge_port_t *port, const midge_io_t *io, void *q) {
    for (size_t i = 0; i < port->size; i++) {
        float x = io->typecode == 'f' ? ((const float *)io->data)[i]
            : (float)((const int16_t *)io->data)[i];
        if (port->dtype == MIDGE_INT16) {
            ((int16_t *)q)[i] = (int16_t)quantize(port, x);
        } else {
            ((int8_t *)q)[i] = (int8_t)quantize(port, x);
        }
    }
}

void midge_io_write(const midge_model_t *model, size_t input, const midge_io_t *io,
    uint8_t *arena) {
    const midge_port_t *port = &model->inputs[input];
    uint8_t *dst = arena + port->offset;
    if (io->typecode == 's') {
        midge_stream_window(io->data, (int8_t *)dst, port->size);
        return;
    }
    bool raw = input == 0 && model->raw != NULL && io->typecode == 'h';
    if (raw && quantizes(port->dtype)) {
        midge_quantize_raw(model->raw, port, io->data, port->size, dst);
    } else if (io->typecode == native_typecode(port)) {
        memcpy(dst, io->data, port->size * midge_dtype_size(port->dtype));
    } else {
        write_reals(port, io, dst);
    }
}

float midge_io_real(const midge_port_t *port, const void *values, size_t i) {
    switch (port->dtype) {
        case MIDGE_INT8:
            return port->scale * (float)(((const int8_t *)values)[i] - port->zero_point);
        case MIDGE_UINT8:
            return port->scale * (float)(((const uint8_t *)values)[i] - port->zero_point);
        case MIDGE_INT16:
            return port->scale * (float)(((const int16_t *)values)[i] - port->zero_point);
        case MIDGE_INT32:
            return port->scale * (float)(((const int32_t *)values)[i] - port->zero_point);
        default:
            return ((const float *)values)[i];
    }
}

void midge_io_read(const midge_port_t *port, const midge_io_t *io, const uint8_t *arena) {
    const uint8_t *src = arena + port->offset;
    if (io->typecode == native_typecode(port)) {
        memcpy(io->data, src, port->size * midge_dtype_size(port->dtype));
        return;
    }
    float *dst = io->data;
    for (size_t i = 0; i < port->size; i++) {
        dst[i] = midge_io_real(port, src, i);
    }
}

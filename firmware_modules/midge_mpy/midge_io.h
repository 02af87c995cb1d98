// Between Python's buffers and the arena: type and length checks, quantization, dequantization.
#ifndef MIDGE_IO_H
#define MIDGE_IO_H

#include "midge.h"
#include "py/obj.h"

// Bytes of one element of a midge_dtype_t.
size_t midge_dtype_size(uint8_t dtype);
// The array typecode of a midge_dtype_t, and its name as numpy spells it.
char midge_dtype_typecode(uint8_t dtype);
qstr midge_dtype_name(uint8_t dtype);

// A buffer's typecode as Python writes it: 'B' for a bytearray, no flag of a memoryview.
int midge_io_typecode(const mp_buffer_info_t *info);

// A port's value i as a real number; values is where the port lies in the arena.
float midge_io_real(const midge_port_t *port, const void *values, size_t i);

// Checked buffers: taken before anything is written to the arena, so that a bad argument
// leaves the model untouched.
typedef struct _midge_io_t {
    void *data;
    char typecode; // 'b' (also for 'B' and bytes), 'h', 'i' or 'f'; 's': data is a Stream's front
} midge_io_t;

// Both raise TypeError (wrong element type) or ValueError (wrong number of elements). An input
// with features takes a Stream, or what it is itself.
void midge_io_input(const midge_model_t *model, size_t input, mp_obj_t buffer, midge_io_t *io);
void midge_io_output(const midge_port_t *port, mp_obj_t buffer, midge_io_t *io);

void midge_io_write(const midge_model_t *model, size_t input, const midge_io_t *io, uint8_t *arena);
void midge_io_read(const midge_port_t *port, const midge_io_t *io, const uint8_t *arena);

#endif // MIDGE_IO_H

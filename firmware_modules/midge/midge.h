// The Midge core: int8 and 16x8 inference in plain C99.
//
// No allocation, no libc beyond memcpy/memset/memmove, no float in integer paths.
// The same files are compiled into firmware, into the host's shared library and (later) into a
// native .mpy, so a prediction has the same bits everywhere.
#ifndef MIDGE_H
#define MIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Generated models and the core must agree on this number: raise it with every change of
// midge_params.h or of the structs below that a generated file relies on.
#define MIDGE_ABI (5)

// An operand: an offset into the arena (>= 0), ~offset into the constants (< 0), or none.
typedef int32_t midge_ref_t;
#define MIDGE_NONE INT32_MIN

typedef struct _midge_ctx_t {
    uint8_t *arena; // aligned to 8, arena_bytes long
    const uint8_t *consts; // aligned to 4
    uint8_t *state; // aligned to 8, what the model keeps between inferences; NULL: nothing
} midge_ctx_t;

typedef void (*midge_kernel_t)(const midge_ctx_t *ctx, const void *params);

typedef struct _midge_op_t {
    midge_kernel_t kernel;
    const void *params; // the kernel's own struct of midge_params.h
    const char *layer; // for people: "3 CONV_2D conv1/Relu"
} midge_op_t;

typedef enum {
    MIDGE_INT8 = 0,
    MIDGE_UINT8 = 1,
    MIDGE_INT16 = 2,
    MIDGE_INT32 = 3,
    MIDGE_FLOAT32 = 4,
} midge_dtype_t;

#define MIDGE_MAX_RANK (4)

// A model input or output.
typedef struct _midge_port_t {
    const char *name;
    uint32_t offset; // in the arena
    uint32_t size; // elements
    uint8_t dtype; // midge_dtype_t
    uint8_t rank;
    int32_t shape[MIDGE_MAX_RANK];
    float scale; // real = scale * (q - zero_point); 1 and 0 for float32
    int32_t zero_point;
} midge_port_t;

// How raw int16 sensor counts become the quantized input, per channel (the last axis):
// q = clamp(zero_point + requantize_single(count - offset[c], mult[c], shift[c])).
typedef struct _midge_raw_t {
    uint32_t channels; // 1, or the size of the last axis
    const int32_t *offset;
    const int32_t *mult;
    const int8_t *shift;
} midge_raw_t;

// A tensor that keeps its value from one inference to the next.
typedef struct _midge_state_t {
    uint32_t offset; // in the model's state
    uint32_t bytes;
    uint8_t reset; // the byte that stands in all of it at first
} midge_state_t;

typedef struct _midge_front_t midge_front_t; // features in front of an input: midge_dsp.h

typedef struct _midge_model_t {
    const char *name;
    const char *version;
    const char *sha256; // of the .tflite, hex
    const char *tool; // version of midge that compiled it
    const char *data_fingerprint; // of the training data, hex, or ""
    uint32_t arena_bytes;
    uint32_t state_bytes;
    uint32_t consts_bytes;
    uint32_t macs;
    uint16_t n_ops;
    uint8_t n_inputs;
    uint8_t n_outputs;
    uint16_t n_labels;
    uint16_t n_states;
    const midge_op_t *ops;
    const uint8_t *consts;
    const midge_port_t *inputs;
    const midge_port_t *outputs;
    const char *const *labels;
    const midge_front_t *const *fronts; // one for each input; NULL: windows come whole
    const midge_raw_t *raw; // for input 0; NULL: a count is the real value itself
    uint8_t *state; // its own, never shared with another model; NULL: none
    const midge_state_t *states;
    // all inputs of a sample, one after the other, and the output after midge_reset(), for the
    // boot test; NULL: none
    const int8_t *golden_in;
    const int8_t *golden_out;
} midge_model_t;

// Called before each op with its number, and once more after the last with n_ops.
typedef void (*midge_trace_t)(void *arg, uint16_t op);

// Sets the model's state to where a sequence starts. Before the first inference, and for each new
// sequence; nothing where the model has no state.
void midge_reset(const midge_model_t *model);

// Runs the model's ops. The inputs must be in the arena already. trace may be NULL.
void midge_run(const midge_model_t *model, uint8_t *arena, midge_trace_t trace, void *arg);

// Runs a packed list of ops: [opcode, number of words, params...] until n_words are used.
// What the host uses; opcodes are in midge_ops.h. Returns 0, or the 1-based number of the
// op that has an unknown opcode or a wrong length.
int midge_run_words(const int32_t *words, size_t n_words, const midge_ctx_t *ctx);

// Quantizes n raw counts into q, of the port's type (int8, uint8, int16); see midge_raw_t.
// raw->channels must divide n; q may be counts.
void midge_quantize_raw(const midge_raw_t *raw, const midge_port_t *port,
    const int16_t *counts, size_t n, void *q);

#endif // MIDGE_H

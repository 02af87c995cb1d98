// Runs a packed list of ops: the host's way in. Firmware does not link this file's table, so
// that it holds only the kernels its models use.
#include "midge_dsp_ops.h"
#include "midge_ops.h"

typedef struct _entry_t {
    int32_t opcode;
    uint32_t n_params;
    midge_kernel_t kernel;
} entry_t;

#define MIDGE_ENTRY(opcode, name) \
    { opcode, sizeof(midge_##name##_t) / sizeof(int32_t), midge_##name },

static const entry_t entries[] = { MIDGE_OPS(MIDGE_ENTRY) MIDGE_DSP_OPS(MIDGE_ENTRY) };

static const entry_t *find(int32_t opcode) {
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (entries[i].opcode == opcode) {
            return &entries[i];
        }
    }
    return NULL;
}

int midge_run_words(const int32_t *words, size_t n_words, const midge_ctx_t *ctx) {
    int op = 1;
    for (size_t i = 0; i < n_words; op++) {
        const entry_t *entry = find(words[i]);
        if (entry == NULL || n_words - i < 2 || words[i + 1] != (int32_t)entry->n_params
            || n_words - i - 2 < entry->n_params) {
            return op;
        }
        entry->kernel(ctx, words + i + 2);
        i += 2 + entry->n_params;
    }
    return 0;
}

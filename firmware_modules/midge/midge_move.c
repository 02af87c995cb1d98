// Every op that only moves bytes: TRANSPOSE, SLICE, SPLIT, TILE, GATHER and their kin. The output
// is written from its start to its end; the walk says where each run of bytes comes from.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

// One axis of the walk, as it lies in the constants.
typedef struct _axis_t {
    int32_t size;
    int32_t step; // bytes from one element to the next
    int32_t table; // where in the walk each element's offset in bytes stands; 0: steps
} axis_t;

static int32_t offset(const int32_t *walk, const axis_t *axis, int32_t i) {
    return axis->table != 0 ? walk[axis->table + i] : i * axis->step;
}

// The innermost axis, one byte at a time.
static uint8_t *bytes(const int32_t *walk, const axis_t *axis, const uint8_t *in, uint8_t *out) {
    const uint8_t *end = out + axis->size;
    if (axis->table != 0) {
        const int32_t *from = walk + axis->table;
        while (out < end) {
            *out++ = in[*from++];
        }
        return out;
    }
    int32_t step = axis->step;
    for (int32_t i = 0; out < end; i += step) {
        *out++ = in[i];
    }
    return out;
}

#define SHORT (16) // bytes that are copied quicker one by one than by a call

// The innermost axis, run by run.
static uint8_t *runs(const int32_t *walk, const axis_t *axis, int32_t run, const uint8_t *in,
    uint8_t *out) {
    for (int32_t i = 0; i < axis->size; i++) {
        const uint8_t *from = in + offset(walk, axis, i);
        if (run < SHORT) {
            for (const uint8_t *end = out + run; out < end;) {
                *out++ = *from++;
            }
        } else {
            memcpy(out, from, (size_t)run);
            out += run;
        }
    }
    return out;
}

void midge_move(const midge_ctx_t *ctx, const void *params) {
    const midge_move_t *p = params;
    const int32_t *walk = midge_in(ctx, p->walk);
    const axis_t *axes = (const axis_t *)(const void *)walk;
    int32_t last = p->axes - 1;
    int32_t at[MIDGE_MOVE_AXES] = { 0 };
    int32_t from[MIDGE_MOVE_AXES + 1]; // where the elements begin that share the outer indices
    const uint8_t *in = midge_in(ctx, p->in);
    uint8_t *out = midge_out(ctx, p->out);
    int32_t a = 0;
    from[0] = p->in_start;
    do {
        for (; a < last; a++) {
            from[a + 1] = from[a] + offset(walk, &axes[a], at[a]);
        }
        if (p->run_bytes == 1) {
            out = bytes(walk, &axes[last], in + from[last], out);
        } else {
            out = runs(walk, &axes[last], p->run_bytes, in + from[last], out);
        }
        for (a = last - 1; a >= 0 && ++at[a] == axes[a].size; a--) {
            at[a] = 0;
        }
    } while (a >= 0);
}

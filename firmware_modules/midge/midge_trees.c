// Trees: one leaf of each, added up.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

// The leaf that a tree comes to.
static int32_t walk_16(const int16_t *x, const int16_t *nodes) {
    int32_t next = 0;
    do {
        const int16_t *node = nodes + 4 * next;
        next = x[node[0]] <= node[1] ? node[2] : node[3];
    } while (next >= 0);
    return ~next;
}

static int32_t walk_8(const int8_t *x, const int16_t *nodes) {
    int32_t next = 0;
    do {
        const int16_t *node = nodes + 4 * next;
        next = x[node[0]] <= node[1] ? node[2] : node[3];
    } while (next >= 0);
    return ~next;
}

static int32_t walk(const midge_trees_t *p, const void *x, const int16_t *nodes, int32_t root) {
    if (root < 0) {
        return ~root;
    }
    return p->in_bytes == 1 ? walk_8(x, nodes + 4 * root) : walk_16(x, nodes + 4 * root);
}

void midge_trees(const midge_ctx_t *ctx, const void *params) {
    const midge_trees_t *p = params;
    const void *x = midge_in(ctx, p->in);
    const int32_t *roots = midge_in(ctx, p->roots);
    const int16_t *nodes = midge_in(ctx, p->nodes);
    const uint8_t *leaves_8 = midge_in(ctx, p->leaves);
    const int16_t *leaves_16 = midge_in(ctx, p->leaves);
    int16_t *out = midge_out(ctx, p->out);
    memset(out, 0, sizeof(*out) * (size_t)p->outputs);
    for (int32_t tree = 0; tree < p->trees; tree++) {
        int32_t first = walk(p, x, nodes, roots[tree]) * p->outputs;
        for (int32_t i = 0; i < p->outputs; i++) {
            int32_t leaf = p->leaf_bytes == 1 ? leaves_8[first + i] : leaves_16[first + i];
            out[i] = (int16_t)(out[i] + leaf);
        }
    }
}

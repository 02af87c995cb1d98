// Runs a pipeline hop by hop and keeps the rows it gives; see midge_dsp.h.
#include <string.h>

#include "midge_dsp.h"

void midge_pipeline_reset(const midge_pipeline_t *pipeline, uint8_t *arena) {
    memset(arena, 0, pipeline->state_bytes);
}

static midge_pipeline_counters_t *counters_of(const midge_pipeline_t *pipeline, uint8_t *arena) {
    return (midge_pipeline_counters_t *)(void *)(arena + pipeline->counters_offset);
}

// A row into the ring of rows, in the place of the oldest.
static void keep_row(const midge_pipeline_t *pipeline, uint8_t *arena,
    midge_pipeline_counters_t *counters) {
    memcpy(arena + pipeline->ring_offset + counters->oldest * pipeline->row_bytes,
        arena + pipeline->row_offset, pipeline->row_bytes);
    counters->oldest = counters->oldest + 1 == pipeline->rows ? 0 : counters->oldest + 1;
}

// Runs the hop that lies in its buffer; true where the ring holds a whole window.
static bool run_hop(const midge_pipeline_t *pipeline, uint8_t *arena) {
    midge_pipeline_counters_t *counters = counters_of(pipeline, arena);
    uint32_t enough = (uint32_t)pipeline->warmup + pipeline->rows;
    midge_ctx_t ctx = { .arena = arena, .consts = pipeline->consts };
    for (uint16_t i = 0; i < pipeline->n_ops; i++) {
        pipeline->ops[i].kernel(&ctx, pipeline->ops[i].params);
    }
    counters->hops += counters->hops < enough;
    if (counters->hops > pipeline->warmup) {
        keep_row(pipeline, arena, counters);
    }
    return counters->hops == enough;
}

int midge_pipeline_run(const midge_pipeline_t *pipeline, uint8_t *arena, const void *hop,
    size_t n) {
    if (n != pipeline->in_bytes) {
        return -1;
    }
    memcpy(arena + pipeline->in_offset, hop, n);
    return run_hop(pipeline, arena) ? 1 : 0;
}

// The hop just run makes a window: the first whole one, and every stride-th hop from there.
static bool is_window(const midge_pipeline_t *pipeline, midge_pipeline_counters_t *counters,
    bool first) {
    counters->since = first || counters->since + 1 == pipeline->stride ? 0 : counters->since + 1;
    return counters->since == 0;
}

size_t midge_pipeline_push(const midge_pipeline_t *pipeline, uint8_t *arena, const void *samples,
    size_t n, bool *complete) {
    midge_pipeline_counters_t *counters = counters_of(pipeline, arena);
    uint32_t enough = (uint32_t)pipeline->warmup + pipeline->rows;
    size_t used = 0;
    *complete = false;
    while (used < n && !*complete) {
        size_t room = pipeline->in_bytes - counters->filled;
        size_t part = n - used < room ? n - used : room;
        memcpy(arena + pipeline->in_offset + counters->filled, (const uint8_t *)samples + used,
            part);
        used += part;
        counters->filled += (uint32_t)part;
        if (counters->filled == pipeline->in_bytes) {
            bool first = counters->hops + 1 == enough;
            counters->filled = 0;
            *complete = run_hop(pipeline, arena) && is_window(pipeline, counters, first);
        }
    }
    return used;
}

int midge_pipeline_window(const midge_pipeline_t *pipeline, const uint8_t *arena, int8_t *out,
    size_t n) {
    uint32_t row_bytes = pipeline->row_bytes;
    if (n != (size_t)pipeline->rows * row_bytes) {
        return -1;
    }
    const uint8_t *ring = arena + pipeline->ring_offset;
    const midge_pipeline_counters_t *counters =
        (const midge_pipeline_counters_t *)(const void *)(arena + pipeline->counters_offset);
    uint32_t head = counters->oldest * row_bytes;
    memcpy(out, ring + head, n - head);
    memcpy(out + (n - head), ring, head);
    return 0;
}

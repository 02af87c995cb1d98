// Runs a pipeline hop by hop and keeps the rows it gives; see midge_dsp.h.
#include <string.h>

#include "midge_dsp.h"

void midge_pipeline_reset(const midge_pipeline_t *pipeline, uint8_t *arena) {
    memset(arena, 0, pipeline->state_bytes);
}

// A row into the ring of rows: `head` is where the next one goes, and so the oldest one's place.
static void keep_row(const midge_pipeline_t *pipeline, uint8_t *arena, uint32_t *head) {
    memcpy(arena + pipeline->ring_offset + *head * pipeline->row_bytes,
        arena + pipeline->row_offset, pipeline->row_bytes);
    *head = *head + 1 == pipeline->rows ? 0 : *head + 1;
}

int midge_pipeline_run(const midge_pipeline_t *pipeline, uint8_t *arena, const void *hop,
    size_t n) {
    if (n != pipeline->in_bytes) {
        return -1;
    }
    uint32_t *counters = (uint32_t *)(void *)(arena + pipeline->counters_offset);
    uint32_t enough = (uint32_t)pipeline->warmup + pipeline->rows;
    midge_ctx_t ctx = { .arena = arena, .consts = pipeline->consts };
    memcpy(arena + pipeline->in_offset, hop, n);
    for (uint16_t i = 0; i < pipeline->n_ops; i++) {
        pipeline->ops[i].kernel(&ctx, pipeline->ops[i].params);
    }
    counters[0] += counters[0] < enough;
    if (counters[0] > pipeline->warmup) {
        keep_row(pipeline, arena, counters + 1);
    }
    return counters[0] == enough;
}

int midge_pipeline_window(const midge_pipeline_t *pipeline, const uint8_t *arena, int8_t *out,
    size_t n) {
    uint32_t row_bytes = pipeline->row_bytes;
    if (n != (size_t)pipeline->rows * row_bytes) {
        return -1;
    }
    const uint8_t *ring = arena + pipeline->ring_offset;
    uint32_t head = *(const uint32_t *)(const void *)(arena + pipeline->counters_offset + 4)
        * row_bytes;
    memcpy(out, ring + head, n - head);
    memcpy(out + (n - head), ring, head);
    return 0;
}

// What the emitted code computes, in C; see midge_jit.h.
#include "midge_jit.h"

#ifdef __ARM_ARCH_6M__

uint32_t midge_jit_emit(const midge_jit_t *jit);
uint32_t midge_jit_emit_planes(const midge_jit_t *jit);
void midge_jit_run(const midge_jit_frame_t *frame);
void midge_jit_run_kinked(const midge_jit_frame_t *frame);
void midge_jit_run_epilogue(void);
void midge_jit_run_kinked_epilogue(void);

// Each apart, so that the linker keeps just what a model's layers need.
const midge_jit_kind_t midge_jit_pixels = {
    midge_jit_emit, midge_jit_run, midge_jit_run_epilogue,
};
const midge_jit_kind_t midge_jit_planes = {
    midge_jit_emit_planes, midge_jit_run, midge_jit_run_epilogue,
};
const midge_jit_kind_t midge_jit_planes_kinked = {
    midge_jit_emit_planes, midge_jit_run_kinked, midge_jit_run_kinked_epilogue,
};

void midge_jit_channel(midge_jit_t *jit, midge_jit_frame_t *frame, int32_t bias) {
    jit->epilogue = jit->kind->epilogue;
    uint32_t runs = jit->kind->emit(jit);
    frame->high = (uint32_t)bias;
    frame->all = (uint32_t)bias + ((uint32_t)bias << 16) - (runs << 15);
    frame->code = jit->code;
}

void midge_jit_results(const midge_jit_t *jit, const midge_jit_frame_t *frame) {
    jit->kind->run(frame);
}

#else

const midge_jit_kind_t midge_jit_pixels = { NULL, NULL, NULL };
const midge_jit_kind_t midge_jit_planes = { NULL, NULL, NULL };
const midge_jit_kind_t midge_jit_planes_kinked = { NULL, NULL, NULL };

void midge_jit_channel(midge_jit_t *jit, midge_jit_frame_t *frame, int32_t bias) {
    (void)jit;
    frame->high = (uint32_t)bias;
    frame->all = (uint32_t)bias + ((uint32_t)bias << 16);
}

// The sums of one word's lanes. x: tap 0 of the group's first word, or the word's, by `places`.
static void word(const midge_jit_t *jit, const uint32_t *x, uint32_t *all, uint32_t *high) {
    uint32_t t = 0x8000u;
    int32_t room = 255;
    for (uint32_t tap = 0; tap < jit->taps; tap++) {
        int32_t w = jit->weights[tap];
        int32_t size = w < 0 ? -w : w;
        if (size > room) {
            *all += t - 0x8000u;
            *high += (uint32_t)((int32_t)t >> 16);
            t = 0x8000u;
            room = 255;
        }
        room -= size;
        t += x[jit->places == NULL ? 3 * tap : jit->places[tap] / 4u] * (uint32_t)w;
    }
    *all += t - 0x8000u;
    *high += (uint32_t)((int32_t)t >> 16);
}

static int8_t result(const midge_jit_frame_t *frame, uint32_t x) {
    if (x > frame->limit) {
        return (int8_t)((int32_t)x < 0 ? frame->act_min >> 24 : frame->act_max);
    }
    uint32_t add = (int32_t)x < frame->split ? frame->add_below : frame->add;
    uint32_t sum = x * frame->mult_high + ((x * frame->mult_low) >> 12) + add;
    return (int8_t)((int32_t)sum >> frame->shift);
}

void midge_jit_results(const midge_jit_t *jit, const midge_jit_frame_t *frame) {
    const uint32_t *line = frame->line_x;
    uint32_t next = jit->places == NULL ? 3 * jit->taps : 3;
    int8_t *y = frame->y;
    for (uint32_t n = frame->lines; n > 0; n--, line += frame->next_x / 4) {
        const uint32_t *x = line;
        uint32_t words = frame->line_bytes / frame->stride;
        for (uint32_t i = 0; i < words; i++, y += frame->stride) {
            uint32_t all = frame->all;
            uint32_t high = frame->high;
            word(jit, x + i % 3, &all, &high);
            y[0] = result(frame, all - (high << 16));
            y[frame->apart] = result(frame, high);
            x += i % 3 == 2 ? next : 0;
        }
    }
}

#endif // __ARM_ARCH_6M__

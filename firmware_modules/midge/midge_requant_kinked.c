// Requantization where results of both signs occur; see midge_packed.h.
#include "midge_packed.h"

void midge_requant_kinked(const int32_t *acc, int8_t *out, uint32_t n, midge_requant_t *rq,
    uint32_t stride, const int32_t *kink, uint32_t step) {
    uint32_t above = rq->add;
    uint32_t below = (uint32_t)kink[1];
    for (; n > 0; n--) {
        int32_t sum = (int32_t)((uint32_t)*acc + rq->bias);
        rq->add = sum < kink[0] ? below : above;
        *out = midge_requant_one(rq, sum);
        acc += step;
        out += stride;
    }
    rq->add = above;
}

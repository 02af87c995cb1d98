// The nearest points of those kept: their classes vote, or their targets are averaged.
#include <string.h>

#include "midge_math.h"
#include "midge_ops.h"

typedef struct _near_t {
    uint32_t distance; // squared, if power is 2
    int32_t target;
} near_t;

static uint32_t squares(const int16_t *x, const int16_t *point, int32_t size) {
    uint32_t sum = 0;
    for (int32_t i = 0; i < size; i++) {
        uint32_t difference = (uint32_t)(x[i] - point[i]); // squared modulo 2^32, sign or not
        sum += difference * difference;
    }
    return sum;
}

static uint32_t differences(const int16_t *x, const int16_t *point, int32_t size) {
    uint32_t sum = 0;
    for (int32_t i = 0; i < size; i++) {
        int32_t difference = x[i] - point[i];
        sum += (uint32_t)(difference < 0 ? -difference : difference);
    }
    return sum;
}

// Puts a point among the nearest, which are in order; equal ones in the order they come.
static void insert(near_t *near, int32_t found, int32_t most, near_t one) {
    int32_t at = found;
    while (at > 0 && near[at - 1].distance > one.distance) {
        if (at < most) {
            near[at] = near[at - 1];
        }
        at--;
    }
    if (at < most) {
        near[at] = one;
    }
}

static void search(const midge_ctx_t *ctx, const midge_neighbors_t *p, near_t *near) {
    const int16_t *x = midge_in(ctx, p->in);
    const int16_t *point = midge_in(ctx, p->points);
    const int16_t *targets = midge_in(ctx, p->targets);
    for (int32_t i = 0; i < p->count; i++) {
        uint32_t distance = p->power == 2 ? squares(x, point, p->size)
            : differences(x, point, p->size);
        near_t one = { distance, targets[i] };
        insert(near, midge_min(i, p->neighbors), p->neighbors, one);
        point += p->size;
    }
}

// The distance in 2^-8, of its square or itself.
static uint32_t distance_of(uint32_t distance, int32_t power) {
    uint64_t rest = (uint64_t)distance << (power == 2 ? 16 : 8);
    if (power != 2) {
        return rest > UINT32_MAX ? UINT32_MAX : (uint32_t)rest;
    }
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 46; bit != 0; bit >>= 2) {
        uint64_t next = root + bit;
        root >>= 1;
        if (rest >= next) {
            rest -= next;
            root += bit;
        }
    }
    return (uint32_t)root;
}

// A neighbour's vote, 0...32768: as the nearest's distance to its own. At distance 0 only those
// vote that are there too.
static uint32_t weight(const midge_neighbors_t *p, const near_t *near, int32_t i) {
    if (!p->by_distance || near[i].distance == near[0].distance) {
        return 32768;
    }
    uint32_t nearest = distance_of(near[0].distance, p->power);
    uint32_t own = distance_of(near[i].distance, p->power);
    while (nearest >= 1u << 17) { // no 64-bit division
        nearest >>= 1;
        own >>= 1;
    }
    return (nearest << 15) / own;
}

// sum / total, rounded; at most 32767 in size.
static int32_t rounded(int64_t sum, int32_t total) {
    while (total > INT16_MAX) {
        sum >>= 1;
        total >>= 1;
    }
    int32_t whole = (int32_t)sum;
    int32_t half = total >> 1;
    return midge_clamp((whole + (whole < 0 ? -half : half)) / total, -INT16_MAX, INT16_MAX);
}

void midge_neighbors(const midge_ctx_t *ctx, const void *params) {
    const midge_neighbors_t *p = params;
    near_t *near = midge_out(ctx, p->scratch);
    int16_t *out = midge_out(ctx, p->out);
    search(ctx, p, near);
    int32_t total = 0;
    for (int32_t i = 0; i < p->neighbors; i++) {
        total += (int32_t)weight(p, near, i);
    }
    for (int32_t output = 0; output < p->outputs; output++) {
        int64_t sum = 0;
        for (int32_t i = 0; i < p->neighbors; i++) {
            int32_t factor = p->average ? near[i].target
                : near[i].target == output ? INT16_MAX : 0;
            sum += (int64_t)weight(p, near, i) * factor;
        }
        out[output] = (int16_t)rounded(sum, total);
    }
}

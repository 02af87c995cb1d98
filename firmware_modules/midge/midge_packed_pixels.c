// Packs four pixels' bytes into two-lane words.
#include <string.h>

#include "midge_packed.h"

// Lanes of byte `i` of two words: a's in the low one.
static inline uint32_t lanes(uint32_t a, uint32_t b, int i) {
    uint32_t low = (uint32_t)((int32_t)(a << (24 - 8 * i)) >> 24);
    uint32_t high = (uint32_t)((int32_t)((b >> (8 * i)) << 24) >> 8);
    return low + high;
}

static inline uint32_t word(const int8_t *p) {
    uint32_t w;
    memcpy(&w, __builtin_assume_aligned(p, 4), 4);
    return w;
}

// Two pixels, every second word of out.
static void words(const int8_t *a, const int8_t *b, uint32_t n, uint32_t *out) {
    for (const int8_t *end = a + n; a != end; a += 4, b += 4, out += 8) {
        uint32_t wa = word(a);
        uint32_t wb = word(b);
        out[0] = lanes(wa, wb, 0);
        out[2] = lanes(wa, wb, 1);
        out[4] = lanes(wa, wb, 2);
        out[6] = lanes(wa, wb, 3);
    }
}

static void bytes(const int8_t *a, const int8_t *b, uint32_t n, uint32_t *out) {
    for (const int8_t *end = a + n; a != end; a++, b++, out += 2) {
        *out = (uint32_t)(int32_t)*a + ((uint32_t)(int32_t)*b << 16);
    }
}

uint32_t *midge_packed_pixels(const int8_t *const *p, uint32_t n, uint32_t *out) {
    uintptr_t all = n;
    for (int i = 0; i < 4; i++) {
        all |= (uintptr_t)p[i];
    }
    void (*pack)(const int8_t *, const int8_t *, uint32_t, uint32_t *) =
        (all & 3u) == 0 ? words : bytes;
    pack(p[0], p[1], n, out);
    pack(p[2], p[3], n, out + 1);
    return out + 2 * n;
}

void midge_packed_pair(const int8_t *a, const int8_t *b, uint32_t n, uint32_t *out) {
    if (((n | (uintptr_t)a | (uintptr_t)b) & 3u) != 0) {
        for (const int8_t *end = a + n; a != end; a++, b++, out += 3) {
            *out = (uint32_t)(int32_t)*a + ((uint32_t)(int32_t)*b << 16);
        }
        return;
    }
    for (const int8_t *end = a + n; a != end; a += 4, b += 4, out += 12) {
        uint32_t wa = word(a);
        uint32_t wb = word(b);
        out[0] = lanes(wa, wb, 0);
        out[3] = lanes(wa, wb, 1);
        out[6] = lanes(wa, wb, 2);
        out[9] = lanes(wa, wb, 3);
    }
}

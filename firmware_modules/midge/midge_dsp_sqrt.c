// Integer square root, two bits of the argument for one of the result.
#include "midge_dsp_math.h"

// The same in 32 bits, twice as fast on a core without 64-bit registers.
static uint32_t sqrt_32(uint32_t x) {
    uint32_t root = 0;
    uint32_t bit = x == 0 ? 0 : 1u << (midge_dsp_top_bit(x) & ~1);
    for (; bit != 0; bit >>= 2) {
        uint32_t trial = root + bit;
        root >>= 1;
        if (x >= trial) {
            x -= trial;
            root += bit;
        }
    }
    return root;
}

uint32_t midge_dsp_sqrt(uint64_t x) {
    if (x >> 32 == 0) {
        return sqrt_32((uint32_t)x);
    }
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << (midge_dsp_top_bit_64(x) & ~1); bit != 0; bit >>= 2) {
        uint64_t trial = root + bit;
        root >>= 1;
        if (x >= trial) {
            x -= trial;
            root += bit;
        }
    }
    return (uint32_t)root;
}

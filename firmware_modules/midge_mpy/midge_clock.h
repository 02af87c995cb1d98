// A clock for profile(): the only port-specific part of the binding.
#ifndef MIDGE_CLOCK_H
#define MIDGE_CLOCK_H

#include <stdint.h>

typedef struct _midge_clock_t {
    uint64_t us;
    uint32_t ticks; // a counter that wraps; RP2040: SysTick, 24 bits, counts down
} midge_clock_t;

// What one unit of profile() is: "cycles" (CPU cycles) or "us" (microseconds).
#define MIDGE_CLOCK_UNIT_CYCLES (0)
#define MIDGE_CLOCK_UNIT_US (1)
extern const uint8_t midge_clock_unit;

void midge_clock_start(void);
void midge_clock_read(midge_clock_t *now);
// Units from one reading to a later one; UINT32_MAX where it doesn't fit 32 bits.
uint32_t midge_clock_between(const midge_clock_t *from, const midge_clock_t *to);

#endif // MIDGE_CLOCK_H

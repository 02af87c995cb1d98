#include "midge_clock.h"

#include "py/mphal.h"

static uint32_t saturate(uint64_t n) {
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

#if PICO_RP2040

#include "hardware/clocks.h"
#include "hardware/structs/systick.h"
#include "hardware/timer.h"

#define SYSTICK_BITS (24)
#define SYSTICK_MASK ((1u << SYSTICK_BITS) - 1u)

const uint8_t midge_clock_unit = MIDGE_CLOCK_UNIT_CYCLES;

void midge_clock_start(void) {
    // ENABLE, CLKSOURCE = processor clock, no interrupt. In MicroPython's rp2 port only
    // machine.bitstream() uses SysTick, in the same way and for its own duration.
    systick_hw->rvr = SYSTICK_MASK;
    systick_hw->cvr = 0;
    systick_hw->csr = 0x5;
}

void midge_clock_read(midge_clock_t *now) {
    now->us = time_us_64();
    now->ticks = systick_hw->cvr;
}

// SysTick is exact but wraps every 2^24 cycles (134 ms at 125 MHz); the microsecond timer says
// how often it did. That holds while the timer is right within 2^23 cycles.
uint32_t midge_clock_between(const midge_clock_t *from, const midge_clock_t *to) {
    uint32_t part = (from->ticks - to->ticks) & SYSTICK_MASK;
    uint64_t rough = (to->us - from->us) * (clock_get_hz(clk_sys) / 1000000u);
    uint64_t half = 1u << (SYSTICK_BITS - 1);
    uint64_t wraps = rough + half > part ? (rough + half - part) >> SYSTICK_BITS : 0;
    return saturate((wraps << SYSTICK_BITS) + part);
}

#else

const uint8_t midge_clock_unit = MIDGE_CLOCK_UNIT_US;

void midge_clock_start(void) {
}

void midge_clock_read(midge_clock_t *now) {
#if MICROPY_PY_TIME
    now->us = mp_hal_ticks_us();
#else // a port without a clock (qemu)
    now->us = 0;
#endif
    now->ticks = 0;
}

// mp_hal_ticks_us() may wrap with the machine word; so does this difference.
uint32_t midge_clock_between(const midge_clock_t *from, const midge_clock_t *to) {
    return saturate((uint64_t)((mp_uint_t)to->us - (mp_uint_t)from->us));
}

#endif

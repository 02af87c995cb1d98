// Included before every C file of a firmware for the RP2040.
#ifndef MIDGE_RP2040_H
#define MIDGE_RP2040_H

// A soft reset gives the heap to the next script, but MicroPython 1.26.1 leaves DMA running: a
// capture that was not stopped (midge.AdcDma) would go on writing there. Without conversions it
// waits. This clears START_MANY of ADC_CS, through its alias (RP2040 datasheet, 2.1.2, 4.9.6).
#define MICROPY_BOARD_START_SOFT_RESET() (*(volatile unsigned *)0x4004f000u = 8u)

#endif

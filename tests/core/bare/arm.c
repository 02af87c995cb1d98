// Cortex-M0 (QEMU microbit) and Cortex-M33 (QEMU mps2-an505): semihosting for output.
#include "bare.h"

extern uint32_t bare_stack_top[];
void bare_reset(void);

#define FAULTS bare_fault, bare_fault, bare_fault, bare_fault, bare_fault, bare_fault

__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))bare_stack_top, bare_reset, FAULTS, FAULTS, bare_fault, bare_fault,
};

static uint32_t semihost(uint32_t op, const void *arg) {
    register uint32_t r0 __asm__("r0") = op;
    register const void *r1 __asm__("r1") = arg;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void bare_write(const char *text, size_t n) {
    (void)n;
    semihost(0x04, text); // SYS_WRITE0
}

void bare_exit(void) {
    for (;;) {
        semihost(0x18, (const void *)0x20026); // SYS_EXIT, ADP_Stopped_ApplicationExit
    }
}

#if __ARM_ARCH >= 8
// APB timer 0 of the MPS2's IoT kit, at its secure address: counts down at 20 MHz. With -icount
// shift=6 an instruction takes 64 ns, 1.28 ticks.
#define TIMER ((volatile uint32_t *)0x50000000u)

static void start_count(void) {
    TIMER[2] = 0xFFFFFFFFu; // RELOAD
    TIMER[1] = 0xFFFFFFFFu; // VALUE
    TIMER[0] = 1; // CTRL: enable
}

uint32_t bare_count(void) {
    return 0u - TIMER[1];
}

uint32_t bare_instructions(uint32_t difference) {
    return (uint32_t)((uint64_t)difference * 25u / 32u);
}
#else
static void start_count(void) {
}

uint32_t bare_count(void) {
    return 0;
}

uint32_t bare_instructions(uint32_t difference) {
    return difference;
}
#endif

extern uint32_t bare_data_end[], bare_bss_end[];

void bare_reset(void) {
    for (uint32_t *to = bare_data_end; to < bare_bss_end;) {
        *to++ = 0;
    }
    start_count();
    main();
    bare_exit();
}

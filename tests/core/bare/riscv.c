// RV32IMC (QEMU virt, no BIOS): semihosting for output; minstret counts instructions.
#include "bare.h"

__asm__(".section .vectors, \"ax\"\n"
    ".global _start\n"
    "_start:\n"
    ".option push\n"
    ".option norelax\n"
    "la gp, __global_pointer$\n"
    ".option pop\n"
    "la sp, bare_stack_top\n"
    "la t0, trap\n"
    "csrw mtvec, t0\n"
    "la t0, bare_data_end\n"
    "la t1, bare_bss_end\n"
    "1: bgeu t0, t1, 2f\n"
    "sw zero, 0(t0)\n"
    "addi t0, t0, 4\n"
    "j 1b\n"
    "2: call main\n"
    "call bare_exit\n"
    ".balign 4\n"
    "trap: call bare_fault\n"
    ".text\n");

static uintptr_t semihost(uintptr_t op, const void *arg) {
    register uintptr_t a0 __asm__("a0") = op;
    register const void *a1 __asm__("a1") = arg;
    __asm__ volatile(".balign 16\n.option push\n.option norvc\nslli zero, zero, 0x1f\nebreak\n"
        "srai zero, zero, 7\n.option pop" : "+r"(a0) : "r"(a1) : "memory");
    return a0;
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

uint32_t bare_count(void) {
    uint32_t n;
    __asm__ volatile("csrr %0, minstret" : "=r"(n) :: "memory");
    return n;
}

uint32_t bare_instructions(uint32_t difference) {
    return difference;
}

// Xtensa LX106 (QEMU sim), call0: simcalls for output. Its compiler brings no C library, so the
// three memory functions that the core uses are here, and strlen.
#include <string.h>

#include "bare.h"

__asm__(".section .reset, \"ax\"\n" // where the processor starts
    ".global _start\n"
    "_start: j 1f\n"
    ".align 4\n"
    ".Lstack: .word bare_stack_top\n"
    ".Lstart: .word bare_start\n"
    "1: l32r a1, .Lstack\n"
    "l32r a0, .Lstart\n"
    "callx0 a0\n"
    ".text\n");

static int simcall(int op, int b, const void *c, size_t d) {
    register int a2 __asm__("a2") = op;
    register int a3 __asm__("a3") = b;
    register const void *a4 __asm__("a4") = c;
    register size_t a5 __asm__("a5") = d;
    __asm__ volatile("simcall" : "+r"(a2), "+r"(a3) : "r"(a4), "r"(a5) : "memory");
    return a2;
}

void bare_write(const char *text, size_t n) {
    simcall(4, 1, text, n); // write to stdout
}

void bare_exit(void) {
    for (;;) {
        simcall(1, 0, NULL, 0); // exit
    }
}

uint32_t bare_count(void) {
    uint32_t n;
    __asm__ volatile("rsr.ccount %0" : "=r"(n) :: "memory");
    return n;
}

// CCOUNT runs at 10 MHz: with -icount shift=7 an instruction takes 128 ns, 1.28 of it.
uint32_t bare_instructions(uint32_t difference) {
    return (uint32_t)((uint64_t)difference * 25u / 32u);
}

void *memcpy(void *to, const void *from, size_t n) {
    char *t = to;
    const char *f = from;
    for (; n > 0; n--) {
        *t++ = *f++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t n) {
    char *t = to;
    const char *f = from;
    if (t <= f) {
        return memcpy(to, from, n);
    }
    while (n > 0) {
        n--;
        t[n] = f[n];
    }
    return to;
}

void *memset(void *to, int value, size_t n) {
    char *t = to;
    for (; n > 0; n--) {
        *t++ = (char)value;
    }
    return to;
}

size_t strlen(const char *text) {
    size_t n = 0;
    while (text[n] != 0) {
        n++;
    }
    return n;
}

extern uint32_t bare_data_end[], bare_bss_end[];
void bare_start(void);

void bare_start(void) {
    for (volatile uint32_t *to = bare_data_end; to < bare_bss_end;) {
        *to++ = 0;
    }
    main();
    bare_exit();
}

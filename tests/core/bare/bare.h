// What a bare emulated processor gives its test program: one file each, arm.c, riscv.c, xtensa.c.
#ifndef BARE_H
#define BARE_H

#include <stddef.h>
#include <stdint.h>

#define BARE_RECORDS ((const uint32_t *)RECORDS)

void bare_write(const char *text, size_t n);
__attribute__((noreturn)) void bare_exit(void);

// A counter that runs with the instructions, where there is one (-icount), and what a difference
// of it means in instructions.
uint32_t bare_count(void);
uint32_t bare_instructions(uint32_t difference);

// Called on a processor's fault.
void bare_fault(void);

int main(void);

#endif // BARE_H

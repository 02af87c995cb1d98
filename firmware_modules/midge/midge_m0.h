// What the assembly files for the Cortex-M0+ (ARMv6-M) share. midge_packed.c says in C what each
// function computes. Low registers do the arithmetic, sums live in r8-r11 where ADD takes one
// cycle as well. They run from SRAM where the linker script has a place for .time_critical.
#ifndef MIDGE_M0_H
#define MIDGE_M0_H

#define BEGIN(name) \
    ".section .time_critical." #name ", \"ax\", %progbits\n" \
    ".balign 4\n" \
    ".syntax unified\n" \
    ".thumb\n" \
    ".thumb_func\n" \
    ".global " #name "\n" \
    ".type " #name ", %function\n" \
    #name ":\n"
#define END(name) \
    ".ltorg\n" \
    ".size " #name ", . - " #name "\n" \
    ".text\n"

#define FOUR_TIMES(code) code code code code
#define SAVE \
    "push {r4-r7, lr}\n" \
    "mov r4, r8\n" \
    "mov r5, r9\n" \
    "mov r6, r10\n" \
    "mov r7, r11\n" \
    "push {r4-r7}\n"
#define RESTORE \
    "pop {r4-r7}\n" \
    "mov r8, r4\n" \
    "mov r9, r5\n" \
    "mov r10, r6\n" \
    "mov r11, r7\n" \
    "pop {r4-r7, pc}\n"

#endif // MIDGE_M0_H

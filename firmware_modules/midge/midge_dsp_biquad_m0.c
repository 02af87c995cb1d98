// Second-order sections, for the Cortex-M0+; midge_dsp_biquad.c has the same in C.
#include "midge_dsp_loops.h"
#include "midge_m0.h"

#ifdef __ARM_ARCH_6M__

// r0-r3 the last two inputs and outputs, whose places take turns; r6 samples, r7 b_shift,
// r8-r10 b, r11 r12 a, lr rest. Stack: end, state, a2_low, a1_low.
#define INPUT(x1, x2, at) \
    "mov r4, r10\n" \
    "muls r4, " x2 "\n" \
    "ldrh " x2 ", [r6, #" at "]\n" \
    "sxth " x2 ", " x2 "\n" \
    "mov r5, r9\n" \
    "muls r5, " x1 "\n" \
    "adds r4, r4, r5\n" \
    "mov r5, r8\n" \
    "muls r5, " x2 "\n" \
    "adds r4, r4, r5\n"
#define FEEDBACK(y1, y2, low) \
    "add r4, lr\n" \
    "mov r5, r12\n" \
    "muls r5, " y2 "\n" \
    "subs r4, r4, r5\n" \
    low \
    "mov r5, r11\n" \
    "muls r5, " y1 "\n" \
    "subs r4, r4, r5\n"
#define LOW(y1, y2) \
    "ldr r5, [sp, #8]\n" \
    "muls r5, " y2 "\n" \
    "ldr " y2 ", [sp, #12]\n" \
    "muls " y2 ", " y1 "\n" \
    "adds r5, r5, " y2 "\n" \
    "asrs r5, #14\n" \
    "subs r4, r4, r5\n"
#define OUTPUT(y, at, large, back) \
    "asrs " y ", r4, #13\n" \
    "lsls r4, #19\n" \
    "lsrs r4, #19\n" \
    "mov lr, r4\n" \
    "sxth r5, " y "\n" \
    "cmp r5, " y "\n" \
    "bne " large "f\n" \
    back ": strh " y ", [r6, #" at "]\n"
#define LARGE(y, large, back) \
    large ": asrs r5, " y ", #31\n" \
    "movs " y ", #1\n" \
    "lsls " y ", #15\n" \
    "subs " y ", #1\n" \
    "eors " y ", r5\n" \
    "b " back "b\n"
#define NARROW(x1, x2, y1, y2, at, large, back) \
    INPUT(x1, x2, at) FEEDBACK(y1, y2, "") OUTPUT(y2, at, large, back)
#define WIDE(x1, x2, y1, y2, at, large, back) \
    INPUT(x1, x2, at) "asrs r4, r7\n" FEEDBACK(y1, y2, LOW(y1, y2)) OUTPUT(y2, at, large, back)
#define COEFFICIENT(at, to) \
    "movs r4, #" at "\n" \
    "ldrsh r5, [r2, r4]\n" \
    to

// r0 samples, r1 n, r2 section, r3 state
#define SECTION(name, ONE) \
    __asm__(BEGIN(name) \
    SAVE \
    "sub sp, #16\n" \
    "movs r6, r0\n" \
    "lsls r1, #1\n" \
    "adds r1, r1, r0\n" \
    "str r1, [sp, #0]\n" \
    "str r3, [sp, #4]\n" \
    COEFFICIENT("0", "mov r8, r5\n") \
    COEFFICIENT("2", "mov r9, r5\n") \
    COEFFICIENT("4", "mov r10, r5\n") \
    COEFFICIENT("6", "mov r11, r5\n") \
    COEFFICIENT("8", "mov r12, r5\n") \
    COEFFICIENT("10", "str r5, [sp, #12]\n") \
    COEFFICIENT("12", "str r5, [sp, #8]\n") \
    COEFFICIENT("14", "movs r7, r5\n") \
    "ldr r4, [r3, #16]\n" \
    "mov lr, r4\n" \
    "ldm r3, {r0-r3}\n" \
    "1:\n" \
    ONE("r0", "r1", "r2", "r3", "0", "2", "3") \
    ONE("r1", "r0", "r3", "r2", "2", "4", "5") \
    ONE("r0", "r1", "r2", "r3", "4", "6", "7") \
    ONE("r1", "r0", "r3", "r2", "6", "8", "9") \
    "adds r6, #8\n" \
    "ldr r5, [sp, #0]\n" \
    "cmp r6, r5\n" \
    "beq 10f\n" \
    "b 1b\n" \
    LARGE("r3", "2", "3") \
    LARGE("r2", "4", "5") \
    LARGE("r3", "6", "7") \
    LARGE("r2", "8", "9") \
    "10:\n" \
    "ldr r4, [sp, #4]\n" \
    "mov r5, lr\n" \
    "stm r4!, {r0-r3, r5}\n" \
    "add sp, #16\n" \
    RESTORE \
    END(name))

SECTION(midge_dsp_section, NARROW);
SECTION(midge_dsp_section_wide, WIDE);

#endif // __ARM_ARCH_6M__

// Requantization, for the Cortex-M0+; see midge_m0.h.
#include "midge_m0.h"
#include "midge_packed.h"

#ifdef __ARM_ARCH_6M__

// -- midge_packed_requant: r0 acc, r1 out, r2 n, r3 constants, [sp] stride ---------------------
// r1 act_span, r3 mult_low, r4 mult_high, r5 shift, r6 acc, r7 out, r8 high, r9 add,
// r10 acc's end, r11 bias, r12 act_max, lr stride.
#define ONE_SUM(load, other, back) \
    load \
    "cmp r0, r8\n" \
    "bhi " other "f\n" \
    "movs r2, r0\n" \
    "muls r2, r3\n" \
    "lsrs r2, r2, #12\n" \
    "muls r0, r4\n" \
    "adds r0, r0, r2\n" \
    "add r0, r9\n" \
    "asrs r0, r5\n" \
    back ": strb r0, [r7]\n" \
    "add r7, lr\n"
#define CLAMPED(other, back) \
    other ": asrs r0, #31\n" \
    "ands r0, r1\n" \
    "add r0, r12\n" \
    "b " back "b\n"

#define REQUANT(name, load, size) \
    __asm__(BEGIN(name) \
    SAVE \
    "movs r6, r0\n" \
    "movs r7, r1\n" \
    "ldr r4, [sp, #36]\n" \
    "mov lr, r4\n" \
    "cmp r2, #0\n" \
    "beq 9f\n" \
    "lsls r5, r2, #" size "\n" \
    "adds r5, r5, r0\n" \
    "mov r10, r5\n" \
    "movs r5, #1\n" \
    "ands r2, r5\n" /* an odd one first */ \
    "ldm r3!, {r0, r1}\n" \
    "mov r8, r0\n" \
    "mov r9, r1\n" \
    "ldr r0, [r3, #12]\n" \
    "mov r12, r0\n" /* act_max */ \
    "ldr r0, [r3, #20]\n" \
    "mov r11, r0\n" /* bias */ \
    "ldr r1, [r3, #16]\n" /* act_span */ \
    "ldm r3, {r3, r4, r5}\n" /* mult_low, mult_high, shift */ \
    "cmp r2, #0\n" \
    "bne 6f\n" \
    "1:\n" \
    ONE_SUM(load, "2", "3") \
    "6:\n" \
    ONE_SUM(load, "4", "5") \
    "cmp r6, r10\n" \
    "bne 1b\n" \
    "9:\n" \
    RESTORE \
    CLAMPED("2", "3") \
    CLAMPED("4", "5") \
    END(name))

REQUANT(midge_packed_requant, "ldm r6!, {r0}\n", "2");
REQUANT(midge_packed_requant_2, "ldr r0, [r6]\n adds r6, #8\n add r0, r11\n", "3");

#endif // __ARM_ARCH_6M__

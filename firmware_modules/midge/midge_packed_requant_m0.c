// Requantization, for the Cortex-M0+; see midge_m0.h.
#include "midge_m0.h"
#include "midge_packed.h"

#ifdef __ARM_ARCH_6M__

// One sum in `x`; r2 is free.
#define ONE_SUM(x, other, back) \
    "cmp " x ", r8\n" \
    "bhi " other "f\n" \
    "movs r2, " x "\n" \
    "muls r2, r3\n" \
    "lsrs r2, r2, #12\n" \
    "muls " x ", r4\n" \
    "adds " x ", " x ", r2\n" \
    "add " x ", r9\n" \
    "asrs " x ", r5\n" \
    back ":\n"
#define CLAMPED(x, other, back) \
    other ": asrs " x ", #31\n" \
    "mov r2, r11\n" \
    "ands " x ", r2\n" \
    "add " x ", r12\n" \
    "b " back "b\n"
// r3: constants. Leaves what ONE_SUM and CLAMPED need, and bias and apart in r0 and r1.
#define CONSTANTS \
    "ldm r3!, {r0, r1}\n" \
    "mov r8, r0\n" \
    "mov r9, r1\n" \
    "ldr r0, [r3, #12]\n" /* act_max */ \
    "mov r12, r0\n" \
    "ldr r0, [r3, #16]\n" /* act_span */ \
    "mov r11, r0\n" \
    "ldr r0, [r3, #20]\n" /* bias */ \
    "ldr r1, [r3, #24]\n" /* apart */ \
    "ldm r3, {r3, r4, r5}\n" /* mult_low, mult_high, shift */

// -- midge_packed_requant: r0 acc, r1 out, r2 n, r3 constants, [sp] stride ---------------------
// r3 mult_low, r4 mult_high, r5 shift, r6 acc, r7 out, r8 high, r9 add, r10 acc's end,
// r11 act_span, r12 act_max, lr stride.
__asm__(BEGIN(midge_packed_requant)
    SAVE
    "movs r6, r0\n"
    "movs r7, r1\n"
    "ldr r4, [sp, #36]\n"
    "mov lr, r4\n"
    "cmp r2, #0\n"
    "beq 9f\n"
    "lsls r5, r2, #2\n"
    "adds r5, r5, r0\n"
    "mov r10, r5\n"
    CONSTANTS
    "lsls r2, #31\n" // an odd one first
    "bne 6f\n"
    "1: ldm r6!, {r0}\n"
    ONE_SUM("r0", "2", "3")
    "strb r0, [r7]\n"
    "add r7, lr\n"
    "6: ldm r6!, {r0}\n"
    ONE_SUM("r0", "4", "5")
    "strb r0, [r7]\n"
    "add r7, lr\n"
    "cmp r6, r10\n"
    "bne 1b\n"
    "9:\n"
    RESTORE
    CLAMPED("r0", "2", "3")
    CLAMPED("r0", "4", "5")
    END(midge_packed_requant));

// -- midge_packed_requant_2: the same arguments --------------------------------------------------
// Registers as above; stack: bias, apart.
__asm__(BEGIN(midge_packed_requant_2)
    SAVE
    "sub sp, #8\n"
    "movs r6, r0\n"
    "movs r7, r1\n"
    "ldr r4, [sp, #44]\n"
    "mov lr, r4\n"
    "lsls r5, r2, #3\n"
    "adds r5, r5, r0\n"
    "mov r10, r5\n"
    CONSTANTS
    "str r0, [sp]\n"
    "str r1, [sp, #4]\n"
    "1: ldr r2, [sp]\n"
    "ldm r6!, {r0, r1}\n"
    "adds r0, r0, r2\n"
    "adds r1, r1, r2\n"
    ONE_SUM("r0", "2", "3")
    ONE_SUM("r1", "4", "5")
    "ldr r2, [sp, #4]\n"
    "strb r0, [r7]\n"
    "strb r1, [r7, r2]\n"
    "add r7, lr\n"
    "cmp r6, r10\n"
    "bne 1b\n"
    "add sp, #8\n"
    RESTORE
    CLAMPED("r0", "2", "3")
    CLAMPED("r1", "4", "5")
    END(midge_packed_requant_2));

#endif // __ARM_ARCH_6M__

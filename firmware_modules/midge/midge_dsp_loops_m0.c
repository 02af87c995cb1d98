// Inner loops of the signal blocks, for the Cortex-M0+; midge_dsp_loops.c says what they do.
#include "midge_dsp_loops.h"
#include "midge_m0.h"

#ifdef __ARM_ARCH_6M__

// -- midge_dsp_apply: r0 x, r1 table, r2 out, r3 n, [sp] right -----
// r0-r2 ends, r3 right, r6 bytes left, negative, r7 half.
#define APPLY_ONE \
    "ldrsh r4, [r0, r6]\n" \
    "ldrsh r5, [r1, r6]\n" \
    "muls r4, r5\n" \
    "adds r4, r4, r7\n" \
    "asrs r4, r3\n" \
    "strh r4, [r2, r6]\n" \
    "adds r6, #2\n"

__asm__(BEGIN(midge_dsp_apply)
    "push {r4-r7, lr}\n"
    "ldr r4, [sp, #20]\n"
    "lsls r6, r3, #1\n"
    "adds r0, r0, r6\n"
    "adds r1, r1, r6\n"
    "adds r2, r2, r6\n"
    "rsbs r6, r6, #0\n"
    "movs r7, #1\n"
    "subs r5, r4, #1\n"
    "lsls r7, r5\n"
    "lsrs r3, #1\n" // carry: an odd one first
    "mov r3, r4\n"
    "bcs 2f\n"
    "1:\n"
    APPLY_ONE
    "2:\n"
    APPLY_ONE
    "bne 1b\n"
    "pop {r4-r7, pc}\n"
    END(midge_dsp_apply));

// -- midge_dsp_dot: r0 x, r1 w, r2 n -----
// r0, r1 ends, r2 sum, r5 bytes left, negative.
#define DOT_ONE \
    "ldrsh r3, [r0, r5]\n" \
    "ldrsh r4, [r1, r5]\n" \
    "muls r3, r4\n" \
    "adds r2, r2, r3\n" \
    "adds r5, #2\n"

__asm__(BEGIN(midge_dsp_dot)
    "push {r4, r5, lr}\n"
    "lsls r5, r2, #1\n"
    "adds r0, r0, r5\n"
    "adds r1, r1, r5\n"
    "rsbs r5, r5, #0\n"
    "movs r3, #0\n"
    "lsrs r2, #1\n"
    "mov r2, r3\n"
    "bcs 2f\n"
    "1:\n"
    DOT_ONE
    "2:\n"
    DOT_ONE
    "bne 1b\n"
    "movs r0, r2\n"
    "pop {r4, r5, pc}\n"
    END(midge_dsp_dot));

// -- midge_dsp_squares: r0 in, r1 out, r2 n -----
// r5 end of in; 11 cycles a word.
#define SQUARE(x, t) \
    "sxth " t ", " x "\n" \
    "asrs " x ", #16\n" \
    "muls " t ", " t "\n" \
    "muls " x ", " x "\n" \
    "adds " x ", " x ", " t "\n"

__asm__(BEGIN(midge_dsp_squares)
    "push {r4, r5, lr}\n"
    "lsls r5, r2, #2\n"
    "adds r5, r5, r0\n"
    "lsrs r2, #1\n"
    "bcc 1f\n"
    "ldm r0!, {r2}\n"
    SQUARE("r2", "r4")
    "stm r1!, {r2}\n"
    "b 2f\n"
    "1:\n"
    "ldm r0!, {r2, r3}\n"
    SQUARE("r2", "r4")
    SQUARE("r3", "r4")
    "stm r1!, {r2, r3}\n"
    "2:\n"
    "cmp r0, r5\n"
    "bne 1b\n"
    "pop {r4, r5, pc}\n"
    END(midge_dsp_squares));

// -- midge_dsp_triangles: r0 power, r1 rise, r2 edges, r3 bands, [sp] out -----
// r5 r6 rising, r7 zero, r8 r9 sums of the powers' low and high halves, r10 r11 the segment
// before's rising, r12 the segment's end, lr edges. Stack: out, the last one's place in edges,
// the first one's.
__asm__(BEGIN(midge_dsp_triangles)
    SAVE
    "sub sp, #12\n"
    "ldr r4, [sp, #48]\n"
    "str r4, [sp, #0]\n"
    "mov lr, r2\n"
    "adds r2, #2\n"
    "str r2, [sp, #8]\n"
    "lsls r3, #1\n"
    "adds r2, r2, r3\n"
    "str r2, [sp, #4]\n"
    "movs r7, #0\n"
    "1:\n"
    "mov r4, lr\n"
    "ldrh r2, [r4]\n"
    "ldrh r3, [r4, #2]\n"
    "adds r4, #2\n"
    "mov lr, r4\n"
    "subs r3, r3, r2\n"
    "lsls r3, #2\n"
    "adds r3, r3, r0\n"
    "mov r12, r3\n"
    "movs r5, #0\n"
    "movs r6, #0\n"
    "mov r8, r7\n"
    "mov r9, r7\n"
    "b 3f\n"
    "2:\n"
    "ldm r0!, {r3}\n"
    "ldrh r4, [r1]\n"
    "adds r1, #2\n"
    "uxth r2, r3\n"
    "lsrs r3, #16\n"
    "add r8, r2\n"
    "add r9, r3\n"
    "muls r2, r4\n"
    "muls r3, r4\n"
    "lsrs r2, #15\n"
    "lsls r3, #1\n"
    "adds r3, r3, r2\n"
    "adds r5, r5, r3\n"
    "adcs r6, r7\n"
    "3:\n"
    "cmp r0, r12\n"
    "bne 2b\n"
    "mov r2, lr\n"
    "ldr r3, [sp, #8]\n"
    "cmp r2, r3\n"
    "beq 4f\n" // the first segment belongs to no band yet
    "mov r2, r9\n"
    "lsrs r4, r2, #16\n"
    "lsls r3, r2, #16\n"
    "mov r2, r8\n"
    "adds r3, r3, r2\n"
    "adcs r4, r7\n"
    "subs r3, r3, r5\n"
    "sbcs r4, r6\n"
    "mov r2, r10\n"
    "adds r3, r3, r2\n"
    "mov r2, r11\n"
    "adcs r4, r2\n"
    "ldr r2, [sp, #0]\n"
    "stm r2!, {r3, r4}\n"
    "str r2, [sp, #0]\n"
    "4:\n"
    "mov r10, r5\n"
    "mov r11, r6\n"
    "mov r2, lr\n"
    "ldr r3, [sp, #4]\n"
    "cmp r2, r3\n"
    "bne 1b\n"
    "add sp, #12\n"
    RESTORE
    END(midge_dsp_triangles));

#endif // __ARM_ARCH_6M__

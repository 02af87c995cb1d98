// Products of pixels with one channel's weights, for the Cortex-M0+; see midge_m0.h.
#include "midge_m0.h"
#include "midge_packed.h"

#ifdef __ARM_ARCH_6M__

// -- midge_packed_widen: r0 bytes, r1 words, r2 how many -------------------------------------
__asm__(BEGIN(midge_packed_widen)
    "push {r4-r6, lr}\n"
    "lsls r2, #2\n"
    "adds r6, r1, r2\n"
    "1: ldm r0!, {r5}\n"
    "sxtb r2, r5\n"
    "lsls r3, r5, #16\n"
    "asrs r3, #24\n"
    "lsls r4, r5, #8\n"
    "asrs r4, #24\n"
    "asrs r5, #24\n"
    "stm r1!, {r2-r5}\n"
    "cmp r1, r6\n"
    "bne 1b\n"
    "pop {r4-r6, pc}\n"
    END(midge_packed_widen));

// -- midge_packed_dot ------------------------------------------------------------------------
// r6 pixels, r7 weights, r8 r9 `all` of both words, r10 r11 `high`, r12 0x8000, lr weights' end.
// Stack: first `all`, bias, address in the unrolled loop where a group begins, weights.
// 32 bytes, 22 cycles: two taps of four pixels.
#define TWO_TAPS \
    "ldm r6!, {r0-r3}\n" \
    "ldm r7!, {r4, r5}\n" \
    "muls r0, r4\n" \
    "muls r1, r4\n" \
    "muls r2, r5\n" \
    "muls r3, r5\n" \
    "adds r0, r0, r2\n" \
    "adds r1, r1, r3\n" \
    "add r0, r12\n" \
    "add r1, r12\n" \
    "add r8, r0\n" \
    "add r9, r1\n" \
    "asrs r0, #16\n" \
    "asrs r1, #16\n" \
    "add r10, r0\n" \
    "add r11, r1\n"

// 44 bytes, 31 cycles: three taps of four pixels.
#define THREE_TAPS \
    "ldm r6!, {r0-r3}\n" \
    "ldm r7!, {r4, r5}\n" \
    "muls r0, r4\n" \
    "muls r1, r4\n" \
    "muls r2, r5\n" \
    "muls r3, r5\n" \
    "adds r0, r0, r2\n" \
    "adds r1, r1, r3\n" \
    "ldm r6!, {r2, r3}\n" \
    "ldm r7!, {r4}\n" \
    "muls r2, r4\n" \
    "muls r3, r4\n" \
    "adds r0, r0, r2\n" \
    "adds r1, r1, r3\n" \
    "add r0, r12\n" \
    "add r1, r12\n" \
    "add r8, r0\n" \
    "add r9, r1\n" \
    "asrs r0, #16\n" \
    "asrs r1, #16\n" \
    "add r10, r0\n" \
    "add r11, r1\n"

// Makes the number of groups, on the stack, the end of x. r4: taps of a group, 8 bytes each.
#define X_END(groups) \
    "ldr r5, [sp, #" groups "]\n" \
    "muls r5, r4\n" \
    "lsls r5, #3\n" \
    "adds r5, r5, r0\n" \
    "str r5, [sp, #" groups "]\n"
// r5: runs, r4: taps, r3: bias; r0 and r1 as they came. Leaves r6 and lr.
#define DOT_BEGIN \
    "movs r6, r0\n" \
    "str r1, [sp, #12]\n" \
    "lsls r4, #2\n" \
    "adds r4, r4, r1\n" \
    "mov lr, r4\n" \
    "str r3, [sp, #4]\n" \
    "lsls r4, r3, #16\n" \
    "adds r4, r4, r3\n" \
    "lsls r5, #15\n" \
    "subs r4, r4, r5\n" \
    "str r4, [sp, #0]\n" \
    "movs r4, #128\n" \
    "lsls r4, #8\n" \
    "mov r12, r4\n"
// A group's start: into the unrolled loop at the address in [sp, #8].
#define GROUP_BEGIN \
    "mov r3, sp\n" \
    "ldm r3!, {r0, r1, r2, r7}\n" \
    "mov r8, r0\n" \
    "mov r9, r0\n" \
    "mov r10, r1\n" \
    "mov r11, r1\n" \
    "mov pc, r2\n"
// Writes the four sums; Z is set after the last group. `groups` is where x ends, by now.
#define GROUP_END(acc, groups) \
    "mov r0, r8\n" \
    "mov r1, r10\n" \
    "lsls r4, r1, #16\n" \
    "subs r0, r0, r4\n" \
    "mov r2, r9\n" \
    "mov r3, r11\n" \
    "lsls r4, r3, #16\n" \
    "subs r2, r2, r4\n" \
    "ldr r4, [sp, #" acc "]\n" \
    "stm r4!, {r0-r3}\n" \
    "str r4, [sp, #" acc "]\n" \
    "ldr r0, [sp, #" groups "]\n" \
    "cmp r6, r0\n"
// r4 = address of label 2, and past (-r2 & 15) blocks of `bytes` bytes, to [sp, #8].
#define FIRST_BLOCK(bytes) \
    "rsbs r4, r2, #0\n" \
    "movs r5, #15\n" \
    "ands r4, r5\n" \
    "movs r5, #" bytes "\n" \
    "muls r4, r5\n" \
    "adr r5, 2f\n" \
    "adds r4, r4, r5\n" \
    "str r4, [sp, #8]\n"

__asm__(BEGIN(midge_packed_dot)
    SAVE
    "sub sp, #16\n"
    "lsls r4, r2, #1\n"
    X_END("56")
    "movs r5, r2\n"
    DOT_BEGIN
    FIRST_BLOCK("32")
    "1:\n"
    GROUP_BEGIN
    ".balign 4\n"
    "2:\n"
    FOUR_TIMES(TWO_TAPS) FOUR_TIMES(TWO_TAPS) FOUR_TIMES(TWO_TAPS) FOUR_TIMES(TWO_TAPS)
    "cmp r7, lr\n"
    "beq 3f\n"
    "b 2b\n"
    "3:\n"
    GROUP_END("52", "56")
    "beq 4f\n"
    "b 1b\n"
    "4: add sp, #16\n"
    RESTORE
    END(midge_packed_dot));

// r0 x, r1 w, r2 threes, r3 pairs, [sp] bias, acc, groups. [sp, #16]: pairs, 0 to 2.
__asm__(BEGIN(midge_packed_dot_3)
    SAVE
    "sub sp, #20\n"
    "str r3, [sp, #16]\n"
    "lsls r4, r3, #1\n"
    "adds r4, r4, r2\n"
    "adds r4, r4, r2\n"
    "adds r4, r4, r2\n"
    X_END("64")
    "lsls r4, r2, #1\n"
    "adds r4, r4, r2\n" // taps in threes: lr is their end
    "adds r5, r2, r3\n"
    "ldr r3, [sp, #56]\n"
    DOT_BEGIN
    FIRST_BLOCK("44")
    "1:\n"
    GROUP_BEGIN
    ".balign 4\n"
    "2:\n"
    FOUR_TIMES(THREE_TAPS) FOUR_TIMES(THREE_TAPS) FOUR_TIMES(THREE_TAPS) FOUR_TIMES(THREE_TAPS)
    "cmp r7, lr\n"
    "beq 3f\n"
    "b 2b\n"
    "3: ldr r0, [sp, #16]\n"
    "cmp r0, #1\n"
    "blo 6f\n"
    "beq 5f\n"
    TWO_TAPS
    "5:\n"
    TWO_TAPS
    "6:\n"
    GROUP_END("60", "64")
    "beq 4f\n"
    "b 1b\n"
    "4: add sp, #20\n"
    RESTORE
    END(midge_packed_dot_3));

#endif // __ARM_ARCH_6M__

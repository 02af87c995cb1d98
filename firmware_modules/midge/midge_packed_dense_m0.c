// FULLY_CONNECTED, for the Cortex-M0+; see midge_m0.h.
#include "midge_m0.h"
#include "midge_packed.h"

#ifdef __ARM_ARCH_6M__

// -- midge_packed_dense: r0 weights, r1 inputs, r2 pairs, r3 sums ------------------------------
// r2 mask, r6 weights, r7 inputs, r8 r9 `all`, r10 r11 `high`, lr inputs' end, r12 sums.
// 26 cycles: two taps of four outputs.
#define ONE_WORD(all, high) \
    "ldm r6!, {r0}\n" \
    "lsrs r1, r0, #8\n" \
    "ands r1, r2\n" \
    "muls r0, r3\n" \
    "muls r1, r4\n" \
    "adds r0, r0, r1\n" \
    "adds r0, r0, r5\n" \
    "add " all ", r0\n" \
    "asrs r0, #16\n" \
    "add " high ", r0\n"
#define ONE_PAIR \
    "ldm r7!, {r3-r5}\n" \
    ONE_WORD("r8", "r10") \
    ONE_WORD("r9", "r11")

__asm__(BEGIN(midge_packed_dense)
    SAVE
    "movs r6, r0\n"
    "movs r7, r1\n"
    "mov r12, r3\n"
    "lsls r0, r2, #2\n"
    "adds r0, r0, r1\n"
    "lsls r1, r2, #3\n"
    "adds r0, r0, r1\n"
    "mov lr, r0\n"
    "rsbs r4, r2, #0\n" // blocks of 42 bytes to leave out at first
    "movs r5, #3\n"
    "ands r4, r5\n"
    "movs r5, #42\n"
    "muls r4, r5\n"
    "adr r5, 1f\n"
    "adds r5, r5, r4\n"
    "ldm r3!, {r0, r1}\n"
    "mov r8, r0\n"
    "mov r9, r1\n"
    "ldm r3!, {r0, r1}\n"
    "mov r10, r0\n"
    "mov r11, r1\n"
    "ldr r2, 3f\n"
    "mov pc, r5\n"
    ".balign 4\n"
    "3: .word 0x00FF00FF\n"
    "1:\n"
    ONE_PAIR ONE_PAIR ONE_PAIR ONE_PAIR
    "cmp r7, lr\n"
    "bne 1b\n"
    "mov r4, r12\n"
    "mov r0, r8\n"
    "mov r1, r9\n"
    "mov r2, r10\n"
    "mov r3, r11\n"
    "stm r4!, {r0-r3}\n"
    RESTORE
    END(midge_packed_dense));

// -- midge_packed_dense_direct: r0 weights, r1 inputs, r2 pairs, r3 sums -----------------------
// As above, but r12 0x8000, sums on the stack.
// 37 cycles: two taps of four outputs. 66 bytes.
#define ONE_DIRECT_PAIR \
    "movs r5, #1\n" \
    "ldrsb r4, [r7, r5]\n" /* x1 */ \
    "movs r5, #0\n" \
    "ldrsb r3, [r7, r5]\n" /* x0 */ \
    "adds r7, #2\n" \
    "adds r5, r3, r4\n" \
    "lsls r0, r5, #7\n" \
    "lsls r5, r5, #23\n" \
    "adds r0, r0, r5\n" \
    "mov r5, r12\n" \
    "subs r5, r5, r0\n" /* 0x8000 - (x0 + x1) * 0x00800080 */ \
    "lsls r0, r3, #8\n" \
    "subs r4, r4, r0\n" /* x1 - 256 * x0 */ \
    ONE_WORD("r8", "r10") \
    ONE_WORD("r9", "r11")

__asm__(BEGIN(midge_packed_dense_direct)
    SAVE
    "push {r3}\n"
    "movs r6, r0\n"
    "movs r7, r1\n"
    "lsls r0, r2, #1\n"
    "adds r0, r0, r1\n"
    "mov lr, r0\n"
    "movs r0, #128\n"
    "lsls r0, #8\n"
    "mov r12, r0\n"
    "movs r5, r2\n"
    "ldm r3!, {r0, r1}\n"
    "mov r8, r0\n"
    "mov r9, r1\n"
    "ldm r3!, {r0, r1}\n"
    "mov r10, r0\n"
    "mov r11, r1\n"
    "ldr r2, 4f\n"
    "lsrs r5, r5, #1\n"
    "bcs 2f\n" // an odd one first
    "1:\n"
    ONE_DIRECT_PAIR
    "2:\n"
    ONE_DIRECT_PAIR
    "cmp r7, lr\n"
    "bne 1b\n"
    "pop {r4}\n"
    "mov r0, r8\n"
    "mov r1, r9\n"
    "mov r2, r10\n"
    "mov r3, r11\n"
    "stm r4!, {r0-r3}\n"
    RESTORE
    ".balign 4\n"
    "4: .word 0x00FF00FF\n"
    END(midge_packed_dense_direct));

#endif // __ARM_ARCH_6M__

// Depthwise 3 x 3 over packed planes, for the Cortex-M0+; see midge_m0.h.
#include "midge_m0.h"
#include "midge_packed.h"

#ifdef __ARM_ARCH_6M__

// -- midge_packed_plane: r0 words, r1 plane, r2 acc -------------------------------------------
// r6 words, r7 weights, r8 `all`, r9 `high`, r10 next_row, r11 next_col, r12 0x8000, lr acc.
// Stack: end of the line in acc, plane, lines left.
#define LOAD_ROW \
    "ldm r6!, {r0-r2}\n" \
    "ldm r7!, {r3-r5}\n" \
    "muls r0, r3\n" \
    "muls r1, r4\n" \
    "muls r2, r5\n" \
    "adds r0, r0, r1\n"
#define TO_SUMS(move) \
    "add r0, r12\n" \
    move " r8, r0\n" \
    "asrs r0, #16\n" \
    move " r9, r0\n"
#define LAST_TO_SUMS \
    "add r0, r12\n" \
    "asrs r1, r0, #16\n" \
    "add r0, r8\n" \
    "add r1, r9\n"
#define THREE "adds r0, r0, r2\n"
#define TWO(move) TO_SUMS(move) "movs r0, r2\n"
#define NEXT_ROW "add r6, r10\n"

#define PLANE(name, first, other) \
    __asm__(BEGIN(name) \
    SAVE \
    "sub sp, #12\n" \
    "movs r6, r0\n" \
    "mov lr, r2\n" \
    "str r1, [sp, #4]\n" \
    "movs r7, r1\n" \
    "adds r7, #20\n" /* w */ \
    "ldr r4, [r1, #0]\n" /* next_row */ \
    "ldr r5, [r1, #4]\n" /* next_col */ \
    "mov r10, r4\n" \
    "mov r11, r5\n" \
    "ldr r3, [r1, #16]\n" /* lines */ \
    "str r3, [sp, #8]\n" \
    "movs r4, #128\n" \
    "lsls r4, #8\n" \
    "mov r12, r4\n" \
    "1: ldr r3, [sp, #4]\n" \
    "ldr r3, [r3, #12]\n" /* width */ \
    "lsls r3, #3\n" \
    "add r3, lr\n" \
    "str r3, [sp, #0]\n" \
    "2:\n" \
    LOAD_ROW first NEXT_ROW \
    LOAD_ROW other TO_SUMS("add") NEXT_ROW \
    LOAD_ROW other LAST_TO_SUMS \
    "add r6, r11\n" \
    "subs r7, #36\n" \
    "lsls r2, r1, #16\n" \
    "subs r0, r0, r2\n" \
    "mov r2, lr\n" \
    "stm r2!, {r0, r1}\n" \
    "mov lr, r2\n" \
    "ldr r3, [sp, #0]\n" \
    "cmp r2, r3\n" \
    "bne 2b\n" \
    "ldr r3, [sp, #4]\n" \
    "ldr r3, [r3, #8]\n" /* next_line */ \
    "adds r6, r6, r3\n" \
    "ldr r3, [sp, #8]\n" \
    "subs r3, #1\n" \
    "str r3, [sp, #8]\n" \
    "bne 1b\n" \
    "add sp, #12\n" \
    RESTORE \
    END(name))

PLANE(midge_packed_plane, THREE TO_SUMS("mov"), THREE);
PLANE(midge_packed_plane_2, TWO("mov") TO_SUMS("add"), TWO("add"));

// -- midge_packed_rows: r0 a, r1 b, r2 rows, r3 x ------------------------------------------------
// r3 step, r6 index into a and b, r7 x, r8 bytes of a row of x, r9 next_in, r10 next_x, r11 rows
// left, r12 the row's end in x, lr: whether n is odd.
#define ONE_WORD_OF_ROW \
    "ldrsb r4, [r0, r6]\n" \
    "ldrsb r5, [r1, r6]\n" \
    "adds r6, r6, r3\n" \
    "lsls r5, #16\n" \
    "adds r4, r4, r5\n" \
    "stm r7!, {r4}\n"

__asm__(BEGIN(midge_packed_rows)
    SAVE
    "movs r7, r3\n"
    "ldm r2!, {r3, r4, r5, r6}\n"
    "mov r11, r5\n"
    "mov r9, r6\n"
    "ldr r2, [r2]\n"
    "mov r10, r2\n"
    "lsls r2, r4, #2\n"
    "mov r8, r2\n"
    "movs r5, #1\n"
    "ands r4, r5\n"
    "mov lr, r4\n"
    "movs r6, #0\n"
    "1: mov r2, r8\n"
    "adds r2, r2, r7\n"
    "mov r12, r2\n"
    "mov r4, lr\n"
    "cmp r4, #0\n"
    "bne 3f\n"
    "2:\n"
    ONE_WORD_OF_ROW
    "3:\n"
    ONE_WORD_OF_ROW
    "cmp r7, r12\n"
    "bne 2b\n"
    "add r6, r9\n"
    "add r7, r10\n"
    "mov r4, r11\n"
    "subs r4, #1\n"
    "mov r11, r4\n"
    "bne 1b\n"
    RESTORE
    END(midge_packed_rows));

#endif // __ARM_ARCH_6M__

// Depthwise 3 x 3 over packed planes, for the Cortex-M0+; see midge_m0.h.
#include "midge_m0.h"
#include "midge_packed.h"

#ifdef __ARM_ARCH_6M__

// -- midge_packed_plane: r0 words, r1 plane, r2 acc -------------------------------------------
// Two windows side by side a step: what they share is loaded once.
// r7 words, r8 r10 `all` of both windows, r9 r11 `high`, r12 0x8000, lr next_row.
// Stack: nine weights, then the fields of the frame.
#define ACC "36"
#define STEP_END "40" // where acc is after the line's last pair of windows
#define PLANE_AT "44"
#define LINES "48"
#define FRAME "52"

#define WEIGHTS(at) \
    "add r4, sp, #" at "\n" \
    "ldm r4, {r4, r5, r6}\n"
// A run of products in `t` moves to the sums.
#define FLUSH(move, t, all, high) \
    move " " all ", " t "\n" \
    "add " t ", r12\n" \
    "asrs " t ", #16\n" \
    move " " high ", " t "\n"
#define FLUSH_PAIR(move) FLUSH(move, "r0", "r8", "r9") FLUSH(move, "r4", "r10", "r11")
// The last run, and lane a apart from lane b: sums in `a` and `b`, not `t`.
#define LAST(t, all, high, a, b, free) \
    "movs " b ", " t "\n" \
    "add " b ", r12\n" \
    "asrs " b ", #16\n" \
    "add " b ", " high "\n" \
    "add " t ", " all "\n" \
    "lsls " free ", " b ", #16\n" \
    "subs " a ", " t ", " free "\n"

// A row of both windows: the products of two taps in r0 and r4, of the third in r2 and r3.
#define ROW_1(at) \
    WEIGHTS(at) \
    "ldm r7!, {r0-r3}\n" \
    "muls r0, r4\n" \
    "muls r4, r1\n" \
    "muls r1, r5\n" \
    "muls r5, r2\n" \
    "adds r0, r0, r1\n" \
    "adds r4, r4, r5\n" \
    "muls r2, r6\n" \
    "muls r3, r6\n"
#define ROW_2(at) \
    WEIGHTS(at) \
    "ldm r7!, {r0-r2}\n" \
    "muls r0, r4\n" \
    "muls r1, r5\n" \
    "adds r0, r0, r1\n" \
    "muls r4, r2\n" \
    "muls r2, r6\n" \
    "ldm r7!, {r1, r3}\n" \
    "muls r1, r5\n" \
    "adds r4, r4, r1\n" \
    "muls r3, r6\n"
// The third tap joins the run, or begins another.
#define THREE(move) \
    "adds r0, r0, r2\n" \
    "adds r4, r4, r3\n"
#define TWO(move) \
    FLUSH_PAIR(move) \
    "movs r0, r2\n" \
    "movs r4, r3\n"
#define THREE_MOVE "mov"
#define TWO_MOVE "add"
#define NEXT_ROW "add r7, lr\n"
// The same for one window: r0, and the third tap's product in r2.
#define ROW_ALONE(at) \
    WEIGHTS(at) \
    "ldm r7!, {r0-r2}\n" \
    "muls r0, r4\n" \
    "muls r1, r5\n" \
    "adds r0, r0, r1\n" \
    "muls r2, r6\n"
#define THREE_ALONE(move) "adds r0, r0, r2\n"
#define TWO_ALONE(move) \
    FLUSH(move, "r0", "r8", "r9") \
    "movs r0, r2\n"
#define STORE(sums) \
    "ldr r6, [sp, #" ACC "]\n" \
    "stm r6!, {" sums "}\n" \
    "str r6, [sp, #" ACC "]\n" \
    "ldr r4, [sp, #" PLANE_AT "]\n"

// back: what a row alone reads less, in bytes.
#define PLANE(name, row, runs, back) \
    __asm__(BEGIN(name) \
    SAVE \
    "sub sp, #" FRAME "\n" \
    "movs r7, r0\n" \
    "str r1, [sp, #" PLANE_AT "]\n" \
    "str r2, [sp, #" ACC "]\n" \
    "ldr r3, [r1, #20]\n" /* lines */ \
    "str r3, [sp, #" LINES "]\n" \
    "ldr r3, [r1, #0]\n" /* next_row */ \
    "mov lr, r3\n" \
    "adds r1, #28\n" /* w */ \
    "mov r2, sp\n" \
    "ldm r1!, {r3-r6}\n" \
    "stm r2!, {r3-r6}\n" \
    "ldm r1!, {r3-r6}\n" \
    "stm r2!, {r3-r6}\n" \
    "ldm r1!, {r3}\n" \
    "stm r2!, {r3}\n" \
    "movs r4, #128\n" \
    "lsls r4, #8\n" \
    "mov r12, r4\n" \
    "1: ldr r4, [sp, #" PLANE_AT "]\n" \
    "ldr r3, [r4, #16]\n" /* pairs */ \
    "cmp r3, #0\n" \
    "beq 3f\n" \
    "lsls r3, #4\n" \
    "ldr r0, [sp, #" ACC "]\n" \
    "adds r3, r3, r0\n" \
    "str r3, [sp, #" STEP_END "]\n" \
    "2:\n" \
    row("0") runs("mov") FLUSH_PAIR(runs##_MOVE) NEXT_ROW \
    row("12") runs("add") FLUSH_PAIR("add") NEXT_ROW \
    row("24") runs("add") \
    LAST("r0", "r8", "r9", "r0", "r1", "r2") \
    LAST("r4", "r10", "r11", "r2", "r3", "r2") \
    STORE("r0-r3") \
    "ldr r4, [r4, #4]\n" /* next_pair */ \
    "adds r7, r7, r4\n" \
    "ldr r4, [sp, #" STEP_END "]\n" \
    "cmp r6, r4\n" \
    "bne 2b\n" \
    "3: ldr r4, [sp, #" PLANE_AT "]\n" \
    "ldr r3, [r4, #24]\n" /* alone */ \
    "cmp r3, #0\n" \
    "beq 5f\n" \
    "4: mov r10, r3\n" \
    ROW_ALONE("0") runs##_ALONE("mov") FLUSH(runs##_MOVE, "r0", "r8", "r9") NEXT_ROW \
    "adds r7, #" back "\n" \
    ROW_ALONE("12") runs##_ALONE("add") FLUSH("add", "r0", "r8", "r9") NEXT_ROW \
    "adds r7, #" back "\n" \
    ROW_ALONE("24") runs##_ALONE("add") \
    LAST("r0", "r8", "r9", "r0", "r1", "r2") \
    STORE("r0, r1") \
    "ldr r3, [r4, #8]\n" /* next_alone */ \
    "adds r7, r7, r3\n" \
    "mov r3, r10\n" \
    "subs r3, #1\n" \
    "bne 4b\n" \
    "5: ldr r3, [r4, #12]\n" /* next_line */ \
    "adds r7, r7, r3\n" \
    "ldr r3, [sp, #" LINES "]\n" \
    "subs r3, #1\n" \
    "str r3, [sp, #" LINES "]\n" \
    "beq 6f\n" \
    "b 1b\n" \
    "6: add sp, #" FRAME "\n" \
    RESTORE \
    END(name))

PLANE(midge_packed_plane_1, ROW_1, THREE, "4");
PLANE(midge_packed_plane_1_two, ROW_1, TWO, "4");
PLANE(midge_packed_plane_2, ROW_2, THREE, "8");
PLANE(midge_packed_plane_2_two, ROW_2, TWO, "8");

// -- midge_packed_rows: r0 a, r1 b, r2 rows, r3 x ------------------------------------------------
// r3 step, r6 index into a and b, r7 x, r8 bytes of a row's fours, r9 next_in, r10 next_x, r11
// rows left, r12 the fours' end in x, lr words left over in a row.
#define WORD_OF_ROW(word, b) \
    "ldrsb " word ", [r0, r6]\n" \
    "ldrsb " b ", [r1, r6]\n" \
    "adds r6, r6, r3\n" \
    "lsls " b ", #16\n" \
    "adds " word ", " word ", " b "\n"
#define TWO_OF_ROW \
    WORD_OF_ROW("r4", "r5") \
    WORD_OF_ROW("r5", "r2") \
    "stm r7!, {r4, r5}\n"

__asm__(BEGIN(midge_packed_rows)
    SAVE
    "movs r7, r3\n"
    "ldm r2!, {r3, r4, r5, r6}\n"
    "mov r11, r5\n"
    "mov r9, r6\n"
    "ldr r2, [r2]\n"
    "mov r10, r2\n"
    "lsrs r2, r4, #2\n"
    "lsls r2, #4\n"
    "mov r8, r2\n"
    "movs r5, #3\n"
    "ands r4, r5\n"
    "mov lr, r4\n"
    "movs r6, #0\n"
    "1: mov r2, r8\n"
    "cmp r2, #0\n"
    "beq 3f\n"
    "adds r2, r2, r7\n"
    "mov r12, r2\n"
    "2:\n"
    TWO_OF_ROW
    TWO_OF_ROW
    "cmp r7, r12\n"
    "bne 2b\n"
    "3: mov r2, lr\n"
    "cmp r2, #0\n"
    "beq 5f\n"
    "4:\n"
    WORD_OF_ROW("r4", "r5")
    "stm r7!, {r4}\n"
    "subs r2, #1\n"
    "bne 4b\n"
    "5: add r6, r9\n"
    "add r7, r10\n"
    "mov r4, r11\n"
    "subs r4, #1\n"
    "mov r11, r4\n"
    "bne 1b\n"
    RESTORE
    END(midge_packed_rows));

#endif // __ARM_ARCH_6M__

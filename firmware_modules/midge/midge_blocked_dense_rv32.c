// midge_blocked_dense with 31 registers (RV32IM): eight outputs at a time, so that inputs are
// loaded half as often. midge_blocked.c has it in C.
#include "midge_blocked.h"

#if defined(__riscv)

// One weight of an output, whose place is `at`.
#define TAP(weights, at, x, sum) \
    "lb t4, " at "(" weights ")\n" \
    "mul t4, t4, " x "\n" \
    "add " sum ", " sum ", t4\n"
#define TAPS(weights, x, a, b, c, d, s0, s1, s2, s3) \
    TAP(weights, a, x, s0) \
    TAP(weights, b, x, s1) \
    TAP(weights, c, x, s2) \
    TAP(weights, d, x, s3)
// Four outputs.
#define BLOCK(weights, s0, s1, s2, s3) \
    TAPS(weights, "t0", "0", "4", "8", "12", s0, s1, s2, s3) \
    TAPS(weights, "t2", "1", "5", "9", "13", s0, s1, s2, s3) \
    TAPS(weights, "t1", "2", "6", "10", "14", s0, s1, s2, s3) \
    TAPS(weights, "t3", "3", "7", "11", "15", s0, s1, s2, s3)
#define INPUTS \
    "lh t0, 0(a1)\n" \
    "lh t1, 2(a1)\n" \
    "lh t2, 4(a1)\n" \
    "lh t3, 6(a1)\n" \
    "addi a1, a1, 8\n"
#define BEGIN(name) \
    ".section .text." name ", \"ax\", @progbits\n" \
    ".global " name "\n" \
    ".type " name ", @function\n" \
    name ":\n"
#define END(name) \
    "ret\n" \
    ".size " name ", . - " name "\n" \
    ".text\n"
#define FOUR(op, at, a, b, c, d) \
    op " " a ", " at "+0(a3)\n" \
    op " " b ", " at "+4(a3)\n" \
    op " " c ", " at "+8(a3)\n" \
    op " " d ", " at "+12(a3)\n"

// a0: w, a1: x, a2: quads > 0, a3: sums; _8: of two blocks
void midge_blocked_dense_4(const int8_t *w, const uint32_t *x, uint32_t quads, int32_t *sums);
void midge_blocked_dense_8(const int8_t *w, const uint32_t *x, uint32_t quads, int32_t *sums);

__asm__(BEGIN("midge_blocked_dense_4")
    FOUR("lw", "0", "a4", "a5", "a6", "a7")
    "slli a2, a2, 4\n"
    "add a2, a2, a0\n"
    "1:\n"
    INPUTS
    BLOCK("a0", "a4", "a5", "a6", "a7")
    "addi a0, a0, 16\n"
    "bne a0, a2, 1b\n"
    FOUR("sw", "0", "a4", "a5", "a6", "a7")
    END("midge_blocked_dense_4")

    BEGIN("midge_blocked_dense_8")
    "addi sp, sp, -16\n"
    "sw s0, 0(sp)\n"
    "sw s1, 4(sp)\n"
    "sw s2, 8(sp)\n"
    FOUR("lw", "0", "a4", "a5", "a6", "a7")
    FOUR("lw", "16", "s0", "s1", "s2", "t6")
    "slli a2, a2, 4\n"
    "add t5, a0, a2\n" // the second block
    "mv a2, t5\n"
    "1:\n"
    INPUTS
    BLOCK("a0", "a4", "a5", "a6", "a7")
    BLOCK("t5", "s0", "s1", "s2", "t6")
    "addi a0, a0, 16\n"
    "addi t5, t5, 16\n"
    "bne a0, a2, 1b\n"
    FOUR("sw", "0", "a4", "a5", "a6", "a7")
    FOUR("sw", "16", "s0", "s1", "s2", "t6")
    "lw s0, 0(sp)\n"
    "lw s1, 4(sp)\n"
    "lw s2, 8(sp)\n"
    "addi sp, sp, 16\n"
    END("midge_blocked_dense_8"));

void midge_blocked_dense(const int8_t *w, const uint32_t *x, uint32_t quads, int32_t *sums,
    uint32_t blocks) {
    for (; blocks > 1; blocks -= 2, w += 32 * quads, sums += 2 * MIDGE_BLOCK) {
        midge_blocked_dense_8(w, x, quads, sums);
    }
    if (blocks > 0) {
        midge_blocked_dense_4(w, x, quads, sums);
    }
}

#endif // __riscv

// midge_blocked_dot with 31 registers (RV32IM): 16 sums, two pixels' and a channel's words of four
// taps. A multiplication makes two products and their sum; midge_blocked.c has it in C.
#include "midge_blocked.h"

#if defined(__riscv)

// a0: x, a1: w, a2: end of the group's x, a3: 0x8000
#define SUMMED(x, x_2, sum) \
    "mul t6, t4, " x "\n" \
    "mul ra, t5, " x_2 "\n" \
    "add t6, t6, ra\n" \
    "add t6, t6, a3\n" \
    "srai t6, t6, 16\n" \
    "add " sum ", " sum ", t6\n"
#define APART(x, x_2, sum) \
    "mul t6, t4, " x "\n" \
    "mul ra, t5, " x_2 "\n" \
    "add t6, t6, a3\n" \
    "add ra, ra, a3\n" \
    "srai t6, t6, 16\n" \
    "srai ra, ra, 16\n" \
    "add " sum ", " sum ", t6\n" \
    "add " sum ", " sum ", ra\n"
#define CHANNEL(TAPS, at, at_2, sum_a, sum_b) \
    "lw t4, " at "(a1)\n" \
    "lw t5, " at_2 "(a1)\n" \
    TAPS("t0", "t2", sum_a) \
    TAPS("t1", "t3", sum_b)
#define PIXELS(TAPS, a, b, a_2, b_2, s0, s1, s2, s3, s4, s5, s6, s7) \
    "lw t0, " a "(a0)\n" \
    "lw t1, " b "(a0)\n" \
    "lw t2, " a_2 "(a0)\n" \
    "lw t3, " b_2 "(a0)\n" \
    CHANNEL(TAPS, "0", "16", s0, s1) \
    CHANNEL(TAPS, "4", "20", s2, s3) \
    CHANNEL(TAPS, "8", "24", s4, s5) \
    CHANNEL(TAPS, "12", "28", s6, s7)
#define BIAS(at, a, b, c, d) \
    "lw " a ", " at "(t0)\n" \
    "mv " b ", " a "\n" \
    "mv " c ", " a "\n" \
    "mv " d ", " a "\n"
#define STORE(a, b, c, d) \
    "sw " a ", 0(t2)\n" \
    "sw " b ", 4(t2)\n" \
    "sw " c ", 8(t2)\n" \
    "sw " d ", 12(t2)\n" \
    "add t2, t2, t3\n"

#define QUAD(TAPS) \
    PIXELS(TAPS, "0", "4", "16", "20", "s0", "s1", "s4", "s5", "s8", "s9", "a4", "a5") \
    PIXELS(TAPS, "8", "12", "24", "28", "s2", "s3", "s6", "s7", "s10", "s11", "a6", "a7") \
    "addi a0, a0, 32\n" \
    "addi a1, a1, 32\n"

// In the stack from 52(sp) on: the argument, the group's sums, groups left, run, the group's end.
__asm__(".section .text.midge_blocked_dot, \"ax\", @progbits\n"
    ".global midge_blocked_dot\n"
    ".type midge_blocked_dot, @function\n"
    "midge_blocked_dot:\n"
    "addi sp, sp, -80\n"
    "sw s0, 0(sp)\n"
    "sw s1, 4(sp)\n"
    "sw s2, 8(sp)\n"
    "sw s3, 12(sp)\n"
    "sw s4, 16(sp)\n"
    "sw s5, 20(sp)\n"
    "sw s6, 24(sp)\n"
    "sw s7, 28(sp)\n"
    "sw s8, 32(sp)\n"
    "sw s9, 36(sp)\n"
    "sw s10, 40(sp)\n"
    "sw s11, 44(sp)\n"
    "sw ra, 48(sp)\n"
    "sw a0, 52(sp)\n"
    "mv t0, a0\n"
    "lw t1, 12(t0)\n"
    "lw t2, 16(t0)\n"
    "lw a0, 0(t0)\n"
    "li a3, 0x8000\n"
    "1:\n" // a group
    "sw t2, 56(sp)\n"
    "sw t1, 60(sp)\n"
    "lw t3, 24(t0)\n"
    "sw t3, 64(sp)\n"
    "lw a1, 4(t0)\n"
    "lw t1, 8(t0)\n"
    "slli t1, t1, 5\n"
    "add t1, t1, a0\n"
    "sw t1, 68(sp)\n"
    BIAS("28", "s0", "s1", "s2", "s3")
    BIAS("32", "s4", "s5", "s6", "s7")
    BIAS("36", "s8", "s9", "s10", "s11")
    BIAS("40", "a4", "a5", "a6", "a7")
    "2:\n" // a pair of runs
    "lw t0, 64(sp)\n"
    "lbu t1, 0(t0)\n"
    "beqz t1, 4f\n"
    "slli t1, t1, 5\n"
    "add a2, a0, t1\n"
    "3:\n"
    QUAD(SUMMED)
    "bne a0, a2, 3b\n"
    "lw t0, 64(sp)\n"
    "4:\n"
    "lbu t1, 1(t0)\n"
    "addi t0, t0, 2\n"
    "sw t0, 64(sp)\n"
    "beqz t1, 6f\n"
    "slli t1, t1, 5\n"
    "add a2, a0, t1\n"
    "5:\n"
    QUAD(APART)
    "bne a0, a2, 5b\n"
    "6:\n"
    "lw t1, 68(sp)\n"
    "bne a0, t1, 2b\n"
    "lw t0, 52(sp)\n"
    "lw t2, 56(sp)\n"
    "lw t3, 20(t0)\n"
    "addi t4, t2, 16\n"
    STORE("s0", "s1", "s2", "s3")
    STORE("s4", "s5", "s6", "s7")
    STORE("s8", "s9", "s10", "s11")
    STORE("a4", "a5", "a6", "a7")
    "mv t2, t4\n"
    "lw t1, 60(sp)\n"
    "addi t1, t1, -1\n"
    "bnez t1, 1b\n"
    "lw s0, 0(sp)\n"
    "lw s1, 4(sp)\n"
    "lw s2, 8(sp)\n"
    "lw s3, 12(sp)\n"
    "lw s4, 16(sp)\n"
    "lw s5, 20(sp)\n"
    "lw s6, 24(sp)\n"
    "lw s7, 28(sp)\n"
    "lw s8, 32(sp)\n"
    "lw s9, 36(sp)\n"
    "lw s10, 40(sp)\n"
    "lw s11, 44(sp)\n"
    "lw ra, 48(sp)\n"
    "addi sp, sp, 80\n"
    "ret\n"
    ".size midge_blocked_dot, . - midge_blocked_dot\n"
    ".text\n");

#endif // __riscv

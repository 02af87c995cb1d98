// The inner loops of the FFT, for the Cortex-M0+; midge_dsp_fft_stages.c says in C what they do.
#include "midge_dsp_fft.h"
#include "midge_m0.h"

#ifdef __ARM_ARCH_6M__

// Word r2 times twiddle r0: real part in r4, imaginary part in r2. 12 cycles; r1, r3, r5 change.
#define PRODUCT \
    "sxth r3, r0\n" \
    "asrs r0, #16\n" \
    "sxth r1, r2\n" \
    "asrs r2, #16\n" \
    "movs r4, r1\n" \
    "muls r4, r3\n" \
    "movs r5, r2\n" \
    "muls r5, r0\n" \
    "adds r4, r5\n" \
    "muls r2, r3\n" \
    "muls r1, r0\n" \
    "subs r2, r1\n"
// Both parts to a word in the first register, shifted by the third one (or a constant).
#define PACK(re, im, shift) \
    "asrs " re ", " shift "\n" \
    "uxth " re ", " re "\n" \
    "asrs " im ", " shift "\n" \
    "lsls " im ", #16\n" \
    "orrs " re ", " im "\n"
// Sum in the second register, difference in the first.
#define BOTH(first, second) \
    "subs " first ", " second "\n" \
    "lsls " second ", #1\n" \
    "adds " second ", " first "\n"
// The bits of x ^ (x << 1) into mask; t changes.
#define MARK(x, t, mask) \
    "lsls " t ", " x ", #1\n" \
    "eors " t ", " x "\n" \
    "orrs " mask ", " t "\n"

// -- midge_dsp_fft_first: r0 in, r1 out, r2 n, r3 right -----
// r6 bytes of the order, r7 out, r8 in, r9 n (bytes from one input to the next), r10 right,
// r11 end of out, r12 and lr: b. Stack: mask.
__asm__(BEGIN(midge_dsp_fft_first)
    SAVE
    "sub sp, #4\n"
    "movs r7, r1\n"
    "mov r8, r0\n"
    "mov r9, r2\n"
    "mov r10, r3\n"
    "lsls r4, r2, #2\n"
    "adds r4, r4, r1\n"
    "mov r11, r4\n"
    "movs r4, #0\n"
    "str r4, [sp]\n"
    "ldr r6, 2f\n"
    "1:\n"
    "ldrb r0, [r6]\n"
    "adds r6, #1\n"
    "mov r1, r10\n"
    "lsrs r0, r1\n"
    "lsls r0, #2\n"
    "add r0, r8\n"
    "mov r1, r9\n"
    "ldr r2, [r0]\n"
    "ldr r3, [r0, r1]\n"
    "adds r0, r0, r1\n"
    "adds r0, r0, r1\n"
    "ldr r4, [r0]\n"
    "ldr r5, [r0, r1]\n"
    "sxth r0, r2\n"
    "asrs r2, #16\n"
    "sxth r1, r4\n"
    "asrs r4, #16\n"
    "adds r0, #1\n"
    "adds r2, #1\n"
    BOTH("r0", "r1") // br, ar
    BOTH("r2", "r4") // bi, ai
    "mov r12, r0\n"
    "mov lr, r2\n"
    "sxth r0, r3\n"
    "asrs r3, #16\n"
    "sxth r2, r5\n"
    "asrs r5, #16\n"
    BOTH("r0", "r2") // dr, cr
    BOTH("r3", "r5") // di, ci
    BOTH("r1", "r2") // a - c, a + c
    BOTH("r4", "r5")
    PACK("r2", "r5", "#2")
    PACK("r1", "r4", "#2")
    "str r2, [r7]\n"
    "str r1, [r7, #8]\n"
    "lsls r5, r2, #1\n"
    "eors r5, r2\n"
    MARK("r1", "r4", "r5")
    "mov r4, r12\n"
    "mov r1, lr\n"
    BOTH("r4", "r3") // br - di, br + di
    BOTH("r1", "r0") // bi - dr, bi + dr
    PACK("r3", "r1", "#2")
    PACK("r4", "r0", "#2")
    "str r3, [r7, #4]\n"
    "str r4, [r7, #12]\n"
    MARK("r3", "r1", "r5")
    MARK("r4", "r1", "r5")
    "ldr r0, [sp]\n"
    "orrs r0, r5\n"
    "str r0, [sp]\n"
    "adds r7, #16\n"
    "cmp r7, r11\n"
    "bne 1b\n"
    "add sp, #4\n"
    RESTORE
    ".balign 4\n"
    "2: .word midge_dsp_bit_reversed\n"
    END(midge_dsp_fft_first));

// -- midge_dsp_fft_stage: r0 x, r1 end, r2 twiddles, r3 quarter, [sp] shift -----
// r6 twiddles, r7 x, r8 r9 c, r10 r11 d, r12 bytes of a quarter, lr half. Stack: shift, mask, end,
// first twiddle, twiddles' end, place for r6.
__asm__(BEGIN(midge_dsp_fft_stage)
    SAVE
    "sub sp, #24\n"
    "ldr r4, [sp, #60]\n"
    "str r4, [sp, #0]\n"
    "movs r5, #1\n"
    "subs r4, #1\n"
    "lsls r5, r4\n"
    "mov lr, r5\n"
    "movs r7, r0\n"
    "movs r6, r2\n"
    "lsls r3, #2\n"
    "movs r0, #0\n"
    "mov r12, r3\n"
    "str r0, [sp, #4]\n"
    "str r1, [sp, #8]\n"
    "str r2, [sp, #12]\n"
    "adds r2, r2, r3\n"
    "adds r2, r2, r3\n"
    "adds r2, r2, r3\n"
    "str r2, [sp, #16]\n"
    "1:\n"
    // B
    "ldm r6!, {r0}\n"
    "mov r1, r12\n"
    "lsls r3, r1, #1\n"
    "ldr r2, [r7, r3]\n"
    PRODUCT
    "mov r8, r4\n"
    "mov r9, r2\n"
    // D
    "ldm r6!, {r0}\n"
    "mov r1, r12\n"
    "lsls r3, r1, #1\n"
    "adds r3, r3, r1\n"
    "ldr r2, [r7, r3]\n"
    PRODUCT
    "mov r0, r8\n"
    "adds r1, r0, r4\n"
    "subs r0, r0, r4\n"
    "mov r3, r9\n"
    "adds r5, r3, r2\n"
    "subs r3, r3, r2\n"
    "mov r8, r1\n"
    "mov r9, r5\n"
    "mov r10, r0\n"
    "mov r11, r3\n"
    // C
    "ldm r6!, {r0}\n"
    "mov r1, r12\n"
    "ldr r2, [r7, r1]\n"
    PRODUCT
    // A
    "ldr r0, [r7]\n"
    "asrs r1, r0, #16\n"
    "lsls r1, #13\n"
    "lsls r0, #16\n"
    "asrs r0, #3\n"
    "add r0, lr\n"
    "add r1, lr\n"
    "adds r3, r0, r4\n" // ar
    "subs r0, r0, r4\n" // br
    "adds r4, r1, r2\n" // ai
    "subs r1, r1, r2\n" // bi
    "str r6, [sp, #20]\n"
    "ldr r6, [sp, #0]\n"
    "mov r5, r8\n"
    "adds r2, r3, r5\n"
    "subs r3, r3, r5\n"
    "mov r5, r9\n"
    "adds r5, r4, r5\n"
    "lsls r4, #1\n"
    "subs r4, r4, r5\n"
    PACK("r2", "r5", "r6")
    PACK("r3", "r4", "r6")
    "str r2, [r7]\n"
    "lsls r5, r2, #1\n"
    "eors r5, r2\n"
    MARK("r3", "r4", "r5")
    "mov r4, r12\n"
    "lsls r2, r4, #1\n"
    "str r3, [r7, r2]\n"
    "mov r2, r11\n"
    "adds r3, r0, r2\n" // br + di
    "subs r0, r0, r2\n"
    "mov r2, r10\n"
    "adds r2, r1, r2\n" // bi + dr
    "lsls r1, #1\n"
    "subs r1, r1, r2\n"
    PACK("r3", "r1", "r6")
    "str r3, [r7, r4]\n"
    MARK("r3", "r1", "r5")
    PACK("r0", "r2", "r6")
    "lsls r1, r4, #1\n"
    "adds r1, r1, r4\n"
    "str r0, [r7, r1]\n"
    MARK("r0", "r1", "r5")
    "ldr r1, [sp, #4]\n"
    "orrs r5, r1\n"
    "str r5, [sp, #4]\n"
    "adds r7, #4\n"
    "ldr r6, [sp, #20]\n"
    "ldr r1, [sp, #16]\n"
    "cmp r6, r1\n"
    "beq 2f\n"
    "b 1b\n"
    "2:\n" // the next group, if there is one
    "lsls r0, r4, #1\n"
    "adds r0, r0, r4\n"
    "adds r7, r7, r0\n"
    "ldr r6, [sp, #12]\n"
    "ldr r1, [sp, #8]\n"
    "cmp r7, r1\n"
    "beq 3f\n"
    "b 1b\n"
    "3:\n"
    "movs r0, r5\n"
    "add sp, #24\n"
    RESTORE
    END(midge_dsp_fft_stage));

// -- midge_dsp_fft_post: r0 x, r1 twiddles, r2 n, r3 shift -----
// r6 bin k, r7 bin n - k, r8 twiddles, r9 r10 the even part, r11 half, r12 shift.
__asm__(BEGIN(midge_dsp_fft_post)
    SAVE
    "mov r8, r1\n"
    "mov r12, r3\n"
    "movs r4, #1\n"
    "subs r3, #1\n"
    "lsls r4, r3\n"
    "mov r11, r4\n"
    "lsls r2, #2\n"
    "adds r7, r0, r2\n"
    "subs r7, #4\n"
    "adds r6, r0, #4\n"
    "1:\n"
    "ldr r0, [r6]\n"
    "ldr r1, [r7]\n"
    "sxth r2, r0\n"
    "asrs r0, #16\n"
    "sxth r3, r1\n"
    "asrs r1, #16\n"
    "adds r4, r2, r3\n"
    "mov r9, r4\n"
    "subs r3, r3, r2\n" // odd_im
    "subs r5, r0, r1\n"
    "mov r10, r5\n"
    "adds r0, r0, r1\n" // odd_re
    "mov r1, r8\n"
    "ldm r1!, {r2}\n"
    "mov r8, r1\n"
    "asrs r1, r2, #16\n"
    "sxth r2, r2\n"
    "movs r4, r0\n"
    "muls r4, r2\n"
    "movs r5, r3\n"
    "muls r5, r1\n"
    "adds r4, r4, r5\n" // re
    "muls r3, r2\n"
    "muls r0, r1\n"
    "subs r3, r3, r0\n" // im
    "mov r0, r9\n"
    "lsls r0, #13\n"
    "add r0, r11\n"
    "adds r1, r0, r4\n"
    "subs r0, r0, r4\n"
    "mov r2, r10\n"
    "lsls r2, #13\n"
    "add r3, r11\n"
    "adds r4, r2, r3\n"
    "subs r3, r3, r2\n"
    "mov r5, r12\n"
    PACK("r1", "r4", "r5")
    PACK("r0", "r3", "r5")
    "stm r6!, {r1}\n"
    "str r0, [r7]\n"
    "subs r7, #4\n"
    "cmp r6, r7\n"
    "bne 1b\n"
    RESTORE
    END(midge_dsp_fft_post));

#endif // __ARM_ARCH_6M__

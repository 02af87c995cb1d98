// Convolution with weights as immediates, for the Cortex-M0+: a channel's code, written into SRAM
// and run over groups of six sums. See midge_jit.h and midge_m0.h.
#include "midge_jit.h"
#include "midge_m0.h"

#ifdef __ARM_ARCH_6M__

// The code of a tap with weight w > 0 (8 halfwords):
//   ldm r7!, {r0-r2}; movs r3, #w; muls r0, r3; muls r1, r3; muls r2, r3;
//   adds r4, r4, r0; adds r5, r5, r1; adds r6, r6, r2
// subs for w < 0; nothing, but a step of r7, for w = 0. A run's first tap sets the run instead:
//   ...; muls r2, r3; movs r3, #128; lsls r3, #8; adds r4, r3, r0; adds r5, r3, r1; adds r6, r3, r2
// A run ends (9 halfwords and a nop to keep words aligned):
//   add r8, r4; add r9, r5; add r10, r6; asrs r4, #16; asrs r5, #16; asrs r6, #16;
//   add r11, r4; add r12, r5; add lr, r6; nop
// The channel's end: r7 to the next group, then ldr r0, [pc]; mov pc, r0; the epilogue's address.

// -- midge_jit_emit: r0 jit. Returns the number of runs --------------------------------------
// r4 weights, r5 code, r6 what |w| may still join the run, r7 the weight, r8-r11 a tap's code,
// r12 weights' end, lr runs. Stack: jit.
#define STORE_RUN_END \
    "adr r3, 90f\n" \
    "ldm r3!, {r0-r2}\n" \
    "stm r5!, {r0-r2}\n" \
    "ldm r3!, {r0, r1}\n" \
    "stm r5!, {r0, r1}\n"

__asm__(BEGIN(midge_jit_emit)
    SAVE
    "push {r0}\n"
    "ldr r5, [r0, #" JIT_CODE "]\n"
    "ldr r4, [r0, #" JIT_WEIGHTS "]\n"
    "ldr r2, [r0, #" JIT_TAPS "]\n"
    "adds r2, r2, r4\n"
    "mov r12, r2\n"
    "ldr r0, =0x2300CF07\n"
    "mov r8, r0\n"
    "ldr r0, =0x43594358\n"
    "mov r9, r0\n"
    "ldr r0, =0x1824435A\n"
    "mov r10, r0\n"
    "ldr r0, =0x18B6186D\n"
    "mov r11, r0\n"
    "movs r6, #0\n"
    "mov lr, r6\n"
    "1: movs r0, #0\n"
    "ldrsb r7, [r4, r0]\n"
    "adds r4, #1\n"
    "cmp r7, #0\n"
    "beq 5f\n"
    "bmi 3f\n"
    "subs r6, r6, r7\n"
    "bmi 6f\n"
    "lsls r0, r7, #16\n"
    "add r0, r8\n"
    "mov r1, r9\n"
    "mov r2, r10\n"
    "mov r3, r11\n"
    "stm r5!, {r0-r3}\n"
    "2: cmp r4, r12\n"
    "bne 1b\n"
    "b 9f\n"
    "3: adds r6, r6, r7\n"
    "bmi 7f\n"
    "rsbs r7, r7, #0\n"
    "lsls r0, r7, #16\n"
    "add r0, r8\n"
    "mov r1, r9\n"
    "ldr r2, =0x1A24435A\n"
    "ldr r3, =0x1AB61A6D\n"
    "stm r5!, {r0-r3}\n"
    "cmp r4, r12\n"
    "bne 1b\n"
    "b 9f\n"
    "5: ldr r0, =0x46C0370C\n" // adds r7, #12; nop
    "stm r5!, {r0}\n"
    "b 2b\n"
    "6: ldr r2, =0x181C021B\n"
    "ldr r3, =0x189E185D\n"
    "b 8f\n"
    "7: rsbs r7, r7, #0\n"
    "ldr r2, =0x1A1C021B\n"
    "ldr r3, =0x1A9E1A5D\n"
    "8: push {r2, r3}\n"
    "mov r0, lr\n"
    "cmp r0, #0\n"
    "beq 80f\n"
    STORE_RUN_END
    "80: movs r0, #1\n"
    "add lr, r0\n"
    "movs r6, #255\n"
    "subs r6, r6, r7\n"
    "lsls r0, r7, #16\n"
    "add r0, r8\n"
    "mov r1, r9\n"
    "stm r5!, {r0, r1}\n"
    "ldr r1, =0x2380435A\n"
    "pop {r2, r3}\n"
    "stm r5!, {r1-r3}\n"
    "b 2b\n"
    "9: mov r0, lr\n"
    "cmp r0, #0\n"
    "beq 91f\n"
    STORE_RUN_END
    "91: ldr r0, =0x46874800\n"
    "pop {r2}\n"
    "ldr r1, [r2, #" JIT_EPILOGUE "]\n"
    "stm r5!, {r0, r1}\n"
    "mov r0, lr\n"
    RESTORE
    ".balign 4\n"
    "90: .word 0x44A944A0, 0x142444B2, 0x1436142D, 0x44AC44A3, 0x46C044B6\n"
    END(midge_jit_emit));

// -- midge_jit_emit_planes: the same where each tap has a place of its own --------------------
// r4 weights, r5 code, r6 what |w| may still join the run, r7 the weight's size, r8 places,
// r9 where r7 will point, r10 runs, r11 subs' bit for a weight below 0, r12 weights' end.
// A step of r7 by d: adds or subs r7, #d; or movs r3, #m; lsls r3, #k; adds r7, r7, r3 and the
// rest.
__asm__(BEGIN(midge_jit_emit_planes)
    SAVE
    "push {r0}\n"
    "ldr r5, [r0, #" JIT_CODE "]\n"
    "ldr r4, [r0, #" JIT_WEIGHTS "]\n"
    "ldr r2, [r0, #" JIT_TAPS "]\n"
    "adds r2, r2, r4\n"
    "mov r12, r2\n"
    "ldr r0, [r0, #" JIT_PLACES "]\n"
    "mov r8, r0\n"
    "movs r6, #0\n"
    "mov r9, r6\n"
    "mov r10, r6\n"
    "1: mov r3, r8\n"
    "ldrh r0, [r3]\n"
    "adds r3, #2\n"
    "mov r8, r3\n"
    "movs r7, #0\n"
    "ldrsb r7, [r4, r7]\n"
    "adds r4, #1\n"
    "movs r2, #0\n"
    "cmp r7, #0\n"
    "beq 5f\n"
    "bgt 2f\n"
    "rsbs r7, r7, #0\n"
    "ldr r2, =0x02000200\n"
    "2: mov r11, r2\n"
    "mov r1, r9\n"
    "subs r1, r0, r1\n"
    "adds r0, #12\n"
    "mov r9, r0\n"
    "bl 20f\n"
    "subs r6, r6, r7\n"
    "bpl 3f\n"
    "movs r6, #255\n"
    "subs r6, r6, r7\n"
    "bl 30f\n"
    "movs r0, #1\n"
    "add r10, r0\n"
    "bl 40f\n"
    "ldr r0, =0x021B2380\n"
    "strh r0, [r5]\n"
    "lsrs r0, #16\n"
    "strh r0, [r5, #2]\n"
    "adds r5, #4\n"
    "ldr r0, =0x185D181C\n"
    "movs r1, #0x41\n"
    "b 4f\n"
    "3: bl 40f\n"
    "ldr r0, =0x186D1824\n"
    "movs r1, #0x49\n"
    "4: add r0, r11\n"
    "strh r0, [r5]\n"
    "lsrs r0, #16\n"
    "strh r0, [r5, #2]\n"
    "adds r0, r0, r1\n"
    "strh r0, [r5, #4]\n"
    "adds r5, #6\n"
    "5: cmp r4, r12\n"
    "bne 1b\n"
    "mov r3, r8\n" // the next group's place
    "ldrh r0, [r3]\n"
    "mov r1, r9\n"
    "subs r1, r0, r1\n"
    "bl 20f\n"
    "bl 30f\n"
    "lsls r0, r5, #30\n"
    "beq 6f\n"
    "ldr r0, =0x46C0\n"
    "strh r0, [r5]\n"
    "adds r5, #2\n"
    "6: ldr r0, =0x46874800\n"
    "pop {r2}\n"
    "ldr r1, [r2, #" JIT_EPILOGUE "]\n"
    "stm r5!, {r0, r1}\n"
    "mov r0, r10\n"
    RESTORE
    // A step of r7 by r1.
    "20: ldr r2, =0x3700\n"
    "ldr r0, =0x18FF\n"
    "cmp r1, #0\n"
    "beq 24f\n"
    "bgt 21f\n"
    "rsbs r1, r1, #0\n"
    "ldr r2, =0x3F00\n"
    "ldr r0, =0x1AFF\n"
    "21: cmp r1, #255\n"
    "bls 23f\n"
    "strh r0, [r5, #4]\n"
    "movs r3, #0\n" // k
    "movs r0, r1\n"
    "22: lsrs r0, #1\n"
    "adds r3, #1\n"
    "cmp r0, #255\n"
    "bhi 22b\n"
    "push {r0}\n"
    "lsls r0, r3\n"
    "subs r1, r1, r0\n"
    "lsls r3, #6\n"
    "adds r3, #0x1B\n"
    "strh r3, [r5, #2]\n"
    "pop {r0}\n"
    "movs r3, #0x23\n"
    "lsls r3, #8\n"
    "orrs r0, r3\n"
    "strh r0, [r5]\n"
    "adds r5, #6\n"
    "cmp r1, #0\n"
    "beq 24f\n"
    "23: adds r1, r1, r2\n"
    "strh r1, [r5]\n"
    "adds r5, #2\n"
    "24: bx lr\n"
    // A run's end, but before the first run.
    "30: mov r0, r10\n"
    "cmp r0, #0\n"
    "beq 32f\n"
    "adr r3, 33f\n"
    "movs r2, #4\n"
    "31: ldm r3!, {r0}\n"
    "strh r0, [r5]\n"
    "lsrs r0, #16\n"
    "strh r0, [r5, #2]\n"
    "adds r5, #4\n"
    "subs r2, #1\n"
    "bne 31b\n"
    "ldrh r0, [r3]\n"
    "strh r0, [r5]\n"
    "adds r5, #2\n"
    "32: bx lr\n"
    ".balign 4\n"
    "33: .word 0x44A944A0, 0x142444B2, 0x1436142D, 0x44AC44A3, 0x44B6\n"
    // A tap's loads and products.
    "40: ldr r0, =0x4358CF07\n"
    "strh r0, [r5]\n"
    "lsrs r0, #16\n"
    "strh r0, [r5, #4]\n"
    "adds r0, #1\n"
    "strh r0, [r5, #6]\n"
    "adds r0, #1\n"
    "strh r0, [r5, #8]\n"
    "movs r0, #0x23\n"
    "lsls r0, #8\n"
    "adds r0, r0, r7\n"
    "strh r0, [r5, #2]\n"
    "adds r5, #10\n"
    "bx lr\n"
    END(midge_jit_emit_planes));

// -- midge_jit_run, midge_jit_run_kinked: r0 frame ---------------------------------------------
// The frame is copied to the stack: a group needs all registers. A group's six sums come in
// r8-r10 (`all`) and r11, r12, lr (`high`).
// In the epilogue: r3 mult_low, r4 mult_high, r5 shift, r6 high, r7 add.
#define PLAIN(x, below)
#define KINKED(x, below) \
    "ldr r2, [sp, #" FRAME_SPLIT "]\n" \
    "cmp " x ", r2\n" \
    "blt " below "\n"
#define RESULT(x, kink, out, below, back) \
    "cmp " x ", r6\n" \
    "bhi " out "\n" \
    kink(x, below) \
    "movs r2, " x "\n" \
    "muls r2, r3\n" \
    "lsrs r2, r2, #12\n" \
    "muls " x ", r4\n" \
    "adds " x ", " x ", r2\n" \
    "adds " x ", " x ", r7\n" \
    back ": asrs " x ", r5\n"
#define PLAIN_FAR(x, out, below, back) \
    out ": asrs " x ", #31\n" \
    "add r2, sp, #" FRAME_ACT_MAX "\n" \
    "ldrsb " x ", [r2, " x "]\n" \
    "b " back " + 2\n"
#define KINKED_FAR(x, out, below, back) \
    PLAIN_FAR(x, out, below, back) \
    below ": movs r2, " x "\n" \
    "muls r2, r3\n" \
    "lsrs r2, r2, #12\n" \
    "muls " x ", r4\n" \
    "adds " x ", " x ", r2\n" \
    "ldr r2, [sp, #" FRAME_ADD_BELOW "]\n" \
    "adds " x ", " x ", r2\n" \
    "b " back "\n"
#define LANES(all, high) \
    "mov r0, " high "\n" \
    "mov r1, " all "\n" \
    "lsls r2, r0, #16\n" \
    "subs r1, r1, r2\n"
#define WRITE(a, b, done) \
    "strb " a ", [r2]\n" \
    "strb " b ", [r2, r3]\n" \
    "adds r2, r2, r4\n" \
    "cmp r2, r5\n" \
    "beq " done "f\n"

#define JIT_RUN(name, kink) \
    __asm__(BEGIN(name) \
    SAVE \
    "sub sp, #" FRAME_BYTES "\n" \
    "mov r1, sp\n" \
    "movs r2, #" FRAME_BYTES "\n" \
    "1: subs r2, #4\n" \
    "ldr r3, [r0, r2]\n" \
    "str r3, [r1, r2]\n" \
    "bne 1b\n" /* subs' flags */ \
    "2: mov r0, sp\n" \
    "ldm r0, {r0-r2}\n" \
    "mov r8, r0\n" \
    "mov r9, r0\n" \
    "mov r10, r0\n" \
    "mov r11, r1\n" \
    "mov r12, r1\n" \
    "mov lr, r1\n" \
    "ldr r7, [sp, #" FRAME_X "]\n" \
    "mov pc, r2\n" \
    kink##_FAR("r1", "10", "20", "30f") \
    kink##_FAR("r0", "11", "21", "31f") \
    kink##_FAR("r1", "12", "22", "32f") \
    ".global " #name "_epilogue\n" \
    ".balign 4\n" \
    #name "_epilogue:\n" \
    "str r7, [sp, #" FRAME_X "]\n" \
    "add r3, sp, #12\n" \
    "ldm r3, {r3-r7}\n" \
    LANES("r8", "r11") \
    RESULT("r1", kink, "10b", "20b", "30") \
    RESULT("r0", kink, "11b", "21b", "31") \
    "mov r8, r1\n" \
    "mov r11, r0\n" \
    LANES("r9", "r12") \
    RESULT("r1", kink, "12b", "22b", "32") \
    RESULT("r0", kink, "13f", "23f", "33") \
    "mov r9, r1\n" \
    "mov r12, r0\n" \
    LANES("r10", "lr") \
    RESULT("r1", kink, "14f", "24f", "34") \
    RESULT("r0", kink, "15f", "25f", "35") \
    "add r2, sp, #" FRAME_Y "\n" \
    "ldm r2, {r2-r5}\n" /* y, apart, stride, line's end */ \
    "mov r6, r8\n" \
    "mov r7, r11\n" \
    WRITE("r6", "r7", "3") \
    "mov r6, r9\n" \
    "mov r7, r12\n" \
    WRITE("r6", "r7", "3") \
    WRITE("r1", "r0", "3") \
    "str r2, [sp, #" FRAME_Y "]\n" \
    "b 2b\n" \
    kink##_FAR("r0", "13", "23", "33b") \
    kink##_FAR("r1", "14", "24", "34b") \
    kink##_FAR("r0", "15", "25", "35b") \
    "3: str r2, [sp, #" FRAME_Y "]\n" \
    "ldr r0, [sp, #" FRAME_LINES "]\n" \
    "subs r0, #1\n" \
    "beq 4f\n" \
    "str r0, [sp, #" FRAME_LINES "]\n" \
    "ldr r0, [sp, #" FRAME_LINE_X "]\n" \
    "ldr r1, [sp, #" FRAME_NEXT_X "]\n" \
    "adds r0, r0, r1\n" \
    "str r0, [sp, #" FRAME_LINE_X "]\n" \
    "str r0, [sp, #" FRAME_X "]\n" \
    "ldr r0, [sp, #" FRAME_LINE_BYTES "]\n" \
    "adds r5, r5, r0\n" \
    "str r5, [sp, #" FRAME_LINE_END "]\n" \
    "b 2b\n" \
    "4: add sp, #" FRAME_BYTES "\n" \
    RESTORE \
    END(name))

JIT_RUN(midge_jit_run, PLAIN);
JIT_RUN(midge_jit_run_kinked, KINKED);

#endif // __ARM_ARCH_6M__

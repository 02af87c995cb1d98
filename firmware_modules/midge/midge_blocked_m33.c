// The blocked kernels' inner loops for cores with the DSP extension (Cortex-M33): two products an
// instruction (SMLAD), requantization by one 64-bit multiplication (UMLAL). midge_blocked.c says
// in C what each function computes.
#include "midge_blocked.h"

#if defined(__ARM_FEATURE_DSP)

// Bytes 0 and 2, or 1 and 3, of a word, with their signs in 16 bits.
static inline uint32_t even(uint32_t word) {
    uint32_t wide;
    __asm__("sxtb16 %0, %1" : "=r"(wide) : "r"(word));
    return wide;
}

static inline uint32_t odd(uint32_t word) {
    uint32_t wide;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(wide) : "r"(word));
    return wide;
}

static inline uint32_t word(const int8_t *p) {
    uint32_t w;
    __builtin_memcpy(&w, p, 4);
    return w;
}

void midge_blocked_pixels(const int8_t *const *rows, uint32_t quads, uint32_t *x) {
    const int8_t *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
    for (; quads > 0; quads--, x += 8, a += 4, b += 4, c += 4, d += 4) {
        uint32_t w = word(a);
        x[0] = even(w);
        x[4] = odd(w);
        w = word(b);
        x[1] = even(w);
        x[5] = odd(w);
        w = word(c);
        x[2] = even(w);
        x[6] = odd(w);
        w = word(d);
        x[3] = even(w);
        x[7] = odd(w);
    }
}

void midge_blocked_weights(const int8_t *const *rows, uint32_t quads, uint32_t *w) {
    midge_blocked_pixels(rows, quads, w);
}

// Requantization by the upper word of x * mult + add, shifted: the constants of midge_requant_one
// moved up, (x * mult >> 12) + add) >> shift. Beyond its range x gives act_min or less, act_max or
// more.
typedef struct _wide_t {
    uint32_t mult;
    uint32_t add_low;
    uint32_t add_high;
    uint32_t shift;
} wide_t;

// Returns false where 32 bits do not hold them: a slope of 1 or more.
static bool widen_requant(const midge_requant_t *rq, wide_t *wide) {
    uint32_t up = rq->shift < 20 ? 20 - rq->shift : 0;
    uint32_t mult = rq->mult_high << 12 | rq->mult_low;
    uint64_t add = (uint64_t)(int64_t)(int32_t)rq->add << (12 + up);
    wide->mult = mult << up;
    wide->add_low = (uint32_t)add;
    wide->add_high = (uint32_t)(add >> 32);
    wide->shift = rq->shift + up - 20;
    return wide->mult >> up == mult;
}

static inline int32_t requant(const wide_t *wide, int32_t sum) {
    uint32_t x;
    __asm__("usat %0, #26, %1" : "=r"(x) : "r"(sum));
    uint32_t low = wide->add_low;
    uint32_t high = wide->add_high;
    __asm__("umlal %0, %1, %2, %3" : "+r"(low), "+r"(high) : "r"(x), "r"(wide->mult));
    return (int32_t)high >> wide->shift;
}

static inline int32_t saturate(int32_t q) {
    __asm__("ssat %0, #8, %0" : "+r"(q));
    return q;
}

void midge_blocked_requant(const int32_t *acc, int8_t *out, uint32_t n, const midge_requant_t *rq,
    uint32_t stride) {
    wide_t wide;
    int32_t act_max = (int32_t)rq->act_max;
    if (!widen_requant(rq, &wide)) {
        for (; n > 0; n--, out += stride) {
            *out = midge_requant_one(rq, *acc++);
        }
    } else if (act_max == INT8_MAX) {
        for (; n > 0; n--, out += stride) {
            *out = (int8_t)saturate(requant(&wide, *acc++));
        }
    } else {
        for (; n > 0; n--, out += stride) {
            int32_t q = requant(&wide, *acc++);
            *out = (int8_t)(q < act_max ? q : act_max);
        }
    }
}

// A table for four channels: 4 biases, 9 taps of two words (channels 0 and 2, 1 and 3), 4 wide_t.
#define GROUP (4 + 18 + 16)

static bool group_table(const midge_blocked_band_t *band, uint32_t first, uint32_t *table) {
    bool good = true;
    midge_requant_t rq;
    int16_t *w = (int16_t *)(table + 4);
    for (uint32_t k = 0; k < MIDGE_BLOCK; k++) {
        bool there = first + k < band->c;
        uint32_t channel = there ? first + k : first;
        table[k] = (uint32_t)band->bias[channel];
        uint32_t place = (k & 1u) * 2 + k / 2;
        for (uint32_t tap = 0; tap < 9; tap++) {
            w[4 * tap + place] = there ? band->weights[tap * band->c + channel] : 0;
        }
        midge_requant_load(&rq, band->requant + 3 * channel);
        good &= widen_requant(&rq, (wide_t *)(table + 22) + k);
    }
    return good;
}

void midge_blocked_band_table(const midge_blocked_band_t *band, uint32_t *table) {
    bool good = true;
    uint32_t *part = table + 1;
    for (uint32_t first = 0; first < band->c; first += MIDGE_BLOCK, part += GROUP) {
        good &= group_table(band, first, part);
    }
    table[0] = good;
}

// One tap of four channels.
#define TAP(word, w) \
    "ldr r9, " word "\n" \
    "ldrd r10, r11, [%[table], #16 + 8 * " #w "]\n" \
    "sxtb16 r12, r9\n" \
    "sxtb16 r9, r9, ror #8\n" \
    "smlabb %[s0], r12, r10, %[s0]\n" \
    "smlatt %[s2], r12, r10, %[s2]\n" \
    "smlabb %[s1], r9, r11, %[s1]\n" \
    "smlatt %[s3], r9, r11, %[s3]\n"
#define ROW(row, w0, w1, w2) \
    TAP("[%[" row "]]", w0) \
    TAP("[%[" row "], %[pitch]]", w1) \
    TAP("[%[" row "], %[pitch], lsl #1]", w2)

static inline int8_t result(const uint32_t *table, uint32_t k, int32_t sum, int32_t act_max) {
    int32_t q = requant((const wide_t *)(table + 22) + k, sum);
    return (int8_t)(act_max == INT8_MAX ? saturate(q) : q < act_max ? q : act_max);
}

// Four channels of a pixel whose window's rows are at a, b and d. May read up
// to three bytes beyond the last pixel.
static inline __attribute__((always_inline)) void group(const int8_t *a, const int8_t *b,
    const int8_t *d, uint32_t pitch, const uint32_t *table, uint32_t n, int32_t act_max,
    int8_t *out) {
    int32_t s0 = (int32_t)table[0], s1 = (int32_t)table[1];
    int32_t s2 = (int32_t)table[2], s3 = (int32_t)table[3];
    __asm__(ROW("a", 0, 1, 2) ROW("b", 3, 4, 5) ROW("d", 6, 7, 8)
        : [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3)
        : [a] "r"(a), [b] "r"(b), [d] "r"(d), [pitch] "r"(pitch), [table] "r"(table)
        : "r9", "r10", "r11", "r12", "memory");
    out[0] = result(table, 0, s0, act_max);
    if (n >= MIDGE_BLOCK) {
        out[1] = result(table, 1, s1, act_max);
        out[2] = result(table, 2, s2, act_max);
        out[3] = result(table, 3, s3, act_max);
        return;
    }
    if (n > 1) {
        out[1] = result(table, 1, s1, act_max);
    }
    if (n > 2) {
        out[2] = result(table, 2, s2, act_max);
    }
}

static inline __attribute__((always_inline)) void lines(const midge_blocked_band_t *band,
    int32_t act_max, int8_t *out) {
    uint32_t c = band->c;
    uint32_t next = band->step - c; // bytes from behind a pixel to the next
    const uint32_t *tables = band->table + 1;
    for (uint32_t line = 0; line < band->lines; line++) {
        const int8_t *a = band->rows + line * band->next_line;
        const int8_t *b = a + band->row;
        const int8_t *d = b + band->row;
        for (uint32_t x = band->width; x > 0; x--, a += next, b += next, d += next) {
            const uint32_t *table = tables;
            for (uint32_t left = c;; left -= MIDGE_BLOCK, out += MIDGE_BLOCK) {
                group(a, b, d, c, table, left, act_max, out);
                uint32_t n = left < MIDGE_BLOCK ? left : MIDGE_BLOCK;
                a += n;
                b += n;
                d += n;
                table += GROUP;
                if (left <= MIDGE_BLOCK) {
                    out += left;
                    break;
                }
            }
        }
    }
}

void midge_blocked_band(const midge_blocked_band_t *band, int8_t *out) {
    if (band->table[0] == 0) {
        midge_blocked_band_any(band, out);
    } else if (band->act_max == INT8_MAX) {
        lines(band, INT8_MAX, out);
    } else {
        lines(band, band->act_max, out);
    }
}

// Two channels and four pixels. r0: x, r1: w, r2: quads, r3: two biases; then on the stack where
// the first channel's sums go, and how many bytes behind it the second's.
void midge_blocked_dot_2x4(const uint32_t *x, const uint32_t *w, uint32_t quads,
    const int32_t *bias, int32_t *acc, uint32_t bytes);

#define PAIRS_OF_PIXEL(first, second) \
    "ldr lr, [r0], #4\n" \
    "smlad " #first ", r11, lr, " #first "\n" \
    "smlad " #second ", r12, lr, " #second "\n"
#define PAIRS \
    "ldrd r11, r12, [r1], #16\n" \
    PAIRS_OF_PIXEL(r3, r7) \
    PAIRS_OF_PIXEL(r4, r8) \
    PAIRS_OF_PIXEL(r5, r9) \
    PAIRS_OF_PIXEL(r6, r10)

__asm__(".section .time_critical.midge_blocked_dot_2x4, \"ax\", %progbits\n"
    ".syntax unified\n"
    ".thumb\n"
    ".balign 4\n"
    ".thumb_func\n"
    ".global midge_blocked_dot_2x4\n"
    ".type midge_blocked_dot_2x4, %function\n"
    "midge_blocked_dot_2x4:\n"
    "push {r4-r11, lr}\n"
    "ldrd r3, r7, [r3]\n"
    "mov r4, r3\n"
    "mov r5, r3\n"
    "mov r6, r3\n"
    "mov r8, r7\n"
    "mov r9, r7\n"
    "mov r10, r7\n"
    "1:\n"
    PAIRS
    PAIRS
    "subs r2, #1\n"
    "bne 1b\n"
    "ldrd r0, r1, [sp, #36]\n"
    "add r1, r0\n"
    "stmia r0, {r3-r6}\n"
    "stmia r1, {r7-r10}\n"
    "pop {r4-r11, pc}\n"
    ".size midge_blocked_dot_2x4, . - midge_blocked_dot_2x4\n"
    ".text\n");

void midge_blocked_dot(const midge_blocked_dot_t *dot) {
    const uint32_t *x = dot->x;
    int32_t *acc = dot->acc;
    int32_t *other = acc + dot->stride / 2;
    for (uint32_t i = dot->groups; i > 0; i--, acc += MIDGE_BLOCK, other += MIDGE_BLOCK) {
        midge_blocked_dot_2x4(x, dot->w, dot->quads, dot->bias, acc, dot->stride);
        midge_blocked_dot_2x4(x, dot->w + 2, dot->quads, dot->bias + 2, other, dot->stride);
        x += 8 * dot->quads;
    }
}

#define OUTPUT(w, sum) \
    "sxtb16 r3, " #w "\n" \
    "sxtb16 " #w ", " #w ", ror #8\n" \
    "smlad " #sum ", r3, r12, " #sum "\n" \
    "smlad " #sum ", " #w ", lr, " #sum "\n"

// r0: w, r1: x, r2: quads > 0, r3: sums
void midge_blocked_dense_4(const int8_t *w, const uint32_t *x, uint32_t quads, int32_t *sums);

__asm__(".section .time_critical.midge_blocked_dense_4, \"ax\", %progbits\n"
    ".syntax unified\n"
    ".thumb\n"
    ".balign 4\n"
    ".thumb_func\n"
    ".global midge_blocked_dense_4\n"
    ".type midge_blocked_dense_4, %function\n"
    "midge_blocked_dense_4:\n"
    "push {r3-r11, lr}\n"
    "ldmia r3, {r4-r7}\n"
    "1:\n"
    "ldmia r0!, {r8-r11}\n"
    "ldrd r12, lr, [r1], #8\n"
    OUTPUT(r8, r4)
    OUTPUT(r9, r5)
    OUTPUT(r10, r6)
    OUTPUT(r11, r7)
    "subs r2, #1\n"
    "bne 1b\n"
    "pop {r3}\n"
    "stmia r3, {r4-r7}\n"
    "pop {r4-r11, pc}\n"
    ".size midge_blocked_dense_4, . - midge_blocked_dense_4\n"
    ".text\n");

void midge_blocked_dense(const int8_t *w, const uint32_t *x, uint32_t quads, int32_t *sums,
    uint32_t blocks) {
    for (; blocks > 0; blocks--, w += 16 * quads, sums += MIDGE_BLOCK) {
        midge_blocked_dense_4(w, x, quads, sums);
    }
}

#endif // __ARM_FEATURE_DSP

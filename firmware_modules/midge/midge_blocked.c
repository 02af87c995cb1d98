// The blocked kernels' inner loops in C.
#include "midge_blocked.h"
#include "midge_math.h"

#if !defined(__ARM_FEATURE_DSP)

void midge_blocked_pixels(const int8_t *const *rows, uint32_t quads, uint32_t *x) {
    for (int row = 0; row < MIDGE_BLOCK; row++) {
        const int8_t *from = rows[row];
        uint32_t *to = x + row;
        for (uint32_t i = quads; i > 0; i--, from += 4, to += 8) {
            to[0] = (uint32_t)from[0] + ((uint32_t)from[2] << 16);
            to[4] = (uint32_t)from[1] + ((uint32_t)from[3] << 16);
        }
    }
}

void midge_blocked_weights(const int8_t *const *rows, uint32_t quads, uint32_t *w) {
    for (int row = 0; row < MIDGE_BLOCK; row++) {
        const int8_t *from = rows[row];
        uint32_t *to = w + row;
        for (uint32_t i = quads; i > 0; i--, from += 4, to += 8) {
            to[0] = (uint32_t)from[2] + ((uint32_t)from[0] << 16);
            to[4] = (uint32_t)from[3] + ((uint32_t)from[1] << 16);
        }
    }
}

void midge_blocked_requant(const int32_t *acc, int8_t *out, uint32_t n, const midge_requant_t *rq,
    uint32_t stride) {
    const midge_requant_t here = *rq; // a store of a byte could change *rq
    const int32_t least = (int32_t)(here.act_max + here.act_span);
    for (const int32_t *end = acc + n; acc != end; out += stride) {
        uint32_t x = (uint32_t)*acc++;
        int32_t q = (int32_t)(x * here.mult_high + ((x * here.mult_low) >> 12) + here.add);
        q >>= here.shift;
        if (__builtin_expect(x > here.high, 0)) {
            q = (int32_t)x < 0 ? least : (int32_t)here.act_max;
        }
        *out = (int8_t)q;
    }
}

void midge_blocked_band_table(const midge_blocked_band_t *band, uint32_t *table) {
    (void)band;
    (void)table;
}

void midge_blocked_band(const midge_blocked_band_t *band, int8_t *out) {
    midge_blocked_band_any(band, out);
}

#endif // __ARM_FEATURE_DSP

#if !defined(__ARM_FEATURE_DSP) && !defined(__riscv)

static inline int32_t quad(const int8_t *w, int32_t x0, int32_t x1, int32_t x2, int32_t x3) {
    return w[0] * x0 + w[1] * x1 + w[2] * x2 + w[3] * x3;
}

static void dense(const int8_t *w, const int16_t *in, uint32_t quads, int32_t *sums) {
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (; quads > 0; quads--, in += 4, w += 16) {
        int32_t x0 = in[0], x1 = in[2], x2 = in[1], x3 = in[3];
        a += quad(w, x0, x1, x2, x3);
        b += quad(w + 4, x0, x1, x2, x3);
        c += quad(w + 8, x0, x1, x2, x3);
        d += quad(w + 12, x0, x1, x2, x3);
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

void midge_blocked_dense(const int8_t *w, const uint32_t *x, uint32_t quads, int32_t *sums,
    uint32_t blocks) {
    for (; blocks > 0; blocks--, w += 16 * quads, sums += MIDGE_BLOCK) {
        dense(w, (const int16_t *)x, quads, sums);
    }
}

static uint32_t rounded(uint32_t products) {
    return (uint32_t)((int32_t)(products + 0x8000u) >> 16);
}

// Sums of a pixel and a channel, whose words lie four apart.
static int32_t sum(const uint32_t *x, const uint32_t *w, const midge_blocked_dot_t *dot,
    int32_t bias) {
    uint32_t acc = (uint32_t)bias;
    const uint8_t *run = dot->runs;
    for (const uint32_t *end = x + 8 * dot->quads; x != end; run += 2) {
        for (uint32_t i = run[0]; i > 0; i--, x += 8, w += 8) {
            acc += rounded(x[0] * w[0] + x[4] * w[4]);
        }
        for (uint32_t i = run[1]; i > 0; i--, x += 8, w += 8) {
            acc += rounded(x[0] * w[0]) + rounded(x[4] * w[4]);
        }
    }
    return (int32_t)acc;
}

void midge_blocked_dot(const midge_blocked_dot_t *dot) {
    const uint32_t *x = dot->x;
    for (uint32_t group = 0; group < dot->groups; group++, x += 8 * dot->quads) {
        for (uint32_t c = 0; c < MIDGE_BLOCK; c++) {
            int32_t *acc = dot->acc + c * dot->stride / 4 + group * MIDGE_BLOCK;
            for (uint32_t i = 0; i < MIDGE_BLOCK; i++) {
                acc[i] = sum(x + i, dot->w + c, dot, dot->bias[c]);
            }
        }
    }
}

#endif

#define COLUMN(k) \
    a##k = *a; \
    b##k = *b; \
    d##k = *d; \
    a += c; \
    b += c; \
    d += c;
#define SUM(i, j, k) \
    (bias + a##i * w0 + a##j * w1 + a##k * w2 + b##i * w3 + b##j * w4 + b##k * w5 \
     + d##i * w6 + d##j * w7 + d##k * w8)

// A channel's sums of some windows of some lines: acc[lines][n].
typedef struct _part_t {
    const int8_t *rows; // the first window's
    uint32_t lines;
    uint32_t n; // windows of each line
} part_t;

static void slide(const midge_blocked_band_t *band, const part_t *part, uint32_t channel,
    int32_t *acc) {
    const size_t c = band->c, row = band->row, next = band->step - c;
    const int8_t *w = band->weights + channel;
    const int32_t w0 = w[0], w1 = w[c], w2 = w[2 * c];
    const int32_t w3 = w[3 * c], w4 = w[4 * c], w5 = w[5 * c];
    const int32_t w6 = w[6 * c], w7 = w[7 * c], w8 = w[8 * c];
    const int32_t bias = band->bias[channel];
    const int8_t *line = part->rows + channel;
    int32_t a0, a1, a2, b0, b1, b2, d0, d1, d2;
    for (uint32_t i = part->lines; i > 0; i--, line += band->next_line) {
        const int8_t *a = line, *b = line + row, *d = line + 2 * row;
        const int32_t *end = acc + part->n;
        if (next != 0) {
            while (acc != end) {
                COLUMN(0)
                COLUMN(1)
                COLUMN(2)
                *acc++ = SUM(0, 1, 2);
                a += next - 2 * c;
                b += next - 2 * c;
                d += next - 2 * c;
            }
            continue;
        }
        COLUMN(0)
        COLUMN(1)
        for (; end - acc >= 3; acc += 3) { // the columns move on by one
            COLUMN(2)
            acc[0] = SUM(0, 1, 2);
            COLUMN(0)
            acc[1] = SUM(1, 2, 0);
            COLUMN(1)
            acc[2] = SUM(2, 0, 1);
        }
        if (acc != end) {
            COLUMN(2)
            *acc++ = SUM(0, 1, 2);
        }
        if (acc != end) {
            a0 = *a, b0 = *b, d0 = *d;
            *acc++ = SUM(1, 2, 0);
        }
    }
}

#define CHUNK (64u) // windows

// Part of the band, one channel after the other.
static void chunk(const midge_blocked_band_t *band, const part_t *part, int8_t *out) {
    int32_t acc[CHUNK];
    uint32_t n = part->lines * part->n;
    midge_requant_t rq = midge_blocked_rq(band->act_min, band->act_max);
    for (uint32_t channel = 0; channel < band->c; channel++, out++) {
        slide(band, part, channel, acc);
        midge_requant_load(&rq, band->requant + 3 * channel);
        if (band->kink != NULL) {
            midge_requant_kinked(acc, out, n, &rq, band->c, band->kink + 2 * channel, 1);
        } else {
            midge_blocked_requant(acc, out, n, &rq, band->c);
        }
    }
}

void midge_blocked_band_any(const midge_blocked_band_t *band, int8_t *out) {
    part_t part = { .lines = band->width * band->lines <= CHUNK ? band->lines : 1 };
    for (uint32_t line = 0; line < band->lines; line += part.lines) {
        part.rows = band->rows + line * band->next_line;
        for (uint32_t left = band->width; left > 0; left -= part.n) {
            part.n = left < CHUNK ? left : CHUNK;
            chunk(band, &part, out);
            part.rows += part.n * band->step;
            out += part.lines * part.n * band->c;
        }
    }
}

// The packed kernels' inner loops in C, lane for lane what the midge_packed_*_m0.c do.
#include "midge_packed.h"

#ifndef __ARM_ARCH_6M__

typedef struct _lanes_t {
    uint32_t all;
    uint32_t high;
} lanes_t;

// A run of products moves to the sums.
static void flush(lanes_t *sums, uint32_t t) {
    t += 0x8000u;
    sums->all += t;
    sums->high += (uint32_t)((int32_t)t >> 16);
}

void midge_packed_widen(const int8_t *w, int32_t *out, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        out[i] = w[i];
    }
}

void midge_packed_dot(const uint32_t *x, const int32_t *w, uint32_t pairs, int32_t bias,
    int32_t *acc, uint32_t groups) {
    midge_packed_dot_3(x, w, 0, pairs, bias, acc, groups);
}

void midge_packed_dot_3(const uint32_t *x, const int32_t *w, uint32_t threes, uint32_t pairs,
    int32_t bias, int32_t *acc, uint32_t groups) {
    uint32_t runs = threes + pairs;
    for (; groups > 0; groups--) {
        for (uint32_t lane = 0; lane < 2; lane++) {
            lanes_t sums = { 0u - (runs << 15), 0 };
            const int32_t *tap = w;
            const uint32_t *two = x + lane;
            for (uint32_t i = 0; i < runs; i++) {
                uint32_t t = 0;
                for (uint32_t n = i < threes ? 3 : 2; n > 0; n--, two += 2) {
                    t += *two * (uint32_t)*tap++;
                }
                flush(&sums, t);
            }
            acc[2 * lane] = (int32_t)(sums.all - (sums.high << 16) + (uint32_t)bias);
            acc[2 * lane + 1] = (int32_t)(sums.high + (uint32_t)bias);
        }
        x += 6 * threes + 4 * pairs;
        acc += 4;
    }
}

static void planes(const uint32_t *x, const midge_packed_plane_t *plane, int32_t *acc,
    int32_t step, bool two) {
    uint32_t n = 2 * plane->pairs + plane->alone;
    int32_t next_row = (int32_t)plane->next_row / 4 + (step == 2 ? 5 : 4);
    if (plane->alone > 0 && plane->pairs == 0) {
        step = (int32_t)plane->next_alone / 4 + 2 * next_row + 3;
    }
    for (uint32_t line = 0; line < plane->lines; line++) {
        for (uint32_t col = 0; col < n; col++) {
            lanes_t sums = { 0, 0 };
            const int32_t *w = plane->w;
            const uint32_t *row = x;
            for (int k = 0; k < 3; k++, w += 3, row += next_row) {
                uint32_t t = row[0] * (uint32_t)w[0] + row[1] * (uint32_t)w[1];
                if (two) {
                    flush(&sums, t);
                    t = 0;
                }
                flush(&sums, t + row[2] * (uint32_t)w[2]);
            }
            uint32_t runs = two ? 6 : 3;
            acc[0] = (int32_t)(sums.all - (runs << 15) - (sums.high << 16));
            acc[1] = (int32_t)sums.high;
            acc += 2;
            x += step;
        }
        x += (int32_t)plane->next_line / 4;
    }
}

void midge_packed_plane_1(const uint32_t *x, const midge_packed_plane_t *plane, int32_t *acc) {
    planes(x, plane, acc, 1, false);
}

void midge_packed_plane_1_two(const uint32_t *x, const midge_packed_plane_t *plane, int32_t *acc) {
    planes(x, plane, acc, 1, true);
}

void midge_packed_plane_2(const uint32_t *x, const midge_packed_plane_t *plane, int32_t *acc) {
    planes(x, plane, acc, 2, false);
}

void midge_packed_plane_2_two(const uint32_t *x, const midge_packed_plane_t *plane, int32_t *acc) {
    planes(x, plane, acc, 2, true);
}

static void dense(const uint32_t *w, const uint32_t *x, uint32_t *sums) {
    for (int i = 0; i < 2; i++) {
        uint32_t t = w[i] * x[0] + ((w[i] >> 8) & 0x00FF00FFu) * x[1] + x[2];
        sums[i] += t;
        sums[2 + i] += (uint32_t)((int32_t)t >> 16);
    }
}

void midge_packed_dense(const uint32_t *w, const uint32_t *x, uint32_t pairs, uint32_t *sums) {
    for (; pairs > 0; pairs--, w += 2, x += 3) {
        dense(w, x, sums);
    }
}

void midge_packed_dense_direct(const uint32_t *w, const int8_t *in, uint32_t pairs,
    uint32_t *sums) {
    for (; pairs > 0; pairs--, w += 2, in += 2) {
        uint32_t x0 = (uint32_t)(int32_t)in[0];
        uint32_t x1 = (uint32_t)(int32_t)in[1];
        uint32_t x[3] = { x0, x1 - 256u * x0, 0x8000u - (x0 + x1) * 0x00800080u };
        dense(w, x, sums);
    }
}

void midge_packed_requant(const int32_t *acc, int8_t *out, uint32_t n,
    const midge_requant_t *rq, uint32_t stride) {
    for (uint32_t i = 0; i < n; i++) {
        out[i * stride] = midge_requant_one(rq, acc[i]);
    }
}

void midge_packed_requant_2(const int32_t *acc, int8_t *out, uint32_t n,
    const midge_requant_t *rq, uint32_t stride) {
    for (; n > 0; n--, acc += 2, out += stride) {
        out[0] = midge_requant_one(rq, (int32_t)((uint32_t)acc[0] + rq->bias));
        out[rq->apart] = midge_requant_one(rq, (int32_t)((uint32_t)acc[1] + rq->bias));
    }
}

void midge_packed_rows(const int8_t *a, const int8_t *b, const midge_packed_rows_t *rows,
    uint32_t *x) {
    for (uint32_t row = 0; row < rows->rows; row++) {
        for (uint32_t i = 0; i < rows->n; i++) {
            *x++ = (uint32_t)(int32_t)*a + ((uint32_t)(int32_t)*b << 16);
            a += rows->step;
            b += rows->step;
        }
        a += (int32_t)rows->next_in;
        b += (int32_t)rows->next_in;
        x += rows->next_x / 4;
    }
}

#endif // __ARM_ARCH_6M__

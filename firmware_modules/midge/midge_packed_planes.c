// Packs planes: one channel's columns, every step_x-th, over two ranges of lines.
#include "midge_math.h"
#include "midge_planes.h"

void midge_planes_prepare(midge_planes_t *m) {
    int32_t skip = 0; // columns before the input
    if (m->left < 0) {
        skip = (m->step_x - 1 - m->left) / m->step_x;
    }
    int32_t first = m->left + skip * m->step_x;
    int32_t inside = midge_max(0, (m->in_w - first + m->step_x - 1) / m->step_x);
    m->n = midge_min(m->cols - skip, inside);
    m->skip = skip;
    int32_t a_first = midge_max(0, -m->top);
    int32_t a_end = midge_min(m->rows, m->in_h - m->top);
    int32_t b_first = midge_max(0, -m->top - m->apart);
    int32_t b_end = midge_min(m->rows, m->in_h - m->top - m->apart);
    m->b = (midge_lines_t) { b_first, midge_min(b_end, a_first) };
    m->a = (midge_lines_t) { midge_max(a_first, b_end), a_end };
    int32_t rows = midge_min(a_end, b_end) - a_first;
    m->both = (midge_packed_rows_t) {
        .step = (uint32_t)(m->step_x * m->c),
        .n = (uint32_t)m->n,
        .rows = (uint32_t)midge_max(0, rows),
        .next_in = (uint32_t)((m->in_w - m->n * m->step_x) * m->c),
        .next_x = (uint32_t)(m->pitch - m->n) * 4,
    };
    m->first = a_first;
    m->from = (m->top * m->in_w + first) * m->c;
}

// Rows where one lane is padding: the other, `shift` up, is at `in`.
static void padded(const midge_planes_t *m, const midge_lines_t *lines, const int8_t *in,
    int shift, uint32_t *x) {
    uint32_t pad = (uint32_t)m->pad << (16 - shift);
    int32_t step = m->step_x * m->c;
    int32_t pitch = m->in_w * m->c;
    in += lines->first * pitch;
    x += lines->first * m->pitch;
    for (int32_t y = lines->first; y < lines->end; y++, in += pitch, x += m->pitch) {
        const int8_t *from = in;
        for (uint32_t *to = x, *end = x + m->n; to != end; from += step) {
            *to++ = ((uint32_t)(int32_t)*from << shift) + pad;
        }
    }
}

void midge_planes_fill(uint32_t *x, int32_t words, int32_t pad) {
    uint32_t both = (uint32_t)pad + ((uint32_t)pad << 16);
    for (; words >= 4; words -= 4, x += 4) {
        x[0] = both;
        x[1] = both;
        x[2] = both;
        x[3] = both;
    }
    for (; words > 0; words--) {
        *x++ = both;
    }
}

void midge_planes_pack(const midge_planes_t *m, const int8_t *in, uint32_t *x) {
    if (m->n <= 0) {
        return;
    }
    in += m->from;
    x += m->skip;
    int32_t pitch = m->in_w * m->c;
    const int8_t *high = in + m->apart * pitch;
    padded(m, &m->b, high, 16, x);
    if (m->both.rows > 0) {
        int32_t at = m->first * pitch;
        midge_packed_rows(in + at, high + at, &m->both, x + m->first * m->pitch);
    }
    padded(m, &m->a, in, 0, x);
}

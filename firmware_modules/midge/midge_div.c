// DIV, int8, with broadcasting. What the reference kernel leaves undefined is defined here: over 0
// is the greatest or least value, a quotient far below one step is 0.
#include "midge_broadcast.h"
#include "midge_ops.h"
#include "midge_reciprocal.h"

// a / b * mult * 2^(shift - 31); b > 0. The reciprocal has the bits of 1 / b up to a power of two,
// and a is shifted up as far as it goes, which costs no precision.
static int32_t quotient(const midge_div_t *p, int32_t a, int32_t b) {
    int32_t zeros = midge_leading_zeros((uint32_t)b);
    int32_t inverse = midge_reciprocal(b, zeros);
    int32_t headroom = midge_leading_zeros((uint32_t)(a < 0 ? ~a : a) << 1 | 1u);
    int32_t raw = midge_mul_high((int32_t)((uint32_t)a << headroom), inverse);
    int32_t right = 31 - zeros + headroom - p->shift;
    return right > 31 ? 0 : midge_div_pot(midge_mul_high(raw, p->mult), right);
}

static inline int8_t div(const void *params, int32_t a, int32_t b) {
    const midge_div_t *p = params;
    a += p->a_offset;
    b += p->b_offset;
    if (b == 0) {
        return (int8_t)(a >= 0 ? p->act_max : p->act_min);
    }
    int32_t y = b < 0 ? quotient(p, -a, -b) : quotient(p, a, b);
    return (int8_t)midge_clamp(midge_wrap_add(y, p->out_offset), p->act_min, p->act_max);
}

void midge_div(const midge_ctx_t *ctx, const void *params) {
    const midge_div_t *p = params;
    const midge_walk_t walk = MIDGE_WALK(ctx, p);
    midge_broadcast(&walk, p, div);
}

// Functions in fixed point, as gemmlowp's fixedpoint.h computes them, bit for bit. Qm.n: m integer
// bits, n fraction bits, and a sign.
#ifndef MIDGE_FIXED_H
#define MIDGE_FIXED_H

#include <stdint.h>

// 1 / (1 + exp(-x)): Q3.12 to Q0.15.
int16_t midge_logistic16(int16_t x);

// tanh(x): Q(bits).(15 - bits) to Q0.15, 0 <= bits <= 6.
int16_t midge_tanh16(int16_t x, int32_t bits);

// 1 / sqrt(x) as mult * 2^(shift - 31), x >= 0; 0 counts as 1.
void midge_inv_sqrt(int32_t x, int32_t *mult, int32_t *shift);

#endif // MIDGE_FIXED_H

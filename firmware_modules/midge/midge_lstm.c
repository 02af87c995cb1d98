// UNIDIRECTIONAL_SEQUENCE_LSTM with int8 activations and weights and a 16-bit cell state. Sums
// are rescaled to 16 bits one by one, and saturate at each step, as the oracle's do.
#include <string.h>

#include "midge_dot.h"
#include "midge_fixed.h"
#include "midge_math.h"
#include "midge_ops.h"

enum { FORGET, CELL, OUTPUT, INPUT };

// One gate's constants: requant of the parameters.
typedef struct _requant_t {
    int32_t in_mult;
    int32_t in_shift;
    int32_t rec_mult;
    int32_t rec_shift;
    int32_t peephole_mult;
    int32_t peephole_shift;
    int32_t norm_mult;
    int32_t norm_shift;
    int32_t least_variance;
} requant_t;

static int16_t saturate(int32_t x) {
    return (int16_t)midge_clamp(x, INT16_MIN, INT16_MAX);
}

// y += weights * x, rescaled
static void accumulate(const int8_t *x, int32_t n, const int8_t *weights, const int32_t *bias,
    int32_t mult, int32_t shift, int16_t *y, int32_t rows) {
    for (int32_t i = 0; i < rows; i++) {
        int32_t acc = midge_requantize(midge_dot(x, weights, n, bias[i]), mult, shift);
        y[i] = saturate(midge_wrap_add(acc, y[i]));
        weights += n;
    }
}

// y += weights * cell, rescaled
static void look(const int16_t *cell, const int16_t *weights, const requant_t *r, int16_t *y,
    int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        int32_t acc = midge_requantize((int32_t)cell[i] * weights[i], r->peephole_mult,
            r->peephole_shift);
        y[i] = saturate(midge_wrap_add(acc, y[i]));
    }
}

// Normalizes y to mean 0 and variance 1 (in Q.10), then scales by weights and adds the bias.
static void normalize(int16_t *y, int32_t n, const int16_t *weights, const int32_t *bias,
    const requant_t *r) {
    int32_t sum = 0; // n is under 65,536
    int64_t squares = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += y[i];
        squares += (int32_t)y[i] * y[i];
    }
    int32_t mean = sum / n * 1024 + sum % n * 1024 / n; // sum * 1024 / n
    int64_t spread = squares * ((1 << 20) / n) - (int64_t)mean * mean;
    int32_t variance = (int32_t)(spread / (1 << 20));
    int32_t mult, shift;
    midge_inv_sqrt(variance < 1 ? r->least_variance : variance, &mult, &shift);
    for (int32_t i = 0; i < n; i++) {
        int32_t even = midge_requantize(1024 * y[i] - mean, mult, shift);
        int32_t scaled = (int32_t)((uint32_t)even * (uint32_t)weights[i] + (uint32_t)bias[i]);
        int32_t rounded = midge_wrap_add(scaled, scaled > 0 ? 512 : -512) / 1024;
        y[i] = saturate(midge_requantize(rounded, r->norm_mult, r->norm_shift));
    }
}

typedef struct _lstm_t {
    const midge_ctx_t *ctx;
    const midge_lstm_t *p;
    int8_t *hidden; // state
    int16_t *cell; // state
    int16_t *gates;
} lstm_t;

// Computes one gate from the input, the hidden state and (peephole) the cell state.
static void gate(const lstm_t *lstm, int32_t which, const int8_t *x) {
    const midge_lstm_t *p = lstm->p;
    const midge_ctx_t *ctx = lstm->ctx;
    const int32_t n = p->n_cell, from = which * n;
    const requant_t *r = (const requant_t *)midge_in(ctx, p->requant) + which;
    const int8_t *in_weights = midge_in(ctx, p->in_weights);
    const int32_t *in_bias = midge_in(ctx, p->in_bias);
    const int8_t *rec_weights = midge_in(ctx, p->rec_weights);
    const int32_t *rec_bias = midge_in(ctx, p->rec_bias);
    int16_t *y = lstm->gates + from;
    memset(y, 0, (size_t)n * sizeof(int16_t));
    accumulate(x, p->n_in, in_weights + from * p->n_in, in_bias + from, r->in_mult, r->in_shift,
        y, n);
    accumulate(lstm->hidden, p->n_out, rec_weights + from * p->n_out, rec_bias + from,
        r->rec_mult, r->rec_shift, y, n);
    if (p->peephole != MIDGE_NONE) {
        look(lstm->cell, (const int16_t *)midge_in(ctx, p->peephole) + from, r, y, n);
    }
    if (p->norm_weights != MIDGE_NONE) {
        normalize(y, n, (const int16_t *)midge_in(ctx, p->norm_weights) + from,
            (const int32_t *)midge_in(ctx, p->norm_bias) + from, r);
    }
    for (int32_t i = 0; i < n; i++) {
        y[i] = which == CELL ? midge_tanh16(y[i], 3) : midge_logistic16(y[i]);
    }
}

// cell = forget * cell + input * new
static void update_cell(const lstm_t *lstm) {
    const midge_lstm_t *p = lstm->p;
    const int32_t n = p->n_cell;
    const int16_t *forget = lstm->gates + FORGET * n, *value = lstm->gates + CELL * n;
    const int16_t *input = p->gates > INPUT ? lstm->gates + INPUT * n : NULL;
    for (int32_t i = 0; i < n; i++) {
        int32_t open = input != NULL ? input[i] : INT16_MAX - forget[i];
        int32_t kept = midge_div_pot((int32_t)forget[i] * lstm->cell[i], 15);
        int32_t added = midge_div_pot(open * value[i], 15 + p->cell_bits);
        int32_t cell = saturate((int16_t)kept + (int16_t)added);
        if (p->cell_clip > 0) {
            cell = midge_clamp(cell, -p->cell_clip, p->cell_clip);
        }
        lstm->cell[i] = (int16_t)cell;
    }
}

// hidden = output * tanh(cell), through the projection if there is one
static void update_hidden(const lstm_t *lstm) {
    const midge_lstm_t *p = lstm->p;
    const int32_t n = p->n_cell;
    const int16_t *output = lstm->gates + OUTPUT * n;
    bool projects = p->proj_weights != MIDGE_NONE;
    int8_t *value = projects ? (int8_t *)(lstm->gates + p->gates * n) : lstm->hidden;
    for (int32_t i = 0; i < n; i++) {
        int32_t y = (int32_t)output[i] * midge_tanh16(lstm->cell[i], p->cell_bits);
        y = midge_requantize(y, p->hidden_mult, p->hidden_shift);
        value[i] = midge_clamp_int8(midge_wrap_add(y, p->hidden_offset), -128, 127);
    }
    if (!projects) {
        return;
    }
    const int8_t *weights = midge_in(lstm->ctx, p->proj_weights);
    const int32_t *bias = midge_in(lstm->ctx, p->proj_bias);
    for (int32_t i = 0; i < p->n_out; i++) {
        int32_t y = midge_dot(value, weights + i * n, n, bias[i]);
        y = midge_wrap_add(midge_requantize(y, p->proj_mult, p->proj_shift), p->proj_offset);
        int32_t least = p->proj_clip > 0 ? -p->proj_clip : -128;
        int32_t most = p->proj_clip > 0 ? p->proj_clip : 127;
        lstm->hidden[i] = midge_clamp_int8(y, least, most);
    }
}

void midge_lstm(const midge_ctx_t *ctx, const void *params) {
    const midge_lstm_t *p = params;
    const lstm_t lstm = {
        .ctx = ctx,
        .p = p,
        .hidden = midge_state(ctx, p->hidden),
        .cell = midge_state(ctx, p->cell),
        .gates = midge_out(ctx, p->scratch),
    };
    const int8_t *x = midge_in(ctx, p->in);
    int8_t *y = midge_out(ctx, p->out);
    for (int32_t step = 0; step < p->steps; step++) {
        if (p->gates > INPUT) {
            gate(&lstm, INPUT, x);
        }
        gate(&lstm, FORGET, x);
        gate(&lstm, CELL, x);
        update_cell(&lstm);
        gate(&lstm, OUTPUT, x); // its peephole sees the new cell
        update_hidden(&lstm);
        memcpy(y, lstm.hidden, (size_t)p->n_out);
        x += p->n_in;
        y += p->n_out;
    }
}

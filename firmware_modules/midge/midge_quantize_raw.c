// Raw int16 sensor counts into a model's input.
#include "midge_math.h"

// 31-bit multiplier and shift, as midge_requantize has them, in one rounding.
static int64_t scale_count(const midge_raw_t *raw, uint32_t channel, int16_t count) {
    int32_t x = midge_wrap_add(count, (int32_t)(0u - (uint32_t)raw->offset[channel]));
    return midge_requantize_single(x, raw->mult[channel], 31 - raw->shift[channel]);
}

void midge_quantize_raw(const midge_raw_t *raw, const midge_port_t *port,
    const int16_t *counts, size_t n, void *q) {
    bool wide = port->dtype == MIDGE_INT16;
    int32_t low = port->dtype == MIDGE_UINT8 ? 0 : wide ? INT16_MIN : INT8_MIN;
    int32_t high = port->dtype == MIDGE_UINT8 ? UINT8_MAX : wide ? INT16_MAX : INT8_MAX;
    uint32_t channel = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t y = scale_count(raw, channel, counts[i]) + port->zero_point;
        y = y < low ? low : y > high ? high : y;
        if (wide) {
            ((int16_t *)q)[i] = (int16_t)y;
        } else {
            ((int8_t *)q)[i] = (int8_t)y;
        }
        channel = channel + 1 == raw->channels ? 0 : channel + 1;
    }
}

// Arithmetic that an LX106's compiler expects in the chip's ROM (ESP8266): its libgcc lacks it.
// Single precision: round to nearest even, subnormals included, no NaN or infinity.
#include <stdint.h>
#include <string.h>

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
int64_t __muldi3(int64_t a, int64_t b);
float __floatsisf(int32_t n);
float __mulsf3(float a, float b);
float __addsf3(float a, float b);
float __subsf3(float a, float b);

static uint32_t divide(uint32_t a, uint32_t b, uint32_t *rest) {
    uint32_t q = 0, r = 0;
    for (int i = 31; i >= 0; i--) {
        uint32_t carry = r >> 31;
        r = r << 1 | (a >> i & 1u);
        if (carry != 0 || r >= b) {
            r -= b;
            q |= 1u << i;
        }
    }
    *rest = r;
    return q;
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
    uint32_t rest;
    return divide(a, b, &rest);
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
    uint32_t rest;
    divide(a, b, &rest);
    return rest;
}

int32_t __divsi3(int32_t a, int32_t b) {
    uint32_t rest;
    uint32_t q = divide(a < 0 ? 0u - (uint32_t)a : (uint32_t)a,
        b < 0 ? 0u - (uint32_t)b : (uint32_t)b, &rest);
    return (int32_t)((a ^ b) < 0 ? 0u - q : q);
}

// 16 x 16 bits are what the compiler multiplies by itself.
static uint64_t wide(uint32_t a, uint32_t b) {
    uint32_t low = (a & 0xFFFFu) * (b & 0xFFFFu);
    uint32_t mid = (a >> 16) * (b & 0xFFFFu) + (low >> 16);
    uint32_t other = (a & 0xFFFFu) * (b >> 16) + (mid & 0xFFFFu);
    uint32_t high = (a >> 16) * (b >> 16) + (mid >> 16) + (other >> 16);
    return (uint64_t)high << 32 | (uint32_t)(other << 16 | (low & 0xFFFFu));
}

int64_t __muldi3(int64_t a, int64_t b) {
    uint32_t al = (uint32_t)a, ah = (uint32_t)((uint64_t)a >> 32);
    uint32_t bl = (uint32_t)b, bh = (uint32_t)((uint64_t)b >> 32);
    return (int64_t)(wide(al, bl) + ((uint64_t)(ah * bl + al * bh) << 32));
}

// size * 2^exponent, rounded.
static float make(uint32_t sign, uint64_t size, int exponent) {
    uint32_t sticky = 0;
    for (; size >= (1u << 26) || (size != 0 && exponent < -151); exponent++) {
        sticky |= (uint32_t)size & 1u; // 24 bits and two of rounding stay, fewer of a subnormal
        size >>= 1;
    }
    for (; size != 0 && size < (1u << 25) && exponent > -151; exponent--) {
        size <<= 1;
    }
    uint32_t half = (uint32_t)size & 3u;
    uint32_t m = (uint32_t)size >> 2;
    m += half == 3 || (half == 2 && (sticky != 0 || (m & 1u) != 0));
    if (m != 0) { // its leading one, or a carry, adds to the exponent by itself
        sign |= m + ((uint32_t)(exponent + 151) << 23);
    }
    float f;
    memcpy(&f, &sign, sizeof(f));
    return f;
}

static uint32_t take(float f, uint32_t *size, int *exponent) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof(bits));
    int e = (int)(bits >> 23 & 0xFFu);
    *size = (bits & 0x7FFFFFu) | (e > 0 ? 0x800000u : 0u);
    *exponent = (e > 0 ? e : 1) - 150;
    return bits & 0x80000000u;
}

float __floatsisf(int32_t n) {
    uint32_t sign = n < 0 ? 0x80000000u : 0;
    return make(sign, n < 0 ? 0u - (uint32_t)n : (uint32_t)n, 0);
}

float __mulsf3(float a, float b) {
    uint32_t x, y;
    int e, f;
    uint32_t sign = take(a, &x, &e) ^ take(b, &y, &f);
    return make(sign, wide(x, y), e + f);
}

float __addsf3(float a, float b) {
    uint32_t x, y;
    int e, f;
    uint32_t s = take(a, &x, &e), t = take(b, &y, &f);
    int64_t big = x, small = y;
    if (e < f) {
        int n = e;
        e = f;
        f = n;
        big = y;
        small = x;
        uint32_t swap = s;
        s = t;
        t = swap;
    }
    int apart = e - f > 30 ? 30 : e - f;
    uint32_t lost = 0;
    for (int i = e - f - apart; i > 0 && small != 0; i--) { // far below: only whether it is there
        lost |= (uint32_t)small & 1u;
        small >>= 1;
    }
    small = small << 1 | lost;
    int64_t sum = (big << (apart + 1)) * (s != 0 ? -1 : 1) + small * (t != 0 ? -1 : 1);
    uint32_t sign = sum < 0 || (sum == 0 && s != 0 && t != 0) ? 0x80000000u : 0;
    return make(sign, (uint64_t)(sum < 0 ? -sum : sum), e - apart - 1);
}

float __subsf3(float a, float b) {
    uint32_t bits;
    memcpy(&bits, &b, sizeof(bits));
    bits ^= 0x80000000u;
    memcpy(&b, &bits, sizeof(b));
    return __addsf3(a, b);
}

// Replays recorded runs of the core: what the sanitizer build and the tests of the packed-list
// runner execute. Usage: replay FILE. Every buffer is a heap block of exactly its size, so that
// a byte read or written beyond its end stops the program.
//
// A record is: n_words, n_consts, n_arena, n_state (uint32 each), words, consts, arena before, arena
// after, state before, state after.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "midge_ops.h"

static void *read_block(FILE *file, size_t bytes) {
    void *block = malloc(bytes == 0 ? 1 : bytes);
    if (block == NULL || (bytes != 0 && fread(block, 1, bytes, file) != bytes)) {
        fprintf(stderr, "truncated record\n");
        exit(2);
    }
    return block;
}

static int replay(FILE *file, const uint32_t *sizes, unsigned long number) {
    int32_t *words = read_block(file, sizes[0] * sizeof(int32_t));
    uint8_t *consts = read_block(file, sizes[1]);
    uint8_t *arena = read_block(file, sizes[2]);
    uint8_t *expected = read_block(file, sizes[2]);
    uint8_t *state = read_block(file, sizes[3]);
    uint8_t *kept = read_block(file, sizes[3]);
    midge_ctx_t ctx = { .arena = arena, .consts = consts, .state = state };
    int bad = midge_run_words(words, sizes[0], &ctx);
    int differs = memcmp(arena, expected, sizes[2]) != 0 || memcmp(state, kept, sizes[3]) != 0;
    if (bad != 0 || differs != 0) {
        printf("record %lu: op %d refused, arena %s\n", number, bad, differs ? "differs" : "equal");
    }
    free(words);
    free(consts);
    free(arena);
    free(expected);
    free(state);
    free(kept);
    return bad != 0 || differs != 0;
}

static uint16_t traced[4];

static void trace(void *arg, uint16_t op) {
    traced[(*(int *)arg)++] = op;
}

// midge_run: two lookups, traced, in the arena's first 4 bytes.
static int check_run(void) {
    static uint8_t consts[256];
    static const midge_lookup_t params = { .in = 0, .out = 0, .table = ~0, .size = 4 };
    static const midge_op_t ops[2] = {
        { midge_lookup, &params, "first" },
        { midge_lookup, &params, "second" },
    };
    static const midge_model_t model = { .n_ops = 2, .ops = ops, .consts = consts };
    for (int i = 0; i < 256; i++) {
        consts[i] = (uint8_t)(i + 3);
    }
    uint8_t arena[4] = { 0, 1, 254, 255 };
    const uint8_t expected[4] = { 6, 7, 4, 5 };
    int calls = 0;
    midge_run(&model, arena, trace, &calls);
    midge_run(&model, arena, NULL, NULL);
    for (int i = 0; i < 4; i++) {
        arena[i] = (uint8_t)(arena[i] - 6);
    }
    return memcmp(arena, expected, 4) != 0 || calls != 3 || traced[1] != 1 || traced[2] != 2;
}

// midge_quantize_raw: two channels, halves, and both ends.
static int check_raw(void) {
    static const int32_t offset[2] = { 100, -100 };
    static const int32_t mult[2] = { 1 << 30, 1 << 30 };
    static const int8_t shift[2] = { 0, 15 };
    static const midge_raw_t raw = { .channels = 2, .offset = offset, .mult = mult, .shift = shift };
    static const midge_port_t port = { .dtype = MIDGE_INT8, .zero_point = -3 };
    const int16_t counts[6] = { 103, -100, 97, 32767, -32768, -32768 };
    const int8_t expected[6] = { -1, -3, -4, 127, -128, -128 };
    int8_t q[6];
    midge_quantize_raw(&raw, &port, counts, 6, q);
    return memcmp(q, expected, 6) != 0;
}

int main(int argc, char **argv) {
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: replay FILE\n");
        return 2;
    }
    int bad = check_run() + check_raw();
    if (bad != 0) {
        printf("midge_run or midge_quantize_raw is wrong\n");
    }
    uint32_t sizes[4];
    unsigned long number = 0;
    while (fread(sizes, sizeof(sizes), 1, file) == 1) {
        bad += replay(file, sizes, number++);
    }
    fclose(file);
    printf("%lu records, %d bad\n", number, bad);
    return bad == 0 ? 0 : 1;
}

// Replays recorded runs of the core on a bare emulated processor: tests/bare_kit.py writes the
// records into memory at RECORDS and reads what is printed here.
//
// First 1 to have printed what each op takes, or 0, and the number of records. A record: n_words,
// n_consts, n_arena, n_outs (sizes in 32-bit words), where in the arena the model's state begins
// (in words); words; constants; arena before; for each output its offset and size in bytes and its
// bytes, padded to words.
#include <string.h>

#include "bare.h"
#include "midge_ops.h"

#define GUARD (16) // words on both sides of the arena that nothing may change
#define GUARD_WORD (0x5AFE5AFEu)

extern uint32_t bare_arena[]; // link script: aligned to 8, all memory that is left
extern uint32_t bare_arena_end[];

static void print(const char *text) {
    bare_write(text, strlen(text));
}

static void print_number(uint32_t n) {
    char digits[12];
    char *p = digits + sizeof(digits) - 1;
    *p = 0;
    do {
        *--p = (char)('0' + n % 10u);
        n /= 10u;
    } while (n != 0);
    print(" ");
    print(p);
}

static void line(const char *what, uint32_t a, uint32_t b, uint32_t c) {
    print(what);
    print_number(a);
    print_number(b);
    print_number(c);
    print("\n");
}

void bare_fault(void) {
    print("fault\n");
    bare_exit();
}

// Runs the ops one by one; returns the number of the first that was refused, or 0.
static int run(const int32_t *words, uint32_t n_words, const midge_ctx_t *ctx, uint32_t record,
    bool counting) {
    int op = 0;
    uint32_t empty = bare_count();
    empty = bare_count() - empty;
    for (uint32_t i = 0; i < n_words; op++) {
        size_t n = 2u + (uint32_t)words[i + 1];
        uint32_t start = bare_count();
        int bad = midge_run_words(words + i, n, ctx);
        uint32_t end = bare_count();
        if (bad != 0) {
            return op + 1;
        }
        if (counting) {
            line("count", record, (uint32_t)op, bare_instructions(end - start - empty));
        }
        i += n;
    }
    return 0;
}

static bool guarded(const uint32_t *guard) {
    for (int i = 0; i < GUARD; i++) {
        if (guard[i] != GUARD_WORD) {
            return false;
        }
    }
    return true;
}

// Compares the outputs; returns what follows them, or NULL if one differs.
static const uint32_t *compare(const uint32_t *outs, uint32_t n_outs, const uint8_t *arena,
    uint32_t record) {
    for (; n_outs > 0; n_outs--) {
        const uint8_t *want = (const uint8_t *)(outs + 2);
        for (uint32_t i = 0; i < outs[1]; i++) {
            if (arena[outs[0] + i] != want[i]) {
                line("differs", record, n_outs, i);
                return NULL;
            }
        }
        outs += 2 + (outs[1] + 3) / 4;
    }
    return outs;
}

static uint32_t skip(const uint32_t *outs, uint32_t n_outs) {
    uint32_t n = 0;
    for (; n_outs > 0; n_outs--) {
        n += 2 + (outs[n + 1] + 3) / 4;
    }
    return n;
}

int main(void) {
    const uint32_t *r = BARE_RECORDS;
    bool counting = *r++ != 0;
    uint32_t records = *r++;
    uint32_t bad = 0;
    uint32_t *arena = bare_arena + GUARD;
    for (uint32_t record = 0; record < records; record++) {
        const int32_t *words = (const int32_t *)(r + 5);
        const uint32_t *consts = r + 5 + r[0];
        const uint32_t *before = consts + r[1];
        const uint32_t *outs = before + r[2];
        uint32_t *behind = arena + r[2];
        if ((size_t)(bare_arena_end - behind) < GUARD + 256) {
            line("too large", record, r[2], 0);
            bare_exit();
        }
        midge_ctx_t ctx = {
            .arena = (uint8_t *)arena,
            .consts = (const uint8_t *)consts,
            .state = (uint8_t *)(arena + r[4]),
        };
        memcpy(arena, before, 4 * r[2]);
        for (int i = 0; i < GUARD; i++) {
            bare_arena[i] = behind[i] = GUARD_WORD;
        }
        int refused = run(words, r[0], &ctx, record, counting);
        if (refused != 0) {
            line("refused", record, (uint32_t)refused, 0);
            bad++;
        } else if (!guarded(bare_arena) || !guarded(behind)) {
            line("wrote outside", record, 0, 0);
            bad++;
        } else if (compare(outs, r[3], ctx.arena, record) == NULL) {
            bad++;
        }
        r = outs + skip(outs, r[3]);
    }
    line("done", records, bad, 0);
    bare_exit();
    return 0;
}

// For compilers that bring no C library: what the core uses of it (bare/xtensa.c has it).
#ifndef BARE_STRING_H
#define BARE_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
size_t strlen(const char *text);

#endif // BARE_STRING_H

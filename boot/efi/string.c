/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few functions of <string.h> that the loader, libfdt and the compiler itself call: the
 * core's C library is not built for position-independent code. Large copies go by quadwords,
 * as `rep movsb` is one instruction count per byte in an emulator.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	void *d = to;
	size_t words = size / 8;
	size_t bytes = size % 8;

	__asm__ volatile("rep movsq" : "+D"(d), "+S"(from), "+c"(words) : : "memory");
	for (size_t i = 0; i < bytes; i++)
		((volatile char *)d)[i] = ((const char *)from)[i];
	return to;
}

void *memset(void *to, int value, size_t size)
{
	void *d = to;
	uint64_t fill = 0x0101010101010101ull * (unsigned char)value;
	size_t words = size / 8;
	size_t bytes = size % 8;

	__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(fill) : "memory");
	for (size_t i = 0; i < bytes; i++)
		((volatile char *)d)[i] = (char)value;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	volatile char *d = to;
	const char *s = from;

	if ((uintptr_t)to - (uintptr_t)from >= size)
		return memcpy(to, from, size);
	while (size--)
		d[size] = s[size];
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

void *memchr(const void *in, int value, size_t size)
{
	const unsigned char *s = in;

	for (size_t i = 0; i < size; i++)
		if (s[i] == (unsigned char)value)
			return (void *)(uintptr_t)(s + i);
	return NULL;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

size_t strlen(const char *s)
{
	const volatile char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)(uintptr_t)last;
	}
}

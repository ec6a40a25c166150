/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/format.h"

#include <string.h>

struct out {
	char *to;
	size_t size;
	size_t used;
};

struct spec {
	unsigned width;
	unsigned longs;
	char pad;
};

static void put_bytes(struct out *o, const char *s, size_t len)
{
	len = MIN(len, o->size - 1 - o->used);
	memcpy(o->to + o->used, s, len);
	o->used += len;
}

static void put_number(struct out *o, u64 value, unsigned base, const struct spec *spec, bool minus)
{
	char digits[24];
	unsigned n = sizeof(digits);
	unsigned width = MIN(spec->width, 20u);

	do
		digits[--n] = "0123456789abcdef"[value % base];
	while (value /= base);
	if (minus)
		digits[--n] = '-';
	while (sizeof(digits) - n < width)
		digits[--n] = spec->pad;
	put_bytes(o, digits + n, sizeof(digits) - n);
}

static const char *parse_spec(const char *f, struct spec *spec)
{
	*spec = (struct spec){.pad = *f == '0' ? '0' : ' '};
	for (; *f >= '0' && *f <= '9'; f++)
		spec->width = spec->width * 10 + (unsigned)(*f - '0');
	for (; *f == 'l'; f++)
		spec->longs++;
	return f;
}

static void put_argument(struct out *o, char conversion, const struct spec *spec, va_list *ap)
{
	const char *s;
	s64 d;
	char c;

	switch (conversion) {
	case 's':
		s = va_arg(*ap, const char *);
		put_bytes(o, s, strlen(s));
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_bytes(o, &c, 1);
		break;
	case 'd':
		d = spec->longs ? va_arg(*ap, long) : va_arg(*ap, int);
		put_number(o, d < 0 ? 0 - (u64)d : (u64)d, 10, spec, d < 0);
		break;
	case 'u':
	case 'x':
		put_number(o, spec->longs ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned),
			   conversion == 'x' ? 16 : 10, spec, false);
		break;
	default:
		put_bytes(o, &conversion, 1);
	}
}

size_t format_v(char *to, size_t size, const char *fmt, va_list ap)
{
	struct out o = {to, size, 0};
	struct spec spec;
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt != '%') {
			put_bytes(&o, fmt++, 1);
			continue;
		}
		fmt = parse_spec(fmt + 1, &spec);
		if (!*fmt)
			break;
		put_argument(&o, *fmt++, &spec, &args);
	}
	va_end(args);
	to[o.used] = 0;
	return o.used;
}

size_t format(char *to, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t used;

	va_start(ap, fmt);
	used = format_v(to, size, fmt, ap);
	va_end(ap);
	return used;
}

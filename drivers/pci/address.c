/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/pci/address.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci/access.h"

#define DEVICES 32
#define FUNCTIONS 8

/* A hexadecimal number of at most max with its end at `end`; false if there is none. */
static bool hex_take(const char **text, char end, u32 max, u32 *out)
{
	char *stop;
	unsigned long value = strtoul(*text, &stop, 16);

	if (stop == *text || !isxdigit((unsigned char)**text) || *stop != end || value > max)
		return false;
	*text = end ? stop + 1 : stop;
	*out = (u32)value;
	return true;
}

int pci_parse_address(const char *text, u16 *segment, u16 *bdf)
{
	u32 seg = 0, bus, dev, fn;
	const char *colon = strchr(text, ':');

	if (colon && strchr(colon + 1, ':') && !hex_take(&text, ':', 0xffff, &seg))
		return ERR_INVAL;
	if (!hex_take(&text, ':', 0xff, &bus) || !hex_take(&text, '.', DEVICES - 1, &dev) ||
	    !hex_take(&text, 0, FUNCTIONS - 1, &fn))
		return ERR_INVAL;
	*segment = (u16)seg;
	*bdf = PCI_BDF(bus, dev, fn);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Names that have been seen, so that a thousand nodes are not compared each with each. */
#ifndef VMM_VM_CONFIG_NAMES_H
#define VMM_VM_CONFIG_NAMES_H

#include "kernel/lib/types.h"

struct config_names {
	const char **slots; /* NULL: there was no memory */
	u32 mask;
};

/* Room for so many names, which stay the caller's. .slots is NULL when there is no memory. */
void config_names_init(struct config_names *names, u32 count);
void config_names_free(struct config_names *names);

/* Add a name, at most as often as there is room for; false: an equal one is there already. */
bool config_names_add(struct config_names *names, const char *name);

#endif

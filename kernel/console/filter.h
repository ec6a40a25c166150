/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest wrote, as lines of printable ASCII: escape sequences (ECMA-48) are
 * taken out, other control bytes and those above 7e hex replaced. A carriage return
 * starts the line anew, backspace takes one character back.
 */
#ifndef KERNEL_CONSOLE_FILTER_H
#define KERNEL_CONSOLE_FILTER_H

#include "kernel/console/console.h"

/* Zero-initialized is the state at the start of a line. */
struct console_filter {
	char line[CONSOLE_LINE]; /* not terminated */
	u32 len;
	u32 dropped; /* lines that were not shown since the serial line was behind */
	u8 state;
	bool cr; /* a carriage return came last */
};

/* One byte; true when it completed the line that line and len then hold until the
 * next call. */
bool console_filter_feed(struct console_filter *filter, char c);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COM1: a 16550A at port 0x3f8, LAYOUT_GSI_COM1 (National Semiconductor PC16550D data
 * sheet). Sending takes no time, unless the host is behind; what is sent is given to the host
 * a line at a time, or after a short while.
 */
#ifndef VMM_VDEV_VUART_H
#define VMM_VDEV_VUART_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

#define VUART_PORT 0x3f8
/* Bytes typed that wait for the guest beyond its 16-byte FIFO; more are dropped. */
#define VUART_INPUT 1024
/* Bytes gathered before they are given to the host, and the longest they wait. */
#define VUART_OUTPUT 128
#define VUART_FLUSH_US 2000

struct platform;
struct vuart;

/* Registers itself on p->ports. ERR_NOMEM. */
int __must_check vuart_create(struct platform *p);
void vuart_destroy(struct vuart *u);
void vuart_reset(struct vuart *u);

/* Bytes arrive on the line. Any CPU. */
void vuart_input(struct vuart *u, const char *bytes, size_t len);

#endif

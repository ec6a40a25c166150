/* SPDX-License-Identifier: BSD-2-Clause */
/* Flattened device trees of unknown origin (Devicetree Specification 0.4, chapter 5). */
#ifndef KERNEL_LIB_DTB_H
#define KERNEL_LIB_DTB_H

#include "kernel/lib/types.h"

/*
 * May libfdt read this blob of len bytes? 0, or a negative FDT_ERR_... for fdt_strerror().
 * The blob is aligned to 8 bytes; what follows fdt_totalsize() is not looked at.
 */
int __must_check dtb_check(const void *blob, size_t len);

#endif

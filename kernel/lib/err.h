/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Error codes: negative, must be checked by the caller. The place where an
 * error is born reports it once with trace_err(), with what the operator
 * should do next; everybody above only passes it on.
 */
#ifndef KERNEL_LIB_ERR_H
#define KERNEL_LIB_ERR_H

#include "kernel/lib/klog.h"
#include "kernel/lib/types.h"

enum err {
	ERR_OK = 0,
	ERR_NOMEM = -1,       /* out of memory */
	ERR_INVAL = -2,       /* malformed input or argument */
	ERR_RANGE = -3,       /* an address or a size outside of what is allowed */
	ERR_NOENT = -4,       /* no such object */
	ERR_EXIST = -5,       /* such an object exists already */
	ERR_BUSY = -6,        /* the object's state does not allow it now */
	ERR_UNSUPPORTED = -7, /* the hardware or this version cannot do it */
	ERR_TIMEOUT = -8,     /* the hardware did not answer */
	ERR_FAULT = -9,       /* guest memory could not be reached */
	ERR_IO = -10,         /* the device reported a failure */
};

/* A short English name of an error code, never NULL. */
const char *err_name(int err);

/*
 * Report an error where it is born and evaluate to it:
 *	return trace_err(ERR_NOMEM, "vm %s: no memory for page tables", name);
 * Each place in the code has its own rate limit, so that what a guest can
 * provoke cannot flood the log.
 */
#define trace_err(err, ...)                                          \
	({                                                           \
		static struct klog_limit trace_limit_;               \
		klog_limited(&trace_limit_, KLOG_WARN, __VA_ARGS__); \
		(err);                                               \
	})

#endif

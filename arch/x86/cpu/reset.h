/* SPDX-License-Identifier: BSD-2-Clause */
/* Leaving: reset and power-off of the machine. */
#ifndef ARCH_X86_CPU_RESET_H
#define ARCH_X86_CPU_RESET_H

#include "kernel/lib/types.h"

/* What an upper layer knows of this machine, tried before the usual means; a
 * function returns when it did not help. Any may be NULL. */
struct reset_ops {
	void (*reset)(void);
	void (*poweroff)(void);
	void (*firmware)(bool off); /* by asking the firmware: the last resort */
};
void reset_register(const struct reset_ops *ops);

/* Stop the other CPUs and reset by: registered means, keyboard
 * controller, port 0xcf9, firmware, triple fault. */
__noreturn void machine_reset(void);
/* Stop the other CPUs and switch off by: registered means, emulators' port, firmware;
 * when nothing helps, says so and halts. */
__noreturn void machine_poweroff(void);

#endif

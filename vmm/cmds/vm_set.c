/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/cmds/vm_set.h"

#include <string.h>

#include "arch/x86/cpu/percpu.h"
#include "kernel/lib/err.h"
#include "kernel/sched/sched.h"

#define RESERVE_MIN_US 50
#define PERIOD_MIN_US 500
#define PERIOD_MAX_US 1000000
#define PERIOD_DEFAULT_US 10000

/* A decimal number up to max; *text moves behind it. */
static bool number(const char **text, u32 max, u32 *value)
{
	const char *start = *text;
	u64 n = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++) {
		n = n * 10 + (u64)(**text - '0');
		if (n > max)
			return false;
	}
	*value = (u32)n;
	return *text != start;
}

static bool set_weight(struct config_sched *s, const char *text)
{
	return number(&text, SCHED_WEIGHT_MAX, &s->weight) && s->weight && !*text;
}

static bool set_cap(struct config_sched *s, const char *text)
{
	s->cap_percent = 0;
	return !strcmp(text, "off") ||
	       (number(&text, 100 * CONFIG_CPUS_MAX, &s->cap_percent) && s->cap_percent && !*text);
}

/* "0,2-3", or "all". */
static bool set_pin(struct config_sched *s, const char *text)
{
	memset(s->pin, 0, sizeof(s->pin));
	if (!strcmp(text, "all"))
		return true;
	for (;; text++) {
		u32 first, last;

		if (!number(&text, cpu_count() - 1, &first) || first >= CONFIG_PIN_MAX)
			return false;
		last = first;
		if (*text == '-' && (text++, !number(&text, cpu_count() - 1, &last)))
			return false;
		for (u32 cpu = first; cpu <= MIN(last, CONFIG_PIN_MAX - 1u); cpu++)
			s->pin[cpu / 64] |= BIT(cpu % 64);
		if (last < first || (*text && *text != ','))
			return false;
		if (!*text)
			return true;
	}
}

/* "2000/10000", "2000" of the period as it is, or "off". */
static bool set_reserve(struct config_sched *s, const char *text)
{
	if (!strcmp(text, "off")) {
		s->reserve_us = s->period_us = 0;
		return true;
	}
	if (!s->period_us)
		s->period_us = PERIOD_DEFAULT_US;
	if (!number(&text, PERIOD_MAX_US, &s->reserve_us) || s->reserve_us < RESERVE_MIN_US)
		return false;
	if (*text == '/' && (text++, !number(&text, PERIOD_MAX_US, &s->period_us)))
		return false;
	return !*text && s->period_us >= PERIOD_MIN_US;
}

static const struct property {
	const char *name;
	bool (*set)(struct config_sched *s, const char *text);
	const char *wants;
} properties[] = {
    {"weight", set_weight, "a number from 1 to 10000"},
    {"cap", set_cap, "percent of one processor, from 1 to 800, or off"},
    {"pin", set_pin, "processors that there are, as 0,2-3, or all"},
    {"reserve", set_reserve, "microseconds of a period, as 2000/10000, or off"},
};

/* Its vCPUs must not go away meanwhile. */
static int change(struct shell *sh, struct vm *vm, const struct config_sched *share)
{
	bool held = vm_hold(vm);
	int err;

	if (!held && vm->state != VM_OFF) {
		shell_printf(sh, "vm %s: changes its state at this moment, try again\n", vm->name);
		return ERR_BUSY;
	}
	err = vm_sched_set(vm, share);
	if (held)
		vm_release(vm);
	if (err)
		shell_printf(sh, "vm %s: not changed: `log` says why\n", vm->name);
	return err;
}

int vm_set_command(struct shell *sh, struct vm *vm, int argc, char **argv)
{
	struct config_sched share = vm->share;

	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(properties); i++) {
		if (strcmp(argv[0], properties[i].name))
			continue;
		if (!properties[i].set(&share, argv[1])) {
			shell_printf(sh, "vm %s: %s wants %s\n", vm->name, argv[0],
				     properties[i].wants);
			return ERR_RANGE;
		}
		return change(sh, vm, &share);
	}
	return ERR_INVAL;
}

void vm_set_complete(struct shell_completion *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		shell_complete_add(c, properties[i].name);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/percpu.h"

#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/percpu_init.h"
#include "arch/x86/mm/pages.h"

/* The template and room for the boot CPU's copy, linker/core.lds. */
extern char __start_percpu[], __stop_percpu[], percpu_boot_area[];

/* entry.S points GS and FS base here before the first C function. */
struct cpu cpu_boot = {.self = &cpu_boot};

static struct cpu *cpu_boot_list[1] = {&cpu_boot};
static struct cpu **cpu_list = cpu_boot_list;
static u32 cpu_list_size = 1;
static u32 cpu_total = 1;

u32 cpu_count(void)
{
	return __atomic_load_n(&cpu_total, __ATOMIC_ACQUIRE);
}

struct cpu *cpu_by_id(u32 id)
{
	return cpu_list[id];
}

/* RDRAND where there is one, always stirred with the TSC; the low byte is
 * zero so that a string overrun cannot write the canary. */
static u64 canary_make(void)
{
	u64 random = rdtsc() * 0x9e3779b97f4a7c15ull;

	if (cpuid(1, 0).ecx & BIT(30)) {
		u64 hw;

		__asm__ volatile("rdrand %0" : "=r"(hw)::"cc");
		random ^= hw;
	}
	return random << 8;
}

static void percpu_copy(struct cpu *cpu, char *area)
{
	memcpy(area, __start_percpu, __stop_percpu - __start_percpu);
	cpu->self = cpu;
	cpu->percpu_delta = (u64)area - (u64)__start_percpu;
}

__attribute__((no_stack_protector)) void percpu_init_boot(void)
{
	percpu_copy(&cpu_boot, percpu_boot_area);
	cpu_boot.canary = canary_make();
	cpu_boot.online = true;
}

int percpu_reserve(u32 count)
{
	struct cpu **list = pages_alloc(pages_order((u64)count * sizeof(*list)));

	if (!list)
		return -1;
	memcpy(list, cpu_list, cpu_total * sizeof(*list));
	cpu_list = list;
	cpu_list_size = count;
	return 0;
}

struct cpu *percpu_create(u32 apic_id)
{
	u64 offset = ALIGN_UP(sizeof(struct cpu), 64);
	u64 bytes = offset + (__stop_percpu - __start_percpu);
	struct cpu *cpu = pages_alloc(pages_order(bytes));

	if (!cpu)
		return NULL;
	percpu_copy(cpu, (char *)cpu + offset);
	cpu->id = cpu_total;
	cpu->apic_id = apic_id;
	cpu->canary = canary_make();
	return cpu;
}

void percpu_publish(struct cpu *cpu)
{
	cpu_list[cpu->id] = cpu;
	__atomic_store_n(&cpu_total, cpu->id + 1, __ATOMIC_RELEASE);
}

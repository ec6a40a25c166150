/* SPDX-License-Identifier: BSD-2-Clause */
/* Making what a VM consists of, and loading its images. */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/xsave.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/time/time.h"
#include "vmm/exit/exit.h"
#include "vmm/net/net.h"
#include "vmm/vcpu/vcpu.h"
#include "vmm/vdev/vlapic.h"
#include "vmm/vm/layout.h"
#include "vmm/vpci/pass.h"

static const struct vm_file *files;
static u32 file_count;

void vm_set_files(const struct vm_file *list, u32 count)
{
	files = list;
	file_count = count;
}

const struct vm_file *vm_find_file(const char *name)
{
	for (u32 i = 0; i < file_count; i++)
		if (!strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

/* What the guest is offered, without what the configuration hides. */
static u32 kvm_features(const struct vm_config *config)
{
	static const u32 hidden[CONFIG_PV_ALL] = {
	    [CONFIG_PV_UNHALT] = KVM_FEATURE_PV_UNHALT,
	    [CONFIG_PV_STEAL_TIME] = KVM_FEATURE_STEAL_TIME,
	    [CONFIG_PV_EOI] = KVM_FEATURE_PV_EOI,
	    [CONFIG_PV_IPI] = KVM_FEATURE_PV_SEND_IPI,
	    [CONFIG_PV_TLB_FLUSH] = KVM_FEATURE_PV_TLB_FLUSH,
	    [CONFIG_PV_YIELD] = KVM_FEATURE_PV_SCHED_YIELD,
	};
	u32 features = KVM_FEATURE_CLOCKSOURCE | KVM_FEATURE_CLOCKSOURCE2 |
		       KVM_FEATURE_NOP_IO_DELAY | KVM_FEATURE_CLOCKSOURCE_STABLE;

	for (u32 i = 0; i < CONFIG_PV_ALL; i++)
		if (!(config->paravirt_off & BIT(i)))
			features |= hidden[i];
	return features;
}

static int build_cpuid(struct vm *vm)
{
	struct cpuid_facts facts = {
	    .host = cpuid,
	    .cpus = vm->cpus,
	    .xcr0 = xsave_guest_xcr0(),
	    .tsc_khz = (u32)time_tsc_khz(),
	    .apic_khz = (u32)time_tsc_khz(), /* the timer counts TSC ticks */
	    .kvm_features = vm->kvm_features,
	    .no_rdtscp = !virt_caps.rdtscp,
	    .no_invpcid = !virt_caps.invpcid,
	};

	return cpuid_policy_build(&vm->cpuid, &facts);
}

static int build_platform(struct vm *vm)
{
	struct platform *p = &vm->platform;

	memset(p, 0, sizeof(*p));
	p->vm = vm;
	p->host = &vm_platform_host_ops;
	p->cpus = vm->cpus;
	p->ram_size = vm->memory.size;
	p->tsc_hz = time_tsc_hz();
	return platform_create(p);
}

static int build_vcpus(struct vm *vm)
{
	vm->vcpus = heap_alloc_array(vm->cpus, sizeof(*vm->vcpus));
	if (!vm->vcpus)
		return trace_err(ERR_NOMEM, "vm %s: no memory for its vCPUs", vm->name);
	for (u32 i = 0; i < vm->cpus; i++) {
		int err = vcpu_create(vm, i, &vm->vcpus[i]);

		if (err)
			return err;
	}
	return 0;
}

static int build_memory(struct vm *vm)
{
	return vm_memory_create(&vm->memory, MIB(vm->config->memory_mib));
}

static int build_devices(struct vm *vm)
{
	int err;

	vm->kvm_features = kvm_features(vm->config);
	/* Alone a vCPU has nobody to let run. */
	vm->pause_exit = virt_caps.pause_exit && vm->config->pause_exit && vm->cpus > 1;
	err = build_cpuid(vm);
	if (!err)
		err = build_platform(vm);
	return err ? err : net_vm_create(vm);
}

static int build_virt(struct vm *vm)
{
	int err = pass_vm_create(vm);

	if (err)
		return err;
	vm->virt.nested_root = vm->memory.nested.root;
	vm->virt.no_pause_exit = !vm->pause_exit;
	err = virt->vm_create(&vm->virt);
	if (err)
		return err;
	/* What hardware that virtualizes the local APIC's page redirects. */
	if (virt_caps.apic_access)
		err = radix_map(&vm->memory.nested, LAYOUT_LAPIC, vm->virt.apic_page, PAGE_SIZE,
				RADIX_RW, MEM_WB);
	if (err)
		return err;
	exit_msr_pass(vm);
	err = build_vcpus(vm);
	return err ? err : vm_sched_apply(vm);
}

/* Memory in use by the core, apart from guests' RAM. */
static u64 core_bytes(void)
{
	struct buddy_stats pages;
	struct heap_stats heap;

	page_stats(&pages);
	heap_get_stats(&heap);
	return (pages.total_pages - pages.free_pages - heap.slab_pages) * PAGE_SIZE +
	       heap.used_bytes;
}

static int build_map(struct vm *vm)
{
	return vm_memory_map(&vm->memory);
}

/* Each returns 0, an error, or 1: it is to be called again. */
static int (*const parts[])(struct vm *vm) = {build_memory, build_map, build_devices, build_virt};

/* Another VM's part may be under way: it is not waited for. */
static bool enter(u32 *busy)
{
	return !__atomic_exchange_n(busy, 1, __ATOMIC_ACQUIRE);
}

bool vm_build(struct vm *vm, int *err)
{
	static u32 one_at_a_time; /* so that the memory it takes can be told */
	u64 before;
	int done;

	*err = 0;
	if (!enter(&one_at_a_time))
		return true;
	if (!vm->memory.ram.v)
		vm->overhead_bytes = -MIB(vm->config->memory_mib);
	before = core_bytes();
	done = parts[vm->built_parts](vm);
	vm->overhead_bytes += core_bytes() - before;
	__atomic_store_n(&one_at_a_time, 0, __ATOMIC_RELEASE);
	*err = MIN(done, 0);
	if (*err)
		return false;
	vm->built_parts += !done;
	if (vm->built_parts < ARRAY_SIZE(parts))
		return true;
	for (u32 i = 0; i < vm->cpus; i++)
		sched_add(&vm->vcpus[i]->sched);
	ticket_lock(&vm->lock);
	vm->built = true;
	ticket_unlock(&vm->lock);
	return false;
}

/* The vCPUs are parked, but a timer or a device may wake one: its run() then returns at
 * once, and waits for nobody. */
static void retire_vcpus(struct vm *vm)
{
	for (u32 i = 0; vm->vcpus && i < vm->cpus; i++)
		while (vm->vcpus[i] && sched_remove(&vm->vcpus[i]->sched))
			cpu_relax();
}

static void destroy_vcpus(struct vm *vm)
{
	for (u32 i = 0; vm->vcpus && i < vm->cpus; i++)
		if (vm->vcpus[i])
			vcpu_destroy(vm->vcpus[i]);
	heap_free(vm->vcpus);
	vm->vcpus = NULL;
}

void vm_unbuild(struct vm *vm)
{
	ticket_lock(&vm->lock);
	vm->built = false;
	ticket_unlock(&vm->lock);
	vm->built_parts = 0;
	retire_vcpus(vm);
	/* Memory that a device may still reach is lost rather than given to somebody else. */
	if (pass_vm_release(vm)) {
		log_err("vm %s: %llu MiB cannot be used again until the machine restarts", vm->name,
			(unsigned long long)vm->memory.size >> 20);
		vm->memory.lost = true;
	}
	pass_vm_destroy(vm);
	/* Devices before vCPUs: until their timers are gone they kick them. */
	net_vm_destroy(vm);
	if (vm->platform.vm)
		platform_destroy(&vm->platform);
	destroy_vcpus(vm);
	memset(&vm->platform, 0, sizeof(vm->platform));
	if (vm->virt.nested_root.v)
		virt->vm_destroy(&vm->virt);
	memset(&vm->virt, 0, sizeof(vm->virt));
	cpuid_policy_destroy(&vm->cpuid);
	vm_memory_destroy(&vm->memory);
}

static struct guest_blob blob_of(const struct vm *vm, const char *name)
{
	const struct vm_file *file = vm_find_file(name);

	if (file)
		return (struct guest_blob){file->data, file->size};
	log_err("vm %s: file %s was not loaded at boot: put it beside hanok.dtb and reboot",
		vm->name, name);
	return (struct guest_blob){0};
}

static int load_modules(const struct vm *vm, struct guest_module *modules)
{
	for (u32 i = 0; i < vm->config->module_count; i++) {
		const struct config_module *m = &vm->config->modules[i];

		modules[i].blob = blob_of(vm, m->file);
		modules[i].name = m->file;
		modules[i].args = m->args;
		if (!modules[i].blob.data)
			return ERR_NOENT;
	}
	return 0;
}

static int load_images(struct vm *vm, struct boot_state *boot)
{
	struct load_params params = {
	    .mem = {&vm_memory_load_ops, &vm->memory},
	    .e820 = vm->memory.e820,
	    .e820_count = vm->memory.e820_count,
	    .kernel = blob_of(vm, vm->config->kernel),
	    .module_count = vm->config->module_count,
	    .cmdline = vm->config->bootargs,
	    .rsdp = GPA(LAYOUT_BIOS),
	    .vm = vm->name,
	    .copies = &vm->copies,
	};
	struct guest_module *modules = heap_alloc_array(params.module_count, sizeof(*modules));
	int err;

	if (!modules)
		return trace_err(ERR_NOMEM, "vm %s: no memory for its modules", vm->name);
	params.modules = modules;
	if (vm->config->initrd)
		params.initrd = blob_of(vm, vm->config->initrd);
	err = load_modules(vm, modules);
	if (!params.kernel.data || (vm->config->initrd && !params.initrd.data))
		err = ERR_NOENT;
	if (!err)
		err = load_image(&params, boot);
	heap_free(modules);
	return err;
}

int vm_load(struct vm *vm)
{
	u8 *bios = vm_memory_ptr(&vm->memory, GPA(LAYOUT_BIOS), LAYOUT_BIOS_SIZE);
	struct boot_state boot;
	int err;

	if (!bios)
		return trace_err(ERR_RANGE, "vm %s: at least 1 MiB of memory-mib is needed",
				 vm->name);
	load_copies_init(&vm->copies);
	platform_reset(&vm->platform);
	err = pass_vm_attach(vm);
	if (!err)
		err = platform_write_tables(&vm->platform, bios);
	if (!err)
		err = load_images(vm, &boot);
	if (err)
		return err;
	vm->tsc_offset = -rdtsc();
	vm->wall_clock_gpa = 0;
	vm->kicks = vm->contended = false;
	for (u32 i = 0; i < vm->cpus; i++)
		vcpu_reset(vm->vcpus[i]);
	vcpu_set_boot_state(vm->vcpus[0], &boot);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `iommu`: what confines the DMA of devices. */
#include "drivers/iommu/iommu.h"

#include <string.h>

#include "kernel/lib/err.h"
#include "kernel/shell/shell.h"
#include "vmm/vm/vm.h"
#include "vmm/vpci/pass.h"

static const char *const leaf_names[] = {
    [RADIX_4K] = "4 KiB", [RADIX_2M] = "2 MiB", [RADIX_1G] = "1 GiB"};

static void print_units(struct shell *sh)
{
	struct iommu_unit_info u;

	for (u32 i = 0; iommu_unit_info(i, &u); i++)
		shell_printf(
		    sh,
		    "unit at 0x%llx: segment %04x%s, %u bits, leaves up to %s, %u domains, "
		    "walks %s caches\n  %llu faults, %llu invalidations%s\n",
		    (unsigned long long)u.base.v, u.segment, u.all ? ", all other devices" : "",
		    u.width, leaf_names[u.max_leaf], u.domains, u.coherent ? "snoop" : "bypass",
		    (unsigned long long)u.faults, (unsigned long long)u.invalidations,
		    u.failed ? ", it does not answer any more" : "");
}

static void print_irqs(struct shell *sh)
{
	u32 taken, total;

	iommu_irq_stats(&taken, &total);
	if (iommu_irqs_confined())
		shell_printf(sh, "interrupts are remapped, %u of %u in use\n", taken, total);
	else
		shell_printf(sh, "interrupts are not remapped: no device can be passed to a guest. "
				 "`log` tells why\n");
}

static void print_domains(struct shell *sh)
{
	struct iommu_domain_info d;

	shell_printf(sh, "%-16s %5s %8s %6s %8s %8s %8s %8s\n", "DOMAIN", "ID", "DEVICES", "LEVELS",
		     "4 KIB", "2 MIB", "1 GIB", "FAULTS");
	for (u32 i = 0; iommu_domain_info(i, &d); i++)
		shell_printf(sh, "%-16s %5u %8u %6u %8llu %8llu %8llu %8llu\n", d.name, d.id,
			     d.devices, d.levels, (unsigned long long)d.tables.leaves[RADIX_4K],
			     (unsigned long long)d.tables.leaves[RADIX_2M],
			     (unsigned long long)d.tables.leaves[RADIX_1G],
			     (unsigned long long)d.faults);
}

static void print_devices(struct shell *sh)
{
	struct pci_device at = {.segment = 0};
	char name[PCI_NAME];
	const char *domain;

	for (u32 i = 0; iommu_device_info(i, &at.segment, &at.bdf, &domain); i++)
		shell_printf(sh, "%s in domain %s\n", pci_name(&at, name), domain);
}

struct verify {
	struct vm *vm;
	struct pass_verify at;
	u32 checked;
};

static void verify_report(struct shell *sh, struct verify *v, int err)
{
	if (err)
		shell_printf(sh,
			     "vm %s: at 0x%llx its table for DMA says something else than its "
			     "nested table: stop it, and report this\n",
			     v->vm->name, (unsigned long long)v->at.gpa);
	else
		shell_printf(
		    sh, "vm %s: %llu MiB are the same, in %llu nested leaves and %llu for DMA\n",
		    v->vm->name, (unsigned long long)v->at.bytes >> 20,
		    (unsigned long long)v->at.leaves[0], (unsigned long long)v->at.leaves[1]);
}

static struct vm *next_vm(struct vm *vm)
{
	struct list *next = vm ? vm->link.next : vm_list()->next;

	return next == vm_list() ? NULL : list_entry(next, struct vm, link);
}

/* A slice of one VM; those that change at this moment are left out. */
static bool verify_step(struct shell *sh, void *ctx)
{
	struct verify *v = ctx;
	int err;

	if (!v->vm) {
		shell_printf(sh, "%u VMs with devices of their own\n", v->checked);
		return false;
	}
	err = 0;
	if (vm_hold(v->vm)) {
		err = pass_verify(v->vm, &v->at);
		if (err != ERR_BUSY && pass_vm_has_domain(v->vm)) {
			verify_report(sh, v, err);
			v->checked++;
		}
		vm_release(v->vm);
	}
	if (err != ERR_BUSY) {
		v->vm = next_vm(v->vm);
		v->at = (struct pass_verify){.gpa = 0};
	}
	return true;
}

static int verify(struct shell *sh)
{
	static struct verify state;

	state = (struct verify){.vm = next_vm(NULL)};
	shell_set_job(sh, verify_step, &state);
	return 0;
}

static int iommu_command(struct shell *sh, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "verify"))
		return verify(sh);
	if (argc != 1)
		return ERR_INVAL;
	if (!iommu_active()) {
		shell_printf(sh, "DMA is not confined: this machine has no VT-d that can be used. "
				 "`log` tells why\n");
		return 0;
	}
	print_units(sh);
	print_irqs(sh);
	print_domains(sh);
	print_devices(sh);
	return 0;
}

SHELL_COMMAND(
    iommu, "[verify]", "show what confines the DMA of devices",
    "Units are VT-d's remapping hardware. A device reaches only the memory of the domain\n"
    "that it is in, and without a domain none: what it tries is counted as a fault, and\n"
    "`log` tells who tried what. The other columns count the leaves of a domain's table.\n"
    "`verify` compares the table of each VM that has devices with its nested table: both\n"
    "must describe the same memory.",
    iommu_command, NULL);

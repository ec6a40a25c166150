/* SPDX-License-Identifier: BSD-2-Clause */
/* What a VM's devices reach: its RAM, at the addresses where the guest sees it. */
#include "vmm/vm/vm.h"
#include "vmm/vpci/pass_impl.h"

/* Leaves that are looked at per call of pass_verify(). */
#define VERIFY_STEPS 512
/* What all tables can map; no guest has RAM above. */
#define VERIFY_END BIT(39)

static const unsigned leaf_of[] = {
    [CONFIG_IOMMU_4K] = RADIX_4K, [CONFIG_IOMMU_2M] = RADIX_2M, [CONFIG_IOMMU_1G] = RADIX_1G};

int pass_domain_create(struct vm *vm)
{
	struct vm_ram part;
	int err = 0;

	vm->dma = iommu_domain_create(vm->name, leaf_of[vm->config->iommu_page]);
	if (!vm->dma)
		return ERR_NOMEM;
	for (u32 i = 0; !err && vm_memory_part(&vm->memory, i, &part); i++)
		err = iommu_map(vm->dma, part.gpa, HPA(vm->memory.ram.v + part.offset), part.size,
				RADIX_RW);
	if (err)
		return trace_err(
		    err,
		    "vm %s: its memory cannot be mapped for DMA (%s): give it less, or "
		    "remove its devices",
		    vm->name, err_name(err));
	return 0;
}

void pass_domain_destroy(struct vm *vm)
{
	if (vm->dma)
		iommu_domain_destroy(vm->dma);
	vm->dma = NULL;
}

bool pass_vm_has_domain(const struct vm *vm)
{
	return vm->dma;
}

static bool is_ram(const struct vm *vm, const struct radix_leaf *leaf)
{
	return leaf->pa.v - vm->memory.ram.v < vm->memory.size;
}

/* Bytes from gpa to the end of what a lookup found. */
static u64 rest(u64 gpa, const struct radix_leaf *leaf)
{
	return leaf->size - (gpa & (leaf->size - 1));
}

/* Registers of devices are the guest's alone: its devices must not reach them. */
static bool agree(const struct vm *vm, const struct radix_leaf *cpu, bool has_cpu,
		  const struct radix_leaf *dma, bool has_dma)
{
	if (!has_cpu || !is_ram(vm, cpu))
		return !has_dma;
	return has_dma && cpu->pa.v == dma->pa.v &&
	       (cpu->perm & RADIX_RW) == (dma->perm & RADIX_RW);
}

int pass_verify(struct vm *vm, struct pass_verify *v)
{
	for (u32 i = 0; i < VERIFY_STEPS; i++) {
		struct radix_leaf cpu = {.size = 0}, dma = {.size = 0};
		bool has_cpu, has_dma;
		u64 bytes;

		if (!vm->dma || v->gpa >= VERIFY_END)
			return 0;
		ticket_lock(&vm->memory.lock);
		has_cpu = !radix_lookup(&vm->memory.nested, v->gpa, &cpu);
		ticket_unlock(&vm->memory.lock);
		has_dma = !iommu_lookup(vm->dma, v->gpa, &dma);
		if (!cpu.size || !dma.size || !agree(vm, &cpu, has_cpu, &dma, has_dma))
			return ERR_FAULT;
		bytes = MIN(rest(v->gpa, &cpu), rest(v->gpa, &dma));
		v->bytes += has_cpu && has_dma ? bytes : 0;
		v->leaves[0] += has_cpu;
		v->leaves[1] += has_dma;
		v->gpa += bytes;
	}
	return ERR_BUSY;
}

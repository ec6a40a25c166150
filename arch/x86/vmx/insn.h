/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMX instructions (SDM vol. 3, chapter 31). With HANOK_HOST there are only VMREAD
 * and VMWRITE, on a VMCS that the test defines.
 */
#ifndef ARCH_X86_VMX_INSN_H
#define ARCH_X86_VMX_INSN_H

#include "kernel/lib/types.h"

struct invept_desc {
	u64 eptp, zero;
};
#define INVEPT_SINGLE 1
#define INVEPT_ALL 2

struct invvpid_desc {
	u64 vpid, address;
};
#define INVVPID_ALL 2

#ifdef HANOK_HOST

u64 vmx_host_read(u32 field);
void vmx_host_write(u32 field, u64 value);

static inline u64 vmread(u32 field)
{
	return vmx_host_read(field);
}
static inline void vmwrite(u32 field, u64 value)
{
	vmx_host_write(field, value);
}

#else

/* The field exists (as the capabilities say) and a VMCS is current: these cannot fail. */
static inline u64 vmread(u32 field)
{
	u64 value;

	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((u64)field) : "cc");
	return value;
}

static inline void vmwrite(u32 field, u64 value)
{
	__asm__ volatile("vmwrite %1, %0" ::"r"((u64)field), "rm"(value) : "cc");
}

static inline void invept(u64 type, u64 eptp)
{
	struct invept_desc desc = {eptp, 0};

	__asm__ volatile("invept %0, %1" ::"m"(desc), "r"(type) : "cc", "memory");
}

static inline void invvpid(u64 type, u64 vpid)
{
	struct invvpid_desc desc = {vpid, 0};

	__asm__ volatile("invvpid %0, %1" ::"m"(desc), "r"(type) : "cc", "memory");
}

#define VMX_POINTER_INSN_(name)                                                      \
	static inline bool name(const hpa_t *pa)                                     \
	{                                                                            \
		bool ok;                                                             \
		__asm__ volatile(#name " %1" : "=@cca"(ok) : "m"(pa->v) : "memory"); \
		return ok;                                                           \
	}
VMX_POINTER_INSN_(vmxon)
VMX_POINTER_INSN_(vmclear)
VMX_POINTER_INSN_(vmptrld)
#undef VMX_POINTER_INSN_

static inline void vmxoff(void)
{
	__asm__ volatile("vmxoff" ::: "cc", "memory");
}

#endif

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/vmx/fake_vmcs.h"

#include <string.h>

u64 fake_vmcs[FAKE_FIELDS];
struct vmx_vcpu fake_x;
struct virt_vcpu fake_v;

u64 vmx_host_read(u32 field)
{
	assert_in_range(field, 0, FAKE_FIELDS - 1);
	return fake_vmcs[field];
}

void vmx_host_write(u32 field, u64 value)
{
	assert_in_range(field, 0, FAKE_FIELDS - 1);
	fake_vmcs[field] = value;
}

void vmx_debug_bring(struct vmx_vcpu *x)
{
	x->debug_live = true;
}

void vmx_osxsave_set(struct vmx_vcpu *x, bool on)
{
	x->osxsave = on;
}

u64 vmx_dr6_get(const struct vmx_vcpu *x)
{
	return x->dr6;
}

void vmx_dr6_set(struct vmx_vcpu *x, u64 value)
{
	x->dr6 = value;
}

void vmx_deadline_unusual(struct vmx_vcpu *x, u64 tsc)
{
	(void)x, (void)tsc;
}

void vmx_borrow(struct vmx_vcpu *x)
{
	(void)x;
}

void vmx_give_back(struct vmx_vcpu *x)
{
	(void)x;
}

static u64 control(u32 forced, u32 allowed)
{
	return (u64)allowed << 32 | forced;
}

struct vmx_msrs fake_msrs(void)
{
	return (struct vmx_msrs){
	    .basic = 0x12 | 0x1000ull << 32 | 6ull << 50 | VMX_BASIC_IO_INFO | VMX_BASIC_TRUE,
	    .pin = control(0x16, 0xff),
	    .proc = control(0x04006172, 0xfff9fffe),
	    .proc2 = control(0, 0xffffffff),
	    .exit = control(0x00036dfb, 0x01ffffff),
	    .entry = control(0x11fb, 0xffff),
	    .misc = 5 | VMX_MISC_STORE_LMA,
	    .cr0_fixed0 = 0x80000021,
	    .cr0_fixed1 = 0xffffffff,
	    .cr4_fixed0 = 0x2000,
	    .cr4_fixed1 = 0x3727ff,
	    .ept_vpid = 0xf0106334141ull,
	};
}

int fake_setup(void **state)
{
	struct vmx_msrs msrs = fake_msrs();
	char why[200];

	(void)state;
	memset(fake_vmcs, 0, sizeof(fake_vmcs));
	memset(&fake_x, 0, sizeof(fake_x));
	memset(&fake_v, 0, sizeof(fake_v));
	fake_v.backend = &fake_x;
	fake_x.loaded = true;
	return vmx_caps_resolve(&msrs, &vmx_caps, &virt_caps, why, sizeof(why));
}

/* Of arch/x86/virt.c. */
const struct virt_ops *virt;
struct virt_caps virt_caps;

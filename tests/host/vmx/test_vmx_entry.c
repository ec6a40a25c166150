/* SPDX-License-Identifier: BSD-2-Clause */
/* An entry that the processor refuses leaves the host as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/vmx/vmx.h"

u32 fake_spec_ctrl;
static struct vmx_vcpu fake_x;
static struct virt_vcpu fake_v;
static struct virt_exit ex;
static unsigned refused;
static u32 when_refused;

void vmx_entry_refused(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	assert_ptr_equal(v, &fake_v);
	assert_ptr_equal(x, &fake_x);
	assert_ptr_equal(exit, &ex);
	refused++;
	when_refused = fake_spec_ctrl;
}

/* Never reached. */
void vmx_exit_translate(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	(void)x;
	(void)exit;
	fail();
}

struct virt_vcpu *vmx_exit_fast(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	(void)v;
	(void)x;
	return NULL;
}

bool vmx_prepare(struct virt_vcpu *v, struct virt_exit *exit)
{
	(void)v;
	(void)exit;
	return true;
}

static int setup(void **state)
{
	(void)state;
	memset(&fake_x, 0, sizeof(fake_x));
	memset(&fake_v, 0x5a, sizeof(fake_v));
	fake_v.backend = &fake_x;
	refused = 0;
	return 0;
}

static void the_hosts_spec_ctrl_is_back(void **state)
{
	(void)state;
	fake_x.spec.flags = VIRT_SPEC_SWAP;
	fake_x.spec.guest = 4;
	fake_x.spec.host = fake_spec_ctrl = 1;
	for (unsigned n = 1; n <= 2; n++) { /* by VMLAUNCH, then by VMRESUME */
		vmx_enter(&fake_v, &ex);
		assert_int_equal(refused, n);
		assert_int_equal(when_refused, 1);
		assert_int_equal(fake_x.spec.guest, 4);
	}
}

static void without_the_register_nothing_is_written(void **state)
{
	(void)state;
	fake_spec_ctrl = 7;
	vmx_enter(&fake_v, &ex);
	assert_int_equal(refused, 1);
	assert_int_equal(when_refused, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_hosts_spec_ctrl_is_back, setup),
	    cmocka_unit_test_setup(without_the_register_nothing_is_written, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

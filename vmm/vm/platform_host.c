/* SPDX-License-Identifier: BSD-2-Clause */
/* What the devices need from the VM that owns them. */
#include "arch/x86/cpu/cpu.h"
#include "kernel/time/time.h"
#include "vmm/vcpu/vcpu.h"

static u64 wall_clock_at_epoch;

void vm_set_wall_clock(u64 ns_at_epoch)
{
	wall_clock_at_epoch = ns_at_epoch;
}

u64 vm_wall_clock(void)
{
	return wall_clock_at_epoch;
}

static void host_kick(void *vm, unsigned index)
{
	vcpu_kick(((struct vm *)vm)->vcpus[index]);
}

static void host_post(void *vm, unsigned index)
{
	vcpu_post(((struct vm *)vm)->vcpus[index]);
}

static void host_init(void *vm, unsigned index)
{
	vcpu_request(((struct vm *)vm)->vcpus[index], VCPU_REQ_INIT);
}

static void host_sipi(void *vm, unsigned index, u8 vector)
{
	struct vcpu *v = ((struct vm *)vm)->vcpus[index];

	v->sipi_vector = vector;
	vcpu_request(v, VCPU_REQ_SIPI);
}

static void host_nmi(void *vm, unsigned index)
{
	vcpu_request(((struct vm *)vm)->vcpus[index], VCPU_REQ_NMI);
}

/* The guest asks; what the state does not allow now is under way already. */
static void request(struct vm *vm, enum vm_action action, const char *what)
{
	log_info("vm %s: the guest asked for %s", vm->name, what);
	if (vm_request(vm, action))
		log_debug("vm %s: %s ignored while %s", vm->name, what, vm_state_name(vm->state));
}

static void host_power_off(void *vm)
{
	request(vm, VM_ACTION_STOP, "power-off");
}

static void host_reset(void *vm)
{
	request(vm, VM_ACTION_RESET, "a reset");
}

static size_t host_uart_output(void *vm, const char *bytes, size_t len)
{
	return console_stream_output(&((struct vm *)vm)->console, bytes, len);
}

static u64 host_guest_tsc(void *vm)
{
	return rdtsc() + ((struct vm *)vm)->tsc_offset;
}

static u64 host_guest_tsc_to_host(void *vm, u64 guest_tsc)
{
	return guest_tsc - ((struct vm *)vm)->tsc_offset;
}

static u64 host_utc_ns(void *vm)
{
	(void)vm;
	return wall_clock_at_epoch + time_now_ns();
}

const struct platform_host_ops vm_platform_host_ops = {
    .kick = host_kick,
    .post = host_post,
    .init = host_init,
    .sipi = host_sipi,
    .nmi = host_nmi,
    .power_off = host_power_off,
    .reset = host_reset,
    .uart_output = host_uart_output,
    .guest_tsc = host_guest_tsc,
    .guest_tsc_to_host = host_guest_tsc_to_host,
    .utc_ns = host_utc_ns,
};

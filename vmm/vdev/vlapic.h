/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual CPU's local APIC (SDM vol. 3, chapter 11): xAPIC and x2APIC mode,
 * one-shot, periodic and TSC-deadline timer.
 *
 * Anyone posts interrupts by setting a bit in the posted-interrupt descriptor;
 * only the vCPU's own run loop touches the register page, so there is no lock.
 * With virt_caps.posted_irr there is no descriptor: bits are set in IRR, by anyone
 * and by hardware, all of them atomically.
 * The page has the architectural layout, so that hardware can virtualize it.
 */
#ifndef VMM_VDEV_VLAPIC_H
#define VMM_VDEV_VLAPIC_H

#include "arch/x86/virt.h"
#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

struct platform;
struct vlapic;

/* One for vCPU `index`; its page and descriptor, for struct virt_vcpu. */
int __must_check vlapic_create(struct platform *p, unsigned index, struct vlapic **out);
void vlapic_destroy(struct vlapic *v);
void *vlapic_page(struct vlapic *v);
struct virt_pi_desc *vlapic_pi(struct vlapic *v);

/* State after RESET; init: after INIT (the APIC ID and the mode are kept). */
void vlapic_reset(struct vlapic *v, bool init);
/* After a reset, what firmware leaves on the boot processor: LINT0 takes the PICs' interrupts,
 * LINT1 is NMI, the APIC is on (MP specification 3.6.2.2). */
void vlapic_virtual_wire(struct vlapic *v);

/*
 * The timer counts at the rate of the guest's TSC (platform.tsc_hz) divided by the divide
 * configuration. CPUID tells the guest: leaf 15h with EAX = EBX = 1 and ECX = the rate in
 * Hz, and EBX of leaf 0x40000010 with the rate in kHz. Periods below VLAPIC_MIN_PERIOD_US
 * are stretched to it, so that no guest can keep the core busy with interrupts.
 */
#define VLAPIC_MIN_PERIOD_US 50
/* CPUID leaf 1 EDX bit 9, ECX bits 21 (x2APIC) and 24 (TSC deadline) are all offered. */

/* From any CPU: post a vector; kicks the vCPU when it needs to notice. */
void vlapic_post(struct vlapic *v, u8 vector, bool level);

/*
 * From the run loop before entry, cheap when there is nothing: move posted
 * vectors to IRR. vlapic_next: the vector to inject now given TPR and PPR, or
 * -1. vlapic_take moves it from IRR to ISR as well.
 */
void vlapic_sync(struct vlapic *v);
int vlapic_next(struct vlapic *v);
int vlapic_take(struct vlapic *v);
/* Highest IRR and ISR vectors, 0 if none (RVI, SVI), and the TPR threshold below which a
 * pending vector becomes deliverable (0: none is waiting for that). */
bool vlapic_has_request(const struct vlapic *v); /* anything in IRR, deliverable or not */
u8 vlapic_irr(const struct vlapic *v);
u8 vlapic_isr(const struct vlapic *v);
u8 vlapic_tpr_threshold(struct vlapic *v);
/* The same with virt_caps.virq_delivery, of a vCPU to which software delivers. */
u8 vlapic_tpr_threshold_scan(struct vlapic *v);

/* With virt_caps.virq_delivery: what software has changed since this was asked last, so that
 * hardware has to be told RVI, or SVI as well. */
enum vlapic_status { VLAPIC_UNCHANGED, VLAPIC_REQUEST_CHANGED, VLAPIC_SERVICE_CHANGED };
enum vlapic_status vlapic_status_changed(struct vlapic *v);

/* Whether LVT LINT0 (ExtINT) lets the PICs' INTR through to this vCPU. */
bool vlapic_extint_enabled(const struct vlapic *v);

/*
 * Paravirtual EOI (Linux, Documentation/virt/kvm/x86/msr.rst, MSR_KVM_PV_EOI_EN): bit 0 of *flag,
 * a byte in the guest's RAM, tells the guest that clearing it is as good as an EOI. NULL: off.
 * It is offered for an edge-triggered interrupt while no other one is in service or waits, so
 * that nothing has to be done at its end; what the guest did is looked at when it matters.
 */
void vlapic_set_pv_eoi(struct vlapic *v, u8 *flag);
/* Interrupts that were ended like this. */
u64 vlapic_pv_eois(const struct vlapic *v);

u8 vlapic_get_tpr(const struct vlapic *v); /* 0 to 255 */
void vlapic_set_tpr(struct vlapic *v, u8 tpr);

/* Register accesses of the guest, on its own vCPU. offset: in the xAPIC page. Whatever part of
 * a register is accessed, the whole is written; a read gives the part from offset on. */
u32 vlapic_mmio_read(struct vlapic *v, u32 offset);
void vlapic_mmio_write(struct vlapic *v, u32 offset, u32 value);
/* After hardware did a trap-like write (VIRT_EXIT_APIC_WRITE). */
void vlapic_after_write(struct vlapic *v, u32 offset);
/* After hardware took an interrupt command, VIRT_EXIT_IPI: send it, or if its vector is requested
 * already tell those that have not taken it. */
void vlapic_after_ipi(struct vlapic *v, u64 icr, bool requested);
/* EOI of `vector` done by hardware (VIRT_EXIT_EOI): tell the I/O APIC. */
void vlapic_after_eoi(struct vlapic *v, u8 vector);

/* x2APIC MSRs 0x800 to 0x8ff, IA32_APIC_BASE and IA32_TSC_DEADLINE.
 * ERR_INVAL: the guest gets #GP. */
int __must_check vlapic_msr_read(struct vlapic *v, u32 msr, u64 *value);
int __must_check vlapic_msr_write(struct vlapic *v, u32 msr, u64 value);
/* The same for single ones, with nothing but what is usual; false: use vlapic_msr_write().
 * Of a deadline that has passed already, which arms no timer. */
bool vlapic_fast_eoi(struct vlapic *v, u64 value);
bool vlapic_fast_icr(struct vlapic *v, u64 value);
bool vlapic_fast_deadline(struct vlapic *v, u64 value);
/* What IA32_APIC_BASE reads as. */
u64 vlapic_base(const struct vlapic *v);
enum virt_apic_mode vlapic_mode(const struct vlapic *v);
/* EOI-exit bitmap: vectors that are level-triggered. True when it changed since last asked. */
bool vlapic_eoi_bitmap(struct vlapic *v, u64 bitmap[4]);

/* Deliver an interrupt message (from an IPI, an MSI or an I/O APIC entry) to the APICs that
 * it addresses (SDM vol. 3, 11.6.2). */
struct vlapic_message {
	u32 dest; /* APIC ID or logical destination */
	u8 vector;
	u8 delivery; /* 0 fixed, 1 lowest priority, 2 SMI, 4 NMI, 5 INIT, 6 SIPI, 7 ExtINT */
	bool logical, level, assert_;
	u8 shorthand; /* 0 none, 1 self, 2 all, 3 all but self */
};
/* Send a fixed interrupt, or an NMI, to a set of APIC IDs; icr: the low half of such a command.
 * Returns to how many, or ERR_INVAL for any other command. On v's own vCPU. */
int __must_check vlapic_send_many(struct vlapic *v, u64 targets, u32 icr);
void vlapic_deliver(struct platform *p, struct vlapic *source, const struct vlapic_message *m);

#endif

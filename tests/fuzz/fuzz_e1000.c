/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile driver of the emulated 82540EM: registers and ports in any order, descriptors and
 * buffers with any contents, frames that arrive meanwhile, time that passes. Nothing may crash,
 * be reached outside of its RAM, or take many steps at once.
 */
#include "drivers/nic/e1000_regs.h"
#include "kernel/sched/work.h"
#include "tests/host/vdev/nics.h"
#include "vmm/e1000/e1000.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct nic_guest evil, good;
static struct {
	const u8 *at, *end;
} in;

static u64 take_bytes(u32 n)
{
	u64 value = 0;

	for (u32 i = 0; i < n && in.at < in.end; i++)
		value |= (u64)*in.at++ << 8 * i;
	return value;
}

/* Registers that matter, and any other. */
static u32 some_register(void)
{
	static const u16 likely_ones[] = {
	    E1000_CTRL,  E1000_EECD,  E1000_EERD,  E1000_MDIC,   E1000_ICR,
	    E1000_ITR,   E1000_ICS,   E1000_IMS,   E1000_IMC,    E1000_RCTL,
	    E1000_TCTL,  E1000_RDBAL, E1000_RDLEN, E1000_RDH,    E1000_RDT,
	    E1000_TDBAL, E1000_TDLEN, E1000_TDH,   E1000_TDT,    E1000_GORCL,
	    E1000_TOTL,  E1000_RAL,   E1000_RAH,   E1000_MTA(3), E1000_VFTA(0)};
	u32 which = (u32)take_bytes(1);

	return which < ARRAY_SIZE(likely_ones) ? likely_ones[which] : (u32)take_bytes(3) & 0x1ffff;
}

static void write_register(void)
{
	u32 reg = some_register();

	nic_guest_set(&evil, reg, 4, take_bytes(4));
}

static void read_register(void)
{
	u32 reg = some_register();

	(void)nic_guest_get(&evil, reg, 1u << (take_bytes(1) & 3));
}

static void use_port(void)
{
	u16 io = (u16)(bus_read(&fx.p.mmio, nic_config(&evil, 0x14), 4) & ~3u);

	out32(io, some_register());
	if (take_bytes(1) & 1)
		out32((u16)(io + 4), (u32)take_bytes(4));
	else
		(void)in32((u16)(io + 4));
}

static void write_memory(void)
{
	u32 at = (u32)take_bytes(3) % NIC_GUEST_MEMORY, len = (u32)take_bytes(1);

	for (u32 i = 0; i < len && at + i < NIC_GUEST_MEMORY; i++)
		evil.memory[at + i] = (u8)take_bytes(1);
}

/* Rings that work: most inputs would never find them. */
static void start(void)
{
	nic_guest_set(&evil, E1000_TDBAL, 4, 0x1000);
	nic_guest_set(&evil, E1000_TDLEN, 4, 0x100);
	nic_guest_set(&evil, E1000_RDBAL, 4, 0x2000);
	nic_guest_set(&evil, E1000_RDLEN, 4, 0x100);
	nic_guest_set(&evil, E1000_RDT, 4, 15);
	nic_guest_set(&evil, E1000_TCTL, 4, E1000_TCTL_EN);
	nic_guest_set(&evil, E1000_RCTL, 4, E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_BAM);
}

/* A descriptor in that ring, and off. */
static void transmit(void)
{
	struct e1000_tx_desc *ring = (struct e1000_tx_desc *)(evil.memory + 0x1000);
	u32 tail = (u32)nic_guest_get(&evil, E1000_TDT, 4) % 16;

	ring[tail] = (struct e1000_tx_desc){take_bytes(8), (u32)take_bytes(4), (u32)take_bytes(4)};
	if (take_bytes(1) & 1)
		ring[tail].address = 0x10000;
	nic_guest_set(&evil, E1000_TDT, 4, (tail + 1) % 16);
}

static void receive(void)
{
	static u8 frame[2048];
	struct pkt_batch batch = {.n = 1};
	struct pkt *p = &net_scratch()->pkt[0];
	u32 len = 14 + (u32)take_bytes(2) % (sizeof(frame) - 14);

	memset(frame, 0x5a, sizeof(frame));
	memcpy(frame, evil.nic.port.config.mac, 6);
	memcpy(frame + 6, good.nic.port_config.mac, 6);
	for (u32 i = 12; i < 60; i++)
		frame[i] = (u8)take_bytes(1);
	pkt_init(p);
	memcpy(pkt_data(p), frame, 14);
	p->head_len = 14;
	p->len = 14;
	if (pkt_add_frag(p, frame + 14, len - 14))
		return;
	batch.pkt[0] = p;
	vsw_input(net_worker(), &good.nic.port, &batch, fake_tsc);
}

static void pass_time(void)
{
	fixture_advance(take_bytes(3));
	for (u32 i = 0; i < 64 && nics_queued; i++) {
		struct work *work = nics_queued;

		nics_queued = NULL;
		(void)work->fn(work);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static void (*const actions[])(void) = {write_register, read_register, use_port,
						write_memory,   start,         transmit,
						receive,        pass_time};

	in.at = data;
	in.end = data + size;
	if (fixture_setup(NULL))
		abort();
	nics_setup();
	nic_guest_make(&evil, &e1000_model, "evil.net0", 1, VPCI_BDF(0, 1, 0));
	nic_guest_make(&good, &e1000_model, "good.net0", 2, VPCI_BDF(0, 2, 0));
	for (u32 i = 0; i < 200 && in.at < in.end; i++)
		actions[take_bytes(1) % ARRAY_SIZE(actions)]();
	nic_guest_drop(&evil);
	nic_guest_drop(&good);
	nics_teardown();
	return fixture_teardown(NULL);
}

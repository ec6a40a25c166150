/* SPDX-License-Identifier: BSD-2-Clause */
/* The emulated 82540EM: what its files share. */
#ifndef VMM_E1000_IMPL_H
#define VMM_E1000_IMPL_H

#include "drivers/nic/e1000_regs.h"
#include "kernel/sched/work.h"
#include "kernel/time/timer.h"
#include "vmm/net/net.h"
#include "vmm/vpci/device.h"

#define E1000_SPACE 0x6000 /* bytes of the registers that there are; what follows reads as 0 */
#define E1000_EEPROM_WORDS 64
#define E1000_PHY_REGS 32
#define E1000_RING_MAX 65536u /* descriptors: what the length register can say */

/* The EEPROM's serial interface (93C46), pin by pin. */
struct e1000_microwire {
	u32 pins;    /* as last written */
	u32 in;      /* bits shifted in, behind a leading 1 */
	u32 out;     /* the word that is shifted out */
	u32 address; /* of the next word */
	u32 left;    /* bits of .out that are left; while reading */
	bool reading;
};

/* The checksums and segments that a context descriptor asks for (3.3.6). */
struct e1000_tx_context {
	u8 ip_start, ip_at, l4_start, l4_at, header;
	u16 ip_end, l4_end, mss;
	u32 command; /* E1000_TXC_* */
};

/* Under .lock, apart from .kicked. */
struct e1000_tx {
	struct ticketlock lock;
	u32 kicked;  /* atomic: somebody found the lock taken */
	bool closed; /* the device is being taken apart */
	struct work work;
	struct timer timer; /* of the rate limit */
	struct e1000_tx_context context;
	u64 kicks;
};

struct e1000_rx {
	struct ticketlock lock;
};

/* Octets have two registers, of which reading the upper one clears both. */
enum e1000_octets { OCTETS_GOOD_IN, OCTETS_GOOD_OUT, OCTETS_IN, OCTETS_OUT, OCTETS_KINDS };

struct e1000 {
	struct vpci_device pci;
	struct net_nic *nic;
	struct ticketlock lock; /* of causes, mask and pin; EEPROM, PHY, I/O address */
	u32 reg[E1000_SPACE / 4];
	u32 causes, mask;
	bool asserted;
	struct timer throttle;
	u64 quiet_until; /* TSC: no interrupt before that */
	u64 interrupts;
	bool link;
	u16 eeprom[E1000_EEPROM_WORDS];
	struct e1000_microwire microwire;
	u16 phy[E1000_PHY_REGS];
	u32 io_address;
	u64 octets[OCTETS_KINDS];
	struct e1000_tx tx;
	struct e1000_rx rx;
};

/* Plain registers, which vCPUs write while frames flow: every use looks once. */
static inline u32 e1000_reg(const struct e1000 *e, u32 offset)
{
	return __atomic_load_n(&e->reg[offset / 4], __ATOMIC_RELAXED);
}

static inline void e1000_set(struct e1000 *e, u32 offset, u32 value)
{
	__atomic_store_n(&e->reg[offset / 4], value, __ATOMIC_RELAXED);
}

static inline void e1000_count(struct e1000 *e, u32 offset, u32 n)
{
	__atomic_fetch_add(&e->reg[offset / 4], n, __ATOMIC_RELAXED);
}

static inline void e1000_count_octets(struct e1000 *e, enum e1000_octets what, u64 n)
{
	__atomic_fetch_add(&e->octets[what], n, __ATOMIC_RELAXED);
}

/* A ring of descriptors of 16 bytes in the guest's RAM, as the registers say at this moment. */
struct e1000_ring {
	void *desc; /* NULL: none, or not in RAM, which was logged */
	u32 count, head, tail;
};
/* base: E1000_RDBAL or E1000_TDBAL. */
struct e1000_ring e1000_ring(struct e1000 *e, u32 base);

/* regs.c */
extern const struct bus_ops e1000_memory_ops, e1000_io_ops;
/* Registers as after power-on, or CTRL.RST. With the locks of tx and rx held, or before use. */
void e1000_reset_registers(struct e1000 *e);
void e1000_reset(struct e1000 *e);
/* The operator, or a reset of the PHY, has changed the link: registers, and an interrupt. */
void e1000_link_changed(struct e1000 *e);

/* eeprom.c; with .lock held but for init. */
void e1000_eeprom_init(struct e1000 *e, const u8 mac[6]);
u32 e1000_eecd_read(struct e1000 *e);
void e1000_eecd_write(struct e1000 *e, u32 value);
u32 e1000_eerd(const struct e1000 *e, u32 value);

/* phy.c; with .lock held. */
void e1000_phy_reset(struct e1000 *e);
/* What the MDIC register holds after it was written. */
u32 e1000_mdic(struct e1000 *e, u32 value);

/* interrupt.c */
void e1000_interrupt_init(struct e1000 *e);
void e1000_interrupt_stop(struct e1000 *e);
/* Raise causes (E1000_INT_*); 0: the mask has changed. Any CPU. */
void e1000_cause(struct e1000 *e, u32 causes);
u32 e1000_causes_take(struct e1000 *e, u32 causes);
void e1000_mask(struct e1000 *e, u32 set, u32 clear);

/* tx.c */
void e1000_tx_init(struct e1000 *e);
void e1000_tx_kick(struct e1000 *e);
void e1000_tx_close(struct e1000 *e);

/* tx_frame.c: make a packet of the frame whose descriptors begin at ring->head. */
enum e1000_frame {
	FRAME_NONE, /* no whole frame is there */
	FRAME_BAD,  /* it is dropped */
	FRAME_GOOD,
};
/* *next: the descriptor behind it, also for contexts alone. */
enum e1000_frame e1000_tx_frame(struct e1000 *e, const struct e1000_ring *ring, struct pkt *p,
				struct pkt_frag *frags, u32 *next);

/* rx.c */
u32 e1000_rx_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n);
/* Filters have changed: tell the switch. */
void e1000_rx_filter(struct e1000 *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors that functions found on their links: advanced error reporting, PCI Express 5.0, 7.8.4.
 * Their status registers are looked at, so that no port's interrupt is needed; a few functions at a
 * time. */
#include "drivers/pci/pci.h"
#include "drivers/pci/regs.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"

#define LOOK_NS 100000000ull
#define LOOK_FUNCTIONS 4

static const struct error_kind {
	u32 status, mask, severity; /* registers of the capability; severity 0: none */
	u32 bits;                   /* bit i has name[i] */
	const char *names[32];
} kinds[] = {
    {PCI_AER_UNCORRECTABLE,
     PCI_AER_UNCORRECTABLE + 4,
     PCI_AER_UNCORRECTABLE + 8,
     0x7ff030,
     {[4] = "data link protocol",
      [5] = "surprise down",
      [12] = "poisoned data",
      [13] = "flow control",
      [14] = "completion timeout",
      [15] = "completer abort",
      [16] = "unexpected completion",
      [17] = "receiver overflow",
      [18] = "malformed packet",
      [19] = "end-to-end CRC",
      [20] = "unsupported request",
      [21] = "access control violation",
      [22] = "internal error"}},
    {PCI_AER_CORRECTABLE,
     PCI_AER_CORRECTABLE + 4,
     0,
     0x51c1,
     {[0] = "receiver error",
      [6] = "bad packet",
      [7] = "bad link packet",
      [8] = "replays in a row",
      [12] = "replay timeout",
      [14] = "corrected internal error"}},
};

static struct timer timer;
static struct pci_device *at; /* looked at last */

static void report(const struct pci_device *dev, const struct error_kind *k, u32 bit, bool fatal)
{
	static struct klog_limit limit;
	char name[PCI_NAME];

	if (!k->severity)
		klog_limited(&limit, KLOG_INFO, "pci: %s: %s, corrected by the link",
			     pci_name(dev, name), k->names[bit]);
	else
		klog_limited(&limit, fatal ? KLOG_ERR : KLOG_WARN, "pci: %s: %s%s: %s",
			     pci_name(dev, name), k->names[bit], fatal ? ", fatal" : "",
			     fatal ? "its link is lost, check how it sits in its slot"
				   : "a request or its answer is lost");
}

/* Writing ones clears them. quiet: what firmware's own look at the machine left. */
static void look(struct pci_device *dev, bool quiet)
{
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct error_kind *k = &kinds[i];
		u32 status = pci_read(dev, dev->aer + k->status, 4), known, severity = 0;

		/* All ones: it is being reset, or gone. */
		if (!status || status == ~0u)
			continue;
		known = status & k->bits & ~pci_read(dev, dev->aer + k->mask, 4);
		if (k->severity)
			severity = pci_read(dev, dev->aer + k->severity, 4);
		pci_write(dev, dev->aer + k->status, 4, status);
		for (u32 bit = 0; bit < 32 && !quiet; bit++) {
			if (!(known & BIT(bit)))
				continue;
			dev->errors++;
			report(dev, k, bit, severity & BIT(bit));
		}
	}
}

static void due(struct timer *t)
{
	for (u32 i = 0; i < LOOK_FUNCTIONS; i++) {
		at = pci_next(at);
		if (at && at->aer && !at->pf)
			look(at, false);
	}
	timer_arm(t, time_tsc() + time_ns_to_ticks(LOOK_NS));
}

void pci_errors_start(void)
{
	for (struct pci_device *dev = pci_next(NULL); dev; dev = pci_next(dev))
		if (dev->aer)
			look(dev, true);
	timer_init(&timer, due);
	timer_arm(&timer, time_tsc() + time_ns_to_ticks(LOOK_NS));
}

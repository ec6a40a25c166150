/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `pci`: the machine's functions. */
#include "drivers/pci/pci.h"

#include "drivers/pci/regs.h"
#include "kernel/lib/err.h"
#include "kernel/shell/shell.h"

/* What an operator looks for; the rest is shown by number. */
static const struct {
	u32 mask, class;
	const char *name;
} classes[] = {
    {0xffff00, 0x010600, "SATA controller"}, {0xffff00, 0x010800, "NVMe controller"},
    {0xffff00, 0x020000, "Ethernet"},        {0xff0000, 0x020000, "network"},
    {0xff0000, 0x030000, "display"},         {0xffff00, 0x060000, "host bridge"},
    {0xffff00, 0x060100, "ISA bridge"},      {0xffff00, 0x060400, "PCI bridge"},
    {0xff0000, 0x060000, "bridge"},          {0xffff00, 0x0c0300, "USB controller"},
    {0xffff00, 0x0c0500, "SMBus"},           {0xff0000, 0x010000, "storage"},
    {0xff0000, 0x080000, "system device"},
};

static const char *class_name(u32 class)
{
	for (u32 i = 0; i < ARRAY_SIZE(classes); i++)
		if ((class & classes[i].mask) == classes[i].class)
			return classes[i].name;
	return "device";
}

static void print_line(struct shell *sh, const struct pci_device *dev)
{
	char name[PCI_NAME];

	shell_printf(sh, "%s  %04x:%04x  %-16s %s", pci_name(dev, name), dev->vendor, dev->device,
		     class_name(dev->class), dev->owner ? dev->owner : "");
	if (dev->errors)
		shell_printf(sh, " (%u errors)", dev->errors);
	shell_printf(sh, "\n");
}

static void print_bars(struct shell *sh, const struct pci_device *dev)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &dev->bar[i];

		if (bar->size)
			shell_printf(sh, "  BAR %u: %s 0x%llx, %llu bytes%s%s%s\n", i,
				     bar->io ? "ports" : "memory", (unsigned long long)bar->base,
				     (unsigned long long)bar->size, bar->wide ? ", 64-bit" : "",
				     bar->prefetch ? ", prefetchable" : "",
				     bar->base ? "" : ", not placed by the firmware");
	}
}

static void print_capabilities(struct shell *sh, const struct pci_device *dev)
{
	static const struct {
		u16 id;
		bool extended;
		const char *name;
	} caps[] = {
	    {PCI_CAP_PM, false, "power management"},
	    {PCI_CAP_MSI, false, "MSI"},
	    {PCI_CAP_MSIX, false, "MSI-X"},
	    {PCI_CAP_PCIE, false, "PCI Express"},
	    {PCI_CAP_AF, false, "advanced features"},
	    {PCI_EXT_CAP_AER, true, "error reporting"},
	    {PCI_EXT_CAP_ACS, true, "access control"},
	    {PCI_EXT_CAP_ARI, true, "ARI"},
	    {PCI_EXT_CAP_SRIOV, true, "SR-IOV"},
	};

	for (u32 i = 0; i < ARRAY_SIZE(caps); i++) {
		u16 at = caps[i].extended ? pci_ext_cap_find(dev, caps[i].id)
					  : pci_cap_find(dev, (u8)caps[i].id);

		if (at)
			shell_printf(sh, "  0x%03x: %s\n", at, caps[i].name);
	}
}

static int pci_show(struct shell *sh, const char *address)
{
	const struct pci_device *dev;
	char name[PCI_NAME];
	u16 segment, bdf;

	if (pci_parse_address(address, &segment, &bdf)) {
		shell_printf(sh, "%s is no address: write for instance 0000:01:00.0\n", address);
		return ERR_NOENT;
	}
	dev = pci_find(segment, bdf);
	if (!dev) {
		shell_printf(sh, "there is no function at %s: `pci` lists them\n", address);
		return ERR_NOENT;
	}
	print_line(sh, dev);
	if (dev->parent)
		shell_printf(sh, "  behind %s\n", pci_name(dev->parent, name));
	if (dev->bridge)
		shell_printf(sh, "  to buses %02x to %02x\n", dev->secondary, dev->subordinate);
	else
		shell_printf(sh, "  subsystem %04x:%04x, revision %02x, class %06x\n",
			     dev->subsystem_vendor, dev->subsystem, dev->revision, dev->class);
	print_bars(sh, dev);
	print_capabilities(sh, dev);
	return 0;
}

struct listing {
	const struct pci_device *next;
};

static bool list_step(struct shell *sh, void *ctx)
{
	struct listing *l = ctx;

	for (int lines = 0; l->next && lines < 16; lines++) {
		print_line(sh, l->next);
		l->next = pci_next(l->next);
	}
	return l->next;
}

static int pci_command(struct shell *sh, int argc, char **argv)
{
	static struct listing listing;

	if (argc > 2)
		return ERR_INVAL;
	if (argc == 2)
		return pci_show(sh, argv[1]);
	listing.next = pci_next(NULL);
	shell_set_job(sh, list_step, &listing);
	return 0;
}

static void pci_complete(struct shell_completion *c, int argc, char **argv)
{
	char name[PCI_NAME];

	(void)argv;
	if (argc != 2)
		return;
	for (const struct pci_device *dev = pci_next(NULL); dev; dev = pci_next(dev))
		shell_complete_add(c, pci_name(dev, name));
}

SHELL_COMMAND(pci, "[ADDRESS]", "show the machine's PCI functions",
	      "Without an address, one line for each function: address, vendor and device, what\n"
	      "it is, and who drives it. With an address, such as 0000:01:00.0, all of that one:\n"
	      "base address registers and capabilities.",
	      pci_command, pci_complete);

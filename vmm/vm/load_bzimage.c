/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vm/load_bzimage.h"

#include <string.h>

#include "kernel/lib/err.h"
#include "vmm/vm/load_ram.h"

#define BZ_HEADER_AT 0x1f1
#define BZ_BOOT_FLAG 0xaa55
#define BZ_MAGIC 0x53726448 /* "HdrS" */
#define BZ_VERSION_MIN 0x020c
#define BZ_LOADED_HIGH BIT(0)
#define BZ_XLF_KERNEL_64 BIT(0)
#define BZ_LOADER_UNDEFINED 0xff
#define BZ_VIDEO_NORMAL 0xffff
#define BZ_ENTRY64 0x200
#define BZ_SECTOR 512
#define BZ_E820_MAX 128

/* The setup header, at BZ_HEADER_AT in the image and in the zero page. */
struct bz_header {
	u8 setup_sects;
	u16 root_flags;
	u32 syssize; /* of the protected-mode part, in 16-byte units */
	u16 ram_size;
	u16 vid_mode;
	u16 root_dev;
	u16 boot_flag;
	u8 jump;   /* opcode of a short jump over the header */
	u8 length; /* its displacement: the header ends at 0x202 + length */
	u32 magic;
	u16 version;
	u32 realmode_switch;
	u16 start_sys_seg;
	u16 kernel_version;
	u8 type_of_loader;
	u8 loadflags;
	u16 setup_move_size;
	u32 code32_start;
	u32 ramdisk_image;
	u32 ramdisk_size;
	u32 bootsect_kludge;
	u16 heap_end_ptr;
	u8 ext_loader_ver;
	u8 ext_loader_type;
	u32 cmd_line_ptr;
	u32 initrd_addr_max; /* highest address of an initrd's last byte */
	u32 kernel_alignment;
	u8 relocatable_kernel;
	u8 min_alignment;
	u16 xloadflags;
	u32 cmdline_size; /* without the NUL */
	u32 hardware_subarch;
	u64 hardware_subarch_data;
	u32 payload_offset;
	u32 payload_length;
	u64 setup_data;
	u64 pref_address;
	u32 init_size; /* linear memory needed from the load address on */
} __packed;
static_assert(sizeof(struct bz_header) == 0x264 - BZ_HEADER_AT, "setup header");

/* Linux, Documentation/arch/x86/zero-page.rst. */
struct bz_zero_page {
	u8 screen_info[0x70];
	u64 acpi_rsdp;
	u8 unused_78[0x1e8 - 0x78];
	u8 e820_entries;
	u8 unused_1e9[BZ_HEADER_AT - 0x1e9];
	struct bz_header header;
	u8 header_rest[0x290 - 0x264];
	u8 unused_290[0x2d0 - 0x290];
	struct e820_entry e820[BZ_E820_MAX];
	u8 unused_cd0[0x1000 - 0xcd0];
} __packed;
static_assert(offsetof(struct bz_zero_page, acpi_rsdp) == 0x70, "zero page");
static_assert(offsetof(struct bz_zero_page, e820) == 0x2d0, "zero page");
static_assert(sizeof(struct bz_zero_page) == 0x1000, "zero page");

struct bz_image {
	struct bz_header header;
	struct guest_blob kernel; /* protected-mode part */
	u64 footprint;            /* bytes from the load address on */
	u64 gpa;                  /* where it is loaded */
};

static bool header_get(const struct guest_blob *image, struct bz_header *h)
{
	if (image->size < BZ_HEADER_AT + sizeof(*h))
		return false;
	memcpy(h, (const u8 *)image->data + BZ_HEADER_AT, sizeof(*h));
	return h->boot_flag == BZ_BOOT_FLAG && h->magic == BZ_MAGIC;
}

bool load_bzimage_probe(const struct guest_blob *kernel)
{
	struct bz_header h;

	return header_get(kernel, &h);
}

static int header_check(const struct load_params *p, const struct bz_header *h)
{
	if (h->version < BZ_VERSION_MIN)
		return trace_err(ERR_UNSUPPORTED,
				 "vm %s: kernel's boot protocol is %u.%02u, 2.12 is needed: "
				 "use Linux 3.8 or later",
				 p->vm, h->version >> 8, h->version & 0xff);
	if (!(h->loadflags & BZ_LOADED_HIGH))
		return trace_err(ERR_UNSUPPORTED, "vm %s: kernel is a zImage: use a bzImage",
				 p->vm);
	if (!h->kernel_alignment || h->kernel_alignment & (h->kernel_alignment - 1))
		return trace_err(ERR_INVAL, "vm %s: kernel's alignment 0x%x is no power of two",
				 p->vm, h->kernel_alignment);
	if (strlen(p->cmdline) > h->cmdline_size)
		return trace_err(ERR_RANGE, "vm %s: bootargs have %zu bytes, this kernel takes %u",
				 p->vm, strlen(p->cmdline), h->cmdline_size);
	if (p->module_count)
		return trace_err(ERR_UNSUPPORTED,
				 "vm %s: a Linux kernel has no modules of this kind: put them into "
				 "the initrd",
				 p->vm);
	return 0;
}

/* Find the protected-mode part. What follows it (a signature) is not loaded; a
 * last unit of 16 bytes may be cut short. */
static int image_open(const struct load_params *p, struct bz_image *img)
{
	const struct bz_header *h = &img->header;
	u64 setup, size;
	int err;

	if (!header_get(&p->kernel, &img->header))
		return trace_err(ERR_INVAL, "vm %s: kernel is no bzImage", p->vm);
	err = header_check(p, h);
	if (err)
		return err;
	setup = (u64)((h->setup_sects ? h->setup_sects : 4) + 1) * BZ_SECTOR;
	size = (u64)h->syssize * 16;
	if (!size || setup >= p->kernel.size || p->kernel.size - setup + 15 < size)
		return trace_err(
		    ERR_INVAL, "vm %s: kernel is cut short: %llu of %llu bytes, copy it again",
		    p->vm, (unsigned long long)p->kernel.size, (unsigned long long)(setup + size));
	img->kernel.data = (const u8 *)p->kernel.data + setup;
	img->kernel.size = MIN(size, p->kernel.size - setup);
	img->footprint = MAX((u64)h->init_size, size);
	return 0;
}

/* The preferred address, or when that is not possible the next one above: Linux
 * moves itself up to its preferred address when it finds itself below. */
static int image_place(const struct load_params *p, struct bz_image *img)
{
	const struct bz_header *h = &img->header;
	const struct load_place want = {
	    .size = img->footprint,
	    .align = h->kernel_alignment,
	    .min = MAX(h->pref_address, MIB(1)),
	    .limit = GIB(4),
	};

	img->gpa = h->pref_address;
	if (h->pref_address >= MIB(1) && h->pref_address < GIB(4) &&
	    img->footprint <= GIB(4) - h->pref_address &&
	    load_is_ram(p, h->pref_address, img->footprint))
		return 0;
	if (h->relocatable_kernel && want.min < GIB(4) && !load_find(p, &want, &img->gpa))
		return 0;
	return trace_err(ERR_RANGE,
			 "vm %s: kernel needs %llu KiB of RAM from address 0x%llx on: "
			 "raise memory-mib",
			 p->vm, (unsigned long long)(img->footprint / 1024),
			 (unsigned long long)h->pref_address);
}

/* As high as the kernel takes it, so that it is not in the way of unpacking. */
static int initrd_load(const struct load_params *p, const struct bz_image *img, u64 *gpa)
{
	const struct load_place want = {
	    .size = p->initrd.size,
	    .align = PAGE_SIZE,
	    .min = MIB(1),
	    .limit = (u64)img->header.initrd_addr_max + 1,
	    .avoid_start = img->gpa,
	    .avoid_end = img->gpa + img->footprint,
	    .top = true,
	};

	*gpa = 0;
	if (!p->initrd.size)
		return 0;
	if (load_find(p, &want, gpa))
		return trace_err(ERR_RANGE,
				 "vm %s: initrd of %llu KiB does not fit beside the kernel's "
				 "%llu KiB: raise memory-mib",
				 p->vm, (unsigned long long)(p->initrd.size / 1024),
				 (unsigned long long)(img->footprint / 1024));
	return load_copy(p, *gpa, &p->initrd, p->initrd.size);
}

static void zero_page_header(const struct load_params *p, const struct bz_image *img,
			     struct bz_zero_page *zp)
{
	size_t end =
	    MIN(0x202 + (size_t)img->header.length, offsetof(struct bz_zero_page, unused_290));

	end = MIN(MAX(end, BZ_HEADER_AT + sizeof(struct bz_header)), p->kernel.size);
	memcpy(&zp->header, (const u8 *)p->kernel.data + BZ_HEADER_AT, end - BZ_HEADER_AT);
	zp->header.type_of_loader = BZ_LOADER_UNDEFINED;
	zp->header.vid_mode = BZ_VIDEO_NORMAL;
	zp->header.code32_start = (u32)img->gpa;
	zp->header.setup_data = 0;
}

/* The zero page: header, command line, initrd, memory map. */
static int zero_page_make(struct load_low *low, const struct bz_image *img, u64 initrd, u64 *gpa)
{
	const struct load_params *p = low->params;
	struct bz_zero_page *zp = load_low_alloc(low, sizeof(*zp), PAGE_SIZE, gpa);

	if (!zp)
		return ERR_RANGE;
	if (p->e820_count > BZ_E820_MAX)
		return trace_err(ERR_RANGE, "vm %s: memory map has %u entries, %u fit", p->vm,
				 p->e820_count, BZ_E820_MAX);
	zero_page_header(p, img, zp);
	zp->acpi_rsdp = p->rsdp.v;
	zp->header.ramdisk_image = (u32)initrd;
	zp->header.ramdisk_size = (u32)p->initrd.size;
	zp->header.cmd_line_ptr = (u32)load_low_string(low, p->cmdline);
	if (!zp->header.cmd_line_ptr)
		return ERR_RANGE;
	memcpy(zp->e820, p->e820, p->e820_count * sizeof(*p->e820));
	zp->e820_entries = (u8)p->e820_count;
	return 0;
}

int load_bzimage(const struct load_params *p, struct boot_state *state)
{
	struct bz_image img;
	struct load_low low;
	u64 initrd;
	bool is_64;
	int err = image_open(p, &img);

	if (!err)
		err = image_place(p, &img);
	if (!err)
		err = load_copy(p, img.gpa, &img.kernel, img.kernel.size);
	if (!err)
		err = initrd_load(p, &img, &initrd);
	if (err)
		return err;
	load_low_init(&low, p);
	is_64 = img.header.xloadflags & BZ_XLF_KERNEL_64;
	err = is_64 ? load_state_long64(&low, state) : load_state_protected32(&low, state);
	if (!err)
		err = zero_page_make(&low, &img, initrd, &state->rsi);
	state->rip = img.gpa + (is_64 ? BZ_ENTRY64 : 0);
	return err;
}

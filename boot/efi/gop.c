/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/loader.h"

static const EFI_GUID gop_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;

static u32 format_of(EFI_GRAPHICS_PIXEL_FORMAT format)
{
	static const u8 formats[] = {
	    [PixelRedGreenBlueReserved8BitPerColor] = HANDOFF_PIXEL_RGBX8888,
	    [PixelBlueGreenRedReserved8BitPerColor] = HANDOFF_PIXEL_BGRX8888,
	    [PixelBitMask] = HANDOFF_PIXEL_MASKS,
	};

	return (unsigned)format < ARRAY_SIZE(formats) ? formats[format] : HANDOFF_PIXEL_NONE;
}

static bool describe(const EFI_GRAPHICS_OUTPUT_PROTOCOL *gop, struct handoff_framebuffer *fb)
{
	const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info;

	if (!gop || !gop->Mode || !gop->Mode->Info || !gop->Mode->FrameBufferBase)
		return false;
	info = gop->Mode->Info;
	fb->format = format_of(info->PixelFormat);
	fb->phys = gop->Mode->FrameBufferBase;
	fb->size = gop->Mode->FrameBufferSize;
	fb->width = info->HorizontalResolution;
	fb->height = info->VerticalResolution;
	fb->stride = info->PixelsPerScanLine;
	fb->red_mask = info->PixelInformation.RedMask;
	fb->green_mask = info->PixelInformation.GreenMask;
	fb->blue_mask = info->PixelInformation.BlueMask;
	return fb->format != HANDOFF_PIXEL_NONE;
}

void gop_describe(struct handoff_framebuffer *fb)
{
	EFI_HANDLE *handles;
	UINTN count;
	bool found;

	/* The console's own, when it is a single screen; else the first that has memory. */
	found = describe(firmware_protocol(firmware.table->ConsoleOutHandle, &gop_guid), fb);
	count = found ? 0 : firmware_handles(&gop_guid, &handles);
	for (UINTN i = 0; !found && i < count; i++)
		found = describe(firmware_protocol(handles[i], &gop_guid), fb);
	if (count)
		firmware.boot->FreePool(handles);
	if (!found)
		*fb = (struct handoff_framebuffer){.format = HANDOFF_PIXEL_NONE};
}

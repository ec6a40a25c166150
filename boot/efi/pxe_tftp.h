/* SPDX-License-Identifier: BSD-2-Clause */
/* TFTP over the UDP calls of the PXE base code. The base code's own TFTP is of little use here:
 * iPXE's cannot tell the size of a file, EDK2's loses the server's error code. */
#ifndef BOOT_EFI_PXE_TFTP_H
#define BOOT_EFI_PXE_TFTP_H

#include "boot/efi/efi.h"

/* Ask the server (IPv4) for a file; tells its size. */
EFI_STATUS pxe_tftp_open(EFI_PXE_BASE_CODE_PROTOCOL *pxe, const EFI_IP_ADDRESS *server,
			 const char *path, u64 *size);
/* Receive the `size` bytes that open has told; calls progress_add. */
EFI_STATUS pxe_tftp_read(void *to, u64 size);
/* End the transfer, after any open that succeeded. */
void pxe_tftp_close(void);

#endif

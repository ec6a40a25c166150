#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 45
# timeout: 240
# only qemu: Bochs' firmware has no network
"""PXE: everything comes by TFTP, through the firmware's own driver and through a boot ROM's."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import transfer  # noqa: E402
import vm  # noqa: E402

transfer.run("", "--boot=pxe")
transfer.run("", "--boot=pxe", "--boot-nic=e1000e")
vm.done()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 10
# timeout: 120
# only qemu: Bochs' firmware boots from its disk alone
"""A USB stick holds everything: loader, configuration, guest and its module."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import transfer  # noqa: E402
import vm  # noqa: E402

result = transfer.run("/", "--boot=usb")
vm.check("USB(0x0" in result.text, "the firmware booted from USB")
vm.done()

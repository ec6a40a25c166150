#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 60
# timeout: 300
"""What `make image` writes boots as a disk and, where there is USB, as a stick."""
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import vm  # noqa: E402

STEPS = [vm.expect(r"loader: /vmlinuz, \d+ bytes"), vm.expect(r"loader: /initrd\.img, \d+ bytes"),
         vm.expect("hanok> "), vm.expect(r"\[demo\] .*Linux version")]

with tempfile.TemporaryDirectory(prefix="image-") as folder:
    stick = shutil.copy(vm.ROOT / "build/hanok.img", folder)
    result = vm.boot(["--image", stick], STEPS)
    vm.check(result.status == 0, "as a disk")
    if vm.ENGINE != "bochs":  # which boots from its disk alone
        result = vm.boot(["--image", stick, "--boot", "usb"], STEPS)
        vm.check(result.status == 0 and "USB(0x0" in result.text, "as a USB stick")
vm.done()

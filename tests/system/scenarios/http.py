#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 45
# timeout: 240
# only qemu: Bochs' firmware has no network
"""UEFI HTTP boot: everything comes by HTTP, through the firmware's own driver and through a boot
ROM's; a file that the server does not have is named with its address."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import transfer  # noqa: E402
import vm  # noqa: E402

SERVER = r"http://10\.0\.2\.2:\d+/"

transfer.run(SERVER, "--boot=http")
transfer.run(SERVER, "--boot=http", "--boot-nic=e1000e")

absent = vm.config(("far", 'memory-mib = <16>; kernel = "absent.elf"; autostart;'))
result = vm.run(absent, [
    vm.expect(rf'file "absent\.elf": not found as {SERVER}absent\.elf on the HTTP server'),
    vm.expect(r'error: .*far: kernel: there is no file "absent\.elf"'), vm.expect("hanok> ")],
    options=["--boot=http"])
vm.check(result.status == 0, "a missing file is told with its address")
vm.done()

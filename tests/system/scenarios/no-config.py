#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 45
# timeout: 300
"""Without a configuration, or with one that is no device tree, there is a shell that says so."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import vm  # noqa: E402

HINTS = [vm.expect("hanok> "), vm.command("vm list", "no VM is configured; `log` says why"),
         vm.command("log -l warn", "hanok.dtb")]

result = vm.run(None, [vm.expect(r"no configuration: looked for .*hanok\.dtb.*dtc"), HINTS])
vm.check(result.status == 0, "no hanok.dtb")

broken = b"\xd0\x0d\xfe\xed" + bytes(range(256)) * 4
result = vm.run(broken, [vm.expect(r"hanok\.dtb is no valid device tree .*compile or copy"), HINTS])
vm.check(result.status == 0, "a hanok.dtb with a right beginning only")

vm.done()

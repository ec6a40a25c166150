#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 120
# timeout: 900
"""A thousand tiny VMs on two processors are created, run and end: all run, none costs more than
the others, and nothing is lost."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import vm  # noqa: E402

COUNT = 1000
TINY = 'memory-mib = <1>; kernel = "tiny.elf"; autostart;'
LAST = 'memory-mib = <1>; kernel = "tiny.elf";'
DTS = vm.config(("last", LAST), *((f"t{i}", TINY) for i in range(COUNT)))

result = vm.run(DTS, [
    [vm.expect(r"vm t\d+: off")] * COUNT,
    vm.command("mem", "free", "failed: 0 page and 0 heap allocations, 0 wrong frees"),
    [[vm.send("vm start last"), vm.expect("vm last: off")]] * 3,
    vm.command("mem", "free", "failed: 0 page and 0 heap allocations, 0 wrong frees"),
], {"tiny.elf": "build/guest/tiny.elf"}, timeout=800, options=["--memory", "2048"])
vm.check(result.status == 0, "every VM ended, and the shell answered")
# Their own lines may be left out, those of the log are not.
ran = set(re.findall(r"vm (t\d+): the guest asked for power-off", result.text))
vm.check(len(ran) == COUNT, f"{len(ran)} of {COUNT} VMs ran")
free = [int(a) + int(b) for a, b in zip(result.all(r"^  free +(\d+) KiB"),
                                        result.all(r"^  heap +(\d+) KiB"))]
vm.check(len(free) == 2 and free[0] == free[1], f"nothing is lost: {free} KiB")
vm.done()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 20
# timeout: 150
"""A panic beside a running guest: it names the functions of its backtrace and nothing goes on."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import vm  # noqa: E402

DTS = vm.config(("near", 'memory-mib = <16>; kernel = "echo.elf"; bootargs = "tick"; autostart;'))
result = vm.run(DTS, [vm.expect(r"\[near\] TICK"), vm.send("panic"), vm.expect(r"\[y/N\] "),
                      vm.send("y"), vm.expect("nothing more")],
                {"echo.elf": "build/guest/echo.elf"})
vm.check(result.status == 3, "hanok-vm tells a panic by its exit status")
after = result.text.partition("*** HANOK PANIC: asked for at the shell")[2]
vm.check("1 of 1 others stopped" in after, "the other processor is stopped")
vm.check("\nrip ffffffff8" in after and "cr3 " in after, "registers are shown")
vm.check(" panic_answer" in after, "the backtrace names its functions")
vm.check(" sched_loop+0x" in after, "and reaches the bottom of the stack")
vm.check("the machine has to be reset" in after, "it is complete")
vm.check("[near]" not in after, "the guest does not run any more")
vm.done()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 30
# timeout: 300
"""VMs start, pause, go on, are reset, stop, all beside each other; no memory is lost or seen."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import vm  # noqa: E402

ECHO = 'memory-mib = <16>; kernel = "echo.elf";'
DTS = vm.config(("a", ECHO + 'bootargs = "tick";'), ("b", ECHO + 'bootargs = "tick";'),
                ("c", ECHO + "cpus = <4>;"))
ROUNDS = 12
ATTACHED = "attached to .*"


def at_console(name, *dialogue):
    return [vm.send(f"vm console {name}"), vm.expect(ATTACHED), *dialogue, vm.send("\x1d"),
            vm.expect("hanok> ")]


def start(name):
    return [vm.send(f"vm start {name}"), vm.expect(rf"vm {name}: running"),
            vm.expect(rf"\[{name}\] ECHO ready")]


def stop(name):
    return [vm.send(f"vm stop {name}"), vm.expect(rf"vm {name}: off")]


def order(text, answer):
    return [vm.send(text), vm.expect(f"ECHO {text}"), vm.expect(answer)]


steps = [
    vm.expect("hanok> "), start("a"), start("b"),
    vm.command("vm start a", "vm a: cannot start while it is running"),
    vm.command("vm resume a", "cannot resume while it is running"),
    vm.command("vm start nobody", "there is no VM nobody"),
    # Paused: b's clock goes on, a's stands still.
    vm.expect(r"\[a\] TICK"), vm.send("vm pause a"), vm.expect("vm a: paused"),
    [vm.expect(r"\[b\] TICK")] * 3,
    vm.command("vm info a", "vm a: paused, 1 vcpus, 16 MiB", r"vcpu 0: (halted|runs),", "RIP"),
    vm.send("vm resume a"), vm.expect("vm a: running"), vm.expect(r"\[a\] TICK"),
    # What a writes is nowhere in b, also not after a's memory has become another's.
    at_console("a", order("fill PRIVATE1", "FILLED"), order("scan PRIVATE1", r"SCAN [1-9]\d{6}\b")),
    at_console("b", order("scan PRIVATE1", r"SCAN 0\b"), order("fill PRIVATE2", "FILLED")),
    at_console("a", order("scan PRIVATE2", r"SCAN 0\b")),
    stop("a"), stop("b"), start("c"),
    at_console("c", order("scan PRIVATE1", r"SCAN 0\b"), order("scan PRIVATE2", r"SCAN 0\b")),
    vm.command("vm info c", "vm c: running, 4 vcpus", r"vcpu 3: not started"),
    # By the guest's own doing, and by the operator's.
    at_console("c", vm.send("reset"), vm.expect("ECHO reset"), vm.expect("ECHO ready")),
    vm.send("vm reset c"), vm.expect(r"\[c\] ECHO ready"),
    vm.send("vm pause c"), vm.expect("vm c: paused"),
    vm.send("vm reset c"), vm.expect(r"\[c\] ECHO ready"),
    vm.send("vm pause c"), vm.expect("vm c: paused"), stop("c"),
    start("c"), vm.send("vm console c"), vm.expect(ATTACHED), vm.send("off"),
    vm.expect("vm c: off"), vm.expect("hanok> "),
    vm.command("mem", "heap:.*", "failed: 0 page and 0 heap allocations, 0 wrong frees"),
    # At once, without waiting for what it does.
    [[vm.send("vm start c"), vm.send("vm stop c"), vm.expect("vm c: off")]] * 2,
    [[start("c"), stop("c")]] * ROUNDS,
    start("a"), start("b"), stop("b"), stop("a"),
    vm.command("mem", "heap:.*", "failed: 0 page and 0 heap allocations, 0 wrong frees"),
]

result = vm.run(DTS, steps, {"echo.elf": "build/guest/echo.elf"})
vm.check(result.status == 0, "every step was answered")
pause = re.search(r"vm a: paused(.*?)vm a: running", result.text, re.S)
vm.check(pause and "[a] TICK" not in pause[1], "a paused guest's clock stands still")
# The heap may keep a page with nothing in it: its pages and the free ones count together.
free = [int(a) + int(b) for a, b in zip(result.all(r"^  free +(\d+) KiB"),
                                        result.all(r"^  heap +(\d+) KiB"))]
heap = result.all(r"^heap: (\d+ objects, \d+ bytes)")
vm.check(len(free) == 2 and free[0] == free[1], f"no page is lost in {ROUNDS} starts: {free}")
vm.check(len(heap) == 2 and heap[0] == heap[1], f"no heap is lost: {heap}")
vm.done()

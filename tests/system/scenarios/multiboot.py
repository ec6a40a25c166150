#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 20
# timeout: 150
# also qemu-4
"""Multiboot kernels of 64 and 32 bits get their command line and their modules, byte by byte."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import vm  # noqa: E402

MODULES = {"one.txt": "README.md", "two.bin": "build/guest/hello.elf"}


def checksum(path):
    total = 0
    for byte in (vm.ROOT / path).read_bytes():
        total = (total * 31 + byte) & 0xffffffff
    return total


def module(name, args):
    path = MODULES[name]
    size = (vm.ROOT / path).stat().st_size
    return [vm.expect(rf"HELLO module {name}{args} size {size}\b"),
            vm.expect(r"HELLO module-aligned 1\b"),
            vm.expect(rf"HELLO module-sum {checksum(path)}\b")]


DTS = vm.config(
    ("wide", 'memory-mib = <32>; kernel = "hello.elf"; modules = "one.txt", "two.bin";'
             'module-args = "first", ""; bootargs = "alpha beta";'),
    ("narrow", 'memory-mib = <16>; kernel = "hello32.elf";'))
result = vm.run(DTS, [
    vm.expect("hanok> "), vm.send("vm start wide"),
    vm.expect(r"HELLO magic-right 1\b"), vm.expect("HELLO cmdline .*alpha beta"),
    vm.expect(r"HELLO mem-upper-kib 31744\b"), vm.expect(r"HELLO mmap-there 1\b"),
    module("one.txt", " first"), module("two.bin", ""), vm.expect("HELLO done"),
    vm.send("vm start narrow"), vm.expect("HELLO32 done"),
], {"hello.elf": "build/guest/hello.elf", "hello32.elf": "build/guest/hello32.elf", **MODULES})
vm.check(result.status == 0, "both kernels ran")
vm.done()

# SPDX-License-Identifier: BSD-2-Clause
"""For the scenarios of boot media: everything comes from the medium, and arrives as it was sent."""
import pathlib
import random
import tempfile

import vm

SIZE = 9 * 1024 * 1024 + 1234  # more than one of anybody's buffers, and no multiple of a block
DTS = vm.config(("near", 'memory-mib = <32>; kernel = "guests/hello.elf"; modules = "data/large.bin";'
                         'module-args = "from afar"; autostart;'))


def checksum(data):
    """As tests/guest/hello.c sums up a module."""
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0xffffffff
    return total


def run(source, *options):
    """Boot with these options of hanok-vm; the loader must name its files with `source` in front."""
    data = random.Random(1).randbytes(SIZE)
    with tempfile.TemporaryDirectory(prefix="transfer-") as folder:
        large = pathlib.Path(folder, "large.bin")
        large.write_bytes(data)
        result = vm.run(DTS, [
            vm.expect(rf"loader: configuration {source}hanok\.dtb, \d+ bytes"),
            vm.expect(rf"loader: {source}guests/hello\.elf, \d+ bytes"),
            vm.expect(rf"loader: {source}data/large\.bin, {SIZE} bytes"),
            vm.expect(rf"\[near\] HELLO module data/large\.bin from afar size {SIZE}\b"),
            vm.expect(rf"\[near\] HELLO module-sum {checksum(data)}\b"),
            vm.expect(r"\[near\] HELLO done")],
            {"guests/hello.elf": "build/guest/hello.elf", "data/large.bin": str(large)},
            options=options)
    vm.check(result.status == 0, " ".join(options) + ": the guest has what was sent")
    return result

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 40
# timeout: 300
# only both: it compares what the engines boot
"""One and the same image, byte for byte, runs a guest on VT-x in Bochs and on AMD-V in QEMU. Its
hash is in the log."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import vm  # noqa: E402

DTS = vm.config(("near", 'memory-mib = <16>; kernel = "hello.elf"; autostart;'))
BACK_ENDS = {"bochs": "VT-x", "qemu": "AMD-V"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def make_image(folder):
    config, image = pathlib.Path(folder, "c.dts"), pathlib.Path(folder, "image")
    config.write_text(DTS)
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", f"{config}.dtb", config],
                   check=True)
    subprocess.run([vm.ROOT / "boot/image/make-image", image,
                    f"EFI/BOOT/BOOTX64.EFI={vm.ROOT}/build/hanok.efi", f"hanok.dtb={config}.dtb",
                    f"hello.elf={vm.ROOT}/build/guest/hello.elf"], check=True)
    return image


def booted_efi(image):
    """The loader's bytes in an image, as they were when a machine had booted it."""
    return subprocess.run(["mcopy", "-i", f"{image}@@1M", "::/EFI/BOOT/BOOTX64.EFI", "-"],
                          check=True, stdout=subprocess.PIPE,
                          env=dict(os.environ, MTOOLS_SKIP_CHECK="1")).stdout


with tempfile.TemporaryDirectory(prefix="same-image-") as folder:
    image = make_image(folder)
    whole, efi = sha256(image.read_bytes()), sha256((vm.ROOT / "build/hanok.efi").read_bytes())
    print(f"image     sha256 {whole}\nhanok.efi sha256 {efi}", flush=True)
    for engine, back_end in BACK_ENDS.items():
        copy = shutil.copy(image, os.path.join(folder, engine))
        vm.check(sha256(pathlib.Path(copy).read_bytes()) == whole, f"{engine} gets this image")
        result = vm.boot(["--image", copy, "--engine", engine],
                         [vm.expect(r"\[near\] HELLO done"), vm.send("cpu"),
                          vm.expect(f"virtualization: {back_end}"), vm.expect("hanok> ")])
        vm.check(result.status == 0, f"a guest runs on {back_end} in {engine}")
        vm.check(sha256(booted_efi(copy)) == efi, f"{engine} booted this hanok.efi")
vm.done()

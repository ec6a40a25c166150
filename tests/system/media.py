# SPDX-License-Identifier: BSD-2-Clause
"""What the machine boots from: an image of a disk, or a folder that a server hands out, with
hanok.efi, its configuration and the files that --file names."""
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BOOT_FILE = "EFI/BOOT/BOOTX64.EFI"  # on a disk
NET_FILE = "hanok.efi"  # on a server
KINDS = ("disk", "usb", "pxe", "http")
FROM_SERVER = ("pxe", "http")


class Usage(Exception):
    """Wrong usage: told in one line, exit status 2."""


def compile_config(config, folder):
    """The path of the blob made of a .dts; a .dtb as it is."""
    if not os.path.isfile(config):
        raise Usage(f"--config {config}: no such file")
    dtb = os.path.join(folder, "hanok.dtb")
    if config.endswith(".dtb"):
        shutil.copyfile(config, dtb)
        return dtb
    done = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", dtb, config],
                          capture_output=True, text=True)
    if done.returncode:
        raise Usage(f"--config {config}: dtc refuses it:\n{done.stderr.strip()}")
    return dtb


def contents(args, folder, boot_file):
    """[(name on the medium, path here)]"""
    pairs = [(boot_file, args.efi)]
    if args.config != "none":
        pairs.append(("hanok.dtb", compile_config(args.config, folder)))
    return pairs + [tuple(entry.split("=", 1)) for entry in args.file]


def make_disk(args, folder):
    """The path of an image to boot from."""
    if args.image:
        return os.path.abspath(args.image)
    disk = os.path.join(folder, "disk.img")
    pairs = [f"{name}={path}" for name, path in contents(args, folder, BOOT_FILE)]
    done = subprocess.run([ROOT / "boot/image/make-image", disk] + pairs, capture_output=True,
                          text=True)
    if done.returncode:
        raise Usage("the disk image could not be made:\n" + done.stderr.strip())
    return disk


def make_tree(args, folder):
    """The path of a folder for a server to hand out."""
    tree = pathlib.Path(folder, "tree")
    for name, path in contents(args, folder, NET_FILE):
        place = tree / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return str(tree)


def make(args, folder):
    """What args.boot boots from: an image's path, or a folder's."""
    return make_tree(args, folder) if args.boot in FROM_SERVER else make_disk(args, folder)

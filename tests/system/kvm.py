# SPDX-License-Identifier: BSD-2-Clause
"""Whether the host's KVM can run a hypervisor: found out by its own interface (Linux,
Documentation/virt/kvm/api.rst), not by what the processor is called.

    python3 tests/system/kvm.py      tells it; exit status 0 when it can
"""
import ctypes
import fcntl
import mmap
import os
import struct
import sys

DEVICE = "/dev/kvm"
API_VERSION = 12
PAGE = 4096
RESET_PAGE = 0xfffff000  # a processor starts 16 bytes before 4 GiB
TSS = 0x7ffbd000  # where Intel processors may keep a TSS for real mode
HLT = b"\xf4"
EXIT_HLT = 5

GET_API_VERSION, CREATE_VM, CHECK_EXTENSION, GET_VCPU_MMAP_SIZE = 0xae00, 0xae01, 0xae03, 0xae04
CREATE_IRQCHIP, CREATE_VCPU, RUN, SET_TSS_ADDR = 0xae60, 0xae41, 0xae80, 0xae47
SET_USER_MEMORY_REGION, GET_SUPPORTED_CPUID = 0x4020ae46, 0xc008ae05
EXIT_REASON_AT = 8  # in struct kvm_run
CPUID_ENTRIES, CPUID_ENTRY = 256, struct.Struct("<IIIIIII12x")
# Leaf, and the bit of ECX that says so.
NESTS = {"VT-x": (1, 5), "AMD-V": (0x80000001, 2)}


class Unusable(Exception):
    pass


def guest_virtualization(device):
    """What a guest's processor can be told to have of NESTS: the module's `nested` decides."""
    table = bytearray(struct.pack("<II", CPUID_ENTRIES, 0) + bytes(40 * CPUID_ENTRIES))
    fcntl.ioctl(device, GET_SUPPORTED_CPUID, table)
    count = struct.unpack_from("<I", table)[0]
    leaves = {}
    for i in range(count):
        entry = CPUID_ENTRY.unpack_from(table, 8 + 40 * i)
        leaves[entry[0]] = entry[5]
    return [name for name, (leaf, bit) in NESTS.items() if leaves.get(leaf, 0) >> bit & 1]


def run_one_instruction(device):
    """A virtual processor must execute the HLT at its reset address."""
    vm = fcntl.ioctl(device, CREATE_VM, 0)
    vcpu = -1
    try:
        fcntl.ioctl(vm, SET_TSS_ADDR, TSS)
        memory = mmap.mmap(-1, PAGE)
        memory[PAGE - 16:PAGE - 15] = HLT
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        fcntl.ioctl(vm, SET_USER_MEMORY_REGION,
                    struct.pack("<IIQQQ", 0, 0, RESET_PAGE, PAGE, address))
        vcpu = fcntl.ioctl(vm, CREATE_VCPU, 0)
        run = mmap.mmap(vcpu, fcntl.ioctl(device, GET_VCPU_MMAP_SIZE, 0))
        fcntl.ioctl(vcpu, RUN, 0)
        reason = struct.unpack_from("<I", run, EXIT_REASON_AT)[0]
        if reason != EXIT_HLT:
            raise Unusable(f"{DEVICE}: a guest's first instruction failed (exit {reason})")
    finally:
        for end in (vcpu, vm):
            if end >= 0:
                os.close(end)


def probe(device):
    if fcntl.ioctl(device, GET_API_VERSION, 0) != API_VERSION:
        raise Unusable(f"{DEVICE} is not version {API_VERSION} of its interface")
    run_one_instruction(device)
    if not guest_virtualization(device):
        raise Unusable(f"{DEVICE} works, but shows neither VT-x nor AMD-V to guests: it does not "
                       "nest here")


def why_not():
    """None when KVM works and nests; else the reason, for a human."""
    try:
        device = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return f"there is no {DEVICE}"
    except OSError as error:
        return f"{DEVICE} cannot be opened ({error.strerror})"
    try:
        probe(device)
    except Unusable as error:
        return str(error)
    except OSError as error:
        return f"{DEVICE} does not work ({error.strerror})"
    finally:
        os.close(device)
    return None


if __name__ == "__main__":
    print(why_not() or "KVM works and nests")
    sys.exit(1 if why_not() else 0)

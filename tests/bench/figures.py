# SPDX-License-Identifier: BSD-2-Clause
"""What is measured, what it may cost at most, and what the same costs under Linux's KVM.

Ticks of Bochs 2.7 as broadwell_ult, where not said otherwise; docs/benchmarks.md says more."""
import collections

Exit = collections.namedtuple("Exit", "name what limit kvm peer cpus")

# name: as tests/guest/exits.c prints it. limit: ticks. kvm: what was known of KVM when the limits
# were set (the last three from Bochs 3.0 as skylake_x). peer: the same guest under KVM, by
# tests/bench/kvm-peer. cpus: of the run that counts, since with two processors Bochs' TSC
# advances in quanta of 5 ticks.
EXITS = [
    Exit("nothing", "an RDTSC pair alone, contained in all", None, None, 3, 1),
    Exit("cpuid-0", "CPUID leaf 0", 150, 982, 985, 1),
    Exit("cpuid-7", "CPUID leaf 7", None, 1176, 1179, 1),
    Exit("hypercall", "hypercall, unknown number", 150, 1018, 1020, 1),
    Exit("rdmsr", "RDMSR IA32_APIC_BASE", 160, 1092, 1099, 1),
    Exit("wrmsr", "WRMSR IA32_BIOS_SIGN_ID", None, 1128, 1130, 1),
    Exit("xsetbv", "XSETBV", None, 964, 966, 1),
    Exit("out", "OUT to an emulated device (UART)", 300, 3098, 3069, 1),
    Exit("in", "IN from an emulated device (UART)", None, None, 3113, 1),
    Exit("mmio-write", "MMIO write to a device (I/O APIC)", 450, 5474, 5352, 1),
    Exit("mmio-read", "MMIO read from a device (I/O APIC)", None, None, 5824, 1),
    Exit("xapic-eoi", "EOI by MMIO (xAPIC)", None, None, 3777, 1),
    Exit("xapic-ipi-self", "IPI to itself, taken, by MMIO", None, None, 9319, 1),
    Exit("x2apic-eoi", "EOI by MSR (x2APIC)", None, None, 1189, 1),
    Exit("x2apic-ipi-self", "IPI to itself, taken, by MSR", None, None, 4124, 1),
    Exit("timer", "TSC-deadline timer, fires at once", 700, 5157, 4140, 1),
    Exit("ipi-running", "IPI to a running vCPU, taken there", 800, 3302, 3800, 2),
    Exit("ipi-halted", "IPI to a halted vCPU, taken there", 1000, 4139, 5960, 2),
]

# (name as tests/guest/turns.c prints it, what, limit): ways that a turn of a vCPU ends.
TURNS = [
    ("slice", "vCPU switch: its time is over", 400),
    ("halt", "vCPU switch: it halts", 400),
    ("yield", "vCPU switch: it yields to the other", None),
]

# What KVM takes in QEMU with AMD-V and mitigations off, in instructions: the first three are that
# many since TCG saves no next RIP, and KVM starts its emulator to skip an instruction. OUT and MMIO
# are served by user space.
KVM_IN_QEMU = {"cpuid-0": 2679, "hypercall": 2911, "rdmsr": 2747, "out": 3033, "mmio-write": 5089}
# The TSC counts nanoseconds there, and hanok-vm --icount lets an instruction take two.
QEMU_TICKS = 2

# Exits by reason that `vm info` must count at least, since the guest took them one by one:
# {processors: {reason: exits}}.
TAKEN = {
    1: {"cpuid": 2000, "hypercall": 1000, "msr-read": 1000, "msr-write": 2000, "io": 2000,
        "memory": 2000, "xsetbv": 1000},
    2: {"hlt": 1000, "msr-write": 4000},
}

MILLION = 1_000_000
# From the loader's first instruction to the guest's first, without the firmware's reading.
BOOT_LIMIT = 100 * MILLION
BOOT_PEERS = [("Linux (cloud kernel) with KVM", 2197 * MILLION),
              ("Xen 4.17 to its dom0", 1010 * MILLION)]
# Phases that end with the firmware's reading of files.
READING = ("config read", "files read")
BOOT_END = "first guest runs"

KIB = 1024
IMAGE_LIMIT = 512 * KIB


def resident_limit(ram):
    """Bytes that the hypervisor may occupy without guests, of so many bytes of RAM."""
    return 4 * KIB * KIB + ram // 200


RESIDENT_PEERS = "on 1 GiB: Xen 13,312 KiB, Linux with KVM 100,352 KiB"
OVERHEAD_PEERS = "Xen: 1,480 KiB"

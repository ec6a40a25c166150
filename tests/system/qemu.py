# SPDX-License-Identifier: BSD-2-Clause
"""QEMU as the machine: q35 with VT-d, network cards behind PCI Express ports, and AMD-V emulated by
TCG or, as the engine kvm, whatever the host's processor nests."""
import functools
import os
import re
import shutil
import subprocess

import engine
import kvm
import media
import netboot

PROGRAM = "qemu-system-x86_64"
CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
NICS = ("igb", "e1000e", "e1000", "virtio-net-pci")
BOOT_NICS = ("virtio-net-pci", "e1000e", "e1000")
FIRST_WITH_IGB = 10  # the first version with igb and with eim=on under TCG
MAC = "52:54:00:12:34:%02x"
BOOT_MAC = "52:54:00:12:35:00"
TRIPLE_FAULT = "Triple fault"

# Instructions are counted, and nothing comes from the host: the same run every time.
ICOUNT = ["-icount", "shift=1,sleep=off", "-seed", "7",
          "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
# Reading the x2APIC's timer ends in "Bad icount read".
ICOUNT_MODEL = "max,-rdrand,-rdseed,-x2apic"


def available():
    return shutil.which(PROGRAM) is not None


@functools.cache
def version():
    """QEMU's major version; EngineFailed without QEMU."""
    if not available():
        raise engine.EngineFailed(f"{PROGRAM} is not there: run make deps")
    out = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout
    found = re.search(r"version (\d+)\.", out)
    if not found:
        raise engine.EngineFailed(f"{PROGRAM} --version says: {out}")
    return int(found[1])


class Qemu(engine.Machine):
    """TCG with a thread per processor, or one thread and counted instructions (--icount)."""

    name = "QEMU"
    faulted = False
    servers = ()

    def argv(self):
        args = self.args
        return [PROGRAM, "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
                *self.processor(), "-smp", str(args.cpus), "-m", str(args.memory),
                *self.firmware(), *self.console(), *self.iommu(), *self.boot_medium(),
                *self.network(), *self.tracing(), *args.qemu_arg]

    def processor(self):
        if self.args.icount:
            return ["-machine", "q35", "-accel", "tcg,thread=single", *ICOUNT,
                    "-cpu", (self.args.model or ICOUNT_MODEL) + self.address_width()]
        thread = "single" if self.args.threads == "one" else "multi"
        return ["-machine", "q35", "-accel", f"tcg,thread={thread}",
                "-cpu", (self.args.model or "max") + self.address_width()]

    @staticmethod
    def address_width():
        """A width that no AMD processor has makes OVMF do what X-PciMmio64Mb says."""
        return ",phys-bits=39" if version() >= FIRST_WITH_IGB else ""

    def firmware(self):
        """OVMF, its variables in a copy of our own. Without an aperture for BARs above 4 GiB: those
        of virtual functions are dead there in QEMU 10.0.2."""
        copy = os.path.join(self.folder, "vars.fd")
        shutil.copyfile(engine.first_file(VARS), copy)
        pflash = "if=pflash,format=raw,unit=%d,file=%s"
        return ["-drive", pflash % (0, engine.first_file(CODE)) + ",readonly=on",
                "-drive", pflash % (1, copy),
                "-fw_cfg", "name=opt/ovmf/X-PciMmio64Mb,string=0"]

    def console(self):
        return ["-chardev", f"socket,id=com1,host=127.0.0.1,port={self.port},nodelay=on",
                "-serial", "chardev:com1"]

    def iommu(self):
        """VT-d; before all devices that it is to translate for. eim=on aborts with -icount."""
        if self.args.vtd == "none":
            return []
        eim = version() >= FIRST_WITH_IGB and not self.args.icount
        options = {"intremap": "on", "eim": "on" if eim else "off"}
        options.update(o.partition("=")[::2] for o in (self.args.vtd or "").split(",") if o)
        return ["-device", ",".join(["intel-iommu", *(f"{k}={v}" for k, v in options.items())])]

    def boot_medium(self):
        kind = self.args.boot
        if kind in media.FROM_SERVER:
            return self.boot_server(kind)
        device = {"disk": ["-device", "ide-hd,drive=boot,bus=ide.0,bootindex=0"],
                  "usb": ["-device", "qemu-xhci,id=usb",
                          "-device", "usb-storage,bus=usb.0,drive=boot,bootindex=0"]}
        return ["-drive", f"if=none,id=boot,format=raw,snapshot=on,file={self.medium}",
                *device[kind]]

    def boot_server(self, kind):
        """A further card to boot through. OVMF has a driver for virtio; others bring their own in
        their boot ROM."""
        card = [f"{self.args.boot_nic},netdev=boot,bootindex=0,addr=0x8,mac={BOOT_MAC}"]
        if self.args.boot_nic == "virtio-net-pci":
            card.append("romfile=")
        # OVMF's network stack wants random numbers.
        options = ["-device", "virtio-rng-pci", "-device", ",".join(card)]
        if kind == "pxe":
            return ["-netdev", f"user,id=boot,tftp={self.medium},bootfile={media.NET_FILE}", *options]
        self.servers = [netboot.HttpServer(self.medium)]
        dhcp = netboot.ProxyDhcp(self.folder, self.servers[0].url(media.NET_FILE))
        wires = {"lease": "user,id=lease", "proxy": dhcp.netdev("proxy")}
        options[:0] = ["-netdev", "hubport,id=boot,hubid=0"]
        for name, netdev in wires.items():
            options[:0] = ["-netdev", netdev,
                           "-netdev", f"hubport,id=hub-{name},hubid=0,netdev={name}"]
        # Of a card's boot options, PXE would come first.
        return [*options, "-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n",
                "-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n"]

    def __exit__(self, *unused):
        super().__exit__(*unused)
        for server in self.servers:
            server.close()

    def nics(self):
        """--nic, or what this QEMU has for one uplink."""
        if self.args.nic:
            if "igb" in self.args.nic and version() < FIRST_WITH_IGB:
                raise engine.EngineFailed("this QEMU has no igb: run make deps, which takes a newer "
                                          "one from backports; or --nic e1000e")
            return self.args.nic
        return ["igb" if version() >= FIRST_WITH_IGB else "e1000e"]

    def forwards(self, card):
        """What --hostfwd says of a card: RULE is for the first one, N/RULE for card N."""
        rules = [rule.rpartition("/") for rule in self.args.hostfwd]
        return "".join(f",hostfwd={rule}" for n, _, rule in rules if int(n or 0) == card)

    def network(self):
        """Each card in a port of its own, so that the first is 0000:01:00.0."""
        options = []
        for i, model in enumerate(self.nics()):
            forwards = self.forwards(i)
            # Boot ROMs would only make the firmware wait for DHCP.
            rom = "" if model == "igb" else ",romfile="
            options += ["-device", f"pcie-root-port,id=port{i},chassis={i},slot={i},"
                                   f"addr={0x10 + i:#x}",
                        "-netdev", f"user,id=net{i}{forwards}",
                        "-device", f"{model},bus=port{i},netdev=net{i},mac={MAC % i}{rom}"]
        return options

    def tracing(self):
        options = [] if self.args.trace or self.args.engine == "kvm" else ["-d", "cpu_reset"]
        for entry in self.args.trace:
            pattern, _, path = entry.rpartition("=")
            options += ["-trace", pattern, "-D", os.path.abspath(path)]
        return options

    def watch(self, line):
        """A processor that is reset by a triple fault would start over, and over: end it. The
        registers that QEMU prints next are in the diagnosis."""
        if line.startswith(TRIPLE_FAULT):
            self.faulted = True
        elif self.faulted and line.startswith("EFER="):
            self.process.kill()


class Kvm(Qemu):
    """The host's own virtualization, where it nests."""

    name = "QEMU with KVM"

    def __init__(self, args, medium, folder):
        reason = kvm.why_not()
        if reason:
            raise engine.EngineFailed(f"engine kvm: {reason}; use --engine qemu or bochs")
        super().__init__(args, medium, folder)

    def processor(self):
        if self.args.icount:
            raise engine.EngineFailed("--icount counts in TCG only: use --engine qemu")
        return ["-machine", "q35,kernel-irqchip=split", "-accel", "kvm",
                "-cpu", self.args.model or "host"]

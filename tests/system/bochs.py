# SPDX-License-Identifier: BSD-2-Clause
"""Bochs as the machine: VT-x, an i440FX without firmware tables, a TSC that counts instructions."""
import os

import engine

MODEL = "broadwell_ult"
RESETS = 64  # debugger 'c' commands: one for the start and one for every reset
HOST_MEMORY_MAX = 2048  # Bochs keeps what is used beyond in a file

# Without the sound lines 2.7 dies where there is no sound card.
CONFIG = """\
plugin_ctrl: sb16=0, es1370=0, speaker=0, voodoo=0, biosdev=1, unmapped=1, serial=1, parallel=0, \
gameport=0, e1000=1, ne2k=0, usb_uhci=0
config_interface: textconfig
display_library: rfb, options="timeout=0"
sound: driver=dummy
memory: host={host_memory}, guest={memory}
romimage: file="{firmware}", address={firmware_address:#x}, options=none
vgaromimage: file="{vgabios}"
boot: disk
ata0: enabled=true, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path="{disk}", mode=flat
pci: enabled=1, chipset=i440fx
vga: extension=vbe, update_freq=5, realtime=1, ddc=builtin
cpu: count={cpus}, ips=20000000, model={model}, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync=none, time0=1700000000
com1: enabled=true, mode=socket-client, dev=127.0.0.1:{port}
port_e9_hack: enabled=1
e1000: enabled=1, mac=52:54:00:12:34:56, ethmod=slirp, script={network}
log: /dev/stderr
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""


class Bochs(engine.Machine):
    """Its configuration and its debugger's commands are files in the machine's folder."""

    name = "Bochs"

    def argv(self):
        args = self.args
        config = CONFIG.format(port=self.port, disk=self.medium, cpus=args.cpus, memory=args.memory,
                               model=args.model or MODEL, host_memory=min(args.memory, HOST_MEMORY_MAX),
                               network=self.network(), **self.firmware())
        config = self.write_file("bochsrc", config + "".join(o + "\n" for o in args.bochs_opt))
        commands = self.write_file("rc", "".join(c + "\n" for c in args.bochs_rc) +
                                   "c\n" * RESETS)
        program = engine.first_file("/usr/bin/bochs-bin", "/usr/bin/bochs")
        return [program, "-q", "-f", config, "-rc", commands]

    def network(self):
        """The user network's file; its first line must be this one."""
        return self.write_file("network", "# slirp config\n" + "".join(
            f"hostfwd = {rule}\n" for rule in self.args.hostfwd))

    @staticmethod
    def firmware():
        path = engine.first_file("/usr/share/ovmf/OVMF.fd", "/usr/share/qemu/OVMF.fd")
        return {"firmware": path, "firmware_address": (1 << 32) - os.path.getsize(path),
                "vgabios": engine.first_file("/usr/share/bochs/VGABIOS-lgpl-latest",
                                             "/usr/share/bochs/VGABIOS-lgpl-latest.bin",
                                             "/usr/share/vgabios/vgabios.bin")}

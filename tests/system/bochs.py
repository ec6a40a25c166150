# SPDX-License-Identifier: BSD-2-Clause
"""Bochs as the machine: its configuration, its serial port as a socket, and its end."""
import collections
import ctypes
import os
import select
import signal
import socket
import subprocess
import threading
import time

MODEL = "broadwell_ult"
RESETS = 64  # debugger 'c' commands: one for the start and one for every reset
CONNECT_SECONDS = 30
HOST_MEMORY_MAX = 2048  # Bochs keeps what is used beyond in a file
PR_SET_PDEATHSIG = 1

# Without the sound lines 2.7 dies where there is no sound card. The serial port is the client of
# our listening socket, so that parallel runs cannot take each other's port.
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
e1000: enabled=1, mac=52:54:00:12:34:56, ethmod=slirp
log: /dev/stderr
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""


class EngineFailed(Exception):
    pass


def first_file(*paths):
    for path in paths:
        if os.path.exists(path):
            return path
    raise EngineFailed("none of these files is there (run make deps): " + ", ".join(paths))


def die_with_parent():
    """In the child: be killed when hanok-vm is, however that ends."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Log(threading.Thread):
    """Bochs's own output: its last lines, and a file of bounded size if wanted (a guest that
    polls a dead port makes gigabytes)."""

    LIMIT = 64 << 20

    def __init__(self, pipe, path):
        super().__init__(daemon=True)
        self.pipe, self.lines = pipe, collections.deque(maxlen=30)
        self.out = open(path, "wb") if path else None
        self.start()

    def run(self):
        written = 0
        for line in self.pipe:
            self.lines.append(line.decode(errors="replace").rstrip())
            if self.out and written < self.LIMIT:
                written += self.out.write(line)
        if self.out:
            self.out.close()


class Bochs:
    """A running machine: read(), write(), and killed at the end of its 'with' block."""

    def __init__(self, args, disk, folder):
        self.args, self.folder = args, folder
        self.process = self.serial = self.log = None
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        config = CONFIG.format(port=self.listener.getsockname()[1], disk=disk, folder=folder,
                               cpus=args.cpus, memory=args.memory, model=args.model,
                               host_memory=min(args.memory, HOST_MEMORY_MAX),
                               **self.firmware())
        self.config = self.write_file("bochsrc", config + "".join(o + "\n" for o in args.bochs_opt))
        self.commands = self.write_file("rc", "".join(c + "\n" for c in args.bochs_rc) +
                                        "c\n" * RESETS)

    @staticmethod
    def firmware():
        path = first_file("/usr/share/ovmf/OVMF.fd", "/usr/share/qemu/OVMF.fd")
        return {"firmware": path, "firmware_address": (1 << 32) - os.path.getsize(path),
                "vgabios": first_file("/usr/share/bochs/VGABIOS-lgpl-latest",
                                      "/usr/share/bochs/VGABIOS-lgpl-latest.bin",
                                      "/usr/share/vgabios/vgabios.bin")}

    def write_file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        return path

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        program = first_file("/usr/bin/bochs-bin", "/usr/bin/bochs")
        self.process = subprocess.Popen(
            [program, "-q", "-f", self.config, "-rc", self.commands], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder,
            env=dict(os.environ, LC_ALL="C"), preexec_fn=die_with_parent, start_new_session=True)
        self.log = Log(self.process.stdout, self.args.bochs_log)
        deadline = time.monotonic() + CONNECT_SECONDS
        while not select.select([self.listener], [], [], 0.1)[0]:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise EngineFailed("Bochs did not start:\n" + self.diagnosis())
        self.serial = self.listener.accept()[0]
        self.serial.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __exit__(self, *_unused):
        if self.process:
            self.process.kill()
            self.process.wait()
        if self.log:
            self.log.join()
        for end in (self.serial, self.listener):
            if end:
                end.close()

    def fileno(self):
        return self.serial.fileno()

    def read(self):
        """What the serial port sent; b'' when the machine is off."""
        try:
            return self.serial.recv(65536)
        except ConnectionError:
            return b""

    def write(self, data):
        try:
            self.serial.sendall(data)
        except OSError:
            pass  # it is off: the next read() tells

    def diagnosis(self):
        """The last lines of Bochs itself, for a human."""
        return "\n".join(self.log.lines)

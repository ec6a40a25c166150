# SPDX-License-Identifier: BSD-2-Clause
"""What all engines have in common: a program that runs the machine, its serial port as a socket,
its own output, and its end."""
import collections
import ctypes
import os
import select
import signal
import socket
import subprocess
import threading
import time

CONNECT_SECONDS = 120
PR_SET_PDEATHSIG = 1


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
    """The program's own output: its last lines, and a file of bounded size if wanted (a guest that
    polls a dead port makes gigabytes)."""

    LIMIT = 64 << 20

    def __init__(self, pipe, path, watch):
        super().__init__(daemon=True)
        self.watch = watch
        self.pipe, self.lines = pipe, collections.deque(maxlen=30)
        self.out = open(path, "wb") if path else None
        self.start()

    def run(self):
        written = 0
        for line in self.pipe:
            self.lines.append(line.decode(errors="replace").rstrip())
            self.watch(self.lines[-1])
            if self.out and written < self.LIMIT:
                written += self.out.write(line)
        if self.out:
            self.out.close()


class Machine:
    """A running machine: read(), write(), and killed at the end of its 'with' block.

    An engine has a `name` and argv(), the program and its arguments. The serial port is the client
    of our listening socket, so that parallel runs cannot take each other's port."""

    name = ""

    def __init__(self, args, medium, folder):
        self.args, self.medium, self.folder = args, medium, folder
        self.process = self.serial = self.log = None
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        self.port = self.listener.getsockname()[1]

    def argv(self):
        raise NotImplementedError

    def watch(self, line):
        """Called for each line of the program's own output."""

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        self.process = subprocess.Popen(
            self.argv(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=self.folder, env=dict(os.environ, LC_ALL="C"),
            preexec_fn=die_with_parent, start_new_session=True)
        self.log = Log(self.process.stdout, self.args.engine_log, self.watch)
        deadline = time.monotonic() + CONNECT_SECONDS
        while not select.select([self.listener], [], [], 0.1)[0]:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.log.join()
                raise EngineFailed(f"{self.name} did not start:\n" + self.diagnosis())
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

    def write_file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        return path

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
        """The last lines of the program itself, for a human."""
        return "\n".join(self.log.lines)

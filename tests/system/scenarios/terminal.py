#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cost: 20
# timeout: 150
"""With a terminal, hanok-vm is the machine's serial console: Ctrl-C is the shell's, not the
emulator's; how to leave is told, works, and gives the terminal back as it was."""
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import vm  # noqa: E402

TIMEOUT = 120
PROMPT = b"hanok> "


class Terminal:
    """A pseudo-terminal with hanok-vm on it."""

    def __init__(self, config):
        self.ours, theirs = pty.openpty()
        self.before = termios.tcgetattr(self.ours)
        self.shown, self.deadline = b"", time.monotonic() + TIMEOUT
        self.process = subprocess.Popen(
            [vm.ROOT / "tests/system/hanok-vm", "--config", config], stdin=theirs, stdout=theirs,
            stderr=theirs, start_new_session=True)
        os.close(theirs)

    def wait_for(self, pattern):
        """True when the pattern came; what was shown before it is forgotten then."""
        while not (hit := re.search(pattern, self.shown)):
            if not select.select([self.ours], [], [], max(0, self.deadline - time.monotonic()))[0]:
                return False
            try:
                self.shown += os.read(self.ours, 4096)
            except OSError:
                return False  # hanok-vm has closed it
        self.shown = self.shown[hit.end():]
        return True

    def type(self, data):
        os.write(self.ours, data)

    def ask(self, data, pattern, what):
        self.type(data)
        vm.check(self.wait_for(pattern), what)


with tempfile.TemporaryDirectory(prefix="terminal-") as folder:
    path = pathlib.Path(folder, "empty.dts")
    path.write_text(vm.EMPTY)
    terminal = Terminal(path)
    vm.check(terminal.wait_for(rb"leave it with Ctrl-A x"), "how to leave is told")
    vm.check(terminal.wait_for(PROMPT), "the shell's prompt comes")
    terminal.ask(b"poweroff", rb"poweroff", "what is typed is shown")
    terminal.ask(b"\x03", PROMPT, "Ctrl-C gives up the line, nothing else")
    terminal.ask(b"version\r", rb"Hanok \S+, up", "the machine runs on")
    terminal.ask(b"\x01\x01\x01x", rb"ended", "Ctrl-A x leaves; a Ctrl-A is typed by two")
    vm.check(terminal.process.wait(10) == 0, "hanok-vm ends with status 0")
    vm.check(termios.tcgetattr(terminal.ours) == terminal.before, "the terminal is as it was")
vm.done()

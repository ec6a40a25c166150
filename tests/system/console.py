# SPDX-License-Identifier: BSD-2-Clause
"""The serial console of a machine: a conversation by regular expressions, or a terminal."""
import codecs
import os
import re
import select
import sys
import termios
import time
import tty

PANIC = "*** HANOK PANIC: "
NOT_STARTED = "BdsDxe: failed to start Boot0001"  # the firmware goes on to its own shell
PANIC_SECONDS = 3  # to let a panic print its backtrace
OFF = "hanok-vm: the machine is off"
ENTER = "\r"
LEAVE = b"\x01"  # Ctrl-A, then x
# Bytes typed at once, and the pause after them: a UART's FIFO holds 16.
CHUNK, PAUSE = 8, 0.005

STATUS_SEEN, STATUS_UNSEEN, STATUS_PANIC = 0, 1, 3


class BadRegex(Exception):
    pass


def compile_regex(text):
    try:
        return re.compile(text, re.M)
    except re.error as error:
        raise BadRegex(f"bad regular expression {text!r}: {error}") from None


def compile_steps(steps, fails):
    """Regular expressions of --expect and --fail, compiled."""
    return ([(kind, compile_regex(v) if kind == "expect" else v) for kind, v in steps],
            [compile_regex(v) for v in fails])


class PlainText:
    """Bytes to text without escape sequences and carriage returns; both may come in pieces."""

    ESCAPES = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|"
                         "\x1b[ -/]+[0-~]|\x1b[0-Z\\\\^-~]|[\r\x00]")
    UNFINISHED = re.compile("\x1b(?:\\[[0-?]*[ -/]*|\\][^\x07]{0,200}|[ -/]*)?$")

    def __init__(self):
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.rest = ""

    def add(self, data):
        text = self.rest + self.decoder.decode(data)
        cut = self.UNFINISHED.search(text)
        text, self.rest = (text[:cut.start()], text[cut.start():]) if cut else (text, "")
        return self.ESCAPES.sub("", text)


class Conversation:
    """Steps against a growing text. status is None until it is decided."""

    def __init__(self, steps, fails, type_text):
        self.steps, self.fails, self.type_text = list(steps), fails, type_text
        self.text, self.matched, self.searched = "", 0, 0
        self.status, self.reason = None, ""
        self.advance()

    def add(self, text):
        self.text += text
        self.look_for_failure()
        if self.status is None:
            self.advance()

    def look_for_failure(self):
        start = self.text.rfind("\n", 0, self.searched) + 1
        self.searched = len(self.text)
        if PANIC in self.text[start:]:
            self.status, self.reason = STATUS_PANIC, "the hypervisor panicked"
            return
        if NOT_STARTED in self.text[start:]:
            self.status, self.reason = STATUS_UNSEEN, "hanok.efi returned to the firmware"
        for regex in self.fails:
            hit = regex.search(self.text, start)
            if hit:
                self.status = STATUS_UNSEEN
                self.reason = f"--fail {regex.pattern!r} matched: {hit.group()!r}"

    def advance(self):
        while self.steps:
            kind, value = self.steps[0]
            if kind == "expect":
                hit = value.search(self.text, self.matched)
                if not hit:
                    return
                self.matched = hit.end()
            else:
                self.type_text(value + ENTER)
            self.steps.pop(0)
        self.status = STATUS_SEEN

    def waiting_for(self):
        return self.steps[0][1].pattern if self.steps else ""


class Typist:
    """Types in small pieces, so that a FIFO does not overflow."""

    def __init__(self, machine):
        self.machine, self.queue, self.next_time = machine, b"", 0.0

    def add(self, text):
        self.queue += text.encode("utf-8", "surrogateescape")

    def work(self):
        now = time.monotonic()
        if self.queue and now >= self.next_time:
            self.machine.write(self.queue[:CHUNK])
            self.queue, self.next_time = self.queue[CHUNK:], now + PAUSE


def show(text, quiet):
    if not quiet and text:
        sys.stdout.write(text)
        sys.stdout.flush()


def converse(machine, steps, fails, timeout, log, quiet):
    plain, typist = PlainText(), Typist(machine)
    talk = Conversation(steps, fails, typist.add)
    deadline = time.monotonic() + timeout
    while talk.status is None or (talk.status == STATUS_SEEN and typist.queue):
        typist.work()
        left = deadline - time.monotonic()
        if left <= 0:
            talk.status = STATUS_UNSEEN
            talk.reason = f"not seen within {timeout:g} s: {talk.waiting_for()!r}"
            break
        if not select.select([machine], [], [], PAUSE if typist.queue else min(left, 1))[0]:
            continue
        data = machine.read()
        if not data:
            talk.add(f"\n{OFF}\n")
            if talk.status is None:
                talk.status = STATUS_UNSEEN
                talk.reason = f"the machine ended before: {talk.waiting_for()!r}"
            break
        take(data, plain, log, quiet, talk.add)
    if talk.status == STATUS_PANIC:
        drain(machine, PANIC_SECONDS, lambda data: take(data, plain, log, quiet))
    if talk.status:
        print(f"\nhanok-vm: {talk.reason}", file=sys.stderr)
    if "machine ended" in talk.reason:
        print(machine.diagnosis(), file=sys.stderr)
    return talk.status


def take(data, plain, log, quiet, add=None):
    if log:
        log.write(data)
    text = plain.add(data)
    show(text, quiet)
    if add:
        add(text)


def drain(machine, seconds, each):
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([machine], [], [], left)[0]:
            return
        data = machine.read()
        if not data:
            return
        each(data)


def interact(machine, steps, log):
    """Join the terminal and the console. Ctrl-A x leaves; everything else goes through."""
    sys.stderr.write("hanok-vm: this is the serial console; leave it with Ctrl-A x.\r\n")
    typist = Typist(machine)
    for _kind, text in steps:
        typist.add(text + ENTER)
    keyboard = sys.stdin.fileno()
    saved = termios.tcgetattr(keyboard) if os.isatty(keyboard) else None
    try:
        if saved:
            tty.setraw(keyboard)
        join(machine, keyboard, typist, log)
    finally:
        if saved:
            termios.tcsetattr(keyboard, termios.TCSADRAIN, saved)
        sys.stderr.write("\nhanok-vm: ended.\n")
    return STATUS_SEEN


def join(machine, keyboard, typist, log):
    sources, prefix = [machine, keyboard], False
    while True:
        typist.work()
        ready = select.select(sources, [], [], PAUSE if typist.queue else None)[0]
        if machine in ready:
            data = machine.read()
            if not data:
                return
            if log:
                log.write(data)
            os.write(sys.stdout.fileno(), data)
        if keyboard in ready:
            data = os.read(keyboard, 1024)
            if not data:
                sources.remove(keyboard)  # end of input: go on showing
            for key in (data[i:i + 1] for i in range(len(data))):
                if prefix and key in b"xX":
                    return
                if prefix or key != LEAVE:
                    typist.queue += key
                prefix = key == LEAVE and not prefix

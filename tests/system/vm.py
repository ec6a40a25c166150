# SPDX-License-Identifier: BSD-2-Clause
"""For scenarios that need more than a list of steps: run hanok-vm, look at what it showed.

    result = vm.run(DTS, files={"a.elf": "build/guest/a.elf"}, steps=[
        vm.expect("hanok> "), vm.send("mem"), vm.expect("heap")])
    vm.check(result.status == 0, "it ran")
    vm.done()
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))
import console  # noqa: E402

ENGINE = os.environ.get("HANOK_ENGINE", "bochs")  # whose turn it is
EMPTY = '/dts-v1/;\n/ { compatible = "hanok,config-v1"; vms { }; };\n'
failures = []


def expect(regex):
    return f"--expect={regex}"


def send(text):
    return f"--send={text}"


def command(text, *answers):
    """A command of the shell: what it must answer, and the next prompt."""
    return [send(text), *map(expect, answers), expect("hanok> ")]


def config(*vms):
    """A configuration of VMs given as (name, properties)."""
    nodes = "\n".join(f'\t\t{name} {{ compatible = "hanok,vm"; {rest} }};' for name, rest in vms)
    return EMPTY.replace("vms { }", "vms {\n" + nodes + "\n\t}")


class Result:
    def __init__(self, status, shown, errors):
        self.status, self.errors = status, errors
        self.text = console.PlainText().add(shown)

    def all(self, regex):
        return re.findall(regex, self.text, re.M)


def flatten(steps):
    for step in steps:
        if isinstance(step, str):
            yield step
        else:
            yield from flatten(step)


def boot(source, steps, timeout=300, options=()):
    """Boot once; source: options of hanok-vm that say what."""
    with tempfile.TemporaryDirectory(prefix="scenario-") as folder:
        log = os.path.join(folder, "serial")
        argv = [str(ROOT / "tests/system/hanok-vm"), *source, "--log", log, "--timeout",
                str(timeout), *options]
        done = subprocess.run(argv + list(flatten(steps)), stderr=subprocess.PIPE, text=True,
                              cwd=ROOT, check=False)
        print(done.stderr, end="", flush=True)
        shown = pathlib.Path(log).read_bytes() if os.path.exists(log) else b""
        return Result(done.returncode, shown, done.stderr)


def run(dts, steps, files=None, timeout=300, options=()):
    """Boot a configuration. dts: its text, the bytes of a blob, or None for none at all."""
    with tempfile.TemporaryDirectory(prefix="scenario-") as folder:
        path = os.path.join(folder, "config.dtb" if isinstance(dts, bytes) else "config.dts")
        if dts is None:
            path = "none"
        else:
            pathlib.Path(path).write_bytes(dts if isinstance(dts, bytes) else dts.encode())
        source = ["--config", path]
        source += [f"--file={name}={ROOT / place}" for name, place in (files or {}).items()]
        return boot(source, steps, timeout, options)


def check(truth, what):
    print(f"  {'ok  ' if truth else 'FAIL'} {what}", flush=True)
    if not truth:
        failures.append(what)


def done():
    sys.exit(1 if failures else 0)

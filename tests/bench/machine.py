# SPDX-License-Identifier: BSD-2-Clause
"""Boot hanok.efi through tests/system/hanok-vm, ask its shell, and read the answers."""
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIG = """/dts-v1/;
/ { compatible = "hanok,config-v1"; %s vms { %s }; };
"""
VM = """%s { compatible = "hanok,vm"; memory-mib = <%d>; cpus = <%d>; kernel = "kernel"; autostart;
%s };
"""
INITRD = 'initrd = "initrd.img"; bootargs = "console=ttyS0";'


class Failed(Exception):
    """The machine did not do what it had to: told with the end of its console."""


def vm(name, memory, cpus, more=""):
    return VM % (name, memory, cpus, more)


def run(vms, files, cpus, ready, commands, timeout=240, engine=("bochs",), nodes=""):
    """All that a machine shows which is asked these commands, pairs of what to type and the
    regular expression that ends the answer, when it has shown `ready`. engine: hanok-vm's
    --engine, and further options. nodes: of the configuration, besides the VMs."""
    with tempfile.TemporaryDirectory(prefix="hanok-bench-") as folder:
        config, log = pathlib.Path(folder) / "bench.dts", pathlib.Path(folder) / "log"
        config.write_text(CONFIG % (nodes, vms))
        argv = [ROOT / "tests/system/hanok-vm", "--quiet", "--engine", *engine, "--config", config, "--log", log,
                "--cpus", str(cpus), "--timeout", str(timeout), "--expect", ready]
        for name, path in files.items():
            argv += ["--file", f"{name}={path}"]
        for command, end in commands:
            argv += ["--send", command, "--expect", end + ".*\n"]
        done = subprocess.run(argv, capture_output=True, text=True)
        text = plain(log.read_bytes()) if log.exists() else ""
    if done.returncode:
        raise Failed(text[-2000:] + done.stderr[-1000:])
    return text


def plain(data):
    text = re.sub(rb"\x1b\[[0-?]*[ -/]*[@-~]|\r", b"", data).decode(errors="replace")
    return re.sub(r"^(?:hanok> )+", "", text, flags=re.M)


def bench_lines(text):
    """{name: ticks} of what tests/guest/exits.c printed."""
    return {name: int(ticks) for name, ticks in re.findall(r"BENCH (\S+) (\d+)", text)}


def turn_lines(text):
    """{name: (median, 99 %, most)} of what tests/guest/turns.c printed."""
    return {name: tuple(map(int, ticks)) for name, *ticks in
            re.findall(r"TURN (\S+) (\d+) (\d+) (\d+)", text)}


def exits_taken(text):
    """{reason: exits} of `vm info`."""
    return {kind: int(n) for kind, n in re.findall(r"^ +exits (\S+) +(\d+)$", text, re.M)}


def phases(text):
    """[(name, ticks it took)] of `log phases`."""
    rows = re.findall(r"^ +\d+\.\d{6} +(\d+)  (.*)$", text, re.M)
    return [(name, int(ticks)) for ticks, name in rows]

# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios of the system tests: what to boot, what to type, what must be seen.

A scenario is tests/system/scenarios/NAME.scn. Each line is an option of hanok-vm without its
dashes and then its value, to the end of the line; '#' starts a comment line:

    # Two guests, each at its own console.
    config two-guests.dts            (beside the scenario, or from the repository's root)
    file vmlinuz=build/assets/vmlinuz-cloud
    timeout 300
    expect hanok>
    send vm console alpha
    expect READY cpus=2

Words of its own:
    cost SECONDS      how long it usually takes: the longest start first
    exit STATUS       what hanok-vm must return (0)
    dts               the configuration itself follows, up to a line 'end'
In values, \\xHH is the byte HH (\\x1d is Ctrl-]) only after 'send'.

An executable scenarios/NAME.py or NAME.sh is run as it is and passes with exit status 0; comment
lines '# cost: N' and '# timeout: N' in it are read.
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEFAULT_TIMEOUT = 300


class Scenario:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        self.cost, self.timeout, self.status = 60.0, DEFAULT_TIMEOUT, 0
        self.options = []
        (self.read_script if path.suffix != ".scn" else self.read_options)(path.read_text())

    def read_script(self, text):
        for key, value in re.findall(r"^# (cost|timeout): (\d+)$", text, re.M):
            setattr(self, key, int(value))

    def read_options(self, text):
        lines = iter(text.splitlines())
        for line in lines:
            word, _, value = line.strip().partition(" ")
            if not word or word.startswith("#"):
                continue
            value = value.strip()
            if word == "dts":
                self.options += ["--config", self.inline_config(lines)]
            elif word == "cost":
                self.cost = float(value)
            elif word == "exit":
                self.status = int(value)
            else:
                self.add_option(word, value)

    def add_option(self, word, value):
        if word == "timeout":
            self.timeout = int(value)
        elif word == "config" and (self.path.parent / value).exists():
            value = str(self.path.parent / value)
        elif word == "send":
            value = re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), value)
        self.options.append(f"--{word}={value}")

    def inline_config(self, lines):
        body = []
        for line in lines:
            if line.strip() == "end":
                break
            body.append(line)
        out = ROOT / "build/scenarios" / (self.name + ".dts")
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text("\n".join(body) + "\n")
        return str(out)

    def argv(self):
        if self.path.suffix != ".scn":
            return [str(self.path)]
        options = list(self.options)
        if not any(o.startswith("--timeout") for o in options):
            options.append(f"--timeout={self.timeout}")
        return [str(ROOT / "tests/system/hanok-vm")] + options


def find(folder, patterns=()):
    """The scenarios of a folder whose name contains one of the patterns (all without any)."""
    for path in sorted(folder.glob("*")):
        if path.suffix in (".scn", ".py", ".sh") and (
                not patterns or any(p in path.stem for p in patterns)):
            yield Scenario(path)

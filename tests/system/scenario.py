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
    busy N            the processors that its guests keep busy in QEMU for long: 1, or all that
                      there are with 'also'
    exit STATUS       what hanok-vm must return (0)
    dts               the configuration itself follows, up to a line 'end'
    only ENGINE: WHY  the others of ENGINES cannot do it, and why
    in ENGINE LINE    this line for that engine only
    also ENGINE-N     once more in that engine, with N processors
In values, \\xHH is the byte HH (\\x1d is Ctrl-]) only after 'send'.

An executable scenarios/NAME.py or NAME.sh is run as it is and passes with exit status 0; comment
lines '# cost: N', '# timeout: N', '# cpus: N', '# busy: N', '# only ENGINE: WHY' and
'# also ENGINE-N' in it are read. vm.py lets it boot in the engine that is its turn.
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEFAULT_TIMEOUT = 300
DEFAULT_CPUS = 2
ENGINES = ("bochs", "qemu")  # those that every scenario runs in


class Scenario:
    def __init__(self, path):
        self.path, self.name, self.engines = path, path.stem, ENGINES
        self.cost, self.timeout, self.status, self.cpus = 60.0, DEFAULT_TIMEOUT, 0, DEFAULT_CPUS
        self.busy = None
        self.options = []
        (self.read_script if path.suffix != ".scn" else self.read_options)(path.read_text())

    def read_script(self, text):
        for key, value in re.findall(r"^# (cost|timeout|cpus|busy): (\d+)$", text, re.M):
            setattr(self, key, int(value))
        for word, value in re.findall(r"^# (only|also) (.*)$", text, re.M):
            self.say_where(word, value)

    def say_where(self, word, value):
        if word == "also":
            self.engines += (value,)
            return
        name, _, reason = value.partition(": ")
        if not reason:
            raise ValueError(f"{self.path}: `only {value}` does not say why")
        self.engines = (name,)

    def read_options(self, text):
        lines = iter(text.splitlines())
        for line in lines:
            word, _, value = line.strip().partition(" ")
            if not word or word.startswith("#"):
                continue
            engine = None
            if word == "in":
                engine, word, value = (value.split(" ", 2) + [""])[:3]
            value = value.strip()
            if word == "dts":
                self.options.append((None, "--config=" + self.inline_config(lines)))
            elif word == "cost":
                self.cost = float(value)
            elif word in ("exit", "busy"):
                setattr(self, {"exit": "status"}.get(word, word), int(value))
            elif word in ("only", "also"):
                self.say_where(word, value)
            else:
                self.add_option(word, value, engine)

    def add_option(self, word, value, engine):
        if word == "timeout":
            self.timeout = int(value)
        elif word == "cpus":
            self.cpus = int(value)
        elif word == "config" and (self.path.parent / value).exists():
            value = str(self.path.parent / value)
        elif word == "send":
            value = re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), value)
        self.options.append((engine, f"--{word}={value}"))

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

    def argv(self, where):
        engine, cpus = where_split(where)
        if self.path.suffix != ".scn":
            return ["env", "HANOK_ENGINE=" + engine, f"HANOK_CPUS={cpus or ''}", str(self.path)]
        options = [f"--engine={engine}"]
        options += [option for only, option in self.options if only in (None, engine)]
        if cpus:
            options.append(f"--cpus={cpus}")
        if not any(o.startswith("--timeout") for o in options):
            options.append(f"--timeout={self.timeout}")
        return [str(ROOT / "tests/system/hanok-vm")] + options

    def slots(self, where):
        """Processors that it keeps busy at once: Bochs has one thread, QEMU one per processor, most of
        which sleep most of the time."""
        engine, cpus = where_split(where)
        one = engine == "bochs" or (engine, "--threads=one") in self.options
        return 1 if one else self.busy or cpus or 1


def where_split(where):
    """An engine, and a number of processors or None, from "qemu" or "qemu-4"."""
    engine, _, cpus = where.partition("-")
    return engine, int(cpus) if cpus else None


def find(folder, patterns=()):
    """(scenario, ENGINE or ENGINE-N) of a folder whose NAME@ENGINE contains one of the patterns (all
    without any)."""
    for path in sorted(folder.glob("*")):
        if path.suffix not in (".scn", ".py", ".sh"):
            continue
        item = Scenario(path)
        for where in item.engines:
            if not patterns or any(p in f"{item.name}@{where}" for p in patterns):
                yield item, where

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# busy: 2
# cost: 80
# timeout: 900
# only qemu: Bochs has neither VT-d nor SR-IOV
"""Three Debian guests on one network card: alpha and beta have a virtual function each, gamma a port
of the switch whose uplink is the card itself. Each gets its lease from the emulator's network; each
reaches the two others and that network, and what is sent arrives byte for byte. Then the functions
are put into a VLAN, where they reach each other and nobody else, and taken out of it.

HANOK_MIB: how much each transfer moves, each way; without it 4 MiB, one way. By hand: HANOK_MIB=100."""
import os
import pathlib
import sys

# Instead of this folder, whose http.py is none of Python's.
sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)
import loopback  # noqa: E402
import vm  # noqa: E402

MIB = int(os.environ.get("HANOK_MIB", "4"))
FUNCTION = 'vf0 {{ compatible = "hanok,vf"; pf = "0000:01:00.0"; index = <{}>; mac = [02 00 00 00 00 {}]; }};'
PORT = 'net0 {{ compatible = "hanok,nic"; switch = <&wire>; mac = [02 00 00 00 00 {}]; }};'
GUESTS = {"alpha": (1, FUNCTION.format(0, "0a")), "beta": (2, FUNCTION.format(1, "0b")),
          "gamma": (3, PORT.format("0c"))}
FAILS = ["--fail=Oops|BUG:|Kernel panic|Call Trace|soft lockup|rcu.*stall|VMs are refused|crashed|"
         "blocked:"]


def config():
    """A second address each, 10.9.0.N: leases may differ from run to run."""
    vms = [(name, 'memory-mib = <160>; kernel = "vmlinuz"; initrd = "initrd.img"; autostart; '
            'bootargs = "console=ttyS0 quiet cryptomgr.notests=1 '
            f'hanok.name={name} hanok.eth0=dhcp"; {nic}') for name, (_, nic) in GUESTS.items()]
    switch = 'switches { wire: wire { compatible = "hanok,switch"; mode = "bridge"; }; };\nvms {'
    return vm.config(*vms).replace("vms {", switch, 1)


def address(name):
    return f"10.9.0.{GUESTS[name][0]}"


def at(name, *steps):
    """At the guest's own console."""
    return [vm.send(f"vm console {name}"), vm.send(""), vm.expect(f"{name}#"), *steps,
            vm.send("\x1d"), vm.expect("hanok>")]


def begin(name):
    """Whatever comes is compared with what is due, again and again."""
    return at(name, vm.send(f"ip addr add {address(name)}/24 dev eth0; "
                            "while true; do bulk serve 5000; done &"), vm.expect("BULK waits"))


def ping(to):
    return [vm.send(f"ping -c 1 {to}"),
            vm.expect("1 packets transmitted, 1 packets received, 0% packet loss")]


def fetch():
    return [vm.send(f"wget -q -O - '{server.url('data')}' | sha256sum"), vm.expect(server.digest)]


def transfer(name, to, mib):
    return [at(name, vm.send(f"bulk send {address(to)} 5000 {mib}"), vm.expect("BULK sent")),
            at(to, vm.expect(f"BULK received {mib << 20} bytes, 0 chunks differ, .* s"))]


def no_answer(to):
    return [vm.send(f"ping -c 1 -W 1 {to}"),
            vm.expect("1 packets transmitted, 0 packets received, 100% packet loss")]


def vlan():
    """The card adds and takes away the tag, at once, and the guests know nothing of it."""
    def both(what):
        return [vm.command(f"vf set {name}.vf0 vlan {what}") for name in ("alpha", "beta")]

    return [vm.command("vf set alpha.vf0 vlan 10"),
            at("alpha", *no_answer(address("beta")), *no_answer(address("gamma"))),
            both("10"), vm.command("vf list", "MAC 02:00:00:00:00:0b, VLAN 10,"),
            at("alpha", *ping(address("beta")), *no_answer(address("gamma"))),
            both("off"), at("beta", *ping(address("alpha")), *ping(address("gamma")))]


def steps():
    yield [vm.expect("switch wire: 82576 at .* is its uplink")]
    yield [[vm.expect(r"LEASE eth0 10\.0\.2\.\d+/24 router=10\.0\.2\.2")] for _ in GUESTS]
    yield [vm.expect("HANOK-GUEST-READY name=")]
    yield [begin(name) for name in GUESTS]
    for name in GUESTS:
        yield at(name, *ping(loopback.HOST), *[ping(address(to)) for to in GUESTS if to != name],
                 *fetch())
    # Each a MiB longer than the one before, so that none is taken for another.
    pairs = [(a, b) for a in GUESTS for b in GUESTS if a != b]
    if "HANOK_MIB" not in os.environ:
        pairs = [("alpha", "beta"), ("beta", "gamma"), ("gamma", "alpha")]
    yield [transfer(a, b, MIB + i) for i, (a, b) in enumerate(pairs)]
    yield vlan()
    yield vm.command("vf list", r"alpha\.vf0 +0000:01:10\.0 +given", r"beta\.vf0 +0000:01:10\.2 +given")
    yield vm.command("iommu verify", "2 VMs with devices of their own")
    yield vm.command("net stats", "gamma")
    yield vm.command("mem", "failed: 0 page and 0 heap allocations, 0 wrong frees")


loopback.enter_namespace()
server = loopback.Server(MIB << 20, None)
result = vm.run(config(), list(steps()), {"vmlinuz": "build/assets/vmlinuz-generic",
                                          "initrd.img": "build/assets/initrd.img"}, 850,
                [*FAILS, "--nic=igb", "--memory=2048", *sys.argv[1:]])
vm.check(result.status == 0, f"every guest reached the two others and the network, {MIB} MiB each")
vm.done()

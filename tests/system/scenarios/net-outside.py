#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# busy: 2
# cost: 150
# timeout: 1800
"""A Debian guest and the world outside, by every network card that there is a driver for. Behind a
NAT switch: a lease from the gateway, a name by its relay, 10 MB byte for byte from the host's
loopback and back through a port forward. On a bridge: a lease from the emulator's own server,
and the same 10 MB. Both: packets of the MTU pass whole, longer ones get an error."""
import pathlib
import sys

# Instead of this folder, whose http.py is none of Python's.
sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)
import loopback  # noqa: E402
import vm  # noqa: E402

loopback.enter_namespace()

NAME, ADDRESS = "files.test", "192.0.2.77"
SIZE = 10 * 1000 * 1000
MODEL = {"e1000": "82540EM", "e1000e": "82574L", "igb": "82576", "virtio-net-pci": "virtio-net"}
QEMU_CARDS = ("igb", "e1000e", "virtio-net-pci")
# What one boot tries: Bochs has one card, and a card has one switch.
BOOTS = {"bochs": [[("nat", "e1000")], [("bridge", "e1000")]],
         "qemu": [[("nat", c) for c in QEMU_CARDS] + [("bridge", c) for c in QEMU_CARDS]]}
FAILS = ["--fail=Oops|BUG:|Kernel panic|Call Trace|soft lockup|rcu.*stall|VMs are refused|crashed"]
came_back = {}


def config(networks):
    """A switch and a guest's NIC for each of them, in this order."""
    switches, nics, boot = "", "", ""
    for i, (mode, _) in enumerate(networks):
        uplink = f'uplink = "0000:{i + 1:02x}:00.0";' if len(networks) > 1 else ""
        nat = (f'subnet = "10.20{i}.0.0/24"; dns = "{loopback.HOST}"; '
               'forward = "tcp:8080:web:80";') if mode == "nat" else ""
        switches += f'lan{i}: lan{i} {{ compatible = "hanok,switch"; mode = "{mode}"; {uplink} {nat} }};\n'
        nics += f'net{i} {{ compatible = "hanok,nic"; switch = <&lan{i}>; }};\n'
        boot += f" hanok.eth{i}=dhcp" if mode == "nat" else ""
    text = vm.config(("web", 'memory-mib = <192>; kernel = "vmlinuz"; initrd = "initrd.img"; '
                      'autostart; bootargs = "console=ttyS0 quiet cryptomgr.notests=1 '
                      f'hanok.name=web{boot}"; {nics}'))
    return text.replace("vms {", "switches { " + switches + " };\nvms {", 1)


def get(path, to):
    return f"wget -q -O {to} '{server.url(path)}'"


def fetch_and_ping(i):
    """10 MB are right, and the path's MTU is 1500."""
    return [vm.send(f"rm -f /www/data; {get('data', '/www/data')}; sha256sum /www/data"),
            vm.expect(server.digest),
            vm.send(f"bulk ping {loopback.HOST} 1472"), vm.expect("BULK ping 1472: good"),
            vm.send(f"bulk ping {loopback.HOST} 1473"),
            vm.expect("BULK ping 1473: Message too long, mtu 1500"), vm.send(f"echo net{i} d'o'ne"),
            vm.expect(f"net{i} done")]


def behind_nat(i):
    gateway = f"10.20{i}.0.1"
    return [vm.send(f"ip route replace default via {gateway} dev eth{i}; ip addr show eth{i}"),
            vm.expect(rf"inet 10\.20{i}\.0\.\d+/24"),
            vm.send(f"nslookup {NAME} {gateway}"), vm.expect(rf"Address.*{ADDRESS}\b"),
            fetch_and_ping(i),
            # From here on the host comes in by the forward: serve() below.
            vm.send(get(f"go?{i}", "/dev/null")), vm.expect(rf"url:/got-{i}\b")]


def on_bridge(i):
    return [vm.send(f"ip link set eth{i} up; udhcpc -n -q -t 10 -i eth{i}"),
            vm.expect(rf"LEASE eth{i} 10\.0\.2\.\d+/24 router=10\.0\.2\.2"),
            fetch_and_ping(i), vm.send(f"ip addr flush dev eth{i}; ip link set eth{i} down")]


def serve(i):
    """The guest has the data and waits: it must come back through the forward."""
    port = ports[int(i)]
    came_back[int(i)] = loopback.fetch(port, "data", 300) == server.data
    loopback.fetch(port, f"got-{i}", 60)


def boot(networks):
    global ports  # pylint: disable=global-statement
    ports = [loopback.free_port() for _ in networks]
    kinds = {"nat": behind_nat, "bridge": on_bridge}
    options = [f"--hostfwd={f'{i}/' if i else ''}tcp:127.0.0.1:{port}-:8080"
               for i, port in enumerate(ports)]
    if vm.ENGINE == "qemu":
        options += [f"--nic={card}" for _, card in networks]
    steps = [vm.expect(rf"switch lan{i}: {MODEL[card]} at .* is its uplink")
             for i, (_, card) in enumerate(networks)]
    steps += [vm.expect("gateway: uplink has 10.0.2.15, router 10.0.2.2") for mode, _ in networks
              if mode == "nat"]
    steps += [vm.expect("HANOK-GUEST-READY name="), vm.send("vm console web"), vm.send(""),
              vm.expect("web#"), vm.send("mkdir /www; httpd -f -vv -p 80 -h /www &")]
    steps += [kinds[mode](i) for i, (mode, _) in enumerate(networks)]
    steps += [vm.send("\x1d"), vm.command("net list", r"lan0 +(nat|bridge)"),
              vm.command("mem", "failed: 0 page and 0 heap allocations, 0 wrong frees")]
    result = vm.run(config(networks), steps,
                    {"vmlinuz": "build/assets/vmlinuz-cloud",
                     "initrd.img": "build/assets/initrd.img"}, 900, [*FAILS, *options])
    vm.check(result.status == 0, "every step was answered: " +
             ", ".join(f"{mode} by {card}" for mode, card in networks))
    for i, (mode, card) in enumerate(networks):
        if mode == "nat":
            vm.check(came_back.pop(i, False), f"10 MB came back through the forward, by {card}")


ports = []
server = loopback.Server(SIZE, serve)
loopback.Dns(NAME, ADDRESS)
for networks in BOOTS[vm.ENGINE]:
    boot(networks)
vm.done()

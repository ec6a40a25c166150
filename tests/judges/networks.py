#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Other people's programs judge the NAT gateway: each DHCP client gets its lease from it, with
router, relay and MTU, renews it and gives it back; what went over the guest's port meanwhile,
with names looked up and a file fetched, has neither a malformed packet nor a bad checksum for
tshark."""
import base64
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))
import loopback  # noqa: E402
import vm  # noqa: E402

loopback.enter_namespace()

NAME, ADDRESS = "files.test", "192.0.2.77"
GIVEN = "10.7.0.20"
JUDGES = ROOT / "build/judges"
LEASE = f"ip={GIVEN} router=10.7.0.1 dns=10.7.0.1 mtu=1400"
# What no frame may be, for tshark.
BAD = " || ".join(["_ws.malformed", *(f"{p}.checksum.status == 0" for p in ("ip", "udp", "tcp", "icmp"))])
# A client's own files in the guest, each of one line.
FILES = {
    "/etc/passwd": "systemd-network:x:998:998::/:/bin/sh",
    "/etc/group": "systemd-network:x:998:",
    "/etc/machine-id": "0123456789abcdef0123456789abcdef",
    "/etc/dhclient.conf": "request subnet-mask, routers, domain-name-servers, interface-mtu;",
}
# What dhclient and dhcpcd run with what they were told.
HOOK = (r"#!/bin/sh\ncase $reason in BOUND|RENEW|REBOOT) ip addr replace $new_ip_address/24 dev eth0; "
        r"echo HOOK-$reason ip=$new_ip_address router=$new_routers "
        r"dns=$new_domain_name_servers mtu=$new_interface_mtu;; esac\n")
NETWORK = (r"[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n"
           r"IPv6AcceptRA=no\n[DHCPv4]\nUseMTU=yes\nClientIdentifier=mac\n")
CONFIG = vm.config(("web", 'memory-mib = <256>; kernel = "vmlinuz"; initrd = "initrd.img"; '
                    'autostart; bootargs = "console=ttyS0 quiet cryptomgr.notests=1 hanok.name=web"; '
                    f'net0 {{ compatible = "hanok,nic"; switch = <&lan>; address = "{GIVEN}"; }};'))
CONFIG = CONFIG.replace("vms {", f"""switches {{ lan: lan {{ compatible = "hanok,switch"; mode = "nat";
	subnet = "10.7.0.0/24"; mtu = <1400>; dns = "{loopback.HOST}"; }}; }};\n\tvms {{""", 1)


def answered(command, *answers):
    """A command in the guest, what must come of it, and that it has ended."""
    answered.count += 1
    word = f"STEP-{answered.count}"
    return [vm.send(f"{command}; echo {word[:4]}''{word[4:]}"), *map(vm.expect, answers),
            vm.expect(rf"{word}\b")]


answered.count = 0


def prepare():
    steps = [answered("mkdir -p /etc/systemd/network /run/systemd/netif/leases "
                      "/run/systemd/netif/links /run/systemd/netif/lldp /tmp; "
                      "chown -R 998:998 /run/systemd; mount -o remount,ro /sys")]
    steps += [answered(f"echo '{text}' >{path}") for path, text in FILES.items()]
    return steps + [answered(f"printf '{HOOK}' >/bin/hook; chmod 755 /bin/hook"),
                    answered(f"printf '{NETWORK}' >/etc/systemd/network/eth0.network"),
                    answered("ip link set eth0 up")]


def bound():
    """As the gateway sees it, too: by the guest's console's escape and back."""
    return [vm.send("\x1d"), vm.expect("hanok> "), vm.send("net leases lan"),
            vm.expect(rf"{re.escape(GIVEN)} +\S+ +bound"), vm.expect("hanok> "),
            vm.send("vm console web"), vm.expect("attached")]


def forget():
    return answered("ip addr flush dev eth0; ip route flush dev eth0")


def udhcpc():
    lease = rf"LEASE eth0 {re.escape(GIVEN)}/\S+ router=10.7.0.1 dns=10.7.0.1 mtu=1400"
    return [vm.send("udhcpc -f -t 10 -i eth0 -O mtu -p /tmp/pid &"), vm.expect(lease), bound(),
            vm.send("kill -USR1 $(cat /tmp/pid)"), vm.expect("sending renew"), vm.expect(lease),
            vm.send("kill -USR2 $(cat /tmp/pid)"), vm.expect("entering released state"),
            answered("kill $(cat /tmp/pid)"), forget()]


def dhclient():
    files = "-sf /bin/hook -cf /etc/dhclient.conf -lf /tmp/leases -pf /tmp/pid eth0"
    return [answered(f"touch /tmp/leases; /usr/sbin/dhclient -4 -1 {files}", f"HOOK-BOUND {LEASE}"), bound(),
            # It has the lease on file: it asks for this very address again, and the server agrees.
            answered(f"kill $(cat /tmp/pid); /usr/sbin/dhclient -4 -1 {files}", f"HOOK-REBOOT {LEASE}"),
            answered(f"/usr/sbin/dhclient -4 -r -v {files}", rf"DHCPRELEASE of {re.escape(GIVEN)}"), forget()]


def dhcpcd():
    options = "-4 -c /bin/hook -f /dev/null -o routers -o domain_name_servers -o interface_mtu"
    return [vm.send(f"/usr/sbin/dhcpcd {options} -B -t 20 eth0 &"),
            vm.expect(f"HOOK-BOUND {LEASE}"), bound(),
            vm.send(f"/usr/sbin/dhcpcd {options} -N eth0"), vm.expect(f"HOOK-RENEW {LEASE}"),
            answered(f"/usr/sbin/dhcpcd {options} -k eth0", "releas"), forget()]


def networkd():
    return [vm.send("SYSTEMD_LOG_LEVEL=info /usr/lib/systemd/systemd-networkd &"),
            vm.expect(rf"eth0: DHCPv4 address {re.escape(GIVEN)}/24.* gateway 10\.7\.0\.1 acquired"),
            answered("cat /run/systemd/netif/leases/*", rf"ADDRESS={re.escape(GIVEN)}",
                     "ROUTER=10.7.0.1", "MTU=1400", "DNS=10.7.0.1"), bound(),
            answered("cat /sys/class/net/eth0/mtu", "^1400")]


def traffic():
    url = server.url("data")
    return [answered(f"nslookup {NAME} 10.7.0.1", rf"Address.*{re.escape(ADDRESS)}"),
            answered(f"ping -c 2 -s 1372 {loopback.HOST}", "2 packets received"),
            answered(f"wget -q -O /tmp/data '{url}'; sha256sum /tmp/data", server.digest)]


def tshark(pcap, *arguments):
    """What tshark says of the packets that a filter lets through, one line each."""
    (JUDGES / "root/tmp").mkdir(exist_ok=True)
    (JUDGES / "root/tmp/capture.pcap").write_bytes(pcap)
    checks = [f"-o{p}.check_checksum:TRUE" for p in ("ip", "tcp", "udp")]
    done = subprocess.run(["unshare", "-r", "chroot", str(JUDGES.resolve() / "root"), "/usr/bin/tshark",
                           "-r", "/tmp/capture.pcap", *checks, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    vm.check(done.returncode == 0, f"tshark reads the capture{done.stderr[-200:] if done.returncode else ''}")
    return done.stdout.splitlines()


def judge(text):
    found = re.search(r"decoded it is a pcap file\n(.*?)end of capture", text, re.S)
    vm.check(found, "the capture came over the console")
    if not found:
        return
    pcap = base64.b64decode("".join(found.group(1).split()))
    protocols = {line.strip() for line in tshark(pcap, "-T", "fields", "-e", "_ws.col.Protocol")}
    frames = tshark(pcap)
    vm.check({"ARP", "DHCP", "DNS", "ICMP", "TCP", "HTTP"} <= protocols,
             f"{len(frames)} frames of {', '.join(sorted(protocols))}")
    guest = tshark(pcap, "-Y", "dhcp.option.dhcp == 1", "-T", "fields", "-e", "eth.src")[0]
    for what, only in ("gateway", f"eth.src != {guest}"), ("guest", f"eth.src == {guest}"):
        wrong = tshark(pcap, "-Y", f"({only}) && ({BAD})")
        vm.check(not wrong, "\n    ".join([f"none malformed, no bad checksum from the {what}", *wrong[:5]]))
    spoiled = bytearray(pcap)
    spoiled[len(pcap) // 2] ^= 1
    vm.check(len(tshark(bytes(spoiled), "-Y", BAD)) == 1, "one bit flipped: tshark sees that")


server = loopback.Server(40000, lambda _text: None)
loopback.Dns(NAME, ADDRESS)
steps = [vm.expect("gateway: uplink has 10.0.2.15"), vm.expect("HANOK-GUEST-READY name="),
         vm.command("net capture web.net0 start"), vm.send("vm console web"), vm.send(""),
         vm.expect("web#"), prepare(), udhcpc(), dhclient(), dhcpcd(), networkd(), traffic(),
         vm.send("\x1d"), vm.expect("hanok> "), vm.send("net capture web.net0 pcap"),
         vm.expect("end of capture"), vm.expect("hanok> ")]
result = vm.run(CONFIG, steps, {"vmlinuz": "build/assets/vmlinuz-cloud",
                                "initrd.img": "build/judges/initrd.img"}, 120,
                ["--fail=Oops|BUG:|Kernel panic|crashed"])
vm.check(result.status == 0, "udhcpc, dhclient, dhcpcd and systemd-networkd were served")
judge(result.text)
vm.done()

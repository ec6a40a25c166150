# SPDX-License-Identifier: BSD-2-Clause
"""What a machine that boots from the network talks to: an HTTP server on loopback, and a proxy
DHCP server that tells its address.

QEMU's user network leases addresses and has TFTP, but cannot say "HTTPClient" (UEFI 2.10,
24.7.3.1), without which firmware asks no HTTP server. A second server on the same wire may say
just that, and leave addresses to the first (as in PXE 2.1, 2.2.3): it sees whole frames here."""
import functools
import http.server
import os
import socket
import struct
import threading

HOST = "10.0.2.2"  # the host, as the user network shows it
PROXY, PROXY_MAC = "10.0.2.3", b"\x52\x54\x00\x12\x34\xfe"
BROADCAST = b"\xff" * 6
IPV4, UDP, PORT_SERVER, PORT_CLIENT = 0x0800, 17, 67, 68
MAGIC = b"\x63\x82\x53\x63"
TYPE, SERVER_ID, VENDOR_CLASS, BOOT_FILE, END = 53, 54, 60, 67, 255
DISCOVER, OFFER = 1, 2
HTTP_CLIENT = b"HTTPClient"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files of a folder; every request is remembered in `served`, not printed."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code="-", size="-"):
        self.server.served.append((self.path, int(code)))

    def log_message(self, *_unused):
        pass


class HttpServer:
    """A folder's files at url(name), until close()."""

    def __init__(self, folder):
        handler = functools.partial(Quiet, directory=folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads, self.server.served = True, []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://{HOST}:{self.server.server_address[1]}/{name}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def options_of(packet):
    """{code: value} of the options of a BOOTP packet; {} when it is none of DHCP."""
    found, at = {}, 240
    if packet[236:240] != MAGIC:
        return found
    while at + 1 < len(packet) and packet[at] != END:
        if packet[at]:
            found[packet[at]] = packet[at + 2:at + 2 + packet[at + 1]]
            at += 1 + packet[at + 1]
        at += 1
    return found


def option(code, value):
    return bytes([code, len(value)]) + value


def request_of(frame):
    """The BOOTP packet in a frame to a DHCP server; None in any other frame."""
    if len(frame) < 42 + 240 or struct.unpack_from("!H", frame, 12)[0] != IPV4 or frame[23] != UDP:
        return None
    start = 14 + 4 * (frame[14] & 15)
    if struct.unpack_from("!H", frame, start + 2)[0] != PORT_SERVER:
        return None
    return frame[start + 8:]


def offer_for(request, url):
    """The frame that answers a DISCOVER of an HTTP client; None to any other request."""
    asked = options_of(request)
    if asked.get(TYPE) != bytes([DISCOVER]) or \
            not asked.get(VENDOR_CLASS, b"").startswith(HTTP_CLIENT):
        return None
    server = socket.inet_aton(PROXY)
    reply = bytearray(request[:236])
    reply[0] = 2  # BOOTREPLY; no address is given
    reply[12:28] = bytes(8) + server + bytes(4)
    reply += MAGIC + option(TYPE, bytes([OFFER])) + option(SERVER_ID, server)
    reply += option(VENDOR_CLASS, HTTP_CLIENT) + option(BOOT_FILE, url.encode()) + bytes([END])
    datagram = struct.pack("!HHHH", PORT_SERVER, PORT_CLIENT, 8 + len(reply), 0) + reply
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 0, 0, 64, UDP, 0, server,
                       b"\xff" * 4)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return BROADCAST + PROXY_MAC + struct.pack("!H", IPV4) + head + datagram


class ProxyDhcp(threading.Thread):
    """Answers on the wire that QEMU's `-netdev dgram` makes of two sockets in a folder."""

    def __init__(self, folder, url):
        super().__init__(daemon=True)
        self.ours, self.theirs = os.path.join(folder, "dhcp"), os.path.join(folder, "wire")
        self.url, self.socket = url, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.ours)
        self.start()

    def netdev(self, name):
        """The value of QEMU's -netdev."""
        return (f"dgram,id={name},local.type=unix,local.path={self.theirs},"
                f"remote.type=unix,remote.path={self.ours}")

    def run(self):
        while True:
            request = request_of(self.socket.recv(65536))
            offer = request and offer_for(request, self.url)
            if offer:
                try:
                    self.socket.sendto(offer, self.theirs)
                except OSError:
                    return  # the machine is gone

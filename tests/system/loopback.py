# SPDX-License-Identifier: BSD-2-Clause
"""What the networks of guests are tried against: servers on the host's loopback, which guests see
as 10.0.2.2 through the emulator's user network."""
import array
import fcntl
import hashlib
import http.client
import http.server
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import threading

HOST = "10.0.2.2"
DNS_PORT = 53
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
TYPE_A, CLASS_IN, ANSWER = 1, 1, 0x8580
IN_NAMESPACE = "HANOK_NET_NAMESPACE"


def enter_namespace():
    """Go on in a network namespace of our own where that is allowed: its loopback has all ports
    free, that of DNS as well, and nobody else is disturbed."""
    tool = shutil.which("unshare")
    own = [tool, "--user", "--map-root-user", "--net"] if tool else []
    if IN_NAMESPACE not in os.environ and own and subprocess.run([*own, "true"]).returncode == 0:
        os.environ[IN_NAMESPACE] = "1"
        os.execv(tool, [*own, sys.executable, *sys.argv])
    if IN_NAMESPACE in os.environ:
        raise_loopback()


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = array.array("B", struct.pack("16sh14x", b"lo", 0))
        fcntl.ioctl(s, SIOCGIFFLAGS, request)
        flags = struct.unpack_from("h", request, 16)[0]
        struct.pack_into("h", request, 16, flags | IFF_UP)
        fcntl.ioctl(s, SIOCSIFFLAGS, request)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Dns(threading.Thread):
    """Knows one name's IPv4 address, and says so to whoever asks anything."""

    def __init__(self, name, address):
        super().__init__(daemon=True)
        self.question = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"
        self.address = socket.inet_aton(address)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", DNS_PORT))
        self.start()

    def answer(self, query):
        end = 12 + len(self.question)
        if query[12:end].lower() != self.question:
            return query[:2] + struct.pack("!HHHHH", ANSWER | 3, 1, 0, 0, 0) + query[12:]
        asked = struct.unpack_from("!HH", query, end)
        known = asked == (TYPE_A, CLASS_IN)
        head = query[:2] + struct.pack("!HHHHH", ANSWER, 1, int(known), 0, 0) + query[12:end + 4]
        return head + struct.pack("!HHHIH", 0xc00c, TYPE_A, CLASS_IN, 60, 4) + self.address \
            if known else head

    def run(self):
        while True:
            query, client = self.socket.recvfrom(512)
            if len(query) >= 16:
                self.socket.sendto(self.answer(query), client)


class Files(http.server.BaseHTTPRequestHandler):
    """/data is what is to arrive; /go?TEXT tells the server's owner."""

    protocol_version = "HTTP/1.0"

    def do_GET(self):  # pylint: disable=invalid-name
        path, _, text = self.path.partition("?")
        body = {"/data": self.server.data, "/go": b""}.get(path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")
        if path == "/go":
            self.server.go(text)

    def log_message(self, *_unused):
        pass


class Server:
    """An HTTP server with `size` random bytes at /data; calls go(TEXT), in a thread of its own,
    when somebody asks for /go?TEXT."""

    def __init__(self, size, go):
        self.data = random.Random(1).randbytes(size)
        self.digest = hashlib.sha256(self.data).hexdigest()
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
        self.http.daemon_threads, self.http.data, self.http.go = True, self.data, go
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://{HOST}:{self.http.server_address[1]}/{path}"


def fetch(port, path, timeout):
    """The body of http://127.0.0.1:PORT/PATH."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request("GET", "/" + path)
    return connection.getresponse().read()

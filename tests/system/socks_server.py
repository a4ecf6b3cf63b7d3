"""A SOCKS5 proxy for tests (RFC 1928, RFC 1929): records whom it is asked for and with what credentials, and
fails where it is told to. Standard library only."""

import select
import socket
import socketserver
import struct
import threading
import time
from dataclasses import dataclass


@dataclass
class Asked:
    """One connection. What had not been said yet when it ended is None."""

    methods: bytes = None
    user: bytes = None
    password: bytes = None
    kind: int = None  # of the address: 1, 3 or 4
    host: str = None
    port: int = None
    sent: bytes = b""  # the first bytes that went through to the target
    early: bytes = b""  # what came before it was its turn


class Socks(socketserver.ThreadingTCPServer):
    """names: where the names lead that only this server knows.

    failure: None, or one of
      "method=N", "status=N", "reply=N"   the second byte of that message is N, and the connection closes
      "cut=NAME:N"                        the message of that name (method, status, reply) ends after N bytes
      "garbage=NAME"                      something else in its place
      "close"                             nothing at all is said
    pace: seconds between two bytes of what it says; kind: of the address in its reply.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, names):
        super().__init__(("127.0.0.1", 0), Handler)
        self.names = names
        self.failure, self.pace, self.kind = None, 0, 1
        self.lock = threading.Lock()
        self.asked = []

    @property
    def url(self):
        return "socks5h://%s:%d" % self.server_address

    def start(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass


class Failed(Exception):
    pass


class Handler(socketserver.BaseRequestHandler):
    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.request.recv(size - len(data))
            if not piece:
                raise Failed
            data += piece
        return data

    def say(self, name, data):
        # Nobody speaks before it is answered.
        if select.select([self.request], [], [], 0)[0]:
            self.asked.early += self.request.recv(65536, socket.MSG_PEEK)
        how, _, where = (self.server.failure or "").partition("=")
        fails = False
        if how == name:
            data, fails = data[:1] + bytes([int(where)]) + data[2:], True
        if how == "cut" and where.startswith(name + ":"):
            data, fails = data[:int(where.split(":")[1])], True
        if how == "garbage" and where == name:
            data, fails = b"HTTP/1.1 400 Bad Request\r\n\r\n", True
        for byte in data if self.server.pace else ():
            time.sleep(self.server.pace)
            self.request.sendall(bytes([byte]))
        if not self.server.pace:
            self.request.sendall(data)
        if fails:
            raise Failed

    def handle(self):
        self.asked = Asked()
        with self.server.lock:
            self.server.asked.append(self.asked)
        try:
            self.serve()
        except (Failed, OSError):
            pass

    def serve(self):
        asked = self.asked
        if self.server.failure == "close":
            raise Failed
        version, count = self.read(2)
        assert version == 5
        asked.methods = self.read(count)
        self.say("method", b"\5\2")
        version, size = self.read(2)
        assert version == 1
        asked.user = self.read(size)
        asked.password = self.read(self.read(1)[0])
        self.say("status", b"\1\0")
        version, command, reserved, asked.kind = self.read(4)
        assert (version, command, reserved) == (5, 1, 0)
        if asked.kind == 3:
            asked.host = self.read(self.read(1)[0]).decode()
        else:
            family = socket.AF_INET if asked.kind == 1 else socket.AF_INET6
            asked.host = socket.inet_ntop(family, self.read(4 if asked.kind == 1 else 16))
        asked.port = struct.unpack(">H", self.read(2))[0]
        bound = {1: b"\1" + bytes(4), 3: b"\3\5bound", 4: b"\4" + bytes(16)}[self.server.kind]
        if (asked.host, asked.port) not in self.server.names:
            self.say("reply", b"\5\4\0\1" + bytes(6))
            return
        with socket.create_connection(self.server.names[asked.host, asked.port]) as target:
            self.say("reply", b"\5\0\0" + bound + b"\0\0")
            self.pump(target)

    def pump(self, target):
        """Until both directions have ended."""
        def back():
            how = socket.SHUT_WR
            try:
                while piece := target.recv(65536):
                    self.request.sendall(piece)
            except OSError:
                how = socket.SHUT_RDWR  # a reset; also ends the reading below
            try:
                self.request.shutdown(how)
            except OSError:
                pass
        thread = threading.Thread(target=back, daemon=True)
        thread.start()
        try:
            while piece := self.request.recv(65536):
                self.asked.sent = (self.asked.sent + piece)[:4096]
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        thread.join()

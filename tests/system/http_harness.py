"""What the tests of the relay and the proxy share: a group with many tokens, servers as processes, and
HTTP byte by byte."""

import base64
import hashlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import threading
import time

from group_harness import NOW, T0, GroupTest
from harness import BLINDLEND, decode_text, make_folder
from stub_upstream import Upstream

SECRET = "sk-stub-000000000000000000000000000000"
# Sanitizers and busy machines take their time; nothing is proved by how long anything takes.
PATIENCE = 60


def prefix(data):
    return struct.pack(">Q", len(data)) + data


def canonical(method, target, headers, body):
    """11-http, CanonicalRequest, once more. headers: as FilterRequestHeaders returns them."""
    pairs = b"".join(prefix(name.encode()) + prefix(value.encode()) for name, value in headers)
    return (b"\1\x11" + prefix(method.encode()) + prefix(target.encode()) +
            struct.pack(">H", len(headers)) + pairs + prefix(body))


def authorization(sealed):
    return 'Blindlend borrow="%s"' % base64.urlsafe_b64encode(sealed).decode()


def make_lending_group(members=1, tokens=60, lenders="l"):
    """A folder with an admin a, members m0, m1, ..., lenders, and tokens of every member for every lender."""
    folder = make_folder()

    def run(*arguments):
        subprocess.run([BLINDLEND, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    run("admin", "init", "--dir", "a", "--group", "a group", "--bits", "2048", "--out", "admin.pub")
    for lender in lenders:
        run("lender", "init", "--dir", lender, "--out", f"{lender}.pub")
    named = [word for lender in lenders for word in ("--lender", f"{lender}.pub")]
    run("admin", "epoch", "--dir", "a", "--quota", str(tokens * len(lenders)), "--days", "10", *named,
        "--out", "e1", "--now", str(T0))
    for i in range(members):
        run("member", "init", "--dir", f"m{i}", "--out", f"m{i}.pub")
        run("admin", "enroll", "--dir", "a", f"m{i}.pub", "--name", f"m{i}")
        run("member", "join", "--dir", f"m{i}", "e1", "--admin", "admin.pub")
        for lender in lenders:
            run("member", "request", "--dir", f"m{i}", "--lender", f"{lender}.pub", "--count", str(tokens),
                "--out", "rq", "--now", str(NOW))
            run("admin", "issue", "--dir", "a", "rq", "--out", "rs", "--now", str(NOW))
            run("member", "accept", "--dir", f"m{i}", "rs")
    for lender in lenders:
        run("lender", "join", "--dir", lender, "e1", "--admin", "admin.pub")
    with open(os.open(os.path.join(folder, "credential"), os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(f"x-api-key: {SECRET}\n")
    return folder


class Server:
    """A command that serves, as a process. address: where, once it is ready."""

    def __init__(self, folder, *arguments):
        self.said = b""
        self.process = subprocess.Popen([BLINDLEND, *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.address, self.listener = None, None
        end = time.monotonic() + PATIENCE
        found = None
        while not found and time.monotonic() < end:
            ready, _, _ = select.select([self.process.stdout], [], [], 1)
            if ready:
                piece = os.read(self.process.stdout.fileno(), 65536)
                if not piece:
                    break
                self.said += piece
                found = re.search(rb"^\w+ at https?://([^\s]+)\n", self.said, re.MULTILINE)
        if not found:
            self.process.wait(PATIENCE)
            self.process.stdout.close()
            return
        host, port = found[1].decode().rsplit(":", 1)
        self.address = (host, int(port))
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        for line in self.process.stdout:
            self.said += line

    def stop(self, how=signal.SIGTERM):
        """The status with which it ends. how: the signal that ends it, or None where it has been told already."""
        if how is not None:
            self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        if self.listener:
            self.listener.join()
        self.process.stdout.close()
        return status

    @property
    def url(self):
        return "http://%s:%d" % self.address


class Reply:
    """What came: status, headers, body, and how it ended: "clean", "cut" (closed too early), "reset" or
    "open" (nothing more within the time)."""

    def __init__(self, data, end):
        self.data, self.end = data, end
        self.status, self.headers, self.body = None, [], b""
        while True:
            head, mark, rest = data.partition(b"\r\n\r\n")
            if not mark:
                self.end = "nothing" if end == "cut" and not data else end
                return
            lines = head.decode("latin-1").split("\r\n")
            self.status = int(lines[0].split(" ")[1])
            if self.status >= 200:
                break
            data = rest
        self.headers = [(name.lower(), value) for name, value in
                        (line.split(": ", 1) for line in lines[1:])]
        if self.get("transfer-encoding") == "chunked":
            self.chunks(rest)
        else:
            self.body = rest
            length = self.get("content-length")
            if end == "cut" and (length is None or int(length) == len(rest)):
                self.end = "clean"

    def chunks(self, rest):
        self.pieces = []
        while True:
            size, mark, rest = rest.partition(b"\r\n")
            if not mark:
                return
            size = int(size, 16)
            if size == 0:
                if rest == b"\r\n" and self.end == "cut":
                    self.end = "clean"
                return
            self.pieces.append(rest[:size])
            self.body += rest[:size]
            if rest[size:size + 2] != b"\r\n":
                return
            rest = rest[size + 2:]

    def get(self, name):
        values = [value for key, value in self.headers if key == name]
        assert len(values) < 2, f"{name} twice"
        return values[0] if values else None

    @property
    def token(self):
        return self.get("blindlend-token")

    @property
    def code(self):
        return json.loads(self.body)["error"].get("code")

    @property
    def step(self):
        return json.loads(self.body)["error"].get("step")


def receive(connection, patience=PATIENCE):
    connection.settimeout(patience)
    data = bytearray()
    try:
        while True:
            piece = connection.recv(1 << 20)
            if not piece:
                return Reply(bytes(data), "cut")
            data += piece
    except socket.timeout:
        return Reply(bytes(data), "open")
    except ConnectionError:
        return Reply(bytes(data), "reset")


def ask(address, data, patience=PATIENCE):
    """Sends bytes, whatever they are, on a connection of their own, and takes what comes."""
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        try:
            connection.sendall(data)
        except ConnectionError:
            pass  # refused while it was being sent
        return receive(connection, patience)


def message(method, target, headers, body=b""):
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


class Tap(socketserver.ThreadingTCPServer):
    """Stands where a server is expected, at target. seen: (peer's address, moment, bytes of the request), one for each
    connection. before(raw): called before a request is passed on. answer(raw): the reply in the server's place, or
    None to pass on."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, target, host="127.0.0.1", before=None, answer=None):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), Passing)
        self.target, self.before, self.answer = target, before, answer
        self.seen = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self):
        host, port = self.server_address[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def stop(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass

    @property
    def borrows(self):
        """What was seen of requests with a token."""
        return [raw for _, _, raw in self.seen if b"\r\nAuthorization: Blindlend " in raw]


class Passing(socketserver.BaseRequestHandler):
    def handle(self):
        tap, data = self.server, b""
        while b"\r\n\r\n" not in data:
            piece = self.request.recv(65536)
            if not piece:
                return
            data += piece
        head = data.split(b"\r\n\r\n")[0]
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        while length and len(data) < len(head) + 4 + int(length[1]):
            data += self.request.recv(65536)
        tap.seen.append((self.client_address[0], time.monotonic(), data))
        if tap.before:
            tap.before(data)
        reply = tap.answer(data) if tap.answer else None
        if reply is not None:
            self.request.sendall(reply)
            return
        with socket.create_connection(tap.target, timeout=PATIENCE) as onward:
            onward.sendall(data)
            while piece := onward.recv(65536):
                self.request.sendall(piece)


def reply(status, value, token="unspent", *more):
    """What a lender may say."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    lines = [f"HTTP/1.1 {status} X", "content-type: application/json", f"blindlend-token: {token}",
             f"content-length: {len(body)}", "connection: close", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


SPEC = pathlib.Path(__file__).resolve().parents[2] / "spec" / "11-http.md"
ERRORS = {code: (int(status), kind, sentence) for code, status, kind, sentence in re.findall(
    r"^\| `(\w+)` \| (\d{3}) \| `(\w+)` \| (.+) \|$", SPEC.read_text(), re.MULTILINE)}


def own(code, token="unspent"):
    """A refusal as chapter 11's ErrorReply makes it."""
    status, kind, sentence = ERRORS[code]
    body = ('{"type":"error","error":{"type":"%s","message":"%s","code":"%s","step":"","param":null}}' % (kind, sentence, code))
    return reply(status, body.encode(), token)


def certificate(folder, name, host="localhost"):
    """A host's key and certificate, signed by itself: name.key and name.crt."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    f"{name}.key", "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={host}", "-addext",
                    f"subjectAltName={'IP' if host[0].isdigit() else 'DNS'}:{host}"], cwd=folder, check=True,
                   stderr=subprocess.DEVNULL)


CONTENT = [("content-type", "application/json")]


class LendingTest(GroupTest):
    """Tests with one stub upstream and one relay for the whole class, of the group in the class's folder."""

    template = None
    relay_arguments = ()
    group = {}
    serial = 0

    @classmethod
    def setUpClass(cls):
        cls.shared = make_lending_group(**cls.group)
        cls.stub = Upstream(credential=("x-api-key", SECRET)).start()
        cls.relay = cls.serve()

    @classmethod
    def tearDownClass(cls):
        cls.relay.stop()
        cls.stub.stop()
        shutil.rmtree(cls.shared)

    @classmethod
    def serve(cls, *more, lender="l", upstream=None, only=None):
        arguments = cls.relay_arguments if only is None else only
        return Server(cls.shared, "lender", "serve", "--dir", lender, "--listen", "127.0.0.1:0",
                      "--upstream", upstream or cls.stub.url, "--credential-file", "credential",
                      "--now", str(NOW), *arguments, *more)

    def setUp(self):
        super().setUp()
        shutil.rmtree(self.folder)
        self.folder = self.shared
        # Only the class removes the group.
        self._cleanups = [each for each in self._cleanups if each[0] is not shutil.rmtree]

    def look_for_secrets(self):
        pass

    def after(self, arguments, done):
        pass

    def wait_until(self, holds):
        end = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), end, "it does not come about")
            time.sleep(0.01)

    # One borrow, step by step.

    def spend(self, method="POST", target="/v1/messages", headers=CONTENT, body=b"{}", member="m0"):
        """A sealed borrow for a request."""
        self.write("request", canonical(method, target, headers, body))
        self.json("member", "spend", "--dir", member, "--request", "request", "--out", "borrow",
                  "--now", str(NOW))
        return decode_text("BORROW", self.read("borrow"))

    def request(self, body, target="/v1/messages", sealed=None, headers=CONTENT, method="POST"):
        """The bytes of a request with a token."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        if sealed is None:
            sealed = self.spend(method, target, headers, body)
        length = [("Content-Length", str(len(body)))] if method != "GET" else []
        return message(method, target, [("Host", "x"), *headers, *length,
                                        ("Authorization", authorization(sealed))], body)

    def borrow(self, model, stream=False, relay=None, **fields):
        """A chat with the stub."""
        LendingTest.serial += 1  # equal requests would get the same borrow
        body = {"model": model, "stream": stream, "n": LendingTest.serial, **fields}
        return ask((relay or self.relay).address, self.request(body))

    # Somebody between the member and the lender.

    def tap(self, target=None, **more):
        tap = Tap(target or self.relay.address, **more)
        self.addCleanup(tap.stop)
        return tap

    def challenge(self):
        """What the real relay says to whoever has no token: a liar can say it too."""
        return ask(self.relay.address, message("GET", "/v1/models", [("Host", "x")])).get("www-authenticate")

    def liar(self, *answers):
        """A tap that answers borrows in the lender's place, one after the other, the last one for ever."""
        challenge, rest = self.challenge(), list(answers)

        def answer(raw):
            if b"\r\nAuthorization: " not in raw:
                return reply(401, b"{}", "unspent", f"www-authenticate: {challenge}")
            return rest.pop(0) if len(rest) > 1 else rest[0]
        return self.tap(answer=answer)

    def count(self, lender="l"):
        """(claimed, released, served) of a lender."""
        epochs = self.json("lender", "status", "--dir", lender)["epochs"]
        return tuple(epochs[0][name] for name in ("claimed", "released", "served"))


def digest_of(data):
    return hashlib.sha256(data).digest()

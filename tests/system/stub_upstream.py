#!/usr/bin/env python3
"""An upstream for tests: speaks the two common chat APIs, streamed and not, and fails where it is told to.

    tests/system/stub_upstream.py [--listen 127.0.0.1:9000] [--credential "x-api-key: SECRET"]

Standard library only. What it does is decided by the field "model": the name of a behaviour, then words of
the form key=value. See BEHAVIOURS. The number of events of a stream is "max_tokens". Never for anything but
tests: it reads what it is sent without many checks.
"""

import argparse
import json
import socket
import socketserver
import struct
import threading
import time

BEHAVIOURS = {
    "ok": "a whole reply; pause=SECONDS before its head, delay=SECONDS between its events",
    "status": "an error: code=STATUS, retry=SECONDS for Retry-After",
    "drop": "closes: at=accepted (before reading), read (after reading), head (in the middle of the reply's "
            "head), body (behind the head), event (in the middle of an event), tail (before the end of the body)",
    "reset": "the same with a reset instead of a close",
    "hang": "says nothing more: at as above",
    "held": "a whole reply, when the test says so",
    "gzip": "a reply that says it is encoded",
    "until_close": "a reply whose end shows only by the closing",
    "interim": "100 and 103 before the reply",
    "switch": "101 before the reply",
    "leaky": "a reply with all kinds of headers about the account",
    "flood": "a body of size=BYTES",
    "pieces": "a stream whose events come cut into pieces",
    "echo": "the request as JSON",
    "bad_head": "no HTTP at all",
}


class Upstream(socketserver.ThreadingTCPServer):
    """Counts the requests that it has read whole, and keeps the last of them."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, address=("127.0.0.1", 0), credential=None):
        super().__init__(address, Handler)
        self.credential = credential
        self.lock = threading.Lock()
        self.calls = 0
        self.billed = 0  # whole replies with a status of 2xx that were sent to their end
        self.connections = 0
        self.gone = 0  # clients that went away during a reply
        self.last = None
        self.go = threading.Event()  # for what is held
        self.keep = 200
        self.kept = []

    @property
    def url(self):
        return "http://%s:%d" % self.server_address[:2]

    def start(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass


class Gone(Exception):
    pass


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        with self.server.lock:
            self.server.connections += 1

    def send(self, data):
        try:
            self.request.sendall(data)
        except OSError as error:
            with self.server.lock:
                self.server.gone += 1
            raise Gone from error

    def hang(self, seconds=300):
        """Until the other side closes."""
        self.request.settimeout(seconds)
        try:
            while self.request.recv(65536):
                pass
        except socket.timeout:
            return  # it is still there
        except OSError:
            pass
        with self.server.lock:
            self.server.gone += 1

    def fail(self, how, at, here):
        if how not in ("drop", "reset", "hang") or at != here:
            return False
        if how == "hang":
            self.hang()
        elif how == "reset":
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return True

    def read(self):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.request.recv(65536)
            if not piece:
                raise Gone
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
        length = int(dict((k.lower(), v) for k, v in headers).get("content-length", 0))
        pieces = [body]
        left = length - len(body)
        while left > 0:
            piece = self.request.recv(min(left, 1 << 20))
            if not piece:
                raise Gone
            pieces.append(piece)
            left -= len(piece)
        return lines[0], headers, b"".join(pieces)

    def handle(self):
        try:
            self.answer()
        except (Gone, OSError):
            pass

    def answer(self):
        line, headers, raw = self.read()
        method, target, _ = line.split(" ")
        body = json.loads(raw) if raw else {}
        how, *words = str(body.get("model", "ok")).split()
        options = dict(word.split("=", 1) for word in words)
        at = options.get("at", "read")
        with self.server.lock:
            self.server.calls += 1
            self.server.last = (line, headers, raw)
            self.server.kept = (self.server.kept + [self.server.last])[-self.server.keep:]
        names = {k.lower(): v for k, v in headers}
        if self.server.credential:
            name, value = self.server.credential
            if names.get(name.lower()) != value:
                return self.reply(401, {"type": "error", "error": {"type": "authentication_error",
                                                                   "message": "invalid credential"}})
        if self.fail(how, at, "read"):
            return None
        if how == "bad_head":
            return self.send(b"HELLO\r\n\r\n")
        if how == "status":
            extra = [("Retry-After", options["retry"])] if "retry" in options else []
            return self.reply(int(options["code"]), {"type": "error", "error": {
                "type": "stub_error", "message": "as told"}}, extra)
        if how == "echo":
            return self.reply(200, {"line": line, "headers": headers, "body": raw.decode()})
        if how == "held":
            self.server.go.wait(60)
        time.sleep(float(options.get("pause", 0)))
        extra = []
        if how == "leaky":
            extra = [("request-id", "req_1"), ("anthropic-organization-id", "org-1"), ("Set-Cookie", "a=b"),
                     ("x-ratelimit-remaining-requests", "7"), ("openai-organization", "org-1"),
                     ("CF-RAY", "1"), ("Server", "stub"), ("Via", "1.1 stub"), ("retry-after", "17")]
        if how == "interim":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        if how == "switch":
            self.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
        if how == "gzip":
            extra = [("Content-Encoding", "gzip")]
        if method == "GET":
            return self.reply(200, {"object": "list", "data": [{"id": "stub", "object": "model"}]}, extra)
        if how == "flood":
            return self.reply(int(options.get("status", 200)), {"flood": "x" * int(options["size"])}, extra)
        if how in ("drop", "reset", "hang") and at == "head":
            self.send(b"HTTP/1.1 200 OK\r\nContent-Type: appl")
            self.fail(how, at, "head")
            return None
        if body.get("stream"):
            return self.stream(target, body, how, options, at, extra)
        if how == "until_close":
            return self.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}")
        whole = json.dumps(self.message(target, int(body.get("max_tokens", 4)))).encode()
        if how in ("drop", "reset", "hang"):
            self.send(self.head(200, [("Content-Type", "application/json"),
                                      ("Content-Length", str(len(whole)))]))
            if self.fail(how, at, "body"):
                return None
            self.send(whole[:-1])
            self.fail(how, at, "tail")
            return None
        return self.reply(200, None, extra, whole)

    @staticmethod
    def head(status, headers):
        lines = [f"HTTP/1.1 {status} Stub"] + [f"{name}: {value}" for name, value in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def reply(self, status, value, extra=(), whole=None):
        whole = json.dumps(value).encode() if whole is None else whole
        self.send(self.head(status, [("Content-Type", "application/json"),
                                     ("Content-Length", str(len(whole))), *extra]) + whole)
        if status < 300:
            with self.server.lock:
                self.server.billed += 1

    @staticmethod
    def message(target, count):
        text = " ".join(f"word{i}" for i in range(count))
        if "messages" in target:
            return {"id": "msg_stub", "type": "message", "role": "assistant", "model": "stub",
                    "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                    "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": count}}
        return {"id": "chatcmpl-stub", "object": "chat.completion", "created": 1, "model": "stub",
                "choices": [{"index": 0, "finish_reason": "stop",
                             "message": {"role": "assistant", "content": text}}],
                "usage": {"prompt_tokens": 1, "completion_tokens": count, "total_tokens": count + 1}}

    @staticmethod
    def events(target, count):
        words = [f"word{i} " for i in range(count)]
        if "messages" in target:
            def event(name, **fields):
                return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()
            yield event("message_start", message={
                "id": "msg_stub", "type": "message", "role": "assistant", "model": "stub", "content": [],
                "stop_reason": None, "stop_sequence": None,
                "usage": {"input_tokens": 1, "output_tokens": 0}})
            yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
            for word in words:
                yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
            yield event("content_block_stop", index=0)
            yield event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None},
                        usage={"output_tokens": count})
            yield event("message_stop")
            return

        def chunk(delta, reason=None):
            return b"data: " + json.dumps({
                "id": "chatcmpl-stub", "object": "chat.completion.chunk", "created": 1, "model": "stub",
                "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}).encode() + b"\n\n"
        yield chunk({"role": "assistant", "content": ""})
        for word in words:
            yield chunk({"content": word})
        yield chunk({}, "stop")
        yield b"data: [DONE]\n\n"

    def chunk(self, data):
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def stream(self, target, body, how, options, at, extra):
        count = int(body.get("max_tokens", 4))
        framing = [] if how == "until_close" else [("Transfer-Encoding", "chunked")]
        self.send(self.head(200, [("Content-Type", "text/event-stream; charset=utf-8"), *framing, *extra]))
        if self.fail(how, at, "body"):
            return
        for i, event in enumerate(self.events(target, count)):
            if how in ("drop", "reset", "hang") and i == count // 2 + 2:
                if at == "event":
                    self.chunk(event[:len(event) // 2])
                if self.fail(how, at, at if at in ("event", "between") else ""):
                    return
            if how == "until_close":
                self.send(event)
            elif how == "pieces":
                for at_byte in range(0, len(event), 7):
                    self.chunk(event[at_byte:at_byte + 7])
            else:
                self.chunk(event)
            if "delay" in options:
                time.sleep(float(options["delay"]))
        if self.fail(how, at, "tail"):
            return
        if how != "until_close":
            self.send(b"0\r\n\r\n")
        with self.server.lock:
            self.server.billed += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--listen", default="127.0.0.1:9000", metavar="ADDRESS:PORT")
    parser.add_argument("--credential", metavar="NAME: VALUE",
                        help="refuse whoever does not send this header")
    options = parser.parse_args()
    host, port = options.listen.rsplit(":", 1)
    credential = tuple(options.credential.split(": ", 1)) if options.credential else None
    server = Upstream((host, int(port)), credential)
    print(f"stub upstream at {server.url}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print(f"{server.calls} calls")


if __name__ == "__main__":
    main()

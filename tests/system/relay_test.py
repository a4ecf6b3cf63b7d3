"""The lender's relay: every row of the tables of spec 11-http, and what has gone wrong in such relays.

Run as: BLINDLEND=path/to/blindlend python3 relay_test.py. Standard library only.
"""

import contextlib
import glob
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import sqlite3
import ssl
import threading
import time
import unittest
import unittest.mock

from group_harness import NOW
from harness import BLINDLEND
from http_harness import (CONTENT, PATIENCE, SECRET, LendingTest, Server, ask, authorization, canonical,
                          certificate, message, receive)
from stub_upstream import Upstream


class Table(LendingTest):
    """Status and refund tables."""

    group = {"tokens": 70}
    relay_arguments = ("--head-time", "1.5", "--body-time", "1.5", "--idle-time", "1.5",
                       "--connect-time", "1.5", "--max-body", "4KiB", "--unbilled", "503")

    def refused(self, data, status, code, step="", token="unspent"):
        """An own refusal, in the shape of both APIs' errors; upstream hears nothing of it."""
        before, calls = self.count(), self.stub.calls
        reply = ask(self.relay.address, data)
        self.assertEqual((reply.status, reply.code, reply.step, reply.token, reply.end),
                         (status, code, step, token, "clean"), data[:200])
        error = json.loads(reply.body)
        self.assertEqual(error["type"], "error")
        self.assertEqual(list(error["error"]), ["type", "message", "code", "step", "param"])
        self.assertEqual(reply.get("connection"), "close")
        self.assertEqual(reply.get("www-authenticate") is not None, status == 401)
        self.assertEqual(reply.get("retry-after"), "1" if status == 503 else None)
        self.assertEqual(reply.get("x-should-retry"), "false" if token == "spent" else None)
        self.assertNotIn(status, (409, 429))
        if token == "unspent":
            self.assertEqual(self.count(), before)
        self.assertEqual(self.stub.calls, calls)
        return reply

    def test_whole(self):
        """Both APIs, streamed and not; the token is spent."""
        for target, words in (("/v1/messages", "word0 word1"), ("/v1/chat/completions", "word0 word1")):
            for stream in (False, True):
                before = self.count()
                body = {"model": "ok", "stream": stream, "max_tokens": 2}
                reply = ask(self.relay.address, self.request(body, target))
                self.assertEqual((reply.status, reply.token, reply.end), (200, "spent", "clean"))
                self.assertEqual(reply.get("content-type"),
                                 "text/event-stream" if stream else "application/json")
                if stream:
                    whole = b"".join(self.stub.RequestHandlerClass.events(target, 2))
                    self.assertEqual(reply.body, whole)
                else:
                    self.assertIn(words, reply.body.decode())
                self.assertEqual(self.count(), (before[0], before[1], before[2] + 1))

    def test_get(self):
        sealed = self.spend("GET", "/v1/models", [], b"")
        reply = ask(self.relay.address, self.request(b"", "/v1/models", sealed, [], "GET"))
        self.assertEqual((reply.status, reply.token, reply.end), (200, "spent", "clean"))

    def test_what_upstream_gets(self):
        """Claim.BorrowsAlike: the parts that the digest covers, the lender's credential, and nothing else."""
        body = b'{"model":"echo", "n":1.50e1}'
        headers = [("accept", "application/json"), ("anthropic-beta", "a-1,b-2"),
                   ("anthropic-version", "2023-06-01"), ("content-type", "application/json")]
        sealed = self.spend("POST", "/v1/messages?beta=true", headers, body)
        data = message("POST", "/v1/messages?beta=true", [
            ("Host", "lender.example"), ("User-Agent", "Tool/1.2 (Linux)"), ("X-Stainless-OS", "Linux"),
            ("Accept", "application/json"), ("Anthropic-Beta", "a-1, b-2"),
            ("ANTHROPIC-VERSION", "2023-06-01"), ("Content-Type", "application/json; charset=utf-8"),
            ("Accept-Language", "de"), ("Cookie", "a=b"), ("X-Forwarded-For", "192.0.2.1"),
            ("traceparent", "00-1-1-00"), ("x-api-key", "mine"), ("Accept-Encoding", "gzip"),
            ("Content-Length", str(len(body))), ("Authorization", authorization(sealed))], body)
        reply = ask(self.relay.address, data)
        self.assertEqual(reply.status, 200)
        line, seen, raw = self.stub.last
        self.assertEqual(line, "POST /v1/messages?beta=true HTTP/1.1")
        self.assertEqual(raw, body)
        self.assertEqual(seen, [
            ("Host", "%s:%d" % self.stub.server_address), ("x-api-key", SECRET), *headers,
            ("Content-Length", str(len(body))), ("Accept-Encoding", "identity"),
            ("User-Agent", "blindlend"), ("Connection", "close")])

    def test_what_the_member_gets(self):
        reply = self.borrow("leaky")
        self.assertEqual([name for name, _ in reply.headers],
                         ["content-type", "retry-after", "blindlend-token", "x-should-retry",
                          "content-length", "connection"])
        self.assertEqual(reply.get("retry-after"), "30")

    def test_no_request(self):
        for data in (b"HELLO\r\n\r\n", b"POST /v1/messages HTTP/1.0\r\n\r\n", b"POST  /v1/messages HTTP/1.1\r\n\r\n",
                     b"GET /v1/models HTTP/2.0\r\n\r\n", b"GET /v1/models HTTP/1.1\r\nbad header: 1\r\n\r\n",
                     b"GET /v1/models HTTP/1.1\r\nX: a\0b\r\n\r\n", b"GET /v1/models\r\n\r\n",
                     b"GET /v1/models HTTP/1.1\r\n" + b"X: 1\r\n" * 65 + b"\r\n",
                     b"GET /v1/models HTTP/1.1\r\nX: " + b"a" * 20000 + b"\r\n\r\n",
                     b"GET /v1/models HTTP/1.1\r\nX" + b"a" * 70000,
                     b"GET /" + b"a" * 20000,
                     b"POST /v1/messages HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
                     b"POST /v1/messages HTTP/1.1\r\nContent-Length: -2\r\n\r\n{}",
                     b"POST /v1/messages HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
            self.refused(data, 400, "bad_request")

    def test_late_head(self):
        """A peer that sends a byte now and then has no longer than others."""
        with socket.create_connection(self.relay.address) as connection:
            begin = time.monotonic()
            connection.settimeout(0.2)
            data = b""
            for byte in b"POST /v1/messages HTTP/1.1\r\nX: " + b"a" * 1000:
                try:
                    connection.sendall(bytes([byte]))
                    data += connection.recv(65536)
                    break
                except socket.timeout:
                    self.assertLess(time.monotonic() - begin, PATIENCE)
                except ConnectionError:
                    break
        self.assertIn(b"HTTP/1.1 408 ", data)
        self.assertIn(b'"code":"timeout"', data)

    def test_late_body(self):
        data = self.request({"model": "ok", "n": "late"})
        with socket.create_connection(self.relay.address) as connection:
            connection.sendall(data[:-1])
            reply = receive(connection)
        self.assertEqual((reply.status, reply.code, reply.token), (408, "timeout", "unspent"))

    def test_targets(self):
        for target in ("http://127.0.0.1/v1/messages", "/v1/files", "/v1/mess%61ges", "/v1/messages/../files",
                       "//v1/messages", "*", "/v1/messages?a=%0d%0aX:1"):
            step = "CheckTarget.3" if "%" not in target and ":" not in target and target != "*" else "CheckTarget.1"
            self.refused(message("POST", target, CONTENT), 404, "bad_target", step)
        self.refused(message("CONNECT", "127.0.0.1:80", []), 404, "bad_target", "CheckTarget.1")
        self.refused(message("DELETE", "/v1/messages", []), 404, "bad_target", "CheckTarget.3")

    def test_framing(self):
        host = [("Host", "x"), *CONTENT]
        for more, body, status, code, step in (
                ([("Transfer-Encoding", "chunked")], b"2\r\n{}\r\n0\r\n\r\n", 411, "length_required", "CheckFraming.1"),
                ([], b"", 411, "length_required", "CheckFraming.3"),
                ([("Content-Length", "2"), ("Content-Encoding", "gzip")], b"{}", 415, "encoded", "CheckFraming.2"),
                ([("Content-Length", "4097")], b"", 413, "too_large", "CheckFraming.5"),
                ([("Content-Length", "2"), ("Content-Length", "2")], b"{}", 400, "bad_request", "CheckFraming.4"),
                ([("Content-Length", "2, 2")], b"{}", 400, "bad_request", "CheckFraming.4")):
            self.refused(message("POST", "/v1/messages", host + more, body), status, code, step)
        self.refused(message("GET", "/v1/models", [("Content-Length", "2")], b"{}"), 400, "bad_request",
                     "CheckFraming.6")

    def test_unread_body(self):
        """A body that was refused is not the next request, and does not keep the refusal from arriving."""
        inner = self.request({"model": "ok"})
        data = message("POST", "/v1/messages", [("Content-Length", str(1 << 26)), *CONTENT])
        self.refused(data + inner + b"x" * (1 << 26), 413, "too_large", "CheckFraming.5")
        self.refused(message("POST", "/v1/messages", [("Transfer-Encoding", "chunked")]) + inner, 411,
                     "length_required", "CheckFraming.1")

    def test_refused_without_a_reset(self):
        """A client that sends its body before it listens can do so: the connection does not break under it (RFC 9112 section
        9.6). The relay waits for two seconds; what took this machine longer is done again."""
        data = message("POST", "/v1/messages", [("Content-Length", str(1 << 26)), *CONTENT])
        for _ in range(20):
            begin = time.monotonic()
            with socket.create_connection(self.relay.address, timeout=PATIENCE) as connection:
                try:
                    connection.sendall(data)
                    for _ in range(16):
                        connection.sendall(b"x" * 65536)  # fails where the relay has closed
                        time.sleep(0.02)
                except ConnectionError:
                    if time.monotonic() - begin < 1:
                        raise
                    continue
                reply = receive(connection)
                break
        self.assertEqual((reply.status, reply.code, reply.end), (413, "too_large", "clean"))

    def test_one_request_a_connection(self):
        """What comes behind a body is neither part of it nor another request."""
        first, second = (self.request({"model": "ok", "behind": i}) for i in range(2))
        calls = self.stub.calls
        with socket.create_connection(self.relay.address, timeout=PATIENCE) as connection:
            connection.sendall(first + second)
            data = bytearray()
            try:
                while piece := connection.recv(1 << 16):
                    data += piece
            except ConnectionError:
                pass
        self.assertEqual(data.count(b"HTTP/1.1 "), 1, data)
        self.assertTrue(data.startswith(b"HTTP/1.1 200 "), data)
        self.assertEqual(self.stub.calls, calls + 1)
        self.assertEqual(ask(self.relay.address, second).status, 200)

    def test_heads(self):
        """Strictly of RFC 9112's form: what two parsers could read in two ways is no request."""
        first, host = b"GET /v1/models HTTP/1.1\r\n", b"Host: x\r\n"
        self.refused(first + host + b"\r\n", 401, "token_missing")
        for raw in (b"GET /v1/models HTTP/1.1\nHost: x\n\n", first + b"Host: x\nA: b\r\n\r\n", first + b"Host: x\ry\r\n\r\n",
                    first + host + b"A: b\r\n c\r\n\r\n", first + host + b"A: b\r\n\tAuthorization: c\r\n\r\n",
                    first + b"Host : x\r\n\r\n", first + b": x\r\n\r\n", first + b"Host: x\0y\r\n\r\n",
                    b"GET  /v1/models HTTP/1.1\r\n" + host + b"\r\n", b"GET\t/v1/models HTTP/1.1\r\n" + host + b"\r\n",
                    b"\r\n" + first + host + b"\r\n", b"GET /v1/models HTTP/1.0\r\n" + host + b"\r\n",
                    b"GET /v1/models HTTP/2.0\r\n" + host + b"\r\n",
                    b"POST /v1/messages HTTP/1.1\r\nContent-Length: +2\r\n\r\n{}",
                    b"POST /v1/messages HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
            self.refused(raw, 400, "bad_request")

    def test_headers(self):
        def with_headers(*headers):
            return message("POST", "/v1/messages", [*headers, ("Content-Length", "2")], b"{}")
        form, twice = "FilterRequestHeaders.4", "FilterRequestHeaders.5"
        self.refused(with_headers(), 415, "bad_header")
        self.refused(with_headers(("Content-Type", "text/plain")), 415, "bad_header", form)
        self.refused(with_headers(*CONTENT, *CONTENT), 415, "bad_header", twice)
        for value in ("a%0d%0aX-Evil:1", "a\tb\x80", "x" * 513, ""):
            self.refused(with_headers(*CONTENT, ("anthropic-beta", value)), 415, "bad_header", form)
        self.refused(with_headers(*CONTENT, ("anthropic-version", "latest")), 415, "bad_header", form)

    def test_tokens(self):
        def with_token(*values):
            return message("POST", "/v1/messages", [*CONTENT, *(("Authorization", each) for each in values),
                                                    ("Content-Length", "2")], b"{}")
        reply = self.refused(with_token(), 401, "token_missing")
        self.assertRegex(reply.get("www-authenticate"),
                         r'\ABlindlend group="YSBncm91cA==", epoch="1", lender="[\w=-]{44}", context=""\Z')
        self.refused(with_token("Bearer mine"), 401, "token_malformed", "ParseAuthorization.1")
        self.refused(with_token('Blindlend borrow="Zg"'), 401, "token_malformed", "ParseAuthorization.3")
        self.refused(with_token('Blindlend borrow="Zg==", realm="x"'), 401, "token_malformed", "ParseAuthorization.3")
        sealed = self.spend()
        good = authorization(sealed)
        self.refused(with_token(good, good), 401, "token_malformed")
        self.refused(with_token(authorization(b"")), 401, "token_invalid", "VerifyBorrow.1")
        self.refused(with_token(authorization(sealed[:-1])), 401, "token_invalid", "VerifyBorrow.1")
        self.refused(with_token(authorization(sealed[:-1] + bytes([sealed[-1] ^ 1]))), 401, "token_invalid",
                     "VerifyBorrow.7")
        # Bound to the whole request.
        for data in (self.request(b"{ }", sealed=sealed), self.request(b"{}", "/v1/responses", sealed),
                     self.request(b"{}", sealed=sealed, headers=[("accept", "*/*"), *CONTENT])):
            self.refused(data, 401, "token_invalid", "VerifyBorrow.2")
        self.assertEqual(ask(self.relay.address, self.request(b"{}", sealed=sealed)).status, 200)
        self.refused(self.request(b"{}", sealed=sealed), 403, "token_spent", token="spent")
        # Also for another request, and with a body that would be refused: the token comes first.
        self.refused(self.request(b"[]", sealed=sealed), 403, "token_spent", token="spent")
        self.refused(self.request(b"[]", sealed=sealed[:-1] + bytes([sealed[-1] ^ 1])), 401, "token_invalid", "VerifyBorrow.7")

    def test_bodies(self):
        sealed = self.spend()  # of another request: that is looked at later
        for body, step in ((b"", ""), (b"[]", "FilterBody.2"), (b'{"a":1,"a":2}', "FilterBody.2"),
                           (b'{"user":"me"}', ""), (b'{"metadata":{"user_id":"me"}}', ""),
                           (b'{"container":"c"}', "FilterBody.3")):
            if body:
                self.refused(self.request(body, sealed=sealed), 400, "bad_body", step)

    def test_upstream_replies(self):
        """Its own status; refunded where the table says so, twice at most."""
        for status, token in ((400, "spent"), (401, "refunded"), (403, "refunded"), (404, "spent"),
                              (413, "spent"), (422, "spent"), (429, "refunded"), (500, "spent"),
                              (502, "spent"), (503, "refunded"), (529, "refunded")):
            before = self.count()
            reply = self.borrow(f"status code={status} retry=7")
            self.assertEqual((reply.status, reply.token, reply.end), (status, token, "clean"))
            self.assertEqual(reply.get("retry-after"), "30")
            self.assertEqual(reply.get("x-should-retry"), "false" if token == "spent" else None)
            self.assertIn("as told", reply.body.decode())
            change = (0, 1, 0) if token == "refunded" else (0, 0, 1)
            self.assertEqual(self.count(), tuple(a + b for a, b in zip(before, change)))

    def test_settled_before_the_first_byte(self):
        """Durably: whoever has one byte of a reply finds the token served."""
        before = self.count()
        data = self.request({"model": "ok delay=0.5", "stream": True, "max_tokens": 8})
        with socket.create_connection(self.relay.address, timeout=PATIENCE) as connection:
            connection.sendall(data)
            self.assertTrue(connection.recv(1))
            self.assertEqual(self.count()[2], before[2] + 1)

    def test_two_refunds(self):
        body = b'{"model":"status code=429"}'
        sealed = self.spend(body=body)
        tokens = [ask(self.relay.address, self.request(body, sealed=sealed)).token for _ in range(4)]
        self.assertEqual(tokens, ["refunded", "refunded", "spent", "spent"])
        self.assertEqual(self.stub.last[2], body)

    def test_upstream_breaks_before_its_reply(self):
        for model, status, code in (("drop at=read", 502, "upstream_broken"),
                                    ("reset at=read", 502, "upstream_broken"),
                                    ("drop at=head", 502, "upstream_broken"),
                                    ("bad_head", 502, "upstream_broken"),
                                    ("gzip", 502, "upstream_broken"),
                                    ("until_close", 502, "upstream_broken"),
                                    ("switch", 502, "upstream_broken"),
                                    ("status code=600", 502, "upstream_broken"),
                                    ("status code=999", 502, "upstream_broken"),
                                    ("hang at=read", 504, "upstream_timeout"),
                                    ("hang at=head", 504, "upstream_timeout")):
            before = self.count()
            reply = self.borrow(model)
            self.assertEqual((reply.status, reply.code, reply.token, reply.get("x-should-retry")),
                             (status, code, "spent", "false"), model)
            self.assertEqual(self.count()[2], before[2] + 1)

    def test_upstream_breaks_in_its_reply(self):
        """Claim.NoCleanCut: and of a stream only whole events."""
        for model in ("drop at=body", "reset at=body", "drop at=tail", "reset at=tail", "hang at=body"):
            reply = self.borrow(model)
            self.assertEqual((reply.status, reply.token), (200, "spent"), model)
            self.assertIn(reply.end, ("cut", "reset"), model)
        for model in ("drop at=body", "drop at=event", "reset at=event", "drop at=between", "drop at=tail",
                      "hang at=event"):
            reply = self.borrow(model, stream=True, max_tokens=8)
            self.assertEqual((reply.status, reply.token), (200, "spent"), model)
            self.assertIn(reply.end, ("cut", "reset"), model)
            events = reply.body.split(b"\n\n")
            self.assertEqual(events[-1], b"", model)
            name, data = events[-2].split(b"\n")
            self.assertEqual(name, b"event: error", model)
            self.assertEqual(json.loads(data[len("data: "):])["error"]["code"], "upstream_broken")
            for event in events[:-2]:
                json.loads(event.split(b"data: ", 1)[1])

    def test_pieces(self):
        """Events arrive whole, however upstream cuts them."""
        reply = self.borrow("pieces", stream=True, max_tokens=5)
        self.assertEqual(reply.end, "clean")
        self.assertEqual(reply.body, b"".join(self.stub.RequestHandlerClass.events("/v1/messages", 5)))
        for piece in reply.pieces:
            self.assertTrue(piece.endswith(b"\n\n"))

    def test_interim(self):
        reply = self.borrow("interim")
        self.assertEqual((reply.status, reply.end), (200, "clean"))

    def test_expect_continue(self):
        data = self.request({"model": "ok"})
        head, body = data.split(b"\r\n\r\n")
        with socket.create_connection(self.relay.address) as connection:
            connection.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
            connection.settimeout(PATIENCE)
            self.assertEqual(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(body)
            self.assertEqual(receive(connection).status, 200)

    def test_unreachable(self):
        """Nothing was written upstream: refunded."""
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # bound, and nobody listens
            relay = Server(self.shared, "lender", "serve", "--dir", "l", "--listen", "127.0.0.1:0",
                           "--upstream", "http://127.0.0.1:%d" % unused.getsockname()[1],
                           "--credential-file", "credential", "--now", str(NOW))
            self.assertIsNone(relay.address)  # the other one serves this lender
            self.relay.stop()
            relay = self.serve(upstream="http://127.0.0.1:%d" % unused.getsockname()[1])
            try:
                reply = self.borrow("ok", relay=relay)
            finally:
                self.assertEqual(relay.stop(), 0)
                type(self).relay = self.serve()
        self.assertEqual((reply.status, reply.code, reply.token), (502, "upstream_unreachable", "refunded"))


class Load(LendingTest):
    """Many at once, large and slow ones, stopping, and what is left behind."""

    # How many streams at once; each borrow is made by a process of its own, which takes most of the time.
    streams = int(os.environ.get("BLINDLEND_STREAMS", "40"))
    group = {"tokens": streams + 90}
    relay_arguments = ("--max-inflight", "250", "--grace-time", "20")

    def many(self, count, model, **fields):
        body = json.dumps({"model": model, **fields}).encode()
        # One process makes all borrows; equal requests get equal tokens, so each is a little different.
        datas = [self.request(body[:-1] + b' , "n": %d}' % i) for i in range(count)]
        replies = [None] * count

        def go(i):
            replies[i] = ask(self.relay.address, datas[i])
        threads = [threading.Thread(target=go, args=(i,)) for i in range(count)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return replies

    def test_parallel_streams(self):
        replies = self.many(self.streams, "ok delay=0.02", stream=True, max_tokens=20)
        self.assertEqual({(each.status, each.token, each.end) for each in replies}, {(200, "spent", "clean")})
        self.assertEqual(len({each.body for each in replies}), 1)

    def test_backlog(self):
        """200 connections at once are all taken, also while the relay has no time for any of them."""
        with open("/proc/sys/net/core/somaxconn") as file:
            count = min(200, int(file.read()))
        connections = []
        self.relay.process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(count):
                connections.append(socket.create_connection(self.relay.address, timeout=PATIENCE))
        finally:
            self.relay.process.send_signal(signal.SIGCONT)
        try:
            for each in connections:
                each.sendall(b"GET /nothing HTTP/1.1\r\n\r\n")
            for each in connections:
                self.assertEqual(receive(each).status, 404)
        finally:
            for each in connections:
                each.close()

    def test_who_goes_on_sending(self):
        """Behind a refusal somebody may send on for a moment, not for ever."""
        with socket.create_connection(self.relay.address, timeout=PATIENCE) as connection:
            connection.sendall(message("GET", "/nothing", []))
            with self.assertRaises(ConnectionError):
                end = time.monotonic() + PATIENCE
                while time.monotonic() < end:
                    connection.sendall(b"x" * 1000000)

    def test_slow_reader(self):
        """A reply that nobody takes does not pile up in the relay, and comes whole in the end."""
        def held():
            with open(f"/proc/{self.relay.process.pid}/status") as file:
                return int(file.read().split("VmRSS:")[1].split()[0])
        size = 24 << 20
        data = self.request({"model": f"flood size={size}"})
        before = held()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            connection.connect(self.relay.address)
            connection.sendall(data)
            time.sleep(1)
            more = held() - before
            reply = receive(connection)
        self.assertEqual((reply.status, reply.end, len(reply.body)), (200, "clean", size + 13))
        if not os.environ.get("BLINDLEND_SANITIZE"):
            self.assertLess(more, 8 << 10)

    def test_second_instance(self):
        """Not on the same lender, and not on the same port."""
        second = self.serve()
        self.assertIsNone(second.address)
        self.assertEqual(second.process.returncode, 2)
        shutil.copytree(self.path("l"), self.path("copy"))
        try:
            other = Server(self.shared, "lender", "serve", "--dir", "copy", "--listen",
                           "%s:%d" % self.relay.address, "--upstream", self.stub.url,
                           "--credential-file", "credential")
            self.assertIsNone(other.address)
            self.assertEqual(other.process.returncode, 2)
            self.assertIn(b"cannot be listened on", other.said)
        finally:
            shutil.rmtree(self.path("copy"))

    def test_credential(self):
        """A file that others can read, or that is no header, is refused, and never shown."""
        form, others = b"is not one line of the form", b"can be read by others"
        for name, content, bits, why in (("open", f"x-api-key: {SECRET}\n", 0o644, others),
                                         ("two", f"x: {SECRET}\ny: 1\n", 0o600, form), ("none", SECRET, 0o600, form),
                                         ("control", f"x: {SECRET}\x01", 0o600, form)):
            self.write(name, content.encode())
            os.chmod(self.path(name), bits)
            server = Server(self.shared, "lender", "serve", "--dir", "l", "--listen", "127.0.0.1:0", "--upstream",
                            self.stub.url, "--credential-file", name)
            self.assertEqual((server.address, server.process.returncode), (None, 2), name)
            self.assertIn(why, server.said)
            self.assertNotIn(SECRET.encode(), server.said)
            os.remove(self.path(name))

    def test_member_gone(self):
        """Upstream is given up, before its first header and after; the token is spent."""
        for model in ("hang at=read", "hang at=body"):
            before, gone = self.count(), self.stub.gone
            data = self.request({"model": model})
            calls = self.stub.calls
            with socket.create_connection(self.relay.address) as connection:
                connection.sendall(data)
                self.wait_until(lambda: self.stub.calls > calls)
                time.sleep(0.1)
            self.wait_until(lambda: self.stub.gone > gone)
            self.wait_until(lambda: self.count()[2] > before[2])
            self.assertEqual(self.count()[2], before[2] + 1)

    def hold(self, data):
        """A request that is under way upstream until release; its reply is in the list then."""
        self.stub.go.clear()
        calls, replies = self.stub.calls, []
        address = self.relay.address
        thread = threading.Thread(target=lambda: replies.append(ask(address, data)))
        thread.start()
        self.wait_until(lambda: self.stub.calls > calls)
        return thread, replies

    def release(self, thread):
        self.stub.go.set()
        thread.join()

    def test_same_token_twice_at_once(self):
        body = b'{"model":"held"}'
        sealed = self.spend(body=body)
        data = self.request(body, sealed=sealed)
        thread, replies = self.hold(data)
        calls = self.stub.calls
        reply = ask(self.relay.address, data)
        self.assertEqual((reply.status, reply.code, reply.token, reply.get("retry-after")),
                         (503, "token_busy", "pending", "1"))
        self.release(thread)
        self.assertEqual((replies[0].status, replies[0].token), (200, "spent"))
        self.assertEqual(self.stub.calls, calls)

    def test_no_second_call_while_a_refund_is_delivered(self):
        """The token is free again, and still in the hands of the request that it was refunded to."""
        data = self.request({"model": "flood size=20000000 status=429", "stream": False})
        calls = self.stub.calls
        with socket.create_connection(self.relay.address, timeout=PATIENCE) as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sendall(data)
            self.assertIn(b" 429 ", slow.recv(64))
            for _ in range(2):
                reply = ask(self.relay.address, data)
                self.assertEqual((reply.status, reply.code), (503, "token_busy"))
        self.assertEqual(self.stub.calls, calls + 1)

    def test_second_signal(self):
        """Does not wait for what is under way, which is settled all the same."""
        self.relay.stop()
        type(self).relay = self.serve(only=("--grace-time", "600"))
        served = self.count()[2]
        thread, replies = self.hold(self.request({"model": "held", "second": True}))
        for _ in range(2):
            self.relay.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        self.assertEqual(self.relay.stop(None), 0)
        self.release(thread)
        self.assertNotEqual(replies[0].end, "clean")
        self.assertEqual(self.count()[2], served + 1)
        type(self).relay = self.serve()

    def is_closed(self):
        try:
            socket.create_connection(self.relay.address, timeout=PATIENCE).close()
            return False
        except OSError:
            return True

    def test_late_comer(self):
        """Who had a connection when the relay was told to stop, and asks only then, is told to come again."""
        self.relay.stop()
        type(self).relay = self.serve()
        first, second = (self.request({"model": model, "late": True}) for model in ("held", "ok"))
        with socket.create_connection(self.relay.address, timeout=PATIENCE) as connection:
            # Connections are taken in order: behind this one's reply the idle one has been taken too.
            self.assertEqual(ask(self.relay.address, message("GET", "/nothing", [])).status, 404)
            thread, replies = self.hold(first)
            self.relay.process.send_signal(signal.SIGTERM)
            self.wait_until(self.is_closed)
            connection.sendall(second)
            late = receive(connection)
        self.release(thread)
        self.assertEqual((late.status, late.code, late.token, late.get("retry-after")), (503, "busy", "unspent", "1"))
        self.assertEqual((replies[0].status, replies[0].end), (200, "clean"))
        self.assertEqual(self.relay.stop(None), 0)
        type(self).relay = self.serve()
        self.assertEqual(ask(self.relay.address, second).status, 200)

    def begin(self, data):
        """A connection on which all but the last byte of a request has been sent."""
        connection = socket.create_connection(self.relay.address, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.sendall(data[:-1])
        return connection

    def test_outsiders_take_no_place(self):
        """200 who have no token that can be spent, with bodies that never end, and one place: a member is served."""
        self.relay.stop()
        type(self).relay = self.serve(only=("--max-inflight", "1", "--body-time", "600"))
        spent = self.request({"model": "ok", "n": "spent"})
        self.assertEqual(ask(self.relay.address, spent).status, 200)
        good = self.request({"model": "ok", "n": "good"})
        forged = bytearray(self.request({"model": "ok", "n": "forged"}))
        at = forged.index(b"borrow=") + 200
        forged[at] = ord("A") if forged[at] != ord("A") else ord("B")
        nobody = message("POST", "/v1/messages", [*CONTENT, ("Content-Length", "10")], b"123456789.")
        outsiders = [self.begin((spent, bytes(forged), nobody)[i % 3]) for i in range(200)]
        self.assertEqual(ask(self.relay.address, good).status, 200)
        # Each has been told, without its body.
        for i, each in enumerate(outsiders):
            reply = receive(each)
            self.assertEqual((reply.status, reply.code), ((403, "token_spent"), (401, "token_invalid"),
                                                          (401, "token_missing"))[i % 3])
        self.relay.stop()
        type(self).relay = self.serve()

    def test_a_token_takes_one_place(self):
        """While its first request is still coming, another one with it is turned away; then it is served."""
        data = self.request({"model": "ok", "n": "one place"})
        self.relay.stop()
        type(self).relay = self.serve(only=("--max-inflight", "2"))
        first = self.begin(data)
        reply = None
        end = time.monotonic() + PATIENCE
        # The relay may not have seen the first one yet: then this one comes first, and is served.
        while (reply is None or reply.code != "token_busy") and time.monotonic() < end:
            with socket.create_connection(self.relay.address, timeout=PATIENCE) as second:
                second.sendall(data[:-1])
                reply = receive(second, 1)
                if reply.status is None:
                    break  # taken: the first one will be turned away
        if reply.status is not None:
            self.assertEqual((reply.status, reply.code, reply.token), (503, "token_busy", "pending"))
            # There is a place for another token.
            self.assertEqual(self.borrow("ok").status, 200)
            first.sendall(data[-1:])
            self.assertEqual(receive(first).status, 200)
        self.relay.stop()
        type(self).relay = self.serve()

    def test_early_answer(self):
        """An upstream that answers without reading the body is heard at once."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            def answer():
                connection, _ = server.accept()
                connection.recv(1)
                connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: 2\r\n\r\n{}")
                done.wait(PATIENCE)
                connection.close()
            done = threading.Event()
            thread = threading.Thread(target=answer)
            thread.start()
            data = self.request(b'{"model":"' + b"x" * (7 << 20) + b'"}')
            self.relay.stop()
            relay = self.serve("--idle-time", "600", upstream="http://127.0.0.1:%d" % server.getsockname()[1])
            try:
                reply = ask(relay.address, data)
                self.assertEqual((reply.status, reply.token, reply.end), (413, "spent", "clean"))
            finally:
                done.set()
                thread.join()
                relay.stop()
                type(self).relay = self.serve()

    def test_by_hand(self):
        """Nothing is redeemed by hand while a relay serves: it would not know of the claim."""
        body = b'{"model":"ok","by":"hand"}'
        sealed = self.spend(body=body)
        self.write("request", canonical("POST", "/v1/messages", CONTENT, body))
        command = ("lender", "redeem", "--dir", "l", "borrow", "--request", "request", "--now", str(NOW))
        self.assertIn("another process serves here", self.unusable(*command))
        self.relay.stop()
        claim = self.json(*command)["claim"]
        type(self).relay = self.serve()
        # Its owner is taken for dead, and can no longer end it.
        self.assertEqual(ask(self.relay.address, self.request(body, sealed=sealed)).status, 200)
        self.assertIn("Settle.1", self.run_cli("lender", "settle", "--dir", "l", "--claim", claim, expect=1).stderr)

    def test_busy_and_stopping(self):
        """Refused before the claim when full; told to stop, what is under way ends and nobody else begins."""
        self.relay.stop()
        type(self).relay = self.serve(only=("--max-inflight", "1"))
        first, second = (self.request({"model": model, "stream": True}) for model in ("held", "ok"))
        thread, replies = self.hold(first)
        reply = ask(self.relay.address, second)
        self.assertEqual((reply.status, reply.code, reply.token, reply.get("retry-after")),
                         (503, "busy", "unspent", "1"))
        self.relay.process.send_signal(signal.SIGTERM)
        self.wait_until(self.is_closed)
        self.release(thread)
        self.assertEqual((replies[0].status, replies[0].end), (200, "clean"))
        self.assertEqual(self.relay.stop(None), 0)
        type(self).relay = self.serve()
        self.assertEqual(ask(self.relay.address, second).status, 200)

    def test_newer_epoch(self):
        """An epoch that joins while the relay runs is known to it at once."""
        self.ok("admin", "epoch", "--dir", "a", "--quota", "5", "--days", "5", "--lender", "l.pub", "--out", "e2",
                "--now", str(NOW + 10 * 86400))
        self.ok("lender", "join", "--dir", "l", "e2", "--admin", "admin.pub")
        self.assertEqual(self.borrow("ok").status, 200)
        self.assertEqual(self.ok("lender", "audit", "--dir", "l"), "chain, spent-set and database hold\n")

    def test_leaves_nothing(self):
        """Claim.BorrowsAlike, Claim.SpentSetNeutral: 50 borrows, good and bad; then nothing that the relay has written
        tells one of them."""
        secrets = {SECRET.encode()}
        self.relay.stop()
        before = {path: os.path.getsize(path) for path in glob.glob(self.path("l/*"))}
        type(self).relay = self.serve()
        for i in range(50):
            marker = f"marker-{i:04d}-content"
            model = ("ok", "status code=400", "status code=429", "drop at=read", "ok")[i % 5]
            body = json.dumps({"model": model, "stream": i % 2 == 0, "marker": marker}).encode()
            sealed = self.spend(body=body)
            secrets |= {marker.encode(), sealed[2:34], sealed[-64:], sealed[2:34].hex().encode(),
                        authorization(sealed)[20:60].encode()}
            data = self.request(body, sealed=sealed)
            if i % 10 == 9:
                data = data[:-2] + b"x" + data[-1:]
            ask(self.relay.address, data)
        address = b"127.0.0.1"
        self.assertEqual(self.relay.stop(), 0)
        said = self.relay.said
        self.assertEqual(said.count(address), 1, said)  # where it listens
        kept = {path: pathlib.Path(path).read_bytes() for path in glob.glob(self.path("l/*"))}
        self.assertEqual(set(kept) - set(before), set())
        for path, content in [*kept.items(), ("output", said)]:
            for secret in secrets:
                self.assertNotIn(secret, content, path)
        for path, content in kept.items():
            self.assertNotIn(address, content)
            self.assertNotIn(str(int(time.time()))[:6].encode(), content)
        type(self).relay = self.serve()

    def test_compacted_at_its_end(self):
        """What a relay leaves that was told to stop shows no order: compacting it again changes nothing."""
        for _ in range(8):
            self.assertEqual(self.borrow("ok").status, 200)
        self.assertEqual(self.relay.stop(), 0)

        def content():
            self.assertFalse([path for path in glob.glob(self.path("l/lender.db-*")) if os.path.getsize(path)])
            data = bytearray(self.read("l/lender.db"))
            for at in (24, 40, 92):  # SQLite's counters of changes
                data[at:at + 4] = bytes(4)
            return bytes(data)
        left = content()
        self.ok("lender", "compact", "--dir", "l")
        self.assertEqual(content(), left)
        type(self).relay = self.serve()


class Compacting(LendingTest):
    """The relay compacts its database by itself, while it serves."""

    group = {"tokens": 60}
    relay_arguments = ("--compact-every", "1")

    def kept(self):
        return b"".join(pathlib.Path(path).read_bytes() for path in glob.glob(self.path("l/*")))

    def test_on_its_own(self):
        digests, stop, statuses = [], threading.Event(), []
        datas = []
        for i in range(40):
            body = json.dumps({"model": "ok", "n": i}).encode()
            sealed = self.spend(body=body)
            digests.append(sealed[2:34])
            datas.append(self.request(body, sealed=sealed))

        def work():
            while datas and not stop.is_set():
                statuses.append(ask(self.relay.address, datas.pop()).status)
                time.sleep(0.05)
        thread = threading.Thread(target=work)
        log, seen = self.path("l/lender.db-wal"), 0
        thread.start()
        while thread.is_alive():
            # Before it is compacted, the log shows what was claimed.
            seen = max(seen, sum(each in self.kept() for each in digests))
            time.sleep(0.02)
        thread.join()
        self.assertEqual(statuses, [200] * 40)
        self.assertGreater(seen, 0)
        # Then nothing of it is left, though nobody has stopped the relay.
        self.wait_until(lambda: os.path.getsize(log) == 0)
        kept = self.kept()
        self.assertEqual(sum(each in kept for each in digests), 0)
        self.assertEqual(self.count()[2], 40)
        self.assertEqual(self.relay.said.count(b"\n"), 1, self.relay.said)
        # The same bytes as after the command, so as little is told as there.
        database = pathlib.Path(self.path("l/lender.db"))
        before = database.read_bytes()
        self.assertEqual(self.relay.stop(), 0)
        self.ok("lender", "compact", "--dir", "l")
        after = database.read_bytes()
        # SQLite counts changes in its header: bytes 24 to 28, 40 to 44 and 92 to 96.
        def without(data):
            return data[:24] + data[28:40] + data[44:92] + data[96:]
        self.assertEqual(without(before), without(after))
        type(self).relay = self.serve()

    def test_somebody_reads(self):
        """A process that reads for long keeps the log from being truncated, and no call waits for it."""
        connection = sqlite3.connect(self.path("l/lender.db"))
        self.assertEqual(self.borrow("ok").status, 200)
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM spent").fetchall()
        for _ in range(4):
            self.assertEqual(self.borrow("ok").status, 200)
            time.sleep(0.4)
        log = self.path("l/lender.db-wal")
        self.assertGreater(os.path.getsize(log), 0)
        connection.close()
        self.wait_until(lambda: os.path.getsize(log) == 0)


class Faults(LendingTest):
    """The disk fails: what is not durable has not happened, and the reply says so."""

    group = {"tokens": 20}

    @classmethod
    def serve(cls, *more, **options):
        cls.flag = os.path.join(cls.shared, "fault")
        with unittest.mock.patch.dict(os.environ, LD_PRELOAD=os.environ["FAIL_WRITES_LIBRARY"], FAIL_WRITES=cls.flag):
            return super().serve(*more, **options)

    @contextlib.contextmanager
    def fault(self, how):
        self.write("fault.new", how.encode())
        os.rename(self.path("fault.new"), self.flag)
        try:
            yield
        finally:
            os.remove(self.flag)

    def test_claim(self):
        """Upstream is not called; once the disk is well again, the same request is served."""
        for how in ("full", "sync"):
            data, calls, before = self.request({"model": "ok", "how": how}), self.stub.calls, self.count()
            with self.fault(how):
                for _ in range(2):
                    reply = ask(self.relay.address, data)
                    self.assertEqual((reply.status, reply.code, reply.token), (500, "store_failed", "pending"), how)
            self.assertEqual((self.stub.calls, self.count()), (calls, before))
            reply = ask(self.relay.address, data)
            self.assertEqual((reply.status, reply.token, self.stub.calls), (200, "spent", calls + 1))
            self.assertEqual(self.count(), (before[0], before[1], before[2] + 1))

    def test_settle(self):
        """The reply is withheld; the claim stands, and the same request takes it over."""
        for how in ("full", "sync"):
            self.stub.go.clear()
            data, calls, before = self.request({"model": "held", "how": how}), self.stub.calls, self.count()
            replies = []
            thread = threading.Thread(target=lambda data=data: replies.append(ask(self.relay.address, data)))
            thread.start()
            self.wait_until(lambda: self.stub.calls > calls)  # pylint: disable=cell-var-from-loop
            with self.fault(how):
                self.stub.go.set()
                thread.join()
            reply = replies[0]
            self.assertEqual((reply.status, reply.code, reply.token, reply.get("x-should-retry")),
                             (500, "store_failed", "pending", "false"), how)
            self.assertNotIn(b"word0", reply.data)
            self.assertEqual(self.count(), (before[0] + 1, *before[1:]))
            reply = ask(self.relay.address, data)
            self.assertEqual((reply.status, reply.token, self.stub.calls), (200, "spent", calls + 2))
            self.assertEqual(self.count(), (before[0], before[1], before[2] + 1))

    def test_killed_after_a_fault(self):
        """What the failed claim has left in the log, if anything, harms nobody."""
        for how in ("full", "sync"):
            data, calls = self.request({"model": "ok", "killed": how}), self.stub.calls
            with self.fault(how):
                self.assertEqual(ask(self.relay.address, data).status, 500)
                self.relay.stop(signal.SIGKILL)
            type(self).relay = self.serve()
            self.assertEqual((ask(self.relay.address, data).status, self.stub.calls), (200, calls + 1))
            self.assertEqual(ask(self.relay.address, data).status, 403)
        self.assertEqual(self.ok("lender", "audit", "--dir", "l"), "chain, spent-set and database hold\n")


class Crash(LendingTest):
    """The relay is killed, again and again: totals balance on all sides."""

    group = {"tokens": 60}

    def test_kill_between_claim_and_settle(self):
        """The same request again is served; upstream has been called twice for this token."""
        body = b'{"model":"held"}'
        data = self.request(body)
        self.stub.go.clear()
        calls = self.stub.calls
        thread = threading.Thread(target=ask, args=(self.relay.address, data))
        thread.start()
        self.wait_until(lambda: self.stub.calls > calls)
        self.relay.stop(signal.SIGKILL)
        thread.join()
        self.stub.go.set()
        self.assertEqual(self.count(), (1, 0, 0))
        type(self).relay = self.serve()
        reply = ask(self.relay.address, data)
        self.assertEqual((reply.status, reply.token), (200, "spent"))
        self.assertEqual(self.count(), (0, 0, 1))
        self.assertEqual(self.stub.calls, calls + 2)
        self.assertEqual(ask(self.relay.address, data).status, 403)

    def test_killed_at_random(self):
        """Every token is delivered at most once; upstream is called at most once more for each kill."""
        start, kills = self.stub.calls, 0
        served_before = self.count()[2]
        delivered = 0
        datas = [self.request({"model": "ok pause=0.05", "n": i}) for i in range(40)]
        lock = threading.Lock()
        todo = list(range(40))

        def work():
            nonlocal delivered
            while True:
                with lock:
                    if not todo:
                        return
                    i = todo.pop()
                end = time.monotonic() + PATIENCE
                while time.monotonic() < end:
                    try:
                        reply = ask(self.relay.address, datas[i], 20)
                    except OSError:
                        time.sleep(0.02)
                        continue
                    if reply.status == 200 and reply.end == "clean":
                        with lock:
                            delivered += 1
                        break
                    if reply.status == 403:  # its reply was lost: the crash came behind Settle
                        break
                    time.sleep(0.02)
        threads = [threading.Thread(target=work) for _ in range(4)]
        for each in threads:
            each.start()
        while any(each.is_alive() for each in threads):
            time.sleep(0.1)
            with lock:
                if not todo:
                    break
            self.relay.stop(signal.SIGKILL)
            kills += 1
            type(self).relay = self.serve()
        for each in threads:
            each.join()
        claimed, released, served = self.count()
        self.assertEqual((claimed, released, served - served_before), (0, 0, 40))
        self.assertLessEqual(delivered, 40)
        self.assertGreaterEqual(delivered, 40 - 4 * kills)
        self.assertGreaterEqual(self.stub.calls - start, delivered)
        # Four at a time, so at most four are called once more for each kill.
        self.assertLessEqual(self.stub.calls - start, 40 + 4 * kills)
        self.assertGreater(kills, 0)
        self.assertEqual(self.ok("lender", "audit", "--dir", "l"), "chain, spent-set and database hold\n")


class Tls(LendingTest):
    """To upstream and for members, with certificates of the test's own."""

    group = {"tokens": 20}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, host in (("good", "localhost"), ("other", "elsewhere.example"), ("number", "127.0.0.1")):
            certificate(cls.shared, name, host)

    def secure_stub(self, name):
        stub = Upstream(credential=("x-api-key", SECRET))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{name}.crt"), self.path(f"{name}.key"))
        stub.named = []  # what clients called it, before anything is encrypted
        context.sni_callback = lambda _, name, __: stub.named.append(name)
        stub.socket = context.wrap_socket(stub.socket, server_side=True, do_handshake_on_connect=False)
        self.addCleanup(stub.stop)
        return stub.start()

    def through(self, stub, trusted, host="localhost", model="ok", pause=0.0, version=ssl.TLSVersion.TLSv1_3, **fields):
        """pause: of the member, before it reads."""
        self.relay.stop()
        relay = self.serve("--upstream-ca", trusted, "--tls-cert", "good.crt", "--tls-key", "good.key",
                           upstream="https://%s:%d" % (host, stub.server_address[1]))
        try:
            data = self.request({"model": model, "stream": True, "upstream": stub.server_address[1], **fields})
            context = ssl.create_default_context(cafile=self.path("good.crt"))
            context.maximum_version = version
            context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # an end that TLS does not confirm is none
            with socket.create_connection(relay.address) as plain:
                with context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as connection:
                    connection.sendall(data)
                    time.sleep(pause)
                    return receive(connection)
        finally:
            self.assertEqual(relay.stop(), 0)
            type(self).relay = self.serve()

    def test_both_sides(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            reply = self.through(self.secure_stub("good"), "good.crt", version=version, version_name=version.name)
            self.assertEqual((reply.status, reply.token, reply.end), (200, "spent", "clean"))

    def test_large(self):
        """More than goes out at once, to upstream and to a member who is slow to read."""
        text = "".join(f"{i:08d}" for i in range(800_000))
        stub = self.secure_stub("good")
        reply = self.through(stub, "good.crt", model="echo", pause=1, stream=False, text=text)
        self.assertEqual((reply.status, reply.end), (200, "clean"))
        self.assertEqual(json.loads(json.loads(reply.body)["body"])["text"], text)
        self.assertEqual(json.loads(stub.last[2])["text"], text)

    def test_broken_off(self):
        """Claim.NoCleanCut: what upstream cuts off within its TLS is no end."""
        reply = self.through(self.secure_stub("good"), "good.crt", model="drop at=tail")
        self.assertEqual((reply.status, reply.token, reply.end), (200, "spent", "cut"))
        self.assertIn(b"event: error\n", reply.body)

    def test_upstream_is_a_number(self):
        """Then that is what the certificate must have, and no name is sent: RFC 6066 section 3."""
        for name, status in (("number", 200), ("good", 502)):
            stub = self.secure_stub(name)
            reply = self.through(stub, f"{name}.crt", host="127.0.0.1")
            self.assertEqual((reply.status, stub.named), (status, [None]))
        stub = self.secure_stub("good")
        self.assertEqual(self.through(stub, "good.crt").status, 200)
        self.assertEqual(stub.named, ["localhost"])

    def test_beginnings_keep_nobody_waiting(self):
        """Of many who begin at once, each with what takes a while to compute: whoever is there already comes in between."""
        self.relay.stop()
        relay = self.serve("--tls-cert", "good.crt", "--tls-key", "good.key")
        context = ssl.create_default_context(cafile=self.path("good.crt"))
        sent = ssl.MemoryBIO()
        beginning = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="localhost")
        self.assertRaises(ssl.SSLWantReadError, beginning.do_handshake)
        hello, done = sent.read(), []
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # where the server is the last to speak: it knows who is there
        try:
            # A test that does not get the processor in time sees too many of them.
            for _ in range(11):
                with contextlib.ExitStack() as stack:
                    many = [stack.enter_context(socket.create_connection(relay.address)) for _ in range(300)]
                    plain = stack.enter_context(socket.create_connection(relay.address))
                    there = stack.enter_context(context.wrap_socket(plain, server_hostname="localhost"))
                    relay.process.send_signal(signal.SIGSTOP)
                    for each in many:
                        each.sendall(hello)
                    there.sendall(message("GET", "/nothing", []))
                    relay.process.send_signal(signal.SIGCONT)
                    self.assertIn(b" 404 ", there.recv(65536))
                    done.append(len(select.select(many, [], [], 0)[0]))
        finally:
            relay.process.send_signal(signal.SIGCONT)
            self.assertEqual(relay.stop(), 0)
            type(self).relay = self.serve()
        self.assertLess(sorted(done)[5], 150, done)

    def test_silent_client_is_not_waited_for(self):
        """One that has not even begun with TLS."""
        self.relay.stop()
        relay = self.serve("--tls-cert", "good.crt", "--tls-key", "good.key", "--head-time", "0.5")
        try:
            self.assertEqual(ask(relay.address, b"").end, "nothing")
        finally:
            self.assertEqual(relay.stop(), 0)
            type(self).relay = self.serve()

    def test_silent_client_gives_its_place_back(self):
        """One that has read its reply and neither closes nor says anything."""
        self.relay.stop()
        relay = self.serve("--tls-cert", "good.crt", "--tls-key", "good.key", "--max-inflight", "1")
        context = ssl.create_default_context(cafile=self.path("good.crt"))
        silent = []

        def served(number, stay):
            plain = socket.create_connection(relay.address, timeout=PATIENCE)
            connection = context.wrap_socket(plain, server_hostname="localhost")
            silent.append(connection)
            connection.sendall(self.request({"model": "ok", "number": number}))
            if stay:
                return b" 200 " in connection.recv(65536)
            return receive(connection).status == 200
        try:
            self.assertTrue(served(0, True))
            # Asking again and again loses no token: a relay that is busy takes none, and equal requests have one.
            self.wait_until(lambda: served(1, False))
        finally:
            for each in silent:
                each.close()
            self.assertEqual(relay.stop(), 0)
            type(self).relay = self.serve()

    def test_upstream_is_somebody_else(self):
        """Unknown to the authorities, or of another name: nothing was written, so refunded."""
        for name, trusted in (("good", "other.crt"), ("other", "other.crt")):
            stub = self.secure_stub(name)
            reply = self.through(stub, trusted)
            self.assertEqual((reply.status, reply.code, reply.token), (502, "upstream_unreachable", "refunded"))
            self.assertEqual(stub.calls, 0)


if __name__ == "__main__":
    unittest.main()

"""The member's local proxy, with the relay behind it: what leaves, what becomes of tokens, and totals that
balance whatever is killed.

Run as: BLINDLEND=path/to/blindlend python3 proxy_test.py. Standard library only; real clients where npm's
packages are there.
"""

import base64
import hmac
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

from group_harness import NOW
from harness import BLINDLEND, decode_text, encode_text, i2osp, make_folder
from http_harness import CONTENT, PATIENCE, LendingTest, Server, Tap, ask, message, own, reply
from stub_upstream import Upstream


class ProxyTest(LendingTest):
    proxy_arguments = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = cls.borrow_through(cls.relay.url)

    @classmethod
    def tearDownClass(cls):
        cls.proxy.stop()
        super().tearDownClass()

    @classmethod
    def borrow_through(cls, *urls, member="m0", more=()):
        lenders = [word for url in urls for word in ("--lender", url)]
        return Server(cls.shared, "member", "proxy", "--dir", member, "--listen", "127.0.0.1:0", *lenders,
                      "--now", str(NOW), *cls.proxy_arguments, *more)

    def call(self, body, target="/v1/messages", headers=(), proxy=None, patience=PATIENCE):
        """What a tool sends."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        data = message("POST", target, [("Host", "localhost"), ("User-Agent", "Tool/1.2"),
                                        ("x-api-key", "none"), *CONTENT, *headers,
                                        ("Content-Length", str(len(body)))], body)
        return ask((proxy or self.proxy).address, data, patience)

    def tokens(self, member="m0"):
        balance = self.balance(member)
        return {name: balance[name] for name in ("held", "spending", "spent")}

    def change(self, before, **changes):
        self.assertEqual(self.tokens(), {name: before[name] + changes.get(name, 0) for name in before})


class Whole(ProxyTest):
    group = {"tokens": 60}
    relay_arguments = ("--idle-time", "1.5", "--connect-time", "1.5")

    def test_both_apis(self):
        for target in ("/v1/messages", "/v1/chat/completions"):
            for stream in (False, True):
                before = self.tokens()
                reply = self.call({"model": "ok", "stream": stream, "max_tokens": 3}, target)
                self.assertEqual((reply.status, reply.end, reply.token), (200, "clean", "spent"))
                if stream:
                    self.assertEqual(reply.body,
                                     b"".join(self.stub.RequestHandlerClass.events(target, 3)))
                self.change(before, held=-1, spent=1)

    def test_models(self):
        before = self.tokens()
        reply = ask(self.proxy.address, message("GET", "/v1/models", [("Host", "localhost"), ("x-api-key", "any")]))
        self.assertEqual((reply.status, reply.end), (200, "clean"))
        self.change(before, held=-1, spent=1)

    def test_says_what_to_export(self):
        said = self.proxy.said.decode()
        self.assertIn(f"export ANTHROPIC_BASE_URL={self.proxy.url}\n", said)
        self.assertIn(f"export OPENAI_BASE_URL={self.proxy.url}/v1\n", said)

    def again(self, *more):
        """Relay and proxy, begun anew, the relay first."""
        self.proxy.stop()
        self.relay.stop()
        type(self).relay = self.serve(*more)
        type(self).proxy = self.borrow_through(self.relay.url, more=more)

    def test_more_is_allowed(self):
        """Where both sides say so; elsewhere it is refused, without a token."""
        allowed = ("--allow", "POST /v1/images/edits", "--allow", "GET /v1/models/all")
        before = self.tokens()
        said = self.call({"model": "ok"}, "/v1/images/edits")
        self.assertEqual((said.status, said.code, said.token), (404, "bad_target", "unspent"))
        self.proxy.stop()
        type(self).proxy = self.borrow_through(self.relay.url, more=allowed)
        said = self.call({"model": "ok"}, "/v1/images/edits")
        self.assertEqual((said.status, said.code, said.token), (404, "bad_target", "unspent"))
        self.change(before)
        self.again(*allowed)
        for target in ("/v1/images/edits", "/v1/messages"):
            self.assertEqual(self.call({"model": "ok"}, target).status, 200)
            self.assertEqual(self.stub.last[0], f"POST {target} HTTP/1.1")
        self.change(before, held=-2, spent=2)
        self.again()

    def test_arguments(self):
        self.ok("lender", "init", "--dir", "spare", "--out", "spare.pub")
        self.write("spare/serving.lock", b"")  # it is left behind, and locked by nobody
        serve = ["lender", "serve", "--dir", "spare", "--upstream", "http://127.0.0.1:9", "--credential-file", "credential"]
        for wrong in ("PUT /v1/images", "POST v1/images", "POST", "POST /v1/%61", "POST /v1/a b", "post /v1/images"):
            self.assertIn("is not of the form \"POST /PATH\"", self.unusable(*serve, "--listen", "127.0.0.1:0", "--allow", wrong))
        for one in ("--tls-cert", "--tls-key"):
            self.assertIn("goes with", self.unusable(*serve, "--listen", "127.0.0.1:0", one, "credential"))
        for wrong in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "8080", "127.0.0.1:x"):
            self.assertIn("is not of the form ADDRESS:PORT", self.unusable(*serve, "--listen", wrong))
        self.assertIn("cannot be used", self.unusable(*serve, "--listen", "127.0.0.1:0", "--upstream-ca", "credential"))

    def test_what_leaves(self):
        """Names are removed, fingerprints stay behind; the rest is as it was, byte for byte."""
        body = (b'{"model":"echo","user":"me", "n":1.50e1,"metadata":{"user_id":"me"},'
                b'"prompt_cache_key":"k","s":"\\u00e4"}')
        reply = self.call(body, "/v1/messages?beta=true", [
            ("X-Stainless-Lang", "js"), ("Accept-Language", "de"), ("Cookie", "a=b"),
            ("anthropic-version", "2023-06-01"), ("anthropic-beta", "x-1"), ("Accept", "application/json"),
            ("traceparent", "00-1-1-00"), ("Accept-Encoding", "br"), ("OpenAI-Organization", "org-mine")])
        self.assertEqual(reply.status, 200)
        line, headers, raw = self.stub.last
        self.assertEqual(line, "POST /v1/messages?beta=true HTTP/1.1")
        self.assertEqual(raw, b'{"model":"echo", "n":1.50e1,"s":"\\u00e4"}')
        names = [name.lower() for name, _ in headers]
        self.assertEqual(names, ["host", "x-api-key", "accept", "anthropic-beta", "anthropic-version",
                                 "content-type", "content-length", "accept-encoding", "user-agent",
                                 "connection"])

    def test_erased_soon(self):
        """What a spent token leaves in the wallet's log is gone a moment later, with nobody stopping the proxy."""
        log = self.path("m0/wallet.db-wal")
        for _ in range(2):
            self.assertEqual(self.call({"model": "ok"}).status, 200)
            self.wait_until(lambda: os.path.getsize(log) == 0)

    def test_warns(self):
        """Of what joins a member to its borrows, at the start, and once when it happens."""
        self.proxy.stop()
        listening = ["member", "proxy", "--dir", "m0", "--now", str(NOW)]
        quiet = ("--min-age", "1s")
        plain = "without TLS: whoever listens on the way"
        try:
            for more, warnings in (
                    ((*quiet, "--listen", "127.0.0.1:0", "--lender", self.relay.url), ()),
                    ((*quiet, "--listen", "127.0.0.1:0", "--lender", "https://lender.example"), ()),
                    ((*quiet, "--listen", "127.0.0.1:0", "--lender", "http://lender.example"), (plain,)),
                    ((*quiet, "--listen", "127.0.0.1:0", "--lender", "http://a.onion", "--via", "socks5h://127.0.0.1:9"), ()),
                    ((*quiet, "--listen", "127.0.0.1:0", "--lender", "http://a.onion"), (plain,)),
                    ((*quiet, "--listen", "127.0.0.1:0", "--lender", "https://a", "--via", "socks5h://192.0.2.1:9"),
                     ("on another machine",)),
                    ((*quiet, "--listen", "127.0.0.1:0", "--lender", "https://a", "--lender", "https://b"),
                     ("several lenders",)),
                    ((*quiet, "--listen", "0.0.0.0:0", "--anywhere", "--lender", "https://a"), ("can be reached by others",)),
                    (("--min-age", "0s", "--listen", "127.0.0.1:0", "--lender", "https://a"), ("--min-age 0",))):
                server = Server(self.shared, *listening, *more)
                self.assertIsNotNone(server.address, server.said)
                server.stop()
                said = server.said.decode()
                self.assertEqual(said.count("warning"), len(warnings), said)
                for each in warnings:
                    self.assertIn(each, said)
            for more, count in ((("--min-age", "900d"), 1), (quiet, 0)):
                proxy = self.borrow_through(self.relay.url, more=more)
                for _ in range(3):
                    self.assertEqual(self.call({"model": "ok"}, proxy=proxy).status, 200)
                proxy.stop()
                self.assertEqual(proxy.said.decode().count("obtained less than --min-age ago"), count)
        finally:
            type(self).proxy = self.borrow_through(self.relay.url)

    def test_refused_before_a_token_is_touched(self):
        before, calls = self.tokens(), self.stub.calls
        for method, target, headers, body, status, code in (
                ("POST", "/v1/files", CONTENT, b"", 404, "bad_target"),
                ("POST", "/v1/messages?user=me", CONTENT, b"", 404, "bad_target"),
                ("POST", "/v1/messages", [*CONTENT, ("Transfer-Encoding", "chunked")], b"", 411, "length_required"),
                ("POST", "/v1/messages", [("Content-Length", "2")], b"{}", 415, "bad_header"),
                ("CONNECT", "example.org:443", [], b"", 404, "bad_target"),
                ("GET", "http://example.org/v1/models", [("x-api-key", "any")], b"", 404, "bad_target"),
                ("POST", "/v1/messages", [*CONTENT, ("Content-Length", str(1 << 30))], b"", 413, "too_large")):
            reply = ask(self.proxy.address, message(method, target, [("Host", "localhost"), *headers], body))
            self.assertEqual((reply.status, reply.code), (status, code))
        for body in (b"[]", b'{"container":"c"}', b'{"previous_response_id":"r"}'):
            self.assertEqual(self.call(body).code, "bad_body")
        self.change(before)
        self.assertEqual(self.stub.calls, calls)

    def test_no_web_page(self):
        """Claim.NoPageBorrows: whatever page a browser shows, and whatever name it has given this address: no token is touched."""
        before, calls = self.tokens(), self.stub.calls
        here = "%s:%d" % self.proxy.address
        for headers, step in (
                ([("Host", here), ("Origin", "https://page.example")], "CheckCaller.1"),
                ([("Host", here), ("Origin", "null")], "CheckCaller.1"),
                ([("Host", here), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")], "CheckCaller.1"),
                ([], "CheckCaller.3"),
                ([("Host", "page.example:%d" % self.proxy.address[1])], "CheckCaller.6"),
                ([("Host", "0.0.0.0:%d" % self.proxy.address[1])], "CheckCaller.6"),
                ([("Host", here)], "CheckCaller.2")):
            # What a page cannot send without being asked first.
            key = [("x-api-key", "any")] if step != "CheckCaller.2" else []
            methods = (("GET", b""), ("POST", b"{}"), ("OPTIONS", b"")) if key else (("GET", b""),)
            for method, body in methods:
                target = "/v1/models" if method == "GET" else "/v1/messages"
                length = [("Content-Length", str(len(body)))] if body else []
                reply = ask(self.proxy.address, message(method, target, [*headers, *key, *CONTENT, *length], body))
                self.assertEqual((reply.status, reply.code, reply.step, reply.token),
                                 (403, "foreign_page", step, "unspent"))
                self.assertIsNone(reply.get("access-control-allow-origin"))
        self.change(before)
        self.assertEqual(self.stub.calls, calls)

    def test_refunded(self):
        before = self.tokens()
        reply = self.call({"model": "status code=429 retry=7"})
        self.assertEqual((reply.status, reply.get("retry-after"), reply.get("x-should-retry")), (429, "30", None))
        self.assertIn("as told", reply.body.decode())
        self.change(before)

    def test_paid_for(self):
        for model, status in (("status code=400", 400), ("status code=500", 500), ("drop at=read", 502),
                              ("hang at=read", 504)):
            before = self.tokens()
            reply = self.call({"model": model})
            self.assertEqual((reply.status, reply.get("x-should-retry")), (status, "false"), model)
            self.change(before, held=-1, spent=1)

    def test_never_a_clean_end(self):
        """Claim.NoCleanCut, through both hops."""
        for stream in (False, True):
            reply = self.call({"model": "drop at=tail", "stream": stream})
            self.assertEqual(reply.status, 200)
            self.assertIn(reply.end, ("cut", "reset"))
        self.assertIn(b"event: error\n", reply.body)

    def test_equal_requests_at_once(self):
        """Each gets a token of its own."""
        before = self.tokens()
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(self.call({"model": "ok pause=0.3"})))
                   for _ in range(5)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual([each.status for each in replies], [200] * 5)
        self.change(before, held=-5, spent=5)

    def test_spent_elsewhere(self):
        """A wallet that holds a token which has been spent, as after a crash and reclaim: the next one is taken."""
        before = self.tokens()
        body = b'{"model":"ok","n":17}'
        sealed = self.spend(body=body)
        self.assertEqual(ask(self.relay.address, self.request(body, sealed=sealed)).status, 200)
        pending = self.json("member", "pending", "--dir", "m0")["pending"]
        self.assertEqual(len(pending), 1)
        self.assertIn("another process serves here", self.unusable("member", "reclaim", "--dir", "m0"))
        self.proxy.stop()
        try:
            self.assertEqual(self.json("member", "reclaim", "--dir", "m0")["reclaimed"], 1)
            self.assertEqual(self.json("member", "pending", "--dir", "m0")["pending"], [])
            self.change(before)
        finally:
            type(self).proxy = self.borrow_through(self.relay.url)
        for _ in range(before["held"] - 30):
            self.assertEqual(self.call({"model": "ok"}).status, 200)
        self.assertEqual(self.tokens()["spending"], 0)

    def test_second_proxy(self):
        second = self.borrow_through(self.relay.url)
        self.assertIsNone(second.address)
        self.assertEqual(second.process.returncode, 2)

    def test_only_this_machine(self):
        server = Server(self.shared, "member", "proxy", "--dir", "m0", "--listen", "0.0.0.0:0", "--lender",
                        self.relay.url)
        self.assertEqual((server.address, server.process.returncode), (None, 2))
        self.assertIn(b"is not of this machine alone", server.said)


class LostReplies(ProxyTest):
    """What becomes of a token whose reply was lost on the way."""

    group = {"tokens": 12}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lost = Tap(cls.relay.address, answer=cls.answer)
        cls.proxy.stop()
        cls.proxy = cls.borrow_through(cls.lost.url)

    @classmethod
    def tearDownClass(cls):
        cls.lost.stop()
        super().tearDownClass()

    @classmethod
    def answer(cls, raw):
        """The next action for what has a token: "lose" the relay's reply, "pass" it, or these bytes."""
        if b"\r\nAuthorization: " not in raw or not cls.actions:
            return None
        action = cls.actions.pop(0)
        if action == "lose":
            ask(cls.relay.address, raw)
            return b""
        return None if action == "pass" else action

    def meets(self, *actions):
        type(self).actions, self.lost.seen = list(actions), []
        before, calls = self.tokens(), self.stub.calls
        reply = self.call({"model": "ok"})
        return reply, before, self.stub.calls - calls

    def test_unspent_says_nothing_of_the_attempt_before(self):
        """The lost reply was a served one: a token that were held again would be refused later, and join two requests."""
        for code in ("busy", "token_busy"):
            reply, before, calls = self.meets("lose", *5 * [own(code)])
            self.assertEqual((reply.status, reply.code, reply.token, reply.get("x-should-retry")),
                             (502, "lender_unreachable", "pending", "false"))
            self.change(before, held=-1, spending=1)
            self.assertEqual(calls, 1)
            self.assertEqual(len(self.lost.borrows), 5)
            self.assertEqual(len(set(self.lost.borrows)), 1, "a resend has other bytes")

    def test_busy_at_first_takes_nothing(self):
        reply, before, calls = self.meets(own("busy"))
        self.assertEqual((reply.status, reply.token, calls), (503, "unspent", 0))
        self.change(before)

    def test_served_before_is_not_served_again(self):
        """The lender says that the token is spent: by this very request. No other token is taken for it."""
        reply, before, calls = self.meets("lose", "pass")
        self.assertEqual((reply.status, reply.code, reply.token, reply.get("x-should-retry")),
                         (403, "token_spent", "spent", "false"))
        self.change(before, held=-1, spent=1)
        self.assertEqual(calls, 1)

    def test_told_to_stop(self):
        """With a lender that says nothing: after the time to end, or a second signal, nothing is sent again."""
        for more, signals in ((("--grace-time", "0.5"), 1), (("--grace-time", "600"), 2)):
            hold = threading.Event()
            self.addCleanup(hold.set)

            def silence(raw):
                if b"\r\nAuthorization: " not in raw:
                    return None
                hold.wait(PATIENCE)
                return b""
            tap = self.tap(answer=silence)
            before = self.tokens()
            self.proxy.stop()
            try:
                proxy = self.borrow_through(tap.url, more=more)
                caller = threading.Thread(target=lambda: self.call({"model": "ok"}, proxy=proxy))
                caller.start()
                self.wait_until(lambda: len(tap.borrows) == 1)
                for _ in range(signals):
                    proxy.process.send_signal(signal.SIGTERM)
                    time.sleep(0.1)
                self.assertEqual(proxy.stop(None), 0)
                caller.join()
            finally:
                type(self).proxy = self.borrow_through(self.lost.url)
            self.assertEqual(len(tap.borrows), 1)
            self.change(before, held=-1, spending=1)
            hold.set()

    def test_an_error_like_ours(self):
        """Upstream's words are not the relay's: what was spent is spent."""
        body = b'{"error":{"code":"token_busy"}}'
        got, before, _ = self.meets(reply(400, body, "spent"))
        self.assertEqual((got.status, got.token, got.body), (400, "spent", body))
        self.change(before, held=-1, spent=1)
@unittest.skipIf(os.environ.get("BLINDLEND_SANITIZE"), "memory is measured without sanitizers")
class Large(ProxyTest):
    """A body of 64 MiB, where relay and proxy are told to take one."""

    group = {"tokens": 4}
    relay_arguments = proxy_arguments = ("--max-body", "64MiB")

    def peak(self):
        """The most memory that relay and proxy have held so far, in bytes."""
        held = []
        for server in (self.relay, self.proxy):
            with open(f"/proc/{server.process.pid}/status") as file:
                held.append(int(file.read().split("VmHWM:")[1].split()[0]) << 10)
        return held

    def test_body(self):
        """It goes through as it is, and costs each of them at most eight times its length (spec 11-http, The request),
        however often; a byte more is refused unread."""
        size = 64 << 20
        body = b'{"model":"ok","said":"'
        body += b"a" * (size - len(body) - 2) + b'"}'
        before, first = self.tokens(), self.peak()
        for _ in range(2):
            reply = self.call(body)
            self.assertEqual((reply.status, reply.end, reply.token), (200, "clean", "spent"))
            self.assertEqual(self.stub.last[2], body)
            for now, then in zip(self.peak(), first):
                self.assertLess(now - then, 8 * size)
        self.stub.kept.clear()
        refused = ask(self.proxy.address, message("POST", "/v1/messages", [
            ("Host", "localhost"), *CONTENT, ("Content-Length", str(size + 1))]))
        self.assertEqual((refused.status, refused.code), (413, "too_large"))
        self.change(before, held=-2, spent=2)


class Gone(ProxyTest):
    """The tool goes."""

    group = {"tokens": 16}

    def setUp(self):
        super().setUp()
        self.hold = threading.Event()
        self.addCleanup(self.hold.set)

    def held(self, answer):
        """A lender that answers so when the test says so."""
        def wait(raw):
            if b"\r\nAuthorization: " not in raw:
                return None
            self.hold.wait(2 * PATIENCE)
            return answer
        return self.tap(answer=wait)

    def leave(self, proxy, is_there, until=None, **fields):
        """A tool that calls, and goes when is_there says that the call has come somewhere, or within the reply."""
        body = json.dumps({"model": "ok", **fields}).encode()
        with socket.create_connection(proxy.address) as connection:
            connection.sendall(message("POST", "/v1/messages", [("Host", "localhost"), *CONTENT, ("Content-Length", str(len(body)))], body))
            self.wait_until(is_there)
            if until:
                self.assertTrue(connection.recv(until))
        time.sleep(0.2)

    def test_within_the_reply(self):
        """Or before it begins: as soon as it does, upstream is given up too; the token is spent."""
        for model, until in (("hang at=body", 1), ("hang at=body pause=1", None)):
            before, calls, gone = self.tokens(), self.stub.calls, self.stub.gone
            self.leave(self.proxy, lambda: self.stub.calls > calls,  # pylint: disable=cell-var-from-loop
                       until=until, model=model, stream=True)
            self.wait_until(lambda: self.stub.gone > gone)  # pylint: disable=cell-var-from-loop
            self.change(before, held=-1, spent=1)

    def test_before_the_head(self):
        """The token's fate is waited for: nothing is pending, and nothing is left to reclaim."""
        for stream in (False, True):
            self.stub.go.clear()
            before, calls, gone, served = self.tokens(), self.stub.calls, self.stub.gone, self.count()[2]
            self.leave(self.proxy, lambda: self.stub.calls > calls, model="held", stream=stream)
            self.change(before, held=-1, spending=1)
            self.assertEqual(self.stub.gone, gone)
            self.stub.go.set()
            self.wait_until(lambda: self.tokens()["spending"] == 0)
            self.change(before, held=-1, spent=1)
            self.assertEqual((self.stub.calls, self.count()[2]), (calls + 1, served + 1))
        self.proxy.stop()
        try:
            self.assertEqual(self.json("member", "pending", "--dir", "m0")["pending"], [])
            self.assertEqual(self.json("member", "reclaim", "--dir", "m0")["reclaimed"], 0)
        finally:
            type(self).proxy = self.borrow_through(self.relay.url)

    def test_whatever_the_lender_says(self):
        """Nothing is sent again, at this lender or the next, and no other token taken. A proxy that is told to stop meanwhile
        waits."""
        spent, pending = {"held": -1, "spent": 1}, {"held": -1, "spending": 1}
        for answer, change, is_told in (
                (reply(200, b"{}", "spent"), spent, False), (reply(200, b"{}", "spent"), spent, True),
                (reply(429, b"{}", "refunded"), {}, False), (own("busy"), {}, False), (own("token_spent", "spent"), spent, False),
                (own("token_busy"), pending, False), (b"", pending, False)):
            self.hold.clear()
            tap, other = self.held(answer), self.tap()
            before = self.tokens()
            self.proxy.stop()
            try:
                proxy = self.borrow_through(tap.url, other.url, more=("--grace-time", "600"))
                self.leave(proxy, lambda: len(tap.borrows) == 1)  # pylint: disable=cell-var-from-loop
                if is_told:
                    proxy.process.send_signal(signal.SIGTERM)
                    time.sleep(0.2)
                    self.assertIsNone(proxy.process.poll(), "it has not waited")
                self.hold.set()
                if not is_told:
                    time.sleep(0.3)
                self.assertEqual(proxy.stop(None if is_told else signal.SIGTERM), 0)
            finally:
                type(self).proxy = self.borrow_through(self.relay.url)
            self.assertEqual((len(tap.borrows), other.seen), (1, []), answer)
            self.change(before, **change)

    def test_not_for_ever(self):
        """A lender that says nothing: no longer than with a tool that waits, and not beyond a second signal."""
        for more, signals in ((("--idle-time", "1"), 1), ((), 2)):
            tap = self.held(b"")
            before = self.tokens()
            self.proxy.stop()
            try:
                proxy = self.borrow_through(tap.url, more=("--grace-time", "600", *more))
                self.leave(proxy, lambda: len(tap.borrows) == 1)  # pylint: disable=cell-var-from-loop
                for _ in range(signals):
                    proxy.process.send_signal(signal.SIGTERM)
                    time.sleep(0.1)
                self.assertEqual(proxy.stop(None), 0)
            finally:
                type(self).proxy = self.borrow_through(self.relay.url)
            self.assertEqual(len(tap.borrows), 1)
            self.change(before, held=-1, spending=1)


class Lenders(ProxyTest):
    """Several lenders, and none."""

    group = {"tokens": 6, "lenders": "lk", "members": 2}

    def test_failover_and_empty(self):
        other_stub = Upstream(credential=("x-api-key", "other")).start()
        self.addCleanup(other_stub.stop)
        other = self.serve(lender="k")
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            nobody = "http://127.0.0.1:%d" % unused.getsockname()[1]
            self.proxy.stop()
            type(self).proxy = self.borrow_through(nobody, self.relay.url, other.url)
            before = self.tokens()
            self.assertEqual(self.call({"model": "ok"}).status, 200)
            self.change(before, held=-1, spent=1)
            # The first lender is gone: the second one serves.
            self.relay.stop()
            self.assertEqual(self.call({"model": "ok"}).status, 200)
            self.change(before, held=-2, spent=2)
            self.assertEqual(self.count("k")[2], 1)
            other.stop()
            reply = self.call({"model": "ok"})
            self.assertEqual((reply.status, reply.code, reply.token), (502, "lender_unreachable", "unspent"))
            self.change(before, held=-2, spent=2)
        # Upstream turns the first lender down: the token is held again, the other one is asked.
        type(self).relay = self.serve(upstream=other_stub.url)
        other = self.serve(lender="k")
        self.addCleanup(other.stop)
        self.proxy.stop()
        type(self).proxy = self.borrow_through(self.relay.url, other.url)
        before = self.tokens()
        self.assertEqual(self.call({"model": "ok"}).status, 200)
        self.change(before, held=-1, spent=1)
        while self.count("k")[2] < 6:
            self.assertEqual(self.call({"model": "ok"}).status, 200)
        # Of the first lender tokens are left, and it is turned down.
        self.relay.stop()
        type(self).relay = self.serve()
        self.proxy.stop()
        type(self).proxy = self.borrow_through(self.relay.url, other.url)
        for _ in range(5):
            self.assertEqual(self.call({"model": "ok"}).status, 200)
        reply = self.call({"model": "ok"})
        self.assertEqual((reply.status, reply.code, reply.get("x-should-retry")), (402, "wallet_empty", None))
        self.assertEqual(self.tokens()["held"], 0)

    def test_another_lender_serves_there(self):
        """After a 401 the proxy asks again who it is, and comes with that lender's tokens."""
        keys = [decode_text("LENDER", self.read(f"{name}.pub"))[2:] for name in "lk"]
        serving, audiences = [0], []

        def answer(raw):
            if b"\r\nAuthorization: " not in raw:
                key = base64.urlsafe_b64encode(keys[serving[0]]).decode()
                told = f'www-authenticate: Blindlend group="YSBncm91cA==", epoch="1", lender="{key}", context=""'
                return reply(401, b"{}", "unspent", told)
            sealed = base64.urlsafe_b64decode(re.search(rb'borrow="([^"]+)"', raw)[1])
            audiences.append(keys.index(sealed[34 + 34:34 + 66]))
            return own("token_invalid")
        liar = self.tap(answer=answer)
        self.proxy.stop()
        type(self).proxy = self.borrow_through(liar.url, member="m1")
        for serving[0] in (0, 1, 0):
            self.assertEqual(self.call({"model": "ok"}).code, "token_invalid")
        self.assertEqual(audiences, [0, 1, 0])
        self.proxy.stop()
        type(self).proxy = self.borrow_through(self.relay.url)


class Attested(ProxyTest):
    """The proxy spends only where the lender shows an attestation."""

    group = {"tokens": 12}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("good.key", "other.key"):
            subprocess.run([BLINDLEND, "attest", "keygen", "--out", name], cwd=cls.shared, check=True,
                           stdout=subprocess.DEVNULL)

    def restart(self, relay_key, proxy_key):
        self.relay.stop()
        self.proxy.stop()
        type(self).relay = self.serve(*(("--attestation-key", relay_key) if relay_key else ()))
        type(self).proxy = self.borrow_through(self.relay.url, more=("--attestation-key", proxy_key))

    def test_shown(self):
        """Before each borrow: one without a question of its own would be of those who have asked of late."""
        self.restart("good.key", "good.key")
        tap = self.tap()
        self.proxy.stop()
        type(self).proxy = self.borrow_through(tap.url, more=("--attestation-key", "good.key"))
        before = self.tokens()
        for _ in range(3):
            self.assertEqual(self.call({"model": "ok"}).status, 200)
        self.change(before, held=-3, spent=3)
        asked = [raw.split(b" ")[1].split(b"=")[0] for _, _, raw in tap.seen]
        attested = b"/blindlend/v1/attestation?nonce"
        self.assertEqual(asked, [b"/v1/models", *[attested, b"/v1/messages"] * 3])
        # What it answers is what chapter 10 says.
        nonce = "00112233445566778899aabbccddeeff"
        reply = ask(self.relay.address, message("GET", f"/blindlend/v1/attestation?nonce={nonce}", []))
        self.assertEqual((reply.status, reply.get("content-type")), (200, "text/plain"))
        self.write("attestation", reply.body)
        instance = self.json("lender", "status", "--dir", "l")["instance"]
        said = self.json("attest", "check", "attestation", "--key", "good.key", "--lender", "l.pub", "--instance",
                         instance, "--nonce", nonce, "--cache", "seen.db", "--now", str(NOW))
        self.assertEqual((said["result"], said["issued_at"]), ("valid", NOW))
        for target in (nonce[:-1], nonce.upper(), nonce + "0", ""):
            reply = ask(self.relay.address, message("GET", f"/blindlend/v1/attestation?nonce={target}", []))
            self.assertEqual((reply.status, reply.code), (404, "bad_target"))

    def attestation(self, nonce, instance):
        """10-attestation, once more: what whoever has the key can say."""
        body = (b"\1\x0f" + instance + decode_text("LENDER", self.read("l.pub"))[2:] + b"\1" + i2osp(NOW, 8) + nonce)
        key = decode_text("ATTESTATION KEY", self.read("good.key"))[2:]
        tag = b"blindlend v1 attestation"
        return encode_text("ATTESTATION", body + hmac.digest(key, i2osp(len(tag), 8) + tag + body, "sha256"))

    def test_asked_anew(self):
        """After a 401 nothing is relied on any more: the lender is asked who it is, with a new nonce. Which instance it names
        is not remembered: whoever refused another one than before would show that it had been there before."""
        self.restart(None, "good.key")
        instances = [bytes(16), bytes(16), b"\1" * 16]
        challenge, nonces, borrows = self.challenge(), [], []

        def answer(raw):
            asked = re.match(rb"GET /blindlend/v1/attestation\?nonce=([0-9a-f]{32}) ", raw)
            if asked:
                nonces.append(bytes.fromhex(asked[1].decode()))
                return reply(200, self.attestation(nonces[-1], instances[len(nonces) - 1]))
            if b"\r\nAuthorization: " not in raw:
                return reply(401, b"{}", "unspent", f"www-authenticate: {challenge}")
            borrows.append(raw)
            return own("token_invalid")
        liar = self.tap(answer=answer)
        self.proxy.stop()
        type(self).proxy = self.borrow_through(liar.url, more=("--attestation-key", "good.key"))
        codes = [self.call({"model": "ok"}).code for _ in range(3)]
        self.assertEqual(codes, ["token_invalid"] * 3)
        self.assertEqual((len(set(nonces)), len(borrows)), (3, 3))

    def test_slow_upstream(self):
        """Time to connect is no time to answer, neither for the relay nor for the proxy."""
        self.relay.stop()
        self.proxy.stop()
        type(self).relay = self.serve("--connect-time", "2")
        type(self).proxy = self.borrow_through(self.relay.url, more=("--connect-time", "2"))
        reply = self.call({"model": "ok pause=4"})
        self.assertEqual((reply.status, reply.token, reply.end), (200, "spent", "clean"))

    def test_not_shown(self):
        """None, or one of another key: no token is touched."""
        for key in (None, "other.key"):
            self.restart(key, "good.key")
            before, calls = self.tokens(), self.stub.calls
            reply = self.call({"model": "ok"})
            self.assertEqual((reply.status, reply.code, reply.token), (502, "lender_untrusted", "unspent"))
            self.change(before)
            self.assertEqual(self.stub.calls, calls)


class Readme(unittest.TestCase):
    """The README's five minutes, word by word."""

    def test_five_minutes(self):
        top = pathlib.Path(__file__).resolve().parents[2]
        text = (top / "README.md").read_text()
        group = text.split("## Five minutes for a group\n")[1].split("5. **The member borrows")[0]
        call = text.split("## Five minutes to a borrowed call\n")[1].split("\n## ")[0]
        lines = [line.strip() for part in (group, call) for block in part.split("```")[1::2]
                 for line in block.strip().splitlines()]
        self.assertGreater(len(lines), 15)
        folder = make_folder()
        self.addCleanup(shutil.rmtree, folder)
        # Ports that are free here; whoever serves in the background is waited for, and ended at the end.
        script = ["set -eu", "trap 'kill $(jobs -p)' EXIT"]
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        ports = [each.getsockname()[1] for each in sockets]
        for each in sockets:
            each.close()
        for line in lines:
            line = line.replace("<the clone>", str(top))
            for i, port in enumerate(ports):
                line = line.replace(f"127.0.0.1:900{i}", f"127.0.0.1:{port}")
            script.append(line)
            if line.endswith("&"):
                port = line.split("--listen 127.0.0.1:")[1].split(" ")[0]
                script.append(f"until bash -c '</dev/tcp/127.0.0.1/{port}' 2>/dev/null; do sleep 0.1; done")
        path = os.path.dirname(os.path.abspath(BLINDLEND)) + ":" + os.environ["PATH"]
        done = subprocess.run(["bash", "-c", "\n".join(script)], cwd=folder, capture_output=True, text=True,
                              env={**os.environ, "PATH": path}, timeout=4 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("word0 word1 word2 word3 word4", done.stdout)
        self.assertIn("data: [DONE]", done.stdout)
        self.assertIn("2 served", done.stdout)


class Crash(ProxyTest):
    """Relay and proxies are killed at random; upstream's count, spent-sets and wallets agree in the end."""

    # 2000 borrows by 5 members: BLINDLEND_BORROWS=200 BLINDLEND_MEMBERS=5.
    group = {"tokens": int(os.environ.get("BLINDLEND_BORROWS", "16")),
             "members": int(os.environ.get("BLINDLEND_MEMBERS", "2")), "lenders": "lk"}

    def test_totals(self):
        members = range(self.group["members"])
        tokens = self.group["tokens"]
        lenders = self.group["lenders"]
        seed = int(os.environ.get("BLINDLEND_SEED", random.randrange(1 << 30)))
        print(f"BLINDLEND_SEED={seed}")
        dice = random.Random(seed)
        self.relay.stop()
        self.proxy.stop()
        relays = {lender: self.serve(lender=lender) for lender in lenders}
        ports = {lender: relays[lender].address[1] for lender in lenders}
        urls = [relays[lender].url for lender in lenders]
        proxies = {m: self.borrow_through(*urls, member=f"m{m}") for m in members}
        delivered = {m: 0 for m in members}
        done = {m: False for m in members}
        calls = self.stub.calls

        def work(m):
            end = time.monotonic() + 20 * PATIENCE
            while time.monotonic() < end:
                model = dice.choice(["ok", "ok", "ok", "ok pause=0.05", "status code=400"])
                try:
                    reply = self.call({"model": model, "stream": dice.random() < 0.5}, proxy=proxies[m])
                except OSError:
                    time.sleep(0.05)
                    continue
                if reply.status == 402:
                    done[m] = True
                    return
                if reply.status in (200, 400) and reply.end == "clean":
                    delivered[m] += 1
                time.sleep(0.01)

        threads = [threading.Thread(target=work, args=(m,)) for m in members]
        for each in threads:
            each.start()
        kills = {"relay": 0, "proxy": 0}
        while any(each.is_alive() for each in threads):
            time.sleep(dice.uniform(0.1, 0.4))
            if dice.random() < 0.5:
                lender = dice.choice(lenders)
                relays[lender].stop(signal.SIGKILL)
                relays[lender] = Server(self.shared, "lender", "serve", "--dir", lender, "--listen",
                                        f"127.0.0.1:{ports[lender]}", "--upstream", self.stub.url,
                                        "--credential-file", "credential", "--now", str(NOW))
                self.assertIsNotNone(relays[lender].address, relays[lender].said)
                kills["relay"] += 1
            else:
                m = dice.choice(members)
                proxies[m].stop(signal.SIGKILL)
                proxies[m] = self.borrow_through(*urls, member=f"m{m}")
                self.assertIsNotNone(proxies[m].address, proxies[m].said)
                kills["proxy"] += 1
        for each in threads:
            each.join()
        self.assertTrue(all(done.values()))
        for each in [*relays.values(), *proxies.values()]:
            self.assertEqual(each.stop(), 0)

        wallets = {m: self.balance(f"m{m}") for m in members}
        counts = {lender: self.count(lender) for lender in lenders}
        total = len(members) * tokens * len(lenders)
        spent = sum(each["spent"] for each in wallets.values())
        spending = sum(each["spending"] for each in wallets.values())
        self.assertEqual(sum(each["held"] for each in wallets.values()), 0)
        self.assertEqual(spent + spending, total)
        self.assertEqual(sum(self.used(f"m{m}") for m in members), total)
        served = sum(each[2] for each in counts.values())
        claimed = sum(each[0] for each in counts.values())
        for name, number in (("tokens", total), ("delivered", sum(delivered.values())), ("upstream calls", self.stub.calls - calls),
                             ("served", served), ("claimed", claimed), ("pending", spending),
                             ("relay kills", kills["relay"]), ("proxy kills", kills["proxy"])):
            print(f"crash: {name}: {number}")
        # What a wallet has erased its lender has served; what it has reserved the lender may have.
        self.assertLessEqual(spent, served)
        self.assertLessEqual(served + claimed, total)
        self.assertLessEqual(sum(delivered.values()), served)
        # One call for each token that was claimed, and for each kill of a relay those under way again.
        extra = self.stub.calls - calls - served
        self.assertGreaterEqual(extra, 0)
        self.assertLessEqual(extra, claimed + len(members) * (kills["relay"] + kills["proxy"]))
        # A reply is lost only where something was killed.
        self.assertLessEqual(total - sum(delivered.values()),
                             len(members) * kills["relay"] + kills["proxy"])
        for lender in lenders:
            self.assertEqual(self.ok("lender", "audit", "--dir", lender),
                             "chain, spent-set and database hold\n")
        # What is pending is not lost for good: held again, it is spent or refused as spent.
        if spending:
            self.relay = self.serve(lender="l")
            for m in members:
                self.json("member", "reclaim", "--dir", f"m{m}")
        type(self).relay = self.serve() if not spending else self.relay
        type(self).proxy = self.borrow_through(self.relay.url)


if __name__ == "__main__":
    unittest.main()

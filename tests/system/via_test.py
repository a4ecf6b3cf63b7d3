"""The member's side through a SOCKS proxy (spec 12-socks): everything goes there, nothing around it, each
connection with credentials of its own; and what becomes of tokens when the proxy fails.

Run as: BLINDLEND=path/to/blindlend WATCH_NET_LIBRARY=path/to/libwatch_net.so python3 via_test.py.
Standard library and openssl.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import threading
import unittest
import unittest.mock

from group_harness import NOW
from harness import BLINDLEND
from http_harness import CONTENT, LendingTest, Server, ask, certificate, message
from socks_server import Socks

NAME = "lender.invalid"  # RFC 6761: no resolver knows it


class Silent:
    """Listens where a lender could be, and counts who comes."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.socket.getsockname()[1]
        self.came = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        try:
            while True:
                self.socket.accept()[0].close()
                self.came += 1
        except OSError:
            pass


class Via(LendingTest):
    group = {"tokens": 60}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.socks = Socks({(NAME, 80): cls.relay.address}).start()
        cls.lender = f"http://{NAME}"
        cls.proxy = cls.through(cls.lender)

    @classmethod
    def tearDownClass(cls):
        cls.proxy.stop()
        cls.socks.stop()
        super().tearDownClass()

    @classmethod
    def through(cls, *urls, more=(), via=None, environment=()):
        lenders = [word for url in urls for word in ("--lender", url)]
        with unittest.mock.patch.dict(os.environ, environment):
            return Server(cls.shared, "member", "proxy", "--dir", "m0", "--listen", "127.0.0.1:0", *lenders,
                          "--via", via or cls.socks.url, "--now", str(NOW), *more)

    def setUp(self):
        super().setUp()
        self.socks.failure, self.socks.pace, self.socks.kind = None, 0, 1
        self.socks.asked = []

    @contextlib.contextmanager
    def another(self, *urls, **options):
        """Another proxy for a while, in the place of the class's: a wallet has one."""
        self.proxy.stop()
        another = self.through(*(urls or [self.lender]), **options)
        try:
            self.assertIsNotNone(another.address, another.said)
            yield another
        finally:
            another.stop()
            type(self).proxy = self.through(self.lender)

    @contextlib.contextmanager
    def another_relay(self, *more):
        """The same for the relay."""
        self.relay.stop()
        type(self).relay = self.serve(*more)
        self.socks.names[NAME, 80] = self.socks.names[NAME, 443] = self.relay.address
        try:
            yield self.relay
        finally:
            self.relay.stop()
            type(self).relay = self.serve()
            self.socks.names[NAME, 80] = self.relay.address

    def call(self, model="ok", proxy=None):
        LendingTest.serial += 1
        body = json.dumps({"model": model, "n": LendingTest.serial}).encode()
        return ask((proxy or self.proxy).address, message("POST", "/v1/messages", [
            ("Host", "localhost"), *CONTENT, ("Content-Length", str(len(body)))], body))

    def tokens(self):
        balance = self.balance("m0")
        return tuple(balance[name] for name in ("held", "spending", "spent"))

    def apart(self):
        """What was asked for, after it has been seen that no two have anything in common."""
        asked = self.socks.asked
        for values in ([each.user for each in asked], [each.password for each in asked],
                       [half for each in asked for half in (each.user, each.password)]):
            self.assertEqual(len(set(values)), len(values))
        for each in asked:
            self.assertEqual((each.methods, each.kind, each.early), (b"\2", 3, b""))
            self.assertEqual((len(each.user), len(each.password)), (24, 24))
        return asked

    def test_a_circuit_for_each_token(self):
        before = self.tokens()
        with self.another() as proxy:
            for _ in range(6):
                reply = self.call(proxy=proxy)
                self.assertEqual((reply.status, reply.end, reply.token), (200, "clean", "spent"))
        self.assertEqual(self.tokens(), (before[0] - 6, before[1], before[2] + 6))
        asked = self.apart()
        self.assertEqual([(each.host, each.port) for each in asked], [(NAME, 80)] * 7)
        # The first asks who the lender is; each other one has one borrow, no two the same.
        self.assertIn(b"GET /v1/models HTTP/1.1\r\nHost: lender.invalid", asked[0].sent)
        self.assertNotIn(b"uthorization", asked[0].sent)
        borrows = [each.sent.split(b"Authorization: ")[1].split(b"\r\n")[0] for each in asked[1:]]
        self.assertEqual(len(set(borrows)), 6)
        # Nothing of the credentials goes further.
        for each in asked:
            self.assertNotIn(each.user, each.sent)

    def test_what_the_proxy_sees(self):
        """Limit.ViaProxy: each target by its name, how often, and without TLS all of it, for the lender if it tells."""
        self.assertEqual(self.call().status, 200)  # so that the lender's key is known
        self.socks.asked = []
        for _ in range(2):
            self.assertEqual(self.call().status, 200)
        self.assertEqual([each.host for each in self.socks.asked], [NAME] * 2)
        for each in self.socks.asked:
            self.assertIn(b'"model": "ok"', each.sent)
            self.assertIn(b"Authorization: Blindlend", each.sent)

    def test_all_kinds_of_replies(self):
        """Whatever the proxy says of the address that it has, however it is cut into pieces."""
        for kind in (1, 3, 4):
            for pace in (0, 0.01):
                self.socks.kind, self.socks.pace = kind, pace
                self.assertEqual(self.call().status, 200)

    def test_many_at_once(self):
        before, replies = self.tokens(), []
        threads = [threading.Thread(target=lambda: replies.append(self.call("ok pause=0.2"))) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual([each.status for each in replies], [200] * 8)
        self.assertEqual(self.tokens(), (before[0] - 8, before[1], before[2] + 8))
        self.apart()

    FAILURES = (
        ("close", "CheckSocksMethod.1"), ("cut=method:0", "CheckSocksMethod.1"),
        ("cut=method:1", "CheckSocksMethod.1"), ("garbage=method", "CheckSocksMethod.1"),
        ("method=0", "CheckSocksMethod.2"), ("method=255", "CheckSocksMethod.2"),
        ("cut=status:1", "CheckSocksStatus.1"), ("garbage=status", "CheckSocksStatus.1"),
        ("status=1", "CheckSocksStatus.2"),
        ("cut=reply:0", "ReadSocksReply.6"), ("cut=reply:1", "ReadSocksReply.6"),
        ("cut=reply:4", "ReadSocksReply.6"), ("cut=reply:9", "ReadSocksReply.6"),
        ("garbage=reply", "ReadSocksReply.1"),
        *((f"reply={number}", "ReadSocksReply.2") for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 255)))

    def test_failures(self):
        """The lender is not reached, so no token is spent; and the next call is served."""
        self.assertEqual(self.call().status, 200)  # so that the lender's key is known
        before, calls = self.tokens(), self.stub.calls
        for failure, step in self.FAILURES:
            self.socks.failure = failure
            reply = self.call()
            self.assertEqual((reply.status, reply.code, reply.step, reply.token, reply.get("x-should-retry")),
                             (502, "via_failed", step, "unspent", None), failure)
        self.assertEqual(self.tokens(), before)
        self.socks.failure = None
        self.assertEqual(self.call().status, 200)
        self.assertEqual((self.tokens(), self.stub.calls), ((before[0] - 1, before[1], before[2] + 1), calls + 1))

    def test_failures_before_anything_is_known(self):
        before = self.tokens()
        for failure, step in (("status=1", "CheckSocksStatus.2"), ("reply=5", "ReadSocksReply.2")):
            self.socks.failure = failure
            with self.another() as proxy:
                reply = self.call(proxy=proxy)
            self.assertEqual((reply.status, reply.code, reply.step), (502, "via_failed", step))
        self.assertEqual(self.tokens(), before)

    def test_slow_proxy(self):
        """A byte now and then: the time for connecting is for all of it."""
        before, self.socks.pace = self.tokens(), 0.45
        with self.another(more=("--connect-time", "1")) as proxy:
            reply = self.call(proxy=proxy)
        self.assertEqual((reply.status, reply.code), (502, "via_failed"))
        self.assertEqual(self.tokens(), before)

    def test_nobody_there(self):
        """No proxy, but a lender that could be reached directly: it is not."""
        lender, before = Silent(), self.tokens()
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with self.another(lender.url, self.relay.url, via=f"socks5h://127.0.0.1:{port}") as proxy:
            reply = self.call(proxy=proxy)
        self.assertEqual((reply.status, reply.code, reply.step), (502, "via_failed", ""))
        self.assertEqual((lender.came, self.tokens()), (0, before))

    def test_no_way_around(self):
        """The proxy refuses whom it does not know; the address would lead there directly."""
        lender, before, calls = Silent(), self.tokens(), self.stub.calls
        with self.another(lender.url, self.relay.url) as proxy:
            reply = self.call(proxy=proxy)
        self.assertEqual((reply.status, reply.code, reply.step), (502, "via_failed", "ReadSocksReply.2"))
        self.assertEqual((lender.came, self.tokens(), self.stub.calls), (0, before, calls))
        # By name also where it is an address.
        self.assertEqual([each.host for each in self.apart()], ["127.0.0.1"] * 2)

    def test_lost_behind_the_proxy(self):
        """Once the lender may have heard of it, the token stays reserved; each attempt has its own circuit."""
        self.assertEqual(self.call().status, 200)
        lost = Silent()  # takes the connection, and closes it
        self.socks.names[NAME, 80] = lost.socket.getsockname()
        self.socks.asked, before = [], self.tokens()
        try:
            reply = self.call()
        finally:
            self.socks.names[NAME, 80] = self.relay.address
        self.assertEqual((reply.status, reply.code, reply.token), (502, "lender_unreachable", "pending"))
        self.assertEqual(self.tokens(), (before[0] - 1, before[1] + 1, before[2]))
        self.assertEqual(len(self.apart()), 5)

    def test_attestation(self):
        """Asked for on a connection of its own, with credentials of its own."""
        self.ok("attest", "keygen", "--out", "attestation.key", "--force")
        key = ("--attestation-key", "attestation.key")
        with self.another_relay(*key), self.another(more=key) as proxy:
            self.assertEqual(self.call(proxy=proxy).status, 200)
            asked = self.apart()
        self.assertEqual(len(asked), 3)
        self.assertIn(b"GET /blindlend/v1/attestation?nonce=", asked[1].sent)
        self.assertIn(b"Authorization: Blindlend", asked[2].sent)

    def test_tls(self):
        """The lender's certificate is checked against the name that the proxy was asked for."""
        for name, host in (("good", NAME), ("other", "elsewhere.invalid")):
            certificate(self.shared, name, host)
            before, self.socks.asked = self.tokens(), []
            with self.another_relay("--tls-cert", f"{name}.crt", "--tls-key", f"{name}.key"), \
                 self.another(f"https://{NAME}", more=("--ca", f"{name}.crt")) as proxy:
                reply = self.call(proxy=proxy)
            for each in self.apart():
                self.assertEqual((each.host, each.port, each.sent[:1]), (NAME, 443, b"\x16"))
            if name == "good":
                self.assertEqual((reply.status, reply.token, len(self.socks.asked)), (200, "spent", 2))
            else:
                self.assertEqual((reply.status, reply.code), (502, "lender_unreachable"))
                self.assertEqual(self.tokens(), before)

    def fetch(self, url, *more):
        return ["member", "fetch", "--dir", "m0", "--admin", url, "--key", "admin.pub", "--lender", "l.pub",
                "--count", "1", "--via", self.socks.url, "--now", str(NOW), "--force", *more]

    def admin(self):
        """An admin who serves under a name."""
        admin = Server(self.shared, "admin", "serve", "--dir", "a", "--listen", "127.0.0.1:0", "--now", str(NOW))
        self.addCleanup(admin.stop)
        self.socks.names["admin.invalid", 80] = admin.address
        return "http://admin.invalid"

    def test_fetch(self):
        url = self.admin()
        # The quota is used up: the refusal has come all the way.
        self.assertIn("Debit.7", self.run_cli(*self.fetch(url), expect=1).stderr)
        asked = self.apart()
        self.assertEqual([each.host for each in asked], ["admin.invalid"] * 2)
        self.assertIn(b"GET /blindlend/v1/chain", asked[0].sent)
        self.assertIn(b"POST /blindlend/v1/issue", asked[1].sent)
        for failure, said in (("status=1", "at CheckSocksStatus.2"), ("reply=4", "at ReadSocksReply.2: host unreachable (4)"),
                              ("reply=77", "at ReadSocksReply.2: reason 77"), ("cut=reply:3", "at ReadSocksReply.6")):
            self.socks.failure = failure
            done = self.run_cli(*self.fetch(url), expect=3)
            self.assertIn("gives no answer: the SOCKS proxy makes no connection, " + said, done.stderr)

    def test_nothing_else_is_asked(self):
        """What the processes connect to, and which names they look up: the proxy alone, and none."""
        log = pathlib.Path(self.shared, "watched")
        url = self.admin()
        watching = {"LD_PRELOAD": os.environ["WATCH_NET_LIBRARY"], "WATCH_NET": str(log)}

        def watch(*command):
            subprocess.run([BLINDLEND, *command], cwd=self.shared, env=dict(os.environ, **watching),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with self.another(environment=watching) as proxy:
            self.assertEqual(self.call(proxy=proxy).status, 200)
        watch(*self.fetch(url))
        watch("doctor", "--dir", "m0", "--lender", self.lender, "--admin", url, "--via", self.socks.url, "--now", str(NOW))
        watched = log.read_text().splitlines()
        self.assertEqual(set(watched), {"connect 127.0.0.1 %d" % self.socks.server_address[1]})
        self.assertEqual((len(watched), len(self.apart())), (2 + 2 + 2, 2 + 2 + 2))
        # The watcher sees: without --via the name is asked for.
        watch("doctor", "--dir", "m0", "--lender", self.lender)
        self.assertIn("getaddrinfo " + NAME, log.read_text())

    def test_what_is_no_proxy(self):
        for url, why in (("socks5://127.0.0.1:1", "not of the form"), ("socks5h://127.0.0.1", "not of the form"),
                         ("socks5h://127.0.0.1:0", "not of the form"), ("socks5h://127.0.0.1:65536", "not of the form"),
                         ("http://127.0.0.1:1", "not of the form"), ("socks5h://127.0.0.1:9050/", "not of the form"),
                         ("socks5h://proxy.example:9050", "no numeric address"), ("socks5h://:9050", "no numeric address"),
                         ("socks5h://me:word@127.0.0.1:9050", "no numeric address"),
                         ("socks5h://[::1:9050", "no numeric address"), ("socks5h://::1:9050", "no numeric address")):
            for command in (("fetch", "--admin", "http://x", "--key", "admin.pub", "--lender", "l.pub", "--count", "1"),
                            ("proxy", "--listen", "127.0.0.1:0", "--lender", "http://x")):
                said = self.run_cli("member", *command, "--dir", "m0", "--via", url, expect=2).stderr
                self.assertIn(why, said)


if __name__ == "__main__":
    unittest.main()

"""Issuance over HTTP: admin serve and member fetch.

Run as: BLINDLEND=path/to/blindlend python3 issue_test.py. Standard library only.
"""

import os
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
import unittest

from group_harness import DAY, NOW, T0, GroupTest, make_group
from harness import BLINDLEND
from http_harness import PATIENCE, Server, ask, message, receive


def setUpModule():
    GroupTest.template = make_group()


def tearDownModule():
    shutil.rmtree(GroupTest.template)


class Issue(GroupTest):
    """m of the group has prepared the request rq, which rs answers; n has nothing."""

    def setUp(self):
        super().setUp()
        self.admin = self.serve()

    def serve(self, *more):
        server = Server(self.folder, "admin", "serve", "--dir", "a", "--listen", "127.0.0.1:0", "--now", str(NOW),
                        *more)
        self.assertIsNotNone(server.address, server.said)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        return server

    def fetch(self, *more, directory="n", count=4, url=None):
        return ["member", "fetch", "--dir", directory, "--admin", url or self.admin.url, "--key", "admin.pub",
                "--lender", "l.pub", "--count", str(count), "--now", str(NOW), *more]

    def post(self, body, server=None, target="/blindlend/v1/issue"):
        return ask((server or self.admin).address,
                   message("POST", target, [("Content-Length", str(len(body)))], body))

    def test_same_bytes_as_the_files(self):
        before = self.used("member m")
        for _ in range(2):
            reply = self.post(self.read("rq"))
            self.assertEqual((reply.status, reply.end, reply.get("content-type")), (200, "clean", "text/plain"))
            self.assertEqual(reply.body, self.read("rs"))
        self.assertEqual(self.used("member m"), before)

    def test_chain(self):
        chain = message("GET", "/blindlend/v1/chain", [])
        self.assertEqual(ask(self.admin.address, chain).body, self.read("e1"))
        self.ok(*self.epoch(out="e2", now=T0 + 6 * DAY))
        self.assertEqual(ask(self.admin.address, chain).body, self.read("e1") + self.read("e2"))
        self.ok("admin", "revoke", "--dir", "a", "--out", "end")
        self.assertEqual(ask(self.admin.address, chain).body,
                         self.read("e1") + self.read("e2") + self.read("end"))

    def test_fetch(self):
        """From an empty wallet; until the quota is used; a new link is joined."""
        self.ok("member", "init", "--dir", "p", "--out", "p.pub")
        self.ok("admin", "enroll", "--dir", "a", "p.pub", "--name", "p")
        self.assertEqual(self.json(*self.fetch(directory="p")),
                         {"result": "done", "joined": 1, "held": 4, "burnt": 0})
        self.assertEqual(self.json(*self.fetch(directory="p"))["held"], 4)
        self.assertEqual(self.balance("p")["held"], 8)
        self.assertIn("too many", self.run_cli(*self.fetch(directory="p"), expect=1).stderr)
        self.assertEqual(self.used("p"), 8)
        refused = self.run_cli(*self.fetch("--force", directory="p"), expect=1).stderr
        self.assertIn("status 403, not_issued at Debit.7", refused)
        self.assertEqual(self.used("p"), 8)

    def test_not_enrolled(self):
        self.ok("member", "init", "--dir", "q", "--out", "q.pub")
        refused = self.run_cli(*self.fetch(directory="q"), expect=1).stderr
        self.assertRegex(refused, r"not_issued at Debit\.\d")

    def test_lost_answer(self):
        """The request that has no answer is sent again, the same; nothing is debited twice."""
        self.ok(*self.request(directory="n", count=4))
        self.post(self.read("new"))
        self.assertEqual(self.used("member n"), 4)
        self.assertEqual(self.json(*self.fetch())["held"], 4)
        self.assertEqual((self.used("member n"), self.balance("n")["held"]), (4, 4))

    def test_nobody_there(self):
        self.admin.stop()
        done = self.run_cli(*self.fetch(), expect=3)
        self.assertIn("gives no answer", done.stderr)
        admin = self.serve()
        self.assertEqual(self.json(*self.fetch(url=admin.url))["held"], 4)

    def test_refusals(self):
        for body, status, code, step in (
                (b"", 403, "not_issued", "DecodeText.1"), (b"hello", 403, "not_issued", "DecodeText.1"),
                (self.read("rs"), 403, "not_issued", "DecodeText.1"),
                (self.read("rq")[:-1], 403, "not_issued", "DecodeText.2"),
                (b"x" * 720001, 413, "too_large", "CheckFraming.5")):
            reply = self.post(body)
            self.assertEqual((reply.status, reply.code, reply.step), (status, code, step))
        self.assertEqual(self.post(b"", target="/blindlend/v1/chain").status, 404)
        self.assertEqual(self.post(b"", target="/v1/messages").status, 404)

    def test_rate(self):
        server = self.serve("--rate", "2")
        for _ in range(5):  # what is refused uses nothing up
            self.assertEqual(self.post(b"x", server).code, "not_issued")
        # Bodies that end together share the rate as those do that come one by one: all heads are in before.
        body = self.read("rq")
        data = message("POST", "/blindlend/v1/issue", [("Host", "x"), ("Content-Type", "text/plain"),
                                                       ("Content-Length", str(len(body)))], body)
        together = [socket.create_connection(server.address, timeout=PATIENCE) for _ in range(6)]
        for each in together:
            each.sendall(data[:-1])
        self.assertEqual(self.post(b"x", server).code, "not_issued")  # in order: behind this one they have been read
        for each in together:
            each.sendall(data[-1:])
        at_once = [receive(each).status for each in together]
        for each in together:
            each.close()
        self.assertEqual(sorted(at_once), [200] * 2 + [503] * 4)
        server = self.serve("--rate", "2")
        statuses = [self.post(self.read("rq"), server).status for _ in range(3)]
        self.assertEqual(statuses, [200, 200, 503])
        done = self.run_cli(*self.fetch(url=server.url), expect=3)
        self.assertIn("status 503, busy", done.stderr)
        self.assertEqual(self.used("member n"), 0)

    def test_waiting(self):
        """Sixteen requests wait for their turn, the others are told to come again: as long as the ledger is held up."""
        ledger = sqlite3.connect(self.path("a/admin.db"), isolation_level=None)
        self.addCleanup(ledger.close)
        ledger.execute("BEGIN EXCLUSIVE")
        statuses, answered = [], threading.Event()

        def go():
            status = self.post(self.read("rq")).status
            statuses.append(status)
            if status == 503 and statuses.count(503) == 8:
                answered.set()
        threads = [threading.Thread(target=go) for _ in range(24)]
        for each in threads:
            each.start()
        self.assertTrue(answered.wait(PATIENCE))
        ledger.execute("ROLLBACK")
        for each in threads:
            each.join()
        self.assertEqual(sorted(statuses), [200] * 16 + [503] * 8)

    def test_another_admin(self):
        """The chain of somebody else is refused, and nothing is asked of him."""
        self.ok("admin", "init", "--dir", "b", "--group", "a group", "--bits", "2048", "--out", "b.pub")
        self.ok(*self.epoch(out="eb", now=T0, directory="b"))
        server = Server(self.folder, "admin", "serve", "--dir", "b", "--listen", "127.0.0.1:0", "--now", str(NOW))
        try:
            self.assertIn("VerifyLink", self.run_cli(*self.fetch(url=server.url), expect=1).stderr)
            self.assertEqual(self.balance("n")["requested"], 0)
        finally:
            server.stop()

    def test_doctor(self):
        """Well, and each thing that can be wrong."""
        self.ok(*self.epoch(out="e2", now=T0 + 5 * DAY))  # so that spending is open for as long as the test takes
        self.ok("member", "accept", "--dir", "m", "rs")
        late = str(T0 + 6 * DAY)
        self.write("credential", b"x-api-key: secret\n")
        relay = Server(self.folder, "lender", "serve", "--dir", "l", "--listen", "127.0.0.1:0", "--upstream",
                       "http://127.0.0.1:9", "--credential-file", "credential", "--now", late)
        self.addCleanup(relay.stop)

        def doctor(*more, now=late, directory="m", expect=0):
            said = self.json("doctor", "--dir", directory, "--now", now, *more, expect=expect)
            self.assertEqual(said["result"], "done" if expect == 0 else "failed")
            return [each["what"] + ": " + each["found"] for each in said["findings"] if not each["well"]]

        # The databases are newer than --now: only that is wrong with this clock.
        self.assertEqual(doctor("--lender", relay.url), [])
        self.assertEqual(doctor(directory="l"), [])
        self.write("l/lender.mark", b"0\n")  # as a relay leaves it: it says how many, and nothing secret
        os.chmod(self.path("l/lender.mark"), 0o644)
        self.assertEqual(doctor(directory="l"), [])
        wrong, = doctor("--admin", self.admin.url, expect=1)
        self.assertIn("its newest link is another one", wrong)
        self.ok(*self.join("e2"))
        self.assertEqual(doctor("--admin", self.admin.url, "--lender", relay.url), [])
        wrong, = doctor(now=str(T0 + 1), expect=1)
        self.assertIn("no epoch can be spent now", wrong)
        self.assertIn("clock", doctor(now="1000", expect=1)[0])
        wrong, = doctor("--lender", self.admin.url, expect=1)
        self.assertIn("is no relay", wrong)
        wrong, = doctor("--lender", "http://127.0.0.1:9", expect=1)
        self.assertIn("cannot be reached", wrong)
        for url, why in (("http://127.0.0.1:9", "cannot be reached"), ("ftp://127.0.0.1", "is not of the form")):
            wrong, = doctor("--admin", url, expect=1)
            self.assertIn(why, wrong)
        wrong, = doctor("--lender", "ftp://127.0.0.1", expect=1)
        self.assertIn("is not of the form", wrong)
        self.ok("member", "init", "--dir", "fresh", "--out", "fresh.pub")
        self.assertIn("epoch: no descriptor has been joined", doctor(directory="fresh", expect=1))
        self.ok("member", "join", "--dir", "fresh", "e1", "--admin", "admin.pub")
        self.ok("member", "join", "--dir", "fresh", "e2", "--admin", "admin.pub")
        shutil.copytree(self.path("a"), self.path("other"))  # what is served is not revoked
        self.ok("admin", "revoke", "--dir", "other", "--out", "end")
        self.ok("member", "join", "--dir", "fresh", "end", "--admin", "admin.pub")
        self.assertIn("epoch: the chain ends in a revocation", doctor(directory="fresh", expect=1))
        os.chmod(self.path("m"), 0o755)
        os.chmod(self.path("m/wallet.db"), 0o640)
        self.assertEqual(doctor(expect=1), ["mode of the directory: 755", "mode of wallet.db: 640"])

    def test_on_a_schedule(self):
        process = subprocess.Popen([BLINDLEND, *self.fetch("--every", "1", count=2)], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + PATIENCE
            while self.balance("n")["held"] < 4 and time.monotonic() < end:
                time.sleep(0.2)
        finally:
            process.kill()
            process.wait()
        held = self.balance("n")["held"]
        self.assertGreaterEqual(held, 4)
        self.assertEqual(held % 2, 0)


if __name__ == "__main__":
    unittest.main()

"""The commands of borrowing as processes: what they promise, and how they refuse.

Run as: BLINDLEND=path/to/blindlend MALICIOUS_ADMIN=... SAME_RANDOM_LIBRARY=path/to/libsame_random.so \
python3 borrow_test.py. Standard library only. Labels such as VerifyBorrow.2 are the steps of spec/.
Whatever is printed by any command of this file is searched for every secret that its databases have ever
held.
"""

import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import unittest

from group_harness import (
    DAY,
    END,
    NOW,
    SPEND,
    T0,
    Borrowing,
    GroupTest,
    Secrets,
    make_borrowers,
    read_database,
    request_digest,
)
from harness import BLINDLEND, decode_text, encode_text, mode, shows_secret, snapshot

NONCE = "00112233445566778899aabbccddeeff"
LAST = (1 << 64) - 1
IS_SANITIZED = bool(os.environ.get("BLINDLEND_SANITIZE"))
# Where ever more of something is tried: not all of it with processes that start slowly.
STEP = 5 if IS_SANITIZED else 1


def setUpModule():
    BorrowTest.template = make_borrowers()


def tearDownModule():
    shutil.rmtree(BorrowTest.template)


class BorrowTest(Borrowing, GroupTest):
    """A folder as make_borrowers describes it."""

    @staticmethod
    def make(out="attestation", nonce=NONCE, key="secret", now=SPEND, directory="l"):
        return ["attest", "make", "--dir", directory, "--key", key, "--nonce", nonce, "--now",
                str(now), "--out", out]

    def check_attestation(self, *more, attestation="attestation", nonce=NONCE, key="secret",
                          now=SPEND, lender="l.pub", instance=None, cache="seen.db"):
        return ["attest", "check", attestation, "--key", key, "--lender", lender, "--instance",
                instance or self.instance(), "--nonce", nonce, "--cache", cache, "--now", str(now),
                *more]

    def instance(self, directory="l"):
        return self.json("lender", "status", "--dir", directory)["instance"]

    def status(self, number=1, directory="l"):
        """(claimed, released, served, closed) of an epoch."""
        [epoch] = [each for each in self.json("lender", "status", "--dir", directory)["epochs"]
                   if each["number"] == number]
        return epoch["claimed"], epoch["released"], epoch["served"], epoch["closed"]

    def states(self, directory="m"):
        balance = self.balance(directory, SPEND)
        return balance["held"], balance["spending"], balance["spent"]

    @staticmethod
    def sql(path, *statements):
        connection = sqlite3.connect(path, isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()


class Whole(BorrowTest):
    """What the commands do when all is well, for people and for programs."""

    def test_json(self):
        """A borrow's life; the keys of its JSON; the modes of the files."""
        os.umask(os.umask(0) and 0)  # the modes are the program's own, whatever the umask

        def said(keys, *arguments, expect=0):
            report = self.json(*arguments, expect=expect)
            self.assertEqual(list(report), ["result", *keys], arguments)
            return report

        lender = decode_text("LENDER", self.read("l.pub"))[2:].hex()
        self.assertEqual(said(["out", "lender", "new", "early"], *self.spend()),
                         {"result": "done", "out": "borrow", "lender": lender, "new": True,
                          "early": False})
        self.assertEqual(mode(self.path("borrow")), 0o600)  # who has it can be served first
        fresh = said(["verdict", "claim"], *self.redeem())
        self.assertEqual((fresh["result"], fresh["verdict"]), ("fresh", "fresh"))
        self.assertRegex(fresh["claim"], r"\A[0-9a-f]{32}\Z")
        self.assertEqual(said(["verdict"], *self.redeem(), expect=3),
                         {"result": "busy", "verdict": "busy"})
        retry = said(["verdict", "claim"], *self.redeem("--resume"))
        self.assertEqual((retry["result"], retry["verdict"]), ("retry", "retry"))
        self.assertNotEqual(retry["claim"], fresh["claim"])
        self.assertEqual(self.status(), (1, 0, 0, False))
        self.assertEqual(said(["state"], *self.finish("release", retry["claim"])),
                         {"result": "done", "state": "released"})
        self.assertEqual(self.status(), (0, 1, 0, False))
        self.assertEqual(said(["state"], *self.outcome("released")),
                         {"result": "done", "state": "held"})
        self.assertEqual(self.states(), (3, 0, 0))
        self.ok(*self.spend(request="other"))
        claim = self.claim(request="other")
        self.assertEqual(said(["state"], *self.finish("settle", claim)),
                         {"result": "done", "state": "served"})
        self.assertEqual(said(["verdict"], *self.redeem(request="other"), expect=1),
                         {"result": "served", "verdict": "served"})
        self.assertEqual(said(["state"], *self.outcome("served")),
                         {"result": "done", "state": "spent"})
        self.assertEqual(self.states(), (2, 0, 1))
        status = said(["lender", "instance", "epochs"], "lender", "status", "--dir", "l")
        self.assertEqual(status["lender"], lender)
        self.assertRegex(status["instance"], r"\A[0-9a-f]{32}\Z")
        self.assertEqual(status["epochs"], [{"number": 1, "claimed": 0, "released": 1, "served": 1,
                                             "closed": False}])
        self.assertEqual(said(["problems"], "lender", "audit", "--dir", "l"),
                         {"result": "valid", "problems": []})
        self.assertEqual(said([], "lender", "compact", "--dir", "l"), {"result": "done"})
        self.assertEqual(sorted(os.listdir(self.path("l"))), ["lender.db", "lender.mark"])
        self.assertEqual(said(["out"], "attest", "keygen", "--out", "key"),
                         {"result": "done", "out": "key"})
        self.assertEqual(mode(self.path("key")), 0o600)
        os.remove(self.path("key"))
        made = said(["instance", "issued_at", "out"], *self.make())
        self.assertEqual(made, {"result": "done", "instance": status["instance"],
                                "issued_at": SPEND, "out": "attestation"})
        self.assertEqual(said(["issued_at", "nonce"], *self.check_attestation()),
                         {"result": "valid", "issued_at": SPEND, "nonce": NONCE})
        self.assertEqual(mode(self.path("seen.db")), 0o600)
        self.assertEqual(said(["closed"], "lender", "close", "--dir", "l", "--now", str(END)),
                         {"result": "done", "closed": [1]})
        self.assertEqual(self.status(), (0, 0, 0, True))
        for directory, name in (("m", "wallet.db"), ("l", "lender.db")):
            self.assertEqual(mode(self.path(directory)), 0o700)
            self.assertEqual(mode(self.path(f"{directory}/{name}")), 0o600)

    def test_words(self):
        """Each command without --json says in words what it did, and nothing on stderr."""
        lender = decode_text("LENDER", self.read("l.pub"))[2:].hex()
        self.assertEqual(self.ok(*self.spend()),
                         f"borrow: borrow goes to the lender {lender} with the request\n")
        self.assertEqual(self.ok(*self.spend()), f"borrow, the same as before: borrow goes to the "
                                                 f"lender {lender} with the request\n")
        said = self.ok(*self.redeem())
        self.assertRegex(said, r"\Afresh\nclaim [0-9a-f]{32}\n\Z")
        self.assertEqual(self.run_cli(*self.redeem(), expect=3).stdout, "busy\n")
        self.assertRegex(self.ok(*self.redeem("--resume")), r"\Aretry\nclaim [0-9a-f]{32}\n\Z")
        claim = self.claim("--resume", verdict="retry")
        self.assertEqual(self.ok(*self.finish("release", claim)), "released\n")
        self.assertEqual(self.ok(*self.finish("settle", self.claim())), "served\n")
        done = self.run_cli(*self.redeem(), expect=1)
        self.assertEqual((done.stdout, done.stderr), ("served\n", ""))
        self.assertEqual(self.ok(*self.outcome("served")), "spent, and erased\n")
        self.ok(*self.spend())
        self.assertEqual(self.ok(*self.outcome("released")), "held again\n")
        self.assertRegex(self.ok("lender", "status", "--dir", "l"),
                         rf"\Alender       {lender}\ninstance     [0-9a-f]{{32}}\n"
                         r"epoch 1: 0 claimed, 0 released, 1 served\n\Z")
        self.assertEqual(self.ok("lender", "audit", "--dir", "l"),
                         "chain, spent-set and database hold\n")
        self.assertEqual(self.ok("lender", "compact", "--dir", "l"), "rewritten without order\n")
        self.assertEqual(self.ok("lender", "close", "--dir", "l", "--now", str(END - 1)),
                         "no epoch is over\n")
        self.assertEqual(self.ok("lender", "close", "--dir", "l", "--now", str(END)),
                         "epoch 1 is closed, for good\n")
        self.assertIn(", closed\n", self.ok("lender", "status", "--dir", "l"))
        self.assertRegex(self.ok(*self.make()), r"\Ainstance [0-9a-f]{32} claims a live session at "
                                                r"2027-01-20 08:01:40 UTC: attestation\n\Z")
        self.assertRegex(self.ok(*self.check_attestation()), r"\Avalid: .* a claim, not a proof\.\n")

    def test_help(self):
        for command in (["member", "spend"], ["lender"], ["lender", "redeem"], ["attest"],
                        ["attest", "check"]):
            self.assertIn("Usage:", self.ok(*command, "--help"))

    def test_without_the_clock_option(self):
        """The machine's own clock: spent now, closed not yet, attested now."""
        self.ok("admin", "init", "--dir", "b", "--group", "g", "--bits", "2048", "--out", "b.pub")
        self.ok("lender", "init", "--dir", "q", "--out", "q.pub")
        self.ok("member", "init", "--dir", "o", "--out", "o.pub")
        self.ok("admin", "enroll", "--dir", "b", "o.pub")
        self.ok("admin", "epoch", "--dir", "b", "--quota", "1", "--days", "1", "--lender", "q.pub",
                "--out", "e")
        self.ok(*self.join("e", directory="o", admin="b.pub"))
        self.ok(*self.join("e", directory="q", admin="b.pub", who="lender"))
        self.ok(*self.request(directory="o", lender="q.pub", count=1, out="rq")[:-2])
        self.ok(*self.issue(out="rs", directory="b")[:-2])
        self.ok(*self.accept(directory="o")[:-2])
        spend = [*self.spend(directory="o", lender="q.pub")[:-4], "--out", "borrow"]
        done = self.run_cli(*spend)  # obtained a moment ago
        self.assertRegex(done.stderr, r"\Ablindlend: warning: tokens were obtained less than 1 d ago")
        self.ok(*spend, "--min-age", "0s")
        self.ok(*self.redeem(directory="q")[:-2])
        self.assertEqual(self.json("lender", "close", "--dir", "q")["closed"], [])
        self.ok(*self.make(directory="q")[:-4], "--out", "attestation")
        self.ok(*self.check_attestation(lender="q.pub", instance=self.instance("q"))[:-2])

    def test_stdout_that_cannot_be_written(self):
        """A report that nobody gets is not a success; the claim is there, and is taken over."""
        self.ok(*self.spend())
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BLINDLEND, *self.redeem()], cwd=self.folder, stdout=full,
                                  stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, b"blindlend: standard output cannot be written\n")
        self.assertEqual(self.verdict(*self.redeem()), ("busy", 3))
        self.ok(*self.finish("settle", self.claim("--resume", verdict="retry")))


class Spend(BorrowTest):
    """member spend and outcome."""

    def test_the_same_request_gets_the_same_borrow(self):
        self.ok(*self.spend())
        first = self.read("borrow")
        for out, now, lender in (("borrow", SPEND, "l.pub"), ("again", SPEND + DAY, "l.pub"),
                                 ("again", SPEND, None), ("again", 0, None), ("again", LAST, None)):
            said = self.json(*self.spend(out, now=now, lender=lender))
            self.assertFalse(said["new"])
            self.assertEqual(self.read(out), first)
        self.assertEqual(self.states(), (2, 1, 0))
        # Its contents count, not its name.
        shutil.copyfile(self.path("request"), self.path("same"))
        self.assertFalse(self.json(*self.spend("again", "same"))["new"])
        self.assertEqual(self.read("again"), first)

    def test_each_request_takes_a_token(self):
        """Until there is none; then one that was reserved is still had."""
        borrows = set()
        for i in range(3):
            self.write("r", b"request %d" % i)
            self.assertTrue(self.json(*self.spend("b", "r"))["new"])
            borrows.add(self.read("b"))
        self.assertEqual((len(borrows), self.states()), (3, (0, 3, 0)))
        self.write("r", b"request 3")
        self.assertEqual(self.fails(1, *self.spend("new", "r")), "refused: no token is held")
        said = self.json(*self.spend("new", "r"), expect=1)
        self.assertEqual((said["result"], said["step"], said["detail"]),
                         ("refused", "", "no token is held"))
        self.write("r", b"request 1")
        self.assertFalse(self.json(*self.spend("b", "r"))["new"])
        self.assertIn(self.read("b"), borrows)

    def test_a_borrow_is_for_its_request(self):
        """It holds the digest, and nothing of the seed."""
        for content in (b"", b"x", b"y" * (1 << 24)):
            self.write("r", content)
            self.ok(*self.spend("b", "r"))
            sealed = decode_text("BORROW", self.read("b"))
            [row] = [row for row in self.tables("m")["token"]
                     if row["digest"] == request_digest(row["id"], content)]
            self.assertEqual(sealed[:-64], b"\1\x0e" + row["digest"] + row["token"])
            self.assertNotIn(row["seed"], sealed)
            self.ok(*self.finish("settle", self.claim(borrow="b", request="r")))
        self.write("r", b"y" * ((1 << 24) + 1))
        self.assertIn("r: is larger than any request to be relayed", self.unusable(
            *self.spend("b", "r")))

    def test_windows(self):
        for now in (0, T0, SPEND - 101, END, LAST):
            self.assertIn("of the held tokens none is for this lender and for ",
                          self.fails(1, *self.spend("new", now=now)))
        self.assertTrue(self.json(*self.spend("new", now=SPEND - 100))["new"])
        self.assertTrue(self.json(*self.spend("new", "other", now=END - 1))["new"])

    def test_lenders(self):
        """A token is spent where it is for; without --lender, anywhere there is one."""
        self.assertIn("none is for this lender", self.fails(1, *self.spend("new", lender="k.pub")))
        self.ok("lender", "init", "--dir", "p", "--out", "p.pub")
        self.assertIn("none is for this lender", self.fails(1, *self.spend("new", lender="p.pub")))
        keys = [decode_text("LENDER", self.read(f"{name}.pub"))[2:].hex() for name in "lk"]
        self.assertEqual(self.json(*self.spend(lender=None))["lender"], keys[0])
        for lender, key in (("l.pub", keys[0]), ("k.pub", keys[1])):
            said = self.json(*self.spend("b", directory="n", lender=lender))
            self.assertEqual((said["lender"], said["new"]), (key, True))
        self.assertFalse(self.json(*self.spend("b", directory="n", lender=None))["new"])

    def test_wallets_without_tokens(self):
        self.ok("member", "init", "--dir", "o", "--out", "o.pub")
        self.assertIn("has no descriptor yet", self.unusable(*self.spend("new", directory="o")))
        self.ok(*self.join(directory="o"))
        self.assertEqual(self.fails(1, *self.spend("new", directory="o")), "refused: no token is held")
        self.ok("admin", "revoke", "--dir", "a", "--out", "end")
        self.ok(*self.join("end"))
        self.assertIn("the chain ends in a revocation", self.unusable(*self.spend("new")))

    def test_outcome(self):
        self.assertIn("takes either --served or --released",
                      self.unusable("member", "outcome", "--dir", "m", "rq"))
        self.ok(*self.spend())
        first = self.read("borrow")
        for more in ([], ["--served", "--released"]):
            self.assertEqual(self.unusable("member", "outcome", "--dir", "m", "borrow", *more),
                             "member outcome: takes either --served or --released")
        nobodys = "no token is reserved for this borrow"
        self.assertIn(nobodys, self.unusable(*self.outcome("served", directory="n")))
        self.ok(*self.outcome("released"))
        for what in ("served", "released"):
            self.assertIn(nobodys, self.unusable(*self.outcome(what)))
        # The same token for another request, when those are reserved that nobody was shown: the old borrow says
        # nothing about it.
        for i in range(2):
            self.write(f"request{i}", b"yet another %d" % i)
            self.ok(*self.spend(f"new{i}", f"request{i}"))
        self.ok(*self.spend("new", "other"))
        self.assertEqual(decode_text("BORROW", first)[34:-64], decode_text("BORROW", self.read("new"))[34:-64])
        for i in range(2):
            self.ok(*self.outcome("released", f"new{i}"))
        for what in ("served", "released"):
            self.assertIn(nobodys, self.unusable(*self.outcome(what)))
        sealed = decode_text("BORROW", self.read("new"))
        self.text("bad", "BORROW", sealed[:2] + bytes(32) + sealed[34:])
        self.assertIn(nobodys, self.unusable(*self.outcome("served", "bad")))
        self.text("bad", "BORROW", b"\1\x0d" + sealed[2:])
        self.refused("ParseBorrow.1", *self.outcome("served", "bad"))
        self.text("bad", "BORROW", sealed[:100] + sealed[-64:])
        self.refused("ParseBorrow.2", *self.outcome("served", "bad"))
        self.text("bad", "BORROW", b"")
        self.refused("ParseBorrow.1", *self.outcome("served", "bad"))
        self.ok(*self.outcome("served", "new"))
        self.assertEqual(self.states(), (2, 0, 1))
        for what in ("served", "released"):
            self.assertIn(nobodys, self.unusable(*self.outcome(what, "new")))

    def test_what_is_spent_is_erased(self):
        """Seed, token and digest are in no file of the wallet any more."""
        self.ok(*self.spend())
        [row] = [row for row in self.tables("m")["token"] if row["state"] == "spending"]

        def wallet():
            return b"".join(self.read(f"m/{name}") for name in os.listdir(self.path("m")))

        parts = [row["seed"], row["token"], row["digest"], row["id"]]
        for part in parts:
            self.assertIn(part, wallet())
        self.ok(*self.outcome("served"))
        for part in parts:
            self.assertNotIn(part, wallet())

    def test_what_expires_is_erased(self):
        """Also what was asked for and never answered."""
        self.ok(*self.spend())
        self.ok(*self.request(out="q", count=2))
        tables = self.tables("m")
        expire = ["member", "expire", "--dir", "m", "--now"]
        self.assertEqual(self.json(*expire, str(END - 1))["burnt"], 0)
        self.assertEqual(self.json(*expire, str(END))["burnt"], 5)
        balance = self.balance(now=END)
        self.assertEqual((self.states(), balance["requested"], balance["burnt"]), ((0, 0, 0), 0, 5))
        content = b"".join(self.read(f"m/{name}") for name in os.listdir(self.path("m")))
        self.assertEqual(len(tables["token"] + tables["entry"]), 5)
        for row in tables["token"] + tables["entry"]:
            self.assertNotIn(row["seed"], content)
        self.assertEqual(self.json(*expire, str(END))["burnt"], 0)
        self.assertIn("no token is reserved", self.unusable(*self.outcome("served")))


class Redeem(BorrowTest):
    """lender redeem, settle and release: the table of 9-redemption."""

    def test_table(self):
        """Each state with the same digest and another one, owner alive or dead."""
        other = self.copied()
        double = ("double-spend", 1)
        first = self.claim("--resume")  # of no entry: that the owner is dead changes nothing
        self.assertEqual(self.verdict(*self.redeem()), ("busy", 3))
        for more in ([], ["--resume"]):
            self.assertEqual(self.verdict(*self.redeem(*more, **other)), double)
        second = self.claim("--resume", verdict="retry")
        self.refused("Settle.1", *self.finish("settle", first))
        self.refused("Release.1", *self.finish("release", first))
        self.ok(*self.finish("release", second))
        for what in ("settle", "release"):
            self.refused(f"{what.capitalize()}.1", *self.finish(what, second))
        # Released: for any request. A second and last refund.
        third = self.claim(**other)
        for more in ([], ["--resume"]):
            self.assertEqual(self.verdict(*self.redeem(*more)), double)
        self.ok(*self.finish("release", third))
        fourth = self.claim()
        self.refused("Release.2", *self.finish("release", fourth))
        self.assertEqual(self.status(), (1, 0, 0, False))
        self.ok(*self.finish("settle", fourth))
        for what in ("settle", "release"):
            self.refused(f"{what.capitalize()}.1", *self.finish(what, fourth))
        for which in ({}, other):
            for more in ([], ["--resume"]):
                self.assertEqual(self.verdict(*self.redeem(*more, **which)), ("served", 1))
        self.assertEqual(self.status(), (0, 0, 1, False))
        [row] = self.tables("l")["spent"]
        self.assertEqual((row["state"], row["refunds"], row["digest"], row["claim_id"]),
                         ("served", 2, b"", b""))

    def test_what_is_refused_leaves_all_as_it_was(self):
        """busy, double-spend and served change nothing either."""
        other = self.copied()
        claim = self.claim()
        for arguments in (self.redeem(), self.redeem(**other), None, self.redeem("--resume")):
            if arguments is None:
                self.ok(*self.finish("settle", claim))
                continue
            before = self.tables("l")
            self.assertIn(self.verdict(*arguments)[1], (1, 3))
            self.assertEqual(self.tables("l"), before)

    def test_bad_claims(self):
        for claim in ("00", "0" * 31, "0" * 33, "0" * 34, "g" * 32, " " * 32):
            for what in ("settle", "release"):
                self.assertEqual(self.unusable("lender", what, "--dir", "l", f"--claim={claim}"),
                                 "--claim: takes 32 hexadecimal digits")
        for what in ("settle", "release"):
            self.refused(f"{what.capitalize()}.1", *self.finish(what, "0" * 32))

    def test_claims_of_the_other_lender(self):
        self.ok(*self.spend("bn", "other", directory="n", lender="k.pub"))
        self.ok(*self.spend())
        claims = {"l": self.claim(),
                  "k": self.claim(borrow="bn", request="other", directory="k")}
        for directory, claim in (("k", claims["l"]), ("l", claims["k"])):
            self.refused("Settle.1", *self.finish("settle", claim, directory))
        self.assertEqual((self.status(), self.status(directory="k")),
                         ((1, 0, 0, False), (1, 0, 0, False)))

    def test_the_same_token_at_two_lenders(self):
        """It is for one of them; the other keeps nothing of it."""
        self.ok(*self.spend())
        self.refused("VerifyBorrow.8", *self.redeem(directory="k"))
        self.ok(*self.finish("settle", self.claim()))
        self.refused("VerifyBorrow.8", *self.redeem("--resume", directory="k"))
        self.assertEqual(self.tables("k")["spent"], [])

    def test_other_lenders_and_times(self):
        """VerifyBorrow.3 to .6."""
        self.ok(*self.spend())
        self.ok("lender", "init", "--dir", "p", "--out", "p.pub")
        self.refused("VerifyBorrow.3", *self.redeem(directory="p"))
        self.ok(*self.join(directory="p", who="lender"))
        self.refused("VerifyBorrow.6", *self.redeem(directory="p"))
        self.ok("lender", "init", "--dir", "q", "--out", "q.pub")
        self.ok("admin", "init", "--dir", "b", "--group", "b", "--bits", "2048", "--out", "b.pub")
        self.ok(*self.epoch(directory="b", out="eb", now=T0))
        self.ok(*self.join("eb", "q", "b.pub", "lender"))
        self.refused("VerifyBorrow.4", *self.redeem(directory="q"))
        for now in (0, T0, SPEND - 101, END, LAST):
            self.refused("VerifyBorrow.5", *self.redeem(now=now))
        self.assertEqual(self.tables("l")["spent"], [])
        claim = self.claim(now=SPEND - 100)  # the first second
        self.ok(*self.finish("release", claim))
        claim = self.claim(now=END - 1)  # and the last
        # What was claimed is settled after the end too, and after a revocation.
        self.ok("admin", "revoke", "--dir", "a", "--out", "end")
        self.ok(*self.join("end", "l", who="lender"))
        self.refused("VerifyBorrow.3", *self.redeem("--resume"))
        self.ok(*self.finish("settle", claim))

    def test_replayed_with_another_request(self):
        """VerifyBorrow.2, whatever the state is."""
        self.ok(*self.spend())
        self.refused("VerifyBorrow.2", *self.redeem(request="other"))
        claim = self.claim()
        self.refused("VerifyBorrow.2", *self.redeem("--resume", request="other"))
        self.ok(*self.finish("settle", claim))
        self.refused("VerifyBorrow.2", *self.redeem(request="other"))
        self.write("longer", self.read("request") + b"\0")
        self.refused("VerifyBorrow.2", *self.redeem(request="longer"))

    def test_edited(self):
        """A bit changed anywhere, a digest for another request, a signature of another token."""
        self.ok(*self.spend())
        self.ok(*self.spend("second", "other"))
        sealed = decode_text("BORROW", self.read("borrow"))
        second = decode_text("BORROW", self.read("second"))
        [ident] = [row["id"] for row in self.tables("m")["token"] if row["token"] == sealed[34:-64]]
        end = len(sealed)
        self.assertEqual(end, 34 + 100 + 256 + 64)
        bit = lambda at: sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        for content, step in (
            (b"", 1), (sealed[:63], 1), (sealed[:-1], 1), (sealed + b"\0", 1), (sealed[1:], 1),
            (bit(0), 1), (bit(1), 1), (bit(34), 1), (bit(35), 1),  # versions and kinds
            (bit(2), 2), (bit(33), 2),  # digest
            (bit(36), 2), (bit(67), 2), (bit(68), 2), (bit(99), 2), (bit(100), 2), (bit(131), 2),
            (bit(132), 1), (bit(133), 1),  # the signature's width
            (bit(134), 7), (bit(end - 65), 7), (bit(end - 64), 7), (bit(end - 1), 7),
            (sealed[:-64] + second[-64:], 7),
            (sealed[:134] + second[134:], 7),
            (sealed[:2] + second[2:34] + sealed[34:], 2),
        ):
            self.text("bad", "BORROW", content)
            with self.subTest(step=step, content=content.hex()[:80]):
                self.refused(f"VerifyBorrow.{step}", *self.redeem(borrow="bad"))
        # The digest of the other request, for this token: it would be the right one, but nobody
        # without the seed can sign it.
        digest = request_digest(ident, self.read("other"))
        self.text("bad", "BORROW", sealed[:2] + digest + sealed[34:])
        self.refused("VerifyBorrow.7", *self.redeem(borrow="bad", request="other"))
        self.assertEqual(self.tables("l")["spent"], [])
        self.claim()

    def test_a_copied_wallet(self):
        """Both copies show the token as theirs; whoever comes second is refused."""
        other = self.copied()
        claim = self.claim(**other)
        self.assertEqual(self.verdict(*self.redeem()), ("double-spend", 1))
        self.ok(*self.finish("settle", claim))
        self.assertEqual(self.verdict(*self.redeem()), ("served", 1))
        self.ok(*self.outcome("served"))


class Close(BorrowTest):
    """lender close, compact, status and audit."""

    def test_close(self):
        """Not before the end; then for good, whatever the clock says."""
        self.ok(*self.spend())
        claim = self.claim()
        for now in (0, SPEND, END - 1):
            self.assertEqual(self.json("lender", "close", "--dir", "l", "--now", str(now))["closed"],
                             [])
        self.assertEqual(self.status(), (1, 0, 0, False))
        ident = self.tables("l")["spent"][0]["id"]
        self.assertIn(ident, self.read("l/lender.db"))
        self.ok("lender", "close", "--dir", "l", "--now", str(END))
        for name in os.listdir(self.path("l")):
            self.assertNotIn(ident, self.read(f"l/{name}"))
        for more in ([], ["--resume"]):
            self.refused("Claim.1", *self.redeem(*more))
        for what in ("settle", "release"):
            self.refused(f"{what.capitalize()}.1", *self.finish(what, claim))
        self.ok("lender", "close", "--dir", "l", "--now", "0")
        self.ok("lender", "close", "--dir", "l", "--now", str(LAST))
        self.assertEqual(self.status(), (0, 0, 0, True))
        self.ok("lender", "audit", "--dir", "l")

    def test_close_one_of_two(self):
        self.ok(*self.epoch(out="e2"))
        for name, who in (("m", "member"), ("l", "lender")):
            self.ok(*self.join("e2", name, who=who))
        later = T0 + 5 * DAY
        self.ok(*self.request(out="q", count=2, now=later))
        self.ok(*self.issue("q", "s", now=later))
        self.ok(*self.accept("s", now=later))
        self.ok(*self.spend())
        self.ok(*self.finish("settle", self.claim()))
        second = END + 100  # the first epoch is over, the second is spent
        self.ok(*self.spend("second", "other", now=second))
        claim = self.claim(borrow="second", request="other", now=second)
        said = self.json("lender", "close", "--dir", "l", "--now", str(second))
        self.assertEqual(said["closed"], [1])
        self.assertEqual((self.status(1), self.status(2)), ((0, 0, 0, True), (1, 0, 0, False)))
        self.ok(*self.finish("settle", claim))
        self.refused("Claim.1", *self.redeem())
        self.ok("member", "expire", "--dir", "m", "--now", str(second))
        self.assertEqual((self.balance(now=second)["burnt"], self.balance(now=second)["held"]), (3, 1))

    def test_compact(self):
        """No digest or claim of what is over is left, all of what is not; the rows are the same."""
        self.ok(*self.spend())
        self.ok(*self.spend("second", "other"))
        over, current = self.claim(), self.claim(borrow="second", request="other")
        digests = {row["claim_id"].hex(): row["digest"] for row in self.tables("l")["spent"]}
        self.ok(*self.finish("settle", over))
        before = self.tables("l")
        self.ok("lender", "compact", "--dir", "l")
        after = self.tables("l")
        for tables in (before, after):
            tables.pop("counter")
        self.assertEqual(after, before)
        content = b"".join(self.read(f"l/{name}") for name in os.listdir(self.path("l")))
        for part in (bytes.fromhex(over), digests[over]):
            self.assertNotIn(part, content)
        for part in (bytes.fromhex(current), digests[current]):
            self.assertIn(part, content)
        self.ok(*self.finish("settle", current))

    def test_audit(self):
        """What is wrong with a database is named, all of it; status 1."""
        self.ok(*self.spend())
        self.claim()
        good = self.path("good")
        shutil.copyfile(self.path("l/lender.db"), good)
        for statement, problem in (
            ("UPDATE spent SET digest = x''", "1 entries claimed without digest or claim"),
            ("UPDATE spent SET claim_id = x'00'", "1 entries claimed without digest or claim"),
            ("UPDATE spent SET state = 'served'", "1 entries that have ended and keep digest or claim"),
            ("UPDATE spent SET refunds = 3", "1 entries with a wrong number of refunds"),
            ("UPDATE spent SET refunds = -1", "1 entries with a wrong number of refunds"),
            ("UPDATE spent SET id = x'00'", "1 entries with a wrong id"),
            ("UPDATE spent SET key_id = zeroblob(32)", "1 entries of unknown epochs"),
            ("INSERT INTO closed SELECT key_id FROM link", "1 entries of closed epochs (lender close drops them)"),
            ("UPDATE anchor SET admin = zeroblob(32)", "descriptor 1: refused at VerifyLink.1"),
        ):
            shutil.copyfile(good, self.path("l/lender.db"))
            self.sql(self.path("l/lender.db"), statement)
            with self.subTest(statement=statement):
                done = self.run_cli("lender", "audit", "--dir", "l", expect=1)
                self.assertEqual((done.stdout, done.stderr), (f"{problem}\n", ""))
                said = self.json("lender", "audit", "--dir", "l", expect=1)
                self.assertEqual(said, {"result": "failed", "problems": [problem]})
        self.sql(self.path("l/lender.db"), "UPDATE spent SET refunds = 3, claim_id = x''")
        said = self.json("lender", "audit", "--dir", "l", expect=1)
        self.assertEqual(len(said["problems"]), 3)


class Copies(BorrowTest):
    """A spent-set that is cut off, damaged, or replaced by an older copy."""

    USERS = (["settle", "--claim", "0" * 32], ["release", "--claim", "0" * 32], ["close"], ["audit"],
             ["compact"])

    def users(self):
        return [self.redeem()] + [["lender", each[0], "--dir", "l", *each[1:]] for each in self.USERS]

    def served_behind_a_copy(self):
        """A copy from before a token was spent."""
        self.ok(*self.spend("earlier", "other"))
        self.ok(*self.finish("settle", self.claim(borrow="earlier", request="other")))
        shutil.copytree(self.path("l"), self.path("backup"))
        self.ok(*self.spend())
        self.ok(*self.finish("settle", self.claim()))

    def put_back(self, *names):
        for name in names:
            shutil.copyfile(self.path(f"backup/{name}"), self.path(f"l/{name}"))

    def test_older_copy(self):
        """Noticed by every command that decides or changes anything; --accept-older goes on, and then
        the token is spent again: what THREAT_MODEL.md says of it."""
        self.served_behind_a_copy()
        self.put_back("lender.db")
        for arguments in self.users():
            line = self.unusable(*arguments)
            self.assertRegex(line, r"\Al/lender\.db: is older than lender\.mark: .*--accept-older")
        self.assertEqual(self.status(), (0, 0, 1, False))  # which only looks
        self.ok("lender", "audit", "--dir", "l", "--accept-older")
        self.assertEqual(self.verdict(*self.redeem("--accept-older", borrow="earlier",
                                                   request="other")), ("served", 1))
        self.assertEqual(self.verdict(*self.redeem("--accept-older")), ("fresh", 0))

    def test_older_by_a_settle(self):
        """Also a copy from between claim and settle: its token would be taken over, and served twice."""
        self.ok(*self.spend())
        claim = self.claim()
        shutil.copytree(self.path("l"), self.path("backup"))
        self.ok(*self.finish("settle", claim))
        self.put_back("lender.db")
        for arguments in (*self.users(), self.redeem("--resume")):
            self.assertIn("is older than lender.mark", self.unusable(*arguments))

    def test_older_by_a_release(self):
        """Or it would be refunded once more."""
        self.ok(*self.spend())
        claim = self.claim()
        shutil.copytree(self.path("l"), self.path("backup"))
        self.ok(*self.finish("release", claim))
        self.put_back("lender.db")
        self.assertIn("is older than lender.mark", self.unusable(*self.finish("release", claim)))

    def test_older_by_a_close(self):
        """Or a closed epoch would be open again."""
        shutil.copytree(self.path("l"), self.path("backup"))
        self.ok("lender", "close", "--dir", "l", "--now", str(END))
        self.put_back("lender.db")
        self.ok(*self.spend())
        self.assertIn("is older than lender.mark", self.unusable(*self.redeem()))

    def test_what_is_not_noticed(self):
        """Both files put back together, or the mark gone: nothing here can tell. A limit, and said."""
        self.served_behind_a_copy()
        self.put_back("lender.db", "lender.mark")
        self.assertEqual(self.verdict(*self.redeem()), ("fresh", 0))

    def test_mark(self):
        """A mark that is no number; one that is gone is written again."""
        self.ok(*self.spend())
        claim = self.claim()
        for content in (b"x\n", b"1", b"1\n\n", b"", b"-", b"\n", b"1" * 40 + b"\n", b"9" * 20 + b"\n"):
            self.write("l/lender.mark", content)
            for arguments in self.users():
                self.assertIn("l/lender.mark: ", self.unusable(*arguments))
        os.remove(self.path("l/lender.mark"))
        self.ok(*self.finish("settle", claim))
        self.ok("lender", "compact", "--dir", "l")
        self.assertTrue(os.path.exists(self.path("l/lender.mark")))

    def test_mark_that_cannot_be_written(self):
        """The claim stands, so it is said, with a warning; the token is not lost."""
        self.ok(*self.spend())
        os.mkdir(self.path("l/lender.mark"))
        self.assertIn("l/lender.mark: is a directory", self.unusable(*self.redeem()))
        done = self.run_cli(*self.redeem("--accept-older"))
        self.assertRegex(done.stderr, r"\Ablindlend: warning: [^\n]*l/lender\.mark[^\n]*\n\Z")
        self.assertRegex(done.stdout, r"\Afresh\nclaim [0-9a-f]{32}\n\Z")
        claim = done.stdout.split()[2]
        os.rmdir(self.path("l/lender.mark"))
        self.ok(*self.finish("settle", claim))

    def test_cut_off(self):
        """At any page: refused, never granted again."""
        self.ok(*self.spend())
        self.ok(*self.finish("settle", self.claim()))
        whole = self.read("l/lender.db")
        lengths = [*range(0, len(whole) - 4095, 4096 * STEP), 1, 15, 16, 99, 100, 512, 5000, 9000]
        for length in lengths:
            self.write("l/lender.db", whole[:length])
            with self.subTest(length=length):
                for arguments in (self.redeem(), self.redeem("--resume", "--accept-older"),
                                  ["lender", "audit", "--dir", "l"]):
                    self.assertRegex(self.unusable(*arguments), r"\Al/lender\.db: ")

    def test_damaged(self):
        """Bytes overwritten: every command ends, with a status and in words."""
        self.ok(*self.spend())
        self.ok(*self.finish("settle", self.claim()))
        whole = self.read("l/lender.db")
        seen = set()
        for at in range(0, len(whole), 1024 + 512):
            content = whole[:at] + b"\xa5" * 64 + whole[at + 64 :]
            self.write("l/lender.db", content[: len(whole)])
            for arguments in (self.redeem(), ["lender", "audit", "--dir", "l"],
                              ["lender", "status", "--dir", "l"]):
                done = subprocess.run([BLINDLEND, *arguments], cwd=self.folder, capture_output=True,
                                      text=True, timeout=60)
                self.after(arguments, done)
                self.assertIn(done.returncode, (0, 1, 2))
                self.assertRegex(done.stderr, r"\A(blindlend: [^\n]+\n)?\Z")
                self.assertNotIn("unexpected", done.stderr)
                seen.add((arguments[1], done.returncode))
            for end in ("-wal", "-shm"):
                if os.path.exists(self.path("l/lender.db" + end)):
                    os.remove(self.path("l/lender.db" + end))
        for status in (1, 2):
            self.assertIn(("audit", status), seen)

    def test_databases_that_are_none(self):
        """Not there, another role's, a later version, another program's."""
        users = [*self.users(), ["lender", "status", "--dir", "l"], self.make("new")]
        def each(reason):
            for arguments in users:
                with self.subTest(arguments=arguments):
                    self.assertRegex(self.unusable(*arguments), rf"\Al/lender\.db: {reason}")

        self.ok(*self.spend())
        os.remove(self.path("l/lender.db"))
        each(r"is not there; init makes it\Z")
        shutil.copyfile(self.path("m/wallet.db"), self.path("l/lender.db"))
        os.chmod(self.path("l/lender.db"), 0o600)
        each(r"is not a blindlend lender's database\Z")
        shutil.copyfile(os.path.join(self.template, "l/lender.db"), self.path("l/lender.db"))
        self.sql(self.path("l/lender.db"), "PRAGMA user_version = 2")
        each("was made by a later version of blindlend")
        self.write("l/lender.db", b"this is not a database\n" * 400)
        each(r"is damaged or not a database\Z")
        shutil.copyfile(os.path.join(self.template, "l/lender.db"), self.path("l/lender.db"))
        self.sql(self.path("l/lender.db"), "DELETE FROM instance")
        each(r"is damaged: instance\Z")


class Attest(BorrowTest):
    """attest keygen, make and check."""

    def says(self, step, *arguments):
        """Refused at this step; the cache may have forgotten something meanwhile."""
        done = self.run_cli(*arguments, "--json", expect=1)
        said = json.loads(done.stdout)
        self.assertEqual((said["result"], said["step"]), ("refused", step))
        self.assertEqual(done.stderr, f"blindlend: refused at {step}: {said['detail']}\n")

    def seen(self, cache="seen.db"):
        return {(row["question"][16:].hex(), int.from_bytes(row["issued_at"], "big"))
                for row in read_database(self.path(cache))["seen"]}

    def test_keygen(self):
        """Never in the place of another without --force."""
        first = self.read("secret")
        self.assertEqual(decode_text("ATTESTATION KEY", first)[:2], b"\1\x10")
        self.assertEqual(len(decode_text("ATTESTATION KEY", first)), 34)
        self.assertEqual(self.unusable("attest", "keygen", "--out", "secret"),
                         "secret: is a secret that exists already (--force overwrites it)")
        said = self.ok("attest", "keygen", "--out", "secret", "--force")
        self.assertEqual(said, "secret is for all of the group, and for nobody else\n")
        self.assertNotEqual(self.read("secret"), first)
        self.assertEqual(mode(self.path("secret")), 0o600)
        os.chmod(self.path("secret"), 0o644)
        done = self.run_cli(*self.make())
        self.assertRegex(done.stderr, r"\Ablindlend: warning: secret: others may read it")

    def test_make(self):
        """The same question at the same time, the same bytes; the form of 10-attestation."""
        self.ok(*self.make())
        data = decode_text("ATTESTATION", self.read("attestation"))
        lender = decode_text("LENDER", self.read("l.pub"))[2:]
        self.assertEqual(data[:75], b"\1\x0f" + bytes.fromhex(self.instance()) + lender + b"\1" +
                         SPEND.to_bytes(8, "big") + bytes.fromhex(NONCE))
        self.assertEqual(len(data), 107)
        self.ok(*self.make("again"))
        self.assertEqual(self.read("again"), self.read("attestation"))
        for other in (self.make("other", now=SPEND + 1), self.make("other", nonce="f" * 32),
                      self.make("other", directory="k")):
            self.ok(*other)
            self.assertNotEqual(self.read("other"), self.read("attestation"))

    def test_bad_hex(self):
        self.ok(*self.make())
        for value in ("00", "0" * 31, "0" * 33, "g" * 32, "0" * 64):
            line = "takes 32 hexadecimal digits"
            self.assertIn(line, self.unusable("attest", "make", "--dir", "l", "--key", "secret",
                                              f"--nonce={value}", "--out", "new"))
            for option in ("--nonce", "--instance"):
                arguments = self.check_attestation()
                at = arguments.index(option)
                arguments[at : at + 2] = [f"{option}={value}"]
                self.assertIn(line, self.unusable(*arguments))
        arguments = self.check_attestation()
        at = arguments.index("--nonce")
        self.unusable(*arguments[:at], *arguments[at + 2 :])  # without what was asked it says nothing

    def test_clock(self):
        """300 s either way, and not 301, over all of 64 bits."""
        for now in (0, 1, 300, SPEND, LAST - 300, LAST):
            self.ok(*self.make(now=now))
            for off in (-301, 301):
                if 0 <= now + off <= LAST:
                    self.says("CheckAttestation.5", *self.check_attestation(now=now + off))
                    os.remove(self.path("seen.db"))
            for off in (-300, 0, 300):
                if 0 <= now + off <= LAST:
                    self.ok(*self.check_attestation(now=now + off))
                    self.assertEqual(self.seen(), {(NONCE, now)})
                    os.remove(self.path("seen.db"))
        self.ok(*self.make(now=0))
        self.says("CheckAttestation.5", *self.check_attestation(now=LAST))

    def test_replay(self):
        """Once, to the last second of its span; and behind it for its age."""
        for ahead in (-300, 0, 300):
            self.ok(*self.make(now=SPEND + ahead))
            self.ok(*self.check_attestation())
            for now in range(SPEND, SPEND + ahead + 300 + 1, 100):
                self.says("CheckAttestation.7", *self.check_attestation(now=now))
            # The clock runs ahead, forgets, and is set back.
            self.says("CheckAttestation.5", *self.check_attestation(now=SPEND + ahead + 301))
            self.assertEqual(self.seen(), set())
            self.says("CheckAttestation.6", *self.check_attestation(now=SPEND))
            os.remove(self.path("seen.db"))

    def test_refused_leaves_no_trace(self):
        """Of another key, instance, lender or question: it can still be shown to whom it is for."""
        self.ok(*self.make())
        self.ok("attest", "keygen", "--out", "other.secret")
        with open(self.path("other.secret"), "rb") as file:
            other = decode_text("ATTESTATION KEY", file.read())
        self.says("CheckAttestation.2", *self.check_attestation(key="other.secret"))
        os.remove(self.path("other.secret"))
        self.assertEqual(len(other), 34)
        self.says("CheckAttestation.4", *self.check_attestation(lender="k.pub"))
        self.says("CheckAttestation.4", *self.check_attestation(instance="0" * 32))
        self.says("CheckAttestation.4", *self.check_attestation(nonce="0" * 32))
        data = decode_text("ATTESTATION", self.read("attestation"))
        for at in (0, 2, 18, 50, 51, 58, 75, 106):
            self.text("bad", "ATTESTATION", data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            self.says("CheckAttestation.2", *self.check_attestation(attestation="bad"))
        for content in (b"", data[:-1], data + b"\0"):
            self.text("bad", "ATTESTATION", content)
            self.says("CheckAttestation.1", *self.check_attestation(attestation="bad"))
        self.assertEqual(self.seen(), set())
        self.ok(*self.check_attestation())
        self.assertEqual(self.seen(), {(NONCE, SPEND)})

    def test_caches(self):
        """Each asker has its own; a file that is none is not touched."""
        self.ok(*self.make())
        self.ok(*self.check_attestation(cache="one"))
        self.ok(*self.check_attestation(cache="two"))
        for content in (b"x", b"SQLite format 3", b"this is not a database\n" * 400):
            self.write("bad", content)
            self.assertRegex(self.unusable(*self.check_attestation(cache="bad")), r"\Abad: ")
        shutil.copyfile(self.path("m/wallet.db"), self.path("bad"))
        self.assertIn("is not a blindlend replay cache",
                      self.unusable(*self.check_attestation(cache="bad")))
        os.mkdir(self.path("folder"), 0o700)
        self.assertRegex(self.unusable(*self.check_attestation(cache="folder")), r"\Afolder: ")
        self.assertRegex(self.unusable(*self.check_attestation(cache="no/such")), r"\Ano/such: ")
        shutil.copyfile(self.path("one"), self.path("bad"))
        os.chmod(self.path("bad"), 0o600)
        self.sql(self.path("bad"), "DELETE FROM forgotten")
        self.assertIn("is damaged", self.unusable(*self.check_attestation(cache="bad")))


class BadInput(BorrowTest):
    """Options, inputs and outputs that cannot be meant: status 2, nothing changed."""

    def every(self):
        """All commands of this file, as they are given."""
        self.ok(*self.spend())
        self.ok(*self.make())
        return [self.spend("new"), self.outcome("served"), self.redeem(),
                self.finish("settle", "0" * 32), self.finish("release", "0" * 32),
                ["lender", "close", "--dir", "l"], ["lender", "status", "--dir", "l"],
                ["lender", "audit", "--dir", "l"], ["lender", "compact", "--dir", "l"],
                ["attest", "keygen", "--out", "new"], self.make("new"), self.check_attestation()]

    def test_usage(self):
        for name in ("lender", "attest"):
            self.unusable(name)
            self.unusable(name, "unknown")
        optional = ("--lender", "--now")
        for arguments in self.every():
            with self.subTest(arguments=arguments):
                self.unusable(*arguments, "stray")
                self.unusable(*arguments, "--unknown")
                self.unusable(*arguments[:2])
                for i, argument in enumerate(arguments):
                    if not argument.startswith("--") or argument == "--served":
                        continue
                    if argument not in optional or arguments[0] == "attest" and argument != "--now":
                        self.unusable(*arguments[:i], *arguments[i + 2 :])  # one is missing
                    self.unusable(*arguments, *arguments[i : i + 2])  # one comes twice
                    self.unusable(*arguments[:i], *arguments[i + 2 :], argument)  # no value
        for now in ("-1", "x", "", "18446744073709551616"):
            for arguments in (self.spend("new"), self.redeem(), self.make("new"),
                              self.check_attestation(), ["lender", "close", "--dir", "l", "--now", ""]):
                self.unusable(*arguments[: arguments.index("--now")], f"--now={now}",
                              *arguments[arguments.index("--now") + 2 :])

    def readers(self, name):
        """Every input of every command, and what it should be."""
        return [
            (self.spend("new", request=name), None),
            (self.spend("new", lender=name), "LENDER"),
            (self.outcome("served", name), "BORROW"),
            (self.redeem(borrow=name), "BORROW"),
            (self.redeem(request=name), None),
            (self.make("new", key=name), "ATTESTATION KEY"),
            (self.check_attestation(attestation=name), "ATTESTATION"),
            (self.check_attestation(key=name), "ATTESTATION KEY"),
            (self.check_attestation(lender=name), "LENDER"),
        ]

    def test_files_that_cannot_be_read(self):
        self.ok(*self.spend())
        self.ok(*self.make())
        self.write("empty", b"")
        os.mkdir(self.path("folder"))
        os.mkfifo(self.path("fifo"))
        for name, reason in (("missing", "cannot be read: No such file or directory"),
                             ("folder", "is a directory"), ("fifo", "is not a regular file"),
                             ("empty", "is empty")):
            for arguments, kind in self.readers(name):
                if name == "empty" and kind is None:
                    continue  # a request may be empty
                with self.subTest(arguments=arguments):
                    self.assertEqual(self.unusable(*arguments), f"{name}: {reason}")

    def test_other_kinds(self):
        """A file of every other kind; one that is cut off; one that is far too large."""
        self.ok(*self.spend())
        self.ok(*self.make())
        kinds = {"admin.pub": "ADMIN", "m.pub": "MEMBER", "l.pub": "LENDER", "e1": "EPOCH",
                 "rq": "TOKEN REQUEST", "rs": "TOKEN RESPONSE", "borrow": "BORROW",
                 "attestation": "ATTESTATION", "secret": "ATTESTATION KEY"}
        of_kind = {kind: name for name, kind in kinds.items()}
        for name in kinds:
            os.chmod(self.path(name), 0o600)  # or a secret key would be warned of first
        for name, label in kinds.items():
            for arguments, kind in self.readers(name):
                if kind in (None, label):
                    continue
                with self.subTest(arguments=arguments):
                    self.assertRegex(self.unusable(*arguments), rf"\A{name}: (not a blindlend {kind}"
                                                                r" \(DecodeText\.1\)|is larger than)")
        for arguments, kind in self.readers("bad"):
            if kind is None:
                continue
            text = self.read(of_kind[kind])
            for content, step in ((text[:-1], 2), (text[: len(text) // 2], 2),
                                  (text.replace(b"\n", b"\r\n"), 1),
                                  (text.replace(b"-----\n", b"-----\n\n", 1), 3)):
                self.write("bad", content)
                self.assertRegex(self.unusable(*arguments),
                                 rf"\Abad: (not a blindlend {kind} \(DecodeText\.{step}\)|is larger)")
            self.write("bad", text)
            os.truncate(self.path("bad"), 3_000_000_000)  # it has no blocks
            self.assertIn("bad: is larger than any", self.unusable(*arguments))
        for content in (b"", b"\1\x10" + bytes(31), b"\1\x10" + bytes(33), b"\1\x0f" + bytes(32)):
            self.text("bad", "ATTESTATION KEY", content)
            for arguments in (self.make("new", key="bad"), self.check_attestation(key="bad")):
                self.assertRegex(self.unusable(*arguments),
                                 r"\Abad: (not a blindlend ATTESTATION KEY \(ParseAttestationKey\.1\)"
                                 r"|is larger)")

    def writers(self, out):
        return [self.spend(out), self.make(out), ["attest", "keygen", "--out", out, "--force"]]

    def test_outputs(self):
        """Places that are no files, inputs, and what a store keeps."""
        os.mkdir(self.path("folder"))
        os.mkfifo(self.path("fifo"))
        os.symlink("e1", self.path("link"))
        for out in ("folder", "fifo", "link", "/dev/null"):
            for arguments in self.writers(out):
                self.assertIn(f"{out}: ", self.unusable(*arguments))
        for arguments in (self.spend("request"), self.spend("l.pub"), self.make("secret")):
            self.assertRegex(self.unusable(*arguments), r"is both input and output\Z")
        for out in ("m/wallet.db", "m/wallet.db-wal", "./m/wallet.db-shm", "m/wallet.db-journal"):
            self.assertIn("is both input and output", self.unusable(*self.spend(out)))
        for out in ("l/lender.db", "l/lender.db-wal", "./l/lender.db-shm", "l/lender.db-journal",
                    "l/lender.mark"):
            self.assertIn("is both input and output", self.unusable(*self.make(out)))
        self.ok("lender", "compact", "--dir", "l")
        before = self.read("l/lender.mark")
        for out in ("l/lender.mark", "./l/lender.mark", "l/lender.db-wal", "l/lender.db-shm", "l/lender.db-journal",
                    "l/lender.db.new", "m/wallet.db-wal", "a/admin.db-wal"):
            for more in ([], ["--force"]):
                self.assertEqual(self.unusable("attest", "keygen", "--out", out, *more),
                                 f"{out}: belongs to a database, and is never written")
        self.assertEqual(self.read("l/lender.mark"), before)
        self.assertFalse(os.path.exists(self.path("a/admin.db-journal")))
        self.ok("attest", "keygen", "--out", "of-no.mark")  # beside no database
        for out in ("m/wallet.db", "l/lender.db", "a/admin.db"):
            for more in ([], ["--force"]):
                self.assertEqual(self.unusable("attest", "keygen", "--out", out, *more),
                                 f"{out}: is a database, and never overwritten")
        self.assertEqual(self.unusable(*self.spend("l/lender.db")),  # of another directory
                         "l/lender.db: is a database, and never overwritten")

    def test_output_that_cannot_be_written(self):
        """What was reserved stays so, and is had by the same command again."""
        done = self.run_cli(*self.spend("no/such/folder"), expect=2)
        self.assertEqual((done.stdout, done.stderr), (
            "", "blindlend: no/such/folder: cannot be written: No such file or directory\n"))
        self.assertEqual(self.states(), (2, 1, 0))
        self.assertFalse(self.json(*self.spend())["new"])
        self.claim()

    def test_secrets_are_found(self):
        """The search that all tests here make use of finds a token's parts and the group's key."""
        Secrets.harvest(self.folder)
        for row in self.tables("m")["token"]:
            for part in (row["seed"], row["token"][66:98], row["token"][100:]):
                self.assertTrue(shows_secret(part.hex()))
        self.assertTrue(shows_secret(self.read("secret").decode()))
        self.assertTrue(shows_secret(encode_text("X", self.tables("l")["identity"][0]["seed"])
                                     .decode()))
        self.ok(*self.make())
        self.assertFalse(shows_secret(self.read("attestation").decode()))


class Disk(BorrowTest):
    """Where there is no room, or no right to write."""

    def jobs(self):
        """Commands that write, the directory whose database they change, and their status."""
        return [(self.spend("new", "request 3"), "m"), (self.outcome("served"), "m"),
                (self.outcome("released"), "m"), (self.redeem(borrow="second", request="other"), "l"),
                (self.redeem("--resume"), "l"), (self.finish("settle", self.first), "l"),
                (self.finish("release", self.first), "l"),
                (["lender", "close", "--dir", "l", "--now", str(END)], "l"),
                (["lender", "compact", "--dir", "l"], "l")]

    def counts(self, directory):
        """What can change, without claims, which are drawn anew, and how many there have been."""
        tables = self.tables(directory)
        for row in tables.get("spent", []):
            row["claim_id"] = len(row["claim_id"])
        return {name: sorted(str(list(row.values())) for row in tables[name])
                for name in ("spent", "closed", "token", "outcome") if name in tables}

    def prepare(self):
        self.ok(*self.spend())
        self.first = self.claim()
        self.ok(*self.spend("second", "other"))
        self.write("request 3", b"a third request")
        self.save()

    def walk(self, put_back, limits):
        for arguments, directory in self.jobs():
            put_back(None)
            before = self.counts(directory)
            self.run_cli(*arguments)
            after = self.counts(directory)
            lawful = [before, after]
            if arguments[1] == "close":  # recorded before anything is dropped: Close.1
                lawful.append({**before, "closed": after["closed"]})
            failed = 0
            for limit in limits:
                options = put_back(limit)
                done = subprocess.run([BLINDLEND, *arguments], cwd=self.folder, timeout=60,
                                      capture_output=True, text=True, **options)
                label = (arguments[:2], limit, done.returncode, done.stdout, done.stderr)
                self.after(arguments, done)
                self.assertIn(self.counts(directory), lawful, label)
                self.assertNotIn("unexpected", done.stderr, label)
                left = [name for folder in (".", directory) for name in os.listdir(self.path(folder))
                        if name.startswith(".blindlend")]
                self.assertEqual(left, [], label)
                if done.returncode == 0:
                    # A mark that could not be written is warned of: what was done is done.
                    self.assertEqual(self.counts(directory), after, label)
                    self.assertRegex(done.stderr, r"\A(blindlend: warning: [^\n]+\n)*\Z", label)
                    if not done.stderr:
                        break
                    continue
                failed += 1
                self.assertEqual(done.returncode, 2, label)
                self.assertEqual(done.stdout, "", label)
                self.assertRegex(done.stderr, r"\Ablindlend: (new|[ml]/(wallet\.db|lender\.(db|mark))): "
                                              r"[^\n]+\n\Z", label)
                self.make_room()
                again = subprocess.run([BLINDLEND, *arguments], cwd=self.folder, timeout=60,
                                       capture_output=True, text=True)
                self.after(arguments, again)
                if self.counts(directory) != after:
                    self.fail((label, again.returncode, again.stdout, again.stderr))
            else:
                self.fail((arguments, "never without a failure"))
            self.assertGreater(failed, 1, arguments)

    def make_room(self):
        if os.path.exists(self.path("filler")):
            os.remove(self.path("filler"))

    def test_file_size_limit(self):
        """Writes beyond a size fail with an error."""
        self.prepare()

        def put_back(limit):
            self.restore()
            if limit is None:
                return {}
            return {"preexec_fn":
                    lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))}

        self.walk(put_back, [0, 1, 512, 4095, 4096, *range(8192, 400_000, 8192 * STEP)])

    def test_full_disk(self):
        """A small file system, a page more of room each time."""
        if os.geteuid() != 0:
            self.skipTest("SKIPPED: only root can mount a small file system")
        self.prepare()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", self.folder],
                          capture_output=True).returncode != 0:
            self.skipTest("SKIPPED: no small file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.folder], check=True)

        def put_back(room):
            self.restore()
            if room is not None:
                status = os.statvfs(self.folder)
                with open(self.path("filler"), "wb") as file:
                    file.write(b"x" * ((status.f_bavail - room) * status.f_bsize))
            return {}

        self.walk(put_back, range(0, 200, STEP))

    def test_no_right_to_write(self):
        """A read-only directory, a read-only database."""
        self.prepare()
        under = ()
        if os.geteuid() == 0:  # who may write anyway
            under = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
            for folder, folders, files in os.walk(self.folder):
                for name in [".", *folders, *files]:
                    os.chown(os.path.join(folder, name), 65534, 65534)
            if not shutil.which("setpriv") or subprocess.run(
                    [*under, BLINDLEND, "--version"], capture_output=True).returncode != 0:
                self.skipTest("SKIPPED: root may write anywhere, and cannot be somebody else here")
        self.ok("lender", "status", "--dir", "l", under=under)  # it can be done at all
        for kind in ("directory", "file"):
            for arguments, directory in self.jobs():
                name = {"m": "m/wallet.db", "l": "l/lender.db"}[directory]
                before = self.counts(directory)
                locked, shut, usual = {"directory": (directory, 0o500, 0o700),
                                       "file": (name, 0o400, 0o600)}[kind]
                os.chmod(self.path(locked), shut)
                done = self.run_cli(*arguments, under=under, expect=2)
                self.assertRegex(done.stderr, rf"\Ablindlend: {name}: cannot be (written|opened)[^\n]*"
                                              r"read-only\n\Z")
                self.assertEqual(done.stdout, "")
                os.chmod(self.path(locked), usual)
                self.assertEqual(self.counts(directory), before)
                for end in ("-wal", "-shm"):  # with the database's mode, and nothing in it
                    if os.path.exists(self.path(name + end)):
                        os.remove(self.path(name + end))
        self.ok(*self.redeem("--resume"), under=under)
        for name in ("request", "borrow"):
            os.chmod(self.path(name), 0)
            self.assertEqual(self.unusable(*self.redeem(), under=under),
                             f"{name}: cannot be read: Permission denied")
            os.chmod(self.path(name), 0o600)


class View(BorrowTest):
    """What a lender prints and keeps says nothing about which member it was, nor when."""

    def setUp(self):
        super().setUp()
        if IS_SANITIZED:
            self.skipTest("SKIPPED: nothing can be preloaded before a sanitizer")

    def drawn(self, tape, *arguments, expect=0):
        """A command whose generator gives what the tape's name says."""
        environment = dict(os.environ, LD_PRELOAD=os.environ["SAME_RANDOM_LIBRARY"],
                           RANDOM_TAPE=tape)
        return self.run_cli(*arguments, expect=expect, env=environment)

    def world(self, member, later=0, requests=(b"one", b"two", b"three"), order=(0, 1, 2)):
        """One of the two members obtains tokens and borrows; all of it so much later, and redeemed in
        this order. Returns the borrows, and everything that the lender has said and holds."""
        self.restore()
        now = SPEND + later
        lender, said = [], []

        def lends(tape, *arguments, expect=0):
            done = self.drawn(tape, *arguments, expect=expect)
            lender.append((arguments[1], done.returncode, done.stdout, done.stderr))
            said.append(self.tables("l"))
            return done.stdout

        self.drawn("ask", *self.request(out="q", directory=member, now=NOW + later))
        self.drawn("issue", *self.issue("q", "s", now=NOW + later))
        self.drawn("accept", *self.accept("s", member))
        borrows = []
        for request in requests:
            self.write("r", request)
            self.drawn("spend", *self.spend("b", "r", member, now=now))
            borrows.append(self.read("b"))
        for i in order:
            self.write("r", requests[i])
            self.write("b", borrows[i])
            redeem = self.redeem(borrow="b", request="r", now=now)
            claim = lends(f"redeem {i}", *redeem).split()[2]
            lends("", *redeem, expect=3)
            if i == 1:
                claim = lends("resume", *redeem, "--resume").split()[2]
            lends("", *self.finish("release" if i == 2 else "settle", claim))
            lends("", *redeem, "--json", expect=0 if i == 2 else 1)
        lends("", "lender", "status", "--dir", "l")
        lends("", "lender", "audit", "--dir", "l")
        lends("", "lender", "compact", "--dir", "l")
        self.assertEqual(sorted(os.listdir(self.path("l"))), ["lender.db", "lender.mark"])
        files = {path.removeprefix(self.folder): each for path, each in
                 snapshot(self.path("l")).items()}
        return borrows, lender, said, files

    def prepare(self):
        """Two wallets in which nothing is held yet, one and two."""
        for name in ("one", "two"):
            self.ok("member", "init", "--dir", name, "--out", f"{name}.pub")
            self.ok("admin", "enroll", "--dir", "a", f"{name}.pub", "--name", name)
            self.ok(*self.join(directory=name))
        self.save()

    def test_in_whatever_order(self):
        """Compacted, the rows and the file are the same."""
        self.prepare()
        first = self.world("one")
        for order in ((2, 1, 0), (1, 2, 0)):
            other = self.world("two", order=order)
            self.assertEqual(other[0], first[0])
            self.assertEqual(other[2][-1], first[2][-1])
            self.assertEqual(other[3], first[3])

    def test_whoever_spends(self):
        self.prepare()
        first = self.world("one")
        second = self.world("two", 9 * 60 * 60)
        for a, b in zip(first, second):
            self.assertEqual(a, b)
        self.assertEqual(len(first[1]), 16)
        other = self.world("one", requests=(b"one", b"two", b"four"))
        for i in (0, 2, 3):
            self.assertNotEqual(other[i], first[i], "the comparison sees what differs")
        # And the generator is what makes claims the same, nothing else.
        self.restore()
        self.drawn("ask", *self.request(out="q", directory="one"))
        tokens = [row["seed"] for row in self.tables("one")["entry"]]
        self.restore()
        self.drawn("ask!", *self.request(out="q", directory="one"))
        self.assertFalse(set(tokens) & {row["seed"] for row in self.tables("one")["entry"]})


if __name__ == "__main__":
    unittest.main()

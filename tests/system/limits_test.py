"""Where the protection ends, shown with the commands themselves: each test does what a limit of spec/A-security says.

Run as: BLINDLEND=path/to/blindlend MALICIOUS_ADMIN=path/to/malicious_admin python3 limits_test.py.
Standard library only.
"""

import hashlib
import hmac
import os
import shutil
import subprocess
import unittest

from group_harness import DAY, T0, GroupTest, make_group
from harness import BLINDLEND, decode_text, encode_text, i2osp, parse_batch

SPEND = T0 + 6 * DAY  # in the spend window
ATTESTATION_TAG = b"blindlend v1 attestation"


def setUpModule():
    GroupTest.template = make_group()
    command = ["key", "generate", "--bits", "2048", "--secret", "secret", "--public", "public"]
    subprocess.run([BLINDLEND, *command], cwd=GroupTest.template, check=True,
                   stdout=subprocess.DEVNULL)


def tearDownModule():
    shutil.rmtree(GroupTest.template)


class LimitTest(GroupTest):
    def look_for_secrets(self):
        """A borrow shows its token, and a thief's files show what was stolen: nothing to look for here."""

    def spend(self, text, out, directory="m", status=0):
        """A borrow for a request with this text."""
        self.write(f"{out}.request", text.encode())
        self.run_cli("member", "spend", "--dir", directory, "--request", f"{out}.request", "--lender", "l.pub",
                     "--out", out, "--now", str(SPEND), expect=status)

    def redeem(self, borrow, *more, directory="l", expect=0, now=SPEND):
        """What the lender says to a borrow, as JSON."""
        return self.json("lender", "redeem", "--dir", directory, borrow, "--request", f"{borrow}.request",
                         "--now", str(now), *more, expect=expect)

    def settle(self, claim, expect=0):
        self.run_cli("lender", "settle", "--dir", "l", "--claim", claim, expect=expect)

    def serve(self, borrow):
        """The lender claims, serves and settles."""
        said = self.redeem(borrow)
        self.assertEqual(said["verdict"], "fresh")
        self.settle(said["claim"])

    def copy(self, directory, name):
        shutil.copytree(self.path(directory), self.path(name))

    def put_back(self, name, directory):
        shutil.rmtree(self.path(directory))
        shutil.copytree(self.path(name), self.path(directory))

    def token(self, borrow):
        """The encoded token in a borrow: its message, then its signature."""
        return decode_text("BORROW", self.read(borrow))[34:-64]

    def modulus(self, descriptor="e1"):
        body = decode_text("EPOCH", self.read(descriptor))
        at = 39 + len(b"a group") + 4
        return int.from_bytes(body[at : at + 256], "big")


class Thieves(LimitTest):
    def test_wallet_with_an_open_request(self):
        """Limit.StolenWallet: with r_inv each value that was sent is joined to the token that is spent later."""
        stolen = self.tables("m")["entry"]
        self.ok(*self.accept())
        for number in range(3):
            self.spend(f"request {number}", f"b{number}")
        n = self.modulus()
        sent = parse_batch(decode_text("TOKEN REQUEST", self.read("rq"))[50:-64])[2]
        factors = [int.from_bytes(row["r_inv"], "big") for row in stolen]
        hashes = [pow(int.from_bytes(self.token(f"b{number}")[100:], "big"), 65537, n) for number in range(3)]
        joined = [[value * pow(r_inv, 65537, n) % n for r_inv in factors].count(h)
                  for value in sent for h in hashes]
        self.assertEqual(sorted(joined), [0] * 6 + [1] * 3)
        # Without the wallet's r_inv nothing joins them: any other unit in its place gives no hash of a token.
        self.assertNotIn(sent[0] * pow(factors[0] * 2, 65537, n) % n, hashes)

    def test_wallet_with_a_token_that_was_shown(self):
        """Limit.StolenWallet: what the lender has seen of it is in the wallet, whether it is pending or held again."""
        self.ok(*self.accept())
        self.spend("a question", "b")
        shown = self.token("b")
        for state in ("spending", "held"):
            held = {row["token"]: row["state"] for row in self.tables("m")["token"]}
            self.assertEqual(held[shown], state)
            if state == "spending":
                self.ok("member", "outcome", "--dir", "m", "b", "--released")

    def test_last_of_an_epoch(self):
        """Limit.LastOfEpoch: a token of the next one comes when none of this one is left."""
        self.ok(*self.accept())
        self.ok(*self.epoch(out="e2", issue_days=2, now=T0 + 4 * DAY))
        self.ok(*self.join("e2"))
        self.ok(*self.request(out="rq2", now=T0 + 5 * DAY))
        self.ok(*self.issue("rq2", out="rs2", now=T0 + 5 * DAY))
        self.ok(*self.accept("rs2", now=T0 + 5 * DAY))
        keys = []
        for number in range(4):
            self.write(f"r{number}", b"request %d" % number)
            self.ok("member", "spend", "--dir", "m", "--request", f"r{number}", "--out", f"b{number}", "--now", str(T0 + 8 * DAY))
            keys.append(self.token(f"b{number}")[2:34])
        self.assertEqual([key == keys[0] for key in keys], [True, True, True, False])

    def test_wallet_with_tokens(self):
        """Limit.StolenWallet: the thief spends what it holds, and the member comes too late."""
        self.ok(*self.accept())
        self.copy("m", "thief")
        for number in range(3):
            self.spend(f"the thief's {number}", f"t{number}", "thief")
            self.serve(f"t{number}")
        for number in range(3):
            self.spend(f"the member's {number}", f"b{number}")
            self.assertEqual(self.redeem(f"b{number}", expect=1)["verdict"], "served")

    def test_identity_of_the_admin(self):
        """Limit.StolenIdentity: the thief signs a fork, which convicts the admin; and a revocation, which is believed."""
        self.lie("link", "fork", "secret", "forked")
        self.run_cli(*self.join("forked"), expect=1)
        self.run_cli(*self.check(self.cat("both", "e1", "forked")))
        self.lie("response", "all-wrong", "0", "rq", "wrong")
        self.run_cli(*self.check(self.cat("three", "e1", "rq", "wrong")))
        self.copy("a", "thief")
        self.ok("admin", "revoke", "--dir", "thief", "--out", "end")
        self.ok(*self.join("end", "n"))
        self.refused("RequestTokens.1", *self.request(directory="n"))

    def test_attestation_key(self):
        """Limit.AttestationShared: whoever holds the key speaks for any lender, and no session need be there."""
        self.ok("attest", "keygen", "--out", "key")
        key = decode_text("ATTESTATION KEY", self.read("key"))[2:]
        instance = self.json("lender", "status", "--dir", "l")["instance"]
        lender = decode_text("LENDER", self.read("l.pub"))[2:]
        body = b"\1\x0f" + bytes.fromhex(instance) + lender + b"\1" + i2osp(SPEND, 8) + bytes(16)
        tag = hmac.digest(key, i2osp(len(ATTESTATION_TAG), 8) + ATTESTATION_TAG + body, "sha256")
        self.write("claimed", encode_text("ATTESTATION", body + tag))
        check = ["attest", "check", "claimed", "--key", "key", "--lender", "l.pub", "--instance", instance,
                 "--nonce", "0" * 32, "--now", str(SPEND), "--cache"]
        self.run_cli(*check, "cache")
        # The check does check: with another key's tag it is refused.
        self.write("claimed", encode_text("ATTESTATION", body + hmac.digest(bytes(32), body, "sha256")))
        self.run_cli(*check, "another cache", expect=1)


class Restored(LimitTest):
    def test_spent_set(self):
        """Limit.SpentSetRestored: served once more; with the newer mark beside it, it is noticed."""
        self.ok(*self.accept())
        self.copy("l", "backup")
        self.spend("a request", "b")
        self.serve("b")
        self.assertEqual(self.redeem("b", expect=1)["verdict"], "served")
        mark = self.read("l/lender.mark")
        self.put_back("backup", "l")
        self.serve("b")
        self.put_back("backup", "l")
        self.write("l/lender.mark", mark)
        self.assertIn("older than lender.mark", self.unusable("lender", "redeem", "--dir", "l", "b", "--request",
                                                              "b.request", "--now", str(SPEND)))

    def test_admin(self):
        """Limit.AdminRestored: two epochs of one number convict the admin; the quota is given twice."""
        self.copy("a", "backup")
        self.ok(*self.request(directory="n", count=10, out="first"))
        self.ok(*self.issue("first", out="one"))
        self.ok(*self.epoch(out="e2", now=T0 + 5 * DAY))
        self.put_back("backup", "a")
        self.ok(*self.request("--force", directory="n", count=10, out="second"))
        self.ok(*self.issue("second", out="two"))
        for response in ("one", "two"):
            self.ok(*self.accept(response, "n"))
        self.assertEqual(self.balance("n")["held"], 20)  # of a quota of 10
        self.ok(*self.epoch(out="again", now=T0 + 5 * DAY))
        self.run_cli(*self.check(self.cat("both", "e2", "again")))

    def test_wallet(self):
        """Limit.WalletRestored: it holds what has been spent, and the lender refuses it."""
        self.ok(*self.accept())
        self.copy("m", "backup")
        for number in range(3):
            self.spend(f"request {number}", f"b{number}")
            self.serve(f"b{number}")
            self.ok("member", "outcome", "--dir", "m", f"b{number}", "--served")
        self.assertEqual(self.balance()["held"], 0)
        self.put_back("backup", "m")
        self.assertEqual(self.balance()["held"], 3)
        self.spend("another", "again")
        self.assertEqual(self.redeem("again", expect=1)["verdict"], "served")


class Lenders(LimitTest):
    def setUp(self):
        super().setUp()
        self.ok(*self.accept())

    def test_resume_too_early(self):
        """Limit.WrongResume: two attempts have gone upstream, and only the second one can deliver."""
        self.spend("a request", "b")
        first = self.redeem("b")
        self.assertEqual(self.redeem("b", expect=3)["verdict"], "busy")
        second = self.redeem("b", "--resume")
        self.assertEqual((first["verdict"], second["verdict"]), ("fresh", "retry"))
        self.settle(first["claim"], expect=1)
        self.settle(second["claim"])
        self.settle(second["claim"], expect=1)

    def test_refund(self):
        """Limit.RetryJoins: the attempts before and after a refund show one token, as does a retry."""
        self.spend("a request", "b")
        claim = self.redeem("b")["claim"]
        retry = self.redeem("b", "--resume")["claim"]
        self.assertEqual([row["claim_id"].hex() for row in self.tables("l")["spent"]], [retry])
        self.assertNotEqual(claim, retry)
        self.ok("lender", "release", "--dir", "l", "--claim", retry)
        self.ok("member", "outcome", "--dir", "m", "b", "--released")
        for number in range(3):  # all that the wallet holds, so the refunded one too
            self.spend(f"something else, {number}", f"c{number}")
        tokens = [self.token(f"c{number}") for number in range(3)]
        self.assertEqual(tokens.count(self.token("b")), 1)
        self.serve(f"c{tokens.index(self.token('b'))}")
        row, = self.tables("l")["spent"]
        self.assertEqual((row["id"], row["refunds"]), (hashlib.sha256(self.token("b")[:98]).digest(), 1))

    def test_removed_member(self):
        """Limit.RemovedMember: nobody can tell its tokens from the others', until the window ends."""
        self.ok("admin", "remove", "--dir", "a", "m.pub")
        self.spend("a request", "b")
        self.serve("b")
        self.spend("another", "c")
        self.assertEqual(self.redeem("c", expect=1, now=T0 + 10 * DAY)["step"], "VerifyBorrow.5")

    def test_revocation(self):
        """Limit.RevocationReach: a lender that has not seen it goes on, and what was spent stays spent."""
        self.spend("a request", "b")
        self.ok("admin", "revoke", "--dir", "a", "--out", "end")
        self.serve("b")
        self.spend("another", "c")
        before = self.tables("l")["spent"]
        self.ok(*self.join("end", "l", who="lender"))
        self.assertEqual(self.redeem("c", expect=1)["step"], "VerifyBorrow.3")
        self.assertEqual(self.tables("l")["spent"], before)


if __name__ == "__main__":
    unittest.main()

"""The commands of a group as processes: what they promise, and how they refuse.

Run as: BLINDLEND=path/to/blindlend MALICIOUS_ADMIN=path/to/malicious_admin python3 group_test.py.
Standard library only. Labels such as Debit.7 are the steps of spec/. Whatever is printed by any command
of this file is searched for every secret that its databases have ever held.
"""

import hashlib
import os
import pty
import re
import resource
import shutil
import sqlite3
import subprocess
import unittest

from group_harness import DAY, NOW, T0, GroupTest, Secrets, make_group, request_hash
from harness import (
    BLINDLEND,
    SECRET_FORMS,
    decode_text,
    encode_text,
    i2osp,
    mode,
    parse_batch,
    shows_secret,
    snapshot,
)

FINGERPRINT = r"[0-9]{5}( [0-9]{5}){15}"
TIME = r"2027-01-\d\d \d\d:\d\d:\d\d UTC"
WINDOW = f"{TIME} until {TIME}"
EPOCH_KEYS = ["kind", "group", "number", "predecessor", "key_id", "bits", "issue_from", "issue_until",
              "spend_from", "spend_until", "quota", "lenders", "fingerprint"]
REVOCATION_KEYS = ["kind", "group", "number", "predecessor", "fingerprint"]


def prefix(data):
    return len(data).to_bytes(8, "big") + data


def link_id(text):
    """LinkId of the descriptor in a file."""
    return hashlib.sha256(prefix(b"blindlend v1 link id") +
                          decode_text("EPOCH", text)[:-64]).digest()


def aloud(admin, text):
    """ChainFingerprint."""
    digest = hashlib.sha256(prefix(b"blindlend v1 fingerprint") + prefix(bytes.fromhex(admin)) +
                            link_id(text)).digest()
    return " ".join(f"{int.from_bytes(digest[i:i + 2], 'big'):05}" for i in range(0, 32, 2))


STATES = ["prepared", "requested", "held", "spending", "spent", "burnt"]


def setUpModule():
    GroupTest.template = make_group()
    # Keys for the epochs of the malicious admin.
    command = ["key", "generate", "--bits", "2048", "--secret", "secret", "--public", "public"]
    subprocess.run([BLINDLEND, *command], cwd=GroupTest.template, check=True,
                   stdout=subprocess.DEVNULL)


def tearDownModule():
    shutil.rmtree(GroupTest.template)


class Whole(GroupTest):
    """What the commands do when all is well, for people and for programs."""

    template = None

    def test_from_nothing(self):
        """Every command in the order of a group's life; the keys of its JSON; the modes."""
        os.umask(os.umask(0) and 0)  # the modes are the program's own, whatever the umask

        def said(keys, *arguments):
            report = self.json(*arguments)
            self.assertEqual(list(report), ["result", *keys], arguments)
            return report

        identity = ["key", "out", "made"]
        init = ["admin", "init", "--dir", "a", "--group", "g", "--bits", "2048", "--out", "admin.pub"]
        admin = said(identity, *init)
        self.assertEqual((admin["result"], admin["out"], admin["made"]), ("done", "admin.pub", True))
        member = said(identity, "member", "init", "--dir", "m", "--out", "m.pub")
        for lender in "lk":
            key = said(identity, "lender", "init", "--dir", lender, "--out", f"{lender}.pub")["key"]
            written = decode_text("LENDER", self.read(f"{lender}.pub"))
            self.assertEqual(written, b"\1\x09" + bytes.fromhex(key))
        self.assertEqual(decode_text("ADMIN", self.read("admin.pub"))[2:].hex(), admin["key"])
        self.assertEqual(decode_text("MEMBER", self.read("m.pub"))[2:].hex(), member["key"])
        for directory, name in (("a", "admin"), ("m", "wallet"), ("l", "lender")):
            self.assertEqual(mode(self.path(directory)), 0o700)
            self.assertEqual(os.listdir(self.path(directory)), [f"{name}.db"])
            self.assertEqual(mode(self.path(f"{directory}/{name}.db")), 0o600)

        enroll = ["admin", "enroll", "--dir", "a", "m.pub", "--name", "Alice"]
        self.assertEqual(said(["key", "name"], *enroll),
                         {"result": "done", "key": member["key"], "name": "Alice"})
        epoch = said([*EPOCH_KEYS, "out"], *self.epoch(out="e1", now=T0))
        self.assertEqual((epoch["kind"], epoch["group"], epoch["number"], epoch["bits"]),
                         ("epoch", "g", 1, 2048))
        self.assertEqual(epoch["predecessor"], "00" * 32)
        self.assertEqual([epoch[x] - T0 for x in EPOCH_KEYS[6:10]],
                         [0, 5 * DAY, 5 * DAY, 10 * DAY])
        self.assertEqual(epoch["lenders"], sorted(epoch["lenders"]))
        self.assertEqual(len(epoch["lenders"]), 2)
        self.assertEqual(epoch["fingerprint"], aloud(admin["key"], self.read("e1")))
        shown = {name: epoch[name] for name in EPOCH_KEYS}
        self.assertEqual(said([*EPOCH_KEYS, "new"], *self.join()),
                         {"result": "done", **shown, "new": True})
        self.assertEqual(said([*EPOCH_KEYS, "new"], *self.join(directory="l", who="lender"))["new"],
                         True)
        plain = said([*EPOCH_KEYS[:-1], "id"], "epoch", "show", "e1")  # it knows no admin
        self.assertEqual(plain, {"result": "done", **{name: shown[name] for name in EPOCH_KEYS[:-1]},
                                 "id": link_id(self.read("e1")).hex()})
        verify = ["epoch", "verify", "e1", "--admin", "admin.pub"]
        self.assertEqual(said(EPOCH_KEYS, *verify), {"result": "valid", **shown})

        asked = said(["request", "tokens", "again", "out"], *self.request(out="rq"))
        sealed = decode_text("TOKEN REQUEST", self.read("rq"))
        self.assertEqual(asked, {"result": "done", "request": request_hash(sealed).hex(),
                                 "tokens": 3, "again": False, "out": "rq"})
        balance = [*STATES, "expired", "requests", "number", "left"]
        look = ["member", "balance", "--dir", "m", "--now", str(NOW)]
        before = said(balance, *look)
        self.assertEqual(before["requests"],
                         [{"request": asked["request"], "number": 1, "lender": self.lender("l"),
                           "tokens": 3, "state": "requested"}])
        again = said(["request", "tokens", "again", "out"],
                     "member", "resend", "--dir", "m", "--out", "rq2")
        self.assertEqual(again, {**asked, "again": True, "out": "rq2"})
        self.assertEqual(self.read("rq2"), self.read("rq"))
        issued = said(["values", "debited", "out"], *self.issue(out="rs"))
        self.assertEqual(issued, {"result": "done", "values": 3, "debited": True, "out": "rs"})
        self.assertEqual(said(["held", "burnt"], *self.accept()),
                         {"result": "done", "held": 3, "burnt": 0})
        after = said(balance, *look)
        self.assertEqual(after, {"result": "done", **dict.fromkeys(STATES, 0), "held": 3,
                                 "expired": 0, "requests": [], "number": 1, "left": 7})

        self.ok(*self.request(out="rq2"))
        self.assertEqual(said(["burnt"], "member", "cancel", "--dir", "m", "rq2")["burnt"], 3)
        status = said(["group", "admin", "epochs", "members", "fingerprint"],
                      "admin", "status", "--dir", "a")
        self.assertEqual(status["epochs"], [shown])
        self.assertEqual(status["members"], [{"key": member["key"], "name": "Alice",
                                              "enrolled": True,
                                              "used": [{"number": 1, "used": 3}]}])
        self.assertEqual((status["group"], status["admin"]), ("g", admin["key"]))
        self.assertEqual(status["fingerprint"], epoch["fingerprint"])
        copy = said([*EPOCH_KEYS, "out"], "admin", "descriptor", "--dir", "a", "--out", "e1b")
        self.assertEqual(copy, {"result": "done", **shown, "out": "e1b"})
        self.assertEqual(self.read("e1b"), self.read("e1"))
        self.assertEqual(said(["key"], "admin", "remove", "--dir", "a", "Alice")["key"],
                         member["key"])
        late = str(T0 + 10 * DAY)
        self.assertEqual(self.balance(now=late)["expired"], 3)
        self.assertEqual(said(["burnt"], "member", "expire", "--dir", "m", "--now", late)["burnt"],
                         3)
        revoked = said([*REVOCATION_KEYS, "out"], "admin", "revoke", "--dir", "a", "--out", "end")
        self.assertEqual((revoked["kind"], revoked["number"]), ("revocation", 2))
        self.assertEqual(said([*REVOCATION_KEYS, "new"], *self.join("end"))["new"], True)
        self.assertEqual(said(balance[:-2] + ["number", "left"], *look)["left"], 0)
        for name in ("e1", "rq", "rs", "admin.pub", "end"):  # for others, so readable
            self.assertEqual(mode(self.path(name)) & 0o600, 0o600)

    def lender(self, name):
        return decode_text("LENDER", self.read(f"{name}.pub"))[2:].hex()

    def test_evidence_json(self):
        """The keys of what is rarer, and of what is refused."""
        shutil.copytree(GroupTest.template, self.folder, dirs_exist_ok=True)
        self.lie("response", "wrong", "1", "rq", "bad")
        burnt = self.json(*self.accept("bad"), expect=1)
        self.assertEqual(list(burnt), ["result", "held", "burnt", "step", "evidence"])
        self.assertEqual((burnt["result"], burnt["step"]), ("burnt", "Accept.5"))
        convicts = self.json(*self.check(burnt["evidence"]))
        self.assertEqual(convicts, {"result": "valid", "convicts": "response"})
        refused = self.json(*self.accept("bad"), expect=1)
        self.assertEqual(list(refused), ["result", "step", "detail"])


class People(GroupTest):
    """What people read."""

    def test_reports(self):
        """Each command without --json says in words what it did, and nothing on stderr."""
        for arguments, text in (
            (["admin", "enroll", "--dir", "a", "n.pub"], r"\Aenrolled [0-9a-f]{64}\n\Z"),
            (["admin", "enroll", "--dir", "a", "n.pub", "--name", "Bob"], r" as Bob\n\Z"),
            (["admin", "remove", "--dir", "a", "Bob"], r"\Aremoved [0-9a-f]{64}: .* no more tokens"),
            (["admin", "status", "--dir", "a"],
             rf"\Agroup        a group\nadmin        [0-9a-f]{{64}}\nnumber 1     issue {WINDOW}, "
             rf"quota 10\nfingerprint  {FINGERPRINT}\n(member       [0-9a-f]{{64}} .*\n){{2}}\Z"),
            (["admin", "status", "--dir", "a"], r" Bob \(removed\): nothing obtained\n"),
            (["admin", "status", "--dir", "a"], r" member m: 3 in epoch 1\n"),
            (["admin", "descriptor", "--dir", "a", "--out", "x"], r"\Agroup        a group\n"),
            (["epoch", "show", "e1"], r"(?m)^Nothing of this has been verified"),
            (["epoch", "verify", "e1", "--admin", "admin.pub"], r"(?m)^valid by itself"),
            (["epoch", "show", "e1"],
             rf"number       1\nkey          2048 bits, [0-9a-f]{{64}}\nissue        {WINDOW}\n"
             rf"spend        {WINDOW}\nquota        10 tokens for each member\n"
             rf"lender       [0-9a-f]{{64}}\nlender       [0-9a-f]{{64}}\n"
             rf"id           [0-9a-f]{{64}}\n"),
            (self.join(), r"(?m)^It was known already\.$"),
            (self.join(directory="l", who="lender"), r"(?m)^It was known already\.$"),
            (self.request(count=1), r"\Arequest for 1 token: new is for the admin\n\Z"),
            (["member", "cancel", "--dir", "m", "new"], r"\A1 token given up"),
            (["member", "resend", "--dir", "m", "--out", "x"],
             r"\Arequest for 3 tokens, the same as before: x is for the admin\n\Z"),
            (self.issue(), r"\A3 values signed; debited before: new\n\Z"),
            (["member", "balance", "--dir", "m", "--now", str(NOW)],
             rf"\Aprepared     0\nrequested    3\nheld         0\nspending     0\nspent        0\n"
             rf"burnt        1\nopen request [0-9a-f]{{16}}: 3 tokens of epoch 1, requested\n"
             rf"epoch 1 is open for issue from {WINDOW}; it is 2027-01-15 08:01:40 UTC\n"
             rf"6 tokens left to ask for\n\Z"),
            (self.accept(), r"\A3 tokens accepted\n\Z"),
            (["member", "balance", "--dir", "m", "--now", str(T0 + 10 * DAY)],
             r"(?m)^of these, 3 tokens can no longer be spent; blindlend member expire erases them$"),
            (["member", "expire", "--dir", "m", "--now", str(T0 + 10 * DAY - 1)],
             r"\A0 tokens of epochs that are over erased\n\Z"),
            (["member", "expire", "--dir", "m", "--now", str(T0 + 10 * DAY)], r"\A3 tokens of"),
            (["admin", "revoke", "--dir", "a", "--out", "end"],
             rf"\Agroup        a group\nnumber       2\nrevocation   the chain ends here: .*\n"
             rf"fingerprint  {FINGERPRINT}\n\Z"),
            (self.join("end"), r"(?m)^Compare the fingerprint"),
            (["member", "balance", "--dir", "m"], r"(?m)^the chain ends in a revocation$"),
            (["admin", "status", "--dir", "a"], r"(?m)^number 2     revocation$"),
        ):
            with self.subTest(arguments=arguments):
                self.assertRegex(self.ok(*arguments), text)

    def test_identities(self):
        """init, the first time and the second."""
        for arguments, who in (
            (["admin", "init", "--dir", "b", "--group", "g", "--out", "x"], "the admin"),
            (["member", "init", "--dir", "o", "--out", "y"], "the wallet"),
            (["lender", "init", "--dir", "p", "--out", "z"], "the lender"),
        ):
            out = arguments[-1]
            self.assertEqual(self.ok(*arguments),
                             f"{who} made; {out} is its identity key, for everybody\n")
            key = self.read(out)
            before = snapshot(self.path(arguments[3]))
            self.write(out, b"something else")
            self.assertEqual(self.ok(*arguments),
                             f"{who} was there already; {out} is its identity key, for everybody\n")
            self.assertEqual(self.read(out), key)
            self.assertEqual(snapshot(self.path(arguments[3])), before)

    def test_advice_about_windows(self):
        """admin epoch says when spending and issuing overlap, and when there is a gap."""
        apart = self.ok(*self.epoch(now=T0))
        self.assertNotIn("--issue-days", apart)
        self.assertNotIn("nothing can be spent", apart)
        at_once = self.ok(*self.epoch(now=T0, issue_days=None))
        self.assertIn("--issue-days keeps the two apart", at_once)
        gap = self.ok(*self.epoch(now=T0 + 60 * DAY))
        self.assertRegex(gap, r"(?m)^Between 2027-.* UTC and 2027-.* UTC nothing can be spent\.$")
        said = self.json("admin", "status", "--dir", "a")["epochs"]
        self.assertEqual([each["issue_from"] - T0 for each in said],
                         [0, 5 * DAY, 10 * DAY, 60 * DAY])

    def test_without_the_clock_option(self):
        """The machine's own clock: an epoch begun now is open now."""
        self.ok("admin", "init", "--dir", "b", "--group", "g", "--bits", "2048", "--out", "b.pub")
        self.ok("admin", "enroll", "--dir", "b", "m.pub")
        self.ok("member", "init", "--dir", "o", "--out", "o.pub")
        self.ok("admin", "enroll", "--dir", "b", "o.pub")
        self.ok(*self.epoch(out="e", directory="b")[:-2])
        self.ok(*self.join("e", directory="o", admin="b.pub"))
        self.ok(*self.request(directory="o", out="q")[:-2])
        self.ok(*self.issue("q", "s", directory="b")[:-2])
        self.assertEqual(self.ok(*self.accept("s", "o")[:-2]), "3 tokens accepted\n")
        self.assertEqual(self.json("member", "balance", "--dir", "o")["expired"], 0)

    def test_progress_on_a_terminal_only(self):
        for arguments, text in (
            (self.request(count=7), "random draws:"),
            (self.issue(), "signing value"),
            (self.epoch(out="e2"), "two primes"),
        ):
            ours, theirs = pty.openpty()
            done = subprocess.Popen([BLINDLEND, *arguments], cwd=self.folder,
                                    stdout=subprocess.DEVNULL, stderr=theirs)
            os.close(theirs)
            seen = b""
            try:
                while chunk := os.read(ours, 4096):
                    seen += chunk
            except OSError:  # the terminal's other end is closed
                pass
            os.close(ours)
            self.assertEqual(done.wait(), 0)
            self.said.append(seen.decode())
            self.assertIn(text, seen.decode())

    def test_help(self):
        for command in (["admin"], ["admin", "epoch"], ["member", "request"], ["lender", "join"],
                        ["epoch", "verify"], ["evidence", "check"]):
            self.assertIn("Usage:", self.ok(*command, "--help"))


class Usage(GroupTest):
    """What the command line itself refuses: status 2, nothing on stdout, nothing changed."""

    def test_bad_arguments(self):
        every = {
            "enroll": ["admin", "enroll", "--dir", "a", "n.pub", "--name", "x"],
            "remove": ["admin", "remove", "--dir", "a", "n.pub"],
            "epoch": self.epoch(),
            "issue": self.issue(),
            "request": self.request(),
            "accept": self.accept(),
            "join": self.join(),
            "lender join": self.join(directory="l", who="lender"),
            "check": self.check("e1"),
        }
        self.unusable("admin")
        for name in ("member", "lender", "epoch", "evidence"):
            self.unusable(name)
            self.unusable(name, "unknown")
        for name, arguments in every.items():
            with self.subTest(name=name):
                self.unusable(*arguments, "stray")
                self.unusable(*arguments, "--unknown")
                self.unusable(*arguments[:2])
                for i, argument in enumerate(arguments):
                    if argument in ("--dir", "--out", "--admin") or (
                            argument in ("--lender", "--count", "--quota", "--days")
                            and arguments.count(argument) == 1):
                        self.unusable(*arguments[:i], *arguments[i + 2 :])  # one is missing
                        self.unusable(*arguments, *arguments[i : i + 2])  # one comes twice
                        self.unusable(*arguments[:i], *arguments[i + 2 :], argument)  # no value
        ident = request_hash(decode_text("TOKEN REQUEST", self.read("rq"))).hex()
        other = "f" if ident[0] != "f" else "0"  # no beginning of the only one
        for option, values, arguments in (
            ("--count", ("0", "1001", "-1", "x", "", "1.5"), self.request()),
            ("--quota", ("0", "4294967296", "-1", "x"), self.epoch()),
            ("--days", ("0", "3661", "-1", "x", "1e3"), self.epoch(issue_days=None)),
            ("--issue-days", ("0", "3661", "-1", "x", "10", "11"), self.epoch()),
            ("--now", ("-1", "x", "", "18446744073709551616"), self.request()),
            ("--bits", ("512", "2047", "8192", "x"),
             ["admin", "init", "--dir", "b", "--group", "g", "--bits", "2048", "--out", "new"]),
            ("--group", ("", "x" * 65, "tab\t", "\x7f", "\u00e9"),
             ["admin", "init", "--dir", "b", "--group", "g", "--bits", "2048", "--out", "new"]),
            ("--number", ("0", "2", "-1", "x"),
             ["admin", "descriptor", "--dir", "a", "--number", "1", "--out", "new"]),
            ("--id", ("x", other, "%", "_", " "),
             ["member", "resend", "--dir", "m", "--id", "0", "--out", "new"]),
        ):
            at = arguments.index(option)
            for value in values:
                with self.subTest(option=option, value=value):
                    self.unusable(*arguments[:at], f"{option}={value}", *arguments[at + 2 :])

    def test_bounds_of_the_options(self):
        """The last values that are lawful."""
        self.ok(*self.epoch(quota=4294967295, days=3660, issue_days=3659))
        self.ok("admin", "init", "--dir", "b", "--group", " ~" * 32, "--bits", "4096", "--out", "x")
        self.assertEqual(self.json("admin", "status", "--dir", "b")["group"], " ~" * 32)
        end = str((1 << 64) - 1)
        self.assertEqual(self.balance(now=end)["left"], 7)
        self.assertIn(f"it is {end}", self.ok("member", "balance", "--dir", "m", "--now", end))

    def test_request_of_1000(self):
        """RequestTokens.3's last lawful count, through all commands."""
        self.ok(*self.epoch(out="e2", quota=1000))
        self.ok(*self.join("e2"))
        now = T0 + 5 * DAY
        self.ok(*self.request(count=1000, out="q", now=now))
        self.ok(*self.issue("q", "s", now=now))
        self.assertEqual(self.ok(*self.accept("s")), "1000 tokens accepted\n")
        balance = self.balance(now=now)
        self.assertEqual((balance["held"], balance["number"], balance["left"]), (1000, 2, 0))


class Outputs(GroupTest):
    """Files are written whole or not at all, and only where that can be meant."""

    def writers(self, out):
        """Every command with --out."""
        return [
            ["admin", "init", "--dir", "b", "--group", "g", "--out", out],
            ["admin", "init", "--dir", "a", "--group", "a group", "--bits", "2048", "--out", out],
            self.epoch(out=out),
            ["admin", "revoke", "--dir", "a", "--out", out],
            ["admin", "descriptor", "--dir", "a", "--out", out],
            self.issue(out=out),
            ["member", "init", "--dir", "o", "--out", out],
            self.request(out=out),
            ["member", "resend", "--dir", "m", "--out", out],
            ["lender", "init", "--dir", "p", "--out", out],
        ]

    def test_places_that_are_not_files(self):
        """A directory, a FIFO, a device, a link: refused before anything is done."""
        os.mkdir(self.path("folder"))
        os.mkfifo(self.path("fifo"))
        os.symlink("e1", self.path("link"))
        os.symlink("nowhere", self.path("dangling"))
        for out in ("folder", "fifo", "link", "dangling", "/dev/null"):
            for arguments in self.writers(out):
                with self.subTest(arguments=arguments):
                    self.assertIn(out, self.unusable(*arguments))

    def test_existing_output_is_replaced(self):
        """Also one that cannot be written to: the new file takes its place."""
        for arguments in reversed(self.writers("old")):
            self.write("old", b"x" * 100_000)
            os.chmod(self.path("old"), 0o400)
            os.link(self.path("old"), self.path("other name"))
            self.ok(*arguments)
            self.assertTrue(self.read("old").startswith(b"-----BEGIN BLINDLEND "))
            self.assertEqual(self.read("other name"), b"x" * 100_000)  # not written in place
            os.remove(self.path("other name"))
            if arguments[:2] == ["admin", "revoke"]:
                shutil.rmtree(self.path("a"))
                shutil.copytree(os.path.join(self.template, "a"), self.path("a"))
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith(".blindlend")])

    def test_output_that_is_an_input(self):
        os.mkdir(self.path("d"))
        os.link(self.path("rq"), self.path("hard"))
        for arguments, out in (
            (self.issue, ("rq", "./rq", "d/../rq", "hard", self.path("rq"))),
            (self.request, ("l.pub", "./l.pub")),
            (self.epoch, ("l.pub", "k.pub")),
        ):
            for name in out:
                self.assertEqual(self.unusable(*arguments(out=name)),
                                 f"{name}: is both input and output")

    def test_output_that_is_the_database(self):
        """A slip must not cost the ledger, nor what SQLite keeps beside it."""
        for arguments in self.writers("out"):
            directory = arguments[arguments.index("--dir") + 1]
            name = {"a": "admin", "m": "wallet", "b": "admin", "o": "wallet", "p": "lender"}
            for end in ("", "-wal", "-shm", "-journal"):
                out = f"./{directory}/{name[directory]}.db{end}"
                with self.subTest(arguments=arguments, out=out):
                    changed = [out if each == "out" else each for each in arguments]
                    self.assertEqual(self.unusable(*changed), f"{out}: is both input and output")

    def test_a_database_is_never_overwritten(self):
        """Whatever the command, wherever it lies, and with --force too."""
        keygen = ["attest", "keygen", "--force", "--out"]
        for out in ("a/admin.db", "m/wallet.db", "copy"):
            with self.subTest(out=out):
                if out == "copy":
                    shutil.copy(self.path("a/admin.db"), self.path(out))
                before = self.read(out)
                self.assertEqual(self.unusable(*keygen, out),
                                 f"{out}: is a database, and never overwritten")
                self.assertEqual(self.read(out), before)
        self.ok(*keygen, "key")
        self.ok(*keygen, "key")

    def test_output_that_cannot_be_written(self):
        """Status 2; what was stored before stays, and is had by the same command again."""
        nowhere = "no/such/folder"
        line = r"\Ablindlend: no/such/folder: cannot be written: No such file or directory\n\Z"

        def fails(*arguments):
            done = self.run_cli(*arguments, expect=2)
            self.assertEqual(done.stdout, "")
            self.assertRegex(done.stderr, line)

        fails("member", "init", "--dir", "o", "--out", nowhere)
        self.assertFalse(self.json("member", "init", "--dir", "o", "--out", "o.pub")["made"])

        fails(*self.request(count=2, out=nowhere))
        self.assertEqual((self.balance()["prepared"], self.balance()["left"]), (2, 5))
        fails(*self.request(count=2, out=nowhere))
        again = self.json(*self.request(count=2, out="q"))
        self.assertTrue(again["again"])
        self.assertEqual((self.balance()["prepared"], self.balance()["requested"]), (0, 5))

        fails(*self.issue("q", nowhere))
        self.assertEqual(self.used("member m"), 5)
        said = self.json(*self.issue("q", "s"))
        self.assertEqual((said["debited"], self.used("member m")), (False, 5))
        self.ok(*self.accept("s"))

        fails(*self.epoch(out=nowhere))
        self.ok("admin", "descriptor", "--dir", "a", "--out", "e2")
        self.ok(*self.join("e2"))
        fails("admin", "revoke", "--dir", "a", "--out", nowhere)
        self.ok("admin", "revoke", "--dir", "a", "--out", "end")
        self.ok(*self.join("end"))

    def test_stdout_that_cannot_be_written(self):
        """A report that nobody gets is not a success; the state is what it would be."""
        with open("/dev/full", "wb") as full:
            for arguments in (self.accept(), ["admin", "status", "--dir", "a"]):
                done = subprocess.run([BLINDLEND, *arguments], cwd=self.folder, stdout=full,
                                      stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr, b"blindlend: standard output cannot be written\n")
        self.assertEqual(self.balance()["held"], 3)


class BadFiles(GroupTest):
    """Inputs that are missing, of another kind, cut off or too large: status 2, naming them."""

    def readers(self, name):
        """Every input of every command, and what it should be."""
        return [
            (["admin", "enroll", "--dir", "a", name], "MEMBER"),
            (["admin", "remove", "--dir", "a", name], "MEMBER"),
            ([*self.epoch(), "--lender", name], "LENDER"),
            (self.issue(name), "TOKEN REQUEST"),
            (self.join(name), "EPOCH or REVOCATION|descriptor"),
            (self.join(admin=name), "ADMIN"),
            (self.request(lender=name), "LENDER"),
            (self.accept(name), "TOKEN RESPONSE"),
            (["member", "cancel", "--dir", "m", name], "TOKEN REQUEST"),
            (self.join(name, "l", who="lender"), "EPOCH or REVOCATION|descriptor"),
            (self.join(directory="l", who="lender", admin=name), "ADMIN"),
            (["epoch", "show", name], "EPOCH or REVOCATION|descriptor"),
            (["epoch", "verify", name, "--admin", "admin.pub"], "EPOCH or REVOCATION|descriptor"),
            (["epoch", "verify", "e1", "--admin", name], "ADMIN"),
            (self.check(name), "evidence"),
            (self.check("e1", admin=name), "ADMIN"),
        ]

    def each(self, name, reason, only=None):
        """Every command refuses this file for this reason ({} is what it should be)."""
        for arguments, kind in self.readers(name):
            if only is not None and not re.search(only, kind):
                continue
            if arguments[:2] == ["evidence", "check"] and kind == "ADMIN":
                self.cat("pair", "e1", "e1")
                arguments = ["evidence", "check", "pair", "--admin", name]
            with self.subTest(arguments=arguments):
                line = self.unusable(*arguments)
                self.assertRegex(line, rf"\A{re.escape(name)}: {reason.format(f'({kind})')}")

    def test_not_readable(self):
        self.write("empty", b"")
        os.mkdir(self.path("folder"))
        os.mkfifo(self.path("fifo"))
        self.each("folder", "is a directory")
        self.each("fifo", "is not a regular file")
        self.each("empty", "is empty")
        for arguments, _ in self.readers("missing"):
            line = self.unusable(*arguments)
            if arguments[:2] == ["admin", "remove"]:
                self.assertIn("no member is enrolled as missing", line)
            else:
                self.assertIn("missing: cannot be read: No such file", line)

    def test_other_kinds(self):
        """A file of every other kind: the line says what was expected."""
        self.ok("admin", "revoke", "--dir", "a", "--out", "end")
        for name in ("a", "m", "l"):  # without the revocation again
            shutil.rmtree(self.path(name))
            shutil.copytree(os.path.join(self.template, name), self.path(name))
        for name, label in (("admin.pub", "ADMIN"), ("m.pub", "MEMBER"), ("l.pub", "LENDER"),
                            ("e1", "EPOCH"), ("end", "REVOCATION"), ("rq", "TOKEN REQUEST"),
                            ("rs", "TOKEN RESPONSE"), ("public", "PUBLIC KEY")):
            for arguments, kind in self.readers(name):
                if label in kind or (kind == "evidence" and label in
                                     ("EPOCH", "REVOCATION", "TOKEN REQUEST", "TOKEN RESPONSE")):
                    continue
                with self.subTest(label=label, arguments=arguments):
                    line = self.unusable(*arguments)
                    self.assertRegex(
                        line, rf"\A{name}: (not a blindlend ({kind}) \(DecodeText\.1\)|is larger)")

    def test_damaged_texts(self):
        """DecodeText.2 to .4, and identities, descriptors and sealed objects of the wrong form."""
        not_a = r"not a blindlend {} \(%s\)"
        for arguments, kind in self.readers("bad"):
            if kind == "evidence" or arguments[:2] == ["evidence", "check"]:
                continue
            good = {"MEMBER": "m.pub", "LENDER": "l.pub", "ADMIN": "admin.pub",
                    "TOKEN REQUEST": "rq", "TOKEN RESPONSE": "rs"}.get(kind, "e1")
            text = self.read(good)
            for content, step in (
                (text[:-1], "DecodeText.2"),
                (text[: len(text) // 2], "DecodeText.2"),
                (text.replace(b"\n", b"\r\n"), r"DecodeText.1"),
                (text.replace(b"-----\n", b"-----\n\n", 1), "DecodeText.3"),
                (text.replace(b"-----\nA", b"-----\n*"), "DecodeText.4"),
            ):
                self.write("bad", content)
                with self.subTest(arguments=arguments, step=step):
                    self.assertRegex(self.unusable(*arguments),
                                     rf"\Abad: (not a blindlend .* \({step}\)|is larger than any)")
        for label in ("MEMBER", "LENDER", "ADMIN"):
            for content in (b"", b"\1" * 34, b"\1\7" + bytes(31), b"\1\7" + bytes(33)):
                self.text("bad", label, content)
                self.each("bad", not_a % r"ParseIdentity\.1", rf"\A{label}\Z")
        epoch = decode_text("EPOCH", self.read("e1"))
        for content, step in (
            (epoch[:63], r"Open\.1"),
            (b"\1\x0d" + epoch[2:], r"ParseLink\.1"),
            (epoch[:30] + epoch[-64:], r"ParseLink\.2"),
            (epoch[:60] + epoch[-64:], r"ParseLink\.5"),
            (epoch[:-65] + epoch[-64:], r"ParseLink\.8"),
            (epoch[:2] + b"\0" + epoch[3:], r"ParseLink\.\d"),
            (b"\1\x0b" + epoch[2:], r"ParseLink\.4"),
        ):
            self.text("bad", "EPOCH", content)
            self.each("bad", not_a % step, "EPOCH")
        # A sealed object is opened before it is read: what is not signed has no form.
        self.text("bad", "TOKEN REQUEST", b"")
        self.refused("VerifyRequest.1", *self.issue("bad"))
        self.text("bad", "TOKEN REQUEST", bytes(200))
        self.refused("VerifyRequest.2", *self.issue("bad"))
        self.refused("VerifyRequest.2", "member", "cancel", "--dir", "m", "bad")
        self.text("bad", "TOKEN RESPONSE", b"")
        self.refused("Accept.1", *self.accept("bad"))

    def test_too_large(self):
        """More than any file of the kind can be is not read into memory."""
        for name in ("m.pub", "l.pub", "admin.pub", "e1", "rq", "rs"):
            content = self.read(name)
            self.write("bad", content)
            os.truncate(self.path("bad"), 3_000_000_000)
            for arguments, kind in self.readers("bad"):
                done = self.run_cli(*arguments, expect=2)
                self.assertRegex(done.stderr, r"\Ablindlend: bad: (is larger than any |not a )")


class BadDatabases(GroupTest):
    """Directories that are not what --dir should name: status 2, naming the database."""

    def users(self):
        """Every command with --dir that needs a database."""
        return {
            "a": [["admin", "enroll", "--dir", "a", "n.pub"],
                  ["admin", "remove", "--dir", "a", "n.pub"], self.epoch(),
                  ["admin", "revoke", "--dir", "a", "--out", "new"],
                  ["admin", "descriptor", "--dir", "a", "--out", "new"], self.issue(),
                  ["admin", "status", "--dir", "a"]],
            "m": [self.join(), self.request(), ["member", "resend", "--dir", "m", "--out", "new"],
                  self.accept(), ["member", "cancel", "--dir", "m", "rq"],
                  ["member", "expire", "--dir", "m"], ["member", "balance", "--dir", "m"]],
            "l": [self.join(directory="l", who="lender")],
        }

    INITS = {"a": ["admin", "init", "--dir", "a", "--group", "a group", "--bits", "2048", "--out",
                   "new"],
             "m": ["member", "init", "--dir", "m", "--out", "new"],
             "l": ["lender", "init", "--dir", "l", "--out", "new"]}
    NAMES = {"a": "a/admin.db", "m": "m/wallet.db", "l": "l/lender.db"}

    def each(self, damage, reason, init_too=True):
        for directory, commands in self.users().items():
            shutil.rmtree(self.path(directory), ignore_errors=True)
            shutil.copytree(os.path.join(self.template, directory), self.path(directory))
            damage(directory, self.path(self.NAMES[directory]))
            for arguments in commands + ([self.INITS[directory]] if init_too else []):
                with self.subTest(arguments=arguments):
                    line = self.unusable(*arguments)
                    self.assertRegex(line, rf"\A{self.NAMES[directory]}: {reason}")

    @staticmethod
    def sql(path, *statements):
        connection = sqlite3.connect(path, isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()

    def test_not_there(self):
        gone = r"is not there; init makes it\Z"
        self.each(lambda directory, path: os.remove(path), gone, init_too=False)
        self.each(lambda directory, path: shutil.rmtree(os.path.dirname(path)), gone, init_too=False)

    def test_the_directory_is_a_file(self):
        for directory, commands in self.users().items():
            shutil.rmtree(self.path(directory))
            self.write(directory, b"x")
            for arguments in commands:
                self.assertIn("cannot be read: Not a directory", self.unusable(*arguments))
            self.assertEqual(self.unusable(*self.INITS[directory]),
                             f"{directory}: is not a directory")
        self.assertIn("no/such: cannot be written",
                      self.unusable("member", "init", "--dir", "no/such", "--out", "new"))

    def test_of_another_role(self):
        """A wallet where the ledger should be, and so on."""
        other = {"a": "m", "m": "l", "l": "a"}

        def swap(directory, path):
            name = os.path.basename(self.NAMES[other[directory]])
            shutil.copyfile(os.path.join(self.template, other[directory], name), path)

        self.each(swap, r"is not a blindlend (admin's database|wallet|lender's database)\Z")

    def test_of_another_program(self):
        def foreign(directory, path):
            os.remove(path)
            self.sql(path, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1)")
            os.chmod(path, 0o600)

        self.each(foreign, r"is not a blindlend ")

    def test_later_version(self):
        self.each(lambda directory, path: self.sql(path, "PRAGMA user_version = 3"),
                  r"was made by a later version of blindlend \(schema 3, this one knows [12]\)\Z")
        self.each(lambda directory, path: self.sql(path, "PRAGMA user_version = 2147483647"),
                  r"was made by a later version of blindlend")

    def test_version_that_never_was(self):
        self.each(lambda directory, path: self.sql(path, "PRAGMA user_version = 0"),
                  r"is damaged: schema version\Z")

    def test_no_database(self):
        def text(directory, path):
            with open(path, "wb") as file:
                file.write(b"this is not a database\n" * 400)

        self.each(text, r"is damaged or not a database\Z")

        def folder(directory, path):
            os.remove(path)
            os.mkdir(path, 0o700)

        self.each(folder, r".", init_too=False)

    def test_damaged(self):
        """A page overwritten, an identity gone, a descriptor or a key that does not parse."""
        def no_identity(directory, path):
            self.sql(path, "DELETE FROM identity")

        self.each(no_identity, r"is damaged: identity\Z")

        def short_seed(directory, path):
            self.sql(path, "UPDATE identity SET seed = x'00'")

        self.each(short_seed, r"is damaged: identity\Z")
        self.sql(self.path("a/admin.db"), "UPDATE identity SET seed = zeroblob(32)",
                 "UPDATE link SET sealed = zeroblob(80)")
        for arguments in (self.issue(), self.epoch(), ["admin", "status", "--dir", "a"]):
            self.assertEqual(self.unusable(*arguments), "a/admin.db: is damaged: a descriptor")

        def garbage(directory, path):
            with open(path, "r+b") as file:
                file.seek(100)
                file.write(b"\xff" * (os.path.getsize(path) - 100))

        self.each(garbage, r"is damaged or not a database\Z")

    def test_readable_by_others(self):
        """A warning, and the work is done."""
        os.chmod(self.path("m/wallet.db"), 0o644)
        done = self.run_cli("member", "balance", "--dir", "m")
        self.assertIn("requested    3", done.stdout)
        self.assertEqual(done.stderr, "blindlend: warning: m/wallet.db: others may read it (chmod "
                                      "600 ends that)\n")

    def test_what_a_crash_leaves_of_init(self):
        """An empty file, and what was being made beside it: init begins again."""
        for directory, init in self.INITS.items():
            with self.subTest(init=init):
                path = self.path(self.NAMES[directory])
                os.remove(path)
                for leftover in (path, f"{path}.new", f"{path}.new-journal", f"{path}.new-wal"):
                    with open(leftover, "wb") as file:
                        file.write(b"" if leftover == path else b"half of something")
                    os.chmod(leftover, 0o600)
                self.assertTrue(self.json(*init)["made"])
                self.assertFalse(self.json(*init)["made"])
                self.assertEqual([x for x in os.listdir(self.path(directory)) if ".new" in x], [])


class Repeated(GroupTest):
    """Commands given twice."""

    def test_init(self):
        """The same identity again; another group or length is refused."""
        init = BadDatabases.INITS["a"]
        before = snapshot(self.path("a"))
        self.assertFalse(self.json(*init)["made"])
        self.assertEqual(self.read("new"), self.read("admin.pub"))
        for option, value in (("--group", "another"), ("--bits", "3072")):
            changed = list(init)
            changed[changed.index(option) + 1] = value
            self.assertEqual(self.unusable(*changed), "a/admin.db: is there already, with another "
                                                      "group or another length of keys")
        self.assertEqual(snapshot(self.path("a")), before)

    def test_enroll_and_remove(self):
        enroll = ["admin", "enroll", "--dir", "a", "n.pub", "--name", "member n"]
        before = self.ok("admin", "status", "--dir", "a")
        self.ok(*enroll)
        self.assertEqual(self.ok("admin", "status", "--dir", "a"), before)
        self.assertEqual(self.unusable(*enroll[:-1], "member m"),
                         "a/admin.db: another member is enrolled as member m")
        key = decode_text("MEMBER", self.read("n.pub"))[2:].hex()
        for who in ("member n", key, "n.pub"):  # by name, by key, by file
            self.ok("admin", "remove", "--dir", "a", who)
            for again in ("member n", key, "n.pub"):
                self.assertIn("no member is enrolled as ",
                              self.unusable("admin", "remove", "--dir", "a", again))
            self.ok(*enroll)
        self.assertEqual(self.ok("admin", "status", "--dir", "a"), before)
        # A name that a removed member had can be given to another.
        self.ok("admin", "remove", "--dir", "a", "member m")
        self.ok(*enroll[:-1], "member m")
        self.unusable("admin", "enroll", "--dir", "a", "m.pub", "--name", "member m")
        self.ok("admin", "enroll", "--dir", "a", "m.pub")

    def test_join(self):
        for arguments in (self.join(), self.join(directory="l", who="lender")):
            before = snapshot(self.folder)
            self.assertFalse(self.json(*arguments)["new"])
            self.assertEqual(snapshot(self.folder), before)

    def test_revoke(self):
        revoke = ["admin", "revoke", "--dir", "a", "--out"]
        self.ok(*revoke, "end")
        self.ok(*revoke, "again")
        self.assertEqual(self.read("again"), self.read("end"))
        self.assertEqual(len(self.json("admin", "status", "--dir", "a")["epochs"]), 2)
        self.ok(*self.join("end"))
        self.assertFalse(self.json(*self.join("end"))["new"])
        self.unusable(*self.epoch())
        self.ok("admin", "init", "--dir", "b", "--group", "g", "--bits", "2048", "--out", "b.pub")
        self.assertIn("there is no epoch yet", self.unusable(*revoke[:3], "b", *revoke[4:], "new"))
        self.assertIn("there is no epoch yet",
                      self.unusable("admin", "descriptor", "--dir", "b", "--out", "new"))
        self.assertIn("there is no epoch yet", self.unusable(*self.issue(directory="b")))

    def test_issue(self):
        """The same request, the same bytes, no second debit; also late and after a removal."""
        first = self.read("rs")
        self.assertEqual(self.used("member m"), 3)
        for now in (T0, NOW, T0 + 5 * DAY, T0 + 900 * DAY, 0):
            self.assertFalse(self.json(*self.issue(now=now))["debited"])
            self.assertEqual(self.read("new"), first)
        self.ok("admin", "remove", "--dir", "a", "member m")
        self.ok(*self.issue())
        self.assertEqual(self.read("new"), first)
        self.ok(*self.epoch(out="e2"))  # and in the next epoch
        self.ok(*self.issue(now=T0 + 6 * DAY))
        self.assertEqual(self.read("new"), first)
        self.assertEqual(self.used("member m"), 3)

    def test_resend(self):
        """A request that got lost: identical bytes, whichever way it is named."""
        self.ok(*self.request(count=2, out="q"))
        line = self.unusable("member", "resend", "--dir", "m", "--out", "new")
        self.assertIn("has 2 open requests", line)
        for name in ("rq", "q"):
            ident = request_hash(decode_text("TOKEN REQUEST", self.read(name))).hex()
            for shown in (ident, ident[:16], ident[:6]):
                self.ok("member", "resend", "--dir", "m", "--id", shown, "--out", "new")
                self.assertEqual(self.read("new"), self.read(name))
        self.ok(*self.accept())
        self.unusable("member", "resend", "--dir", "m", "--id",
                      request_hash(decode_text("TOKEN REQUEST", self.read("rq"))).hex(),
                      "--out", "new")
        self.ok("member", "resend", "--dir", "m", "--out", "new")  # now there is only one
        self.assertEqual(self.read("new"), self.read("q"))

    def test_accept(self):
        """A response twice: the second time refused, and nothing changes."""
        self.ok(*self.accept())
        self.assertIn("has been accepted already", self.refused("Accept.3", *self.accept()))
        self.assertEqual(self.balance()["held"], 3)
        self.assertIn("has been accepted already",
                      self.unusable("member", "cancel", "--dir", "m", "rq"))

    def test_cancel(self):
        self.ok("member", "cancel", "--dir", "m", "rq")
        self.assertIn("has been cancelled already",
                      self.unusable("member", "cancel", "--dir", "m", "rq"))
        self.assertIn("has been cancelled already", self.refused("Accept.3", *self.accept()))
        self.unusable("member", "resend", "--dir", "m", "--out", "new")
        balance = self.balance()
        self.assertEqual((balance["burnt"], balance["held"], balance["left"]), (3, 0, 7))
        self.ok(*self.issue())  # the admin does not know of it
        self.assertEqual(self.used("member m"), 3)
        # Nobody else's request, and a new one for as many is another one.
        self.assertIn("knows no such request",
                      self.unusable("member", "cancel", "--dir", "n", "rq"))
        self.assertFalse(self.json(*self.request(out="q"))["again"])
        self.assertNotEqual(self.read("q"), self.read("rq"))

    def test_secrets_are_erased_when_they_have_served(self):
        """r_inv and the seeds of a cancelled request are in no file of the wallet any more."""
        def wallet():
            return b"".join(self.read(f"m/{name}") for name in os.listdir(self.path("m")))

        old = self.tables("m")["entry"]
        self.assertEqual(len(old), 3)
        for row in old:
            self.assertIn(row["r_inv"], wallet())
        # Somebody who has it open keeps the log from being removed: it is emptied all the same.
        other = sqlite3.connect(self.path("m/wallet.db"))
        self.assertEqual(other.execute("SELECT count(*) FROM entry").fetchone(), (3,))
        self.ok(*self.accept())
        for row in old:
            self.assertNotIn(row["r_inv"], wallet())
        self.assertEqual(os.path.getsize(self.path("m/wallet.db-wal")), 0)
        other.close()
        self.ok(*self.request(out="q"))
        new = self.tables("m")["entry"]
        self.ok("member", "cancel", "--dir", "m", "q")
        for row in old + new:
            self.assertNotIn(row["r_inv"], wallet())
        for row in new:
            self.assertNotIn(row["seed"], wallet())
        for row in old:
            self.assertIn(row["seed"], wallet())  # held
        self.ok("member", "expire", "--dir", "m", "--now", str(T0 + 10 * DAY))
        for row in old:
            self.assertNotIn(row["seed"], wallet())


class Refused(GroupTest):
    """What is well-formed, but refused by an algorithm: status 1 and its step, nothing changed."""

    def test_clock(self):
        """RequestTokens.1 and Debit.5 with the window's times."""
        for now in (T0 - 1, T0 + 5 * DAY, 0, (1 << 64) - 1):
            line = self.refused("RequestTokens.1", *self.request(now=now))
            self.assertIn("from 2027-01-15 08:00:00 UTC until 2027-01-20 08:00:00 UTC", line)
        self.assertTrue(
            self.refused("RequestTokens.1", *self.request(now=T0 + 5 * DAY))
            .endswith("it is 2027-01-20 08:00:00 UTC"))
        self.ok(*self.request(count=2, out="q"))
        for now in (T0 - 1, T0 + 5 * DAY, 0, (1 << 64) - 1):
            line = self.refused("Debit.5", *self.issue("q", now=now))
            self.assertIn("from 2027-01-15 08:00:00 UTC until 2027-01-20 08:00:00 UTC", line)
        self.assertEqual(self.used("member m"), 3)
        for now, count in ((T0, 1), (T0 + 5 * DAY - 1, 3)):  # the first and the last second
            self.ok(*self.request(count=count, now=now, out="q"))
            self.ok(*self.issue("q", now=now))

    def test_quota(self):
        """Over it at the wallet; with --force at the admin: Debit.7, nothing debited."""
        line = self.fails(1, *self.request(count=8))
        self.assertRegex(line, r"\Arefused: this wallet has asked for 3 of the 10 tokens .*--force")
        said = self.json(*self.request(count=8), expect=1)
        self.assertEqual((said["result"], said["step"]), ("refused", ""))
        self.assertEqual(self.balance()["left"], 7)
        self.ok(*self.request("--force", count=8, out="q"))
        line = self.refused("Debit.7", *self.issue("q"))
        self.assertIn("8 asked for, 7 left of 10", line)
        self.assertEqual(self.used("member m"), 3)
        self.ok(*self.request("--force", count=7, out="q7"))  # the last that fits
        self.ok(*self.issue("q7", "s7"))
        self.assertEqual(self.used("member m"), 10)
        self.ok(*self.request("--force", count=1, out="q1"))
        self.assertIn("1 asked for, 0 left of 10", self.refused("Debit.7", *self.issue("q1")))
        self.ok(*self.issue())  # what was debited before is still answered
        self.ok(*self.accept("s7"))
        self.ok(*self.request(count=10, out="qn", directory="n"))  # another member's is untouched
        self.ok(*self.issue("qn"))
        # A new epoch has a new quota.
        self.ok(*self.epoch(out="e2"))
        self.ok(*self.join("e2"))
        self.ok(*self.request(count=10, now=T0 + 5 * DAY, out="q2"))
        self.ok(*self.issue("q2", now=T0 + 5 * DAY))
        members = self.json("admin", "status", "--dir", "a")["members"]
        self.assertIn([{"number": 1, "used": 10}, {"number": 2, "used": 10}],
                      [one["used"] for one in members])

    def test_removed_member(self):
        """Debit.4, but what was debited before is answered."""
        self.ok(*self.request(count=2, out="q"))
        self.ok("admin", "remove", "--dir", "a", "m.pub")
        self.refused("Debit.4", *self.issue("q"))
        self.ok(*self.issue())
        self.assertEqual(self.read("new"), self.read("rs"))
        self.assertEqual(self.used("member m"), 3)
        self.ok("admin", "enroll", "--dir", "a", "m.pub", "--name", "member m")
        self.ok(*self.issue("q"))
        self.assertEqual(self.used("member m"), 5)

    def test_stranger(self):
        """Debit.4 for a wallet that was never enrolled; Accept.3 for another's response."""
        self.ok("member", "init", "--dir", "o", "--out", "o.pub")
        self.assertIn("has no descriptor yet", self.unusable(*self.request(directory="o")))
        self.assertIn("has no descriptor yet", self.unusable(*self.accept(directory="o")))
        self.ok(*self.join(directory="o"))
        self.ok(*self.request(directory="o", out="q"))
        self.refused("Debit.4", *self.issue("q"))
        for directory in ("n", "o"):
            self.refused("Accept.3", *self.accept(directory=directory))
        self.ok(*self.accept())

    def test_request(self):
        """RequestTokens.2, VerifyRequest.3, Debit.2."""
        self.ok("lender", "init", "--dir", "p", "--out", "p.pub")
        self.refused("RequestTokens.2", *self.request(lender="p.pub"))
        sealed = decode_text("TOKEN REQUEST", self.read("rq"))
        for at in (2, 33, 34, 50, 60, 84, 200, len(sealed) - 64, len(sealed) - 1):
            edited = sealed[:at] + bytes([sealed[at] ^ 4]) + sealed[at + 1 :]
            self.text("bad", "TOKEN REQUEST", edited)
            line = self.fails(1, *self.issue("bad"))
            self.assertRegex(line, r"\Arefused at VerifyRequest\.[23]: ")
        self.ok("admin", "init", "--dir", "b", "--group", "b", "--bits", "2048", "--out", "b.pub")
        self.ok("admin", "enroll", "--dir", "b", "m.pub")
        self.ok(*self.epoch(directory="b", out="eb", now=T0))
        self.refused("Debit.2", *self.issue(directory="b"))

    def test_response_with_one_bit_changed(self):
        """Accept.1, wherever it is; afterwards the right one is taken."""
        sealed = decode_text("TOKEN RESPONSE", self.read("rs"))
        for at in (0, 1, 2, 33, 34, 36, 38, 100, 400, len(sealed) - 64, len(sealed) - 1):
            edited = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
            self.text("bad", "TOKEN RESPONSE", edited)
            self.refused("Accept.1", *self.accept("bad"))
        for content in (sealed + b"\0", sealed[:-1], sealed[1:]):
            self.text("bad", "TOKEN RESPONSE", content)
            self.refused("Accept.1", *self.accept("bad"))
        self.ok(*self.accept())
        self.assertEqual(self.balance()["held"], 3)

    def test_descriptors(self):
        """VerifyLink.1, another admin's chain, a missing link, an older one."""
        sealed = decode_text("EPOCH", self.read("e1"))
        for at in (3, 60, 1000, len(sealed) - 64, len(sealed) - 1):
            edited = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
            self.text("bad", "EPOCH", edited)
            for arguments in (self.join("bad"), self.join("bad", "l", who="lender"),
                              ["epoch", "verify", "bad", "--admin", "admin.pub"]):
                self.refused("VerifyLink.1", *arguments)
            self.ok("epoch", "show", "bad")  # which verifies nothing
        self.ok("admin", "init", "--dir", "b", "--group", "a group", "--bits", "2048", "--out",
                "b.pub")
        self.ok(*self.epoch(directory="b", out="eb", now=T0))
        self.refused("VerifyLink.1", "epoch", "verify", "eb", "--admin", "admin.pub")
        for who, directory, name in (("member", "m", "wallet"), ("lender", "l", "lender")):
            self.refused("VerifyLink.1", *self.join("eb", directory, who=who))
            line = self.unusable(*self.join("eb", directory, "b.pub", who))
            self.assertEqual(line, f"{directory}/{name}.db: follows another admin's chain")
        self.ok(*self.epoch(out="e2"))
        self.ok(*self.epoch(out="e3"))
        for who, directory in (("member", "m"), ("lender", "l")):
            line = self.refused("Extend.3", *self.join("e3", directory, who=who))
            self.assertIn("it has number 3, the next one here is 2", line)
            self.ok(*self.join("e2", directory, who=who))
            self.ok(*self.join("e3", directory, who=who))
            self.assertFalse(self.json(*self.join("e1", directory, who=who))["new"])
        # Who joins late begins with the newest, and cannot go back.
        self.ok("member", "init", "--dir", "o", "--out", "o.pub")
        self.ok(*self.join("e3", "o"))
        self.refused("Extend.3", *self.join("e1", "o"))
        self.assertEqual(os.listdir(self.path("o")), ["wallet.db"])

    def test_revoked(self):
        """Nothing is asked for, debited or spent any more: RequestTokens.1, Debit.1."""
        self.ok(*self.accept())
        self.ok(*self.request(count=1, out="q"))
        self.ok("admin", "revoke", "--dir", "a", "--out", "end")
        self.refused("Debit.1", *self.issue("q"))
        self.refused("Debit.1", *self.issue())  # also what was debited
        self.ok(*self.join("end"))
        line = self.refused("RequestTokens.1", *self.request())
        self.assertIn("the chain ends in a revocation", line)
        self.assertEqual(self.balance()["expired"], 4)  # three held, one asked for
        self.assertEqual(self.json("member", "expire", "--dir", "m")["burnt"], 4)

    def test_response_after_the_epoch(self):
        """A late response is still accepted; a late joiner's chain is not needed for it."""
        self.ok(*self.epoch(out="e2"))
        self.ok(*self.join("e2"))
        self.ok(*self.accept())
        self.assertEqual(self.balance(now=T0 + 6 * DAY)["held"], 3)


class Malicious(GroupTest):
    """An admin who signs what it should not: refused by all, and convicted by the evidence."""

    def link(self, kind, out="bad"):
        return self.lie("link", kind, "secret", out)

    def response(self, kind, index=0, request="rq", out="bad"):
        return self.lie("response", kind, str(index), request, out)

    def evidence(self, directory):
        return sorted(name for name in os.listdir(self.path(directory)) if "evidence" in name)

    def test_the_honest_kinds_are_taken(self):
        """What the others differ from is right in everything."""
        self.response("honest")
        self.assertEqual(self.read("bad"), self.read("rs"))
        self.ok(*self.accept("bad"))
        self.link("honest")
        self.ok(*self.join("bad"))
        self.ok(*self.join("bad", "l", who="lender"))

    def test_wrong_values(self):
        """Accept.5: good tokens are kept, the bad burnt; the evidence convicts."""
        for kind, index, burnt in (("wrong", 0, 1), ("wrong", 1, 1), ("wrong", 2, 1), ("zero", 1, 1),
                                   ("duplicate", 0, 1), ("duplicate", 2, 1), ("all-wrong", 0, 3)):
            with self.subTest(kind=kind, index=index):
                shutil.rmtree(self.path("m"))
                shutil.copytree(os.path.join(self.template, "m"), self.path("m"))
                entries = sorted(self.tables("m")["entry"], key=lambda row: row["position"])
                self.response(kind, index)
                done = self.run_cli(*self.accept("bad"), expect=1)
                self.assertEqual(done.stderr, "")
                self.assertIn("Accept.5", done.stdout)
                self.assertRegex(done.stdout, rf"(?m)^{burnt} tokens? burnt: ")
                [name] = self.evidence("m")
                self.assertRegex(name, r"\Aevidence-response-[0-9a-f]{16}\.txt\Z")
                self.assertIn(f"m/{name}, which anybody can check", done.stdout)
                balance = self.balance()
                self.assertEqual((balance["held"], balance["burnt"]), (3 - burnt, burnt))
                self.assertEqual((balance["requests"], balance["left"]), ([], 7))
                bad = range(3) if kind == "all-wrong" else [index]
                kept = {row["token"][66:98] for row in self.tables("m")["token"]}
                self.assertEqual(kept, {entries[i]["msg"][66:] for i in range(3) if i not in bad})

                convicts = self.ok(*self.check(f"m/{name}"))
                self.assertRegex(convicts, r"\Aconvicts the admin: it has signed an answer ")
                self.assertEqual(self.read(f"m/{name}"),
                                 self.read("e1") + self.read("rq") + self.read("bad"))
                # What is burnt stays burnt, also when the right answer comes.
                self.refused("Accept.3", *self.accept("rs"))
                self.assertEqual(self.balance(), balance)

    def test_missing_and_additional_values(self):
        """Accept.4 with evidence, and nothing is burnt: the right answer is still taken."""
        for kind, index in (("missing", 0), ("missing", 2), ("additional", 1), ("width", 0)):
            with self.subTest(kind=kind):
                shutil.rmtree(self.path("m"))
                shutil.copytree(os.path.join(self.template, "m"), self.path("m"))
                self.response(kind, index)
                database = self.read("m/wallet.db")
                done = self.run_cli(*self.accept("bad"), expect=1)
                self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
                [name] = self.evidence("m")
                self.assertRegex(done.stderr, rf"\Ablindlend: refused at Accept\.4: .*m/{name}")
                self.assertEqual(self.read("m/wallet.db"), database)
                self.assertEqual(self.json(*self.check(f"m/{name}"))["convicts"], "response")
                again = self.json(*self.accept("bad"), expect=1)
                self.assertEqual((again["result"], again["step"]), ("refused", "Accept.4"))
                self.ok(*self.accept("rs"))
                self.assertEqual(self.balance()["held"], 3)

    def test_other_responses(self):
        """Accept.2 and .3: no evidence, nothing changed."""
        self.response("unasked")
        self.refused("Accept.3", *self.accept("bad"))
        self.response("garbage")
        self.refused("Accept.2", *self.accept("bad"))
        self.assertEqual(self.evidence("m"), [])

    def test_forks(self):
        """Links that contradict the chain: Extend.1, kept as evidence, by members and lenders."""
        self.ok(*self.epoch(out="e2"))
        for directory, who in (("m", "member"), ("l", "lender")):
            self.ok(*self.join("e2", directory, who=who))
        kinds = ["fork", "quota", "overlap", "predecessor", "same-key", "group", "revocation",
                 # Also those that are refused by themselves, where they contradict a known link.
                 ]
        for kind in kinds:
            self.link(kind)
            for directory, who in (("m", "member"), ("l", "lender")):
                with self.subTest(kind=kind, who=who):
                    held = self.tables(directory)
                    done = self.run_cli(*self.join("bad", directory, who=who), expect=1)
                    self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
                    self.assertIn("refused at Extend.1: ", done.stderr)
                    [name] = self.evidence(directory)
                    self.assertRegex(name, r"\Aevidence-fork-[0-9a-f]{16}\.txt\Z")
                    self.assertIn(f"{directory}/{name}", done.stderr)
                    self.assertEqual(self.tables(directory), held)
                    convicts = self.ok(*self.check(f"{directory}/{name}"))
                    self.assertRegex(convicts, r"\Aconvicts the admin: it has signed two descr")
                    self.assertEqual(self.json(*self.check(f"{directory}/{name}"))["convicts"],
                                     "fork")
                    said = self.json(*self.join("bad", directory, who=who), expect=1)
                    self.assertEqual((said["result"], said["step"]), ("refused", "Extend.1"))
                    self.assertEqual(self.evidence(directory), [name])  # the same file again
                    os.remove(self.path(f"{directory}/{name}"))

    def test_after_a_revocation(self):
        self.ok("admin", "revoke", "--dir", "a", "--out", "end")
        self.ok(*self.join("end"))
        self.link("after-revocation")
        done = self.run_cli(*self.join("bad"), expect=1)
        self.assertIn("refused at Extend.1: ", done.stderr)
        [name] = self.evidence("m")
        self.ok(*self.check(f"m/{name}"))
        self.assertEqual(self.read(f"m/{name}"), self.read("end") + self.read("bad"))

    def test_skipped_number(self):
        """Extend.3: somebody else may have the missing one, so it is no evidence."""
        self.link("skip")
        for directory, who in (("m", "member"), ("l", "lender")):
            self.refused("Extend.3", *self.join("bad", directory, who=who))

    def test_links_that_are_bad_by_themselves(self):
        """VerifyLink.4 to .6, by join and by epoch verify; epoch show shows them all the same."""
        for kind, step in (("certificate", 6), ("exponent", 5), ("reversed-spend", 4),
                           ("spend-first", 4)):
            self.link(kind)
            for arguments in (self.join("bad"), self.join("bad", "l", who="lender"),
                              ["epoch", "verify", "bad", "--admin", "admin.pub"]):
                with self.subTest(kind=kind, arguments=arguments):
                    self.refused(f"VerifyLink.{step}", *arguments)
            self.ok("epoch", "show", "bad")
        # Issue windows that run backwards also begin before the last one ends.
        self.link("reversed-issue")
        self.refused("VerifyLink.4", "epoch", "verify", "bad", "--admin", "admin.pub")
        self.ok("member", "init", "--dir", "o", "--out", "o.pub")
        self.refused("VerifyLink.4", *self.join("bad", "o"))
        self.assertEqual(self.evidence("m") + self.evidence("l") + self.evidence("o"), [])


class Evidence(GroupTest):
    """evidence check, on what convicts nobody, and on files put together by hand."""

    link = Malicious.link
    response = Malicious.response

    def test_by_hand(self):
        """cat, in either order."""
        self.link("fork")
        self.ok(*self.check(self.cat("evidence", "e1", "bad")))
        self.ok(*self.check(self.cat("evidence", "bad", "e1")))
        self.response("wrong", 1, out="lie")
        self.ok(*self.check(self.cat("evidence", "e1", "rq", "lie")))
        # Another link of this admin's under the same key convicts as well as the first.
        self.link("quota")
        self.ok(*self.check(self.cat("evidence", "bad", "rq", "lie")))

    def test_nothing_that_an_honest_admin_signs_convicts(self):
        self.ok(*self.epoch(out="e2"))
        self.ok(*self.epoch(out="e3"))
        self.ok("admin", "revoke", "--dir", "a", "--out", "end")
        links = ["e1", "e2", "e3", "end"]
        for a in links:
            for b in links:
                self.refused("CheckFork.3", *self.check(self.cat("evidence", a, b)))
        self.refused("CheckMisissue.5", *self.check(self.cat("evidence", "e1", "rq", "rs")))
        self.refused("CheckMisissue.4", *self.check(self.cat("evidence", "e2", "rq", "rs")))
        self.refused("CheckMisissue.1", *self.check(self.cat("evidence", "end", "rq", "rs")))
        self.ok(*self.request(directory="n", out="qn"))
        self.refused("CheckMisissue.4", *self.check(self.cat("evidence", "e1", "qn", "rs")))

    def test_the_parts_in_their_places(self):
        self.response("wrong", 1, out="lie")
        for parts, step in (
            (["rq", "e1", "lie"], "CheckMisissue.1"),
            (["lie", "rq", "e1"], "CheckMisissue.1"),
            (["e1", "lie", "rq"], "CheckMisissue.2"),
            (["e1", "e1", "lie"], "CheckMisissue.2"),
            (["e1", "rq", "e1"], "CheckMisissue.3"),
            (["e1", "rq", "rq"], "CheckMisissue.3"),
            (["rq", "e1"], "CheckFork.1"),
            (["e1", "rq"], "CheckFork.2"),
            (["lie", "e1"], "CheckFork.1"),
        ):
            self.refused(step, *self.check(self.cat("evidence", *parts)))

    def test_against_another_admin(self):
        """Nobody is convicted by what somebody else has signed."""
        self.ok("admin", "init", "--dir", "b", "--group", "a group", "--bits", "2048", "--out",
                "b.pub")
        self.ok(*self.epoch(directory="b", out="eb", now=T0))
        self.link("fork")
        self.response("wrong", 1, out="lie")
        self.cat("evidence", "e1", "bad")
        self.refused("CheckFork.1", *self.check("evidence", admin="b.pub"))
        self.refused("CheckFork.2", *self.check(self.cat("evidence", "e1", "eb")))
        self.refused("CheckFork.1", *self.check(self.cat("evidence", "eb", "e1")))
        self.cat("evidence", "e1", "rq", "lie")
        self.refused("CheckMisissue.1", *self.check("evidence", admin="b.pub"))

    def test_edited(self):
        """A bit changed in any part."""
        self.link("fork")
        self.response("wrong", 1, out="lie")
        for names, label, step in (
            (["e1", "x"], ("EPOCH", "bad"), "CheckFork.2"),
            (["x", "bad"], ("EPOCH", "e1"), "CheckFork.1"),
            (["x", "rq", "lie"], ("EPOCH", "e1"), "CheckMisissue.1"),
            (["e1", "x", "lie"], ("TOKEN REQUEST", "rq"), "CheckMisissue.2"),
            (["e1", "rq", "x"], ("TOKEN RESPONSE", "lie"), "CheckMisissue.3"),
        ):
            data = decode_text(label[0], self.read(label[1]))
            for at in (70, len(data) // 2, len(data) - 1):
                self.text("x", label[0], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
                self.refused(step, *self.check(self.cat("evidence", *names)))

    def test_not_evidence(self):
        """One part, four, text between them, other kinds: status 2."""
        one = self.read("e1")
        two = r"\Aevidence: evidence is two descriptors, or a descriptor, a request and a response\Z"
        wrong = r"\Aevidence: not a blindlend evidence \(DecodeText\.[1-4]\)\Z"
        for content, line in (
            (one, two),
            (one * 4, two),
            (one + b"\n" + one, wrong),
            (b"\n" + one + one, wrong),
            (one + one + b"\n", wrong),
            (one + b"and\n" + one, wrong),
            (one + one[:-20], wrong),
            (one[20:] + one, wrong),
            ((one + one).replace(b"\n", b"\r\n"), wrong),
            (one + self.read("m.pub"), wrong),
            (self.read("secret") + one, wrong),
            (b"-----BEGIN BLINDLEND ", wrong),
            (b"-----BEGIN BLINDLEND " * 3, wrong),
        ):
            self.write("evidence", content)
            for more in ([], ["--json"]):
                done = self.run_cli(*self.check("evidence"), *more, expect=2)
                self.assertEqual(done.stdout, "")
                self.assertRegex(done.stderr[len("blindlend: ") : -1], line)


class Disk(GroupTest):
    """Where there is no room, or no right to write: status 2, the file named, nothing half done."""

    def jobs(self):
        """Commands that write, the directory whose database they change, and their output."""
        return [
            (["member", "init", "--dir", "o", "--out", "new"], "o", "new"),
            (["admin", "enroll", "--dir", "a", "k.pub.member"], "a", None),
            (self.request(count=7), "m", "new"),
            (self.issue("q7"), "a", "new"),
            (self.accept(), "m", None),
            (["member", "cancel", "--dir", "m", "rq"], "m", None),
            (self.join("e2"), "m", None),
            (["admin", "revoke", "--dir", "a", "--out", "new"], "a", "new"),
            (self.join("fork"), "m", None),
        ]

    def prepare(self):
        """What the jobs need, kept in a folder that is put back before each."""
        self.ok("member", "init", "--dir", "spare", "--out", "k.pub.member")
        self.ok(*self.request(directory="n", count=7, out="q7"))
        self.ok(*self.epoch(out="e2"))
        self.lie("link", "fork", "secret", "fork")
        self.lie("link", "honest", "secret", "e3")
        self.ok(*self.join("e2"))  # so that the fork contradicts something
        shutil.copyfile(self.path("e3"), self.path("e2"))
        self.save()

    def walk(self, put_back, limits):
        """Runs every job with ever more room until it succeeds twice."""
        for arguments, directory, out in self.jobs():
            put_back(None)
            before = self.counts(directory)
            status = 1 if arguments == self.join("fork") else 0
            self.run_cli(*arguments, expect=status)
            after = self.counts(directory)
            # Where a database is made: not there, or made and empty. A request that is stored and
            # has not left: between the two.
            lawful = {before, after} | ({"{}"} if directory == "o" else set())
            if arguments[:2] == ["member", "request"]:
                put_back(None)
                self.run_cli(*self.request(count=7, out="no/such/folder"), expect=2)
                lawful.add(self.counts(directory))
            succeeded = failed = 0
            for limit in limits:
                options = put_back(limit)
                done = subprocess.run([BLINDLEND, *arguments], cwd=self.folder, timeout=60,
                                      capture_output=True, text=True, **options)
                label = (arguments[:2], limit, done.stdout, done.stderr)
                self.after(arguments, done)
                if done.returncode == status:
                    self.assertEqual(self.counts(directory), after, label)
                    succeeded += 1
                    if succeeded == 2:
                        break
                    continue
                failed += 1
                self.assertEqual(done.returncode, 2, label)
                self.assertEqual(done.stdout, "", label)
                self.assertRegex(done.stderr,
                                 r"\Ablindlend: (new|[amo](/[a-z0-9-]+\.(db|db\.new|txt))?): [^\n]+\n\Z",
                                 label)
                self.assertNotIn("unexpected", done.stderr, label)
                self.assertIn(self.counts(directory), lawful, label)
                # Written, although noting that it has left failed: whole, and the same again below.
                written = self.read(out) if out and os.path.exists(self.path(out)) else None
                self.assertTrue(written is None or arguments[1] == "request", label)
                left = [name for name in os.listdir(self.folder) if name.startswith(".blindlend")]
                self.assertEqual(left, [], label)
                evidence = [name for name in os.listdir(self.path("m")) if "evidence" in name]
                self.assertEqual(evidence, [], label)
                # With room again it goes on as if nothing had been.
                self.make_room()
                self.run_cli(*arguments, expect=status)
                if status == 0:
                    self.assertEqual(self.counts(directory), after, label)
                if out:
                    self.assertTrue(self.read(out).endswith(b"-----\n"))
                    self.assertIn(written, (None, self.read(out)), label)
            self.assertEqual(succeeded, 2, arguments)
            self.assertGreater(failed, 2, arguments)

    def make_room(self):
        filler = self.path("filler")
        if os.path.exists(filler):
            os.remove(filler)

    def test_file_size_limit(self):
        """Writes beyond a size fail with an error (the program ignores the signal)."""
        self.prepare()

        def put_back(limit):
            self.restore()
            if limit is None:
                return {}
            return {"preexec_fn":
                    lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))}

        steps = [0, 1, 100, 512, 1000, 2000, 4095, 4096, 4097]
        self.walk(put_back, steps + list(range(8192, 400_000, 4096)))

    def test_full_disk(self):
        """A small file system, a page more of room each time."""
        if os.geteuid() != 0:
            self.skipTest("SKIPPED: only root can mount a small file system")
        self.prepare()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", self.folder],
                                 capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("SKIPPED: no small file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.folder], check=True)

        def put_back(room):
            self.restore()
            if room is not None:
                status = os.statvfs(self.folder)
                size = (status.f_bavail - room) * status.f_bsize
                with open(self.path("filler"), "wb") as file:
                    file.write(b"x" * size)
                self.assertEqual(os.statvfs(self.folder).f_bavail, room)
            return {}

        self.walk(put_back, range(0, 100))

    def test_no_right_to_write(self):
        """A read-only directory, a read-only database, one that cannot be entered."""
        under = ()
        if os.geteuid() == 0:  # who may write anyway
            under = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
            for folder, folders, files in os.walk(self.folder):
                for name in [".", *folders, *files]:
                    os.chown(os.path.join(folder, name), 65534, 65534)
            if not shutil.which("setpriv") or subprocess.run(
                    [*under, BLINDLEND, "--version"], capture_output=True).returncode != 0:
                self.skipTest("SKIPPED: root may write anywhere, and cannot be somebody else here")
        self.ok("member", "balance", "--dir", "m", under=under)  # it can be done at all
        line = r"\Ablindlend: m/wallet\.db: cannot be (written|opened).*read-only"
        os.chmod(self.path("m"), 0o500)
        for arguments in (self.accept(), self.request(), ["member", "expire", "--dir", "m"]):
            self.assertRegex("blindlend: " + self.unusable(*arguments, under=under), line)
        os.chmod(self.path("m"), 0o700)
        held = self.tables("m")
        os.chmod(self.path("m/wallet.db"), 0o400)
        for arguments in (self.accept(), self.request()):
            done = self.run_cli(*arguments, under=under, expect=2)
            self.assertRegex(done.stderr, line)
            self.assertEqual((done.stdout, self.tables("m")), ("", held))
        os.chmod(self.path("m/wallet.db"), 0o600)
        for end in ("-wal", "-shm"):  # SQLite gives them the database's mode and leaves them there
            if os.path.exists(self.path("m/wallet.db" + end)):
                os.chmod(self.path("m/wallet.db" + end), 0o600)
        os.chmod(self.path("m"), 0)
        self.assertEqual(self.unusable(*self.accept(), under=under),
                         "m/wallet.db: cannot be read: Permission denied")
        self.assertRegex(self.unusable("member", "init", "--dir", "m", "--out", "new", under=under),
                         r"\Am/wallet\.db: cannot be (opened|written|read)")
        os.chmod(self.path("m"), 0o700)
        os.mkdir(self.path("closed"), 0o500)
        os.chown(self.path("closed"), 65534, 65534) if under else None
        done = self.run_cli(*self.request(out="closed/new"), expect=2, under=under)
        self.assertRegex(done.stderr, r"\Ablindlend: closed/new: cannot be written: Permission")
        self.assertIn("cannot be written: Permission denied",
                      self.unusable("member", "init", "--dir", "closed/o", "--out", "new",
                                    under=under))
        os.chmod(self.path("e1"), 0)
        self.assertEqual(self.unusable(*self.join(), under=under),
                         "e1: cannot be read: Permission denied")


class TheSearch(GroupTest):
    """The search for secrets, of which every other test makes use, finds them."""

    def test_finds(self):
        Secrets.harvest(self.folder)
        seed = self.tables("m")["identity"][0]["seed"]
        entry = self.tables("m")["entry"][0]
        admin = self.tables("a")
        for secret in (seed, entry["seed"], entry["r_inv"], admin["identity"][0]["seed"],
                       self.tables("l")["identity"][0]["seed"]):
            self.assertTrue(shows_secret(f"xx {secret.hex()} xx"))
            self.assertTrue(shows_secret(secret.hex(":").upper()))
            self.assertTrue(shows_secret(encode_text("ADMIN", b"\1\7" + secret).decode()))
            self.assertTrue(shows_secret(str(int.from_bytes(secret, "big"))))
        self.assertTrue(shows_secret(encode_text("X", admin["link"][0]["secret_key"]).decode()))
        for name in ("admin.pub", "m.pub", "e1", "rq", "rs"):
            self.assertFalse(shows_secret(self.read(name).decode()))
        self.assertGreater(len(SECRET_FORMS), 50)

    def test_responses_are_roots(self):
        """What the template's answer is: the roots of what was asked for, in order."""
        blinded = parse_batch(decode_text("TOKEN REQUEST", self.read("rq"))[50:-64])
        answer = parse_batch(decode_text("TOKEN RESPONSE", self.read("rs"))[:-64])
        self.assertEqual((len(answer[2]), answer[1]), (3, 256))
        epoch = decode_text("EPOCH", self.read("e1"))
        at = 39 + len(b"a group")
        n = int.from_bytes(epoch[at + 4 : at + 4 + 256], "big")
        self.assertEqual([pow(value, 65537, n) for value in answer[2]], blinded[2])
        self.assertEqual(i2osp(len(b"a group"), 1), epoch[2:3])


if __name__ == "__main__":
    unittest.main()

r"""Processes of a group that are killed at any moment, and processes that work at once.

Run as: BLINDLEND=path/to/blindlend MALICIOUS_ADMIN=... KILL_AT_LIBRARY=path/to/libkill_at.so \
python3 group_crash_test.py [--kills N] [--seconds S] [--seed N]. Standard library only.

Kills are tried at every change that a command makes to its files, one after the other (Group),
and at random moments of long sequences of commands (Kills).
"""

import collections
import json
import os
import shutil
import subprocess
import time

import crash_harness
from crash_harness import IS_SANITIZED, AtOnce, EveryChange, database_files, label_of
from group_harness import DAY, T0, GroupTest, make_group, request_hash, request_id
from harness import BLINDLEND, E, decode_text, mode, parse_batch

QUOTA = 40
MEMBERS = ("m0", "m1", "m2")


def modulus(epoch, group):
    """n in a sealed epoch of a 2048-bit key."""
    at = 39 + len(group) + 4
    return int.from_bytes(epoch[at : at + 256], "big")


class Request:
    """What the campaign knows of a request: it must stay true."""

    def __init__(self, member, row, entries):
        self.member, self.number, self.sealed = member, row["number"], row["sealed"]
        self.entries = entries
        self.count = len(entries)
        self.response = None
        self.has_left = False  # its bytes have been seen in a file
        self.state = "open"


class Campaign(crash_harness.Campaign):
    """One group, one model of it, and commands that are killed."""

    FOLDERS = {"a": database_files("admin.db"),
               **dict.fromkeys(MEMBERS, database_files("wallet.db"))}

    def __init__(self, test, seed):
        super().__init__(test, seed)
        self.requests = {}  # by the hash that responses name
        self.debited = set()
        self.chain = []  # sealed links
        self.inits = 0

    # ---------------------------------------------------------------------------- what must hold

    def check_admin(self):
        """Nothing is debited twice or beyond the quota, nothing that was debited is forgotten."""
        test = self.test
        tables = self.tables("a", "admin.db")
        self.check_identity("a", tables)
        links = sorted(tables["link"], key=lambda row: row["number"])
        sealed = [row["sealed"] for row in links]
        test.assertEqual([row["number"] for row in links], list(range(1, len(links) + 1)))
        test.assertEqual(sealed[: len(self.chain)], self.chain)
        test.assertLessEqual(len(sealed), len(self.chain) + 1)
        self.chain = sealed
        debited = {(row["number"], row["request_id"]) for row in tables["debit"]}
        test.assertLessEqual(self.debited, debited)
        self.debited = debited
        known = {(each.number, request_id(each.sealed)): each for each in self.requests.values()}
        test.assertLessEqual(debited, set(known))
        used = collections.Counter()
        for key in debited:
            used[known[key].number, self.key(known[key].member)] += known[key].count
        test.assertEqual({(row["number"], row["member"]): row["count"] for row in tables["used"]},
                         dict(used))
        test.assertLessEqual(max(used.values(), default=0), QUOTA)
        for key, request in known.items():
            if request.response is not None:
                test.assertIn(key, debited)
        status = self.report("admin", "status", "--dir", "a")
        test.assertEqual(len(status["epochs"]), len(links))
        said = {(each["number"], bytes.fromhex(one["key"])): each["used"]
                for one in status["members"] for each in one["used"]}
        test.assertEqual(said, dict(used))
        return debited, sealed

    def key(self, member):
        with open(self.path(f"{member}.pub"), "rb") as file:
            return decode_text("MEMBER", file.read())[2:]

    def check_wallet(self, member):
        """No request is forgotten, no token lost, none is there that nobody asked for."""
        test = self.test
        tables = self.tables(member, "wallet.db")
        self.check_identity(member, tables)
        links = [row["sealed"] for row in sorted(tables["link"], key=lambda row: row["number"])]
        test.assertEqual(links, self.chain[: len(links)])
        entries = collections.defaultdict(dict)
        for row in tables["entry"]:
            entries[row["hash"]][row["position"]] = (row["seed"], row["msg"], row["r_inv"])
        rows = {row["hash"]: row for row in tables["request"]}
        mine = {name: each for name, each in self.requests.items() if each.member == member}
        test.assertLessEqual(set(mine), set(rows))
        test.assertLessEqual(len(rows), len(mine) + 1)
        for name, row in rows.items():
            if name not in mine:  # a new one: whole from the beginning
                test.assertEqual(request_hash(row["sealed"]), name)
                count = len(parse_batch(row["sealed"][50:-64])[2])
                test.assertEqual(sorted(entries[name]), list(range(count)))
                mine[name] = self.requests[name] = Request(member, row, entries[name])
            request = mine[name]
            if row["state"] in ("prepared", "requested"):
                test.assertEqual(request.state, "open")
                test.assertEqual(row["sealed"], request.sealed)
                test.assertEqual(entries[name], request.entries)
            else:
                test.assertIsNone(row["sealed"])
                test.assertEqual(entries[name], {})
                if request.state == "open":
                    test.assertEqual(row["state"], self.may_become.get(name))
                    request.state = row["state"]
                test.assertEqual(row["state"], request.state)
        test.assertLessEqual({name for name in entries if entries[name]}, set(mine))
        # Each token is the root that was asked for, by what the wallet knew of it before.
        expected = {}
        for request in mine.values():
            if request.state == "accepted":
                n = modulus(self.chain[request.number - 1], b"a group")
                for i, value in enumerate(parse_batch(request.response[:-64])[2]):
                    seed, msg, r_inv = request.entries[i]
                    sig = value * int.from_bytes(r_inv, "big") % n
                    expected[msg[66:]] = (seed, msg + (256).to_bytes(2, "big") +
                                          sig.to_bytes(256, "big"))
        held = {row["token"][66:98]: (row["seed"], row["token"]) for row in tables["token"]}
        test.assertEqual(held, expected)
        burnt = sum(each.count for each in mine.values() if each.state == "cancelled")
        test.assertEqual(sum(row["count"] for row in tables["outcome"]), burnt)
        balance = self.report("member", "balance", "--dir", member, "--now", str(T0))
        counts = collections.Counter(held=len(held), burnt=burnt)
        for row in rows.values():
            if row["sealed"] is not None:
                counts[row["state"]] += len(entries[row["hash"]])
        for state in ("prepared", "requested", "held", "spending", "spent", "burnt"):
            test.assertEqual(balance[state], counts[state], state)
        test.assertEqual(sum(counts.values()), sum(each.count for each in mine.values()))
        return {name: row["state"] for name, row in rows.items()}, len(links)

    may_become = {}

    # ---------------------------------------------------------------------------- the commands

    @staticmethod
    def during(number):
        """A time at which the epoch is open for issue."""
        return str(T0 + (number - 1) * 5 * DAY + 1)

    def joined(self, member):
        return self.check_wallet(member)[1]

    def request(self, member, kill):
        before, number = self.check_wallet(member)
        asked = sum(each.count for each in self.requests.values()
                    if each.member == member and each.number == number)
        prepared = [self.requests[name] for name, state in before.items() if state == "prepared"
                    and self.requests[name].number == number]
        if prepared and self.random.random() < 0.7:
            count = prepared[0].count  # is written out again
        elif asked == QUOTA:
            return False
        else:
            count = self.random.randint(1, min(6, QUOTA - asked))
        again = any(each.count == count for each in prepared)
        arguments = ["member", "request", "--dir", member, "--lender", "l.pub", "--count",
                     str(count), "--now", self.during(number)]
        killed = self.kills
        sealed = self.with_output(arguments, "TOKEN REQUEST", kill)
        after, _ = self.check_wallet(member)
        new = set(after) - set(before)
        self.test.assertLessEqual(len(new), 0 if again else 1)
        if sealed is not None:
            request = self.requests[request_hash(sealed)]
            self.test.assertEqual((request.sealed, request.member), (sealed, member))
            self.test.assertEqual(request.count, count)
            request.has_left = True
        self.note(arguments, before, after, sealed, self.kills > killed)
        return True

    def resend(self, member, kill):
        mine = [name for name, each in self.requests.items()
                if each.member == member and each.state == "open"]
        if not mine:
            return False
        name = self.random.choice(mine)
        arguments = ["member", "resend", "--dir", member, "--id", name.hex()]
        before, killed = self.check_wallet(member)[0], self.kills
        sealed = self.with_output(arguments, "TOKEN REQUEST", kill)
        after, _ = self.check_wallet(member)
        if sealed is not None:
            self.test.assertEqual(sealed, self.requests[name].sealed)
            self.requests[name].has_left = True
        self.note(arguments, before, after, sealed, self.kills > killed)
        return True

    def issue(self, request, kill):
        self.write("rq", "TOKEN REQUEST", request.sealed)
        arguments = ["admin", "issue", "--dir", "a", "rq", "--now", self.during(request.number)]
        before, killed = self.debited, self.kills
        sealed = self.with_output(arguments, "TOKEN RESPONSE", kill)
        if sealed is not None:
            if request.response is None:
                n = modulus(self.chain[request.number - 1], b"a group")
                values = parse_batch(sealed[:-64])[2]
                self.test.assertEqual([pow(value, E, n) for value in values],
                                      parse_batch(request.sealed[50:-64])[2])
                request.response = sealed
            self.test.assertEqual(sealed, request.response)
        after = self.check_admin()[0]
        # Only this one can be new, and what is in a file has been debited.
        ident = (request.number, request_id(request.sealed))
        self.test.assertLessEqual(after - before, {ident})
        self.note(arguments, before, after, sealed, self.kills > killed)
        return True

    def accept(self, request, kill):
        name = request_hash(request.sealed)
        self.write("rs", "TOKEN RESPONSE", request.response)
        arguments = ["member", "accept", "--dir", request.member, "rs"]
        before, killed = self.check_wallet(request.member), self.kills
        self.may_become = {name: "accepted"}
        status = self.command(arguments, kill)
        after = self.check_wallet(request.member)
        self.may_become = {}
        self.test.assertTrue(status is None or request.state == "accepted")
        self.note(arguments, before, after, request.state == "accepted", self.kills > killed)

    def cancel(self, request, kill):
        name = request_hash(request.sealed)
        self.write("rq", "TOKEN REQUEST", request.sealed)
        arguments = ["member", "cancel", "--dir", request.member, "rq"]
        before, killed = self.check_wallet(request.member), self.kills
        self.may_become = {name: "cancelled"}
        status = self.command(arguments, kill)
        after = self.check_wallet(request.member)
        self.may_become = {}
        self.test.assertTrue(status is None or request.state == "cancelled")
        self.note(arguments, before, after, request.state == "cancelled", self.kills > killed)

    def epoch(self, kill):
        arguments = ["admin", "epoch", "--dir", "a", "--quota", str(QUOTA), "--days", "10",
                     "--issue-days", "5", "--lender", "l.pub", "--now", str(T0)]
        before, killed = len(self.chain), self.kills
        sealed = self.with_output(arguments, "EPOCH", kill)
        after = len(self.check_admin()[1])
        if sealed is not None:
            self.test.assertEqual((sealed, after), (self.chain[-1], before + 1))
        self.note(arguments, before, after, sealed, self.kills > killed)

    def descriptor(self, number, kill):
        arguments = ["admin", "descriptor", "--dir", "a", "--number", str(number)]
        sealed = self.with_output(arguments, "EPOCH", kill)
        self.check_admin()
        if sealed is not None:
            self.test.assertEqual(sealed, self.chain[number - 1])

    def join(self, member, kill):
        before, killed = self.joined(member), self.kills
        number = before + 1 if before < len(self.chain) else self.random.randint(1, before)
        self.write("epoch", "EPOCH", self.chain[number - 1])
        arguments = ["member", "join", "--dir", member, "epoch", "--admin", "admin.pub"]
        status = self.command(arguments, kill)
        after = self.joined(member)
        self.test.assertIn(after, (before, max(before, number)))
        self.test.assertTrue(status is None or after >= number)
        self.note(arguments, before, after, after > before, self.kills > killed)

    def init(self, kill):
        """A new identity: whatever a kill leaves, the same command goes on."""
        self.inits += 1
        who, name, label = self.random.choice([("admin", "admin.db", "ADMIN"),
                                               ("member", "wallet.db", "MEMBER"),
                                               ("lender", "lender.db", "LENDER")])
        more = ["--group", "g", "--bits", "2048"] if who == "admin" else []
        place = f"new{self.inits}"
        arguments = [who, "init", "--dir", place, *more]
        killed = self.kills
        first = self.with_output(arguments, label, kill)
        there = os.path.exists(self.path(f"{place}/{name}"))
        self.note(arguments, False, there, first, self.kills > killed)
        if self.random.random() < 0.5:
            self.with_output(arguments, label, kill)
        again = self.with_output(arguments, label, False)
        self.test.assertIn(first, (None, again))
        self.test.assertEqual(mode(self.path(place)), 0o700)
        self.test.assertEqual(mode(self.path(f"{place}/{name}")), 0o600)
        self.test.assertEqual(len(self.tables(place, name)["identity"]), 1)
        shutil.rmtree(self.path(place))

    # ---------------------------------------------------------------------------- the campaign

    def begin(self):
        for arguments in (
            ["admin", "init", "--dir", "a", "--group", "a group", "--bits", "2048", "--out",
             "admin.pub"],
            ["lender", "init", "--dir", "l", "--out", "l.pub"],
            *(["member", "init", "--dir", member, "--out", f"{member}.pub"] for member in MEMBERS),
            *(["admin", "enroll", "--dir", "a", f"{member}.pub"] for member in MEMBERS),
        ):
            self.command(arguments, False)
        self.epoch(False)
        for member in MEMBERS:
            self.join(member, False)

    def step(self):
        """One command, mostly killed."""
        kill = self.random.random() < 0.8
        member = self.random.choice(MEMBERS)
        requests = list(self.requests.values())
        # Not only what is new: an old one is answered as well as a new one.
        left = [each for each in requests if each.has_left]
        unanswered = [each for each in left if each.response is None] or left
        ready = [each for each in requests if each.state == "open" and each.response is not None]
        open_ones = [each for each in left if each.state == "open"]
        choice = self.random.random()
        if choice < 0.26:
            if not self.request(member, kill) and all(
                    self.joined(each) == len(self.chain) for each in MEMBERS):
                self.epoch(kill)
        elif choice < 0.55 and left:
            self.issue(self.random.choice(unanswered if choice < 0.5 else left), kill)
        elif choice < 0.82 and ready:
            self.accept(self.random.choice(ready), kill)
        elif choice < 0.88:
            self.resend(member, kill)
        elif choice < 0.93:
            self.join(member, kill)
        elif choice < 0.95 and open_ones:
            self.cancel(self.random.choice(open_ones), kill)
        elif choice < 0.96:
            self.descriptor(self.random.randint(1, len(self.chain)), kill)
        elif choice < 0.97:
            self.epoch(kill)
        else:
            self.init(kill)
        self.check_folders()

    def end(self):
        """Without kills: what was asked for is held, or was given up, to the last token."""
        for member in MEMBERS:
            while self.joined(member) < len(self.chain):
                self.join(member, False)
        for name, request in self.requests.items():
            if request.state == "open":
                out = self.with_output(["member", "resend", "--dir", request.member, "--id",
                                        name.hex()], "TOKEN REQUEST", False)
                self.test.assertEqual(out, request.sealed)
                self.issue(request, False)
                self.accept(request, False)
            elif request.response is not None:  # also what is done with is answered as ever
                self.issue(request, False)
        for member in MEMBERS:
            self.check_wallet(member)
            mine = [each for each in self.requests.values() if each.member == member]
            balance = self.report("member", "balance", "--dir", member, "--now", str(T0))
            self.test.assertEqual(balance["requests"], [])
            self.test.assertEqual(balance["held"] + balance["burnt"],
                                  sum(each.count for each in mine))
        self.check_admin()

    def told(self):
        tokens = sum(each.count for each in self.requests.values())
        return f"{len(self.requests)} requests for {tokens} tokens in {len(self.chain)} epochs"


class Kills(crash_harness.KillTest):
    def test_kills(self):
        """Claim.NothingLost: Property.QuotaKept, Property.DebitFirst, Property.AnswerSame under SIGKILL."""
        self.run_campaign(Campaign, 60 if IS_SANITIZED else 300)


def setUpModule():
    GroupTest.template = make_group("mnoprtuv")


def tearDownModule():
    shutil.rmtree(GroupTest.template)


class Group(EveryChange):
    """The admin's, the members' and the lenders' commands before there are borrows."""

    def test_issue(self):
        """An answer is in no file before it is debited; it is debited once, and always the same."""
        def look(before, written):
            self.assertFalse(before and written)
            self.assertEqual(self.json(*self.issue("q"))["debited"], before)
            again = decode_text("TOKEN RESPONSE", self.read("new"))
            self.assertIn(written, (None, again))
            self.assertEqual(self.counts("a"), self.done)
            self.ok(*self.accept("new"))

        self.ok(*self.request(count=7, out="q"))
        self.each(self.issue("q"), "a", look)

    def test_request(self):
        """What has left can be accepted; what has not is not asked for twice."""
        def look(before, written):
            self.assertFalse(before and written)
            if written:
                ident = request_hash(written).hex()
                self.ok("member", "resend", "--dir", "m", "--id", ident, "--out", "again")
                self.assertEqual(self.read("again"), self.read("new"))
            elif before or self.balance()["prepared"]:
                self.assertEqual(self.json(*self.request(count=7))["again"], not before)
            self.assertEqual(self.counts("m"), self.done)
            self.ok(*self.issue("new", "s"))
            self.ok(*self.accept("s"))
            self.assertEqual(self.balance()["held"], 7)

        self.save()
        self.run_cli(*self.request(count=7, out="no/such/folder"), expect=2)
        prepared = self.counts("m")
        self.restore()
        self.each(self.request(count=7), "m", look, lawful=[prepared])

    def test_accept(self):
        def look(before, _):
            done = self.run_cli(*self.accept(), expect=0 if before else 1)
            self.assertIn("3 tokens" if before else "Accept.3", done.stdout + done.stderr)
            self.assertEqual((self.counts("m"), self.balance()["held"]), (self.done, 3))

        self.each(self.accept(), "m", look)

    def test_accept_what_is_wrong(self):
        """Nothing is burnt before the evidence is whole."""
        def look(before, _):
            evidence = [name for name in os.listdir(self.path("m")) if name.startswith("evidence")]
            self.assertTrue(before or evidence)
            for name in evidence:
                self.ok(*self.check(f"m/{name}"))
            self.run_cli(*self.accept("bad"), expect=1)
            self.assertEqual((self.counts("m"), self.balance()["burnt"]), (self.done, 1))
            [name] = [name for name in os.listdir(self.path("m")) if name.startswith("evidence")]
            self.ok(*self.check(f"m/{name}"))

        self.lie("response", "wrong", "1", "rq", "bad")
        self.each(self.accept("bad"), "m", look, expect=1)

    def test_cancel_and_expire(self):
        def look(before, _):
            done = self.run_cli(*arguments, expect=0 if before or arguments == expire else 2)
            self.assertIn("already" if done.returncode else "tokens", done.stdout + done.stderr)
            self.assertEqual((self.counts("m"), self.balance()["burnt"]), (self.done, 3))

        arguments = ["member", "cancel", "--dir", "m", "rq"]
        expire = ["member", "expire", "--dir", "m", "--now", str(T0 + 10 * DAY)]
        self.each(arguments, "m", look)
        self.ok(*self.accept())
        arguments = expire
        self.each(arguments, "m", look)

    def test_join(self):
        self.ok(*self.epoch(out="e2"))
        for directory, who in (("m", "member"), ("l", "lender")):
            def look(before, _, arguments=self.join("e2", directory, who=who), place=directory):
                self.assertEqual(self.json(*arguments)["new"], before)
                self.assertEqual(self.counts(place), self.done)

            self.each(self.join("e2", directory, who=who), directory, look)

    def test_join_a_fork(self):
        """The evidence is whole or not there."""
        def look(before, _):
            self.assertTrue(before)
            self.run_cli(*self.join("bad"), expect=1)
            [name] = [name for name in os.listdir(self.path("m")) if name.startswith("evidence")]
            self.ok(*self.check(f"m/{name}"))

        command = ["key", "generate", "--bits", "2048", "--secret", "secret", "--public", "public"]
        self.ok(*command)
        self.lie("link", "fork", "secret", "bad")
        self.each(self.join("bad"), "m", look, expect=1)

    def test_links(self):
        """A descriptor is in the chain before it is in a file."""
        def look(before, written):
            self.assertFalse(before and written)
            if before:
                self.ok(*arguments)
            else:
                self.ok("admin", "descriptor", "--dir", "a", "--out", "new")
            sealed = decode_text(label_of(self.read("new")), self.read("new"))
            self.assertIn(written, (None, sealed))
            self.assertEqual(self.counts("a"), self.done)
            self.ok(*self.join("new"))

        arguments = ["admin", "revoke", "--dir", "a", "--out", "new"]
        self.each(arguments, "a", look)
        arguments = self.epoch()
        self.each(arguments, "a", look, step=5)  # it takes longer, and writes as the other does

    def test_roster(self):
        enroll = ["admin", "enroll", "--dir", "a", "new.pub", "--name", "new"]
        self.ok("member", "init", "--dir", "new member", "--out", "new.pub")

        def look(_, __):
            self.ok(*enroll)
            self.assertEqual(self.counts("a"), self.done)

        self.each(enroll, "a", look)

    def test_init(self):
        """The same command goes on; an identity that is in a file is the one that stays."""
        for who, more in (("admin", ["--group", "g", "--bits", "2048"]), ("member", []),
                          ("lender", [])):
            arguments = [who, "init", "--dir", "b", *more, "--out", "new"]

            def look(_, written, arguments=arguments):
                self.ok(*arguments)
                self.assertIn(written, (None, decode_text(label_of(self.read("new")),
                                                          self.read("new"))))
                self.assertEqual(self.counts("b"), self.done)
                self.assertEqual(len(self.tables("b")["identity"]), 1)
                self.assertFalse(self.json(*arguments)["made"])

            # Being made: an empty database, whatever its file says.
            self.each(arguments, "b", look, lawful=["{}"])


class Together(AtOnce):
    """Several processes on one database at once."""

    def test_one_request(self):
        """Answered by eight at once: one debit, the same bytes."""
        for _ in self.rounds():
            self.ok(*self.request(count=7, out="q"))
            done = self.at_once(*(self.issue("q", f"s{i}") for i in range(8)))
            self.assertEqual([status for status, _, _ in done], [0] * 8, done)
            self.assertEqual(sum(said["debited"] for _, said, _ in done), 1)
            self.assertEqual(len({self.read(f"s{i}") for i in range(8)}), 1)
            self.assertEqual(self.used("member m"), 10)
            self.ok(*self.accept("s5"))

    def test_two_requests_with_quota_for_one(self):
        for _ in self.rounds():
            for name in "xy":
                self.ok(*self.request("--force", count=7, out=f"q{name}"))
            done = self.at_once(*(self.issue(f"q{name}", f"s{name}") for name in "xy"))
            self.assertEqual(sorted(status for status, _, _ in done), [0, 1], done)
            [refused] = [said for status, said, _ in done if status == 1]
            self.assertEqual((refused["result"], refused["step"]), ("refused", "Debit.7"))
            self.assertEqual(self.used("member m"), 10)
            written = [name for name in "xy" if os.path.exists(self.path(f"s{name}"))]
            self.assertEqual(len(written), 1)
            self.ok(*self.accept(f"s{written[0]}"))

    def test_eight_members(self):
        """Each asks, is answered and accepts, all at once in each step."""
        members = "mnoprtuv"
        for _ in self.rounds():
            for commands in (
                [self.request(directory=each, count=5, out=f"q{each}") for each in members],
                [self.issue(f"q{each}", f"s{each}") for each in members],
                [self.accept(f"s{each}", each) for each in members],
            ):
                done = self.at_once(*commands)
                self.assertEqual([status for status, _, _ in done], [0] * 8, done)
            for each in members:
                self.assertEqual(self.balance(each)["held"], 5)
                self.assertEqual(self.used(f"member {each}"), 8 if each == "m" else 5)

    def test_one_wallet(self):
        """Two requests of one wallet never ask for more than the quota leaves; the second may find
        the first before it has left, and then both are the same."""
        for _ in self.rounds():
            done = self.at_once(*(self.request(count=7, out=f"q{i}") for i in range(3)))
            good = [i for i in range(3) if done[i][0] == 0]
            self.assertTrue(good, done)
            self.assertEqual(len({self.read(f"q{i}") for i in good}), 1)
            self.assertTrue(all(status in (0, 1) for status, _, _ in done), done)
            self.assertEqual((self.balance()["left"], self.balance()["requested"]), (0, 10))

    def test_one_response(self):
        """Accepted four times at once: once; and against a cancel exactly one of them wins."""
        for _ in self.rounds():
            done = self.at_once(*[self.accept()] * 4)
            self.assertEqual(sorted(status for status, _, _ in done), [0, 1, 1, 1], done)
            self.assertEqual({said["step"] for status, said, _ in done if status}, {"Accept.3"})
            self.assertEqual(self.balance()["held"], 3)
        for _ in self.rounds():
            accepted, cancelled = self.at_once(self.accept(),
                                               ["member", "cancel", "--dir", "m", "rq"])
            balance = self.balance()
            self.assertEqual((accepted[0], cancelled[0]) in ((0, 2), (1, 0)), True)
            self.assertEqual((balance["held"], balance["burnt"]),
                             (3, 0) if accepted[0] == 0 else (0, 3))

    def test_chain(self):
        """Epochs, revocations and joins at once: one chain."""
        for _ in self.rounds():
            done = self.at_once(*(self.epoch(out=f"e{i}") for i in (2, 3)))
            self.assertEqual([status for status, _, _ in done], [0, 0], done)
            self.assertEqual(sorted(said["number"] for _, said, _ in done), [2, 3])
            files = {said["number"]: said["out"] for _, said, _ in done}
            done = self.at_once(*[self.join(files[2])] * 4)
            self.assertEqual([status for status, _, _ in done], [0] * 4, done)
            self.assertEqual(sum(said["new"] for _, said, _ in done), 1)
            self.ok(*self.join(files[3]))
            done = self.at_once(*(["admin", "revoke", "--dir", "a", "--out", f"end{i}"]
                                  for i in range(4)))
            self.assertEqual([status for status, _, _ in done], [0] * 4, done)
            self.assertEqual(len({self.read(f"end{i}") for i in range(4)}), 1)
            self.ok(*self.join("end0"))

    def test_init(self):
        """One identity, whoever was first: the others wait for it."""
        for i in range(3 * self.ROUNDS):
            init = ["member", "init", "--dir", f"new{i}", "--out"]
            done = self.at_once(*([*init, f"new{i}.pub{j}"] for j in range(4)))
            self.assertEqual([status for status, _, _ in done], [0] * 4, done)
            keys = {said["key"] for _, said, _ in done}
            self.assertEqual(len(keys), 1, done)
            self.assertEqual(sum(said["made"] for _, said, _ in done), 1)
            self.assertEqual(self.json(*init, "again")["key"], keys.pop())

    def test_a_reader_does_not_disturb(self):
        """Whoever looks sees a state that was."""
        for _ in self.rounds():
            self.ok(*self.request(count=7, out="q"))
            status = ["admin", "status", "--dir", "a"]
            done = self.at_once(status, self.issue("q", "s"), status, status)
            self.assertEqual([each[0] for each in done], [0] * 4, done)
            for i in (0, 2, 3):
                used = {x["used"] for one in done[i][1]["members"] for x in one["used"]}
                self.assertTrue(used in ({3}, {10}), used)


if __name__ == "__main__":
    crash_harness.main(__doc__)

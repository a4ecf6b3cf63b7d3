r"""Borrows whose processes are killed at any moment: what is delivered, called, lost and given back.

Run as: BLINDLEND=path/to/blindlend MALICIOUS_ADMIN=... KILL_AT_LIBRARY=path/to/libkill_at.so \
python3 borrow_crash_test.py [--kills N] [--seconds S] [--seed N]. Standard library only.

Kills are tried at every change that a command makes to its files, one after the other (Spending), and at
random moments of long sequences of commands (Kills). The upstream is a model here, and it is not
idempotent: a call is made when redeem has said fresh or retry, a reply is delivered when settle has
said that it is done.
"""

import collections
import json
import os
import shutil

import crash_harness
from crash_harness import IS_SANITIZED, AtOnce, EveryChange, database_files
from group_harness import (
    DAY,
    END,
    SPEND,
    T0,
    Borrowing,
    make_borrowers,
    read_database,
    request_digest,
)
from harness import decode_text

MEMBERS = ("m0", "m1", "m2")
LENDERS = ("l", "k")
EACH = 12  # tokens of a member for a lender in an epoch
DAYS = 10


class Token:
    """What became of a token, as the world outside of the lender has seen it."""

    def __init__(self, member, lender, number):
        self.member, self.lender, self.number = member, lender, number
        self.calls = self.delivered = self.refunds = 0
        self.crashes = 0  # owners of its claim that have died before it was settled
        self.false_resumes = 0  # those that were said to have died, and had not
        self.unheard = False  # a settle was killed and had settled: nobody got the reply

    def bound(self):
        return 1 + self.crashes + self.refunds + self.false_resumes


class Borrow:
    def __init__(self, token, ident, digest, request, sealed, is_copied):
        self.token, self.id, self.digest, self.request = token, ident, digest, request
        self.sealed = sealed
        self.is_copied = is_copied  # by a copy of the wallet
        self.told = None  # what its member has heard


class Attempt:
    """A serving process that holds a claim, or thinks that it does."""

    def __init__(self, borrow, claim, is_consumed):
        self.borrow, self.claim, self.is_consumed = borrow, claim, is_consumed


class Campaign(crash_harness.Campaign):
    """Three members, one of whom copies its wallet, borrow from two lenders; one model of it all."""

    FOLDERS = {"a": database_files("admin.db"),
               **dict.fromkeys(MEMBERS, database_files("wallet.db")),
               **dict.fromkeys(LENDERS, [*database_files("lender.db"), "lender.mark"])}

    def __init__(self, test, seed):
        super().__init__(test, seed)
        self.number = 0  # of the epoch
        self.tokens = {}  # by id, all there have ever been
        self.wallets = {member: {} for member in MEMBERS}  # rows by id
        self.spent = collections.Counter()  # by member
        self.burnt = collections.Counter()
        self.asked = {member: [] for member in MEMBERS}  # (request, lender or None), being spent
        self.borrows = {}  # by (id, digest)
        self.attempts = []
        self.old_claims = []
        self.rows = {lender: {} for lender in LENDERS}
        self.closed = {lender: set() for lender in LENDERS}
        self.counters = {lender: 0 for lender in LENDERS}
        self.keys = {}  # of epochs, by number
        self.served = {lender: 0 for lender in LENDERS}
        self.counts = collections.Counter()
        self.texts = 0

    # ---------------------------------------------------------------------------- what must hold

    def now(self, number=None, days=2):
        """When tokens are spent: so long after they were obtained that spend does not warn."""
        return str(T0 + (((number or self.number) - 1) * DAYS + days) * DAY + 100)

    def check_token(self, token):
        self.test.assertLessEqual(token.delivered, 1)
        self.test.assertLessEqual(token.calls, token.bound())
        self.test.assertLessEqual(token.refunds, 2)

    def look(self, lender, may_change=(), may_close=None):
        """The lender's rows now. Nothing has changed but entries of may_change; the mark is not
        ahead of what the database knows, or an honest lender would be told that it is old."""
        test = self.test
        tables = self.tables(lender, "lender.db")
        self.check_identity(lender, tables)
        test.assertEqual(len(tables["link"]), self.number)
        [[claims]] = [list(row.values())[1:] for row in tables["counter"]]
        test.assertGreaterEqual(claims, self.counters[lender])
        self.counters[lender] = claims
        try:
            with open(self.path(f"{lender}/lender.mark"), encoding="ascii") as file:
                test.assertLessEqual(int(file.read()), claims)
        except FileNotFoundError:
            pass
        closed = {row["key_id"] for row in tables["closed"]}
        test.assertLessEqual(self.closed[lender], closed)
        test.assertLessEqual(closed - self.closed[lender], {may_close})
        self.closed[lender] = closed
        rows = {row["id"]: row for row in tables["spent"]}
        before = self.rows[lender]
        changed = {ident for ident in before.keys() | rows.keys()
                   if before.get(ident) != rows.get(ident)}
        test.assertLessEqual(changed, set(may_change))
        for ident in changed:
            self.check_row(self.tokens[ident], rows.get(ident))
        self.rows[lender] = rows
        return bool(changed)

    def check_row(self, token, row):
        """An entry has nothing but what spec 9-redemption lists for its state."""
        if row is None:
            return
        self.test.assertEqual(row["key_id"], self.keys[token.number])
        sizes = (32, 16) if row["state"] == "claimed" else (0, 0)
        self.test.assertEqual((len(row["digest"]), len(row["claim_id"])), sizes)

    def look_at_wallet(self, member, may_change=()):
        """The same for a wallet."""
        test = self.test
        tables = self.tables(member, "wallet.db")
        self.check_identity(member, tables)
        rows = {row["id"]: row for row in tables["token"]}
        before = self.wallets[member]
        changed = {ident for ident in before.keys() | rows.keys()
                   if before.get(ident) != rows.get(ident)}
        test.assertLessEqual(changed, set(may_change))
        self.wallets[member] = rows
        outcomes = collections.Counter()
        for row in tables["outcome"]:
            outcomes[row["state"]] += row["count"]
        gone = len([ident for ident in changed if ident not in rows])
        test.assertEqual(outcomes["spent"] + outcomes["burnt"],
                         self.spent[member] + self.burnt[member] + gone)
        return bool(changed)

    # ---------------------------------------------------------------------------- members

    def spend(self, member, kill):
        rows = self.wallets[member]
        again = [each for each in self.asked[member]
                 if (each not in [(b.request, each[1]) for b in self.borrows.values()])]
        again = again or self.asked[member]
        fits = [lender for lender in (*LENDERS, None) if any(
            row["state"] == "held" and lender in (None, self.tokens[ident].lender)
            for ident, row in rows.items())]
        if again and (not fits or self.random.random() < 0.3):
            asked = self.random.choice(again)
        elif fits:
            self.texts += 1
            asked = (b"request %d" % self.texts, self.random.choice(fits))
        else:
            return False
        request, lender = asked
        with open(self.path("request"), "wb") as file:
            file.write(request)
        at = ["--lender", f"{lender}.pub"] if lender else []
        reserved = {ident for ident, row in rows.items()
                    if row["digest"] == request_digest(ident, request)}
        if self.random.random() < 0.1 and not reserved:  # the same token, for something else
            shutil.copytree(self.path(member), self.path("copy"))
            with open(self.path("other"), "wb") as file:
                file.write(b"the other " + request)
            self.command(["member", "spend", "--dir", "copy", "--request", "other", *at, "--now",
                          self.now(), "--out", "twice"], False)
            with open(self.path("twice"), "rb") as file:
                self.know(decode_text("BORROW", file.read()), b"the other " + request, True)
            for name in ("copy", "other", "twice"):
                path = self.path(name)
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        arguments = ["member", "spend", "--dir", member, "--request", "request", *at, "--now",
                     self.now()]
        killed = self.kills
        sealed = self.with_output(arguments, "BORROW", kill)
        held = {ident for ident, row in rows.items() if row["state"] == "held"}
        before = dict(rows)
        changed = self.look_at_wallet(member, held)
        now = {ident for ident, row in self.wallets[member].items()
               if row["digest"] == request_digest(ident, request)}
        self.test.assertLessEqual(len(now), 1)
        self.test.assertLessEqual(reserved, now)
        self.test.assertEqual(changed, now != reserved)
        for ident in now:
            token = self.tokens[ident]
            self.test.assertIn(lender, (None, token.lender))
            expected = {**before[ident], "state": "spending",
                        "digest": request_digest(ident, request)}
            self.test.assertEqual(self.wallets[member][ident], expected)
            if asked not in self.asked[member]:
                self.asked[member].append(asked)
        if sealed is not None:
            self.test.assertEqual(self.know(sealed, request, False).id, *now)
        self.note(arguments, reserved, now, sealed, self.kills > killed)
        return True

    def know(self, sealed, request, is_copied):
        """The borrow in sealed bytes: the same every time."""
        token = sealed[34:-64]
        [ident] = [ident for wallet in self.wallets.values() for ident, row in wallet.items()
                   if row["token"] == token]
        digest = request_digest(ident, request)
        self.test.assertEqual(sealed[:34], b"\1\x0e" + digest)
        known = self.borrows.get((ident, digest))
        if known is None:
            known = self.borrows[ident, digest] = Borrow(self.tokens[ident], ident, digest, request,
                                                         sealed, is_copied)
        self.test.assertEqual((known.sealed, known.is_copied), (sealed, is_copied))
        return known

    def outcome(self, borrow, kill):
        """The member has heard what became of it."""
        member = borrow.token.member
        row = self.wallets[member].get(borrow.id)
        is_lawful = row is not None and row["digest"] == borrow.digest
        self.write("borrow", "BORROW", borrow.sealed)
        arguments = ["member", "outcome", "--dir", member, "borrow", f"--{borrow.told}"]
        killed = self.kills
        status, _, stderr = self.process(arguments, kill)
        changed = self.look_at_wallet(member, {borrow.id} if is_lawful else ())
        self.test.assertIn(status, (None, 0 if is_lawful else 2))
        if status is None:
            self.note(arguments, False, changed, False, self.kills > killed)
        elif is_lawful:
            self.test.assertEqual((changed, stderr), (True, b""))
        else:
            self.test.assertIn(b"no token is reserved for this borrow", stderr)
        if changed:
            self.asked[member] = [each for each in self.asked[member] if each[0] != borrow.request]
            after = self.wallets[member].get(borrow.id)
            if borrow.told == "served":
                self.test.assertIsNone(after)
                self.spent[member] += 1
            else:
                self.test.assertEqual(after, {**row, "state": "held", "digest": b""})
                borrow.told = None

    # ---------------------------------------------------------------------------- lenders

    def owner(self, row):
        """The attempt that holds the claim of a row, if it lives."""
        return next((each for each in self.attempts if each.claim == row["claim_id"]), None)

    def verdict(self, borrow, row, resume):
        """What the table of 9-redemption says."""
        if self.keys[borrow.token.number] in self.closed[borrow.token.lender]:
            return "Claim.1"
        if row is None or row["state"] == "released":
            return "fresh"
        if row["state"] == "served":
            return "served"
        if row["digest"] != borrow.digest:
            return "double-spend"
        return "retry" if resume else "busy"

    def redeem(self, borrow, kill, resume=False, where=None, request=None, now=None):
        """where, request, now: another lender, request or time, which do not fit."""
        token = borrow.token
        lender = where or token.lender
        self.write("borrow", "BORROW", borrow.sealed)
        with open(self.path("request"), "wb") as file:
            file.write(borrow.request if request is None else request)
        arguments = ["lender", "redeem", "--dir", lender, "borrow", "--request", "request", "--now",
                     now or self.now(token.number), *(["--resume"] if resume else []), "--json"]
        before = self.rows[lender].get(borrow.id)
        expected = self.verdict(borrow, before, resume)
        if request is not None:
            expected = "VerifyBorrow.2"
        elif now is not None:
            expected = "VerifyBorrow.5"
        elif where is not None:
            expected = "VerifyBorrow.8"
        is_claim = expected in ("fresh", "retry")
        owner = self.owner(before) if before and before["state"] == "claimed" else None
        killed = self.kills
        status, stdout, stderr = self.process(arguments, kill)
        changed = self.look(lender, {borrow.id} if is_claim else ())
        said = json.loads(stdout) if stdout.endswith(b"}\n") else None
        self.note(arguments, False, changed, said, self.kills > killed)
        if status is not None:
            codes = {"fresh": 0, "retry": 0, "busy": 3}
            self.test.assertEqual(status, codes.get(expected, 1), (expected, stdout, stderr))
            self.test.assertEqual(said.get("verdict") or said["step"], expected)
            self.test.assertEqual(changed, is_claim)
            self.counts[expected] += 1
            if expected == "served":
                borrow.told = "served"
        elif said is not None:
            self.test.assertEqual(said.get("verdict") or said["step"], expected)
            self.test.assertEqual(changed, is_claim)
        if not changed:
            return None
        row = self.rows[lender][borrow.id]
        self.test.assertEqual(row, {"id": borrow.id, "key_id": self.keys[token.number],
                                    "state": "claimed", "digest": borrow.digest,
                                    "refunds": before["refunds"] if before else 0,
                                    "claim_id": row["claim_id"]})
        self.test.assertNotIn(row["claim_id"], self.old_claims)
        self.old_claims.append(row["claim_id"])
        if owner is not None:
            token.false_resumes += 1
        if status is None and (said is None or self.random.random() < 0.5):
            self.counts["killed with a claim"] += 1
            token.crashes += 1  # nobody knows the claim
            return None
        self.test.assertEqual(said["claim"], row["claim_id"].hex())
        attempt = Attempt(borrow, row["claim_id"], self.random.random() < 0.75)
        self.attempts.append(attempt)
        token.calls += 1
        self.check_token(token)
        return attempt

    def crash(self, attempt):
        """The serving process dies, or the machine."""
        self.attempts.remove(attempt)
        row = self.rows[attempt.borrow.token.lender].get(attempt.borrow.id)
        if row is not None and row["claim_id"] == attempt.claim:
            attempt.borrow.token.crashes += 1
            self.counts["crashed before settling"] += 1

    def finish(self, attempt, kill):
        """Settle, or release where upstream has consumed nothing."""
        borrow, token = attempt.borrow, attempt.borrow.token
        settles = attempt.is_consumed
        arguments = ["lender", "settle" if settles else "release", "--dir", token.lender, "--claim",
                     attempt.claim.hex(), "--json"]
        before = self.rows[token.lender].get(borrow.id)
        is_current = before is not None and before["claim_id"] == attempt.claim
        if not is_current:
            expected = "Settle.1" if settles else "Release.1"
        elif not settles and before["refunds"] == 2:
            expected = "Release.2"
        else:
            expected = "served" if settles else "released"
        is_change = expected in ("served", "released")
        killed = self.kills
        status, stdout, stderr = self.process(arguments, kill)
        changed = self.look(token.lender, {borrow.id} if is_change else ())
        said = json.loads(stdout) if stdout.endswith(b"}\n") else None
        self.note(arguments, False, changed, said, self.kills > killed)
        if changed:
            refunds = before["refunds"] + (not settles)
            self.test.assertEqual(self.rows[token.lender][borrow.id],
                                  {**before, "state": expected, "refunds": refunds, "digest": b"",
                                   "claim_id": b""})
            token.refunds = refunds
        if said is not None:
            self.test.assertEqual(said.get("state") or said["step"], expected)
            self.test.assertEqual(changed, is_change)
        if status is None and said is None:
            if changed and settles:
                token.unheard = True  # whatever its process does now, no reply goes out
                self.counts["reply lost behind settle"] += 1
            if not changed and self.random.random() < 0.5:
                self.crash(attempt)
            elif changed and self.random.random() < 0.5:
                self.attempts.remove(attempt)
            return  # otherwise it tries once more
        if status is not None:
            self.test.assertEqual(status, 0 if is_change else 1, stderr)
            self.counts[expected] += 1
        if expected == "Release.2":
            attempt.is_consumed = True  # an answer that says so is all that the member gets
            return
        self.attempts.remove(attempt)
        if is_change:
            borrow.told = expected
            if settles:
                token.delivered += 1
            self.check_token(token)

    def finish_stale(self, kill):
        """A claim that is over, or never was, changes nothing."""
        claim = self.random.choice([*self.old_claims[-20:], bytes(16)])
        if self.owner({"claim_id": claim}) is not None:
            return
        lender = self.random.choice(LENDERS)
        if any(row["claim_id"] == claim for row in self.rows[lender].values()):
            return  # its owner has died, and took it along
        what = self.random.choice(["settle", "release"])
        status, _, stderr = self.process(["lender", what, "--dir", lender, "--claim", claim.hex()],
                                         kill)
        self.look(lender)
        if status is not None:
            self.test.assertEqual(status, 1)
            self.test.assertIn(f"refused at {what.capitalize()}.1".encode(), stderr)

    def compact(self, lender, kill):
        over = [row for row in self.rows[lender].values() if row["state"] != "claimed"]
        arguments = ["lender", "compact", "--dir", lender]
        status = self.command(arguments, kill)
        self.look(lender)
        if status is None:
            self.note(arguments, False, False, False, True)
            return
        content = b""
        for end in ("", "-wal"):
            if os.path.exists(self.path(f"{lender}/lender.db{end}")):
                with open(self.path(f"{lender}/lender.db{end}"), "rb") as file:
                    content += file.read()
        current = {row["claim_id"] for row in self.rows[lender].values()}
        for claim in self.old_claims:
            self.test.assertEqual(claim in content, claim in current)
        ids = {row["id"] for row in over}
        for borrow in self.borrows.values():
            if borrow.id in ids:
                self.test.assertNotIn(borrow.digest, content)

    def status(self, lender, kill):
        """Counts and audit say what there is."""
        if self.command(["lender", "audit", "--dir", lender], kill) is None:
            return
        counts = collections.Counter(
            (self.tokens[ident].number, row["state"]) for ident, row in self.rows[lender].items())
        for epoch in self.report("lender", "status", "--dir", lender)["epochs"]:
            for state in ("claimed", "released", "served"):
                self.test.assertEqual(epoch[state], counts[epoch["number"], state])
            self.test.assertEqual(epoch["closed"],
                                  self.keys[epoch["number"]] in self.closed[lender])
        self.look(lender)

    # ---------------------------------------------------------------------------- epochs

    def open_epoch(self):
        """A new epoch, and tokens for all."""
        self.number += 1
        now = self.now(days=0)
        quota = EACH * len(LENDERS)
        lenders = [part for lender in LENDERS for part in ("--lender", f"{lender}.pub")]
        self.command(["admin", "epoch", "--dir", "a", "--quota", str(quota), "--days", str(DAYS),
                      *lenders, "--now", str(T0), "--out", "epoch"], False)
        for name in (*MEMBERS, *LENDERS):
            who = "member" if name in MEMBERS else "lender"
            self.command([who, "join", "--dir", name, "epoch", "--admin", "admin.pub"], False)
        shown = self.report("epoch", "show", "epoch")
        self.keys[self.number] = bytes.fromhex(shown["key_id"])
        for member in MEMBERS:
            for lender in LENDERS:
                for arguments in (
                    ["member", "request", "--dir", member, "--lender", f"{lender}.pub", "--count",
                     str(EACH), "--now", now, "--out", "rq"],
                    ["admin", "issue", "--dir", "a", "rq", "--now", now, "--out", "rs"],
                    ["member", "accept", "--dir", member, "rs", "--now", now],
                ):
                    self.command(arguments, False)
                rows = self.tables(member, "wallet.db")["token"]
                for row in rows:
                    self.tokens.setdefault(row["id"], Token(member, lender, self.number))
                self.wallets[member] = {row["id"]: row for row in rows}
        for lender in LENDERS:
            self.look(lender)

    def turn(self):
        """An epoch ends in the middle of everything. What was claimed in it is over."""
        test, number = self.test, self.number
        after = str(int(self.now()) + DAYS * DAY)
        for attempt in list(self.attempts):
            self.crash(attempt)
        ended = [borrow for borrow in self.borrows.values() if borrow.token.number == number]
        for lender in LENDERS:
            self.served[lender] += sum(row["state"] == "served" for row in self.rows[lender].values())
            key = self.keys[number]
            mine = {ident for ident, row in self.rows[lender].items() if row["key_id"] == key}
            arguments = ["lender", "close", "--dir", lender, "--now", after]
            status = None
            while status is None:
                was_closed, killed = key in self.closed[lender], self.kills
                status = self.command(arguments, self.random.random() < 0.8)
                changed = self.look(lender, mine, key)
                is_closed = key in self.closed[lender]
                self.note(arguments, was_closed, is_closed, changed, self.kills > killed)
                test.assertTrue(is_closed or status is None)
                test.assertIn(len(self.rows[lender]), (len(mine), 0) if is_closed else (len(mine),))
                mine = set(self.rows[lender])
                # The clock is set back: what is closed stays so, whatever was dropped yet.
                here = [borrow for borrow in ended if borrow.token.lender == lender]
                if here and is_closed:
                    self.redeem(self.random.choice(here), False, self.random.random() < 0.5)
                    self.redeem(self.random.choice(here), False, now=after)
            test.assertEqual(self.rows[lender], {})
        for member in MEMBERS:
            rows = len(self.wallets[member])
            arguments = ["member", "expire", "--dir", member, "--now", after]
            status = None
            while status is None:
                status = self.command(arguments, self.random.random() < 0.8)
                self.look_at_wallet(member, set(self.wallets[member]))
                test.assertIn(len(self.wallets[member]), (0,) if status == 0 else (0, rows))
                self.burnt[member] += rows - len(self.wallets[member])
                rows = len(self.wallets[member])
            self.asked[member] = []
        for token in self.tokens.values():
            self.check_token(token)
        self.borrows = {key: each for key, each in self.borrows.items() if each not in ended}

    # ---------------------------------------------------------------------------- the campaign

    def begin(self):
        for arguments in (
            ["admin", "init", "--dir", "a", "--group", "a group", "--bits", "2048", "--out",
             "admin.pub"],
            *(["lender", "init", "--dir", each, "--out", f"{each}.pub"] for each in LENDERS),
            *(["member", "init", "--dir", each, "--out", f"{each}.pub"] for each in MEMBERS),
            *(["admin", "enroll", "--dir", "a", f"{each}.pub"] for each in MEMBERS),
        ):
            self.command(arguments, False)
        self.open_epoch()

    def step(self):
        kill = self.random.random() < 0.6  # or too little would come of it all
        borrows = list(self.borrows.values())
        told = [each for each in borrows if each.told and not each.is_copied]
        choice = self.random.random()
        if choice < 0.24:
            if not self.spend(self.random.choice(MEMBERS), kill) and not any(
                    row["state"] == "held" for rows in self.wallets.values()
                    for row in rows.values()):
                self.turn()
                self.open_epoch()
        elif choice < 0.56 and borrows:
            # Those of which nothing has been heard, mostly; the others are replays.
            fresh = [each for each in borrows if not each.told]
            borrow = self.random.choice(fresh if fresh and choice < 0.52 else borrows)
            other = next(each for each in LENDERS if each != borrow.token.lender)
            if choice < 0.26:
                self.redeem(borrow, kill, True, where=other)
            elif choice < 0.27:
                self.redeem(borrow, kill, True, request=borrow.request + b"!")
            else:
                row = self.rows[borrow.token.lender].get(borrow.id)
                lives = row is not None and self.owner(row) is not None
                self.redeem(borrow, kill, self.random.random() < (0.1 if lives else 0.6))
        elif choice < 0.80 and self.attempts:
            self.finish(self.random.choice(self.attempts), kill)
        elif choice < 0.83 and self.attempts:
            self.crash(self.random.choice(self.attempts))
        elif choice < 0.92 and told:
            self.outcome(self.random.choice(told), kill)
        elif choice < 0.94:
            self.finish_stale(kill)
        elif choice < 0.97:
            self.compact(self.random.choice(LENDERS), kill)
        elif choice < 0.99:
            self.status(self.random.choice(LENDERS), kill)
        elif choice < 0.993:
            self.turn()
            self.open_epoch()
        self.check_folders()

    def end(self):
        """Without kills: every token that was reserved is served, and the totals balance."""
        test = self.test
        for attempt in list(self.attempts):
            self.crash(attempt)
        for member in MEMBERS:
            for asked in list(self.asked[member]):  # also those whose borrow never came out
                if not any(b.request == asked[0] for b in self.borrows.values()):
                    with open(self.path("request"), "wb") as file:
                        file.write(asked[0])
                    at = ["--lender", f"{asked[1]}.pub"] if asked[1] else []
                    sealed = self.with_output(
                        ["member", "spend", "--dir", member, "--request", "request", *at, "--now",
                         self.now()], "BORROW", False)
                    self.know(sealed, asked[0], False)
        # First what a copy of a wallet holds, which stands in the way of the others.
        for borrow in sorted(self.borrows.values(), key=lambda each: not each.is_copied):
            row = self.rows[borrow.token.lender].get(borrow.id)
            if borrow.is_copied and not (row and row["digest"] == borrow.digest):
                continue
            attempt = self.redeem(borrow, False, True)
            if attempt is not None:
                attempt.is_consumed = True
                self.finish(attempt, False)
            row = self.rows[borrow.token.lender].get(borrow.id)
            test.assertEqual(row["state"], "served")
        for borrow in list(self.borrows.values()):
            row = self.wallets[borrow.token.member].get(borrow.id)
            if row is not None and row["digest"] == borrow.digest:
                borrow.told = "served"
                self.outcome(borrow, False)
        for member in MEMBERS:
            balance = self.report("member", "balance", "--dir", member, "--now", self.now())
            test.assertEqual(balance["spending"], 0)
            test.assertEqual((balance["spent"], balance["burnt"]),
                             (self.spent[member], self.burnt[member]))
            mine = sum(token.member == member for token in self.tokens.values())
            test.assertEqual(balance["spent"] + balance["burnt"] + balance["held"], mine)
        served = 0
        for lender in LENDERS:
            self.status(lender, False)
            [epoch] = [each for each in self.report("lender", "status", "--dir", lender)["epochs"]
                       if not each["closed"]]
            test.assertEqual(epoch["claimed"], 0)
            served += epoch["served"] + self.served[lender]
        for token in self.tokens.values():
            self.check_token(token)
        # Served is delivered, but for the replies that were lost behind a settle that was killed.
        delivered = sum(token.delivered for token in self.tokens.values())
        lost = [token for token in self.tokens.values() if token.unheard]
        test.assertTrue(all(token.delivered == 0 for token in lost))
        test.assertEqual(served, delivered + len(lost))
        self.turn()
        self.totals = (f"{delivered} delivered, {len(lost)} replies lost, "
                       f"{sum(token.calls for token in self.tokens.values())} upstream calls, "
                       f"{sum(token.crashes for token in self.tokens.values())} crashes, "
                       f"{sum(token.refunds for token in self.tokens.values())} refunds, "
                       f"{sum(token.false_resumes for token in self.tokens.values())} false resumes")

    def told(self):
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))
        return f"{len(self.tokens)} tokens in {self.number} epochs; {self.totals}; {counts}"


class Kills(crash_harness.KillTest):
    def test_kills(self):
        """Property.SpentOnce, StaleChangesNothing, RefundsBounded and ClosedStaysClosed under
        SIGKILL, and what 9-redemption guarantees about calls and deliveries."""
        self.run_campaign(Campaign, 40 if IS_SANITIZED else 200)


def setUpModule():
    Spending.template = Together.template = make_borrowers()


def tearDownModule():
    shutil.rmtree(Spending.template)


class Spending(Borrowing, EveryChange):
    """The commands of spending, each killed at each change."""

    def setUp(self):
        super().setUp()
        self.old = set()  # claims that there were before

    def counts(self, directory):
        """All that matters of the lender's entries; of its claims, whether they are old or new."""
        if directory == "cache":
            path = self.path("cache/seen.db")
            exists = os.path.exists(path) and os.path.getsize(path) > 0
            return len(read_database(path)["seen"]) if exists else None
        if directory != "l":
            return super().counts(directory)
        tables = self.tables("l")
        return json.dumps([len(tables["closed"]), sorted(
            [row["id"].hex(), row["state"], row["refunds"], row["digest"].hex(),
             row["claim_id"] and ("old" if row["claim_id"].hex() in self.old else "new")]
            for row in tables["spent"])], default=lambda none: "")

    def refused(self, step, *arguments):
        """As ever, but a log that a killed process left may be folded in meanwhile."""
        self.assertIn(f"refused at {step}: ", self.run_cli(*arguments, expect=1).stderr)

    def mark_holds(self):
        """No honest lender is told that its database is old."""
        self.ok("lender", "audit", "--dir", "l")

    def test_spend(self):
        """A token is reserved before its borrow is in a file, once, and the borrow is the same."""
        def look(before, written):
            self.assertFalse(before and written)
            self.assertEqual(self.json(*arguments)["new"], before)
            self.assertIn(written, (None, decode_text("BORROW", self.read("new"))))
            self.assertEqual(self.counts("m"), self.done)
            self.assertEqual(self.verdict(*self.redeem(borrow="new")), ("fresh", 0))

        arguments = self.spend("new")
        self.each(arguments, "m", look)

    def test_outcome(self):
        self.ok(*self.spend())
        for what, state in (("--served", "spent"), ("--released", "held")):
            def look(before, _, arguments=("member", "outcome", "--dir", "m", "borrow", what),
                     state=state):
                done = self.run_cli(*arguments, expect=0 if before else 2)
                self.assertIn(state if before else "no token is reserved", done.stdout + done.stderr)
                self.assertEqual(self.counts("m"), self.done)
                balance = self.balance(now=SPEND)
                self.assertEqual((balance[state], balance["spending"]),
                                 ({"spent": 1, "held": 3}[state], 0))

            self.each(["member", "outcome", "--dir", "m", "borrow", what], "m", look)

    def test_redeem(self):
        """A token is claimed before anybody hears of it; a claim that nobody heard is taken over."""
        def look(before, _):
            if before:
                claim = self.claim()
            else:
                self.assertEqual(self.verdict(*self.redeem()), ("busy", 3))
                claim = self.claim("--resume", verdict="retry")
            self.assertEqual(self.counts("l"), self.done)
            self.ok(*self.finish("settle", claim))
            self.assertEqual(self.verdict(*self.redeem("--resume")), ("served", 1))
            self.mark_holds()

        self.ok(*self.spend())
        self.each(self.redeem(), "l", look)

    def test_resume(self):
        """Of the former claim and the new one, one is good; given again, only the newest."""
        def look(before, _):
            if before:  # the former owner, were it not dead after all
                self.save_aside()
                self.ok(*self.finish("settle", first))
                self.take_back()
            second = self.claim("--resume", verdict="retry")
            self.assertEqual(self.counts("l"), self.done)
            for what in ("settle", "release"):
                self.refused(f"{what.capitalize()}.1", *self.finish(what, first))
            self.ok(*self.finish("settle", second))
            self.mark_holds()

        self.ok(*self.spend())
        first = self.claim()
        self.old.add(first)
        self.each(self.redeem("--resume"), "l", look)

    def save_aside(self):
        shutil.copytree(self.path("l"), self.path("l-aside"))

    def take_back(self):
        shutil.rmtree(self.path("l"))
        os.rename(self.path("l-aside"), self.path("l"))

    def test_settle(self):
        """Settled before it says so; given again it is done once, and nothing is served twice."""
        def look(before, _):
            if before:
                self.assertEqual(self.verdict(*self.redeem()), ("busy", 3))
                self.ok(*self.finish("settle", claim))
            else:
                self.refused("Settle.1", *self.finish("settle", claim))
                self.refused("Release.1", *self.finish("release", claim))
            self.assertEqual(self.counts("l"), self.done)
            self.assertEqual(self.verdict(*self.redeem("--resume")), ("served", 1))
            self.mark_holds()

        self.ok(*self.spend())
        claim = self.claim()
        self.old.add(claim)
        self.each(self.finish("settle", claim), "l", look)

    def test_release(self):
        """Given back once, however often it is said."""
        def look(before, _):
            if before:
                self.ok(*self.finish("release", claim))
            else:
                self.refused("Release.1", *self.finish("release", claim))
            self.assertEqual(self.counts("l"), self.done)
            self.assertEqual([row["refunds"] for row in self.tables("l")["spent"]], [1])
            self.claim()
            self.mark_holds()

        self.ok(*self.spend())
        claim = self.claim()
        self.old.add(claim)
        self.each(self.finish("release", claim), "l", look)

    def borrow_two(self):
        """One token served, one claimed."""
        self.ok(*self.spend())
        served = self.claim()
        self.ok(*self.finish("settle", served))
        self.ok(*self.spend("twice", "other"))
        claimed = self.json(*self.redeem(borrow="twice", request="other"))["claim"]
        self.old |= {served, claimed}
        return served, claimed

    def test_close(self):
        """Closed before anything is dropped: with the clock set back nothing is spent again."""
        def look(before, _):
            if not before:
                for borrow, request in (("borrow", "request"), ("twice", "other")):
                    self.assertEqual(
                        self.verdict(*self.redeem("--resume", borrow=borrow, request=request)),
                        ("Claim.1", 1))
            self.ok(*arguments)
            self.assertEqual(self.counts("l"), self.done)
            self.assertEqual(self.tables("l")["spent"], [])
            self.assertEqual(self.verdict(*self.redeem()), ("Claim.1", 1))
            self.assertEqual(self.verdict(*self.redeem(now=END)), ("VerifyBorrow.5", 1))
            self.mark_holds()

        self.borrow_two()
        rows = json.loads(self.counts("l"))[1]
        arguments = ["lender", "close", "--dir", "l", "--now", str(END)]
        self.each(arguments, "l", look, lawful=[json.dumps([1, rows])])

    def test_compact(self):
        """No entry is lost or changed; done, nothing that is over is in any file."""
        def look(before, _):
            self.assertTrue(before)
            self.ok("lender", "compact", "--dir", "l")
            self.assertEqual(self.counts("l"), self.done)
            content = b"".join(self.read(f"l/{name}") for name in os.listdir(self.path("l")))
            self.assertNotIn(bytes.fromhex(served), content)
            self.assertIn(bytes.fromhex(claimed), content)
            self.ok(*self.finish("settle", claimed))
            self.mark_holds()

        served, claimed = self.borrow_two()
        self.each(["lender", "compact", "--dir", "l"], "l", look)

    def test_attest(self):
        """An attestation is whole or not there. One that was checked is not valid again, even if
        nobody heard what came of it."""
        def look(before, written):
            self.assertTrue(before)
            self.ok(*arguments)
            self.assertIn(written, (None, decode_text("ATTESTATION", self.read("new"))))

        nonce = "00" * 16
        arguments = ["attest", "make", "--dir", "l", "--key", "secret", "--nonce", nonce, "--now",
                     str(T0), "--out", "new"]
        self.each(arguments, "l", look)
        self.ok(*arguments[:-1], "attestation")
        os.mkdir(self.path("cache"), 0o700)
        instance = self.json("lender", "status", "--dir", "l")["instance"]
        check = ["attest", "check", "attestation", "--key", "secret", "--lender", "l.pub",
                 "--instance", instance, "--nonce", nonce, "--cache", "cache/seen.db", "--now",
                 str(T0)]

        def look_at_cache(_, __):
            if self.counts("cache") == 1:
                self.refused("CheckAttestation.7", *check)
            else:
                self.ok(*check)
            self.assertEqual(self.counts("cache"), self.done)
            self.refused("CheckAttestation.7", *check)

        self.each(check, "cache", look_at_cache, lawful=[0])


class Together(Borrowing, AtOnce):
    """Several processes on one spent-set, one wallet or one cache at once: one of them is first."""

    def verdicts(self, *commands):
        """What each of them says, in order: (verdict, state or step, status)."""
        done = self.at_once(*commands)
        return sorted((said.get("verdict") or said.get("state") or said["step"], status)
                      for status, said, _ in done)

    def test_redeem(self):
        """Claimed by one, settled by one."""
        for _ in self.rounds():
            self.ok(*self.spend())
            self.assertEqual(self.verdicts(*[self.redeem()] * 8), [("busy", 3)] * 7 + [("fresh", 0)])
            claim = self.claim("--resume", verdict="retry")
            self.assertEqual(self.verdicts(*[self.finish("settle", claim)] * 4),
                             [("Settle.1", 1)] * 3 + [("served", 0)])
            self.assertEqual(self.verdicts(*[self.redeem("--resume")] * 4), [("served", 1)] * 4)

    def test_resume(self):
        """Taken over several times at once: all claims but one are over."""
        for _ in self.rounds():
            self.ok(*self.spend())
            self.claim()
            done = self.at_once(*[self.redeem("--resume")] * 4)
            claims = [said["claim"] for status, said, _ in done if status == 0]
            self.assertEqual(len(set(claims)), 4, done)
            self.assertEqual(self.verdicts(*(self.finish("settle", claim) for claim in claims)),
                             [("Settle.1", 1)] * 3 + [("served", 0)])

    def test_double_spend(self):
        for _ in self.rounds():
            other = self.copied()
            self.assertEqual(self.verdicts(*[self.redeem(), self.redeem(**other)] * 2),
                             [("busy", 3), ("double-spend", 1), ("double-spend", 1), ("fresh", 0)])

    def test_settle_or_release(self):
        for _ in self.rounds():
            self.ok(*self.spend())
            claim = self.claim()
            self.assertIn(self.verdicts(self.finish("settle", claim), self.finish("release", claim)),
                          ([("Release.1", 1), ("served", 0)], [("Settle.1", 1), ("released", 0)]))

    def test_close(self):
        """Whoever comes first: nothing is left of the epoch, and nothing comes behind it."""
        close = ["lender", "close", "--dir", "l", "--now", str(END)]
        for _ in self.rounds():
            self.ok(*self.spend())
            done = self.at_once(self.redeem(), close, self.redeem(), close)
            for status, said, _ in (done[0], done[2]):
                self.assertIn((said.get("verdict") or said["step"], status),
                              (("fresh", 0), ("busy", 3), ("Claim.1", 1)))
            self.assertEqual((done[1][0], done[3][0]), (0, 0), done)
            self.assertEqual(self.tables("l")["spent"], [])
            self.assertEqual(self.verdict(*self.redeem()), ("Claim.1", 1))
            self.ok("lender", "audit", "--dir", "l")

    def test_spend(self):
        """The same request gets one borrow, other requests get other tokens."""
        for _ in self.rounds():
            done = self.at_once(*(self.spend(f"b{i}") for i in range(4)))
            self.assertEqual([status for status, _, _ in done], [0] * 4, done)
            self.assertEqual(sum(said["new"] for _, said, _ in done), 1)
            self.assertEqual(len({self.read(f"b{i}") for i in range(4)}), 1)
            for i in range(3):
                self.write(f"r{i}", b"request %d" % i)
            done = self.at_once(*(self.spend(f"b{i}", f"r{i}") for i in range(3)))
            good = [i for i in range(3) if done[i][0] == 0]
            self.assertEqual(len(good), 2, done)  # of three tokens one is reserved already
            self.assertEqual(len({decode_text("BORROW", self.read(f"b{i}"))[34:-64]
                                  for i in (*good, 3)}), 3)

    def test_attestation(self):
        """Valid once, whoever looks."""
        instance = self.json("lender", "status", "--dir", "l")["instance"]
        for _ in self.rounds():
            self.ok("attest", "make", "--dir", "l", "--key", "secret", "--nonce", "0" * 32, "--now",
                    str(T0), "--out", "attestation")
            check = ["attest", "check", "attestation", "--key", "secret", "--lender", "l.pub",
                     "--instance", instance, "--nonce", "0" * 32, "--cache", "seen.db", "--now",
                     str(T0)]
            done = self.at_once(*[check] * 6)
            self.assertEqual(sorted((status, said.get("step", "")) for status, said, _ in done),
                             [(0, "")] + [(1, "CheckAttestation.7")] * 5)


if __name__ == "__main__":
    crash_harness.main(__doc__)

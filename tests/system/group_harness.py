"""What the tests of a group share: a group to begin with, and what is in its databases."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile

from harness import (
    BLINDLEND,
    Commands,
    decode_text,
    i2osp,
    make_folder,
    parse_secret_key,
    remember_secret,
    shows_secret,
)

# The epochs' clock, which every command with a clock is told.
T0 = 1_800_000_000
DAY = 24 * 60 * 60
NOW = T0 + 100
# When the tokens of the first epoch can be spent, and when no more.
SPEND = T0 + 5 * DAY + 100
END = T0 + 10 * DAY

DATABASES = ("admin.db", "wallet.db", "lender.db")


def read_database(path):
    """All tables of a database as {table: [row]}, without touching it or what lies beside it."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as copy:
        name = os.path.join(copy, "db")
        shutil.copyfile(path, name)
        for end in ("-wal", "-journal"):
            if os.path.exists(path + end):
                shutil.copyfile(path + end, name + end)
        connection = sqlite3.connect(name)
        try:
            connection.row_factory = sqlite3.Row
            checked = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            assert checked == ["ok"], (path, checked)
            assert not connection.execute("PRAGMA foreign_key_check").fetchall(), path
            tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            return {
                table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
                for (table,) in tables.fetchall()
            }
        finally:
            connection.close()


def tagged_hash(tag, data):
    return hashlib.sha256(i2osp(len(tag), 8) + tag + data).digest()


def request_id(sealed):
    """8-issuance, RequestId."""
    return tagged_hash(b"blindlend v1 request id", sealed[:-64])


def request_hash(sealed):
    """What a response names: the hash of the batch in a sealed request."""
    return hashlib.sha256(sealed[50:-64]).digest()


def request_digest(ident, request):
    """9-redemption, RequestDigest."""
    parts = b"".join(i2osp(len(part), 8) + part for part in (ident, request))
    return tagged_hash(b"blindlend v1 request digest", parts)


def secrets_in(tables):
    """What of a database must never come out, as byte strings."""
    for row in tables.get("identity", []):
        yield row["seed"]
    for row in tables.get("link", []):
        if row["secret_key"] is not None:
            parts = parse_secret_key(row["secret_key"])
            for name in ("d", "p", "q", "dp", "dq", "qinv"):
                yield i2osp(parts[name], (parts[name].bit_length() + 7) // 8)
    for row in tables.get("entry", []):
        yield row["seed"]
        yield row["r_inv"]
        yield row["msg"][66:]  # the spend key: whoever sees it knows the token again
    for row in tables.get("token", []):
        yield row["seed"]
        yield row["token"][66:98]
        yield row["token"][100:]


class Secrets:
    """Every secret that has been in a database of this run."""

    known = set()
    seen = {}

    @classmethod
    def harvest(cls, top):
        for folder, _, files in os.walk(top):
            for name in set(files) & set(DATABASES):
                path = os.path.join(folder, name)
                status = [os.stat(path + end) for end in ("", "-wal") if os.path.exists(path + end)]
                version = [(each.st_ino, each.st_mtime_ns, each.st_size) for each in status]
                if cls.seen.get(path) == version:
                    continue
                cls.seen[path] = version
                try:
                    tables = read_database(path)
                except (sqlite3.DatabaseError, AssertionError):
                    continue  # a test's own work
                for secret in secrets_in(tables):
                    x = int.from_bytes(secret, "big")
                    if secret not in cls.known and x >> 128:  # less is what a test has put there
                        cls.known.add(secret)
                        remember_secret(x)


class GroupTest(Commands):
    """A folder with an admin a, the members m and n, the lenders l and k, and an epoch e1 of two
    times five days with a quota of 10, which all have joined; m has asked for 3 tokens (rq), and
    the answer is there (rs)."""

    template = None

    def setUp(self):
        super().setUp()
        self.said = []
        self.addCleanup(self.look_for_secrets)
        if self.template:
            shutil.copytree(self.template, self.folder, dirs_exist_ok=True)

    def after(self, arguments, done):
        self.said.append(done.stdout + done.stderr)
        Secrets.harvest(self.folder)

    def look_for_secrets(self):
        """In all that was printed, and in every file that is nobody's database."""
        for folder, _, files in os.walk(self.folder):
            for name in files:
                path = os.path.join(folder, name)
                if not (".db" in name or name == "secret" or os.path.islink(path)):
                    if os.path.isfile(path) and os.path.getsize(path) < 1 << 20:
                        with open(path, "rb") as file:
                            text = file.read().decode(errors="replace")
                        if text.startswith("-----BEGIN BLINDLEND BORROW-----\n"):
                            text = ""  # in which a token is shown to its lender
                        self.said.append(text)
        self.assertFalse(shows_secret("|".join(self.said)))

    def tables(self, directory):
        """What is in a directory's database."""
        names = [name for name in DATABASES if os.path.exists(self.path(f"{directory}/{name}"))]
        return read_database(self.path(f"{directory}/{names[0]}"))

    def counts(self, directory):
        """The rows of each table, without what is random in them; nothing if it is not there."""
        try:
            tables = self.tables(directory)
        except (IndexError, FileNotFoundError):
            return None
        return json.dumps({
            name: sorted(str([row.get("state"), row.get("count"), row.get("enrolled")])
                         for row in rows)
            for name, rows in tables.items()})

    def save(self):
        """Keeps the folder as it is now, for restore."""
        self.saved = self.folder + "-saved"
        shutil.rmtree(self.saved, ignore_errors=True)
        shutil.copytree(self.folder, self.saved)
        self.addCleanup(shutil.rmtree, self.saved, ignore_errors=True)

    def restore(self):
        # The folder itself stays: something may be mounted there.
        for name in os.listdir(self.folder):
            path = self.path(name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        shutil.copytree(self.saved, self.folder, dirs_exist_ok=True)

    def json(self, *arguments, expect=0):
        return json.loads(self.run_cli(*arguments, "--json", expect=expect).stdout)

    def balance(self, directory="m", now=NOW):
        return self.json("member", "balance", "--dir", directory, "--now", str(now))

    def used(self, name):
        """Tokens debited to a member by its name, in all epochs."""
        members = self.json("admin", "status", "--dir", "a")["members"]
        return sum(row["used"] for one in members if one["name"] == name for row in one["used"])

    def lie(self, *arguments):
        """Lets the malicious admin of the directory a work. Returns its output's name."""
        command = [os.environ["MALICIOUS_ADMIN"], "a", *arguments]
        subprocess.run(command, cwd=self.folder, check=True)
        return arguments[-1]

    # Commands, as they mostly are.

    @staticmethod
    def epoch(*more, out="new", days=10, issue_days=5, quota=10, now=NOW, directory="a"):
        issue = ["--issue-days", str(issue_days)] if issue_days else []
        return ["admin", "epoch", "--dir", directory, "--quota", str(quota), "--days", str(days),
                *issue, "--lender", "l.pub", "--lender", "k.pub", "--out", out, "--now", str(now),
                *more]

    @staticmethod
    def request(*more, out="new", count=3, now=NOW, directory="m", lender="l.pub"):
        return ["member", "request", "--dir", directory, "--lender", lender, "--count", str(count),
                "--out", out, "--now", str(now), *more]

    @staticmethod
    def issue(request="rq", out="new", now=NOW, directory="a"):
        return ["admin", "issue", "--dir", directory, request, "--out", out, "--now", str(now)]

    @staticmethod
    def accept(response="rs", directory="m", now=NOW):
        return ["member", "accept", "--dir", directory, response, "--now", str(now)]

    @staticmethod
    def join(descriptor="e1", directory="m", admin="admin.pub", who="member"):
        return [who, "join", "--dir", directory, descriptor, "--admin", admin]

    @staticmethod
    def check(evidence, admin="admin.pub"):
        return ["evidence", "check", evidence, "--admin", admin]

    def cat(self, out, *names):
        return self.write(out, b"".join(self.read(name) for name in names))


class Borrowing:
    """Beside GroupTest: the commands of spending, in a folder of make_borrowers."""

    def copied(self):
        """A borrow, and what a copy of the wallet makes of its token: which one it takes is drawn."""
        shutil.copytree(self.path("m"), self.path("before"))
        self.ok(*self.spend())
        token = decode_text("BORROW", self.read("borrow"))[34:-64]
        twice = None
        while twice != token:
            shutil.copytree(self.path("before"), self.path("copy"))
            self.ok(*self.spend("twice", "other", directory="copy"))
            twice = decode_text("BORROW", self.read("twice"))[34:-64]
            shutil.rmtree(self.path("copy"))
            if twice != token:
                os.remove(self.path("twice"))
        shutil.rmtree(self.path("before"))
        return {"borrow": "twice", "request": "other"}

    @staticmethod
    def spend(out="borrow", request="request", directory="m", lender="l.pub", now=SPEND):
        at = ["--lender", lender] if lender else []
        return ["member", "spend", "--dir", directory, "--request", request, *at, "--now", str(now),
                "--out", out]

    @staticmethod
    def redeem(*more, borrow="borrow", request="request", directory="l", now=SPEND):
        return ["lender", "redeem", "--dir", directory, borrow, "--request", request, "--now",
                str(now), *more]

    @staticmethod
    def finish(what, claim, directory="l"):
        return ["lender", what, "--dir", directory, "--claim", claim]

    @staticmethod
    def outcome(what, borrow="borrow", directory="m"):
        return ["member", "outcome", "--dir", directory, borrow, f"--{what}"]

    def verdict(self, *arguments):
        """What redeem says, with its status."""
        done = subprocess.run([BLINDLEND, *arguments, "--json"], cwd=self.folder,
                              capture_output=True, text=True, timeout=120)
        self.after(arguments, done)
        said = json.loads(done.stdout)
        return said.get("verdict") or said["step"], done.returncode

    def claim(self, *more, verdict="fresh", **which):
        """Redeems, and returns the claim."""
        said = self.json(*self.redeem(*more, **which))
        self.assertEqual(said["verdict"], verdict)
        return said["claim"]


def make_borrowers():
    """The folder of make_group, where m holds 3 tokens for l and n holds 2 for k and 1 for l; two
    requests to be relayed; and the group's attestation key in the file secret."""
    folder = make_group()
    commands = [GroupTest.accept(), ["attest", "keygen", "--out", "secret"]]
    for lender, count in (("k", 2), ("l", 1)):
        commands += [GroupTest.request(directory="n", lender=f"{lender}.pub", count=count, out="q"),
                     GroupTest.issue("q", "s"), GroupTest.accept("s", "n")]
    for arguments in commands:
        subprocess.run([BLINDLEND, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    for name in "qs":
        os.remove(os.path.join(folder, name))
    for name in ("request", "other"):
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(f"the {name} for the API")
    with open(os.path.join(folder, "secret"), "rb") as file:
        remember_secret(int.from_bytes(decode_text("ATTESTATION KEY", file.read())[2:], "big"))
    Secrets.harvest(folder)
    return folder


def make_group(members=("m", "n")):
    """The folder that GroupTest describes."""
    folder = make_folder()

    def run(*arguments):
        subprocess.run([BLINDLEND, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    run("admin", "init", "--dir", "a", "--group", "a group", "--bits", "2048", "--out", "admin.pub")
    for member in members:
        run("member", "init", "--dir", member, "--out", f"{member}.pub")
        run("admin", "enroll", "--dir", "a", f"{member}.pub", "--name", f"member {member}")
    for lender in "lk":
        run("lender", "init", "--dir", lender, "--out", f"{lender}.pub")
    run(*GroupTest.epoch(out="e1", now=T0))
    for member in members:
        run(*GroupTest.join(directory=member))
    for lender in "lk":
        run(*GroupTest.join(directory=lender, who="lender"))
    run(*GroupTest.request(out="rq"))
    run(*GroupTest.issue(out="rs"))
    Secrets.harvest(folder)
    return folder

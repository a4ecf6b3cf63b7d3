"""What the tests with killed processes share: a campaign of kills at random moments, kills at every
change that a command makes to its files, and the options of both.

SIGKILL ends a process between any two instructions, but loses nothing that it has handed to the
system. So this finds a debit behind its signature, a missing transaction, a file written in place. It
cannot find a missing fsync or SQLite's synchronous = OFF: those need the power to fail, and are the
matter of tests/store/.
"""

import argparse
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest

from group_harness import GroupTest, read_database
from harness import BLINDLEND, decode_text, encode_text, make_folder, mode

# Fewer where a sanitizer makes every process slow: what is killed there is the same.
IS_SANITIZED = bool(os.environ.get("BLINDLEND_SANITIZE"))
OPTIONS = argparse.Namespace(kills=None, seconds=None, seed=None)
SECONDS_A_KILL = 10.0  # a cap, against endless loops; on an idle machine it takes 0.03 to 0.3 s


def label_of(text):
    return text.decode().split("\n", 1)[0].removeprefix("-----BEGIN BLINDLEND ").rstrip("-")


class Campaign:
    """Commands that are killed at random moments, and what all of them have in common."""

    # Directory, and the files that may be in it.
    FOLDERS = {}

    def __init__(self, test, seed):
        self.test, self.random = test, random.Random(seed)
        self.folder = test.folder
        self.identities = {}
        self.typical = {}  # seconds of a command
        self.changes = {}  # the most changes to files before which it was killed
        self.kills = self.runs = self.leftovers = 0
        self.fell = collections.Counter()  # (command, where)
        self.places = collections.Counter()  # tenths of the usual duration

    # ---------------------------------------------------------------------------- processes

    def path(self, name):
        return os.path.join(self.folder, name)

    def process(self, arguments, kill):
        """Runs a command, and kills it: after a random part of its usual time, or before a random
        one of its changes to files. Returns its status, None if it was killed, and what it said."""
        name = " ".join(arguments[:2])
        usual = self.typical.get(name, 0.01)
        environment, at = None, 0
        if kill and not IS_SANITIZED and self.random.random() < 0.5:
            # So many changes it has had, or a few more; the last ones matter most.
            last = self.changes.get(name, 40) + 2
            at = max(self.random.randint(1, last), self.random.randint(1, last))
            environment = dict(os.environ, LD_PRELOAD=os.environ["KILL_AT_LIBRARY"], KILL_AT=str(at))
        process = subprocess.Popen([BLINDLEND, *arguments], cwd=self.folder, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        started = time.monotonic()
        if kill and not at:
            # The first half is the program's start, mostly: fewer there.
            earliest = 0 if self.random.random() < 0.25 else 0.5
            delay = self.random.uniform(earliest, 1.25) * usual
            while time.monotonic() < started + delay:  # to sleep would be too late
                pass
            process.send_signal(signal.SIGKILL)
        process.wait(timeout=120)  # its reports fit into the pipes
        finished = time.monotonic()
        stdout, stderr = process.communicate()
        self.runs += 1
        if process.returncode == -signal.SIGKILL:
            self.kills += 1
            if at:
                self.changes[name] = max(at, self.changes.get(name, 0))
            else:
                self.places[min(int(10 * delay / usual), 12)] += 1
            return None, stdout, stderr
        if not kill:  # slowly towards what is usual now
            took = finished - started
            self.typical[name] = took if name not in self.typical else 0.8 * usual + 0.2 * took
        return process.returncode, stdout, stderr

    def command(self, arguments, kill):
        """The same for a command that must succeed. Returns 0, or None if it was killed."""
        status, stdout, stderr = self.process(arguments, kill)
        if status is not None:
            self.test.assertEqual((status, stderr), (0, b""), (arguments, stdout))
        return status

    def report(self, *arguments):
        done = subprocess.run([BLINDLEND, *arguments, "--json"], cwd=self.folder,
                              capture_output=True, timeout=120)
        self.test.assertEqual((done.returncode, done.stderr), (0, b""), arguments)
        return json.loads(done.stdout)

    def write(self, name, label, data):
        with open(self.path(name), "wb") as file:
            file.write(encode_text(label, data))
        return name

    def with_output(self, arguments, label, kill):
        """A command with --out out: afterwards it is absent, the old one, or whole and new.
        Returns the new one's bytes, or None."""
        out = self.path("out")
        old = self.random.choice([None, b"the old one\n" * self.random.randrange(1, 2000)])
        if os.path.exists(out):
            os.remove(out)
        if old is not None:
            with open(out, "wb") as file:
                file.write(old)
        status = self.command([*arguments, "--out", "out"], kill)
        content = None
        if os.path.exists(out):
            with open(out, "rb") as file:
                content = file.read()
        if content == old:
            self.test.assertIsNone(status, arguments)  # a command that ends well has written it
            return None
        self.test.assertIsNotNone(content, arguments)
        self.test.assertEqual(label_of(content), label)
        return decode_text(label, content)  # fails unless it is whole

    def note(self, arguments, before, after, written, killed):
        """Where a kill fell: before the state changed, between state and output, or behind both."""
        if killed:
            place = "behind" if written else ("between" if before != after else "before")
            self.fell[" ".join(arguments[:2]), place] += 1

    # ---------------------------------------------------------------------------- what must hold

    def tables(self, directory, name):
        for end in ("", "-wal", "-shm"):
            path = self.path(f"{directory}/{name}{end}")
            if os.path.exists(path):
                self.test.assertEqual(mode(path), 0o600, path)
        return read_database(self.path(f"{directory}/{name}"))  # which runs integrity_check

    def check_identity(self, directory, tables):
        seed = tables["identity"][0]["seed"]
        self.test.assertEqual(self.identities.setdefault(directory, seed), seed, directory)

    def check_folders(self):
        """Nothing is left but what a write leaves aside, and that can be removed."""
        for folder, files in {".": None, **self.FOLDERS}.items():
            for name in os.listdir(self.path(folder)):
                if name.startswith(".blindlend-") and name.endswith(".tmp"):
                    self.leftovers += 1
                    os.remove(self.path(f"{folder}/{name}"))
                elif files is not None:
                    self.test.assertIn(name, files)

    # ---------------------------------------------------------------------------- the campaign

    def begin(self):
        """What there is before the first kill."""

    def step(self):
        """One command, mostly killed."""

    def end(self):
        """Without kills: what must have come of it all."""

    def told(self):
        """What the campaign has done, in one line."""

    def table(self):
        names = sorted({name for name, _ in self.fell})
        lines = [f"{name:18}" + "".join(f"{place} {self.fell[name, place]:5}   "
                                        for place in ("before", "between", "behind"))
                 for name in names]
        tenths = " ".join(str(self.places[i]) for i in range(13))
        return "\n".join([
            f"{self.kills} kills in {self.runs} commands; {self.told()}; "
            f"{self.leftovers} files left aside",
            f"kills by time, in tenths of the usual duration: {tenths}; at a chosen change: "
            f"{self.kills - sum(self.places.values())}", *lines])


def database_files(*names):
    return [name + end for name in names for end in ("", "-wal", "-shm")]


class KillTest(unittest.TestCase):
    """Runs a campaign until so many commands have been killed. Where the kills fell is a matter of
    luck and of the machine; that every place is met is EveryChange's work."""

    def run_campaign(self, campaign_class, kills):
        seed = OPTIONS.seed if OPTIONS.seed is not None else random.SystemRandom().randrange(2**32)
        wanted = OPTIONS.kills if OPTIONS.kills is not None else kills
        seconds = OPTIONS.seconds if OPTIONS.seconds is not None else SECONDS_A_KILL * wanted
        print(f"--kills {wanted} --seed {seed}", flush=True)
        self.folder = make_folder()
        self.addCleanup(shutil.rmtree, self.folder)
        campaign = campaign_class(self, seed)
        until = time.monotonic() + seconds
        campaign.begin()
        while campaign.kills < wanted:
            self.assertLess(time.monotonic(), until,
                            f"only {campaign.kills} of {wanted} kills in {seconds:.0f} s")
            campaign.step()
        campaign.end()
        print(campaign.table(), flush=True)
        return campaign


class EveryChange(GroupTest):
    """Each command is killed before each change that it makes to a file, and in the middle of each
    write; then it is given again."""

    def setUp(self):
        super().setUp()
        if IS_SANITIZED:
            self.skipTest("SKIPPED: nothing can be preloaded before a sanitizer")

    def killed_at(self, number, arguments):
        """Whether the command ended at that change; otherwise there were not so many."""
        environment = dict(os.environ, LD_PRELOAD=os.environ["KILL_AT_LIBRARY"],
                           KILL_AT=str(number))
        done = subprocess.run([BLINDLEND, *arguments], cwd=self.folder, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.after(arguments, done)
        if done.returncode == -signal.SIGKILL:
            self.assertEqual((done.stdout, done.stderr), ("", ""))
        return done.returncode == -signal.SIGKILL

    def each(self, arguments, directory, look, expect=0, lawful=(), step=1):
        """look(before, written): what must hold behind each kill, where before says whether the
        database is as it was, and written is what is in the file new; then it gives the command
        again, or what people are to give in its place, and sees that all is done."""
        self.save()
        before = self.counts(directory)
        self.run_cli(*arguments, expect=expect)
        self.done = self.counts(directory)
        number = 1
        fell = collections.Counter()
        while True:
            self.restore()
            if not self.killed_at(number, arguments):
                break
            with self.subTest(command=arguments[:2], change=number):
                now = self.counts(directory)
                self.assertIn(now, (before, self.done, *lawful))
                for folder in filter(os.path.isdir, map(self.path, {".", "m", directory})):
                    for name in os.listdir(folder):
                        self.assertTrue(not name.startswith(".") or name.startswith(".blindlend-")
                                        and name.endswith(".tmp"), name)
                written = None
                if os.path.exists(self.path("new")):
                    content = self.read("new")
                    written = decode_text(label_of(content), content)  # fails unless it is whole
                fell[now == before] += 1
                look(now == before, written)
            number += step
        self.assertGreater(number, 8, arguments)
        self.assertGreater(fell[True], 0, arguments)
        self.assertTrue(fell[False] or before == self.done, arguments)
        self.restore()


class AtOnce(GroupTest):
    """Several processes on one database at once."""

    ROUNDS = 5

    def at_once(self, *commands):
        """Runs commands, all let go at the same moment. Returns (status, stdout, stderr) of each."""
        ours, theirs = os.pipe()
        script = 'read x; exec "$0" "$@"'  # waits for the pipe's end
        running = [subprocess.Popen(["/bin/sh", "-c", script, BLINDLEND, *arguments, "--json"],
                                    cwd=self.folder, stdin=ours, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
                   for arguments in commands]
        os.close(ours)
        time.sleep(0.02)
        os.close(theirs)
        done = []
        for process in running:
            stdout, stderr = process.communicate(timeout=120)
            self.said.append(stdout + stderr)
            done.append((process.returncode, json.loads(stdout) if stdout else None, stderr))
        return done

    def rounds(self):
        """The group as it was, several times."""
        for _ in range(self.ROUNDS):
            yield
            shutil.rmtree(self.folder)
            shutil.copytree(self.template, self.folder)


def main(doc):
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seconds", type=float, help="fail if the kills take longer")
    parser.add_argument("--seed", type=int)
    _, rest = parser.parse_known_args(namespace=OPTIONS)
    unittest.main(argv=[sys.argv[0], *rest])

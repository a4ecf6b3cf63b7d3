"""The command simulate, and the warning of member spend that follows from it.

Run as: BLINDLEND=path/to/blindlend python3 simulate_test.py. Standard library only.
"""

import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree

from group_harness import DAY, T0, GroupTest, make_group
from harness import BLINDLEND

FEW = ["--members", "4", "--tokens", "6", "--batch", "2", "--runs", "2", "--seed", "7"]
HOUR = 60 * 60


def setUpModule():
    GroupTest.template = make_group(members=("m",))


def tearDownModule():
    shutil.rmtree(GroupTest.template)


class Simulate(GroupTest):
    template = None

    def test_says_the_same_for_people_and_programs(self):
        text = self.ok("simulate", *FEW)
        said = self.json("simulate", *FEW)
        self.assertEqual(self.ok("simulate", *FEW), text)
        self.assertRegex(text, r"\A4 members, 6 tokens each in an epoch of 30 d, 2 at a time; spent 3 d "
                               r"later on average\nobtained by each at its own times; 2 epochs, seed 7\n")
        for line in (f"effective anonymity set  {said['effective_set']:8.2f} of 4 members "
                     f"({said['entropy_bits']:.2f} bits",
                     f"degree of anonymity      {said['degree']:8.3f} of 1",
                     f"best guess               {said['best_guess']:8.3f}, right {said['right']:.3f}"):
            self.assertIn(line, text)
        self.assertEqual(said["spends"] + said["expired"], 2 * 4 * 6)
        self.assertEqual(said["spends"], sum(age["spends"] for age in said["ages"]))
        self.assertEqual((said["posterior"], said["seed"]), ("exact", 7))
        self.assertAlmostEqual(2 ** said["entropy_bits"], said["effective_set"])
        self.assertEqual({point["axis"] for point in said["curves"]}, {"delay", "members", "batch"})
        for point in said["curves"]:
            self.assertTrue(0 <= point["degree"] <= 1 + 1e-9, point)
            if point["obtain"] == "fixed" and point["sizes"] == "equal" and point["axis"] == "delay":
                self.assertAlmostEqual(point["best_guess"], 1 / 4)

    def test_seeds(self):
        other = self.json("simulate", *FEW[:-1], "8")
        self.assertNotEqual(other["entropy_bits"], self.json("simulate", *FEW)["entropy_bits"])
        fresh = self.json("simulate", *FEW[:-2])
        again = self.json("simulate", *FEW[:-1], str(fresh["seed"]))
        self.assertEqual(fresh, again)

    def test_options_reach_the_model(self):
        said = self.json("simulate", *FEW, "--epoch", "10d", "--issue", "48h", "--delay", "90m",
                         "--wait", "30s", "--lenders", "2", "--obtain", "fixed", "--sizes", "mixed")
        expected = {"epoch": 10 * DAY, "issue": 2 * DAY, "delay": 90 * 60, "wait": 30, "lenders": 2,
                    "obtain": "fixed", "sizes": "mixed", "hasty": 0, "batch": 2}
        self.assertEqual({key: said[key] for key in expected}, expected)
        self.assertLessEqual(said["effective_set"], 2, "each lender has two of the four")

    def test_sampled(self):
        said = self.json("simulate", *FEW, "--hasty", "0.5", "--haste", "10m", "--sweeps", "100")
        self.assertEqual((said["posterior"], said["hasty"], said["haste"]), ("sampled", 0.5, 600))
        self.assertEqual(said["curves"], [])
        self.assertIn("guess_error", said)

    def test_draws(self):
        said = self.json("simulate", *FEW, "--svg", "new.svg")
        self.assertEqual(said["svg"], "new.svg")
        root = xml.etree.ElementTree.parse(self.path("new.svg")).getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        first = self.read("new.svg")
        self.assertIn("drawn: new.svg", self.ok("simulate", *FEW, "--svg", "new.svg"))
        self.assertEqual(self.read("new.svg"), first)
        os.mkdir(self.path("folder"))
        self.assertIn("folder", self.unusable("simulate", *FEW, "--svg", "folder"))
        self.assertIn("no/such", self.unusable("simulate", *FEW, "--svg", "no/such"))

    def test_the_committed_picture(self):
        """What the README shows is what the command draws; a libm may round another way."""
        self.ok("simulate", "--seed", "1", "--svg", "new.svg")
        committed = pathlib.Path(__file__).resolve().parents[2] / "app" / "simulate" / "traffic.svg"
        texts = [self.read("new.svg").decode(), committed.read_text()]
        number = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
        self.assertEqual(number.sub("#", texts[0]), number.sub("#", texts[1]))
        for ours, theirs in zip(*(map(float, number.findall(text)) for text in texts)):
            self.assertAlmostEqual(ours, theirs, delta=0.15)

    def test_progress(self):
        """On a terminal it says how far it is."""
        ours, theirs = pty.openpty()
        done = subprocess.Popen([BLINDLEND, "simulate", *FEW], stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        seen = b""
        try:
            while chunk := os.read(ours, 4096):
                seen += chunk
        except OSError:  # the terminal's other end is closed
            pass
        os.close(ours)
        self.assertEqual(done.wait(), 0)
        self.assertRegex(seen.decode(), r"epoch 2 of \d+")

    def test_bad_input(self):
        for option, values in {
                "--members": ["1", "1001", "-1", "x", ""], "--tokens": ["0", "1001", "99999999999"],
                "--batch": ["0", "61", "1.5"], "--lenders": ["0", "21"], "--runs": ["0", "10001"],
                "--sweeps": ["9", "x"], "--hasty": ["-0.1", "1", "nan", "x"],
                "--epoch": ["0d", "3661d", "30", "d", "-1d", "1w", "1e3s", "99999999999999999999s"],
                "--issue": ["0s", "31d"], "--delay": ["0s", "x"], "--wait": ["30d", "-1s"],
                "--haste": ["0m"], "--obtain": ["never"], "--sizes": ["odd"],
                "--seed": ["-1", "x", "1" * 19]}.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    self.unusable("simulate", f"{option}={value}")
        self.unusable("simulate", "--members", "1000", "--tokens", "101")
        self.unusable("simulate", "--members", "1000", "--tokens", "20", "--hasty", "0.1")
        self.unusable("simulate", "extra")


class MinAge(GroupTest):
    """member spend warns when tokens have just been obtained, and works all the same."""

    OBTAINED = T0 + 4 * DAY + 23 * HOUR
    WARNING = ("blindlend: warning: tokens were obtained less than {} ago; whoever knows that can tell "
               "by the clock who spends now\n")

    def setUp(self):
        super().setUp()
        self.assertEqual(self.OBTAINED % HOUR, 0)
        self.ok(*self.accept(now=self.OBTAINED))
        self.write("request", b"a request")
        # A borrow shows its token: that is no leak.
        self.addCleanup(os.remove, self.path("new"))

    def spend(self, age, *more):
        return ["member", "spend", "--dir", "m", "--request", "request", "--out", "new", "--now",
                str(self.OBTAINED + age), *more]

    def is_early(self, age, *more):
        """Whether it warns, and whether its JSON says the same."""
        done = self.run_cli(*self.spend(age, *more, "--json"))
        early = json.loads(done.stdout)["early"]
        self.assertEqual(early, done.stderr != "")
        self.assertTrue(self.read("new").startswith(b"-----BEGIN BLINDLEND BORROW-----"))
        return early

    def test_the_default_is_a_day(self):
        self.assertTrue(self.is_early(2 * HOUR))
        self.assertTrue(self.is_early(DAY - 1))
        self.assertFalse(self.is_early(DAY))
        done = self.run_cli(*self.spend(2 * HOUR))
        self.assertEqual(done.stderr, self.WARNING.format("1 d"))
        self.assertIn("borrow", done.stdout)

    def test_configurable(self):
        self.assertFalse(self.is_early(2 * HOUR, "--min-age", "2h"))
        self.assertTrue(self.is_early(2 * HOUR, "--min-age", "121m"))
        self.assertFalse(self.is_early(2 * HOUR, "--min-age", "0s"))
        self.assertTrue(self.is_early(4 * DAY, "--min-age", "30d"))
        self.assertEqual(self.run_cli(*self.spend(2 * HOUR, "--min-age", "12h")).stderr,
                         self.WARNING.format("12 h"))
        for bad in ("1", "x", "-1h", "3661d", ""):
            self.unusable(*self.spend(DAY, f"--min-age={bad}"))

    def test_a_clock_that_was_set_back(self):
        self.ok(*self.request(out="rq2", count=1))
        self.ok(*self.issue(request="rq2", out="rs2"))
        self.ok(*self.accept("rs2", now=self.OBTAINED + 5 * DAY))
        self.assertTrue(self.is_early(2 * DAY))
        self.assertFalse(self.is_early(2 * DAY, "--min-age", "0s"))


if __name__ == "__main__":
    unittest.main()

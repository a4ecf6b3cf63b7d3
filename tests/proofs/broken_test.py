#!/usr/bin/env python3
"""spec/proofs/check must refuse proofs that are not what they say: each way to cheat, in a small theory, and one in ours."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
CHECK = TOP / "spec" / "proofs" / "check"
NOT_INSTALLED = 77

SMALL = """Section Small.
Variable n : nat.
Hypothesis positive : n <> 0.
Definition twice (x : nat) : nat := x + x.
Lemma twiceE : forall x, twice x = x + x.
Proof. reflexivity. Qed.
Theorem grows : twice n <> 0.
Proof. rewrite twiceE; destruct n; [contradiction | discriminate]. Qed.
End Small.
"""
GROWS = "Proof. rewrite twiceE; destruct n; [contradiction | discriminate]. Qed."


def check(folder, *more, **options):
    return subprocess.run([sys.executable, str(CHECK), "--folder", str(folder), *more], capture_output=True,
                          text=True, check=False, **options)


class Broken(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def begin(self, name, text):
        self.source = self.folder / name
        self.source.write_text(text)

    def change(self, old, new):
        text = self.source.read_text()
        self.assertEqual(text.count(old), 1, f"{old!r} must be there once")
        self.source.write_text(text.replace(old, new))

    def assert_refused(self, reason):
        done = check(self.folder)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(reason, done.stderr)

    def small(self, old, new, reason):
        """The small theory is refused when old has become new."""
        self.begin("Small.v", SMALL)
        (self.folder / "statements.txt").write_text(STATEMENTS)
        self.change(old, new)
        self.assert_refused(reason)

    def test_nothing_wrong(self):
        self.begin("Small.v", SMALL)
        (self.folder / "statements.txt").write_text(STATEMENTS)
        done = check(self.folder, "--checker")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Small: coqchk agrees, no axioms", done.stdout)

    def test_without_coq(self):
        self.begin("Small.v", SMALL)
        done = check(self.folder, env={"PATH": str(self.folder)})
        self.assertEqual(done.returncode, NOT_INSTALLED)
        self.assertIn("NOT CHECKED: coqc is not installed", done.stderr)

    def test_a_proof_that_is_none(self):
        self.small(GROWS, "Proof. discriminate. Qed.", "Small.v does not compile")

    def test_an_axiom_that_is_used(self):
        self.small("Theorem grows : twice n <> 0.\n" + GROWS,
                   "Axiom absurd : False.\nTheorem grows : twice n <> 0.\nProof. case absurd. Qed.",
                   "Small: absurd is not closed:\nAxioms:")

    def test_an_axiom_that_is_not_used(self):
        self.small("Section Small.", "Axiom spare : False.\nSection Small.", "Small: spare is not closed:\nAxioms:")

    def test_an_axiom_in_a_module(self):
        self.small("Section Small.", "Module Inner.\nAxiom spare : False.\nEnd Inner.\nSection Small.",
                   "Small: Inner.spare is not closed:\nAxioms:")

    def test_an_axiom_of_a_library(self):
        self.small("Section Small.", "From Coq Require Import Classical_Prop.\nDefinition borrowed := classic.\nSection Small.",
                   "Small: borrowed is not closed:\nAxioms:")

    def test_a_proof_left_open(self):
        self.small("Proof. reflexivity. Qed.", "Admitted.", "Small: twiceE is not closed:\nAxioms:")

    def test_recursion_without_end(self):
        self.small("Section Small.",
                   "Unset Guard Checking.\nFixpoint loop (x : nat) : False := loop x.\nSection Small.",
                   "Small: loop is not closed:\n")

    def test_one_more_hypothesis(self):
        self.small("Theorem grows : twice n <> 0.\n" + GROWS,
                   "Hypothesis absurd : n = 0.\nTheorem grows : twice n <> 0.\nProof. contradiction. Qed.",
                   "the theorems are not those of statements.txt")

    def test_a_theorem_that_is_gone(self):
        self.small("Theorem grows", "Lemma grows", "the theorems are not those of statements.txt")

    def test_no_statements(self):
        self.begin("Small.v", SMALL)
        self.assert_refused("statements.txt")

    def test_ours_with_a_proof_left_open(self):
        text = (TOP / "spec" / "proofs" / "BlindSignature.v").read_text("utf-8")
        self.begin("BlindSignature.v", text)
        (self.folder / "statements.txt").write_text((TOP / "spec" / "proofs" / "statements.txt").read_text("utf-8"))
        self.change("Proof. by rewrite count0 count1. Qed.", "Admitted.")
        self.assert_refused("BlindSignature: two_members_any_key is not closed:\nAxioms:")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as probe:
        (pathlib.Path(probe) / "Small.v").write_text(SMALL)
        made = check(probe, "--update")
        if made.returncode == NOT_INSTALLED:
            print("NOT TESTED: Coq is not installed", file=sys.stderr)
            sys.exit(NOT_INSTALLED)
        STATEMENTS = (pathlib.Path(probe) / "statements.txt").read_text()
    unittest.main()

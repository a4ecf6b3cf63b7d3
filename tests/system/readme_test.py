"""The tours of README.md, word by word: a new user types exactly this.

Run as: BLINDLEND=path/to/blindlend python3 readme_test.py. Standard library only. Every line of a tour's
code blocks is run by a shell, in order, in one empty folder; what stands in capitals for something that
was printed before is filled in; exit 0 is expected, but where the text says that the last line is refused.
"""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import BLINDLEND, make_folder

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"

# What is filled in, and where it was printed.
PRINTED = {"CLAIM": r"(?m)^claim ([0-9a-f]{32})$", "INSTANCE": r"(?m)^instance +([0-9a-f]{32})$"}


def tour(heading):
    """[(lines, the text behind them)] for each code block below a heading of README.md."""
    text = README.read_text(encoding="utf-8")
    [section] = re.findall(rf"(?ms)^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text)
    pieces = re.split(r"(?m)^ *```$", section)
    assert len(pieces) % 2 == 1
    return [([line.strip() for line in pieces[i].strip().splitlines()], pieces[i + 1])
            for i in range(1, len(pieces), 2)]


class Tour(unittest.TestCase):
    def setUp(self):
        self.folder = make_folder()
        self.addCleanup(shutil.rmtree, self.folder)
        self.output = ""  # all that was printed
        self.refused = 0

    def fill(self, line):
        def last(match):
            found = re.findall(PRINTED[match[2]], self.output)
            self.assertTrue(found, f"{match[2]} was not printed before: {line}")
            return f"{match[1]} {found[-1]}"

        return re.sub(rf"(--\w+) ({'|'.join(PRINTED)})\b", last, line)

    def shell(self, line, status, warns):
        path = os.pathsep.join([os.environ["PATH"], os.path.dirname(os.path.abspath(BLINDLEND))])
        done = subprocess.run(["/bin/sh", "-c", line], cwd=self.folder, env={**os.environ, "PATH": path},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, status, (line, done.stdout, done.stderr))
        if status == 0:
            self.assertRegex(done.stderr, r"\A(blindlend: warning: [^\n]+\n)\Z" if warns else r"\A\Z", line)
        self.output += done.stdout
        return done

    def walk(self, heading):
        """Runs a tour. Returns the commands that it has shown."""
        shown = set()
        for lines, behind in tour(heading):
            text = " ".join(behind.split())
            is_refused = "The last line is refused" in text
            for i, line in enumerate(lines):
                shown |= set(re.findall(r"blindlend (\w+(?: \w+)?)", line))
                status = 1 if is_refused and i == len(lines) - 1 else 0
                warns = any(re.search(rf"blindlend \w+ {word}\b", line)
                            for word in re.findall(r"`(\w+)` warns, and works", text))
                done = self.shell(self.fill(line), status, warns)
                if status == 1:
                    self.refused += 1
                    step = re.search(r"The last line is refused, at `([\w.]+)`", text)
                    if step:
                        self.assertIn(f"refused at {step[1]}: ", done.stderr)
                    else:
                        self.assertEqual(done.stdout, "served\n")
        return shown

    def test_group(self):
        """Five minutes for a group: it reaches a token that was redeemed and served."""
        shown = self.walk("Five minutes for a group")
        self.assertLessEqual({"admin init", "lender init", "member init", "admin enroll",
                              "admin epoch", "member join", "lender join", "member request",
                              "admin issue", "member accept", "member balance", "admin status",
                              "member spend", "lender redeem", "lender settle", "member outcome",
                              "attest keygen", "attest make", "lender status", "attest check"}, shown)
        self.assertEqual(self.refused, 1)
        self.assertIn("held         50\n", self.output)
        self.assertIn("fresh\n", self.output)
        self.assertIn("spent, and erased\n", self.output)
        self.assertIn("epoch 1: 0 claimed, 0 released, 1 served\n", self.output)
        self.assertIn("valid: somebody with the group's key", self.output)

    def test_auditor(self):
        """Five minutes for an auditor, step 4: a signature by hand."""
        shown = self.walk("Five minutes for an auditor")
        self.assertEqual({each.split()[0] for each in shown},
                         {"key", "blind", "sign", "finalize", "verify"})
        self.assertEqual(self.refused, 1)


if __name__ == "__main__":
    unittest.main()

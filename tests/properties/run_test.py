#!/usr/bin/env python3
"""Tests of tests/properties/run: on a stub with planted failures, and that it finds every property there is.

PROPERTY_STUB is the stub's path, which ends in DIR/tests/property_stub; PROPERTY_BUILD the build's."""

import collections
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
TOOL = pathlib.Path(__file__).resolve().parent / "run"
LOADER = importlib.machinery.SourceFileLoader("run_tool", str(TOOL))
tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_tool", LOADER))
sys.modules["run_tool"] = tool
LOADER.exec_module(tool)
STUB = pathlib.Path(os.environ["PROPERTY_STUB"]).parents[1]
BUILD = pathlib.Path(os.environ["PROPERTY_BUILD"])


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = pathlib.Path(folder.name)

    def arguments(self, *more):
        return [TOOL, "--build", STUB, "--out", self.out, "--jobs", "2", *more]

    def run_it(self, *more, status=0):
        process = subprocess.run(self.arguments(*more), capture_output=True, text=True)
        self.assertEqual(process.returncode, status, process.stdout + process.stderr)
        return process.stdout

    def journal(self):
        return [json.loads(line) for line in (self.out / "journal.jsonl").read_text().splitlines()[1:]]

    def summary(self):
        return json.loads((self.out / "summary.json").read_text())

    def repeat(self, line):
        return subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=tool.TOP)

    def test_a_planted_failure_is_found_and_its_line_repeats_it(self):
        # 40 shards or more in 4 s: all pass with probability 0.8^40, below 2^-12, of a fixed seed.
        said = self.run_it("--budget", "4s", "--seed", "3", "--only", "Stub.[HF]*", status=1)
        found = {one["name"]: one for one in self.summary()["properties"]}
        self.assertEqual(found["Stub.Holds"]["result"], "passed")
        failed = found["Stub.FailsForFewSeeds"]
        self.assertEqual(failed["result"], "failed")
        self.assertIn("Falsifiable after", said)
        self.assertIn("RC_ASSERT(x < 449 * 1000)", said)
        self.assertIn(f"reproduce: {failed['reproduce']}\n", said)
        shrunk = re.search(r"Falsifiable after .*", said)[0]
        again = self.repeat(failed["reproduce"])
        self.assertEqual(again.returncode, 1)
        self.assertIn(shrunk, again.stdout)
        self.assertIn("int:\n449000\n", again.stdout)
        # What passed is repeated by its line too, to the same counts.
        first = next(shard for shard in self.journal() if shard["name"] == "Stub.Holds" and shard["number"] == 0)
        again = self.repeat(found["Stub.Holds"]["reproduce"])
        self.assertEqual(again.returncode, 0)
        told = tool.read_output("Stub.Holds", again.stdout, 0)
        self.assertEqual({key: first[key] for key in told}, told)

    def test_it_is_not_run_again_after_it_failed(self):
        self.run_it("--budget", "2s", "--only", "Stub.Stops", status=1)
        self.assertEqual(self.summary()["shards"], 1)
        self.assertIn("exit -6", self.journal()[0]["failed"])
        said = self.run_it("--budget", "4s", "--only", "Stub.Stops", status=1)
        self.assertIn("FAILED Stub.Stops", said)
        self.assertEqual(self.summary()["shards"], 1)

    def test_a_vacuous_property_fails(self):
        self.assertIn("Gave up after", self.run_it("--budget", "1s", "--only", "Stub.IsVacuous", status=1))

    def test_sums(self):
        self.run_it("--budget", "2s", "--only", "Stub.Holds")
        shards, summary = self.journal(), self.summary()
        self.assertGreater(len(shards), 2)
        self.assertEqual(set(summary), {"format", "commit", "seed", "seconds", "jobs", "shards", "properties"})
        self.assertEqual((summary["format"], summary["seed"], summary["jobs"], summary["shards"]),
                         (1, 1, 2, len(shards)))
        [one] = summary["properties"]
        self.assertEqual(set(one), {"name", "program", "cases", "discarded", "result", "distribution", "reproduce"})
        self.assertEqual(one["cases"], 100 * len(shards))
        self.assertEqual(one["discarded"], sum(shard["discarded"] for shard in shards))
        self.assertGreater(one["discarded"], 0)
        labels = one["distribution"]
        self.assertEqual(labels["even"] + labels["odd, or so"], one["cases"])
        self.assertTrue(0 < labels["small"] < one["cases"])
        self.assertEqual(len({shard["seed"] for shard in shards}), len(shards))

    def test_a_seed_decides(self):
        seeds = []
        for seed in ("5", "5", "6"):
            self.run_it("--budget", "1s", "--fresh", "--seed", seed, "--only", "Stub.Holds")
            seeds.append({shard["number"]: shard["seed"] for shard in self.journal()}[0])
        self.assertEqual(seeds[0], seeds[1])
        self.assertNotEqual(seeds[0], seeds[2])

    def test_a_killed_campaign_goes_on(self):
        process = subprocess.Popen(self.arguments("--budget", "60s", "--only", "Stub.Holds"),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begin = time.monotonic()
        while time.monotonic() - begin < 60 and (
                not (self.out / "journal.jsonl").exists()
                or (self.out / "journal.jsonl").read_text().count("\n") < 4):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertFalse((self.out / "summary.json").exists())
        before = self.journal()
        self.assertGreaterEqual(len(before), 3)
        with (self.out / "journal.jsonl").open("a") as journal:
            journal.write('{"name": "Stub.Ho')  # ended while it wrote
        used = sum(shard["seconds"] for shard in before) / 2
        said = self.run_it("--budget", f"{int(used) + 2}s", "--only", "Stub.Holds")
        self.assertIn(f"goes on behind {len(before)} shards", said)
        after = self.journal()
        self.assertEqual(after[:len(before)], before)
        self.assertGreater(len(after), len(before))
        numbers = collections.Counter(shard["number"] for shard in after)
        self.assertEqual(max(numbers.values()), 1)
        self.assertEqual(self.summary()["properties"][0]["cases"], 100 * len(after))
        # Nothing is left of the budget; another seed is another campaign.
        self.run_it("--budget", "1s", "--only", "Stub.Holds")
        self.assertEqual(self.journal(), after)
        self.assertIn("begins anew", self.run_it("--budget", "1s", "--seed", "2", "--only", "Stub.Holds"))

    def test_what_checks_nothing_has_failed(self):
        self.assertTrue(tool.read_output("A.B", "[  PASSED  ] 1 test.", 0)["failed"])
        line = tool.LINE + json.dumps({"name": "A.B", "cases": 1, "discarded": 0, "distribution": {}})
        self.assertFalse(tool.read_output("A.B", line, 0)["failed"])
        self.assertTrue(tool.read_output("A.B", line, 1)["failed"])
        with self.assertRaises(ValueError):
            tool.read_output("A.C", line, 0)

    def test_it_finds_every_property(self):
        said = subprocess.run([TOOL, "--build", BUILD, "--list"], capture_output=True, text=True, check=True).stdout
        listed = {line.split(": ")[1] for line in said.splitlines()}
        written = {name for path in (tool.TOP / "tests").rglob("*.cc") for name in tool.properties_in(path.read_text())}
        self.assertEqual(listed, {name for name in written if not name.startswith("Stub.")})
        self.assertGreater(len(listed), 60)
        for path in (tool.TOP / "tests").rglob("*.cc"):
            test = ""
            for line in path.read_text().split("\n"):
                match = tool.TEST.match(line)
                test = match[1] if match else "" if line == "}" else test
                self.assertTrue(test or not tool.CALL.search(line), f"{path}: a property outside of a test")

    def test_usage(self):
        for arguments in ([], ["--budget", "soon"], ["--budget", "0s"], ["--budget", "1s", "--jobs", "0"],
                          ["--budget", "1s", "--seed", "x"], ["--budget", "1s", "--only", "No.*"],
                          ["--budget", "1s", "--build", str(self.out)]):
            process = subprocess.run([TOOL, "--out", self.out, *arguments], capture_output=True, text=True)
            self.assertEqual(process.returncode, 2, arguments)
            self.assertTrue(process.stderr)


if __name__ == "__main__":
    unittest.main()

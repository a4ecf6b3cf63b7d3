#!/usr/bin/env python3
"""Rules of the house that a machine can keep: each with a tree that breaks it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]

# NTL's generator is seeded from time and process id. Spec README, "source".
NTL_RANDOM = re.compile(r"\b(RandomBnd|RandomBits|RandomLen|RandomWord|RandomBits_ZZ|RandomBits_long|"
                        r"RandomBits_ulong|RandomPrime|GenPrime|GenGermainPrime|ProbPrime|NextPrime|"
                        r"RandomStream|SetSeed|VectorRandomBnd|VectorRandomWord)\b")
# ref/ does no I/O, reads no clock, owns no randomness, has no macros.
NOT_IN_REF = re.compile(r"#include <(iostream|fstream|cstdio|filesystem|chrono|ctime|random|thread|"
                        r"sys/[a-z]+\.h|unistd\.h|fcntl\.h)>|\brandombytes_|\bgetenv\b|#\s*define\b")


def sources(top, *rooms):
    return [path for room in rooms for path in sorted((top / room).rglob("*"))
            if path.suffix in (".cc", ".h")]


def matches(top, pattern, *rooms):
    """file:line of every line that has the pattern; comments count too."""
    return [f"{path.relative_to(top)}:{number}"
            for path in sources(top, *rooms)
            for number, line in enumerate(path.read_text().splitlines(), 1)
            if pattern.search(line)]


class Rules(unittest.TestCase):
    def test_no_generator_of_ntl(self):
        self.assertEqual(matches(TOP, NTL_RANDOM, "ref", "app", "fuzz", "bench", "tests"), [])

    def test_ref_is_pure(self):
        self.assertEqual(matches(TOP, NOT_IN_REF, "ref"), [])

    def test_the_rules_can_be_broken(self):
        with tempfile.TemporaryDirectory() as folder:
            top = pathlib.Path(folder)
            (top / "ref").mkdir()
            for text in ("x = RandomBnd(n);", "NTL::GenPrime(p, 100);", "ProbPrime(w, 10)"):
                (top / "ref" / "bad.cc").write_text(text + "\n")
                self.assertEqual(matches(top, NTL_RANDOM, "ref"), ["ref/bad.cc:1"], text)
            for text in ("#include <chrono>", "#include <fstream>", "randombytes_buf(p, 1);",
                         "#define X 1"):
                (top / "ref" / "bad.cc").write_text(text + "\n")
                self.assertEqual(matches(top, NOT_IN_REF, "ref"), ["ref/bad.cc:1"], text)

    def test_size_of_ref(self):
        """ref/ is to be read in one sitting. The aim was 1,050 lines; this is what it came to."""
        lines = sum(1 for path in sources(TOP, "ref") for line in path.read_text().splitlines()
                    if line.strip() and not line.strip().startswith("//"))
        self.assertLessEqual(lines, 1330)

    def test_sources_are_formatted(self):
        files = sources(TOP, "ref", "app", "tests", "fuzz", "bench")
        process = subprocess.run(["clang-format-19", "--dry-run", "--Werror", *map(str, files)],
                                 cwd=TOP, capture_output=True, text=True)
        self.assertEqual(process.returncode, 0, process.stderr[:2000])

    def test_no_path_of_a_machine(self):
        """No file names somebody's home folder."""
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=False)
        if listed.returncode != 0:
            self.skipTest("not a git checkout")
        bad = re.compile(r"/home/\w+/|/root/")
        found = [name for name in listed.stdout.decode().split("\0")
                 if name and (TOP / name).is_file() and not name.startswith("fuzz/corpus/")
                 and name != "tests/system/repo_test.py"
                 and bad.search((TOP / name).read_text(errors="replace"))]
        self.assertEqual(found, [])


class Packages(unittest.TestCase):
    """The list that ./audit and ./check install from is whole and can be installed."""

    def names(self):
        return [line.strip() for line in (TOP / "packages.txt").read_text().splitlines()
                if line.strip() and not line.startswith("#")]

    def test_apt_knows_them_all(self):
        process = subprocess.run(["apt-get", "-s", "install", "--no-install-recommends",
                                  *self.names()], capture_output=True, text=True)
        if "Unable to locate package" in process.stderr and not any(
                pathlib.Path("/var/lib/apt/lists").glob("*Packages*")):
            self.skipTest("apt has no package lists")
        self.assertEqual(process.returncode, 0, process.stderr)

    def test_only_the_two_commands_read_it(self):
        for name in ("audit", "check"):
            self.assertIn(". tools/setup", (TOP / name).read_text())
        self.assertIn("packages.txt", (TOP / "tools" / "setup").read_text())

    def run_check(self, *arguments, missing):
        """./check in a copy of the top folder whose list names a package that nobody has."""
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder)
            (copy / "tools").mkdir()
            for name in ("check", "audit", "tools/setup"):
                shutil.copy(TOP / name, copy / name)
            (copy / "packages.txt").write_text(f"# a list\n\npython3\n{missing}\n")
            return [subprocess.run([copy / command, *arguments], capture_output=True, text=True)
                    for command in ("check", "audit")]

    def test_no_install_names_what_is_missing(self):
        for process in self.run_check("--no-install", missing="blindlend-no-such-package"):
            self.assertEqual(process.returncode, 2)
            self.assertIn("missing: blindlend-no-such-package\n", process.stdout)
            self.assertIn("--no-install", process.stderr)
            self.assertNotIn("python3", process.stdout)

    def test_clients_are_pinned(self):
        """By exact versions and by content; the lock names no registry's host and no place on a machine."""
        folder = TOP / "tests" / "system" / "sdk"
        text = (folder / "package-lock.json").read_text()
        lock, wanted = json.loads(text), json.loads((folder / "package.json").read_text())["dependencies"]
        self.assertEqual(lock["packages"][""]["dependencies"], wanted)
        for name, version in wanted.items():
            self.assertRegex(version, r"\A\d+\.\d+\.\d+\Z")
            self.assertEqual(lock["packages"][f"node_modules/{name}"]["version"], version)
        for name, package in lock["packages"].items():
            self.assertTrue(name == "" or package["integrity"].startswith("sha512-"), name)
        self.assertNotRegex(text, r'"resolved"|//|"file:|"link"')

    def install_clients(self, folder, npm, may_install="yes"):
        """What tools/setup says of the clients, in a tree where npm is this script, or absent."""
        tools = folder / "bin"
        shutil.rmtree(tools, ignore_errors=True)
        tools.mkdir(parents=True)
        for name in ("bash", "cmp", "cp", "mkdir", "rm", "timeout", "touch", "echo"):
            (tools / name).symlink_to(shutil.which(name))
        if npm is not None:
            for name, script in (("npm", npm), ("node", "true")):
                (tools / name).write_text(f"#!{shutil.which('bash')}\n{script}\n")
                (tools / name).chmod(0o755)
        (folder / "tests/system").mkdir(parents=True, exist_ok=True)
        shutil.copytree(TOP / "tests/system/sdk", folder / "tests/system/sdk", dirs_exist_ok=True)
        (folder / "build").mkdir(exist_ok=True)
        done = subprocess.run([shutil.which("bash"), "-c", f". {TOP}/tools/setup; install_clients {may_install}"], cwd=folder,
                              env={"PATH": str(tools)}, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_clients_are_installed_once(self):
        """Absent npm, --no-install and a failing network are said, and are no error; what is there is not asked for again."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            place = folder / "build" / "sdk"
            self.assertIn("absent, so the real SDKs will NOT be tried", self.install_clients(folder, None))
            self.assertIn("because of --no-install", self.install_clients(folder, "touch asked", "no"))
            self.assertFalse((folder / "asked").exists())
            self.assertIn("will NOT be tried", self.install_clients(folder, 'mkdir "$3/node_modules"; echo no >&2; exit 1'))
            self.assertFalse(place.exists())
            good = '[ "$1" = ci ] && [ -e "$3/package-lock.json" ] && mkdir "$3/node_modules"'
            self.assertNotIn("NOT", self.install_clients(folder, good))
            self.assertTrue((place / "node_modules").is_dir())
            self.assertIn("are installed", self.install_clients(folder, "touch asked"))
            self.assertFalse((folder / "asked").exists())
            # Another pin is another installation.
            with (folder / "tests/system/sdk/package-lock.json").open("a") as lock:
                lock.write("\n")
            shutil.rmtree(folder / "build")
            self.assertNotIn("are installed", self.install_clients(folder, good))

    def test_usage(self):
        for command, arguments in (("check", ["--what"]), ("audit", ["--what"]),
                                   ("audit", ["--budget"]), ("audit", ["--budget", "soon"]),
                                   ("audit", ["--budget", "0s"]), ("audit", ["--seed", "x"])):
            process = subprocess.run([TOP / command, *arguments], capture_output=True, text=True)
            self.assertEqual(process.returncode, 2, arguments)
            self.assertNotEqual(process.stderr, "")
        for command in ("check", "audit"):
            process = subprocess.run([TOP / command, "--help"], capture_output=True, text=True)
            self.assertEqual(process.returncode, 0)
            self.assertIn("--no-install", process.stdout)

    def test_scripts_are_executable(self):
        for name in ("audit", "check", ".ci/run", "tools/trace", "tools/mutate", "tools/coverage",
                     "tools/evidence", "tools/verify", "tests/properties/run", "tools/report", "bench/run", "bench/compare", "fuzz/run"):
            self.assertTrue(os.access(TOP / name, os.X_OK), name)


if __name__ == "__main__":
    unittest.main()

"""The command line: every command as a process of its own, over files.

Run as: BLINDLEND=path/to/blindlend python3 cli_test.py. Standard library only; openssl is called
once. Labels such as Verify.1 are the steps of spec/.
"""

import ctypes
import hashlib
import json
import math
import os
import pty
import re
import resource
import shutil
import struct
import subprocess
import time
import unittest

from harness import (
    BLINDLEND,
    E,
    Commands,
    batch,
    decode_text,
    encode_text,
    i2osp,
    key_id,
    make_folder,
    mode,
    parse_batch,
    parse_secret_key,
    parse_state,
    prime,
    public_key,
    remember_secret,
    secret_key,
    shows_secret,
    signature,
    snapshot,
    state,
)

# ------------------------------------------------------------------------------------- the harness


class Exchange:
    """A key, and a batch of three messages that went all the way; made once."""

    messages = [b"one", b"", bytes(range(256)) * 40]


def limit_memory():
    """Room for the program and a few copies of the largest object."""
    if not os.environ.get("BLINDLEND_SANITIZE"):  # sanitizers reserve more than any limit
        resource.setrlimit(resource.RLIMIT_DATA, (90_000_000, 90_000_000))


class CliTest(Commands):
    def lay_out(self):
        """The files of the finished exchange."""
        for name, content in Exchange.files.items():
            self.write(name, content)

    def blind(self, *more, messages=("m0", "m1", "m2"), key="public", request="new1", state="new2"):
        given = [x for message in messages for x in ("--message", message)]
        return ["blind", "--key", key, *given, "--request", request, "--state", state, *more]

    def sign(self, key="secret", request="request", response="new1"):
        return ["sign", "--key", key, "--request", request, "--response", response]

    def finalize(self, key="public", state="state", response="response", to=None):
        names = ["new0", "new1", "new2"] if to is None else to
        given = [x for name in names for x in ("--signature", name)]
        return ["finalize", "--key", key, "--state", state, "--response", response, *given]

    def generate(self, *more, bits=2048, secret="new1", public="new2"):
        names = ["--secret", secret, "--public", public]
        return ["key", "generate", "--bits", str(bits), *names, *more]

    def verify(self, message="m0", sig="s0", key="public"):
        return ["verify", "--key", key, "--message", message, "--signature", sig]


def setUpModule():
    folder = make_folder()
    try:

        def run(*arguments):
            command = [BLINDLEND, *arguments]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)

        for i, message in enumerate(Exchange.messages):
            with open(os.path.join(folder, f"m{i}"), "wb") as file:
                file.write(message)
        for prefix in ("", "other-"):
            secret, public = prefix + "secret", prefix + "public"
            run("key", "generate", "--bits", "2048", "--secret", secret, "--public", public)
        given = [x for i in range(3) for x in ("--message", f"m{i}")]
        run("blind", "--key", "public", *given, "--request", "request", "--state", "state")
        run("sign", "--key", "secret", "--request", "request", "--response", "response")
        given = [x for i in range(3) for x in ("--signature", f"s{i}")]
        run("finalize", "--key", "public", "--state", "state", "--response", "response", *given)
        Exchange.files = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                Exchange.files[name] = file.read()
    finally:
        shutil.rmtree(folder)
    files = Exchange.files
    Exchange.sk = parse_secret_key(decode_text("SECRET KEY", files["secret"]))
    Exchange.n = Exchange.sk["n"]
    Exchange.k = 256
    Exchange.request = decode_text("BLIND REQUEST", files["request"])
    Exchange.response = decode_text("BLIND RESPONSE", files["response"])
    Exchange.state = decode_text("BLIND STATE", files["state"])
    Exchange.sig = decode_text("SIGNATURE", files["s0"])[4:]
    for name in ("d", "p", "q", "dp", "dq", "qinv"):
        remember_secret(Exchange.sk[name])
    for r_inv, _ in parse_state(Exchange.state)[3]:
        remember_secret(r_inv)


# --------------------------------------------------------------------------------------- the tests


class Whole(CliTest):
    """What the commands do when all is well."""

    def test_key_generate(self):
        """GenerateKey, KeyFromPrimes; EncodeSecretKey, EncodePublicKey, KeyId, Fingerprint."""
        for bits in (2048, 3072, 4096):
            with self.subTest(bits=bits):
                names = ["--secret", f"secret{bits}", "--public", f"public{bits}"]
                length = [] if bits == 3072 else ["--bits", str(bits)]  # 3072 is the default
                said = json.loads(self.ok("key", "generate", *length, *names, "--json"))
                sk = parse_secret_key(decode_text("SECRET KEY", self.read(f"secret{bits}")))
                self.assertEqual(sk["n"].bit_length(), bits)
                self.assertEqual((sk["e"], sk["p"] * sk["q"]), (E, sk["n"]))
                self.assertEqual(E * sk["d"] % math.lcm(sk["p"] - 1, sk["q"] - 1), 1)
                public = decode_text("PUBLIC KEY", self.read(f"public{bits}"))
                self.assertEqual(public, public_key(sk["n"]))
                ident = key_id(sk["n"])
                groups = [f"{a:05d}" for a in struct.unpack(">16H", ident)]
                self.assertEqual(said["result"], "done")
                self.assertEqual((said["bits"], said["key_id"]), (bits, ident.hex()))
                self.assertEqual(said["fingerprint"], " ".join(groups))
                self.assertEqual(sorted(os.listdir(self.folder)).count(f"secret{bits}"), 1)
        self.assertEqual(len(os.listdir(self.folder)), 6)

    def test_keys_differ(self):
        """Randomness: two runs share nothing, nor do two blindings of the same messages."""
        self.assertNotEqual(Exchange.files["secret"], Exchange.files["other-secret"])
        self.lay_out()
        self.ok(*self.blind())
        old = parse_batch(Exchange.request)[2] + [r for r, _ in parse_state(Exchange.state)[3]]
        new = parse_batch(decode_text("BLIND REQUEST", self.read("new1")))[2]
        new += [r for r, _ in parse_state(decode_text("BLIND STATE", self.read("new2")))[3]]
        self.assertEqual(len(set(old + new)), 12)

    def test_key_show(self):
        """KeyId and Fingerprint are the same of either half."""
        self.lay_out()
        ident = key_id(Exchange.n)
        aloud = " ".join(f"{a:05d}" for a in struct.unpack(">16H", ident))
        for name, kind in (("public", "PUBLIC KEY"), ("secret", "SECRET KEY")):
            lines = self.ok("key", "show", name)
            for value in (kind, "2048", ident.hex(), aloud):
                self.assertRegex(lines, rf"(?m) {value}$")
            said = json.loads(self.ok("key", "show", name, "--json"))
            self.assertEqual((said["kind"], said["bits"]), (kind, 2048))
            self.assertEqual((said["key_id"], said["fingerprint"]), (ident.hex(), aloud))

    def test_key_export(self):
        """OpenSSL reads the exported key and finds this modulus and exponent in it."""
        self.lay_out()
        pem = self.ok("key", "export", "public")
        self.assertEqual(self.ok("key", "export", "secret"), pem)
        self.assertEqual(self.ok("key", "export", "public", "--out", "pem"), "")
        self.assertEqual(self.read("pem").decode(), pem)
        openssl = subprocess.run(
            ["openssl", "rsa", "-pubin", "-text", "-noout"],
            input=pem.encode(),
            capture_output=True,
            check=True,
        ).stdout.decode()
        modulus = re.search(r"Modulus:([\s0-9a-f:]+)Exponent: (\d+)", openssl)
        self.assertEqual(int(re.sub(r"[\s:]", "", modulus[1]), 16), Exchange.n)
        self.assertEqual(int(modulus[2]), E)
        self.assertIn("(2048 bit)", openssl)

    def test_exchange(self):
        """Blind, BlindSign, Finalize, Verify in a batch of three, one message empty; the member's
        and the signer's files move between two folders."""
        self.lay_out()
        ident, width, blinded = parse_batch(Exchange.request)
        self.assertEqual((ident, width, len(blinded)), (key_id(Exchange.n), 256, 3))
        answered, width, answers = parse_batch(Exchange.response)
        self.assertEqual(answered, hashlib.sha256(Exchange.request).digest())
        self.assertEqual([pow(s, E, Exchange.n) for s in answers], blinded)
        entries = parse_state(Exchange.state)[3]
        self.assertEqual([msg for _, msg in entries], Exchange.messages)
        for i, (r_inv, _) in enumerate(entries):
            sig = decode_text("SIGNATURE", self.read(f"s{i}"))[4:]
            self.assertEqual(int.from_bytes(sig, "big"), answers[i] * r_inv % Exchange.n)
            self.assertEqual(self.ok(*self.verify(f"m{i}", f"s{i}")), "valid\n")
            said = json.loads(self.ok(*self.verify(f"m{i}", f"s{i}"), "--json"))
            self.assertEqual(said, {"result": "valid"})

        member, signer = self.path("member"), self.path("signer")
        os.mkdir(member)
        os.mkdir(signer)
        self.ok(*self.blind(request="member/request", state="member/state"))
        os.rename(f"{member}/request", f"{signer}/request")
        self.ok(*self.sign(request="signer/request", response="signer/response"))
        os.rename(f"{signer}/response", f"{member}/response")
        names = [f"member/s{i}" for i in range(3)]
        self.ok(*self.finalize(state="member/state", response="member/response", to=names))
        for i in range(3):
            # Property.SignatureUnique: another r, the same signature.
            self.assertEqual(self.read(f"member/s{i}"), self.read(f"s{i}"))

    def test_json_reports(self):
        """--json of the commands that make something says what they made."""
        self.lay_out()
        ident = key_id(Exchange.n).hex()
        said = json.loads(self.ok(*self.blind(), "--json"))
        expected = {"result": "done", "key_id": ident, "messages": 3, "request": "new1"}
        self.assertEqual(said, expected | {"state": "new2"})
        said = json.loads(self.ok(*self.sign(), "--json"))
        self.assertEqual(said, {"result": "done", "key_id": ident, "values": 3, "response": "new1"})
        said = json.loads(self.ok(*self.finalize(), "--json"))
        names = ["new0", "new1", "new2"]
        self.assertEqual(said, {"result": "done", "key_id": ident, "signatures": names})

    def test_json_with_any_file_name(self):
        """A file name that is not UTF-8 still gives JSON; one with a line end gives one line."""
        self.lay_out()
        arguments = self.sign(response=b"\xff")
        self.assertIn("response", json.loads(self.ok(*arguments, "--json")))
        self.assertIn("two?lines", self.unusable("key", "show", "two\nlines"))

    def test_batch_of_1000(self):
        """BlindBatch.1's last lawful count goes through, in one request."""
        self.lay_out()
        os.mkdir(self.path("m"))
        names = [self.write(f"m/{i}", i2osp(i, 2)) for i in range(1000)]
        self.assertIn("1000 messages", self.ok(*self.blind(messages=names)))
        self.assertEqual(len(parse_batch(decode_text("BLIND REQUEST", self.read("new1")))[2]), 1000)

    def test_message_of_the_largest_size(self):
        """BlindBatch.1's last lawful size goes through all four commands."""
        self.lay_out()
        self.write("m0", b"x" * (1 << 24))
        self.ok(*self.blind(messages=["m0"]))
        self.ok(*self.sign(request="new1", response="r"))
        self.ok(*self.finalize(state="new2", response="r", to=["s"]))
        self.ok(*self.verify("m0", "s"))

    def test_vectors(self):
        """vectors generate is deterministic, and check passes what it made."""
        self.ok("vectors", "generate", "v")
        first = snapshot(self.path("v"))
        self.ok("vectors", "generate", "v")
        self.assertEqual(snapshot(self.path("v")), first)
        self.assertIn("Verify.json", os.listdir(self.path("v")))
        self.write("v/schema.json", b"{}")  # belongs there, and is not a vector file
        table = self.ok("vectors", "check", "v")
        self.assertRegex(table, r"(?m)^Verify\.json +\d+ +0$")
        self.assertRegex(table.splitlines()[-1], rf"^all {len(first)} files +\d+ +0$")
        said = json.loads(self.ok("vectors", "check", "v", "--json"))
        self.assertEqual((said["result"], said["failed"]), ("valid", 0))
        self.assertEqual(sum(file["tests"] for file in said["files"]), said["tests"])
        self.assertEqual(len(said["files"]), len(first))
        said = json.loads(self.ok("vectors", "generate", "w", "--json"))
        self.assertEqual(said, {"result": "done", "files": len(first)})

    def test_version_and_help(self):
        """--version names the libraries; help is not an error."""
        text = self.ok("--version")
        for name in ("blindlend", "NTL", "GMP", "libsodium", "OpenSSL"):
            self.assertRegex(text, rf"(?m)^{name} \d+\.\d+\.\d+")
        for command in ([], ["key"], ["key", "generate"], ["blind"], ["vectors", "check"]):
            self.assertIn("Usage:", self.ok(*command, "--help"))

    def test_stdout_that_cannot_be_written(self):
        """A report that nobody gets is not a success."""
        self.lay_out()
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [BLINDLEND, *self.verify()], cwd=self.folder, stdout=full, stderr=subprocess.PIPE
            )
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, b"blindlend: standard output cannot be written\n")

    def test_progress_on_a_terminal_only(self):
        """Progress goes to a terminal, and stderr is silent otherwise (as `ok` sees everywhere)."""
        generate = self.generate(bits=4096)
        for arguments, text in ((generate, "two primes"), (["vectors", "generate", "v"], "Verify")):
            ours, theirs = pty.openpty()
            done = subprocess.Popen(
                [BLINDLEND, *arguments], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=theirs
            )
            os.close(theirs)
            seen = b""
            try:
                while chunk := os.read(ours, 4096):
                    seen += chunk
            except OSError:  # the terminal's other end is closed
                pass
            os.close(ours)
            self.assertEqual(done.wait(), 0)
            self.assertIn(text, seen.decode())


class Usage(CliTest):
    """What the command line itself refuses: status 2."""

    def test_bad_arguments(self):
        """Commands and options that do not exist, are missing, or come twice."""
        self.lay_out()
        for arguments in (
            [],
            ["key"],
            ["vectors"],
            ["vectors", "check"],
            ["unknown"],
            ["--unknown"],
            ["key", "show"],
            ["key", "show", "public", "secret"],
            ["key", "show", "--force", "public"],
            self.verify() + ["--signature", "s1"],
            self.verify() + ["extra"],
            self.verify()[:-2],
            self.sign()[:-2],
            self.finalize(to=[]),
            self.blind(messages=[]),
            ["blind", "--message"],
            self.blind() + ["stray"],
            self.blind()[:-2],
        ):
            with self.subTest(arguments=arguments):
                self.unusable(*arguments)

    def test_option_takes_one_file(self):
        """--message a b is not two messages, and a name in brackets is a name."""
        self.lay_out()
        arguments = self.blind(messages=["m0"])
        self.unusable(*arguments[:5], "m1", *arguments[5:])
        self.write("[m0,m1]", b"in brackets")
        self.ok(*self.blind(messages=["[m0,m1]"]))
        entries = parse_state(decode_text("BLIND STATE", self.read("new2")))[3]
        self.assertEqual([msg for _, msg in entries], [b"in brackets"])

    def test_bits(self):
        """Only production lengths are made (ValidatePublicKey.1)."""
        for bits in ("512", "1024", "2047", "2064", "8192", "0", "-2048", "x", ""):
            with self.subTest(bits=bits):
                self.unusable(*self.generate()[:2], f"--bits={bits}", *self.generate()[4:])

    def test_number_of_signature_files(self):
        """One file for each message of the state."""
        self.lay_out()
        for count in (1, 2, 4):
            line = self.unusable(*self.finalize(to=[f"new{i}" for i in range(count)]))
            self.assertIn("holds 3 messages", line)

    def test_same_path_twice(self):
        """An output is no input and no other output, however the path is written."""
        self.lay_out()
        os.symlink(".", self.path("here"))
        os.link(self.path("m0"), self.path("hard-link"))
        for arguments in (
            self.generate(secret="a", public="a"),
            self.generate(secret="a", public="./here/a"),
            ["key", "export", "public", "--out", "public"],
            ["key", "export", "public", "--out", "here/public"],
            self.blind("--force", state="m0"),
            self.blind("--force", state="public"),
            self.blind("--force", state="hard-link"),
            self.blind("--force", state="new1"),
            self.blind(request="m2"),
            self.sign(response="request"),
            self.sign(response="secret"),
            self.finalize(to=["new0", "new1", "state"]),
            self.finalize(to=["response", "new1", "new2"]),
            self.finalize(to=["new0", "public", "new2"]),
            self.finalize(to=["new0", "new1", "./new0"]),
        ):
            with self.subTest(arguments=arguments):
                self.assertRegex(self.unusable(*arguments), "both input and output|two outputs")

    def test_existing_secret(self):
        """A secret key or state that exists is never replaced without --force."""
        self.lay_out()
        generate, blind = self.generate(secret="secret"), self.blind(state="state")
        for arguments, name in ((generate, "secret"), (blind, "state")):
            self.assertRegex(self.unusable(*arguments), f"^{name}: .*--force")
            before = self.read(name)
            os.chmod(self.path(name), 0o644)
            self.ok(*arguments, "--force")
            self.assertNotEqual(self.read(name), before)
            self.assertEqual(mode(self.path(name)), 0o600)
        # Even one that is no secret yet: an empty file of that name.
        self.write("empty", b"")
        self.unusable(*self.blind(state="empty"))


class Files(CliTest):
    """How files are written."""

    def test_modes(self):
        """Secrets are 0600 under any umask; the rest follows the umask."""
        self.lay_out()
        for umask in (0, 0o022, 0o077):
            folder = f"umask{umask:o}"
            os.mkdir(self.path(folder))

            def set_umask(value=umask):
                os.umask(value)

            def at(name, folder=folder):
                return f"{folder}/{name}"

            def run(*arguments):
                self.ok(*arguments, preexec_fn=set_umask)

            run(*self.generate(secret=at("secret"), public=at("public")))
            run("key", "export", "public", "--out", at("pem"))
            run(*self.blind(messages=["m0"], request=at("request"), state=at("state")))
            run(*self.sign(request=at("request"), response=at("response")))
            run(*self.finalize(state=at("state"), response=at("response"), to=[at("sig")]))
            for name in ("secret", "state"):
                self.assertEqual(mode(self.path(at(name))), 0o600, name)
            for name in ("public", "pem", "request", "response", "sig"):
                self.assertEqual(mode(self.path(at(name))), 0o644 & ~umask, name)
            self.assertEqual(len(os.listdir(self.path(folder))), 7)

    def test_warning_for_open_secrets(self):
        """A secret that others may read is used, with a warning of one line."""
        self.lay_out()
        for name, arguments in (
            ("secret", self.sign()),
            ("secret", ["key", "show", "secret"]),
            ("secret", ["key", "export", "secret"]),
            ("state", self.finalize()),
        ):
            for bits in (0o640, 0o604, 0o620):
                os.chmod(self.path(name), bits)
                done = self.run_cli(*arguments)
                self.assertRegex(done.stderr, rf"\Ablindlend: warning: {name}: [^\n]+\n\Z")
            os.chmod(self.path(name), 0o600)
            self.ok(*arguments)
        os.chmod(self.path("public"), 0o644)
        self.ok("key", "show", "public")

    def test_written_aside_and_in_order(self):
        """No output is ever opened for writing under its own name; the secret one appears first."""
        self.lay_out()
        os.mkdir(self.path("out"))
        libc = ctypes.CDLL(None, use_errno=True)
        generate = self.generate(secret="out/secret", public="out/public")
        blind = self.blind(request="out/request", state="out/state")
        sign = self.sign(response="out/response")
        for arguments, names in (
            (generate, ["secret", "public"]),
            (generate + ["--force"], ["secret", "public"]),
            (blind, ["state", "request"]),
            (blind + ["--force"], ["state", "request"]),
            (sign, ["response"]),
        ):
            watch = libc.inotify_init1(os.O_NONBLOCK)
            self.assertGreaterEqual(watch, 0)
            modify, moved_to, create = 0x2, 0x80, 0x100
            path = self.path("out").encode()
            self.assertGreaterEqual(
                libc.inotify_add_watch(watch, path, modify | moved_to | create), 0
            )
            self.ok(*arguments)
            data, at, events = os.read(watch, 1 << 16), 0, []
            os.close(watch)
            while at < len(data):
                _, mask, _, size = struct.unpack_from("iIII", data, at)
                name = data[at + 16 : at + 16 + size].rstrip(b"\0").decode()
                if not name.startswith(".blindlend-"):
                    events.append((name, mask & modify))
                at += 16 + size
            self.assertEqual(events, [(name, 0) for name in names])

    def test_nothing_half_written(self):
        """Where one output cannot be written, no other one is, and nothing is left lying about."""
        self.lay_out()
        self.write("file", b"not a directory")
        os.mkdir(self.path("folder"))
        os.symlink("nowhere", self.path("dangling"))
        os.mkfifo(self.path("fifo"))
        for bad in ("missing/x", "file/x", "folder", "folder/", "dangling", "fifo", "/dev/null",
                    "x" * 300, ""):
            for arguments in (
                self.generate(secret=bad),
                self.generate(public=bad),
                self.blind(state=bad),
                self.blind(request=bad),
                self.sign(response=bad),
                self.finalize(to=["new0", "new1", bad]),
                self.finalize(to=[bad, "new1", "new2"]),
                ["key", "export", "public", "--out", bad or "missing/x"],
                ["vectors", "generate", "missing/v" if "folder" in bad else bad],
            ):
                with self.subTest(arguments=arguments):
                    self.unusable(*arguments)

    def test_disk_full(self):
        """A write that fails half way (here: at a limit on file sizes) leaves nothing behind."""
        self.lay_out()
        for arguments in (
            self.generate(),
            self.blind(),
            self.sign(),
            self.finalize(),
            ["key", "export", "public", "--out", "pem"],
            ["vectors", "generate", "v"],
        ):
            with self.subTest(arguments=arguments):

                def limit():
                    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

                self.assertIn("File too large", self.unusable(*arguments, preexec_fn=limit))

    @unittest.skipIf(os.geteuid() == 0, "root writes into and reads from everything")
    def test_permissions(self):
        """A folder that may not be written, a file that may not be read."""
        self.lay_out()
        os.mkdir(self.path("closed"), 0o500)
        for arguments in (self.blind(state="closed/state"), self.sign(response="closed/r")):
            self.assertIn("Permission denied", self.unusable(*arguments))
        os.chmod(self.path("secret"), 0)
        done = self.run_cli(*self.sign(), expect=2)
        self.assertRegex(done.stderr, r"\Ablindlend: secret: [^\n]*Permission denied\n\Z")

    def start_slow(self, *more):
        """A key generation that is under way, past its look at the targets."""
        started = subprocess.Popen(
            [BLINDLEND, *self.generate(*more, bits=4096, secret="s", public="p")],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.addCleanup(started.communicate)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and started.poll() is None:
            with open(f"/proc/{started.pid}/limits", encoding="ascii") as limits:
                if re.search(r"Max core file size +0 +0 ", limits.read()):
                    time.sleep(0.1)
                    return started
        self.fail("its core dumps were not switched off")

    def test_core_dumps(self):
        """A process that holds secrets leaves no core dump, and a killed one no half of a key."""
        started = self.start_slow()
        started.kill()
        started.wait()
        self.assertEqual(os.listdir(self.folder), [])

    def test_secret_that_appears_meanwhile(self):
        """What became of the target while the key was being made is not overwritten either."""
        started = self.start_slow()
        self.write("s", b"somebody else's")
        self.assertEqual(started.wait(), 2)
        self.assertEqual(self.read("s"), b"somebody else's")
        self.assertEqual(os.listdir(self.folder), ["s"])

    def test_second_output_fails_at_the_end(self):
        """If the second output cannot take its place, the first one is taken back."""
        started = self.start_slow()
        os.mkdir(self.path("p"))
        self.assertEqual(started.wait(), 2)
        self.assertEqual(os.listdir(self.folder), ["p"])

    def test_second_output_fails_after_force(self):
        """A secret that was overwritten cannot be brought back, but what replaced it stays."""
        self.write("s", b"old")
        started = self.start_slow("--force")
        os.mkdir(self.path("p"))
        self.assertEqual(started.wait(), 2)
        self.assertEqual(sorted(os.listdir(self.folder)), ["p", "s"])
        decode_text("SECRET KEY", self.read("s"))

    def test_public_outputs_are_replaced(self):
        """Outputs that are not secret may be made again."""
        self.lay_out()
        self.ok(*self.sign())
        first = self.read("new1")
        self.ok(*self.sign())
        self.assertEqual(self.read("new1"), first)  # Property.SignatureUnique, in the response


class BadInput(CliTest):
    """Files that are not what they should be: status 2, and nothing is written."""

    # For each command line, each of its input files and the kind that it should be.
    def inputs(self):
        return [
            (["key", "show", "public"], {"public": "PUBLIC KEY"}),
            (["key", "show", "secret"], {"secret": "SECRET KEY"}),
            (["key", "export", "public"], {"public": "PUBLIC KEY"}),
            (["key", "export", "secret", "--out", "new"], {"secret": "SECRET KEY"}),
            (self.blind(), {"public": "PUBLIC KEY", "m0": "message", "m2": "message"}),
            (self.sign(), {"secret": "SECRET KEY", "request": "BLIND REQUEST"}),
            (
                self.finalize(),
                {"public": "PUBLIC KEY", "state": "BLIND STATE", "response": "BLIND RESPONSE"},
            ),
            (self.verify(), {"public": "PUBLIC KEY", "m0": "message", "s0": "SIGNATURE"}),
        ]

    def each(self, make, **options):
        """Puts make(kind, path) in the place of each input in turn; None: leave this one out."""
        for arguments, files in self.inputs():
            for name, kind in files.items():
                self.lay_out()
                path = self.path(name)
                os.remove(path)
                expected = make(kind, path)
                if expected is not None:
                    with self.subTest(arguments=arguments, name=name):
                        line = self.unusable(*arguments, **options)
                        self.assertRegex(line, rf"\A{name}: .*{expected}")
                if os.path.isdir(path):
                    os.rmdir(path)
                elif os.path.lexists(path):
                    os.remove(path)

    def put(self, path, content):
        self.write(os.path.basename(path), content)

    def test_missing(self):
        self.each(lambda kind, path: "No such file")

    def test_directory(self):
        def make(_, path):
            os.mkdir(path)
            return "is a directory"

        self.each(make)

    def test_fifo_and_device(self):
        """Neither waits for anybody."""

        def fifo(_, path):
            os.mkfifo(path)
            return "not a regular file"

        def device(_, path):
            os.symlink("/dev/zero", path)
            return "not a regular file"

        self.each(fifo)
        self.each(device)

    def test_empty(self):
        """A message may be empty, nothing else."""

        def make(kind, path):
            self.put(path, b"")
            return None if kind == "message" else "is empty"

        self.each(make)

    def test_100_megabytes_of_zeros(self):
        """DecodeText.1, without reading more than the largest object; a message: too large."""

        def make(kind, path):
            self.put(path, b"")
            os.truncate(path, 100_000_000)
            return "larger than any message" if kind == "message" else r"\(DecodeText.1\)"

        self.each(make, preexec_fn=limit_memory)

    def test_too_large(self):
        """The right first line, but more than the largest object of the kind has."""
        largest = {
            "PUBLIC KEY": 8 + 512,
            "SECRET KEY": 8 + 2 * 512 + 5 * 256,
            "BLIND REQUEST": 38 + 1000 * 512,
            "BLIND RESPONSE": 38 + 1000 * 512,
            "BLIND STATE": 70 + 1000 * 516 + (1 << 24),
            "SIGNATURE": 4 + 512,
        }

        def make(kind, path):
            if kind == "message":
                self.put(path, b"x" * ((1 << 24) + 1))
                return "larger than any message"
            text = encode_text(kind, b"\1" * largest[kind])
            self.put(path, text + b"\n")
            return rf"\((DecodeText.2)\)|larger than any {kind} \({len(text)} bytes\)"

        self.each(make)

        # One byte less is for the parsers to judge: exactly the largest object is read whole.
        self.lay_out()
        self.text("s0", "SIGNATURE", signature(b"\1" * 512))
        self.refused("Verify.1", *self.verify())
        self.text("public", "PUBLIC KEY", public_key((1 << 4096) - 1))
        self.refused("ValidatePublicKey.4", *self.verify())
        largest_key = Exchange.sk | {"n": (1 << 4096) - 1}
        self.text("secret", "SECRET KEY", secret_key(largest_key))
        self.refused("ValidatePublicKey.4", *self.sign())
        self.lay_out()
        self.text("request", "BLIND REQUEST", batch(3, bytes(32), 512, [2] * 1000))
        self.refused("BlindSignBatch.1", *self.sign())
        self.text("response", "BLIND RESPONSE", batch(4, bytes(32), 512, [2] * 1000))
        self.refused("FinalizeBatch.2", *self.finalize())
        entries = [(2, b"x" * (1 << 24))] + [(2, b"")] * 999
        self.text("state", "BLIND STATE", state(bytes(32), bytes(32), 512, entries))
        self.assertIn("holds 1000 messages", self.unusable(*self.finalize()))

    def test_other_formats(self):
        """Somebody else's PEM, and every other kind of ours, is of another kind: DecodeText.1."""
        self.lay_out()
        pem = self.ok("key", "export", "public").encode()
        private = pem.replace(b"PUBLIC", b"PRIVATE")
        foreign = [pem, private, b"\0", b"-----BEGIN BLINDLEND", b"text\n"]
        ours = ["PUBLIC KEY", "SECRET KEY", "BLIND REQUEST", "BLIND RESPONSE", "BLIND STATE"]
        for content in foreign + [encode_text(label, b"\1\1") for label in ours + ["SIGNATURE"]]:

            def make(kind, path, content=content):
                if kind == "message" or f"BLINDLEND {kind}".encode() in content:
                    return None
                if kind[-3:] == "KEY" and b"KEY" in content:
                    return None  # key show and key export take both: see the next test
                self.put(path, content)
                return rf"not a blindlend .*{kind}.*\(DecodeText.1\)"

            self.each(make)

    def test_other_half_of_the_key(self):
        """Only key show and key export take either half."""
        self.lay_out()
        for arguments in (
            self.blind(key="secret"),
            self.finalize(key="secret"),
            self.verify(key="secret"),
        ):
            line = self.unusable(*arguments)
            self.assertEqual(line, "secret: not a blindlend PUBLIC KEY (DecodeText.1)")
        line = self.unusable(*self.sign(key="public"))
        self.assertEqual(line, "public: not a blindlend SECRET KEY (DecodeText.1)")

    def test_textual_form(self):
        """DecodeText.2 to .4: cut off, more behind the end, lines, base64."""
        for edit, step in (
            (lambda text: text[:-1], "DecodeText.2"),
            (lambda text: text + b"\n", "DecodeText.2"),
            (lambda text: text + text, "DecodeText.[234]|larger than any .*"),
            (lambda text: text.replace(b"\n", b"\r\n"), "DecodeText.1"),
            (lambda text: text[: len(text) // 2], "DecodeText.2"),
            (lambda text: text.replace(b"-----\n", b"-----\n\n", 1), "DecodeText.3"),
            (lambda text: text.replace(b"-----\nA", b"-----\n*"), "DecodeText.4"),
        ):

            def make(kind, path, edit=edit, step=step):
                if kind == "message":
                    return None
                self.put(path, edit(Exchange.files[os.path.basename(path)]))
                return step

            self.each(make)

    def test_binary_form(self):
        """The parsers' steps, each as the reason of its file."""
        pk, sk = public_key(Exchange.n), secret_key(Exchange.sk)
        sig = signature(Exchange.sig)
        request, response = Exchange.request, Exchange.response
        entry = 256 + 4
        bad = {
            "PUBLIC KEY": ("ParsePublicKey", {
                1: [b"\1\1\0", b"\2" + pk[1:], b"\1\2" + pk[2:], b""],
                2: [pk[:2] + i2osp(bits, 2) + pk[4:] for bits in (0, 1, 4097)],
                3: [pk + b"\0", pk[:-1]],
                4: [pk[:4] + b"\0" + pk[5:]],
                5: [pk[:-4] + bytes(4)],
            }),
            "SECRET KEY": ("ParseSecretKey", {
                1: [b"\1\2\0", b"\2" + sk[1:], b"\1\1" + sk[2:], b""],
                2: [sk[:2] + i2osp(bits, 2) + sk[4:] for bits in (0, 1, 4097)],
                3: [sk + b"\0", sk[:-1]],
                4: [sk[:4] + b"\0" + sk[5:]],
                5: [sk[:260] + bytes(4) + sk[264:]],
            }),
            "SIGNATURE": ("ParseSignature", {
                1: [b"\1\6\0", b"\2" + sig[1:], b"\1\5" + sig[2:], b""],
                2: [b"\1\6" + i2osp(513, 2) + bytes(512), b"\1\6\0\0"],
                3: [sig + b"\0", sig[:-1]],
            }),
            "BLIND STATE": ("ParseState", {
                1: [Exchange.state[:69], b"\1\4" + Exchange.state[2:], b""],
                2: [Exchange.state[:66] + i2osp(w, 2) + i2osp(c, 2) + Exchange.state[70:]
                    for w, c in ((0, 3), (513, 3), (256, 0), (256, 1001))],
                4: [Exchange.state[:70], Exchange.state[: 70 + entry - 1]],
                5: [Exchange.state[: 70 + 256] + i2osp((1 << 24) + 1, 4)],
                6: [Exchange.state[: 70 + entry], Exchange.state[:-1]],
                7: [Exchange.state + b"\0"],
            }),
        }
        for label, data, kind in (("REQUEST", request, 3), ("RESPONSE", response, 4)):
            bad["BLIND " + label] = ("ParseBatch", {
                1: [data[:37], bytes([1, 7 - kind]) + data[2:], b""],
                2: [data[:34] + i2osp(w, 2) + i2osp(c, 2) + data[38:]
                    for w, c in ((0, 3), (513, 3), (256, 0), (256, 1001))],
                3: [data + b"\0", data[:-1]],
            })
        for kind, (parser, steps) in bad.items():
            for step, contents in steps.items():
                for content in contents:

                    def make(wanted, path, kind=kind, content=content, label=f"{parser}.{step}"):
                        if wanted != kind:
                            return None
                        self.put(path, encode_text(kind, content))
                        return rf"not a blindlend {kind} \({label}\)"

                    self.each(make)

    def test_vectors_check(self):
        """A folder of vectors that is not what it should be; and tests that fail."""
        self.unusable("vectors", "check", "missing")
        self.write("file", b"")
        self.unusable("vectors", "check", "file")
        self.unusable("vectors", "generate", "file")
        os.mkdir(self.path("empty"))
        self.unusable("vectors", "check", "empty")
        self.ok("vectors", "generate", "v")
        first = "v/I2OSP.json"
        good = self.read(first)
        self.write("v/Another.json", good)
        self.assertIn("v/Another.json", self.unusable("vectors", "check", "v"))
        os.remove(self.path("v/Another.json"))
        other = self.read("v/Finalize.json")
        for content in (b"text", b"{}", b"[]", good[:-20], other, b""):
            self.write(first, content)
            self.assertIn(first, self.unusable("vectors", "check", "v"))
        os.truncate(self.path(first), 100_000_000)
        self.assertIn(first + ": is larger", self.unusable("vectors", "check", "v"))
        os.remove(self.path(first))
        self.assertIn(first, self.unusable("vectors", "check", "v"))
        os.mkdir(self.path(first))
        self.assertIn(first, self.unusable("vectors", "check", "v"))
        os.rmdir(self.path(first))

        lie = good.replace(b'"I2OSP.1"', b'"I2OSP.2"', 1)
        self.assertNotEqual(lie, good)
        self.write(first, lie)
        done = self.run_cli("vectors", "check", "v", expect=1)
        self.assertRegex(done.stderr, r"\Ablindlend: v/I2OSP.json: test \d+: [^\n]+\n\Z")
        self.assertRegex(done.stdout, r"(?m)^I2OSP\.json +\d+ +1$")
        self.assertRegex(done.stdout.splitlines()[-1], r"^all \d+ files +\d+ +1$")
        said = json.loads(self.run_cli("vectors", "check", "v", "--json", expect=1).stdout)
        self.assertEqual((said["result"], said["failed"]), ("failed", 1))


class Refused(CliTest):
    """What is well-formed, but refused by an algorithm: status 1 and its step."""

    def setUp(self):
        super().setUp()
        self.lay_out()

    def test_public_keys(self):
        """ValidatePublicKey.1 to .6, by each command that takes a key."""
        n = Exchange.n
        # 2^2048 - 2^1984 - 1 + 2^64 * (floor(2^1918 * pi) + 124476), RFC 3526 section 3.
        scale = 1 << 1990

        def arctan_inverse(x):
            total = power = scale // x
            divisor, sign = 1, 1
            while power:
                power //= x * x
                divisor, sign = divisor + 2, -sign
                total += sign * (power // divisor)
            return total

        pi = 4 * (4 * arctan_inverse(5) - arctan_inverse(239)) // (1 << 72)
        rfc3526 = (1 << 2048) - (1 << 1984) - 1 + ((pi + 124476) << 64)
        self.assertEqual(pow(2, rfc3526 - 1, rfc3526), 1)
        bad = {
            1: [(n >> 1, E), (prime(512, 1) * prime(512, 2), E), (3, E), (n << 2, E)],
            2: [(n, 3), (n, 65536), (n, 65539), (n, (1 << 32) - 1), (n, 1)],
            3: [(n - 1, E)],
            4: [((n // 3 // 2 * 2 + 1) * 3, E), ((1 << 2048) - 1, E)],
            5: [(rfc3526, E)],
            6: [(prime(1024, 3) ** 2, E), (prime(1024, 4) ** 3, E), (prime(1024, 4) ** 4, E)],
        }
        for step, keys in bad.items():
            for modulus, e in keys:
                self.text("public", "PUBLIC KEY", public_key(modulus, e))
                sk = Exchange.sk | {"n": modulus, "e": e}
                sk |= {"p": 3, "q": 3, "dp": 1, "dq": 1, "qinv": 1, "d": 1}
                self.text("secret", "SECRET KEY", secret_key(sk))
                for arguments in (
                    ["key", "show", "public"],
                    ["key", "show", "secret"],
                    ["key", "export", "public"],
                    ["key", "export", "public", "--out", "new"],
                    self.blind(),
                    self.sign(),
                    self.finalize(),
                    self.verify(),
                ):
                    with self.subTest(step=step, arguments=arguments):
                        self.refused(f"ValidatePublicKey.{step}", *arguments)

    def test_secret_keys(self):
        """ValidateSecretKey.1 to .7, by sign and key show."""
        sk = Exchange.sk
        a, b = prime(512, 5), prime(512, 6)
        order = math.lcm(sk["p"] - 1, sk["q"] - 1)
        three_primes = {"p": a * b, "q": prime(1024, 7), "n": a * b * prime(1024, 7)}
        self.assertEqual(three_primes["n"].bit_length(), 2048)
        bad = {
            1: [{"d": 0}, {"p": 0}, {"q": 2}, {"dp": 0}, {"dq": sk["q"]}, {"qinv": sk["p"]}],
            2: [{"p": sk["p"] + 2}, {"q": sk["q"] - 2}],
            3: [three_primes | {x: 1 for x in ("dp", "dq", "qinv")}],
            4: [{"d": sk["d"] + order}],
            5: [{"d": (sk["d"] + 1) % order}],
            6: [{"dp": sk["dp"] ^ 2}, {"dq": sk["dq"] ^ 2}],
            7: [{"qinv": sk["qinv"] ^ 2}],
        }
        for step, edits in bad.items():
            for edit in edits:
                self.text("secret", "SECRET KEY", secret_key(sk | edit))
                for arguments in (self.sign(), ["key", "show", "secret"]):
                    with self.subTest(step=step, edit=list(edit), arguments=arguments):
                        self.refused(f"ValidateSecretKey.{step}", *arguments)

    def test_blind(self):
        """BlindBatch.1 (count, size) and .2 (a message twice)."""
        self.write("copy", self.read("m2"))
        self.refused("BlindBatch.2", *self.blind(messages=["m0", "m2", "copy"]))
        self.refused("BlindBatch.2", *self.blind(messages=["m1", "m1"]))
        self.write("large", b"x" * (1 << 24))
        self.refused("BlindBatch.1", *self.blind(messages=["large", "m0"]))
        os.mkdir(self.path("m"))
        names = [self.write(f"m/{i}", i2osp(i, 2)) for i in range(1001)]
        self.refused("BlindBatch.1", *self.blind(messages=names))

    def test_many_large_messages(self):
        """BlindBatch.1 comes before memory is filled with what is too much anyway."""
        self.write("large", b"x" * (1 << 24))

        line = self.fails(1, *self.blind(messages=["large"] * 100), preexec_fn=limit_memory)
        self.assertIn("refused at BlindBatch.1: ", line)

    def test_sign(self):
        """BlindSignBatch.1 (another key, width) and .3 (BlindSign.1 and .2), saying which value."""
        ident, width, values = parse_batch(Exchange.request)
        n, p = Exchange.n, Exchange.sk["p"]
        for content in (
            batch(3, key_id(Exchange.n + 2), width, values),
            batch(3, ident, width + 1, values),
            batch(3, ident, width - 1, [2]),
        ):
            self.text("bad", "BLIND REQUEST", content)
            self.refused("BlindSignBatch.1", *self.sign(request="bad"))
        self.refused("BlindSignBatch.1", *self.sign(key="other-secret"))
        top = (1 << 2048) - 1
        for value, step in ((0, 1), (1, 1), (n - 1, 1), (n, 1), (top, 1), (p, 2), (5 * p, 2)):
            self.text("bad", "BLIND REQUEST", batch(3, ident, width, [values[0], value, values[2]]))
            line = self.refused("BlindSignBatch.3", *self.sign(request="bad"))
            self.assertTrue(line.endswith(f": value 2 of 3 (BlindSign.{step})"), line)

    def test_finalize(self):
        """FinalizeBatch.1 to .4, saying which value and the inner step; the state stays."""
        ident, request_hash, width, entries = parse_state(Exchange.state)
        answered, _, values = parse_batch(Exchange.response)
        n = Exchange.n

        def respond(step, *content):
            self.text("bad", "BLIND RESPONSE", batch(4, *content))
            return self.refused(f"FinalizeBatch.{step}", *self.finalize(response="bad"))

        def remember(step, *content):
            self.text("bad", "BLIND STATE", state(*content))
            return self.refused(f"FinalizeBatch.{step}", *self.finalize(state="bad"))

        self.refused("FinalizeBatch.1", *self.finalize(key="other-public"))
        remember(1, bytes(32), request_hash, width, entries)
        remember(1, ident, request_hash, width + 1, entries)
        remember(2, ident, bytes(32), width, entries)
        respond(2, hashlib.sha256(b"").digest(), width, values)
        respond(3, answered, width + 1, values)
        respond(3, answered, width, values[:2])
        respond(3, answered, width, values + values[:1])
        p = Exchange.sk["p"]
        for value, step in ((0, 1), (n, 1), (values[1] ^ 1, 4), (values[0], 4), (p, 4)):
            line = respond(4, answered, width, [values[0], value, values[2]])
            self.assertTrue(line.endswith(f": value 2 of 3 (Finalize.{step})"), line)
        for r_inv, step in ((0, 2), (n, 2), (1, 4)):
            line = remember(4, ident, request_hash, width, entries[:2] + [(r_inv, entries[2][1])])
            self.assertTrue(line.endswith(f": value 3 of 3 (Finalize.{step})"), line)

    def test_verify(self):
        """Verify.1, .2, .5, .6. (Verify.3 cannot be reached with a key that has been validated.)"""
        s, n = int.from_bytes(Exchange.sig, "big"), Exchange.n
        p = Exchange.sk["p"]
        for step, sigs in {
            1: [Exchange.sig[:-1], Exchange.sig + b"\0", b"\0" + Exchange.sig, b"\1", b"\1" * 512],
            2: [bytes(256), i2osp(n, 256), b"\xff" * 256],
            5: [i2osp(p, 256), i2osp(n - p, 256)],
            6: [i2osp(s ^ 1, 256), i2osp(n - s, 256), i2osp(1, 256), i2osp(n - 1, 256)],
        }.items():
            for sig in sigs:
                self.text("bad", "SIGNATURE", signature(sig))
                self.refused(f"Verify.{step}", *self.verify(sig="bad"))
        for message, sig in (("m1", "s0"), ("m0", "s1"), ("m2", "s0")):
            self.refused("Verify.6", *self.verify(message, sig))
        self.write("m0", Exchange.messages[0] + b"\n")
        self.refused("Verify.6", *self.verify())

    def test_verify_under_another_key(self):
        """A key of the same length refuses at Verify.6 or, where its n is smaller, at Verify.2."""
        other = parse_secret_key(decode_text("SECRET KEY", Exchange.files["other-secret"]))["n"]
        step = 6 if int.from_bytes(Exchange.sig, "big") < other else 2
        self.refused(f"Verify.{step}", *self.verify(key="other-public"))


class Secrets(CliTest):
    """What must not come out. run_cli looks at every output of every other test."""

    def test_the_search_finds_secrets(self):
        """shows_secret sees the file of the secret key, hexadecimal and decimal."""
        d, p = Exchange.sk["d"], Exchange.sk["p"]
        for text in (Exchange.files["secret"].decode(), Exchange.files["state"].decode(), f"x{d:x}",
                     f"{p:X}", f"{p}", i2osp(p, 128).hex(":")):
            self.assertTrue(shows_secret(text))
        for name in ("public", "request", "response", "s0"):
            self.assertFalse(shows_secret(Exchange.files[name].decode()))

    def test_outputs_hold_no_secret(self):
        """Nor do the files that are handed out: see above, and the exported key."""
        self.lay_out()
        self.assertFalse(shows_secret(self.ok("key", "export", "secret")))


if __name__ == "__main__":
    unittest.main()

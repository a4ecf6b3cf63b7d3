"""What the system tests share: the spec's encodings, folders, and running blindlend."""

import atexit
import base64
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

BLINDLEND = os.environ["BLINDLEND"]
E = 65537


# ---------------------------------------------------------------- the spec's encodings, once more


def i2osp(x, size):
    return x.to_bytes(size, "big")


def encode_text(label, data):
    """1-encoding, EncodeText."""
    text = base64.b64encode(data).decode()
    lines = [text[i : i + 64] + "\n" for i in range(0, len(text), 64)]
    body = "".join(lines)
    return f"-----BEGIN BLINDLEND {label}-----\n{body}-----END BLINDLEND {label}-----\n".encode()


def decode_text(label, text):
    lines = text.decode().split("\n")
    assert lines[0] == f"-----BEGIN BLINDLEND {label}-----"
    assert lines[-2:] == [f"-----END BLINDLEND {label}-----", ""]
    return base64.b64decode("".join(lines[1:-2]), validate=True)


def public_key(n, e=E):
    """2-rsa, EncodePublicKey."""
    bits = n.bit_length()
    return b"\1\1" + i2osp(bits, 2) + i2osp(n, (bits + 7) // 8) + i2osp(e, 4)


def secret_key(parts):
    """2-rsa, EncodeSecretKey."""
    bits = parts["n"].bit_length()
    k, h = (bits + 7) // 8, (bits + 15) // 16
    widths = {"n": k, "e": 4, "d": k, "p": h, "q": h, "dp": h, "dq": h, "qinv": h}
    return b"\1\2" + i2osp(bits, 2) + b"".join(i2osp(parts[x], w) for x, w in widths.items())


def parse_secret_key(data):
    assert data[:2] == b"\1\2"
    bits = int.from_bytes(data[2:4], "big")
    k, h = (bits + 7) // 8, (bits + 15) // 16
    parts, at = {}, 4
    for name, width in [("n", k), ("e", 4), ("d", k)] + [(x, h) for x in "p q dp dq qinv".split()]:
        parts[name] = int.from_bytes(data[at : at + width], "big")
        at += width
    assert at == len(data)
    return parts


def batch(kind, ident, width, values):
    """4-blind-signature, EncodeBatch."""
    head = bytes([1, kind]) + ident + i2osp(width, 2) + i2osp(len(values), 2)
    return head + b"".join(i2osp(value, width) for value in values)


def parse_batch(data):
    width, count = int.from_bytes(data[34:36], "big"), int.from_bytes(data[36:38], "big")
    assert len(data) == 38 + width * count
    values = [data[38 + i * width : 38 + (i + 1) * width] for i in range(count)]
    return data[2:34], width, [int.from_bytes(value, "big") for value in values]


def state(key_id, request_hash, width, entries):
    """4-blind-signature, EncodeState."""
    head = b"\1\5" + key_id + request_hash + i2osp(width, 2) + i2osp(len(entries), 2)
    return head + b"".join(i2osp(r, width) + i2osp(len(m), 4) + m for r, m in entries)


def parse_state(data):
    width, count = int.from_bytes(data[66:68], "big"), int.from_bytes(data[68:70], "big")
    entries, at = [], 70
    for _ in range(count):
        r_inv, at = int.from_bytes(data[at : at + width], "big"), at + width
        size, at = int.from_bytes(data[at : at + 4], "big"), at + 4
        entries.append((r_inv, data[at : at + size]))
        at += size
    assert at == len(data)
    return data[2:34], data[34:66], width, entries


def signature(sig):
    """4-blind-signature, EncodeSignature."""
    return b"\1\6" + i2osp(len(sig), 2) + sig


def key_id(n, e=E):
    """2-rsa, KeyId."""
    tag = b"blindlend v1 key id"
    return hashlib.sha256(i2osp(len(tag), 8) + tag + public_key(n, e)).digest()


def prime(bits, seed):
    """A prime with its four top bits set. Fermat's test is enough for random numbers."""
    source = random.Random(seed)
    while True:
        w = source.getrandbits(bits) | 15 << (bits - 4) | 1
        if all(w % small for small in (3, 5, 7, 11, 13)) and pow(2, w - 1, w) == 1:
            return w


# ------------------------------------------------------------------------------------- the harness


def show_reports(folder):
    """Fails the whole run where ThreadSanitizer has found something in any of its processes."""
    reports = [path.read_text() for path in sorted(pathlib.Path(folder).iterdir())]
    shutil.rmtree(folder)
    if reports:
        sys.stdout.flush()
        print("\n".join(reports), file=sys.stderr, flush=True)
        os._exit(1)


# Into files: not all that a server says is looked at, and who is killed has no exit code to tell it by.
if os.environ.get("BLINDLEND_SANITIZE") == "thread":
    REPORTS = tempfile.mkdtemp(prefix="blindlend-reports-")
    os.environ["TSAN_OPTIONS"] = f"{os.environ.get('TSAN_OPTIONS', '')} log_path={REPORTS}/report"
    atexit.register(show_reports, REPORTS)


SECRET_FORMS = {}  # by their first characters, so that a search takes as long as its text
HEAD = 16


def remember_secret(x):
    """Every form in which an integer might slip out."""
    data = i2osp(x, (x.bit_length() + 7) // 8)
    forms = [f"{x:x}", f"{x:X}", str(x)]  # with or without zeros in front
    for shift in range(3):
        # Without its edges, which depend on what surrounds it.
        forms.append(base64.b64encode(b"\0" * shift + data)[4:-4].decode())
    for form in forms:
        SECRET_FORMS.setdefault(form[:HEAD], set()).add(form)


def shows_secret(text):
    plain = re.sub(r"[\s:]", "", text)
    for at in range(len(plain)):
        for form in SECRET_FORMS.get(plain[at : at + HEAD], ()):
            if plain.startswith(form, at):
                return True
    return False


def snapshot(directory):
    """Everything below a directory: kind, mode and content (of giants, only the size)."""
    seen = {}
    for folder, folders, files in os.walk(directory):
        for name in folders + files:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            content = None
            if stat.S_ISREG(status.st_mode):
                content = status.st_size
                if status.st_size < 1 << 20:
                    with open(path, "rb") as file:
                        content = file.read()
            seen[path] = (status.st_mode, content)
    return seen


def changes(before, after):
    """The paths that differ between two snapshots."""
    return sorted(path for path in before | after if before.get(path) != after.get(path))


def make_folder():
    """In memory where there is room: the commands wait for the disk after every file."""
    memory = "/dev/shm"
    try:
        room = os.statvfs(memory).f_bavail * os.statvfs(memory).f_frsize
    except OSError:
        room = 0
    return tempfile.mkdtemp(prefix="blindlend-test-", dir=memory if room > 1 << 28 else None)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class Commands(unittest.TestCase):
    """Runs blindlend in a folder of its own."""

    def setUp(self):
        self.folder = make_folder()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        os.chmod(self.path(name), 0o600)
        return name

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def text(self, name, label, data):
        return self.write(name, encode_text(label, data))

    def run_cli(self, *arguments, expect=0, under=(), **options):
        """Runs blindlend in the test's folder; checks its status and that no secret comes out.
        under: a command that runs it."""
        done = subprocess.run(
            [*under, BLINDLEND, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
            **options,
        )
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        self.after(arguments, done)
        self.assertEqual(done.returncode, expect, (arguments, done.stdout, done.stderr))
        return done

    def after(self, arguments, done):
        """What is looked at after every command."""
        self.assertFalse(shows_secret(done.stdout + done.stderr), arguments)

    def ok(self, *arguments, **options):
        done = self.run_cli(*arguments, **options)
        self.assertEqual(done.stderr, "", arguments)
        return done.stdout

    def fails(self, status, *arguments, **options):
        """One line on stderr, and nothing changed. Returns the line behind "blindlend: "."""
        before = snapshot(self.folder)
        done = self.run_cli(*arguments, expect=status, **options)
        self.assertEqual(changes(before, snapshot(self.folder)), [], arguments)
        self.assertRegex(done.stderr, r"\Ablindlend: [^\n]+\n\Z", arguments)
        if "--json" not in arguments:
            self.assertEqual(done.stdout, "", arguments)
        return done.stderr[len("blindlend: ") : -1]

    def unusable(self, *arguments, **options):
        return self.fails(2, *arguments, **options)

    def refused(self, step, *arguments):
        """Refused at this step, with status 1, also in JSON."""
        line = self.fails(1, *arguments)
        self.assertRegex(line, rf"\Arefused at {re.escape(step)}: .")
        if arguments[:2] != ("key", "export"):
            done = self.run_cli(*arguments, "--json", expect=1)
            said = json.loads(done.stdout)
            self.assertEqual((said["result"], said["step"]), ("refused", step))
            self.assertEqual(line, f"refused at {step}: {said['detail']}")
        return line

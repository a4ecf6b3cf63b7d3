"""The official Anthropic and OpenAI clients for Node, pinned, through proxy and relay, on this machine only.

Run as: BLINDLEND=path/to/blindlend python3 sdk_test.py. The clients come from npm, once:
    mkdir -p build/sdk && cp tests/system/sdk/package.json build/sdk && npm install --prefix build/sdk
and are looked for there, or in the folder BLINDLEND_SDK. Where they are absent the test is skipped, and says so.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from http_harness import PATIENCE
from proxy_test import ProxyTest

TOP = pathlib.Path(__file__).resolve().parents[2]
PLACE = pathlib.Path(os.environ.get("BLINDLEND_SDK", TOP / "build" / "sdk"))


def modules():
    """The folder node_modules with both clients in it, or nothing."""
    folder = PLACE / "node_modules"
    return folder if all((folder / name).is_dir() for name in ("openai", "@anthropic-ai/sdk")) else None


@unittest.skipUnless(shutil.which("node"), "node is absent: the real clients were NOT tried")
@unittest.skipUnless(modules(), "the clients are absent (see sdk_test.py): NOT tried")
class Clients(ProxyTest):
    group = {"tokens": 40}
    relay_arguments = ("--idle-time", "5")

    def call_all(self, *calls):
        """What the clients say of calls (api, stream, model)."""
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(modules(), os.path.join(folder, "node_modules"))
            shutil.copy(TOP / "tests" / "system" / "sdk" / "clients.mjs", folder)
            asked = json.dumps([{"api": api, "stream": stream, "model": model} for api, stream, model in calls])
            done = subprocess.run(["node", "--preserve-symlinks", "--preserve-symlinks-main",
                                   os.path.join(folder, "clients.mjs"), self.proxy.url, asked],
                                  capture_output=True, text=True, timeout=4 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_versions(self):
        wanted = json.loads((TOP / "tests" / "system" / "sdk" / "package.json").read_text())["dependencies"]
        for name, version in wanted.items():
            self.assertEqual(json.loads((modules() / name / "package.json").read_text())["version"], version)

    def test_whole(self):
        before = self.tokens()
        calls = [(api, stream, "ok") for api in ("anthropic", "openai") for stream in (False, True)]
        for said in self.call_all(*calls):
            self.assertEqual(said.get("text", "").split(), [f"word{i}" for i in range(5)], said)
            self.assertEqual(said["stop"], "end_turn" if said["api"] == "anthropic" else "stop")
        self.change(before, held=-4, spent=4)
        for _, headers, raw in self.stub.kept[-4:]:
            body = json.loads(raw)
            self.assertNotIn("user", body)
            self.assertEqual(body.get("metadata", {}), {})
            self.assertNotIn("stainless", str(headers).lower())

    def test_never_twice(self):
        """What has been paid for is not tried again by itself: one token, one call."""
        for api in ("anthropic", "openai"):
            for model, status in (("status code=500", 500), ("status code=400", 400), ("drop at=read", 502)):
                before, calls = self.tokens(), self.stub.calls
                said, = self.call_all((api, False, model))
                self.assertEqual(said.get("status"), status, said)
                self.assertEqual(self.stub.calls, calls + 1, said)
                self.change(before, held=-1, spent=1)

    def test_cut_off(self):
        """A stream that breaks off is an error to both clients, never a short answer."""
        models = ("drop at=event", "drop at=body", "reset at=between")
        calls = [(api, True, model) for api in ("anthropic", "openai") for model in models]
        before = self.tokens()
        for said in self.call_all(*calls):
            self.assertIn("error", said)
        self.change(before, held=-len(calls), spent=len(calls))


if __name__ == "__main__":
    unittest.main()

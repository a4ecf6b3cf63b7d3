"""The official Anthropic and OpenAI clients for Node, pinned, through proxy and relay, on this machine only.

Run as: BLINDLEND=path/to/blindlend python3 sdk_test.py. The clients come from npm, once, by ./check and ./audit:
    mkdir -p build/sdk && cp tests/system/sdk/package*.json build/sdk && npm ci --prefix build/sdk
and are looked for there, or in the folder BLINDLEND_SDK. Where they are absent the test is skipped, and says so.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from http_harness import PATIENCE, own
from proxy_test import ProxyTest

BOTH = ("anthropic", "openai")

TOP = pathlib.Path(__file__).resolve().parents[2]
PLACE = pathlib.Path(os.environ.get("BLINDLEND_SDK", TOP / "build" / "sdk"))


def modules():
    """The folder node_modules with both clients in it, or nothing."""
    folder = PLACE / "node_modules"
    return folder if all((folder / name).is_dir() for name in ("openai", "@anthropic-ai/sdk")) else None


@unittest.skipUnless(shutil.which("node"), "node is absent: the real clients were NOT tried")
@unittest.skipUnless(modules(), "the clients are absent (see sdk_test.py): NOT tried")
class Clients(ProxyTest):
    group = {"tokens": 110}
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
        calls = [(api, stream, "ok") for api in BOTH for stream in (False, True)]
        for said in self.call_all(*calls):
            self.assertEqual(said.get("text", "").split(), [f"word{i}" for i in range(5)], said)
            self.assertEqual(said["stop"], "end_turn" if said["api"] == "anthropic" else "stop")
        self.change(before, held=-4, spent=4)
        for _, headers, raw in self.stub.kept[-4:]:
            body = json.loads(raw)
            self.assertNotIn("user", body)
            self.assertEqual(body.get("metadata", {}), {})
            self.assertNotIn("stainless", str(headers).lower())

    def try_at(self, lender, *calls):
        """What the clients say through a proxy that borrows from a lender at this address; and how often each of the calls,
        all different, came to the proxy, and with a token to the lender."""
        def times(requests, api, stream, model):
            found = 0
            for raw in requests:
                head, body = raw.split(b"\r\n\r\n", 1)
                said = json.loads(body)
                is_this = (b"/v1/messages" if api == "anthropic" else b"/v1/chat") in head.split(b"\r\n")[0]
                found += is_this and (said["model"], said.get("stream", False)) == (model, stream)
            return found

        self.proxy.stop()
        real = self.borrow_through(lender.url)
        door = self.tap(real.address)
        try:
            type(self).proxy = door
            told = self.call_all(*calls)
        finally:
            real.stop()
            type(self).proxy = self.borrow_through(self.relay.url)
        return [(said, times([raw for _, _, raw in door.seen], *call), times(lender.borrows, *call))
                for said, call in zip(told, calls)]

    def test_refusals(self):
        """Our own refusals are errors to both clients, by status and code. Those that cost a token are not tried again; the
        others may be, and cost nothing."""
        for answer, status, code, asked, borrowed, change in (
                # The proxy takes other tokens, three in all; a client that came back would lose nine.
                (own("token_spent", "spent"), 502, "lender_unreachable", 1, 3, {"held": -3, "spent": 3}),
                (own("token_invalid"), 401, "token_invalid", 1, 1, {}),
                (own("busy"), 503, "busy", 3, 3, {}),
                (own("upstream_unreachable", "refunded"), 502, "upstream_unreachable", 3, 3, {}),
                (own("upstream_broken", "spent"), 502, "upstream_broken", 1, 1, {"held": -1, "spent": 1}),
                (own("upstream_timeout", "spent"), 504, "upstream_timeout", 1, 1, {"held": -1, "spent": 1})):
            before = self.tokens()
            calls = [(api, code == "busy", "ok") for api in BOTH]
            for said, times, tokens in self.try_at(self.liar(answer), *calls):
                self.assertEqual((said.get("status"), said.get("code")), (status, code), said)
                self.assertEqual((times, tokens), (asked, borrowed), said)
            self.change(before, **{name: 2 * number for name, number in change.items()})

    def test_pending(self):
        """What may have been spent is not tried again either: the proxy itself has sent the same token again."""
        before = self.tokens()
        calls = [(api, False, "ok") for api in BOTH]
        for said, asked, borrowed in self.try_at(self.liar(own("token_busy")), *calls):
            self.assertEqual((said.get("status"), said.get("code"), asked), (502, "lender_unreachable", 1), said)
            self.assertGreater(borrowed, 1)
        self.change(before, held=-2, spending=2)
        self.proxy.stop()
        self.assertEqual(self.json("member", "reclaim", "--dir", "m0")["reclaimed"], 2)
        type(self).proxy = self.borrow_through(self.relay.url)

    def test_upstream_statuses(self):
        """By the real relay. 401, 403 and 429 are given back; 409 would be tried again by both clients, and
        is not."""
        asked = {400: 1, 401: 1, 403: 1, 404: 1, 409: 1, 422: 1, 429: 3, 500: 1, 503: 1}
        before = self.tokens()
        calls = [(api, False, f"status code={code}") for api in BOTH for code in asked]
        for said, times, borrowed in self.try_at(self.tap(), *calls):
            code = int(said["model"].split("=")[1])
            self.assertEqual((said.get("status"), times, borrowed), (code, asked[code], asked[code]), said)
        # One token for each of the other six: what came back is not shown again as long as there are others.
        self.change(before, held=-12, spent=12)

    def test_wallet_empty(self):
        """402: both say so at once, and no lender hears of it."""
        self.ok("member", "init", "--dir", "poor", "--out", "poor.pub")
        self.ok("member", "join", "--dir", "poor", "e1", "--admin", "admin.pub")
        proxy, real = self.borrow_through(self.relay.url, member="poor"), self.proxy
        self.addCleanup(proxy.stop)
        door, calls = self.tap(proxy.address), self.stub.calls
        type(self).proxy = door
        try:
            for said in self.call_all(*((api, stream, "ok") for api in BOTH for stream in (False, True))):
                self.assertEqual((said.get("status"), said.get("code")), (402, "wallet_empty"), said)
        finally:
            type(self).proxy = real
        self.assertEqual((len(door.seen), self.stub.calls), (4, calls))

    def test_never_twice(self):
        """What has been paid for is not tried again by itself: one token, one call."""
        for api in BOTH:
            for model, status in (("status code=500", 500), ("status code=400", 400), ("drop at=read", 502)):
                before, calls = self.tokens(), self.stub.calls
                said, = self.call_all((api, False, model))
                self.assertEqual(said.get("status"), status, said)
                self.assertEqual(self.stub.calls, calls + 1, said)
                self.change(before, held=-1, spent=1)

    def test_cut_off(self):
        """A stream that breaks off is an error to both clients, never a short answer."""
        models = ("drop at=event", "drop at=body", "reset at=between", "drop at=tail", "reset at=tail")
        calls = [(api, stream, model) for api in BOTH for stream in (True, False) for model in models]
        before = self.tokens()
        for said, asked, borrowed in self.try_at(self.tap(), *calls):
            if said["api"] == "openai" and said["stream"] and "at=tail" in said["model"]:
                self.assertEqual((said.get("text", "").split(), said.get("stop")),  # [DONE] had come: nothing is missing
                                 ([f"word{i}" for i in range(5)], "stop"), said)
            else:
                self.assertIn("error", said)
            self.assertEqual((asked, borrowed), (1, 1), said)
        self.change(before, held=-len(calls), spent=len(calls))


if __name__ == "__main__":
    unittest.main()

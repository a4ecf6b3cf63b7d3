#!/usr/bin/env python3
"""The command walk: what it tells is true by arithmetic of this test's own, the same for each seed, and joins nothing."""

import hashlib
import json
import math
import unittest

from harness import Commands

E = 65537


def number(text):
    return int(text, 16)


class Walk(Commands):
    def play(self, seed=7, bits=2048):
        return json.loads(self.ok("walk", "--seed", str(seed), "--bits", str(bits), "--json"))

    @staticmethod
    def seen(walk, party):
        return [value for event in walk["events"] for value in event["seen"][party]]

    def test_a_seed_is_a_walk(self):
        self.assertEqual(self.play(), self.play())
        one, other = (json.dumps(self.play(seed)["requests"]) for seed in (7, 8))
        self.assertNotEqual(one, other)
        self.assertEqual(json.loads(self.ok("walk", "--json"))["bits"], 3072)

    def test_every_pair_is_joined_by_an_r_of_its_own(self):
        walk = self.play()
        n = number(next(value["value"] for value in self.seen(walk, "admin") if value["name"] == "n"))
        self.assertEqual(n.bit_length(), 2048)
        self.assertEqual([(pair["request"], pair["token"]) for pair in walk["pairs"]],
                         [(i, j) for i in range(3) for j in range(3)])
        for pair in walk["pairs"]:
            request, token = walk["requests"][pair["request"]], walk["tokens"][pair["token"]]
            r = number(pair["r"])
            self.assertEqual(number(token["hash"]) * pow(r, E, n) % n, number(request["blinded"]))
            self.assertEqual(number(request["blind_sig"]) * pow(r, -1, n) % n, number(token["sig"]))
            self.assertTrue(pair["gives_request"] and pair["gives_token"])
        self.assertEqual(len({pair["r"] for pair in walk["pairs"]}), 9)
        for request in walk["requests"]:
            self.assertEqual(pow(number(request["blind_sig"]), E, n), number(request["blinded"]))
        for token in walk["tokens"]:
            self.assertEqual(pow(number(token["sig"]), E, n), number(token["hash"]))

    def test_the_truth_is_with_the_member_alone(self):
        walk = self.play()
        who = walk["truth"][0]
        self.assertEqual(sorted(walk["truth"]), [0, 1, 2])
        self.assertEqual(walk["requests"][who]["member"], walk["borrower"])
        r = next(value for value in self.seen(walk, "member") if value["name"] == "r")
        self.assertTrue(r["secret"])
        self.assertEqual([pair["request"] for pair in walk["pairs"] if pair["r"] == r["value"]], [who])
        secrets = [value["value"] for value in self.seen(walk, "member") if value["secret"]]
        for party in ("admin", "upstream"):
            told = json.dumps([value for value in self.seen(walk, party)])
            for secret in secrets:
                self.assertNotIn(secret, told)
        # The lender sees the token, at last; it sees neither the seed nor r.
        told = json.dumps(self.seen(walk, "lender"))
        for name in ("spend seed", "r"):
            self.assertNotIn(next(value["value"] for value in self.seen(walk, "member") if value["name"] == name), told)
        for party in ("lender", "upstream"):
            self.assertNotIn(walk["borrower"], json.dumps(self.seen(walk, party)))

    def test_admin_and_lender_have_the_key_id_in_common(self):
        walk = self.play()
        key_id = next(value["value"] for value in self.seen(walk, "lender") if value["name"] == "key id")
        self.assertEqual(walk["common"], [{"value": key_id, "is": "key id, the same for everybody"}])
        spend_key = walk["tokens"][0]["spend_key"]
        message = "010c" + key_id + next(value["value"] for value in self.seen(walk, "member")
                                         if value["name"] == "token message")[68:]
        self.assertTrue(message.endswith(spend_key))
        self.assertEqual(hashlib.sha256(bytes.fromhex(message)).hexdigest(), walk["tokens"][0]["id"])

    def test_every_tape_there_is(self):
        small = self.play()["exhaustive"]
        n, e = small["n"], small["e"]
        units = [x for x in range(1, n) if math.gcd(x, n) == 1]
        self.assertEqual([row["request"] for row in small["rows"]], units)
        self.assertEqual(len(set(small["hashes"])), len(small["messages"]))
        for row in small["rows"]:
            for h, joining in zip(small["hashes"], row["r"]):
                self.assertEqual(joining, [r for r in units if h * pow(r, e, n) % n == row["request"]])
                self.assertEqual(len(joining), 1)
        self.assertEqual(small["tapes_per_pair"], [4])
        self.assertEqual(small["tapes"], small["refused"] + 4 * len(units) * len(small["messages"]))

    def test_for_people(self):
        text = self.ok("walk", "--bits", "2048")
        self.assertIn("9 pairs of a request and a token; 9 of them joined by an r", text)
        self.assertLess(max(map(len, text.splitlines())), 800)

    def test_bad_input(self):
        for arguments in (["--bits", "1024"], ["--seed", "-1"], ["--seed", "x"], ["extra"]):
            self.unusable("walk", *arguments)


if __name__ == "__main__":
    unittest.main()

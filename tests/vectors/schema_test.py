#!/usr/bin/env python3
"""Every file in vectors/ follows vectors/schema.json, and the schema is closed.

Spec V-vectors. Uses the jsonschema package (Debian: python3-jsonschema).
"""

import copy
import json
import pathlib
import unittest

import jsonschema

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "vectors"
SCHEMA = json.loads((VECTORS / "schema.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def files():
    return {
        path.name: json.loads(path.read_text())
        for path in sorted(VECTORS.glob("*.json"))
        if path.name != "schema.json"
    }


class Schema(unittest.TestCase):
    def test_schema_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_every_file_follows_it(self):
        found = files()
        self.assertGreater(len(found), 85)
        for name, content in found.items():
            with self.subTest(name):
                self.assertEqual([e.message for e in VALIDATOR.iter_errors(content)], [])

    def test_it_is_closed(self):
        """Each edit of a good file is refused: the schema can fail."""
        good = files()["Verify.json"]
        valid = next(i for i, t in enumerate(good["tests"]) if t["result"] == "valid")
        invalid = next(i for i, t in enumerate(good["tests"]) if t["result"] == "invalid")

        def edit(change):
            bad = copy.deepcopy(good)
            change(bad)
            return bad

        edits = {
            "unknown key": lambda f: f.update(more=1),
            "unknown key in a test": lambda f: f["tests"][0].update(more=1),
            "unknown input": lambda f: f["tests"][0]["inputs"].update(more="00"),
            "no tests": lambda f: f.update(tests=[]),
            "a third result": lambda f: f["tests"][valid].update(result="acceptable"),
            "valid with failsAt": lambda f: f["tests"][valid].update(failsAt="Verify.1"),
            "invalid with outputs": lambda f: f["tests"][invalid].update(outputs={}),
            "valid without outputs": lambda f: f["tests"][valid].pop("outputs"),
            "invalid called valid": lambda f: f["tests"][invalid].update(result="valid"),
            "a control character": lambda f: f["tests"][0].update(comment="a\tb"),
            "no comment": lambda f: f["tests"][0].update(comment=""),
            "a flag in small letters": lambda f: f["notes"].update(flag="why"),
            "a note without a text": lambda f: f["notes"].update(Flag=""),
            "capital digits": lambda f: f["tests"][0]["inputs"].update(sig="AB"),
            "half a byte": lambda f: f["tests"][0]["inputs"].update(sig="abc"),
            "leading zero": lambda f: f["tests"][0]["inputs"]["pk"].update(n="021"),
            "no flags": lambda f: f["tests"][0].update(flags=[]),
            "a step without a number": lambda f: f["tests"][invalid].update(failsAt="Verify"),
        }
        for name, change in edits.items():
            with self.subTest(name):
                self.assertFalse(VALIDATOR.is_valid(edit(change)))

    def test_its_objects_are_closed(self):
        good = files()["Debit.json"]
        inputs = good["tests"][0]["inputs"]
        paths = {
            "link": inputs["link"],
            "epoch": inputs["link"]["epoch"],
            "ledger": inputs["ledger"],
            "request": inputs["request"],
            "batch": inputs["request"]["batch"],
        }
        self.assertTrue(VALIDATOR.is_valid(good))
        for name, value in paths.items():
            with self.subTest(name):
                value["more"] = 1
                self.assertFalse(VALIDATOR.is_valid(good))
                del value["more"]
        for key, value in {"now": "10000000000000000", "roster": ["0"], "link": None}.items():
            with self.subTest(key):
                kept, inputs[key] = inputs[key], value
                self.assertFalse(VALIDATOR.is_valid(good))
                inputs[key] = kept
        inputs["link"]["epoch"]["quota"] = 2**32
        self.assertFalse(VALIDATOR.is_valid(good))

    def test_the_objects_of_a_lender_are_closed(self):
        def first(name, wanted):
            good = files()[name]
            inputs = next(t["inputs"] for t in good["tests"] if wanted(t["inputs"]))
            return good, inputs

        claim, claimed = first("Claim.json", lambda i: i["spent"]["entries"])
        prune, pruned = first("Prune.json", lambda i: i["cache"]["seen"])
        attest, attested = first("Attest.json", lambda i: True)
        borrow, borrowed = first("EncodeBorrow.json", lambda i: True)
        objects = [
            (claim, claimed["spent"]),
            (claim, claimed["spent"]["entries"][0]),
            (prune, pruned["cache"]),
            (prune, pruned["cache"]["seen"][0]),
            (attest, attested["attestation"]),
            (borrow, borrowed["borrow"]),
        ]
        for good, value in objects:
            self.assertTrue(VALIDATOR.is_valid(good))
            with self.subTest(sorted(value)):
                value["more"] = 1
                self.assertFalse(VALIDATOR.is_valid(good))
                del value["more"]
        values = [
            (claim, claimed, "owner_lives", "true"),
            (claim, claimed["spent"]["entries"][0], "refunds", 3),
            (claim, claimed["spent"]["entries"][0], "state", "spent"),
            (attest, attested["attestation"], "claim", 256),
            (prune, pruned["cache"], "forgotten_before", "00"),
        ]
        for good, value, key, wrong in values:
            with self.subTest(key):
                kept, value[key] = value[key], wrong
                self.assertFalse(VALIDATOR.is_valid(good))
                value[key] = kept


if __name__ == "__main__":
    unittest.main()

"""What tools/evidence takes from elsewhere than the steps: documents, proofs, models, cheats, the walk, campaigns,
benchmarks, pictures, versions. Each function returns what the schema names, or None where nothing was run.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "fuzz"))
import campaign as fuzz_campaign  # noqa: E402

TEST = re.compile(r"(?:TEST|TEST_F|TEST_P|TYPED_TEST)\((\w+), (\w+)")
# In the order of reading; all others of spec/ follow the chapters' order.
DOCUMENTS = ("THREAT_MODEL.md", "spec/README.md", "spec/A-security.md")
LAST = ("spec/proofs/README.md", "spec/V-vectors.md")
# What the versions of are told: the compilers and what the program stands on.
PACKAGES = ("g++", "clang-19", "libntl-dev", "libgmp-dev", "libsodium-dev", "libsqlite3-dev", "libssl-dev",
            "libboost1.81-dev", "librapidcheck-dev", "libgtest-dev", "libbenchmark-dev", "coq", "spin", "python3",
            "python3-markdown")


def read_json(path):
    return json.loads(path.read_text()) if path.exists() else None


def row_of(summary, name):
    return next((row for row in summary.get("rows", ()) if row["name"] == name), None)


def detail_of(summary, name):
    row = row_of(summary, name)
    return row["detail"] if row else {}


# ------------------------------------------------------------------------------------ from the tree


def documents(root):
    """The texts that people read, as they stand in Markdown."""
    chapters = sorted((path.relative_to(root).as_posix() for path in (root / "spec").glob("*.md")),
                      key=lambda name: (not name[5].isdigit(), int(re.sub(r"\D", "", name[5:7]) or 0), name))
    names = [*DOCUMENTS, *(name for name in chapters if name not in DOCUMENTS + LAST),
             *(name for name in LAST if (root / name).exists())]
    found = []
    for name in names:
        text = (root / name).read_text("utf-8")
        found.append({"file": name, "title": text.split("\n")[0].lstrip("# "), "text": text})
    return found


def theorems(root, claims):
    """Coq's theorems as they stand outside of all sections, with what the README says of them and the claims."""
    says = {}
    for names, what in re.findall(r"^\| (`.*?`) \| (.*?) \|$", (root / "spec/proofs/README.md").read_text("utf-8"),
                                  re.MULTILINE):
        says.update({name: what for name in re.findall(r"`(\w+)`", names)})
    found, module = [], ""
    for part in (root / "spec/proofs/statements.txt").read_text("utf-8").split("\n\n"):
        part = part.strip("\n")
        if match := re.fullmatch(r"\[(\w+)\]", part):
            module = match[1]
        elif match := re.match(r"(\w+)\n     : ", part):
            found.append({"name": match[1], "module": module, "says": says.get(match[1], ""),
                          "statement": re.sub(r"^ {1,7}", "", part[match.end():], flags=re.MULTILINE),
                          "claims": [claim["name"] for claim in claims if match[1] in claim["theorems"]]})
    return found


def formulas(root):
    """The models' formulas: name, text, and the comment above."""
    found = {}
    for path in sorted((root / "spec/models").glob("*.pml")):
        text = path.read_text("utf-8")
        for comment, name, formula in re.findall(r"/\* ((?:[^*]|\*(?!/))*?) ?\*/\nltl (\w+) \{ (.*?) \}$", text,
                                                 re.MULTILINE):
            found[name] = {"formula": formula, "says": re.sub(r"\s*\n \* ?", " ", comment)}
    return found


def designs(root):
    """MODE -> what the simpler design is, by the head of the model."""
    head = (root / "spec/models/spent.pml").read_text("utf-8").split("*/")[0]
    return dict(re.findall(r"^ \*   (\d)  (.+)$", head, re.MULTILINE))


def cases_at(root, places):
    """The tests "Suite.Name" in which, or in the comment above which, these places "file:line" are."""
    found = set()
    for place in places:
        file, number = place.rsplit(":", 1)
        lines = (root / file).read_text("utf-8", "replace").split("\n")
        at = int(number) - 1
        while at < len(lines) - 1 and lines[at].startswith("//"):
            at += 1
        while at >= 0 and not (match := TEST.match(lines[at])):
            at -= 1
        if at >= 0:
            found.add(f"{match[1]}.{match[2]}")
    return sorted(found)


def harnesses():
    return [{"name": name, "targets": fuzz_campaign.targets(name)} for name in fuzz_campaign.harnesses()]


def is_clean(root):
    """Whether the working tree is what the commit says."""
    process = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, cwd=root, check=False)
    return process.returncode == 0 and process.stdout.strip() == ""


# ----------------------------------------------------------------------------------- from the audit


def proofs(root, summary, claims):
    row = row_of(summary, "proofs")
    return {"result": row["result"] if row else "not run",
            "modules": detail_of(summary, "proofs").get("modules", []), "theorems": theorems(root, claims)}


def models(root, summary):
    """All formulas, and the cases of the audit."""
    known, by_mode = formulas(root), designs(root)
    cases = []
    for case in detail_of(summary, "models").get("cases", []):
        mode = re.search(r"MODE=(\d)", case["defines"])
        cases.append({**case, "design": by_mode.get(mode[1], "") if mode else ""})
    return {"result": (row_of(summary, "models") or {"result": "not run"})["result"],
            "formulas": [{"name": name, **one} for name, one in known.items()], "cases": cases}


def cheats(summary):
    detail = detail_of(summary, "adversary")
    if not detail.get("cheats"):
        return None
    return {"experiments": [{"name": name, **one} for name, one in detail["shipped"].items()],
            "cheats": [{**cheat, "also_by": [name for name in cheat["also_by"].split(", ") if name]}
                       for cheat in detail["cheats"]],
            "said": detail["said"]}


def walk(root, seed):
    """One borrow, played anew."""
    command = root / "build" / "release" / "blindlend"
    if not command.exists():
        return None
    process = subprocess.run([command, "walk", "--seed", str(seed or 1), "--json"], capture_output=True, text=True,
                             check=False)
    if process.returncode != 0:
        return None
    played = json.loads(process.stdout)
    played.pop("result", None)
    return played


def pictures(root, out):
    """Of the tree, and of the audit with its seed."""
    found = {"traffic": (root / "app/simulate/traffic.svg").read_text("utf-8")}
    if (out / "simulate.svg").exists():
        found["simulate"] = (out / "simulate.svg").read_text("utf-8")
    return found


def fuzz_history(root):
    """All campaigns that fuzz/run has saved."""
    history = read_json(root / "build" / "fuzz" / "history.json")
    return {"campaigns": history["campaigns"]} if history and history["campaigns"] else None


def judged(root, path):
    """A result of bench/run, as bench/compare judges and draws it; None where it cannot."""
    if not path.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        picture = pathlib.Path(folder) / "picture.svg"
        process = subprocess.run([root / "bench" / "compare", "--json", "--svg", picture, path], capture_output=True,
                                 text=True, check=False)
        if not picture.exists():
            return None
        said = json.loads(process.stdout)
        context = {key: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                   for key, value in read_json(path)["context"].items()}
        return {"context": context, "ratios": said["ratios"], "criteria": said["criteria"], "limits": said["limits"],
                "picture": picture.read_text("utf-8")}


def versions(root):
    found = {}
    process = subprocess.run(["dpkg-query", "-W", "-f=${Package}\t${Version}\t${Status}\n", *PACKAGES],
                             capture_output=True, text=True, check=False)
    for line in process.stdout.splitlines():
        package, version, status = line.split("\t")
        if status.endswith("ok installed"):
            found[package] = version
    command = root / "build" / "release" / "blindlend"
    if command.exists():
        said = subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout
        found = {"blindlend": said.split("\n")[0].removeprefix("blindlend "), **found}
    return found


def measured(root, out, summary):
    """What varies between two runs with one seed."""
    return {"audit_commit": summary.get("commit"), "clean": is_clean(root), "versions": versions(root), "properties": read_json(root / "build" / "properties" / "summary.json"),
            "fuzz": fuzz_history(root),
            "benchmarks": {"audit": judged(root, out / "bench.json"),
                           "last": judged(root, root / "bench" / "results" / "last.json"),
                           "http": detail_of(summary, "http-bench").get("runs")}}


def collect(root, out, summary, claims):
    return {"documents": documents(root), "proofs": proofs(root, summary, claims),
            "models": models(root, summary), "cheats": cheats(summary), "walk": walk(root, summary.get("seed")),
            "harnesses": harnesses(), "pictures": pictures(root, out)}

"""The page of tools/evidence: evidence.json as HTML, one file without requests, that reads without scripts and prints.

Everything on the page comes from the evidence, which has passed tools/evidence_schema.json, and from the template.
Markdown by python3-markdown, raw HTML in it switched off.
"""

import base64
import collections
import html
import math
import pathlib
import re
import textwrap

import markdown
import markdown.treeprocessors

TEMPLATE = pathlib.Path(__file__).resolve().parent / "evidence_page.html"
RESULTS = ("killed", "survived", "equivalent", "uncompilable", "not run")
KINDS = ("lines", "regions", "branches")
PARTIES = ("member", "admin", "lender", "upstream")
LABEL = re.compile(r"\b[A-Z]\w*\.\w+")


# --------------------------------------------------------------------------------------------- pieces


def e(text):
    return html.escape(str(text))


def inline(text):
    """Escaped, with `code`, **bold** and *italic* as they stand in Markdown."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", e(text))
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"\*(\w[^*]*\w)\*", r"<em>\1</em>", text)


class Links:
    """Labels of steps, properties, claims and limits become links, and names of algorithms that are called."""

    def __init__(self, evidence):
        self.algorithms = {algorithm["name"] for chapter in evidence["chapters"] for algorithm in chapter["algorithms"]}
        self.known = {step["label"] for chapter in evidence["chapters"] for algorithm in chapter["algorithms"]
                      for step in algorithm["steps"]}
        for kind in ("Property", "Claim", "Limit"):
            self.known |= {f"{kind}.{one['name']}"
                           for one in evidence["properties" if kind == "Property" else f"{kind.lower()}s"]}

    def __call__(self, escaped):
        escaped = LABEL.sub(lambda match: f'<a href="#{match[0]}">{match[0]}</a>'
                            if match[0] in self.known else match[0], escaped)
        return re.sub(r"\b([A-Z]\w+)(?=\()", lambda match: self.algorithm(match[1]), escaped)

    def algorithm(self, name):
        return f'<a href="#{name}">{name}</a>' if name in self.algorithms else e(name)

    def in_html(self, markup):
        """The same in the text of HTML, outside of links."""
        parts, depth = re.split(r"(<[^>]*>)", markup), 0
        for at, part in enumerate(parts):
            if part.startswith("<"):
                depth += 1 if part.startswith("<a ") else -1 if part == "</a>" else 0
            elif not depth:
                parts[at] = LABEL.sub(lambda match: f'<a href="#{match[0]}">{match[0]}</a>'
                                      if match[0] in self.known else match[0], part)
        return "".join(parts)


def table(head, rows, name, kind=""):
    """rows: lists of cells that are HTML already. name: what the table is, for those who do not see it."""
    return (f'<div class=scroll tabindex=0 role=region aria-label="{e(name)}"><table class="{kind}"><thead><tr>'
            + "".join(f"<th scope=col>{e(cell)}" for cell in head)
            + "</thead><tbody>" + "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) + "\n" for row in rows)
            + "</tbody></table></div>\n")


def facts(pairs):
    return "<dl class=pairs>" + "".join(f"<div><dt>{e(name)}<dd>{value}</div>" for name, value in pairs) + "</dl>\n"


def details(title, items):
    """title and items: HTML."""
    return f"<details><summary>{title}</summary><ul>{''.join(f'<li>{item}' for item in items)}</ul></details>"


def count(things, name):
    number = things if isinstance(things, int) else len(things)
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def share(pair):
    return f"{100 * pair[0] / pair[1]:.1f} %" if pair and pair[1] else "-"


def mark(good, text):
    return f'<span class={"ok" if good else "warn"}>{text}</span>'


def absent(what, command):
    """What is not there, and how it comes about."""
    return f"<p class=absent><strong>Absent:</strong> {what} <code>{e(command)}</code></p>\n"


def time_of(seconds):
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def microseconds(value):
    return f"{value / 1e6:.3g} s" if value >= 1e6 else f"{value / 1e3:.3g} ms" if value >= 1e3 else f"{value:.3g} µs"


def picture(svg, alt):
    """An image: its style stays its own, and it follows the reader's colour scheme."""
    data = base64.b64encode(svg.encode()).decode()
    return (f'<div class="scroll figure" tabindex=0 role=region aria-label="{e(alt)}">'
            f'<img alt="{e(alt)}" src="data:image/svg+xml;base64,{data}"></div>\n')


def bars(rows, unit=""):
    """[(label, value)] as bars with their numbers."""
    most = max((value for _, value in rows), default=0) or 1
    return ('<div class=bars>' + "".join(
        f'<span class=label>{e(label)}</span><span class=bar><i style="width:{100 * value / most:.2f}%"></i></span>'
        f'<span class=number>{value:,}{unit}</span>' for label, value in rows) + "</div>")


def spark(values, title):
    """Numbers one after the other, as small bars from 0."""
    most, width = max(values) or 1, 8
    shapes = "".join(f'<rect x="{width * i}" y="{24 - 22 * value / most:.1f}" width="{width - 2}" '
                     f'height="{22 * value / most + 1:.1f}"/>' for i, value in enumerate(values))
    return (f'<svg class=spark role=img viewBox="0 0 {width * len(values)} 25" width="{width * len(values)}" height="25">'
            f'<title>{e(title)}</title>{shapes}</svg>')


def hexadecimal(value):
    """Long values cut down, with the whole one to be opened."""
    if len(value) <= 20:
        return f"<code>{value}</code>"
    return (f'<details class=hex><summary title="{len(value) // 2} bytes"><code>{value[:8]}…{value[-8:]}</code></summary>'
            f"<code>{value}</code></details>")


def parties_drawn():
    """Who sends what to whom."""
    shapes = "".join(f'<rect x="{x}" y="25" width="110" height="50" rx="4"/><text x="{x + 55}" y="55" text-anchor="middle" '
                     f'class="who">{name}</text>' for x, name in zip((5, 265, 525, 785), ("admin", "member", "lender", "upstream")))
    for begin, end, y, at, text in ((261, 121, 42, 190, "blinded request"), (119, 259, 60, 190, "signed blindly"),
                                    (379, 519, 50, 450, "token and request"), (639, 779, 50, 710, "the lender's request")):
        below = text == "signed blindly"
        shapes += (f'<path d="M{begin} {y} L{end} {y}" marker-end="url(#tip)"/>'
                   f'<text x="{at}" y="{y + 18 if below else y - 9}" text-anchor="middle">{text}</text>')
    return ('<div class=scroll tabindex=0 role=region aria-label="Who sends what to whom"><svg class=who-to-whom role=img '
            'viewBox="0 0 900 100"><title>The member sends the admin a blinded request and gets it signed; it shows the lender the '
            "token with a request for the API; the lender sends that upstream under its own credential.</title><defs><marker "
            'id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z"/>'
            f"</marker></defs>{shapes}</svg></div>\n")


# ------------------------------------------------------------------------------------------- documents


class Anchors(markdown.treeprocessors.Treeprocessor):
    """Links between the documents stay on the page; others become text, and pictures words."""

    def __init__(self, parser, file, targets):
        super().__init__(parser)
        self.file, self.targets = file, targets

    def run(self, root):
        for one in root.iter():
            if one.tag == "a":
                path, _, _ = one.get("href", "").partition("#")
                anchor = self.targets.get((pathlib.PurePosixPath(self.file).parent / path).as_posix().removeprefix("./"))
                if anchor:
                    one.set("href", f"#{anchor}")
                else:
                    one.tag = "span"
                    one.attrib.clear()
            elif one.tag == "img":
                one.tag, one.text = "em", one.get("alt", "")
                one.attrib.clear()
            elif one.tag == "table":
                one.set("class", "document")


def anchor_of(file):
    return "doc-" + pathlib.PurePosixPath(file).with_suffix("").as_posix().removeprefix("spec/").replace("/", "-")


class Documents:
    """Renders the documents; the algorithms' steps in chapters are left to steps_of(labels)."""

    def __init__(self, evidence, links):
        self.links = links
        self.targets = {one["file"]: anchor_of(one["file"]) for one in evidence["documents"]}

    def render(self, document, level, steps_of=None):
        """level: of the document's title. Tables can be scrolled."""
        prefix, used, placed = anchor_of(document["file"]), set(), []

        def slug(text, _):
            name = re.match(r"(\w+)\(", text)
            if steps_of and name and name[1] in self.links.algorithms:
                return name[1]
            slug = base = f"{prefix}-" + (re.sub(r"\W+", "-", text.lower()).strip("-") or "part")
            while slug in used:
                slug += f"-{base[-1]}"
            used.add(slug)
            return slug

        def place(match):
            lines = match[1].strip("\n").split("\n")
            labels = [line.split()[0] for line in lines if line and not line.startswith(" ")]
            if not steps_of or not labels or any(label not in self.links.known or "." not in label or
                                                 label.split(".")[0] not in self.links.algorithms for label in labels):
                return match[0]
            placed.append(steps_of(labels))
            return f"\n\nSTEPSOF{len(placed) - 1}END\n\n"

        text = re.sub(r"^```\w*\n(.*?)^```$", place, document["text"], flags=re.MULTILINE | re.DOTALL)
        parser = markdown.Markdown(extensions=["tables", "fenced_code", "sane_lists", "toc"],
                                   extension_configs={"toc": {"baselevel": level, "slugify": slug}})
        parser.preprocessors.deregister("html_block")
        parser.inlinePatterns.deregister("html")
        parser.treeprocessors.register(Anchors(parser, document["file"], self.targets), "anchors", 1)
        markup = self.links.in_html(parser.convert(text))
        markup = re.sub(r"<table[^>]*>", '<div class=scroll tabindex=0 role=region aria-label="table"><table class=document>',
                        markup).replace("</table>", "</table></div>").replace("<pre>", "<pre tabindex=0>")
        markup = re.sub(r"<h\d.*?</h\d>", lambda match: match[0].replace("-&gt;", "<span class=nowrap>-&gt;</span>"), markup)
        for at, steps in enumerate(placed):
            markup = markup.replace(f"<p>STEPSOF{at}END</p>", steps)
        return markup


# ------------------------------------------------------------------------------------------------ page


class Page:
    def __init__(self, evidence):
        self.evidence = evidence
        self.links = Links(evidence)
        self.documents = Documents(evidence, self.links)
        self.algorithms = {algorithm["name"]: algorithm for chapter in evidence["chapters"]
                           for algorithm in chapter["algorithms"]}
        self.steps = {step["label"]: step for algorithm in self.algorithms.values() for step in algorithm["steps"]}
        self.fuzzing = self.executions()
        self.sections = []

    def executions(self):
        """Harness -> executions in all campaigns; None if there was none."""
        history = self.evidence["measured"]["fuzz"]
        if not history:
            return None
        total = collections.Counter()
        for campaign in history["campaigns"]:
            for one in campaign["harnesses"]:
                total[one["harness"]] += one["executions"]
        return total

    def section(self, anchor, title, body, sub=()):
        """sub: (anchor, title) of what the contents name below it."""
        self.sections.append((anchor, title, sub))
        return f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{e(title)}</h2>\n{body}</section>\n'

    def __str__(self):
        found = self.evidence
        parts = [
            self.section("summary", "Summary", self.summary()),
            self.section("not-covered", "What is not covered", self.not_covered()),
            self.section("claims", "Claims, and what would refute them", self.claims()),
            self.section("limits", "What it does not protect", self.limits()),
            self.section("walk", "One borrow, as each party sees it", self.walk()),
            self.section("clock", "What the clock tells", self.clock()),
            self.section("cheats", "Cheats, and who caught them", self.cheats()),
            self.section("proofs", "Proofs", self.proofs()),
            self.section("models", "Models of the spent-set", self.models()),
            self.section("properties", "Properties", self.properties()),
            self.section("fuzzing", "Fuzzing", self.fuzz()),
            self.section("mutants", "Mutants", self.mutants()),
            self.section("coverage", "Coverage", self.coverage()),
            self.section("benchmarks", "Benchmarks", self.benchmarks()),
            self.section("deviations", "Deviations from standards", "<ul>" + "".join(
                f"<li><b>{e(one['name'])}</b> {self.links(e(one['text']))}\n" for one in found["deviations"]) + "</ul>"),
        ]
        chapters = [chapter for chapter in found["chapters"] if chapter["algorithms"]]
        by_file = {one["file"]: one for one in found["documents"]}
        told = {f"spec/{chapter['name']}.md" for chapter in chapters}
        body = (
            "<p>Each step as it stands in the spec, and the statements of <code>ref/</code> (from chapter 11 on: of "
            "<code>app/</code>) under it. <b>Tests that fail without it</b> are those that killed a mutant of the step; each mutant "
            "is given up at the first that notices, so there may be more. <b>Fuzzing</b> counts all executions of the harnesses whose "
            "corpora run the step, and how often one run over the corpora enters it; or, where coverage has not been measured, those "
            "that name its algorithm as a target. Not every execution comes so far.</p>\n<!--filter-->") + "".join(
            f'<div class=chapter id="chapter-{e(chapter["name"])}">{self.chapter(chapter, by_file)}</div>\n'
            for chapter in chapters)
        parts.append(self.section("steps", "The spec beside the code", body,
                                  [(f"chapter-{chapter['name']}", chapter["title"]) for chapter in chapters]))
        others = [one for one in found["documents"] if one["file"] not in told]
        parts.append(self.section("documents", "Threat model, and how to read the spec", "".join(
            f'<article class=text id="{anchor_of(one["file"])}">{self.documents.render(one, 3)}</article>\n'
            for one in others), [(anchor_of(one["file"]), one["title"]) for one in others]))
        contents = "".join(
            f'<li><a href="#{anchor}">{e(title)}</a>' + ("<ul>" + "".join(
                f'<li><a href="#{e(one)}">{e(name)}</a>' for one, name in sub) + "</ul>" if sub else "")
            for anchor, title, sub in self.sections)
        verdict = found["verdict"]
        kind = {"passed": "ok", "failed": "warn"}.get(verdict, "none")
        return self.fill(contents, parts, kind)

    def fill(self, contents, parts, kind):
        """The template with these in their places; the filter's form moves to the steps."""
        text = TEMPLATE.read_text()
        match = re.search(r"<!--form-->(.*?)<!--/form-->\n", text, re.DOTALL)
        form, text = match[1], text.replace(match[0], "")
        for name, value in (("contents", contents), ("verdict", f'<p class="verdict {kind}">{e(self.verdict())}</p>'),
                            ("page", "".join(parts)), ("filter", form)):
            text = text.replace(f"<!--{name}-->", value, 1)
        return text

    # ------------------------------------------------------------------------------------- summary

    def verdict(self):
        gaps = self.evidence["not_covered"]
        if self.evidence["verdict"] == "no audit has run":
            return "No audit has run: this page shows the tree alone. ./audit runs all of it."
        text = f"The audit has {self.evidence['verdict']}"
        if gaps["rows_failed"]:
            text += f"; failed: {', '.join(gaps['rows_failed'])}"
        if gaps["rows_absent"]:
            text += f"; absent, so not checked: {', '.join(gaps['rows_absent'])}"
        return text + "."

    def summary(self):
        found, measured = self.evidence, self.evidence["measured"]
        steps = list(self.steps.values())
        counts = found["mutants"] or {}
        numbers = [
            ("steps of the spec", f"{len(steps):,}", "#steps"),
            ("vectors", f"{sum(len(one['vectors']) for one in self.algorithms.values()):,}", "#steps"),
            ("properties", f"{len(found['properties'])}", "#properties"),
            ("claims", f"{len(found['claims'])}", "#claims"),
            ("limits", f"{len(found['limits'])}", "#limits"),
            ("theorems", f"{len(found['proofs']['theorems'])}", "#proofs"),
            ("cheats caught", f"{len(found['cheats']['cheats'])}" if found["cheats"] else "not run", "#cheats"),
            ("mutants killed", f"{counts.get('killed', 0):,} of {sum(counts.values()):,}" if counts else "not run", "#mutants"),
            ("fuzz executions", f"{sum(self.fuzzing.values()):,}" if self.fuzzing else "not run", "#fuzzing"),
            ("not covered", "read this", "#not-covered"),
        ]
        parts = ["<ul class=numbers>" + "".join(f'<li><a href="{where}"><b>{e(value)}</b> {e(name)}</a>'
                                                for name, value, where in numbers) + "</ul>\n",
                 facts([("commit", f"<code>{e(found['commit'])}</code>"
                         + ("" if measured["clean"] else " <span class=warn>and changes that are not committed</span>")),
                        ("seed", e(found["seed"] if found["seed"] is not None else "-")),
                        ("budget of the campaigns", time_of(found["budget_seconds"]) if found["budget_seconds"] else "-"),
                        ("all rows together", time_of(sum(found["times"]["seconds"].values()))
                         if found["rows"] else "-"),
                        ("page made", e(found["times"]["made"])),
                        *([("the rows are of another commit",
                            f"<code class=warn>{e(measured['audit_commit'])}</code>")]
                          if measured["audit_commit"] not in (None, found["commit"]) else [])]),
                 "<details><summary>Versions of what it was built and run with</summary>"
                 + facts([(name, e(value)) for name, value in measured["versions"].items()]) + "</details>\n"]
        if found["rows"]:
            parts.append("<h3>What was run, and how to repeat it</h3>\n" + table(
                ["row", "result", "time", "how much", "again"], [
                    [e(row["name"]), mark(row["result"] == "passed", e(row["result"])),
                     f'<span class=nowrap>{time_of(found["times"]["seconds"][row["name"]])}</span>',
                     e(measured["amounts"][row["name"]]), f"<code>{e(row['repeat'])}</code>"] for row in found["rows"]],
                "Rows of the audit", "rows"))
        else:
            parts.append(absent("no row of the audit has been run on this tree.", "./audit"))
        return "".join(parts)

    # --------------------------------------------------------------------------------- not covered

    def not_covered(self):
        found, gaps, links = self.evidence, self.evidence["not_covered"], self.links
        parts = [f"<p>{links(inline(gaps['not_proven']))}</p>",
                 '<p>The proofs are about the algebra alone; what they leave out stands under '
                 f'<a href="#{anchor_of("spec/proofs/README.md")}">Proofs</a>. Where the protection itself ends: '
                 '<a href="#limits">what it does not protect</a>.</p>'
                 if any(one["file"] == "spec/proofs/README.md" for one in found["documents"]) else ""]

        def part(title, items, good="None.", number=None):
            body = f"<p>{good}</p>" if not items else (
                "<ul>" + "".join(f"<li>{item}\n" for item in items) + "</ul>" if len(items) <= 12
                else details("all of them", items))
            parts.append(f"<h3>{e(title)}{f' <small>{number or len(items):,}</small>' if items else ''}</h3>{body}")
        part("Not run, or not there", self.missing(), "Everything on this page has been run.")
        part("Rows of the audit that failed", [e(name) for name in gaps["rows_failed"]])
        part("Rows of the audit whose means were absent", [e(name) for name in gaps["rows_absent"]])
        part("Steps that can fail and that no vector reaches",
             [f"{links(e(one['label']))}: {links(inline(one['why']))}" for one in gaps["unreached"]])
        part("Steps that neither a vector nor a test names", [links(e(label)) for label in gaps["steps_no_test_names"]])
        if found["mutants"] is not None:
            part("Mutants that no test noticed", [
                f"{links(e(one['label']))}: {e(one['operator'])}: <code>{e(one['now'])}</code>" for one in gaps["survivors"]],
                 "None of those that were run.")
            waiting = collections.Counter(algorithm for algorithm, one in self.algorithms.items() for step in one["steps"]
                                          for mutant in step["mutants"] if mutant["result"] == "not run")
            part("Mutants that have not been run", [f"{links.algorithm(name)}: {number}"
                                                    for name, number in waiting.most_common()], number=sum(waiting.values()))
            part("Steps without a mutant (they only return)", [links(e(label)) for label in gaps["steps_without_mutants"]])
        if gaps["steps_not_fuzzed"] is not None:
            part("Steps that the fuzz corpora do not run", [links(e(label)) for label in gaps["steps_not_fuzzed"]])
            part("Code of ref/ that no test runs", [
                f"{e(row['file'])}:{row['line']}: {e(row['what'])}: <code>{e(row['text'])}</code>: {inline(row['why'] or '')}"
                for row in found["coverage"]["not_run"]])
        part("Algorithms that no fuzz harness names as its target", [
            links.algorithm(name) for name in self.algorithms if not self.harnesses_of(name)])
        return "".join(parts)

    def missing(self):
        """What the page has no data of, each with the command that makes it."""
        found, measured = self.evidence, self.evidence["measured"]
        return [f"{e(what)}: <code>{e(command)}</code>" for what, command, there in (
            ("the rows of the audit", "./audit", found["rows"]),
            ("mutants", "tools/mutate", found["mutants"] is not None),
            ("coverage, step by step, by tests and by fuzz corpora", "tools/coverage --quick", found["coverage"]),
            ("coverage of app/", "tools/coverage", found["coverage"] and not found["coverage"]["quick"]),
            ("the cheats' table", "./audit", found["cheats"]),
            ("one borrow with its values", "cmake --build --preset release", found["walk"]),
            ("proofs checked by Coq", "spec/proofs/check", found["proofs"]["result"] == "passed"),
            ("proofs checked by coqchk, the independent kernel", "spec/proofs/check --checker",
             found["proofs"]["modules"] and all(one["checker"] for one in found["proofs"]["modules"])),
            ("models checked by SPIN", "spec/models/check", found["models"]["cases"]),
            ("property campaigns with distributions", "tests/properties/run --budget 10m", measured["properties"]),
            ("fuzzing", "fuzz/run --budget 10m", measured["fuzz"]),
            ("benchmarks of this machine", "bench/run --quick --stores", measured["benchmarks"]["audit"]),
            ("benchmarks of relay and proxy", "./audit", measured["benchmarks"]["http"]),
            ("what runs on several threads, under ThreadSanitizer", "./audit --budget 1h",
             any(row["name"] == "threads" for row in found["rows"])),
        ) if not there]

    # ----------------------------------------------------------------------------- claims and limits

    def claims(self):
        links = self.links
        return table(["claim", "against", "kind", "rests on", "would refute it; proves its algebra"], [
            [f'<span id="Claim.{e(one["name"])}"><b>{e(one["name"])}</b> {links(inline(one["text"]))}</span>',
             inline(one["against"]), inline(one["kind"]), links(inline(one["rests_on"])),
             details(f"{count(one['tests'], 'place')} in tests", map(e, one["tests"]))
             + (details(count(one["theorems"], "theorem"),
                        [f'<a href="#theorem-{e(name)}">{e(name)}</a>' for name in one["theorems"]])
                if one["theorems"] else "")] for one in self.evidence["claims"]], "Claims", "claims")

    def limits(self):
        return ('<p>Where the protection ends, each shown by a test. For whom this is the wrong tool stands in the '
                f'<a href="#{anchor_of("THREAT_MODEL.md")}">threat model</a>.</p>\n'
                + table(["limit", "shown by"], [
                    [f'<span id="Limit.{e(one["name"])}"><b>{e(one["name"])}</b> {self.links(inline(one["text"]))}</span>',
                     details(count(one["tests"], "place"), map(e, one["tests"]))] for one in self.evidence["limits"]],
                    "Limits"))

    # ----------------------------------------------------------------------------------------- walk

    def walk(self):
        walk = self.evidence["walk"]
        if not walk:
            return absent("the command that plays it has not been built:", "cmake --build --preset release")
        parts = [parties_drawn(),
                 f'<p>Played by <code>ref/</code> itself on a tape: <code>blindlend walk --seed {walk["seed"]} --json</code> '
                 'gives these values again. Three members obtain a token each, and spend them; the first borrow is told here. '
                 'The keys come from the seed and are nobody\'s. <span class=secret>secret</span> is what no other party '
                 "has learned by then. Long values can be opened.</p>\n"]
        for number, event in enumerate(walk["events"], 1):
            columns = "".join(
                f'<div class="party{"" if event["seen"][party] else " nothing"}"><h4>{party}</h4>'
                + ("".join(self.value(one) for one in event["seen"][party]) or "<p>sees nothing</p>") + "</div>"
                for party in PARTIES)
            calls = ", ".join(self.links.algorithm(name) for name in event["algorithms"])
            # Who sees nothing needs less room.
            widths = " ".join("minmax(0, 3fr)" if event["seen"][party] else "minmax(7.5rem, 1fr)" for party in PARTIES)
            parts.append(f"<h3>{number}. {e(event['title'])}</h3><p class=by>{calls}</p>"
                         f'<div class=parties style="--widths: {widths}">{columns}</div>\n')
        return "".join(parts) + self.joins(walk)

    @staticmethod
    def value(one):
        secret = f", {len(one['value']) // 2} bytes" if one["form"] == "hex" else ""
        secret += " <span class=secret>secret</span>" if one["secret"] else ""
        body = hexadecimal(one["value"]) if one["form"] == "hex" else (
            f"<pre tabindex=0>{e(one['value'].strip())}</pre>" if len(one["value"]) > 60 or "\n" in one["value"].strip()
            else f"<p>{e(one['value'].strip())}</p>")
        return f'<div class=value><span class=name>{e(one["name"])}{secret}</span>{body}</div>'

    def joins(self, walk):
        names = [f"token {at + 1}" for at in range(len(walk["tokens"]))]
        cells = {(pair["request"], pair["token"]): pair for pair in walk["pairs"]}
        all_join = all(pair["gives_request"] and pair["gives_token"] for pair in walk["pairs"])
        distinct = len({pair["r"] for pair in walk["pairs"]})

        def cell(pair):
            holds = pair["gives_request"] and pair["gives_token"]
            return hexadecimal(pair["r"]) + f"<div>{mark(holds, 'fits' if holds else 'does not fit')}</div>"
        rows = [[f"<b>{e(one['member'])}</b>'s request {hexadecimal(one['blinded'])}"]
                + [cell(cells[at, token]) for token in range(len(names))] for at, one in enumerate(walk["requests"])]
        truth = ", ".join(f"token {at + 1} is {walk['requests'][who]['member']}'s" for at, who in enumerate(walk["truth"]))
        small = walk["exhaustive"]
        common = "".join(f"<li>{hexadecimal(one['value'])} {e(one['is']) or mark(False, 'not explained')}\n"
                         for one in walk["common"])
        one_r = all(len(r) == 1 for row in small["rows"] for r in row["r"])
        return (
            "<h3>That they do not join</h3>\n"
            "<p>Admin and lender put everything side by side, the private key included: three requests by name, three tokens in "
            "the order in which they were spent. For each pair they compute the r that joins it, r = (request / hash of the "
            "token)<sup>d</sup>, and try it: Blind with this r makes of the token exactly that request, and Finalize makes of "
            "the admin's answer exactly that token.</p>\n"
            + table(["", *(f"{name}, spend key {one['spend_key'][:8]}…" for name, one in zip(names, walk["tokens"]))], rows,
                    "The r that joins each request with each token", "pairs-of-r")
            + f"<p>{mark(all_join, f'{distinct} different r for {len(cells)} pairs')}; "
            + ("each pair fits, by one r and, since x → x<sup>e</sup> permutes the units, by no other. "
               if all_join else "not every pair fits. ")
            + "All r are equally likely and r was sent nowhere, so nothing makes one of the pairings likelier "
            + f"({self.links('Claim.Blind')}, {self.links('Claim.Unlinkable')}).</p>\n"
            + f"<details><summary>Which it really was, by the members' own secrets</summary><p>{e(truth)}.</p></details>\n"
            "<h3>What admin and lender have in common</h3>\n<p>All runs of 8 bytes or more that stand in what members sent to the "
            f"admin or got from it, and in what the lender was shown:</p><ul>{common or '<li>none'}</ul>\n"
            f"<h3>All of it, where everything can be counted</h3>\n<p>The same functions on n = {small['n']}, e = {small['e']}, with "
            f"every tape there is: {small['tapes']:,} runs of Blind, of which {small['refused']:,} draw no unit. A row for each "
            "request that the admin can see, a column for each token; in the cell the r that joins them. "
            + mark(one_r, "Each cell holds exactly one r") + ", and "
            + mark(len(small["tapes_per_pair"]) == 1, f"each pair comes of equally many tapes ({', '.join(map(str, small['tapes_per_pair']))})")
            + ": a request says nothing about the token.</p>\n"
            + table(["request", *(f"{name}, hash {h}" for name, h in zip(small["messages"], small["hashes"]))],
                    [[f"<b>{row['request']}</b>", *(", ".join(map(str, r)) for r in row["r"])] for row in small["rows"]],
                    "The r of each request and token, n = 33", "grid"))

    def clock(self):
        pictures = self.evidence["pictures"]
        alt = "Effective anonymity set, degree of anonymity and best guess, against delay, group size and batch size"
        parts = ["<p>The signatures join nothing; time may. An observer with both logs, who weighs every way to match them, "
                 f"in a simulated group ({self.links('Limit.SpendSoonAfter')}):</p>\n",
                 picture(pictures["traffic"], alt)]
        if "simulate" in pictures:
            parts.append(f"<details><summary>The same, simulated anew by this audit with its seed</summary>"
                         f"{picture(pictures['simulate'], alt + ', by this audit')}</details>\n")
        return "".join(parts)

    # --------------------------------------------------------------------------------------- cheats

    def cheats(self):
        found = self.evidence["cheats"]
        if not found:
            return absent("the adversary's experiments have not been run:", "./audit")
        experiments = {one["name"]: one for one in found["experiments"]}
        alarm = sum(one["alarm"] for one in found["experiments"])
        caught = collections.Counter(one["caught_by"] for one in found["cheats"])

        def bound(value):
            return "none: nothing is left to chance" if value == 0 else f"2<sup>{math.log2(value):.1f}</sup>"

        def anchor(name):
            return "experiment-" + re.sub(r"\W+", "-", name)

        def experiment(name):
            return f'<a href="#{anchor(name)}">{e(name)}</a>'
        return (
            "<p>Each is a small flawed twin of one function of <code>ref/</code>, behind the same interface. The experiment that "
            "is meant to catch it must do so, and must pass the shipped code; a cheat that goes unnoticed is a failing test.</p>\n"
            + table(["cheat", "twin of", "caught by", "what the experiment saw", "the shipped code in the same", "also caught by"], [
                [f"<b>{e(one['cheat'])}</b>", self.links.algorithm(one["twin_of"]), experiment(one["caught_by"]), e(one["how"]),
                 e(experiments.get(one["caught_by"], {}).get("how", "")), ", ".join(map(experiment, one["also_by"]))]
                for one in found["cheats"]], "Cheats", "cheats")
            + f"<h3>The experiments</h3><p>A false alarm: the chance with which an experiment would catch a client that is as the spec "
            f"says. All together at most {bound(alarm)}; the test that runs them asserts less than 2<sup>-40</sup>.</p>\n"
            + table(["experiment", "the shipped code", "false alarm", "catches"], [
                [f'<span id="{anchor(one["name"])}">{e(one["name"])}</span>', e(one["how"]),
                 bound(one["alarm"]), e(count(caught[one["name"]], "cheat"))] for one in found["experiments"]], "Experiments")
            + (details("What the larger experiments said", map(e, found["said"])) if found["said"] else ""))

    # ----------------------------------------------------------------------------- proofs and models

    def proofs(self):
        found = self.evidence["proofs"]
        parts = []
        for one in found["modules"]:
            parts.append(f"<p>{mark(True, 'Checked by Coq')}: {e(one['name'])}, {one['theorems']} theorems, {one['closed']} definitions "
                         "and proofs, all closed: <strong>no axiom</strong>, nothing left open"
                         + ("; and by coqchk, the independent kernel.</p>" if one["checker"] else
                            ". coqchk has not been run: <code>spec/proofs/check --checker</code>.</p>"))
        if found["result"] != "passed":
            parts.append(absent(f"not checked by this audit ({e(found['result'])}); the statements are those of the tree:",
                                "spec/proofs/check"))
        rows = [[f'<span id="theorem-{e(one["name"])}"><b>{e(one["name"])}</b></span>',
                 (inline(one["says"]) or "an example: the hypotheses can be met")
                 + f"<details><summary>as it stands, with all hypotheses</summary><pre tabindex=0>{e(one['statement'])}</pre></details>",
                 "<br>".join(self.links(f"Claim.{e(name)}") for name in one["claims"])] for one in found["theorems"]]
        return "".join(parts) + table(["theorem", "says", "bears on"], rows, "Theorems", "theorems")

    def models(self):
        found = self.evidence["models"]
        says = {one["name"]: one for one in found["formulas"]}
        parts = ["<p>One token, two processes at its lender, one at another, crashes between any two steps, an upstream that is not "
                 "idempotent: all interleavings, by SPIN.</p>\n"]
        if not found["cases"]:
            parts.append(absent("the models have not been checked by this audit:", "spec/models/check"))
            parts.append(table(["formula", "says", "in LTL"], [
                [f"<b>{e(one['name'])}</b>", e(one["says"]), f"<code>{e(one['formula'])}</code>"] for one in found["formulas"]],
                "Formulas"))
            return "".join(parts)
        rows = []
        for case in found["cases"]:
            one = says.get(case["formula"], {"says": "", "formula": ""})
            result = "no result" if case["holds"] is None else "holds" if case["holds"] else "fails"
            rows.append([f"<b>{e(case['name'])}</b>", e(f"A simpler design: {case['design']}." if case["design"] else one["says"]),
                         f"<code>{e(case['formula'])}</code> <small><code>{e(one['formula'])}</code></small>",
                         "must hold" if case["must_hold"] else "must fail",
                         mark(case["holds"] == case["must_hold"], result),
                         f"{case['states']:,}" if case["states"] is not None else "-"])
        return "".join(parts) + table(["case", "says; or the simpler design", "formula", "", "SPIN", "states"], rows, "Models")

    # ----------------------------------------------------------------------------------- properties

    def properties(self):
        campaign = self.evidence["measured"]["properties"]
        by_test = {one["name"]: one for one in campaign["properties"]} if campaign else {}
        parts, shown = [], set()
        if campaign:
            cases = sum(one["cases"] for one in campaign["properties"])
            parts.append(facts([("cases", f"{cases:,}"), ("seed", campaign["seed"]), ("took", time_of(campaign["seconds"])),
                                ("shards", f"{campaign['shards']}, {campaign['jobs']} at a time"),
                                ("commit", f"<code>{e(campaign['commit'][:12])}</code>"
                                 + ("" if campaign["commit"] == self.evidence["commit"] else
                                    " <span class=warn>not this page's</span>"))]))
        else:
            parts.append(absent("no campaign with distributions:", "tests/properties/run --budget 10m"))
        for one in self.evidence["properties"]:
            measured = [by_test[name] for name in one["cases"] if name in by_test]
            shown |= {test["name"] for test in measured}
            parts.append(
                f'<section class=property id="Property.{e(one["name"])}" tabindex=-1><h3>Property.{e(one["name"])} '
                f'<small>{e(one["spec"])}</small></h3><p>{self.links(e(one["text"]))}</p>'
                f'{details("named in " + count(one["tests"], "place"), map(e, one["tests"]))}'
                + "".join(map(self.distribution, measured)) + "</section>\n")
        rest = [one for one in by_test.values() if one["name"] not in shown]
        if rest:
            parts.append("<h3>Tests with random cases that name no property of the spec</h3>"
                         + "".join(map(self.distribution, rest)))
        return "".join(parts)

    @staticmethod
    def distribution(test):
        labels = sorted(test["distribution"].items(), key=lambda item: -item[1])
        head = (f"<b>{e(test['name'])}</b> {mark(test['result'] == 'passed', e(test['result']))}, {test['cases']:,} cases"
                + (f", {test['discarded']:,} discarded" if test["discarded"] else "")
                + f" <details><summary>again</summary><code>{e(test['reproduce'])}</code></details>")
        shown = bars(labels[:10]) if labels else ""
        more = f"<details><summary>{len(labels) - 10} more</summary>{bars(labels[10:])}</details>" if len(labels) > 10 else ""
        return f"<div class=distribution><div>{head}</div>{shown}{more}</div>"

    # ------------------------------------------------------------------------------------- campaigns

    def harnesses_of(self, algorithm):
        return [one["name"] for one in self.evidence["harnesses"] if algorithm in one["targets"]]

    def fuzz(self):
        history = self.evidence["measured"]["fuzz"]
        targets = {one["name"]: one["targets"] for one in self.evidence["harnesses"]}
        if not history:
            return (absent("no campaign has been run.", "fuzz/run --budget 10m") + table(
                ["harness", "targets"], [[f'<span id="harness-{e(name)}"><b>{e(name)}</b></span>',
                                          ", ".join(map(self.links.algorithm, names))] for name, names in targets.items()],
                "Harnesses"))
        campaigns = history["campaigns"]
        runs = collections.defaultdict(list)
        for campaign in campaigns:
            for one in campaign["harnesses"]:
                runs[one["harness"]].append(one)
        parts = [facts([("campaigns", len(campaigns)), ("executions", f"{sum(self.fuzzing.values()):,}"),
                        ("time of the processor", time_of(sum(one["processor_seconds"] for one in campaigns))),
                        ("findings", mark(not any(one["found"] for one in campaigns), str(sum(one["found"] for one in campaigns))))])]
        rows = []
        for name in sorted(set(runs) | set(targets)):
            of = runs.get(name, [])
            bad = [one["result"] for one in of if one["result"] != "ok"]
            rows.append([f'<span id="harness-{e(name)}"><b>{e(name)}</b></span>',
                         ", ".join(map(self.links.algorithm, targets.get(name) or (of[-1]["targets"] if of else []))),
                         f"{self.fuzzing[name]:,}",
                         spark([one["executions"] for one in of], f"executions of {name} in {count(of, 'campaign')}") if of else "",
                         f"{of[-1]['features']:,}" if of else "-",
                         spark([one["features"] for one in of], f"features of {name} in {count(of, 'campaign')}") if of else "",
                         f"{of[-1]['corpus']:,}" if of else "-",
                         mark(not bad, e(", ".join(sorted(set(bad))) or "ok")) if of else mark(False, "not run")])
        parts.append(table(["harness", "targets", "executions", "by campaign", "features", "by campaign", "corpus", "result"], rows,
                           "Harnesses", "fuzz"))
        parts.append("<h3>Campaigns</h3>" + table(
            ["began", "commit", "engine", "seed", "time", "of the processor", "executions", "findings"], [
                [e(one["began"]), f"<code>{e(one['commit'][:12])}</code>", e(one["engine"]), one["seed"],
                 time_of(one["seconds"]), time_of(one["processor_seconds"]),
                 f"{sum(harness['executions'] for harness in one['harnesses']):,}", mark(not one["found"], one["found"])]
                for one in reversed(campaigns)], "Campaigns"))
        return "".join(parts)

    def mutants(self):
        rows, total = [], collections.Counter()
        for chapter in self.evidence["chapters"]:
            counts = collections.Counter(mutant["result"] for algorithm in chapter["algorithms"]
                                         for step in algorithm["steps"] for mutant in step["mutants"])
            if counts:
                rows.append([f'<a href="#chapter-{e(chapter["name"])}">{e(chapter["title"])}</a>']
                            + [f"{counts[name]:,}" for name in RESULTS])
                total += counts
        if not rows:
            return absent("no mutant has been run for these sources:", "tools/mutate")
        equivalent = [f"{self.links(e(step['label']))}: <code>{e(mutant['now'])}</code>: {e(mutant['why'])}"
                      for step in self.steps.values() for mutant in step["mutants"] if mutant["result"] == "equivalent"]
        return ("<p>A mutant is one statement of a step deleted or changed; a test has to notice. Results by step stand beside "
                f'<a href="#steps">the code</a>.</p>\n'
                + table(["chapter", *RESULTS], rows + [["<b>all</b>"] + [f"<b>{total[name]:,}</b>" for name in RESULTS]],
                        "Mutants by chapter", "numeric")
                + (details("Those that change nothing, each with its reason", equivalent) if equivalent else ""))

    def coverage(self):
        covered = self.evidence["coverage"]
        if not covered:
            return absent("not measured for these sources:", "tools/coverage")
        missing = absent("The rest of app/ was not measured:", "tools/coverage") if covered["quick"] else ""
        return missing + table(["file", *[f"tests: {kind}" for kind in KINDS], *[f"fuzz: {kind}" for kind in KINDS]], [
            [e(file)] + [share(counts["tests"][kind]) for kind in KINDS]
            + [share(counts["fuzz"][kind]) if counts["fuzz"] else "-" for kind in KINDS]
            for file, counts in covered["files"].items()], "Coverage by file", "numeric")

    # ------------------------------------------------------------------------------------ benchmarks

    def benchmarks(self):
        found = self.evidence["measured"]["benchmarks"]
        parts = []
        if found["audit"]:
            parts.append("<h3>This audit's run</h3>" + self.benchmark(found["audit"], "this audit"))
        else:
            parts.append(absent("this machine has not been measured:", "bench/run --quick --stores"))
        if found["last"]:
            body = self.benchmark(found["last"], "the committed run")
            parts.append("<h3>The run that is committed</h3>" + body if not found["audit"] else
                         f"<details><summary>The run that is committed, of another day or machine</summary>{body}</details>")
        parts.append("<h3>Relay and proxy</h3>")
        for http in found["http"] or ():
            def added(run, name):
                return f"{run['added'][name]:.2f} ms" if run["added"] and name in run["added"] else "-"
            parts.append(f"<h4>{'With TLS' if http['tls'] else 'Without TLS'}</h4>"
                         + facts([("calls a second, one after the other", f"{http['calls_per_second']:.0f}"),
                                  *((f"memory of the {name}", f"{values.get('VmHWM', 0):.0f} MiB at most")
                                    for name, values in http["memory_mib"].items())])
                         + table(["streams at once", "added to the first event, median", "99 of 100", "to each event, median",
                                  "99 of 100"], [
                             [run["streams"], *(added(run, name) for name in ("first_median", "first_p99", "event_median", "event_p99"))]
                             for run in http["runs"]], "Relay and proxy", "numeric"))
        if not found["http"]:
            parts.append(absent("not measured:", "./audit"))
        return "".join(parts)

    @staticmethod
    def benchmark(one, what):
        context = one["context"]
        rows = []
        for row in one["criteria"]:
            low, high = row["interval"]
            verdict = ("met" if row["met"] else "missed") + (", barely" if row["barely"] else "") \
                + ("" if row["required"] else ", not required")
            rows.append([e(row["name"]), e(row["what"]), f"at {row['at']} {row['limit']:g}",
                         f"{row['ratio']:.3g} <small>{low:.3g} to {high:.3g}</small>", mark(row["met"], verdict)])
        for row in one["limits"]:
            rows.append([e(row["name"]), "time", f"at most {microseconds(row['limit_us'])}", microseconds(row["ref_us"]),
                         mark(row["met"], "met" if row["met"] else "missed")])
        ratios = [[e(row["name"].split("/")[0]), e(row["name"].split("/")[-1]), microseconds(row["ref_us"]),
                   microseconds(row["openssl_us"]), f"{row['ratio']:.2f} <small>{row['interval'][0]:.2f} to {row['interval'][1]:.2f}</small>"]
                  for row in one["ratios"]]
        order = ("date", "commit", "cpu", "processors", "compiler", "build_type", "flags", "governor", "load_before", "load_after",
                 "scheduling")
        return (facts([(name.replace("_", " "), e(context[name])) for name in order if name in context])
                + "<h4>Criteria</h4>" + table(["benchmark", "what", "limit", "measured, 95 % interval", "verdict"], rows,
                                              f"Criteria, {what}")
                + picture(one["picture"], f"Benchmarks of {what}: cost by operation and key size beside OpenSSL, growth with batch, "
                          "ledger, group and spent-set")
                + "<details><summary>Cost by operation and key size, in numbers</summary>"
                + table(["operation", "bits", "ref/", "OpenSSL", "ratio, 95 % interval"], ratios, f"Costs, {what}", "numeric")
                + "</details>")

    # ----------------------------------------------------------------------------------------- steps

    def chapter(self, chapter, by_file):
        file = f"spec/{chapter['name']}.md"
        if file in by_file:
            return (f'<span id="{anchor_of(file)}"></span>'
                    + self.documents.render(by_file[file], 3, lambda labels: self.steps_of(labels)))
        # Without its text: the algorithms alone.
        return f"<h3>{e(chapter['title'])}</h3>" + "".join(
            f'<h5 id="{e(one["name"])}">{e(one["signature"])}</h5>' + self.steps_of([step["label"] for step in one["steps"]])
            for one in chapter["algorithms"])

    def steps_of(self, labels):
        algorithm = self.algorithms[labels[0].split(".")[0]]
        vectors = details(f"its {count(algorithm['vectors'], 'vector')}", [
            f"{e(algorithm['name'])}:{one['id']} {e(one['comment'])}"
            + (f" (fails at {self.links(e(one['fails_at']))})" if one["fails_at"] else "")
            for one in algorithm["vectors"]]) if algorithm["vectors"] and labels[-1] == algorithm["steps"][-1]["label"] else ""
        return ("<div class=steps>" + "".join(self.step(self.steps[label], algorithm) for label in labels)
                + f"<div class=prose>{vectors}</div></div>\n")

    def step(self, step, algorithm):
        marks, cells, open_ends = [], [], []
        links, run = self.links, step["coverage"]
        results = collections.Counter(mutant["result"] for mutant in step["mutants"])
        here = [one for one in algorithm["vectors"] if one["fails_at"] == step["label"]]

        def cell(name, body):
            cells.append(f"<div><dt>{name}<dd>{body}</div>")
        # Vectors.
        labels = [one["label"] for one in algorithm["steps"]]
        before = set(labels[:labels.index(step["label"])])
        come = sum(one["fails_at"] not in before for one in algorithm["vectors"])
        text = f"{count(algorithm['vectors'], 'vector')} of {e(algorithm['name'])}" if algorithm["vectors"] else "none"
        if algorithm["vectors"]:
            text += f", of which {come} do not fail before it" + ("" if here else "; none must fail here")
        if here:
            text += details(f"{len(here)} must fail here", [f"{e(algorithm['name'])}:{one['id']} {e(one['comment'])}" for one in here])
        cell("vectors that reach it", text)
        if step["unreached"]:
            marks.append("unreached")
            open_ends.append(f"no vector fails here: {links(inline(step['unreached']))}")
        # Tests.
        killers = collections.Counter(one["killed_by"] for one in step["mutants"] if one["killed_by"])
        if killers:
            cell("tests that fail without it", details(count(killers, "test"), [
                f"{e(name)} <small>({number} of its mutants)</small>" for name, number in killers.most_common()]))
        else:
            cell("tests that fail without it", "not measured: <code>tools/mutate</code>" if results["not run"] or not step["mutants"]
                 else "none known")
        cell("tests that name it", details(count(step["tests"], "test"), map(e, step["tests"])) if step["tests"] else "none")
        if not step["tests"] and not algorithm["vectors"]:
            marks.append("unnamed")
            open_ends.append("neither a test nor a vector names it")
        # Mutants.
        if step["mutants"]:
            title = ", ".join(f"{results[name]} {name}" for name in RESULTS if results[name])
            kind = "warn" if results["survived"] else "" if results["not run"] else "ok"
            cell("mutants", details(f'<span class="{kind}">{title}</span>', [
                f"<b>{e(one['result'])}</b> {e(one['operator'])}: <code>{e(one['now'])}</code>"
                + (f" by {e(one['killed_by'])}" if one["killed_by"] else "") + (f": {e(one['why'])}" if one["why"] else "")
                for one in step["mutants"]]))
            if results["survived"]:
                marks.append("survivor")
                open_ends.append(f"{count(results['survived'], 'mutant')} survived")
            if results["not run"]:
                marks.append("unrun")
                open_ends.append(f"{count(results['not run'], 'mutant')} not run")
        elif step["ref"]:
            cell("mutants", "none: it only returns" if self.evidence["mutants"] is not None else "not run: <code>tools/mutate</code>")
        # Coverage.
        if run:
            cell("run by tests", details(count(run["ran_by"], "test case"), map(e, run["ran_by"])) if run["ran_by"]
                 else mark(False, "none"))
            if not run["ran_by"]:
                open_ends.append("no test runs it")
        else:
            cell("run by tests", "not measured: <code>tools/coverage</code>")
        # Fuzzing.
        names = run["fuzzed_by"] if run else self.harnesses_of(algorithm["name"])
        total = sum(self.fuzzing[name] for name in names) if self.fuzzing else 0
        if names:
            text = ", ".join(f'<a href="#harness-{e(name)}">{e(name)}</a>'
                             + (f" ({names[name]:,} times by its corpora)" if run else "") for name in names)
            text += f": {total:,} executions altogether" if self.fuzzing else ": no campaign yet"
            text += "" if run else ", by the harness's targets"
        else:
            text = "no harness runs it" if run else "no harness has its algorithm as a target"
        cell("fuzzing", text)
        if not names or not total:
            marks.append("unfuzzed")
            open_ends.append("not fuzzed" if not names else "not fuzzed yet")
        if self.evidence["coverage"] is None:
            open_ends.append("which tests and inputs run it has not been measured")
        if self.evidence["mutants"] is None:
            open_ends.append("no mutant of it has been run")
        cell("nobody has checked", "<ul>" + "".join(f"<li>{one}" for one in open_ends) + "</ul>" if open_ends
             else mark(True, "nothing of these is open"))
        label = e(step["label"])
        code = f'<pre tabindex=0>{e(textwrap.dedent(step["code"]))}</pre>' if step["code"] else "<p>no code</p>"
        return (f'<section class=step id="{label}" data-marks="{" ".join(marks)}" tabindex=-1>'
                f'<h6><a href="#{label}">{label}</a> <small>{e(step["spec"])}{", " + e(step["ref"]) if step["ref"] else ""}</small></h6>'
                f'<div class=two><p>{links(e(step["text"]))}</p>{code}</div><dl class=facts>{"".join(cells)}</dl></section>\n')


def render(evidence):
    return str(Page(evidence))

"""The page of tools/evidence: evidence.json as HTML, one file without requests, that reads without scripts and prints.

Everything on the page comes from the evidence, which has passed tools/evidence_schema.json, and from the template.
"""

import collections
import html
import pathlib
import re
import textwrap

TEMPLATE = pathlib.Path(__file__).resolve().parent / "evidence_page.html"
RESULTS = ("killed", "survived", "equivalent", "uncompilable", "not run")
KINDS = ("lines", "regions", "branches")


def e(text):
    return html.escape(str(text))


def inline(text):
    """Escaped, with `code`, **bold** and *italic* as they stand in Markdown."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", e(text))
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"\*(\w[^*]*\w)\*", r"<em>\1</em>", text)


class Links:
    """Labels of steps and properties become links, where the page has them."""

    def __init__(self, evidence):
        self.known = {step["label"] for chapter in evidence["chapters"] for algorithm in chapter["algorithms"]
                      for step in algorithm["steps"]}
        for kind in ("Property", "Claim", "Limit"):
            of_kind = evidence["properties" if kind == "Property" else f"{kind.lower()}s"]
            self.known |= {f"{kind}.{one['name']}" for one in of_kind}

    def __call__(self, escaped):
        return re.sub(r"\b[A-Z]\w*\.\w+", lambda match: f'<a href="#{match[0]}">{match[0]}</a>'
                      if match[0] in self.known else match[0], escaped)


def table(head, rows):
    """rows: lists of cells that are HTML already."""
    return ("<div class=scroll><table><thead><tr>" + "".join(f"<th scope=col>{e(cell)}" for cell in head)
            + "</thead><tbody>" + "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) + "\n" for row in rows)
            + "</tbody></table></div>\n")


def details(title, items):
    return f"<details><summary>{title}</summary><ul>{''.join(f'<li>{item}' for item in items)}</ul></details>"


def share(pair):
    return f"{100 * pair[0] / pair[1]:.1f} %" if pair and pair[1] else "-"


def count(things, name):
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def render_step(step, algorithm, links):
    counts = collections.Counter(mutant["result"] for mutant in step["mutants"])
    run = step["coverage"]
    marks = []
    if counts["survived"]:
        marks.append("survivor")
    if step["unreached"]:
        marks.append("unreached")
    if not step["tests"] and not algorithm["vectors"]:
        marks.append("unnamed")
    if run and not run["fuzzed_by"]:
        marks.append("unfuzzed")
    parts = []
    here = [vector for vector in algorithm["vectors"] if vector["fails_at"] == step["label"]]
    if here:
        parts.append(details(f"{count(here, 'vector')} must fail here", [
            f"{e(algorithm['name'])}:{vector['id']} {e(vector['comment'])}" for vector in here]))
    elif algorithm["vectors"]:
        parts.append(f"<span>{count(algorithm['vectors'], 'vector')} of the algorithm</span>")
    if step["unreached"]:
        parts.append(f"<span class=warn>not reached: {inline(step['unreached'])}</span>")
    if step["tests"]:
        parts.append(details(f"named by {count(step['tests'], 'test')}", map(e, step["tests"])))
    killers = collections.Counter(mutant["killed_by"] for mutant in step["mutants"] if mutant["killed_by"])
    if killers:
        parts.append(details(f"{count(killers, 'test')} killed mutants of it", [
            f"{e(name)}: {number}" for name, number in killers.most_common()]))
    if step["mutants"]:
        title = f"{count(step['mutants'], 'mutant')}: " + ", ".join(
            f"{counts[name]} {name}" for name in RESULTS if counts[name])
        kind = "warn" if counts["survived"] else "" if counts["not run"] else "ok"
        parts.append(details(f'<span class="{kind}">{title}</span>', [
            f"<b>{e(mutant['result'])}</b> {e(mutant['operator'])}: <code>{e(mutant['now'])}</code>"
            + (f" by {e(mutant['killed_by'])}" if mutant["killed_by"] else "")
            + (f": {e(mutant['why'])}" if mutant["why"] else "") for mutant in step["mutants"]]))
    if run:
        if run["ran_by"]:
            parts.append(details(f"run by {count(run['ran_by'], 'test case')}", map(e, run["ran_by"])))
        else:
            parts.append("<span class=warn>run by no test case</span>")
        parts.append(f"<span>fuzzed by: {e(', '.join(run['fuzzed_by']) or 'none')}</span>")
    where = f"<small>{e(step['spec'])}, {e(step['ref'])}</small>" if step["ref"] else f"<small>{e(step['spec'])}</small>"
    return (f'<section class=step id="{e(step["label"])}" data-marks="{" ".join(marks)}" tabindex=-1>'
            f'<h4><a href="#{e(step["label"])}">{e(step["label"])}</a> {where}</h4>'
            f'<div class=two><p>{links(e(step["text"]))}</p>'
            + (f'<pre tabindex=0>{e(textwrap.dedent(step["code"]))}</pre>' if step["code"] else "")
            + f'</div><div class=facts>{"".join(parts)}</div></section>\n')


def render(evidence):
    links = Links(evidence)
    parts = []

    def heading(anchor, title):
        parts.append(f'<h2 id="{anchor}">{e(title)}</h2>\n')

    heading("summary", "Summary")
    facts = [("verdict", evidence["verdict"]), ("commit", evidence["commit"]), ("seed", evidence["seed"]),
             ("budget", f"{evidence['budget_seconds']} s" if evidence["budget_seconds"] else None),
             ("made", evidence["times"]["made"])]
    parts.append(table(["", ""], [[e(name), e(value if value is not None else "-")] for name, value in facts]))
    if evidence["rows"]:
        parts.append(table(["row", "result", "seconds", "how much", "again"], [
            [e(row["name"]), f'<span class={"ok" if row["result"] == "passed" else "warn"}>{e(row["result"])}</span>',
             e(evidence["times"]["seconds"][row["name"]]), e(evidence["measured"]["amounts"][row["name"]]),
             f"<code>{e(row['repeat'])}</code>"] for row in evidence["rows"]]))

    heading("claims", "Claims, and what would refute them")
    parts.append(table(["claim", "against", "kind", "rests on", "tests, theorems"], [
        [f'<span id="Claim.{e(claim["name"])}"><b>{e(claim["name"])}</b> {links(inline(claim["text"]))}</span>',
         inline(claim["against"]), e(claim["kind"]), links(inline(claim["rests_on"])),
         details(f"{count(claim['tests'], 'place')} in tests", map(e, claim["tests"]))
         + (details(count(claim["theorems"], "theorem"), map(e, claim["theorems"])) if claim["theorems"] else "")]
        for claim in evidence["claims"]]))
    heading("limits", "What it does not protect")
    parts.append(table(["limit", "shown by"], [
        [f'<span id="Limit.{e(limit["name"])}"><b>{e(limit["name"])}</b> {links(inline(limit["text"]))}</span>',
         details(count(limit["tests"], "place"), map(e, limit["tests"]))] for limit in evidence["limits"]]))

    heading("not-covered", "What is not covered")
    parts.append(render_not_covered(evidence, links))

    heading("mutants", "Mutants")
    chapters = []
    for chapter in evidence["chapters"]:
        counts = collections.Counter(mutant["result"] for algorithm in chapter["algorithms"]
                                     for step in algorithm["steps"] for mutant in step["mutants"])
        if counts:
            chapters.append([e(chapter["name"])] + [str(counts[name]) for name in RESULTS])
    parts.append(table(["chapter", *RESULTS], chapters) if chapters else "<p>Not run for these sources.</p>")

    heading("coverage", "Coverage")
    if evidence["coverage"]:
        kinds = KINDS
        parts.append(table(["file", *[f"tests: {kind}" for kind in kinds], *[f"fuzz: {kind}" for kind in kinds]], [
            [e(file)] + [share(counts["tests"][kind]) for kind in kinds]
            + [share(counts["fuzz"][kind]) if counts["fuzz"] else "-" for kind in kinds]
            for file, counts in evidence["coverage"]["files"].items()]))
    else:
        parts.append("<p>Not run for these sources: <code>tools/coverage</code>.</p>")

    heading("properties", "Properties")
    for one in evidence["properties"]:
        parts.append(f'<section class=step id="Property.{e(one["name"])}" tabindex=-1><h4>Property.{e(one["name"])} '
                     f'<small>{e(one["spec"])}</small></h4><p>{links(e(one["text"]))}</p><div class=facts>'
                     f'{details("named in " + count(one["tests"], "place"), map(e, one["tests"]))}</div></section>\n')
    heading("deviations", "Deviations from standards")
    parts.append("<ul>" + "".join(f"<li><b>{e(one['name'])}</b> {links(e(one['text']))}\n"
                                  for one in evidence["deviations"]) + "</ul>")

    heading("steps", "The spec beside the code")
    for chapter in evidence["chapters"]:
        if not chapter["algorithms"]:
            continue
        parts.append(f'<h2 id="chapter-{e(chapter["name"])}">{e(chapter["title"])}</h2>\n')
        for algorithm in chapter["algorithms"]:
            parts.append(f'<div class=algorithm><h3 id="{e(algorithm["name"])}">{e(algorithm["signature"])}</h3>\n')
            parts += [render_step(step, algorithm, links) for step in algorithm["steps"]]
            if algorithm["vectors"]:
                parts.append(details("its " + count(algorithm["vectors"], "vector"), [
                    f"{e(algorithm['name'])}:{vector['id']} {e(vector['comment'])}"
                    + (f" (fails at {links(e(vector['fails_at']))})" if vector["fails_at"] else "")
                    for vector in algorithm["vectors"]]))
            parts.append("</div>\n")

    contents = "".join(f'<li><a href="#{anchor}">{title}</a>' for anchor, title in re.findall(
        r'<h2 id="([^"]+)">([^<]*)</h2>', "".join(parts)))
    return TEMPLATE.read_text().replace("<!--contents-->", contents).replace("<!--page-->", "".join(parts))


def render_not_covered(evidence, links):
    gaps = evidence["not_covered"]
    parts = [f"<p>{inline(gaps['not_proven'])}</p>"]

    def part(title, items):
        parts.append(f"<h3>{e(title)}</h3>" + ("<ul>" + "".join(f"<li>{item}\n" for item in items) + "</ul>"
                                               if items else "<p>None.</p>"))
    part("Rows of the audit that failed or were absent", [e(name) for name in gaps["rows_failed"] + gaps["rows_absent"]])
    part("Steps that can fail and that no vector reaches",
         [f"{links(e(one['label']))}: {inline(one['why'])}" for one in gaps["unreached"]])
    part("Steps that neither a vector nor a test names", [links(e(label)) for label in gaps["steps_no_test_names"]])
    if evidence["mutants"] is None:
        parts.append("<h3>Mutants</h3><p>None was run.</p>")
    else:
        part("Mutants that no test noticed", [
            f"{links(e(one['label']))}: {e(one['operator'])}: <code>{e(one['now'])}</code>" for one in gaps["survivors"]])
        parts.append(f"<p>{gaps['mutants_not_run']} mutants have not been run.</p>")
        part("Steps without a mutant (they only return)", [links(e(label)) for label in gaps["steps_without_mutants"]])
    if gaps["steps_not_fuzzed"] is None:
        parts.append("<h3>Coverage and fuzzing by step</h3><p>Not measured for these sources.</p>")
    else:
        part("Steps that the fuzz corpora do not run", [links(e(label)) for label in gaps["steps_not_fuzzed"]])
        part("Code of ref/ that no test runs", [
            f"{e(row['file'])}:{row['line']}: {e(row['what'])}: <code>{e(row['text'])}</code>: {inline(row['why'] or '')}"
            for row in evidence["coverage"]["not_run"]])
    return "".join(parts)

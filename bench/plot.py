"""Draws a result of bench/run as one SVG: no library, no script, light and dark."""

import math
import re
import statistics
from html import escape

WIDTH, GAP, MARGIN = 1000, 30, 24
# Blue, vermilion, bluish green, purple: told apart by those who see fewer colours; and by dash and marker.
LIGHT = {"ink": "#1f2328", "soft": "#59636e", "grid": "#dfe3e8", "paper": "#ffffff",
         "c0": "#0868ac", "c1": "#c1440e", "c2": "#15803d", "c3": "#7b3fa0"}
DARK = {"ink": "#e6edf3", "soft": "#9aa4af", "grid": "#31373e", "paper": "#0d1117",
        "c0": "#6cb6ff", "c1": "#ff9b6b", "c2": "#5fd38d", "c3": "#cf9bff"}
OPERATIONS = ("Blind", "Finalize", "BlindFinalize", "Verify", "BlindSign", "VerifyKeyProof", "ProveKey")
LENGTHS = (2048, 3072, 4096)


def style():
    def rules(colours):
        return (f"svg{{background:{colours['paper']}}}.paper{{fill:{colours['paper']}}}"
                f"text{{fill:{colours['ink']}}}.soft{{fill:{colours['soft']}}}"
                f".grid{{stroke:{colours['grid']}}}.axis{{stroke:{colours['soft']}}}"
                + "".join(f".l{i}{{stroke:{colours[f'c{i}']}}}.f{i}{{fill:{colours[f'c{i}']}}}"
                          f".h{i}{{stroke:{colours[f'c{i}']};fill:{colours['paper']}}}"
                          for i in range(4)))
    return ("<style>text{font:12px system-ui,'DejaVu Sans',sans-serif}.t{font-weight:600;"
            "font-size:14px}.line{fill:none;stroke-width:2}.dash{stroke-dasharray:5 4}"
            + rules(LIGHT) + "@media (prefers-color-scheme:dark){" + rules(DARK) + "}</style>")


def text(x, y, words, anchor="start", kind="", extra=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
            f'{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}{extra}>{escape(str(words))}</text>')


def line(x1, y1, x2, y2, kind):
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def marker(x, y, colour, hollow):
    kind = f"h{colour}" if hollow else f"f{colour}"
    if hollow:
        return (f'<rect class="{kind}" stroke-width="1.6" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" '
                f'width="7" height="7"/>')
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'


def short(number):
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:g}{unit}"
    return f"{number:g}"


class Scale:
    """From a value to a place: logarithmic, or linear from 0."""

    def __init__(self, values, begin, end, logarithmic=True):
        self.logarithmic, self.begin, self.end = logarithmic, begin, end
        if logarithmic:
            self.low = math.floor(math.log10(min(values)) + 1e-9)
            self.high = max(math.ceil(math.log10(max(values)) - 1e-9), self.low + 1)
            self.ticks = [10.0**i for i in range(self.low, self.high + 1)]
        else:
            step = 10.0**math.floor(math.log10(max(values)))
            step *= next(factor for factor in (0.2, 0.5, 1, 2) if max(values) <= 6 * factor * step)
            self.low, self.high = 0, math.ceil(max(values) / step) * step
            self.ticks = [step * i for i in range(round(self.high / step) + 1)]

    def __call__(self, value):
        at = math.log10(value) if self.logarithmic else value
        return self.begin + (at - self.low) / (self.high - self.low) * (self.end - self.begin)


class Doublings(Scale):
    """Of a few powers of two, from the least to the greatest."""

    def __init__(self, values, begin, end):
        super().__init__(values, begin, end)
        self.low, self.high = math.log10(min(values)), math.log10(max(values))


def operations(times, y):
    """ref/ next to its peer, a line for each operation and key length. Returns (svg, height)."""
    rows = [(operation, bits, times[f"{operation}/ref/{bits}"], times[f"{operation}/openssl/{bits}"])
            for operation in OPERATIONS for bits in LENGTHS
            if f"{operation}/ref/{bits}" in times and f"{operation}/openssl/{bits}" in times]
    if not rows:
        return "", 0
    left, right, top, step = MARGIN + 170, WIDTH - MARGIN - 90, y + 58, 17
    medians = [statistics.median(each) for one in rows for each in one[2:]]
    x_of = Scale(medians, left, right)
    heights, at, before = [], top + 12, None
    for operation, *_ in rows:
        at += 8 if before not in (None, operation) else 0
        heights.append(at)
        at, before = at + step, operation
    out = [text(MARGIN, y + 14, "Cost of an operation, by key length in bits", kind="t"),
           marker(MARGIN + 5, y + 34, 0, False), text(MARGIN + 15, y + 38, "blindlend (ref/)"),
           marker(MARGIN + 135, y + 34, 1, True),
           text(MARGIN + 145, y + 38, "the same protocol on OpenSSL"),
           text(WIDTH - MARGIN, y + 38, "ratio", "end", "soft")]
    for tick in x_of.ticks:
        out += [line(x_of(tick), top, x_of(tick), at - 4, "grid"),
                text(x_of(tick), at + 12, short(tick), "middle", "soft")]
    out.append(text((left + right) / 2, at + 30, "processor time in µs (logarithmic)", "middle", "soft"))
    before = None
    for height, (operation, bits, ref, peer) in zip(heights, rows):
        if operation != before:
            out.append(text(MARGIN, height + 4, operation))
        before = operation
        one, two = (statistics.median(each) for each in (ref, peer))
        out += [text(left - 12, height + 4, bits, "end", "soft"),
                line(x_of(one), height, x_of(two), height, "axis"),
                marker(x_of(two), height, 1, True), marker(x_of(one), height, 0, False),
                text(WIDTH - MARGIN, height + 4, f"{one / two:.2f}", "end")]
    return "".join(out), at + 44 - y


def panel(x, y, title, x_title, y_title, series, logarithmic=True):
    """Lines with the quartiles of their points. series: (label, colour, dashed, [(x, values)])."""
    width = (WIDTH - 2 * MARGIN - GAP) / 2
    series = [one for one in series if len(one[3]) > 1]
    if not series:
        return ""
    out = [text(x, y + 14, title, kind="t")]
    per_line = 2
    for i, (label, colour, dashed, _) in enumerate(series):
        at_x, at_y = x + (i % per_line) * width / per_line, y + 34 + (i // per_line) * 17
        out += [line(at_x, at_y - 4, at_x + 26, at_y - 4, f"line l{colour}{' dash' if dashed else ''}"),
                marker(at_x + 13, at_y - 4, colour, dashed), text(at_x + 33, at_y, label)]
    top = y + 34 + ((len(series) + per_line - 1) // per_line) * 17 + 2
    left, right, bottom = x + 58, x + width - 8, y + 330
    quartiles = {}
    for _, _, _, points in series:
        for _, values in points:
            cut = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
            quartiles[id(values)] = [min(max(each, min(values)), max(values)) for each in cut]
    xs = [size for *_, points in series for size, _ in points]
    x_of = Scale(xs, left + 8, right - 8)
    if all(abs(math.log2(size) % 1) < 1e-9 and size <= 64 for size in xs):  # threads: by doubling
        x_of, ticks = Doublings(xs, left + 8, right - 8), sorted(set(xs))
    else:
        ticks = x_of.ticks
    y_of = Scale([each for cut in quartiles.values() for each in cut], bottom, top, logarithmic)
    for tick in y_of.ticks:
        out += [line(left, y_of(tick), right, y_of(tick), "grid"),
                text(left - 6, y_of(tick) + 4, short(tick), "end", "soft")]
    out.append(line(left, bottom, right, bottom, "axis"))
    for tick in ticks:
        out += [line(x_of(tick), bottom, x_of(tick), bottom + 4, "axis"),
                text(x_of(tick), bottom + 17, short(tick), "middle", "soft")]
    out += [text((left + right) / 2, bottom + 35, x_title, "middle", "soft"),
            text(x + 10, (top + bottom) / 2, y_title, "middle", "soft",
                 f' transform="rotate(-90 {x + 10:.1f} {(top + bottom) / 2:.1f})"')]
    for _, colour, dashed, points in series:
        places = [(x_of(size), statistics.median(values), quartiles[id(values)])
                  for size, values in points]
        out.append(f'<polyline class="line l{colour}{" dash" if dashed else ""}" points="'
                   + " ".join(f"{at:.1f},{y_of(middle):.1f}" for at, middle, _ in places) + '"/>')
        for at, middle, (low, _, high) in places:
            out += [line(at, y_of(low), at, y_of(high), f"l{colour}"),
                    marker(at, y_of(middle), colour, dashed)]
    return "".join(out)


def series_of(times, pattern, change=lambda value: value):
    """[(number, values)] of the benchmarks whose name is pattern with a number for its %."""
    expression = re.compile(re.escape(pattern).replace("%", r"(\d+)"))
    found = [(int(match[1]), list(map(change, values))) for name, values in times.items()
             if (match := expression.fullmatch(name))]
    return sorted(found, key=lambda point: point[0])


def footprint_bars(x, y, footprints):
    """Megabytes, with the largest spent-set."""
    sizes = [int(name.rpartition(":")[2]) for name in footprints]
    if not sizes:
        return ""
    size = max(sizes)
    disk = footprints.get(f"Footprint/disk/entries:{size}", {})
    bars = [("spent-set of ref/ in memory", footprints.get(f"Footprint/ref/entries:{size}", {}).get("heap")),
            ("database file", disk.get("file")), ("the same, compacted", disk.get("compacted")),
            ("process that claims", disk.get("process")),
            ("process that compacts", disk.get("compact_process"))]
    bars = [(label, value * size / 1e6) for label, value in bars if value is not None]
    width = (WIDTH - 2 * MARGIN - GAP) / 2
    left, right, top = x + 178, x + width - 50, y + 44
    x_of = Scale([value for _, value in bars], left, right, logarithmic=False)
    bottom = top + 44 * len(bars) - 10
    out = [text(x, y + 14, f"Memory and disk, with {short(size)} entries", kind="t")]
    for tick in x_of.ticks:
        out += [line(x_of(tick), top - 6, x_of(tick), bottom, "grid"),
                text(x_of(tick), bottom + 17, short(tick), "middle", "soft")]
    for i, (label, value) in enumerate(bars):
        at = top + 44 * i
        out += [text(left - 8, at + 17, label, "end"),
                f'<rect class="f{1 if "process" in label else 0}" x="{left:.1f}" y="{at}" '
                f'width="{x_of(value) - left:.1f}" height="26"/>',
                text(x_of(value) + 6, at + 17, f"{value:.0f}" if value >= 10 else f"{value:.1f}")]
    out.append(text((left + right) / 2, bottom + 35, "MB", "middle", "soft"))
    return "".join(out)


def panels(times, footprints):
    def counted(what):
        return [(f"{operation}{', disk' if where == 'disk' else ''}", colour, where == "disk",
                 series_of(times, f"{operation}/{where}/{what}:%"))
                for colour, operation in enumerate(("Request", "Issue", "Accept"))
                for where in ("memory", "disk")]

    yield lambda x, y: panel(x, y, "Obtaining a token, by batch", "tokens in the batch",
                             "µs a token (logarithmic)", counted("tokens"))
    yield lambda x, y: panel(
        x, y, "Issuing one token, by size of ledger and group", "debits, or members",
        "µs a token", [(f"{what}{', disk' if where == 'disk' else ''}", colour, where == "disk",
                        series_of(times, f"Issue/{where}/{what}:%"))
                       for colour, what in enumerate(("ledger", "members"))
                       for where in ("memory", "disk")], logarithmic=False)
    yield lambda x, y: panel(
        x, y, "Spending one token, by size of the spent-set", "entries", "µs (logarithmic)",
        [("Claim", 0, False, series_of(times, "Claim/memory/entries:%/threads:1")),
         ("Claim, disk", 0, True, series_of(times, "Claim/disk/entries:%/threads:1")),
         ("bare insert", 1, False, series_of(times, "Insert/memory/entries:%/threads:1")),
         ("bare insert, disk", 1, True, series_of(times, "Insert/disk/entries:%/threads:1")),
         ("Claim and Settle of ref/", 2, False, series_of(times, "Spend/ref/entries:%/threads:1"))])
    sizes = [int(match[1]) for name in times
             if (match := re.fullmatch(r"Claim/disk/entries:(\d+)/threads:1", name))]
    if sizes:
        at = f"entries:{max(sizes)}/threads:%"

        def rate(value):
            return 1e6 / value

        yield lambda x, y: panel(
            x, y, f"Tokens a second, with {short(max(sizes))} entries",
            "threads; of bare inserts, rows in each transaction", "a second (logarithmic)",
            [("Claim, disk", 0, True, series_of(times, f"Claim/disk/{at}", rate)),
             ("bare insert, disk", 1, True, series_of(times, f"Insert/disk/{at}", rate)),
             ("Redeem, disk", 3, True, series_of(times, f"Redeem/disk/{at}", rate)),
             ("Redeem in memory of ref/", 2, False, series_of(times, f"Redeem/ref/{at}", rate))])
    yield lambda x, y: footprint_bars(x, y, footprints)


def picture(context, _clocks, times, footprints):
    """The whole SVG, of what bench/compare has loaded."""
    below = [f"{context.get('date', '')}, commit {context.get('commit', '')}; load "
             f"{context.get('load_before', ['?'])[0]} to {context.get('load_after', ['?'])[0]}, scheduling "
             f"{context.get('scheduling', '?')}",
             f"{context['cpu']}; {context.get('processors', '?')} processors, "
             f"{context.get('memory_gib', '?')} GiB, {context.get('file_system', '?')}, kernel "
             f"{context.get('kernel', '?')}",
             f"{context['compiler']}, {context['flags']}; NTL {context['ntl']}, GMP {context['gmp']}, "
             f"{context['openssl']}, libsodium {context['libsodium']}, SQLite {context.get('sqlite', '-')}",
             "Medians of the repetitions, with quartiles. Solid: processor time, databases in memory. "
             "Dashed: time on the wall, durable on disk."]
    y = MARGIN + 84
    first, height = operations(times, y)
    y += height + (GAP if height else 0)
    body, column = [first], 0
    for draw in panels(times, footprints):
        svg = draw(MARGIN + column * ((WIDTH - 2 * MARGIN + GAP) / 2), y)
        if svg:
            body.append(svg)
            column = 1 - column
            y += (380 + GAP) * (column == 0)
    y += 380 * (column == 1)
    head = text(MARGIN, MARGIN + 4, "blindlend: what it costs", kind="t") + "".join(
        text(MARGIN, MARGIN + 22 + 16 * i, words, kind="soft") for i, words in enumerate(below))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + MARGIN:.0f}" '
            f'width="{WIDTH}" height="{y + MARGIN:.0f}" role="img" '
            f'aria-label="Benchmarks of blindlend">{style()}'
            f'<rect class="paper" width="100%" height="100%"/>{head}{"".join(body)}</svg>\n')

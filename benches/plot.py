#!/usr/bin/env python3
"""Draws benches/results.json, and writes its tables: docs/pictures/{whole,growth}.svg and docs/performance.md.

    python3 benches/plot.py [--check]

The same figures give the same bytes; `--check` only says whether that is what lies there.
"""

import json
import math
import re
import sys
from html import escape

import measuring

DOCS = measuring.ROOT / "docs"
PAGE = DOCS / "performance.md"
# Read on white and on black: text and lines change, bars do not.
STYLE = """\
text { font: 12px sans-serif; fill: #24292f }
.title { font-weight: bold }
.axis { stroke: #8c959f; stroke-width: 1 }
.grid { stroke: #8c959f; stroke-opacity: 0.3 }
.show { fill: #2f81f7; stroke: #2f81f7 }
.repair { fill: #d29922; stroke: #d29922 }
.peer { fill: #8c959f; stroke: #8c959f }
path { fill: none !important; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
"""


class Picture:
    """An SVG in the making."""

    def __init__(self, width, height, title):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
        ]

    def add(self, name, text=None, **attributes):
        words = "".join(f' {key.rstrip("_").replace("_", "-")}="{number(value)}"' for key, value in attributes.items())
        self.parts.append(f"<{name}{words}/>" if text is None else f"<{name}{words}>{escape(text)}</{name}>")

    def text(self, x, y, text, **more):
        self.add("text", text, x=x, y=y, **more)

    def done(self):
        return "\n".join([*self.parts, "</svg>"]) + "\n"


def number(value):
    return f"{value:.1f}" if isinstance(value, float) else escape(str(value), quote=True)


def project(row):
    return row["wheel"].split("-")[0]


def whole(results):
    """Bars: how many times as fast as auditwheel, on a logarithmic scale."""
    rows = [(title, row) for title in ("show", "repair") for row in results[title]]
    left, width, step = 200, 420, 20
    height = 60 + step * len(rows) + 40
    picture = Picture(left + width + 130, height, "audit against auditwheel, and against the floor")
    picture.text(left, 18, "times as fast as auditwheel 6.8.2 (times the floor at the right)", class_="title")
    most = max(row["faster_seconds"] for _, row in rows)
    top = 10 ** math.ceil(math.log10(most))
    place = lambda value: left + width * math.log10(max(value, 1)) / math.log10(top)  # noqa: E731
    ticks = [tick * 10**power for power in range(int(math.log10(top))) for tick in (1, 2, 5)] + [top]
    for tick in ticks:
        picture.add("line", class_="grid", x1=place(tick), y1=40, x2=place(tick), y2=height - 40)
        picture.text(place(tick), 34, f"{tick}", text_anchor="middle")
    for index, (title, row) in enumerate(rows):
        y = 44 + step * index
        picture.text(left - 8, y + 12, f"{title} {project(row)}", text_anchor="end")
        picture.add("rect", class_=title, x=left, y=y + 2, width=place(row["faster_seconds"]) - left, height=step - 6)
        picture.text(place(row["faster_seconds"]) + 5, y + 12, f"{row['faster_seconds']:.0f}")
        picture.text(left + width + 120, y + 12, f"{row['floor_seconds']:.2f}x floor", text_anchor="end")
    picture.text(left, height - 14, "One run; two cores; median of pairs. Longer is better.")
    return picture.done()


def growth(results):
    """A panel for each kind of growth, both scales logarithmic."""
    kinds = list(dict.fromkeys(row["what"] for row in results["growth"]))
    side, gap = 230, 70
    picture = Picture(2 * side + 3 * gap, 2 * side + 3 * gap, "Seconds against the size of the task")
    for index, kind in enumerate(kinds):
        x, y = gap + (index % 2) * (side + gap), 40 + (index // 2) * (side + gap)
        panel(picture, x, y, side, kind, [row for row in results["growth"] if row["what"] == kind])
    for place, (name, label) in enumerate((("show", "audit show"), ("repair", "audit repair"), ("peer", "auditwheel, the same command"))):
        x, y = gap + place * 150, 2 * side + 2 * gap + 40
        picture.add("rect", class_=name, x=x, y=y - 10, width=12, height=12)
        picture.text(x + 18, y, label)
    return picture.done()


def panel(picture, x, y, side, kind, rows):
    series = {}
    for row in rows:
        series.setdefault(row["command"], []).append((row["count"], row["seconds"]))
        if row.get("auditwheel"):
            series.setdefault("peer", []).append((row["count"], row["auditwheel"]))
    counts = sorted({row["count"] for row in rows})
    low, high = 0.001, 100
    across = lambda value: x + side * math.log(value / counts[0]) / math.log(counts[-1] / counts[0])  # noqa: E731
    up = lambda value: y + side - side * math.log(max(value, low) / low) / math.log(high / low)  # noqa: E731
    picture.text(x, y - 10, f"{kind}, seconds", class_="title")
    for tick in (0.001, 0.01, 0.1, 1, 10, 100):
        picture.add("line", class_="grid", x1=x, y1=up(tick), x2=x + side, y2=up(tick))
        picture.text(x - 6, up(tick) + 4, f"{tick:g}", text_anchor="end")
    for count in counts:
        picture.add("line", class_="grid", x1=across(count), y1=y, x2=across(count), y2=y + side)
        picture.text(across(count), y + side + 16, f"{count:,}", text_anchor="middle")
    for name, points in series.items():
        steps = " ".join(f"{'L' if index else 'M'}{across(count):.1f} {up(seconds):.1f}" for index, (count, seconds) in enumerate(points))
        picture.add("path", class_=name, d=steps)
        for count, seconds in points:
            picture.add("circle", class_=name, cx=across(count), cy=up(seconds), r=3)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def pairs_table(results, title):
    def cells(row):
        name = f"{row['wheel'].split('-')[0]} {row['wheel'].split('-')[1]}"
        size = f"{row['megabytes']:.1f} MB" if title == "show" else f"{row['grafts']}, {row['grafted_megabytes']:.1f} MB"
        return [
            name,
            size,
            f"{row['audit']['seconds']:.3f} s",
            f"{row['auditwheel']['seconds']:.2f} s",
            f"{row['faster_seconds']:.1f}",
            f"{row['faster_processor']:.1f}",
            f"{row['floor_seconds']:.2f}",
            f"{row['floor_processor']:.2f}",
            f"{row['mib']} MiB",
        ]

    rows = sorted(results[title], key=lambda row: row["faster_processor"], reverse=True)
    head = ["wheel", "size" if title == "show" else "grafts", "audit", "auditwheel", "times as fast", "by processor", "times the floor", "by processor", "memory"]
    mean = lambda key: f"{measuring.geometric_mean([row[key] for row in rows]):.2f}"  # noqa: E731
    last = ["**geometric mean**", "", "", "", *(f"**{mean(f'{kind}_{field}')}**" for kind in ("faster", "floor") for field in ("seconds", "processor")), ""]
    return table(head, [*map(cells, rows), last])


def growth_table(results):
    def cells(row):
        peer = "" if "auditwheel" not in row else f"{row['auditwheel']:.1f} s" if row["auditwheel"] else "over a minute"
        return [f"{row['count']:,} {row['what']}", row["command"], f"{row['seconds']:.3f} s", f"{row['processor']:.3f} s", f"{row['mib']} MiB", peer]

    return table(["task", "command", "audit", "processor", "memory", "auditwheel"], map(cells, results["growth"]))


def other_table(results):
    start, five = results["start_up"], results["five_wheels"]
    rows = [
        ["start-up, `audit --version`", f"{start['ms']} ms"],
        ["the binary", f"{start['binary_mb']} MB"],
        ["five wheels of psycopg2 in one call, against one", f"{five['seconds']:.2f} times the time, {five['processor']:.2f} times the processor time"],
    ]
    return table(["what", "figure"], rows)


def page(results):
    """The page with its tables put in anew."""
    text = PAGE.read_text()
    tables = {title: pairs_table(results, title) for title in ("show", "repair")}
    tables.update(growth=growth_table(results), other=other_table(results))
    for name, made in tables.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        text, count = re.subn(f"{begin}.*?{end}", lambda _: f"{begin}\n{made}\n{end}", text, flags=re.DOTALL)
        if count != 1:
            sys.exit(f"{PAGE} has no place for {name}")
    return text


def main():
    results = json.loads(measuring.RESULTS.read_text())
    made = {DOCS / "pictures/whole.svg": whole(results), DOCS / "pictures/growth.svg": growth(results), PAGE: page(results)}
    for path, text in made.items():
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.exit(f"{path} is not what benches/plot.py makes of benches/results.json")


if __name__ == "__main__":
    main()

"""What came of the edits, and the table of it in docs/elf-editor.md."""

import collections
import statistics
import threading

import layouts

STRIPS = ("GNU", "llvm", "eu")


class Figures:
    """What came of the edits, by target, linker and tool."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = collections.defaultdict(collections.Counter)
        self.growth = collections.defaultdict(list)

    def count(self, key, what, good):
        with self.lock:
            self.counts[key][what, bool(good)] += 1

    def add(self, key, what, number):
        with self.lock:
            self.counts[key][what] += number

    def grew(self, key, by):
        with self.lock:
            self.growth[key].append(by)

    def table(self):
        columns = ("edited", "runs", "as a wheel", *(f"after {name} strip" for name in STRIPS), "own strip")
        head = ("platform", "linker", "editor", *columns, "growth: median", "largest", "new lint")
        lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
        order = list(layouts.TARGETS), layouts.LINKERS, ("ours", "patchelf")
        for key in sorted(self.counts, key=lambda key: [names.index(part) for names, part in zip(order, key)]):
            counts = self.counts[key]
            cells = []
            for what in columns:
                good, bad = counts[what, True], counts[what, False]
                cells.append(f"{good}/{good + bad}" if good + bad else "–")
            growth = self.growth[key]
            cells += [f"{statistics.median(growth):.0f}", str(max(growth)), str(counts["lint"])] if growth else ["–"] * 3
            lines.append(f"| {' | '.join((*key, *cells))} |")
        return "\n".join(lines)

    def write(self, document):
        start, end = "<!-- figures -->\n", "<!-- end of figures -->\n"
        before, _, rest = document.read_text().partition(start)
        _, _, after = rest.partition(end)
        document.write_text(f"{before}{start}{self.table()}\n{end}{after}")

"""What the scripts of the benchmark share: pairs of runs in turn, medians, a file of results."""

import json
import math
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benches/results.json"
sys.path.insert(0, str(ROOT / "tests"))

from harness.making import WheelMaker  # noqa: E402, F401
from harness.programs import TARGET, measured  # noqa: E402


def once(command, env=None, limit=None):
    """One run, in a folder of its own."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TARGET) as cwd:
        done = measured(command, env=env, cwd=cwd, limit=limit)
    if done.status and limit is None:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.status}\n{done.output}")
    return done


def paired(runs, commands, env=None, cold=()):
    """For each command its runs, taken in turn (A B C A B C); before, one of each that is not `cold` and does not count."""
    for command in commands:
        if command[0] not in cold:
            once(command, env)
    rounds = [[once(command, env) for command in commands] for _ in range(runs)]
    return list(zip(*rounds))


def median(runs, field):
    return statistics.median(getattr(run, field) for run in runs)


def ratio(theirs, ours, field):
    """The median of the ratios, pair by pair: what slows the machine for a while slows both of a pair."""
    return statistics.median(getattr(b, field) / getattr(a, field) for a, b in zip(ours, theirs))


def floor(runs):
    """The runs of the floor program as it measured itself: without its preparation."""
    return [run._replace(seconds=float(run.output.split()[0]), processor=float(run.output.split()[1])) for run in runs]


def geometric_mean(values):
    return math.exp(statistics.mean(math.log(value) for value in values))


def keep(**parts):
    """Puts parts into the file of results, beside what is there."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept.update(parts)
    RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")

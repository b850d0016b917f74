#!/usr/bin/env python3
"""Where the time of a solve goes: samples of `perf` by part, in per cent, as a table.

    profile.py --kexp KEXP [--models boehm,chen] [--data ../shared/data]

The models are those of the folder `speed`. Machine code has no names that say what it is; Cranelift lists it for `perf` in the
order in which it is made: the equations first, and where the linear algebra is machine code as well, the elimination and the
substitution as the first two functions of a list of their own, at the end.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MODELS = ["smallbone", "boehm", "chassagnole", "bachmann", "lucarelli", "b1yeast", "chen"]
PARTS = ["equations", "functions", "factorisation", "Newton and solves", "prediction", "rest"]
SECONDS = 3
# By the name of a symbol, the first that fits. Vector code is the elimination where that is no machine code of its own.
NAMED = [
    ("functions", re.compile(r"^(__)?(ieee754_)?(pow|exp|log|sin|cos|tan)|compiled::functions::")),
    ("factorisation", re.compile(r"linear::.*::factor")),
    ("Newton and solves", re.compile(r"corrector::|linear::.*::solve")),
    ("prediction", re.compile(r"history::")),
]


def run(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def samples_of(path):
    """How often each symbol was met: by its name, or by where it starts where it was made at run time; and that code's list."""
    named, made, process = collections.Counter(), collections.Counter(), None
    for line in run(["perf", "script", "-i", path, "-F", "pid,ip,sym,symoff"]).splitlines():
        fields = line.split(None, 2)
        if len(fields) < 3:
            continue
        process, address, symbol = fields
        name, _, offset = symbol.strip().rpartition("+")
        if name.startswith(".Lfn"):
            made[int(address, 16) - int(offset, 16)] += 1
        else:
            named[name] += 1
    listed = [line.split() for line in Path(f"/tmp/perf-{process}.map").read_text().splitlines()]
    return named, made, [(int(start, 16), name) for start, _, name in listed]


def parts_of(named, made, listed):
    straight = [name for _, name in listed[-2:]] == [".Lfn0", ".Lfn1"] and len(listed) > 2
    algebra = dict(zip([start for start, _ in listed[-2:]], ["factorisation", "Newton and solves"])) if straight else {}
    parts = collections.Counter()
    for start, count in made.items():
        parts[algebra.get(start, "equations")] += count
    for name, count in named.items():
        vectors = "prediction" if straight else "factorisation"
        fitting = [part for part, pattern in NAMED if pattern.search(name)]
        parts[vectors if "vectorize" in name else (fitting or ["rest"])[0]] += count
    return {part: 100 * parts[part] / parts.total() for part in PARTS}


def profile(kexp, folder, model, samples):
    end = json.loads((folder / f"{model}.json").read_text())["end"]
    command = [kexp, "simulate", folder / f"{model}.xml", "--end", end, "--points", 51, "--rtol", "1e-6", "--atol", "1e-9", "--time", "--json"]
    solve_ms = json.loads(run([*command, "--repeat", 5]))["solve_ms"]
    run(["perf", "record", "-F", 2500, "-o", samples, *command, "--repeat", max(5, int(SECONDS * 1e3 / solve_ms))])
    return parts_of(*samples_of(samples))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kexp", required=True, type=Path)
    parser.add_argument("--models", type=lambda text: text.split(","), default=MODELS)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("KEXP_DATA", "../shared/data")))
    options = parser.parse_args()
    print("| model | " + " | ".join(PARTS) + " |\n|---|" + "---:|" * len(PARTS))
    with tempfile.TemporaryDirectory() as folder:
        for model in options.models:
            shares = profile(options.kexp, options.data / "speed", model, Path(folder) / "samples")
            print(f"| {model} | " + " | ".join(f"{shares[part]:.0f}" for part in PARTS) + " |", flush=True)


if __name__ == "__main__":
    main()

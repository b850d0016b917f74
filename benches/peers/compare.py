#!/usr/bin/env python3
"""kexp beside libRoadRunner, COPASI and AMICI in one sitting: tables of ratios as Markdown, raw numbers as JSON.

    compare.py --kexp KEXP [--models boehm,chen] [--what solve,gradient,ensemble,accuracy] [--tools roadrunner,copasi,amici]
               [--data FOLDER] [--sbml MODEL.xml --end T] [--runs 5] [--out DIR]

The tools take turns within each of the runs, so that what else happens on the machine happens to all of them; a number is
the median over the runs. A ratio is a peer's number by kexp's: above 1, kexp is faster. FOLDER (by default KEXP_DATA or
../shared/data) has speed/NAME.xml and speed/NAME.json: {"free": {ID: nominal}, "end": T, "states": [ID]}. Any other file is
compared with --sbml: its constant parameters other than 0 are free, all its species are observed.
"""

import argparse
import csv
import json
import math
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RTOL, ATOL, POINTS = "1e-6", "1e-9", 51
# The largest error jumps from one tolerance to the next: the median over some of them is what a solver is like.
NEARBY = ["0.9e-6", "0.925e-6", "0.95e-6", "0.975e-6", RTOL, "1.025e-6", "1.05e-6", "1.075e-6", "1.1e-6"]
# Of the solve that errors are measured against.
TIGHT = "1e-10", "1e-14"
# AMICI's build of this one (1,759 parameters) takes longer than all else together.
TOO_SLOW_TO_BUILD = {"b1yeast"}


def with_processor_time(once, vectors):
    """What `once` found, with the processor time of all its processes a vector, which other work on the machine hardly
    changes; loading the model is in it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = once()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**found, "processor_ms": seconds * 1e3 / vectors}


def answer(command):
    """The JSON that a command prints last; what went wrong in words where there is none."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        words = (done.stderr or done.stdout).strip().splitlines()
        return {"error": words[-1] if words else f"exit code {done.returncode}"}


class Comparison:
    def __init__(self, options, folder):
        self.options, self.folder, self.raw = options, folder, []

    def peer(self, what, tool, name, *rest):
        model, meta = self.files(name)
        return answer([sys.executable, HERE / "tools.py", what, tool, model, meta, self.options.cache, *rest])

    def files(self, name):
        if self.options.sbml:
            return self.options.sbml, self.folder / f"{name}.json"
        speed = self.options.data / "speed"
        return speed / f"{name}.xml", speed / f"{name}.json"

    def meta(self, name):
        return json.loads(self.files(name)[1].read_text())

    def keep(self, what, tool, name, run, found):
        self.raw.append({"what": what, "tool": tool, "model": name, "run": run, **found})
        print(what, name, tool, run, json.dumps({k: v for k, v in found.items() if k != "gradient"}), file=sys.stderr)

    def solve(self, name, run):
        model, end = self.files(name)[0], self.meta(name)["end"]
        found = answer([self.options.kexp, "simulate", model, "--end", end, "--points", POINTS, "--rtol", RTOL,
                        "--atol", ATOL, "--time", "--repeat", 100 if name != "b1yeast" else 5, "--json"])
        self.keep("solve", "kexp", name, run, found)
        for tool in self.options.tools:
            skipped = tool == "amici" and name in TOO_SLOW_TO_BUILD
            found = {"error": "too slow to build"} if skipped else self.peer("solve", tool, name)
            self.keep("solve", tool, name, run, found)

    def gradient(self, name, run):
        problem, measurements = self.problem(name)
        found = answer([self.options.kexp, "objective", problem, "--gradient", "--repeat", 20, "--json"])
        self.keep("gradient", "kexp", name, run, found)
        if "amici" not in self.options.tools:
            return
        if name in TOO_SLOW_TO_BUILD:
            return self.keep("gradient", "amici", name, run, {"error": "too slow to build"})
        peer = self.peer("gradient", "amici", name, measurements)
        if "error" not in peer and found.get("nllh") is not None and "gradient" in found:
            peer["apart"] = apart(found, peer)
        self.keep("gradient", "amici", name, run, peer)

    def ensemble(self, name, run):
        vectors = self.vectors(name)
        model, end = self.files(name)[0], self.meta(name)["end"]
        command = [self.options.kexp, "ensemble", model, "--vectors", vectors, "--end", end, "--points", POINTS,
                   "--rtol", RTOL, "--atol", ATOL, "--threads", 2, "--json"]
        self.keep("ensemble", "kexp", name, run, with_processor_time(lambda: answer(command), self.options.vectors))
        if "roadrunner" in self.options.tools:
            peer = lambda: self.peer("ensemble", "roadrunner", name, vectors)
            self.keep("ensemble", "roadrunner", name, run, with_processor_time(peer, self.options.vectors))

    def accuracy(self, name, run):
        """The largest error of any state at any point, as a share of the state's maximum, against kexp's own solve at
        tight tolerances; how far libRoadRunner's tight solve is from that says how good the reference is."""
        if run > 1 or "roadrunner" not in self.options.tools:
            return
        import numpy

        def peer(*tolerances):
            found = self.peer("values", "roadrunner", name, *tolerances)
            return numpy.array(found["values"]) if "values" in found else found["error"]

        try:
            reference = self.values(name, *TIGHT)
        except RuntimeError as error:
            return self.keep("accuracy", "kexp", name, run, {"error": str(error)})
        largest = numpy.abs(reference).max(axis=0)
        largest[largest == 0] = 1.0
        error = lambda found: {"error": found} if isinstance(found, str) else {"largest": float((numpy.abs(found - reference) / largest).max())}
        for tool, solve in [("kexp", lambda *tolerances: self.values(name, *tolerances)), ("roadrunner", peer)]:
            nearby = {rtol: error(solve(rtol, ATOL)) for rtol in NEARBY}
            self.keep("accuracy", tool, name, run, nearby[RTOL])
            errors = [found.get("largest") for found in nearby.values()]
            median = {"error": "not all solved"} if None in errors else {"largest": statistics.median(errors), "all": errors}
            self.keep("accuracy", f"{tool} nearby", name, run, median)
        self.keep("accuracy", "roadrunner tight", name, run, error(peer(*TIGHT)))

    def values(self, name, rtol, atol):
        """All states at all points by the one solve that is timed: an ensemble of one vector, which holds nominal values."""
        import pyarrow.parquet

        meta = self.meta(name)
        vectors, output = self.folder / f"{name}-one.csv", self.folder / f"{name}-one.parquet"
        vectors.write_text(",".join(meta["free"]) + "\n" + ",".join(map(repr, meta["free"].values())) + "\n")
        found = answer([self.options.kexp, "ensemble", self.files(name)[0], "--vectors", vectors, "--end", meta["end"],
                        "--points", POINTS, "--rtol", rtol, "--atol", atol, "--most-steps", 1_000_000, "--threads", 1,
                        "--select", ",".join(meta["states"]), "--output", output, "--json"])
        if found.get("failed") != 0:
            raise RuntimeError(f"{name}: {found}")
        table = pyarrow.parquet.read_table(output)
        return numpy_of(table.column(state) for state in meta["states"])

    def vectors(self, name):
        """Log-uniform within ten times the nominal values; the same ones in each run and for all."""
        path = self.folder / f"{name}.csv"
        if not path.exists():
            draw, free = random.Random(7), self.meta(name)["free"]
            with path.open("w") as file:
                file.write(",".join(free) + "\n")
                for _ in range(self.options.vectors):
                    file.write(",".join(repr(value * 10 ** draw.uniform(-1, 1)) for value in free.values()) + "\n")
        return path

    def problem(self, name):
        """A PEtab problem: all states observed with a standard deviation of 1, data 1.1 times a tight simulation."""
        folder = self.folder / f"{name}-problem"
        measurements = folder / "measurements.tsv"
        if measurements.exists():
            return folder / "problem.kexp:fit", measurements
        folder.mkdir()
        meta, model = self.meta(name), self.files(name)[0]
        states, free = meta["states"], meta["free"]
        simulated = folder / "simulated.csv"
        subprocess.run([self.options.kexp, "simulate", model, "--end", str(meta["end"]), "--points", str(POINTS), "--select",
                        ",".join(["time", *states]), "--rtol", "1e-10", "--atol", "1e-14", "--output", simulated], check=True)
        (folder / "model.xml").write_bytes(Path(model).read_bytes())
        rows = [["observableId", "simulationConditionId", "measurement", "time"]]
        for line in csv.DictReader(simulated.open()):
            rows += [[f"obs_{s}", "c0", repr(1.1 * float(line[s])), line["time"]] for s in states]
        table(measurements, rows)
        table(folder / "conditions.tsv", [["conditionId"], ["c0"]])
        table(folder / "observables.tsv", [["observableId", "observableFormula", "noiseFormula"],
                                           *([f"obs_{s}", s, "1.0"] for s in states)])
        header = ["parameterId", "parameterScale", "lowerBound", "upperBound", "nominalValue", "estimate"]
        table(folder / "parameters.tsv", [header, *([i, "lin", min(0.0, 2 * v), max(1.0, 2 * v), repr(v), 1] for i, v in free.items())])
        files = ["  - sbml_files: [model.xml]", "    measurement_files: [measurements.tsv]",
                 "    condition_files: [conditions.tsv]", "    observable_files: [observables.tsv]"]
        text = ["format_version: 1", "parameter_file: parameters.tsv", "problems:", *files]
        (folder / "problem.yaml").write_text("\n".join(text) + "\n")
        solver = f"solver {{ rtol = {RTOL}, atol = {ATOL} }}"
        (folder / "problem.kexp").write_text(f'problem fit = petab("problem.yaml") {{\n  {solver}\n}}\n')
        return f"{folder / 'problem.kexp'}:fit", measurements


def numpy_of(columns):
    import numpy

    return numpy.column_stack([column.to_numpy() for column in columns])


def table(path, rows):
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))


def apart(own, peer):
    """How far the peer's best numbers are from kexp's: of the likelihood by its size, of the gradient by its largest."""
    found = {}
    for method, theirs in peer.items():
        ours = {name: -float(value) for name, value in own["gradient"].items()}
        largest = max(abs(value) for value in ours.values())
        missing = set(ours) ^ set(theirs["gradient"])
        far = max((abs(ours[n] - theirs["gradient"][n]) for n in ours if n not in missing), default=math.nan)
        llh = abs(-float(own["nllh"]) - theirs["llh"]) / abs(theirs["llh"])
        found[method] = {"llh": llh, "gradient": far / largest, "missing": sorted(missing)}
    return found


def over_runs(raw, what, tool, name, key):
    """The median of a number; nothing where it failed, in words."""
    mine = [one for one in raw if (one["what"], one["tool"], one["model"]) == (what, tool, name)]
    values = [key(one) for one in mine if "error" not in one and not (one.get("failure"))]
    if not values:
        return None, next((one.get("error") or one.get("failure") for one in mine), "not run")
    return statistics.median(values), None


def ratios(raw, what, title, names, columns, number, unit, higher=False):
    """A Markdown table: the numbers of kexp and the peers, and their ratios with the geometric mean."""
    heads = [f"{label} ({unit})" for label, _, _ in columns] + [f"{label} / kexp" for label, _, _ in columns[1:]]
    lines = [f"### {title}", "", "| model | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    seen = [[] for _ in columns[1:]]
    for name in names:
        cells = [over_runs(raw, what, tool, name, key) for _, tool, key in columns]
        shown = [why if value is None else f"{value:{number}}" for value, why in cells]
        own = cells[0][0]
        for place, (value, _) in enumerate(cells[1:]):
            ratio = None if not value or not own else (own / value if higher else value / own)
            shown.append("" if ratio is None else f"{ratio:.2f}")
            seen[place] += [] if ratio is None else [ratio]
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    means = [f"{math.exp(statistics.mean(map(math.log, one))):.2f} ({len(one)})" if one else "" for one in seen]
    lines.append("| geometric mean (of so many) |" + " |" * len(columns) + " " + " | ".join(means) + " |")
    return "\n".join(lines) + "\n"


def report(raw, names, options):
    peers = [(label, tool) for label, tool in
             [("libRoadRunner", "roadrunner"), ("COPASI", "copasi"), ("AMICI", "amici")] if tool in options.tools]
    every = [("kexp", "kexp"), *peers]
    parts = []
    if "solve" in options.what:
        for key, title in [("solve_ms", "One solve, 51 points"), ("ready_ms", "From the file to ready to solve")]:
            columns = [(label, tool, lambda one, key=key: one[key]) for label, tool in every]
            parts.append(ratios(raw, "solve", title, names, columns, ".3g", "ms"))
    if "gradient" in options.what:
        columns = [("kexp", "kexp", lambda one: one["time_ms"])]
        if "amici" in options.tools:
            for method in ("forward", "adjoint"):
                key = lambda one, method=method: one[method]["solver_ms"]
                columns.append((f"AMICI {method}", "amici", key))
            best = lambda one: min(one[method]["solver_ms"] for method in ("forward", "adjoint"))
            columns.append(("AMICI best", "amici", best))
        parts.append(ratios(raw, "gradient", "Gradient of the likelihood", names, columns, ".3g", "ms"))
        apart_lines = [f"{one['model']} {method}: {far['llh']:.1e}, {far['gradient']:.1e}" + (f", not in both: {', '.join(far['missing'])}" if far["missing"] else "")
                       for one in raw if one.get("apart") and one["run"] == 1 for method, far in one["apart"].items()]
        parts.append("Relative differences of the likelihood and of the gradient:\n\n" + "".join(f"- {line}\n" for line in apart_lines))
    if "ensemble" in options.what:
        some = [name for name in names if name in options.ensembles]
        columns = [(label, tool, lambda one: one["solves_per_s"]) for label, tool in every if tool in ("kexp", "roadrunner")]
        parts.append(ratios(raw, "ensemble", f"Solves a second of {options.vectors} vectors, two threads and two processes", some, columns, ".0f", "1/s", higher=True))
        columns = [(label, tool, lambda one: one["processor_ms"]) for label, tool, _ in columns]
        parts.append(ratios(raw, "ensemble", "Processor time of a solve", some, columns, ".3g", "ms"))
        lines = ["| model | tool | failed |", "|---|---|---:|"]
        for name in some:
            for label, tool, _ in columns:
                failed, why = over_runs(raw, "ensemble", tool, name, lambda one: one["failed"])
                lines.append(f"| {name} | {label} | {why if failed is None else int(failed)} |")
        parts.append("\n".join(lines) + "\n")
    if "accuracy" in options.what:
        columns = [("kexp", "kexp"), ("libRoadRunner", "roadrunner"), ("kexp, nearby", "kexp nearby"),
                   ("libRoadRunner, nearby", "roadrunner nearby"), ("libRoadRunner, tight", "roadrunner tight")]
        lines = ["### Largest error of a state, as a share of its maximum", "", "| model | " + " | ".join(label for label, _ in columns) + " |",
                 "|---|" + "---:|" * len(columns)]
        for name in names:
            cells = [over_runs(raw, "accuracy", tool, name, lambda one: one["largest"]) for _, tool in columns]
            lines.append(f"| {name} | " + " | ".join(why if value is None else f"{value:.1e}" for value, why in cells) + " |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def described(path, end):
    """What a file has: its constant parameters, and its species as states."""
    import libsbml

    model = libsbml.readSBML(str(path)).getModel()
    parameters = [model.getParameter(index) for index in range(model.getNumParameters())]
    free = {p.getId(): p.getValue() for p in parameters if p.getConstant() and p.isSetValue() and p.getValue() != 0
            and not model.getInitialAssignmentBySymbol(p.getId())}
    return {"free": free, "end": end, "states": [model.getSpecies(i).getId() for i in range(model.getNumSpecies())]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    listed = lambda text: [word for word in text.split(",") if word]
    parser.add_argument("--kexp", required=True, type=Path)
    parser.add_argument("--models", type=listed)
    parser.add_argument("--what", type=listed, default=["solve", "gradient", "ensemble", "accuracy"])
    parser.add_argument("--tools", type=listed, default=["roadrunner", "copasi", "amici"])
    parser.add_argument("--ensembles", type=listed, default=["boehm", "chassagnole"])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("KEXP_DATA", "../shared/data")))
    parser.add_argument("--sbml", type=Path)
    parser.add_argument("--end", type=float)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--vectors", type=int, default=10_000)
    parser.add_argument("--cache", type=Path, default=Path(sys.prefix) / "models")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.sbml:
            if options.end is None:
                parser.error("--sbml needs --end")
            names = options.ensembles = [options.sbml.stem]
            meta = Path(folder) / f"{names[0]}.json"
            meta.write_text(json.dumps(described(options.sbml, options.end)))
        else:
            known = sorted(path.stem for path in (options.data / "speed").glob("*.xml"))
            names = options.models or known
            if not known:
                sys.exit(f"skipped: there is no {options.data / 'speed'}; name it by KEXP_DATA, or a file by --sbml")
            if unknown := sorted(set(names) - set(known)):
                sys.exit(f"no {', '.join(unknown)} in {options.data / 'speed'}; there are {', '.join(known)}")
        comparison = Comparison(options, Path(folder))
        for run in range(1, options.runs + 1):
            for what in options.what:
                for name in names:
                    if what != "ensemble" or name in options.ensembles:
                        getattr(comparison, what)(name, run)
    text = report(comparison.raw, names, options)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "tables.md").write_text(text)
        (options.out / "raw.json").write_text(json.dumps(comparison.raw, indent=1) + "\n")


if __name__ == "__main__":
    main()

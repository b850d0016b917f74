"""Expected time to a hit: kexp's multistart beside pyPESTO with AMICI and fides, from the same starts, side by side in one run.

    pip install pypesto fides petab amici
    python benches/peers/fits.py target/release/kexp Boehm_JProteomeRes2014/Boehm_JProteomeRes2014.yaml ...

Both sides descend on one thread from the same Latin hypercubes between the bounds of the PEtab problem, a repeat of one after a
repeat of the other. A hit is an end within 0.05 of the lowest end of both. What a side spends before its first solve (kexp
compiles in milliseconds, AMICI builds a C++ extension) is not counted for AMICI and is counted for kexp. The expected time
is all time over all hits; its ratio has a bootstrap interval over repeats. fides runs on AMICI's Fisher information, with the settings
that pyPESTO gives it.
"""

import argparse
import csv
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from scipy.stats import qmc

warnings.filterwarnings("ignore")


class Kexp:
    def __init__(self, program, yaml, iterations):
        self.program, self.yaml, self.iterations = program, yaml, iterations
        self.folder = tempfile.TemporaryDirectory()

    def fit(self, names, starts):
        """Ends and seconds."""
        path = pathlib.Path(self.folder.name) / "starts.csv"
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(f"parameter.{name}" for name in names)
            rows.writerows([repr(float(value)) for value in start] for start in starts)
        command = [self.program, "fit", self.yaml, "--from", path, "--iterations", str(self.iterations), "--jobs", "1", "--json"]
        begun = time.perf_counter()
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds = time.perf_counter() - begun
        ends = {end["start"] - 1: end["fval_end"] for end in json.loads(said)["ends"]}
        return [float(ends.get(index, "inf")) for index in range(len(starts))], seconds


class PyPesto:
    def __init__(self, petab_problem, iterations):
        import fides
        import pypesto.optimize
        import pypesto.petab

        importer = pypesto.petab.PetabImporter(petab_problem)
        self.problem = importer.create_problem(verbose=False)
        self.optimize = pypesto.optimize
        self.iterations = iterations
        self.verbosity, self.maxiter = logging.ERROR, fides.Options.MAXITER

    def fit(self, names, starts):
        assert [self.problem.x_names[index] for index in self.problem.x_free_indices] == list(names)
        optimizer = self.optimize.FidesOptimizer(verbose=self.verbosity, options={self.maxiter: self.iterations})
        full = np.array([self.problem.get_full_vector(start, self.problem.x_fixed_vals) for start in starts])
        self.problem.set_x_guesses(full)
        begun = time.perf_counter()
        result = self.optimize.minimize(
            problem=self.problem, optimizer=optimizer, n_starts=len(starts), progress_bar=False,
            options=self.optimize.OptimizeOptions(allow_failed_starts=True, report_sres=False, report_hess=False),
        )
        seconds = time.perf_counter() - begun
        ends = {int(one.id): one.fval for one in result.optimize_result.list}
        return [float(ends[index]) if ends[index] is not None else np.inf for index in range(len(starts))], seconds


def scaled_bounds(table):
    """Names, lower and upper bounds of the estimated parameters on their scales."""
    free = table[table["estimate"] == 1]
    on = {"lin": lambda x: x, "log": np.log, "log10": np.log10}
    scales = free["parameterScale"] if "parameterScale" in free else ["lin"] * len(free)
    pairs = [(on[s](lo), on[s](up)) for s, lo, up in zip(scales, free["lowerBound"], free["upperBound"])]
    return list(free.index), np.array(pairs, dtype=float)


def expected(seconds, hits):
    return sum(seconds) / sum(hits) if sum(hits) else np.inf


def compare(kexp, yaml, repeats, starts, iterations, seed):
    import petab.v1 as petab

    problem = petab.Problem.from_yaml(str(yaml))
    names, bounds = scaled_bounds(problem.parameter_df)
    sides = {"kexp": Kexp(kexp, yaml, iterations), "pyPESTO": PyPesto(problem, iterations)}
    ends, seconds = {side: [] for side in sides}, {side: [] for side in sides}
    for repeat in range(repeats):
        unit = qmc.LatinHypercube(len(names), rng=np.random.default_rng([seed, repeat])).random(starts)
        drawn = bounds[:, 0] + unit * (bounds[:, 1] - bounds[:, 0])
        for side, tool in sides.items():
            reached, spent = tool.fit(names, drawn)
            ends[side].append(reached)
            seconds[side].append(spent)
    lowest = min(min(map(min, reached)) for reached in ends.values())
    hits = {side: [sum(end <= lowest + 0.05 for end in one) for one in reached] for side, reached in ends.items()}
    draws = np.random.default_rng(seed).integers(0, repeats, size=(10_000, repeats))
    times = {side: np.array(seconds[side])[draws].sum(axis=1) / np.array(hits[side])[draws].sum(axis=1).clip(1e-9) for side in sides}
    low, high = np.quantile(times["pyPESTO"] / times["kexp"], [0.025, 0.975])
    print(f"\n{yaml.stem}: {repeats} repeats of {starts} starts, lowest end {lowest:.4f}")
    print("| side | hits | starts | lowest | seconds | seconds a hit |\n|---|---:|---:|---:|---:|---:|")
    for side in sides:
        low_end = min(map(min, ends[side]))
        print(f"| {side} | {sum(hits[side])} | {repeats * starts} | {low_end:.4f} | {sum(seconds[side]):.1f} | {expected(seconds[side], hits[side]):.3f} |")
    ratio = expected(seconds["pyPESTO"], hits["pyPESTO"]) / expected(seconds["kexp"], hits["kexp"])
    print(f"kexp's expected time to a hit is {ratio:.1f} times shorter (95 % interval {low:.1f} to {high:.1f})", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kexp")
    parser.add_argument("problems", nargs="+", type=pathlib.Path)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--iterations", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    # Models that Debian's swig makes for AMICI do not load; those of the swig from PyPI, beside this Python, do.
    os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    kexp, problems = str(pathlib.Path(given.kexp).resolve()), [yaml.resolve() for yaml in given.problems]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where AMICI leaves its models
        for yaml in problems:
            compare(kexp, yaml, given.repeats, given.starts, given.iterations, given.seed)

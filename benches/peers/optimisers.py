"""kexp's global optimisers beside their peers: evaluations to reach an fval on test functions, medians over seeds.

    cargo build --release --example optimisers
    pip install cma scipy
    python benches/peers/optimisers.py target/release/examples/optimisers

`cmaes` stands beside Python's `cma` (IPOP restarts from uniform starts, sigma 0.3 widths of the box),
`differential_evolution` beside SciPy's (the same settings, no polishing, deferred updating). A generation counts as a
whole on every side. Runs that miss the target within the budget count as infinite in the median.
"""

import argparse
import csv
import math
import statistics
import subprocess
import warnings

import numpy as np

warnings.filterwarnings("ignore")
BOXES = {"Rosenbrock": (-5.0, 10.0), "Rastrigin": (-5.12, 5.12)}


def rosenbrock(x):
    return float(np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2))


def rastrigin(x):
    return float(np.sum(x * x + 20.0 * np.sin(np.pi * x) ** 2))


FUNCTIONS = {"Rosenbrock": rosenbrock, "Rastrigin": rastrigin}


class Enough(Exception):
    """The budget is spent."""


def by_cma(function, lower, upper, dimensions, seed, budget, target):
    """Restarts as `cma.fmin` makes them, in the unit cube."""
    import cma

    draws = np.random.default_rng(seed)
    spent, population = 0, 4 + int(3 * math.log(dimensions))
    for _ in range(10):
        options = {"bounds": [0, 1], "popsize": population, "seed": int(draws.integers(1, 2**31)), "verbose": -9}
        run = cma.CMAEvolutionStrategy(draws.uniform(size=dimensions), 0.3, options)
        while not run.stop():
            points = run.ask()
            fvals = [function(lower + (upper - lower) * np.asarray(point)) for point in points]
            run.tell(points, fvals)
            spent += len(points)
            if min(fvals) <= target:
                return spent
            if spent >= budget:
                return math.inf
        population *= 2
    return math.inf


def by_scipy(function, lower, upper, dimensions, seed, budget, target):
    from scipy.optimize import differential_evolution

    spent, reached, members = 0, math.inf, 15 * dimensions

    def counted(x):
        nonlocal spent, reached
        spent += 1
        fval = function(x)
        if fval <= target and reached == math.inf:
            reached = math.ceil(spent / members) * members
        if reached < math.inf or spent > budget:
            raise Enough
        return fval

    try:
        differential_evolution(
            counted, [(lower, upper)] * dimensions, polish=False, updating="deferred", maxiter=10**9, rng=seed
        )
    except Enough:
        pass
    return reached


PEERS = {"cmaes": ("cma", by_cma), "differential_evolution": ("SciPy", by_scipy)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", help="the example `optimisers`, built")
    arguments.add_argument("--dimensions", type=int, default=10)
    arguments.add_argument("--seeds", type=int, default=15)
    arguments.add_argument("--budget", type=int, default=400_000)
    arguments.add_argument("--target", type=float, default=1e-6)
    arguments.add_argument("--methods", nargs="*", default=list(PEERS))
    given = arguments.parse_args()
    command = [given.program, given.dimensions, given.seeds, given.budget, given.target, *given.methods]
    ours = {}
    text = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
    for method, function, _, evaluations in csv.reader(text.splitlines()):
        ours.setdefault((method, function), []).append(float(evaluations))
    print(f"{'method':24}{'function':12}{'kexp':>10}{'reached':>9}{'peer':>10}{'reached':>9}  ratio")
    for (method, function), counts in ours.items():
        lower, upper = BOXES[function]
        name, peer = PEERS[method]
        theirs = [
            peer(FUNCTIONS[function], lower, upper, given.dimensions, seed, given.budget, given.target)
            for seed in range(given.seeds)
        ]
        kexp, other = statistics.median(counts), statistics.median(theirs)
        reached = [sum(map(math.isfinite, side)) for side in (counts, theirs)]
        ratio = kexp / other if math.isfinite(kexp) and math.isfinite(other) else math.nan
        print(f"{method:24}{function:12}{kexp:10.0f}{reached[0]:9}{other:10.0f}{reached[1]:9}  {ratio:.2f} ({name})", flush=True)


if __name__ == "__main__":
    main()

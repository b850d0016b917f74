"""kexp's global optimisers beside their peers: evaluations to reach an fval on test functions, medians over seeds.

    cargo build --release --example optimisers
    pip install cma scipy scikit-optimize
    python benches/peers/optimisers.py target/release/examples/optimisers
    python benches/peers/optimisers.py target/release/examples/optimisers --methods bayesian --budget 200 --target 0.01

`cmaes` stands beside Python's `cma` (IPOP restarts from uniform starts, sigma 0.3 widths of the box),
`differential_evolution` beside SciPy's (the same settings, no polishing, deferred updating), `bayesian` beside
scikit-optimize's `gp_minimize` (expected improvement, as large a first design). A generation counts as a whole on every
side. Runs that miss the target within the budget count as infinite in the median. The target counts from the minimum.
"""

import argparse
import csv
import math
import statistics
import subprocess
import warnings

import numpy as np

warnings.filterwarnings("ignore")
BOXES = {
    "Rosenbrock": [(-5.0, 10.0)],
    "Rastrigin": [(-5.12, 5.12)],
    "Branin": [(-5.0, 10.0), (0.0, 15.0)],
    "Hartmann": [(0.0, 1.0)] * 6,
}


def rosenbrock(x):
    return float(np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2))


def rastrigin(x):
    return float(np.sum(x * x + 20.0 * np.sin(np.pi * x) ** 2))


def branin(x):
    valley = x[1] - 5.1 / (4.0 * np.pi**2) * x[0] ** 2 + 5.0 / np.pi * x[0] - 6.0
    return float(valley**2 + 10.0 * (1.0 - 1.0 / (8.0 * np.pi)) * np.cos(x[0]) + 10.0 - 0.39788735772973816)


def hartmann(x):
    heights = np.array([1.0, 1.2, 3.0, 3.2])
    widths = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
    centres = np.array(
        [
            [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
            [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
            [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
            [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
        ]
    )
    return float(3.322368011415515 - heights @ np.exp(-np.sum(widths * (np.asarray(x) - centres) ** 2, axis=1)))


FUNCTIONS = {"Rosenbrock": rosenbrock, "Rastrigin": rastrigin, "Branin": branin, "Hartmann": hartmann}


class Enough(Exception):
    """The budget is spent."""


def by_cma(function, box, seed, budget, target):
    """Restarts as `cma.fmin` makes them, in the unit cube."""
    import cma

    dimensions, (lower, upper) = len(box), np.array(box).T
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


def by_scipy(function, box, seed, budget, target):
    from scipy.optimize import differential_evolution

    spent, reached, members = 0, math.inf, 15 * len(box)

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
            counted, box, polish=False, updating="deferred", maxiter=10**9, rng=seed
        )
    except Enough:
        pass
    return reached


def by_skopt(function, box, seed, budget, target):
    from skopt import gp_minimize

    def reached(result):
        return min(result.func_vals) <= target

    settings = {"acq_func": "EI", "initial_point_generator": "lhs", "n_initial_points": 2 * (len(box) + 1)}
    found = gp_minimize(function, box, n_calls=budget, random_state=seed, callback=reached, **settings)
    return len(found.func_vals) if reached(found) else math.inf


PEERS = {"cmaes": ("cma", by_cma), "differential_evolution": ("SciPy", by_scipy), "bayesian": ("scikit-optimize", by_skopt)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", help="the example `optimisers`, built")
    arguments.add_argument("--dimensions", type=int, default=10)
    arguments.add_argument("--seeds", type=int, default=15)
    arguments.add_argument("--budget", type=int, default=400_000)
    arguments.add_argument("--target", type=float, default=1e-6)
    arguments.add_argument("--methods", nargs="*", choices=list(PEERS), default=["cmaes", "differential_evolution"])
    given = arguments.parse_args()
    functions = ["Branin", "Hartmann"] if given.methods == ["bayesian"] else ["Rosenbrock", "Rastrigin"]
    command = [given.program, given.dimensions, given.seeds, given.budget, given.target, *given.methods, *functions]
    ours = {}
    text = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
    for method, function, _, evaluations, _ in csv.reader(text.splitlines()):
        ours.setdefault((method, function), []).append(float(evaluations))
    print(f"{'method':24}{'function':12}{'kexp':>10}{'reached':>9}{'peer':>10}{'reached':>9}  ratio")
    for (method, function), counts in ours.items():
        box = BOXES[function] * (given.dimensions if len(BOXES[function]) == 1 else 1)
        name, peer = PEERS[method]
        theirs = [
            peer(FUNCTIONS[function], box, seed, given.budget, given.target) for seed in range(given.seeds)
        ]
        kexp, other = statistics.median(counts), statistics.median(theirs)
        reached = [sum(map(math.isfinite, side)) for side in (counts, theirs)]
        ratio = kexp / other if math.isfinite(kexp) and math.isfinite(other) else math.nan
        print(f"{method:24}{function:12}{kexp:10.0f}{reached[0]:9}{other:10.0f}{reached[1]:9}  {ratio:.2f} ({name})", flush=True)


if __name__ == "__main__":
    main()

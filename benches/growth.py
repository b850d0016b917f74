#!/usr/bin/env python3
"""How the time of a solve grows with the number of states: a table as Markdown, and the exponent.

    growth.py --kexp KEXP [--states 10,30,100,300,1000] [--runs 5]

Two kinds of networks, mass action with rate constants drawn log-uniformly between 0.1 and 10, the same for each call: a
*chain* of reversible reactions from each state to the next, and a *random* network with one reaction of two substrates and
one product, and one back, for each state. The exponent is the slope of log time over log states, of the whole range and of
its upper half.
"""

import argparse
import json
import math
import random
import statistics
import subprocess
import tempfile
from pathlib import Path

RTOL, ATOL, POINTS, END = "1e-6", "1e-9", 51, 100


def chain(count, draw):
    reactions = []
    for state in range(count - 1):
        reactions += [([state], [state + 1], constant(draw)), ([state + 1], [state], constant(draw))]
    return reactions


def network(count, draw):
    reactions = []
    for _ in range(count):
        a, b, c = draw.sample(range(count), 3)
        reactions += [([a, b], [c], constant(draw)), ([c], [a, b], constant(draw))]
    return reactions


def constant(draw):
    return 10 ** draw.uniform(-1, 1)


def sbml(count, reactions, draw):
    species = "".join(f'<species id="s{i}" compartment="c" initialConcentration="{draw.uniform(0, 2)!r}" hasOnlySubstanceUnits="false" '
                      'boundaryCondition="false" constant="false"/>' for i in range(count))
    parameters = "".join(f'<parameter id="k{i}" value="{k!r}" constant="true"/>' for i, (_, _, k) in enumerate(reactions))
    side = lambda kind, ids: f"<listOf{kind}>" + "".join(f'<speciesReference species="s{i}" stoichiometry="1" constant="true"/>' for i in ids) + f"</listOf{kind}>"
    law = lambda i, ids: "<apply><times/><ci>c</ci>" + f"<ci>k{i}</ci>" + "".join(f"<ci>s{j}</ci>" for j in ids) + "</apply>"
    written = "".join(f'<reaction id="r{i}" reversible="false">{side("Reactants", left)}{side("Products", right)}<kineticLaw>'
                      f'<math xmlns="http://www.w3.org/1998/Math/MathML">{law(i, left)}</math></kineticLaw></reaction>'
                      for i, (left, right, _) in enumerate(reactions))
    return ('<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="growth"><listOfCompartments>'
            '<compartment id="c" size="1" spatialDimensions="3" constant="true"/></listOfCompartments>'
            f"<listOfSpecies>{species}</listOfSpecies><listOfParameters>{parameters}</listOfParameters>"
            f"<listOfReactions>{written}</listOfReactions></model></sbml>")


def measured(kexp, path, repeat):
    command = [kexp, "simulate", path, "--end", END, "--points", POINTS, "--rtol", RTOL, "--atol", ATOL, "--time", "--repeat", repeat, "--json"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def exponent(rows):
    """The least-squares slope of the logarithms."""
    return statistics.linear_regression([math.log(n) for n, _ in rows], [math.log(ms) for _, ms in rows]).slope


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kexp", required=True, type=Path)
    parser.add_argument("--states", type=lambda text: [int(word) for word in text.split(",")], default=[10, 30, 100, 300, 1000])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    found = {kind: {count: [] for count in options.states} for kind in ("chain", "random")}
    with tempfile.TemporaryDirectory() as folder:
        for run in range(options.runs):
            for kind, make in (("chain", chain), ("random", network)):
                for count in options.states:
                    path = Path(folder) / f"{kind}-{count}.xml"
                    if run == 0:
                        draw = random.Random(count)
                        path.write_text(sbml(count, make(count, draw), draw))
                    found[kind][count].append(measured(options.kexp, path, max(3, 10_000 // count // 10)))
    print("| network | states | steps | solve (ms) | a step (us) | a step and state (ns) | ready (ms) |\n|---|---:|---:|---:|---:|---:|---:|")
    for kind, by_count in found.items():
        rows = []
        for count, runs in by_count.items():
            ms, ready = (statistics.median(one[key] for one in runs) for key in ("solve_ms", "ready_ms"))
            steps = runs[0]["steps"]
            rows.append((count, ms))
            print(f"| {kind} | {count} | {steps} | {ms:.3g} | {ms * 1e3 / steps:.3g} | {ms * 1e6 / steps / count:.3g} | {ready:.3g} |")
        upper = rows[len(rows) // 2:]
        print(f"| {kind}, exponent | | | {exponent(rows):.2f} (from {upper[0][0]} states on: {exponent(upper):.2f}) | | | |")


if __name__ == "__main__":
    main()

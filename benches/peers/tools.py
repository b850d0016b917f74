"""One measurement of one peer in a process of its own; prints one line of JSON. Times are in milliseconds, medians.

    tools.py solve    TOOL MODEL.xml META.json CACHE
    tools.py gradient amici MODEL.xml META.json CACHE MEASUREMENTS.tsv
    tools.py ensemble roadrunner MODEL.xml META.json CACHE VECTORS.csv
    tools.py values   roadrunner MODEL.xml META.json CACHE RTOL ATOL

All tools solve to the same tolerances and record all species at the same points.
"""

import csv
import hashlib
import json
import multiprocessing
import os
import statistics
import sys
import time

# AMICI's build has to find the environment's own swig.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]

RTOL, ATOL, POINTS = 1e-6, 1e-9, 51
MOST_STEPS = 1_000_000


def median(once, seconds=3.0):
    """Milliseconds a call: at least 15 calls, then until the time is up, after one that does not count."""
    once()
    taken, begin = [], time.perf_counter()
    while len(taken) < 15 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        once()
        taken.append(time.perf_counter() - start)
        if time.perf_counter() - begin > 20:
            break
    return statistics.median(taken) * 1e3


def since(start):
    return (time.perf_counter() - start) * 1e3


def species(path):
    """What the id of each species means: an amount by its id, a concentration in brackets."""
    import libsbml

    model = libsbml.readSBML(path).getModel()
    all_species = [model.getSpecies(index) for index in range(model.getNumSpecies())]
    return [s.getId() if s.getHasOnlySubstanceUnits() else f"[{s.getId()}]" for s in all_species]


class RoadRunner:
    """libRoadRunner with CVODE; without its own model cache, so that loading is what a new model costs."""

    def __init__(self, model, meta):
        import roadrunner

        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
        columns = ["time", *species(model)]
        start = time.perf_counter()
        self.runner = roadrunner.RoadRunner(model)
        self.ready_ms = since(start)
        integrator = self.runner.getIntegrator()
        integrator.relative_tolerance, integrator.absolute_tolerance = RTOL, ATOL
        integrator.setValue("maximum_num_steps", 10_000)  # between two points, as it is used
        self.runner.timeCourseSelections = columns
        self.end = meta["end"]

    def solve(self):
        self.runner.reset()
        self.runner.simulate(0, self.end, POINTS)


class Copasi:
    """COPASI with LSODA."""

    def __init__(self, model, meta):
        import basico
        import COPASI

        start = time.perf_counter()
        loaded = basico.load_model(model)
        self.ready_ms = since(start)
        problem = {"Duration": float(meta["end"]), "StepNumber": POINTS - 1, "AutomaticStepSize": False}
        problem["StepSize"] = meta["end"] / (POINTS - 1)
        method = {"Relative Tolerance": RTOL, "Absolute Tolerance": ATOL, "Max Internal Steps": MOST_STEPS}
        basico.set_task_settings("Time-Course", {"scheduled": True, "problem": problem, "method": method})
        self.task = loaded.getTask("Time-Course")
        self.task.initializeRaw(COPASI.CCopasiTask.ONLY_TIME_SERIES)

    def solve(self):
        self.task.processRaw(True)


def roadrunner_values(path, meta, rtol, atol):
    """All states at all points, as their ids mean them."""
    made = RoadRunner(path, meta)
    integrator = made.runner.getIntegrator()
    integrator.relative_tolerance, integrator.absolute_tolerance = float(rtol), float(atol)
    integrator.setValue("maximum_num_steps", MOST_STEPS)
    meanings = {name.strip("[]"): name for name in species(path)}
    made.runner.timeCourseSelections = [meanings.get(state, state) for state in meta["states"]]
    made.runner.reset()
    return {"values": made.runner.simulate(0, made.end, POINTS).tolist()}


def amici_model(path, meta, cache):
    """AMICI's compiled model, built once for each file and version; the milliseconds of that build."""
    import amici
    import libsbml
    from amici import MeasurementChannel, SbmlImporter

    content = open(path, "rb").read() + json.dumps(meta, sort_keys=True).encode() + amici.__version__.encode()
    name = "m_" + hashlib.sha256(content).hexdigest()[:16]
    folder = os.path.join(cache, "amici", name)
    note = os.path.join(folder, "built.json")
    if not os.path.exists(note):
        start = time.perf_counter()
        model = libsbml.readSBML(path).getModel()
        parameters = [model.getParameter(index) for index in range(model.getNumParameters())]
        constant = [p.getId() for p in parameters if p.getConstant() and p.getId() not in meta["free"]]
        constant = [name for name in constant if not model.getInitialAssignmentBySymbol(name)]
        observed = [MeasurementChannel(id_=f"obs_{s}", name=s, formula=s, sigma="1.0") for s in meta["states"]]
        SbmlImporter(path).sbml2amici(
            name, output_dir=folder, fixed_parameters=constant, observation_model=observed, verbose=40
        )
        with open(note, "w") as file:
            json.dump({"ready_ms": since(start)}, file)
    model = amici.import_model_module(name, folder).get_model()
    model.set_timepoints([meta["end"] * point / (POINTS - 1) for point in range(POINTS)])
    solver = model.create_solver()
    solver.set_relative_tolerance(RTOL)
    solver.set_absolute_tolerance(ATOL)
    solver.set_max_steps(MOST_STEPS)
    return model, solver, json.load(open(note))["ready_ms"]


def amici_times(model, solver, data=None):
    """The solver's own processor time and the time with outputs, and the last result."""
    own, whole, begin = [], [], time.perf_counter()
    model.simulate(solver=solver, edata=data)
    while len(own) < 5 or time.perf_counter() - begin < 4:
        result = model.simulate(solver=solver, edata=data)
        own.append(result.cpu_time + (result.cpu_time_b or 0))
        whole.append(result.cpu_time_total)
        if time.perf_counter() - begin > 60:
            break
    return statistics.median(own), statistics.median(whole), result


def amici_solve(path, meta, cache):
    from amici.sim.sundials import SensitivityOrder

    model, solver, ready_ms = amici_model(path, meta, cache)
    solver.set_sensitivity_order(SensitivityOrder.none)
    own, whole, _ = amici_times(model, solver)
    return {"ready_ms": ready_ms, "solve_ms": own, "with_outputs_ms": whole}


def amici_gradient(path, meta, cache, measurements):
    """The likelihood's gradient by forward and by adjoint sensitivities, with the numbers to compare."""
    from amici.sim.sundials import ExpData, SensitivityMethod, SensitivityOrder

    model, solver, _ = amici_model(path, meta, cache)
    data, values = ExpData(model), {}
    for row in csv.DictReader(open(measurements), delimiter="\t"):
        values.setdefault(row["observableId"], []).append(float(row["measurement"]))
    columns = [values[name] for name in model.get_observable_ids()]
    flat = [column[point] for point in range(POINTS) for column in columns]
    data.set_timepoints(model.get_timepoints())
    data.set_measurements(flat)
    data.set_noise_scales([1.0] * len(flat))
    solver.set_sensitivity_order(SensitivityOrder.first)
    found = {}
    for name in ("forward", "adjoint"):
        solver.set_sensitivity_method(getattr(SensitivityMethod, name))
        own, whole, result = amici_times(model, solver, data)
        gradient = dict(zip(model.get_free_parameter_ids(), map(float, result.sllh)))
        found[name] = {"solver_ms": own, "gradient_ms": whole, "llh": float(result.llh), "gradient": gradient}
    return found


def part(job):
    """One process's share of an ensemble."""
    model, meta, ids, rows = job
    runner = RoadRunner(model, meta).runner
    known = list(runner.model.getGlobalParameterIds())
    places = [known.index(name) for name in ids]
    failed, start = 0, time.perf_counter()
    for row in rows:
        runner.reset()
        runner.model.setGlobalParameterValues(places, row)
        runner.reset()
        try:
            runner.simulate(0, meta["end"], POINTS)
        except RuntimeError:
            failed += 1
    return failed, time.perf_counter() - start


def roadrunner_ensemble(model, meta, vectors, processes=2):
    ids, *rows = csv.reader(open(vectors))
    rows = [[float(cell) for cell in row] for row in rows]
    jobs = [(model, meta, ids, rows[first::processes]) for first in range(processes)]
    with multiprocessing.Pool(processes) as pool:
        parts = pool.map(part, jobs, chunksize=1)
    slowest = max(seconds for _, seconds in parts)
    return {"solves_per_s": len(rows) / slowest, "failed": sum(failed for failed, _ in parts)}


def main(what, tool, model, meta_path, cache, *rest):
    meta = json.load(open(meta_path))
    if what == "gradient":
        found = amici_gradient(model, meta, cache, *rest)
    elif what == "ensemble":
        found = roadrunner_ensemble(model, meta, *rest)
    elif what == "values":
        found = roadrunner_values(model, meta, *rest)
    elif tool == "amici":
        found = amici_solve(model, meta, cache)
    else:
        made = {"roadrunner": RoadRunner, "copasi": Copasi}[tool](model, meta)
        found = {"ready_ms": made.ready_ms, "solve_ms": median(made.solve)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 5 else sys.exit(__doc__)

//! `kexp fit PROBLEM --starts N`: multistart estimation, and a waterfall of its ends.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::common::{Failure, Loaded, NetworkArguments, cores, loaded, say};
use super::estimated::EstimatedVectors;
use super::objective::number;
use super::values::Values;
use crate::evaluate::minima::{self, MinimaTolerances, Minimum};
use crate::import::petab;
use crate::model::problem::{Problem, Scale};
use crate::optimise::{Bounds, Descent, DescentSettings, descend_all, design};
use crate::random::Streams;
use crate::report::figure::descents;
use crate::report::files;
use crate::run::error::StageError;
use crate::run::stages::{SolverObjective, measured_ranges};
use crate::solve::{ProblemSolver, Sensitivities};
use crate::table::Table;

/// Vectors that a file of starts may have.
const MOST_GIVEN: usize = 1_000_000;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The problem, such as `problem.yaml` or `paper.kexp:stat5_fit`
    #[arg(value_name = "PROBLEM.yaml|FILE.kexp:PROBLEM")]
    problem: String,
    /// How many descents, from a Latin hypercube between the bounds on the estimation scale
    #[arg(long, value_name = "N", required_unless_present = "from", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    starts: Option<u32>,
    /// Start from the vectors of this file instead: a column a parameter on the linear scale, or `parameter.ID` on the
    /// estimation scale
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["starts", "seed"])]
    from: Option<PathBuf>,
    /// The seed of the starts
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many descents at a time [default: all cores]
    #[arg(long, value_name = "J")]
    jobs: Option<usize>,
    /// Most iterations of a descent
    #[arg(long, default_value_t = 200, value_name = "N")]
    iterations: usize,
    #[command(flatten)]
    values: Values,
    /// Write the estimate as a `PEtab` parameter table
    #[arg(long, value_name = "OUT.tsv")]
    parameters_out: Option<PathBuf>,
    /// Draw the waterfall
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// Hold the sensitivities' errors to the tolerances as well
    #[arg(long)]
    controlled: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    network: NetworkArguments,
}

/// All descents, and what they come to.
struct Fit {
    descents: Vec<Descent>,
    /// Indices of the descents, lowest end first, failed starts last.
    order: Vec<usize>,
    minima: Vec<Minimum>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let said = |error: &dyn std::error::Error| Failure::Said(error.to_string());
    let mut loaded = loaded(&arguments.problem, arguments.network)?;
    arguments.values.apply(&mut loaded.problem)?;
    let solver = ProblemSolver::new(&loaded.problem).map_err(|error| said(&error))?;
    let solver = if arguments.controlled { solver.with_sensitivities(Sensitivities::Controlled) } else { solver };
    let bounds = bounds(&solver)?;
    let starts = match &arguments.from {
        Some(path) => given(path, &loaded.problem, &solver, &bounds)?,
        None => {
            let streams = Streams::new(arguments.seed, "fit").part("starts");
            design::latin_hypercube(arguments.starts.unwrap_or_default() as usize, &bounds, &streams)
        }
    };
    let settings = DescentSettings { iterations: arguments.iterations, ..DescentSettings::default() }.into();
    let objective =
        SolverObjective::new(solver).and_then(|objective| objective.descended_by(&settings)).map_err(|error| {
            match error {
                StageError::Refused(reason) => Failure::Said(reason),
                other => Failure::from(other.of("fit")),
            }
        })?;
    let jobs = arguments.jobs.unwrap_or_else(cores).max(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    let pool = pool.map_err(|error| Failure::Said(format!("no threads: {error}")))?;
    let descents = pool.install(|| descend_all(&objective, &starts, &settings));
    let fit = Fit::new(descents, &loaded.problem, &objective.solver);

    if let Some(path) = &arguments.plot {
        let drawing = descents::draw(&fit.table(), f64::NAN).map_err(|error| said(&error))?;
        let is_png = path.extension().is_some_and(|extension| extension == "png");
        let bytes = if is_png { drawing.png.as_slice() } else { drawing.svg.as_bytes() };
        files::write(path, bytes).map_err(|error| said(&error))?;
    }
    if let (Some(path), Some(best)) = (&arguments.parameters_out, fit.best()) {
        let values = linear(&loaded.problem, &objective.solver, best);
        let table = table_with(&loaded, &values)?;
        files::write(path, table.as_bytes()).map_err(|error| said(&error))?;
    }
    // Last, since a reader who has seen enough ends the command.
    match arguments.json {
        true => say(&fit.json(&objective.solver, &loaded.problem).to_string()),
        false => say(fit.text(&objective.solver, &loaded.problem).trim_end()),
    }
    if fit.best().is_none() {
        return Err(Failure::Said(format!("none of {} starts could be solved", fit.descents.len())));
    }
    Ok(())
}

/// Starts from a file; one outside of the bounds is an error, since a descent would not start where the file says.
fn given(path: &Path, problem: &Problem, solver: &ProblemSolver, bounds: &Bounds) -> Result<Vec<Vec<f64>>, Failure> {
    let mut vectors = EstimatedVectors::open(path, problem, solver)?;
    let starts = vectors.next(MOST_GIVEN + 1)?;
    if starts.len() > MOST_GIVEN {
        return Err(Failure::Said(format!("{} has more than {MOST_GIVEN} vectors", path.display())));
    }
    for (row, start) in starts.iter().enumerate() {
        for ((name, &value), (lower, upper)) in solver.names().iter().zip(start).zip(bounds.pairs()) {
            // A start written as decimal digits may lie a rounding beyond the bound that it was clipped to.
            let room = 1e-9 * (upper - lower);
            if !(lower - room..=upper + room).contains(&value) {
                let message = format!(
                    "{}: vector {} has `{name}` at {value} on its scale, outside of its bounds {lower} to {upper}",
                    path.display(),
                    row + 1
                );
                return Err(Failure::Said(message));
            }
        }
    }
    Ok(starts.into_iter().map(|start| bounds.clip(&start)).collect())
}

/// The box of the search, in which every parameter has a lower and an upper bound.
fn bounds(solver: &ProblemSolver) -> Result<Bounds, Failure> {
    for (name, (lower, upper)) in solver.names().iter().zip(solver.lower().iter().zip(solver.upper())) {
        if !lower.is_finite() || !upper.is_finite() {
            let message = format!("`{name}` has no finite bounds on its scale, between which starts could be drawn");
            return Err(Failure::Said(message));
        }
    }
    Bounds::new(solver.lower().to_vec(), solver.upper().to_vec()).map_err(|error| Failure::Said(error.to_string()))
}

/// A vector's values by parameter, on the linear scale.
fn linear(problem: &Problem, solver: &ProblemSolver, x: &[f64]) -> BTreeMap<String, f64> {
    let scales: BTreeMap<&str, Scale> = problem
        .parameters
        .iter()
        .filter_map(|parameter| Some((parameter.id.as_str(), parameter.estimate.as_ref()?.scale)))
        .collect();
    let value = |name: &str, x: f64| scales.get(name).map_or(x, |scale| scale.linear(x));
    solver.names().iter().zip(x).map(|(name, &x)| (name.clone(), value(name, x))).collect()
}

fn table_with(loaded: &Loaded, values: &BTreeMap<String, f64>) -> Result<String, Failure> {
    let texts: Vec<&str> = loaded.parameter_tables.iter().map(String::as_str).collect();
    petab::parameter_table(&loaded.problem, &texts, values).map_err(|error| Failure::Said(error.to_string()))
}

impl Fit {
    fn new(descents: Vec<Descent>, problem: &Problem, solver: &ProblemSolver) -> Self {
        let mut order: Vec<usize> = (0..descents.len()).collect();
        let end = |index: usize| descents[index].end().map_or(f64::INFINITY, |end| end.fval);
        order.sort_by(|&a, &b| end(a).total_cmp(&end(b)).then(a.cmp(&b)));
        let converged: Vec<usize> =
            order.iter().copied().filter(|&index| descents[index].stop.is_converged()).collect();
        let fvals: Vec<f64> = converged.iter().map(|&index| end(index)).collect();
        let observables: Vec<Vec<f64>> = converged
            .iter()
            .map(|&index| descents[index].end().and_then(|end| solver.observables(&end.x)).unwrap_or_default())
            .collect();
        let mut minima = minima::distinct(
            &fvals,
            &observables,
            &measured_ranges(problem),
            descents.len(),
            MinimaTolerances::default(),
        );
        for minimum in &mut minima {
            minimum.representative = converged[minimum.representative];
            minimum.members.iter_mut().for_each(|member| *member = converged[*member]);
        }
        Self { descents, order, minima }
    }

    /// The lowest end.
    fn best(&self) -> Option<&[f64]> {
        let first = self.order.first()?;
        self.descents[*first].end().map(|end| end.x.as_slice())
    }

    fn ends(&self) -> impl Iterator<Item = (usize, f64, f64, &Descent)> {
        self.order.iter().map(|&index| {
            let path = &self.descents[index].path;
            let fval = |iterate: Option<&crate::optimise::Iterate>| iterate.map_or(f64::INFINITY, |one| one.fval);
            (index, fval(path.first()), fval(path.last()), &self.descents[index])
        })
    }

    /// The columns that the figure of descents reads.
    fn table(&self) -> Table {
        let rows: Vec<_> = self.ends().collect();
        let best: &[usize] = self.minima.first().map_or(&[], |minimum| &minimum.members);
        Table::new()
            .text("origin", vec!["starts".to_owned(); rows.len()])
            .number("fval_end", rows.iter().map(|row| row.2).collect())
            .integer("converged", rows.iter().map(|row| i64::from(row.3.stop.is_converged())).collect())
            .integer("hit", rows.iter().map(|row| i64::from(best.contains(&row.0))).collect())
    }

    fn json(&self, solver: &ProblemSolver, problem: &Problem) -> serde_json::Value {
        let ends: Vec<_> = self
            .ends()
            .map(|(index, start, end, descent)| {
                json!({
                    "start": index + 1, "fval_start": number(start), "fval_end": number(end),
                    "stop": descent.stop.label(), "converged": descent.stop.is_converged(),
                    "gradients": descent.work.gradients,
                })
            })
            .collect();
        let mut object = json!({
            "starts": self.descents.len(),
            "converged": self.descents.iter().filter(|descent| descent.stop.is_converged()).count(),
            "failed": self.descents.iter().filter(|descent| descent.path.is_empty()).count(),
            "distinct": self.minima.len(),
            "minima": self.minima.iter()
                .map(|minimum| json!({ "fval": number(minimum.fval), "ends": minimum.members.len() }))
                .collect::<Vec<_>>(),
            "ends": ends,
        });
        if let Some(best) = self.best() {
            let evaluation = solver.evaluate(best);
            object["fval"] = number(evaluation.fval);
            object["nllh"] = number(evaluation.nllh);
            object["prior"] = number(evaluation.prior);
            object["parameters"] = json!(linear(problem, solver, best));
        }
        object
    }

    fn text(&self, solver: &ProblemSolver, problem: &Problem) -> String {
        let mut text = String::from("  rank  start      fval start        fval end  gradients  stop\n");
        let lowest = self.ends().next().map_or(f64::INFINITY, |row| row.2);
        let widest = self.ends().map(|row| gap(row.2, lowest)).filter(|gap| gap.is_finite()).fold(0.0, f64::max);
        for (rank, (index, start, end, descent)) in self.ends().enumerate() {
            let bar = bar(gap(end, lowest), widest);
            let (stop, work) = (descent.stop.label(), descent.work.gradients);
            let (rank, index) = (rank + 1, index + 1);
            let _ = writeln!(text, "{rank:6} {index:6} {start:15.6} {end:15.6} {work:10}  {stop:20} {bar}");
        }
        let converged = self.descents.iter().filter(|descent| descent.stop.is_converged()).count();
        let failed = self.descents.iter().filter(|descent| descent.path.is_empty()).count();
        let starts = self.descents.len();
        let _ = writeln!(
            text,
            "{starts} starts: {converged} converged to {} distinct ends, {failed} failed",
            self.minima.len()
        );
        for minimum in self.minima.iter().take(5) {
            let _ = writeln!(text, "  {:15.6}  {} of {starts}", minimum.fval, minimum.members.len());
        }
        if self.minima.len() > 5 {
            let _ = writeln!(text, "  and {} more", self.minima.len() - 5);
        }
        if let Some(best) = self.best() {
            let evaluation = solver.evaluate(best);
            let _ = writeln!(text, "fval {}, nllh {}, prior {}", evaluation.fval, evaluation.nllh, evaluation.prior);
            for (name, value) in linear(problem, solver, best) {
                let _ = writeln!(text, "  {name} = {value}");
            }
        }
        text
    }
}

/// How far above the lowest end an end lies, in decades above 0.05, the distance of a hit.
fn gap(end: f64, lowest: f64) -> f64 {
    ((end - lowest + 0.05) / 0.05).log10()
}

/// A bar of up to 24 letters; one for the lowest end, none for a failed start.
fn bar(gap: f64, widest: f64) -> String {
    if !gap.is_finite() {
        return String::new();
    }
    let share = if widest > 0.0 { gap / widest } else { 0.0 };
    "#".repeat(1 + (23.0 * share).round() as usize)
}

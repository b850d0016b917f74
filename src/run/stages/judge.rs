//! What proposals are worth beyond their fval: feasible, calibrated, new, and where held-out descents go.

use super::super::context::Context;
use super::super::error::StageError;
use super::super::store::Artifact;
use super::dataset::DatasetSummary;
use super::rows::vectors;
use crate::evaluate::bootstrap::{Interval, Resampling};
use crate::evaluate::calibration::calibration;
use crate::evaluate::copying::copying;
use crate::evaluate::coverage::{Coverage, coverage};
use crate::evaluate::feasibility::{Share, better_than, solved};
use crate::evaluate::matching::{DescentRows, Proposals};
use crate::evaluate::memorisation::{Memorisation, memorisation};
use crate::evaluate::quantiles::quantile;
use crate::evaluate::two_sample;
use crate::plan::node::Judge;
use crate::table::Table;

/// Vectors with their fvals on the condition scale, and the descent that each is of.
#[derive(Default)]
struct Rows {
    vectors: Vec<Vec<f64>>,
    levels: Vec<f64>,
    descents: Vec<usize>,
}

/// Writes `judgement.parquet`, one row: what was generated and solved, the share strictly better than the best training row
/// at conditions up to 0, the median fval at the condition nearest to 0, the calibration of the condition, and, matched on
/// fval, copying, coverage, density and the two-sample classifier. What could not be judged is NaN.
pub(super) fn run(context: &Context, settings: &Judge) -> Result<Vec<String>, StageError> {
    context.cores.lend(|| judge(context, settings))
}

fn judge(context: &Context, settings: &Judge) -> Result<Vec<String>, StageError> {
    let dataset: DatasetSummary = context.input(0).value("summary")?;
    let found = context.input(1).table("solved")?;
    let training = rows(&context.input(0), &dataset, &["training"])?;
    let held_out = match context.node.inputs.len() {
        2 => rows(&context.input(0), &dataset, &["validation"])?,
        _ => rows(&context.input(2), &dataset, &["training", "validation"])?,
    };
    let (conditions, fvals) = (found.numbers("condition")?, found.numbers("fval")?);
    let level = |&fval: &f64| dataset.scale.to_condition(fval);
    let of_solved: Vec<usize> = (0..fvals.len()).filter(|&row| fvals[row].is_finite()).collect();
    let vectors = vectors(&found.select(&of_solved), &dataset.names)?;
    let levels: Vec<f64> = of_solved.iter().map(|&row| clamped(level(&fvals[row]))).collect();
    let proposals = Proposals { vectors: &vectors, levels: &levels };
    let learnt = Proposals { vectors: &training.vectors, levels: &training.levels };
    let held_out = DescentRows { vectors: &held_out.vectors, levels: &held_out.levels, descents: &held_out.descents };

    let streams = context.streams();
    let resampling = Resampling { resamples: settings.resamples, confidence: 0.95 };
    let caliper = settings.caliper;
    let obeyed = calibration(
        conditions,
        &fvals.iter().map(level).collect::<Vec<f64>>(),
        resampling,
        &streams.part("calibration"),
    );
    let copied = memorisation(proposals, learnt.vectors, held_out, caliper, resampling, &streams.part("memorisation"));
    let learnt_rows =
        DescentRows { vectors: &training.vectors, levels: &training.levels, descents: &training.descents };
    let closer = copying(proposals.vectors, learnt_rows, held_out, resampling, &streams.part("copying"));
    let reached =
        coverage(proposals, learnt, held_out, (settings.neighbours, caliper), resampling, &streams.part("coverage"));
    let told = two_sample::matched(proposals, held_out, caliper, &streams.part("two samples"));

    let of = |is_wanted: &dyn Fn(f64) -> bool| {
        (0..fvals.len()).filter(|&row| is_wanted(conditions[row])).map(|row| fvals[row]).collect::<Vec<f64>>()
    };
    let nearest = conditions.iter().copied().min_by(|one, other| one.abs().total_cmp(&other.abs())).unwrap_or(0.0);
    let outside = found.integers("outside")?.iter().filter(|&&outside| outside > 0).count();
    let one = |value: f64| vec![value];
    let table = Table::new().integer("generated", vec![fvals.len() as i64]);
    let table = share(table, "feasible", solved(fvals))
        .number("outside_share", one(outside as f64 / fvals.len() as f64))
        .number("median_at_best", one(quantile(&of(&|condition| condition == nearest), 0.5).unwrap_or(f64::NAN)));
    let table = share(table, "better", better_than(&of(&|condition| condition <= 0.0), dataset.best));
    let table = interval(table, "rank_correlation", obeyed.rank_correlation);
    let table = interval(table, "absolute_error", obeyed.absolute_error);
    let table = interval(table, "memorisation", copied.map(|copied| copied.probability));
    let number = |value: Option<f64>| vec![value.unwrap_or(f64::NAN)];
    let of_copied = |pick: fn(&Memorisation) -> f64| number(copied.as_ref().map(pick));
    let table = table
        .number("memorisation_p", of_copied(|copied| copied.p_value))
        .number("distance_ratio", of_copied(|copied| copied.ratio))
        .number("matched", of_copied(|copied| copied.matched));
    let table = table
        .number("closer_to_training", number(closer.map(|closer| closer.share)))
        .number("closer_to_training_p", number(closer.map(|closer| closer.p_value)));
    let table = interval(table, "coverage", reached.map(|reached| reached.coverage));
    let of_reached = |pick: fn(&Coverage) -> f64| number(reached.as_ref().map(pick));
    let table = table
        .number("coverage_training", of_reached(|reached| reached.training))
        .number("density", of_reached(|reached| reached.density))
        .number("c2st", number(told.map(|told| told.accuracy)))
        .number("c2st_area", number(told.map(|told| told.area)))
        .number("c2st_p", number(told.map(|told| told.p_value)));
    context.draft.table("judgement", &table)?;
    Ok(Vec::new())
}

/// The rows of some splits that solved.
fn rows(artifact: &Artifact, dataset: &DatasetSummary, wanted: &[&str]) -> Result<Rows, StageError> {
    let table = artifact.table("rows")?;
    let (splits, fvals) = (table.texts("split")?, table.numbers("fval")?);
    let picked: Vec<usize> =
        (0..table.rows()).filter(|&row| wanted.contains(&splits[row].as_str()) && fvals[row].is_finite()).collect();
    let table = table.select(&picked);
    Ok(Rows {
        vectors: vectors(&table, &dataset.names)?,
        levels: table.numbers("fval")?.iter().map(|&fval| clamped(dataset.scale.to_condition(fval))).collect(),
        descents: table.integers("start")?.iter().map(|&start| start as usize).collect(),
    })
}

/// Whatever is better than the best training row has its level: the scale ends there.
fn clamped(level: f64) -> f64 {
    level.max(0.0)
}

fn interval(table: Table, name: &str, found: Option<Interval>) -> Table {
    let one = |pick: fn(&Interval) -> f64| vec![found.as_ref().map_or(f64::NAN, pick)];
    table
        .number(name, one(|found| found.estimate))
        .number(&format!("{name}_lower"), one(|found| found.lower))
        .number(&format!("{name}_upper"), one(|found| found.upper))
}

fn share(table: Table, name: &str, found: Option<Share>) -> Table {
    let one = |pick: fn(&Share) -> f64| vec![found.as_ref().map_or(f64::NAN, pick)];
    table
        .number(name, one(|found| found.share))
        .number(&format!("{name}_lower"), one(|found| found.lower))
        .number(&format!("{name}_upper"), one(|found| found.upper))
}

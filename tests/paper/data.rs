//! Tables as an experiment on a small model leaves them, from named random streams.

use kexp::graph::{Graph, GraphNode};
use kexp::random::Streams;
use kexp::table::Table;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};

/// The published optimum of the problem that the data imitate.
pub const TARGET: f64 = 138.222;

fn normal(stream: &mut impl Rng, mean: f64, deviation: f64) -> f64 {
    Normal::new(mean, deviation).expect("a positive deviation").sample(stream)
}

pub fn history() -> Table {
    let mut stream = Streams::new(1, "history").stream(0);
    let (mut epochs, mut splits, mut best) = (Vec::new(), Vec::new(), Vec::new());
    let (mut loss, mut rmse, mut pearson, mut spearman) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for epoch in 0..300i64 {
        let done = 1.0 - (-epoch as f64 / 40.0).exp();
        for (split, lag) in [("training", 0.0), ("validation", 1.0)] {
            epochs.push(epoch);
            splits.push(split.to_owned());
            best.push(i64::from(epoch == 214));
            let overfit = lag * (epoch as f64 / 300.0).powi(2);
            loss.push(9.0 * (1.0 - done) - 8.0 + 1.2 * overfit + normal(&mut stream, 0.0, 0.12));
            rmse.push(1.4 - 0.9 * done + 0.12 * overfit + normal(&mut stream, 0.0, 0.012));
            pearson.push(0.2 + 0.72 * done - 0.05 * overfit + normal(&mut stream, 0.0, 0.006));
            spearman.push(0.18 + 0.7 * done - 0.05 * overfit + normal(&mut stream, 0.0, 0.006));
        }
    }
    loss[0] = 310.0;
    loss[1] = 280.0;
    Table::new()
        .integer("epoch", epochs)
        .text("split", splits)
        .number("loss", loss)
        .number("rmse", rmse)
        .number("pearson", pearson)
        .number("spearman", spearman)
        .integer("best", best)
}

pub fn latent() -> Table {
    let mut stream = Streams::new(1, "latent").stream(0);
    let (mut u1, mut u2, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..900 {
        let condition: f64 = stream.random::<f64>().powf(0.7);
        let angle = condition * 4.0 + normal(&mut stream, 0.0, 0.3);
        u1.push(6.0 * angle.cos() + normal(&mut stream, 0.0, 0.8));
        u2.push(5.0 * angle.sin() + normal(&mut stream, 0.0, 0.8));
        conditions.push(condition);
    }
    conditions[5] = f64::INFINITY;
    conditions[6] = f64::NAN;
    conditions[7] = 1.08;
    Table::new().number("u1", u1).number("u2", u2).number("condition", conditions)
}

pub const CONDITIONS: [f64; 7] = [-0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25];

pub fn feasibility() -> Table {
    let share = vec![1.0, 0.99, 0.98, 0.97, 0.93, 0.88, 0.71];
    let lower = share.iter().map(|share| (share - 0.06f64 * (2.0 - share)).max(0.0)).collect();
    let upper = share.iter().map(|share: &f64| (share + 0.04).min(1.0)).collect();
    Table::new()
        .number("condition", CONDITIONS.to_vec())
        .integer("generated", vec![100; 7])
        .number("share", share)
        .number("lower", lower)
        .number("upper", upper)
}

pub fn fvals() -> Table {
    let mut stream = Streams::new(1, "fvals").stream(0);
    let (mut conditions, mut fvals) = (Vec::new(), Vec::new());
    for condition in CONDITIONS {
        for _ in 0..100 {
            let gap = normal(&mut stream, 0.3 + 3.6 * condition.max(0.0), 0.55);
            conditions.push(condition);
            fvals.push(if stream.random::<f64>() < 0.05 * (1.0 + condition) {
                f64::INFINITY
            } else {
                138.26 + 10f64.powf(gap)
            });
        }
    }
    Table::new().number("condition", conditions).number("fval", fvals)
}

/// One generator that obeys its condition, and one that does not.
pub fn calibration() -> Table {
    let rows = || ["flow", "unconditional"].into_iter().flat_map(|name| CONDITIONS.map(|condition| (name, condition)));
    let level = |(name, condition): (&str, f64)| if name == "flow" { 0.05 + 0.9 * condition.max(0.0) } else { 0.4 };
    let spread = |by: f64| rows().map(|row| (level(row) + by).max(0.0)).collect::<Vec<f64>>();
    Table::new()
        .text("generator", rows().map(|(name, _)| name.to_owned()).collect())
        .number("condition", rows().map(|(_, condition)| condition).collect())
        .number("low", spread(-0.2))
        .number("lower_quartile", spread(-0.08))
        .number("median", spread(0.0))
        .number("upper_quartile", spread(0.06))
        .number("high", spread(0.25))
        .number("rank_correlation", rows().map(|(name, _)| if name == "flow" { 0.934 } else { f64::NAN }).collect())
}

/// Training rows and the proposals of two generators.
pub fn map() -> Table {
    let latent = latent();
    let names = (0..latent.rows()).map(|row| ["flow", "", "", "cvae"][row % 4].to_owned()).collect();
    let column = |name: &str| latent.numbers(name).expect("a column").to_vec();
    Table::new()
        .text("generator", names)
        .number("u1", column("u1"))
        .number("u2", column("u2"))
        .number("condition", column("condition").into_iter().map(|condition| condition - 0.02).collect())
}

pub fn distances() -> Table {
    let mut stream = Streams::new(1, "distances").stream(0);
    let (mut groups, mut distances) = (Vec::new(), Vec::new());
    for (group, mean, deviation, count) in [
        ("all training rows", 7.5, 2.0, 30_000),
        ("best quarter", 4.8, 1.3, 8_000),
        ("within the best quarter", 5.2, 1.7, 12_000),
    ] {
        for _ in 0..count {
            groups.push(group.to_owned());
            distances.push(normal(&mut stream, mean, deviation).abs());
        }
    }
    Table::new().text("group", groups).number("distance", distances)
}

/// The minima of two problems, which three methods reach more or less often.
pub fn minima() -> Table {
    let each = || {
        ["stat5_fit", "another"].into_iter().flat_map(|panel| {
            (0..10_i64).flat_map(move |minimum| [0, 1, 2].map(move |method| (panel, minimum, method)))
        })
    };
    let share = |minimum: i64, method: i64| {
        if (minimum + method) % 4 == 3 { 0.0 } else { 0.3 / ((minimum - 2 * method).abs() + 1) as f64 }
    };
    Table::new()
        .text("panel", each().map(|(panel, ..)| panel.to_owned()).collect())
        .integer("minimum", each().map(|(_, minimum, _)| minimum).collect())
        .number("fval", each().map(|(_, minimum, _)| TARGET + 1.7 * (minimum * minimum) as f64).collect())
        .text("method", each().map(|(.., method)| ["sobol", "screened", "cvae"][method as usize].to_owned()).collect())
        .number("share", each().map(|(_, minimum, method)| share(minimum, method)).collect())
}

/// Twenty ends of two problems with six parameters, of which some are determined and some are not.
pub fn best_ends() -> Table {
    let each = || {
        ["stat5_fit", "another"]
            .into_iter()
            .flat_map(|problem| (0..20_i64).flat_map(move |end| (0..6).map(move |parameter| (problem, end, parameter))))
    };
    let mut stream = Streams::new(1, "best ends").stream(0);
    let spread = |parameter: i32| if parameter % 2 == 0 { 0.05 } else { 1.5 };
    let value = each().map(|(_, _, parameter)| normal(&mut stream, f64::from(parameter) - 2.0, spread(parameter)));
    let value: Vec<f64> = value.map(|value| value.clamp(-5.0, 5.0)).collect();
    Table::new()
        .text("problem", each().map(|(problem, ..)| problem.to_owned()).collect())
        .integer("end", each().map(|(_, end, _)| end).collect())
        .number("fval", each().map(|(_, end, _)| TARGET + 0.1 * (end * end) as f64).collect())
        .text("parameter", each().map(|(.., parameter)| format!("k_{parameter}")).collect())
        .number("value", value)
        .number("lower", vec![-5.0; 240])
        .number("upper", vec![5.0; 240])
}

pub fn descents() -> Table {
    let mut stream = Streams::new(1, "descents").stream(0);
    let (mut origins, mut starts, mut begin, mut ends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut converged, mut hit) = (Vec::new(), Vec::new());
    for (origin, luck) in [
        ("proposals", 0.35),
        ("Latin hypercube", 0.05),
        ("best training row, jittered", 0.9),
        ("proposals, blind", 0.1),
    ] {
        for start in 0..100 {
            let level = stream.random::<f64>();
            let (end, done) = if level < luck {
                (TARGET + normal(&mut stream, 0.0, 0.002).abs(), true)
            } else if level < luck + 0.3 {
                (149.6 + normal(&mut stream, 0.0, 0.01).abs(), true)
            } else if level < 0.96 {
                (TARGET + 10f64.powf(normal(&mut stream, 1.8, 0.5)), stream.random::<f64>() < 0.7)
            } else {
                (f64::INFINITY, false)
            };
            origins.push(origin.to_owned());
            starts.push(start);
            begin.push(end + 10f64.powf(normal(&mut stream, 2.5, 0.8)));
            ends.push(end);
            converged.push(i64::from(done));
            hit.push(i64::from(done && end < TARGET + 0.05));
        }
    }
    Table::new()
        .text("origin", origins)
        .integer("start", starts)
        .number("fval_start", begin)
        .number("fval_end", ends)
        .integer("converged", converged)
        .integer("hit", hit)
}

/// The same trials by rungs of 60, 20, 6 and 2: those with the lowest losses went on.
pub fn rungs() -> Table {
    let trials = trials();
    let losses = trials.numbers("validation_loss").expect("losses").to_vec();
    let mut order: Vec<usize> = (0..losses.len()).filter(|&row| losses[row].is_finite()).collect();
    order.sort_by(|&one, &other| losses[one].total_cmp(&losses[other]));
    let rank = |row: usize| order.iter().position(|&other| other == row).unwrap_or(losses.len());
    let most = [60, 20, 6, 2];
    let reached = |row: usize| most.iter().filter(|&&most| rank(row) < most).count().max(1);
    let table = trials.integer("rung", (0..losses.len()).map(|row| reached(row) as i64).collect());
    most.iter().zip([11, 33, 100, 300]).enumerate().fold(table, |table, (rung, (_, epochs))| {
        let after = |row: usize| losses[row] + 300.0 / f64::from(epochs) * (1.0 + 0.01 * row as f64);
        let values = (0..losses.len()).map(|row| if rung < reached(row) { after(row) } else { f64::NAN }).collect();
        table.number(&format!("after {epochs} epochs"), values)
    })
}

pub fn trials() -> Table {
    let mut stream = Streams::new(1, "trials").stream(0);
    let count = 60usize;
    let mut pick =
        |values: &[i64]| -> Vec<i64> { (0..count).map(|_| values[stream.random_range(0..values.len())]).collect() };
    let latent = pick(&[2, 4, 8, 16, 32]);
    let depth = pick(&[1, 2, 3, 4]);
    let width = pick(&[32, 64, 128, 256, 512]);
    let decoder_depth = pick(&[1, 2, 3, 4]);
    let decoder_width = pick(&[32, 64, 128, 256, 512]);
    let batch = pick(&[32, 64, 128, 256, 512]);
    let loss: Vec<String> = pick(&[0, 1]).iter().map(|&kind| ["gaussian", "bce"][kind as usize].to_owned()).collect();
    let rate: Vec<f64> = (0..count).map(|_| 10f64.powf(stream.random_range(-5.0..-2.0))).collect();
    let decay: Vec<f64> = (0..count).map(|_| 10f64.powf(stream.random_range(-7.0..-2.0))).collect();
    let mut validation: Vec<f64> =
        (0..count).map(|row| -8.0 + (rate[row].log10() + 3.0).powi(2) + normal(&mut stream, 0.0, 0.4)).collect();
    validation[3] = f64::NAN;
    let training = validation.iter().map(|loss| loss - 0.6 + normal(&mut stream, 0.0, 0.2)).collect();
    let best = validation.iter().copied().filter(|loss| loss.is_finite()).fold(f64::INFINITY, f64::min);
    let chosen = validation.iter().map(|&loss| i64::from(loss == best)).collect();
    Table::new()
        .integer("trial", (0..60).collect())
        .integer("latent", latent)
        .integer("encoder.depth", depth)
        .integer("encoder.width", width)
        .integer("decoder.depth", decoder_depth)
        .integer("decoder.width", decoder_width)
        .text("loss", loss)
        .number("train.lr", rate)
        .number("train.weight_decay", decay)
        .integer("train.batch", batch)
        .number("training_loss", training)
        .number("validation_loss", validation)
        .integer("chosen", chosen)
}

fn node(label: &str, detail: &str, group: &str) -> GraphNode {
    GraphNode { label: label.into(), detail: detail.into(), group: group.into() }
}

pub fn plan() -> Graph {
    Graph {
        nodes: vec![
            node("stat5", "8 species, 9 parameters", "model"),
            node("stat5_fit", "48 measurements", "problem"),
            node("descents", "latin_hypercube(100), gradient", "dataset"),
            node("cvae_search", "60 trials", "tune"),
            node("tuned", "best of cvae_search", "generator"),
            node("history", "300 epochs", "evaluate"),
            node("latent", "UMAP", "evaluate"),
            node("proposals", "7 conditions × 100", "generate"),
            node("solve", "700 vectors", "solve"),
            node("plain starts", "latin_hypercube(100)", "dataset"),
            node("jitter", "best row + 0.5", "dataset"),
            node("refine", "gradient(100)", "solve"),
            node("distances", "", "evaluate"),
            node("figures", "8 figures", "report"),
            node("draft", "paper/draft.md", "report"),
        ],
        edges: vec![
            (0, 1),
            (1, 2),
            (2, 3),
            (3, 4),
            (4, 5),
            (4, 6),
            (4, 7),
            (7, 8),
            (1, 9),
            (2, 10),
            (7, 11),
            (9, 11),
            (10, 11),
            (7, 12),
            (2, 12),
            (5, 13),
            (6, 13),
            (8, 13),
            (11, 13),
            (12, 13),
            (3, 13),
            (13, 14),
            (2, 6),
        ],
    }
}

pub fn network() -> Graph {
    Graph {
        nodes: vec![
            node("parameters", "9", "input"),
            node("condition", "1", "condition"),
            node("Gemm", "10 → 256", "encoder"),
            node("BatchNorm", "256", "encoder"),
            node("ReLU", "", "encoder"),
            node("Gemm", "mean, 256 → 8", "encoder"),
            node("Gemm", "log variance, 256 → 8", "encoder"),
            node("sample", "8", "latent"),
            node("Gemm", "9 → 256", "decoder"),
            node("BatchNorm", "256", "decoder"),
            node("ReLU", "", "decoder"),
            node("Gemm", "256 → 9", "decoder"),
            node("reconstruction", "9", "output"),
        ],
        edges: vec![
            (0, 2),
            (1, 2),
            (2, 3),
            (3, 4),
            (4, 5),
            (4, 6),
            (5, 7),
            (6, 7),
            (7, 8),
            (1, 8),
            (8, 9),
            (9, 10),
            (10, 11),
            (11, 12),
        ],
    }
}

/// Draws of four chains of two parameters, one row for each draw and parameter.
pub fn traces() -> Table {
    let each = || {
        ["log₁₀ k_on", "k_off"].into_iter().enumerate().flat_map(|(parameter, label)| {
            (1..=4_i64).flat_map(move |chain| (1..=120_i64).map(move |draw| (parameter, label, chain, draw)))
        })
    };
    let mut stream = Streams::new(1, "traces").stream(0);
    let values =
        each().map(|(parameter, _, chain, _)| normal(&mut stream, parameter as f64 + 0.02 * chain as f64, 0.4));
    let values = values.collect();
    Table::new()
        .text("parameter", each().map(|(_, label, ..)| label.to_owned()).collect())
        .integer("chain", each().map(|(_, _, chain, _)| chain).collect())
        .integer("draw", each().map(|(.., draw)| draw).collect())
        .number("value", values)
        .integer("divergent", each().map(|(.., draw)| i64::from(draw == 77)).collect())
}

/// The same draws in three columns that depend on each other.
pub fn pairs() -> Table {
    let mut stream = Streams::new(1, "pairs").stream(0);
    let first: Vec<f64> = (0..800).map(|_| normal(&mut stream, 0.0, 1.0)).collect();
    let second = first.iter().map(|x| x * x + normal(&mut stream, 0.0, 0.3)).collect();
    let third = first.iter().map(|x| 2.0 - x + normal(&mut stream, 0.0, 0.5)).collect();
    Table::new()
        .integer("divergent", (0..800).map(|row| i64::from(row % 97 == 5)).collect())
        .number("log₁₀ k_on", first)
        .number("k_off", second)
        .number("k_cat", third)
}

/// Densities of two parameters, of all chains and of two.
pub fn densities() -> Table {
    let each = || {
        [("log₁₀ k_on", 0.4), ("k_off", 1.5)].into_iter().flat_map(|(label, sd)| {
            (0..3_i64)
                .flat_map(move |chain| (0..64).map(move |place| (label, sd, chain, f64::from(place) / 10.5 - 3.0)))
        })
    };
    let height =
        |(_, sd, chain, z): (&str, f64, i64, f64)| (-0.5 * (z + 0.1 * chain as f64).powi(2)).exp() / (2.5 * sd);
    Table::new()
        .text("parameter", each().map(|(label, ..)| label.to_owned()).collect())
        .integer("chain", each().map(|(_, _, chain, _)| chain).collect())
        .number("value", each().map(|(_, sd, _, z)| sd * z).collect())
        .number("density", each().map(height).collect())
}

/// Their intervals.
pub fn marginal_intervals() -> Table {
    Table::new()
        .text("parameter", vec!["log₁₀ k_on".to_owned(), "k_off".to_owned()])
        .number("lower_95", vec![-0.8, -3.0])
        .number("median", vec![0.0, 0.0])
        .number("upper_95", vec![0.8, 3.0])
}

/// A profile that crosses on both sides, one that is flat, and one that is open above.
pub fn profiles() -> Table {
    let each = || {
        ["log₁₀ k_on", "k_off", "k_cat"]
            .into_iter()
            .enumerate()
            .flat_map(|(kind, label)| (-8..=8_i64).map(move |place| (kind, label, place, place as f64 / 3.5)))
    };
    let rise = |(kind, _, _, z): (usize, &str, i64, f64)| match kind {
        0 => 0.5 * z * z,
        1 => 0.01 * z.abs(),
        _ => 0.5 * z.min(0.3).powi(2),
    };
    Table::new()
        .text("parameter", each().map(|(_, label, ..)| label.to_owned()).collect())
        .integer("direction", each().map(|(_, _, place, _)| place.signum()).collect())
        .number("value", each().map(|(.., z)| z).collect())
        .number("rise", each().map(rise).collect())
        .integer("converged", each().map(|(_, _, place, _)| i64::from(place != 5)).collect())
}

/// Their intervals.
pub fn profile_intervals() -> Table {
    Table::new()
        .text("parameter", ["log₁₀ k_on", "k_off", "k_cat"].map(str::to_owned).to_vec())
        .number("lower", vec![-1.96, f64::NAN, -1.96])
        .number("upper", vec![1.96, f64::NAN, f64::NAN])
}

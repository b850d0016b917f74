//! One declared figure: its picture, its data and its short table. Pictures are kept in the store by a key over all
//! that they show, so that an unchanged figure is not drawn again.

use serde::Serialize;

use super::{AssembleError, benchmarks, proposals, tables, uncertainty};
use crate::graph::Graph;
use crate::plan::key::Key;
use crate::plan::node::{Deliverable, Plan, Stage};
use crate::report::figure::{self, Drawing};
use crate::run::RunError;
use crate::run::stages::{CompareTarget, DatasetSummary, FeasibilitySummary, ProfileSummary};
use crate::run::store::{Artifact, Presence, Store};
use crate::schema::Value;
use crate::table::Table;

/// A figure with what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The picture as SVG.
    pub svg: Vec<u8>,
    /// The same picture as PNG.
    pub png: Vec<u8>,
    /// All rows behind the picture, as CSV.
    pub data: Option<Vec<u8>>,
    /// A short table for the draft.
    pub summary: Option<Table>,
    /// A caption for figures without one.
    pub caption: String,
}

/// What a figure's key is a hash of.
#[derive(Serialize)]
struct Material<'a> {
    version: u32,
    draw: &'a str,
    settings: &'a std::collections::BTreeMap<String, Value>,
    from: Vec<&'a Key>,
    /// Names that stand in the picture and not in the artifacts.
    labels: Vec<&'a str>,
    graph: Option<Graph>,
}

/// The key of a figure: what it draws, its settings and the artifacts that it shows.
#[must_use]
pub fn key(plan: &Plan, figure: &Deliverable) -> Key {
    let mut settings = figure.settings.clone();
    settings.remove("caption");
    let labels = figure.from.iter().flat_map(|&at| match &plan.nodes[at].stage {
        Stage::Compare(compare) => compare.origins.iter().map(|origin| origin.label.as_str()).collect(),
        Stage::Rounds(rounds) => rounds.generators.iter().map(|one| one.label.as_str()).collect(),
        Stage::Benchmark(benchmark) => {
            benchmark.problems.iter().chain(&benchmark.methods).map(String::as_str).collect()
        }
        _ => Vec::new(),
    });
    let labels = labels.chain(figure.parts.iter().map(|part| part.generator.as_str()));
    let material = Material {
        version: figure::VERSION,
        draw: &figure.draw,
        settings: &settings,
        from: figure.from.iter().map(|&at| &plan.nodes[at].key).collect(),
        labels: labels.collect(),
        graph: (figure.draw == "workflow").then(|| plan.graph()),
    };
    Key::of(&material)
}

/// Draws a figure, or takes its picture from the store.
pub(super) fn draw(plan: &Plan, figure: &Deliverable, store: &Store) -> Result<Drawn, AssembleError> {
    let key = key(plan, figure);
    let shown = shown(plan, figure, store)?;
    let caption = shown.caption.to_owned();
    let data = shown.data.as_ref().map(|table| table.to_csv().into_bytes());
    match store.verify(&key) {
        Presence::Missing => {}
        Presence::Damaged(_) => store.remove(&key)?,
        Presence::Whole => {
            let artifact = store.artifact(&key);
            let (svg, png) = (artifact.bytes("figure.svg")?, artifact.bytes("figure.png")?);
            return Ok(Drawn { svg, png, data, summary: shown.summary, caption });
        }
    }
    let drawing = (shown.draw)().map_err(|error| AssembleError::Figure { name: figure.name.clone(), error })?;
    if let Ok(draft) = store.draft() {
        draft.bytes("figure.svg", drawing.svg.as_bytes())?;
        draft.bytes("figure.png", &drawing.png)?;
        store.publish(&key, "figure", draft)?;
    }
    Ok(Drawn { svg: drawing.svg.into_bytes(), png: drawing.png, data, summary: shown.summary, caption })
}

type Draw<'a> = Box<dyn FnOnce() -> Result<Drawing, figure::FigureError> + 'a>;

/// What a figure shows, before it is drawn.
struct Shown<'a> {
    data: Option<Table>,
    summary: Option<Table>,
    caption: &'static str,
    draw: Draw<'a>,
}

fn shown<'a>(plan: &'a Plan, figure: &'a Deliverable, store: &Store) -> Result<Shown<'a>, AssembleError> {
    let artifacts: Vec<Artifact> = figure.from.iter().map(|&at| store.artifact(&plan.nodes[at].key)).collect();
    let first = || {
        artifacts.first().ok_or_else(|| RunError::Artifact {
            node: figure.name.clone(),
            reason: "nothing that is run gives what this figure shows".to_owned(),
        })
    };
    let option = |name: &str, otherwise: f64| match figure.settings.get(name) {
        Some(Value::Number(value)) => *value,
        Some(Value::Integer(value)) => *value as f64,
        _ => otherwise,
    };
    Ok(match figure.draw.as_str() {
        "workflow" => {
            let plan_graph = plan.graph();
            let network: Option<Graph> = artifacts.first().map(|artifact| artifact.value("graph")).transpose()?;
            let network = network.map(|network| network.compact());
            Shown {
                data: Some(tables::nodes(plan)),
                summary: Some(tables::stages(plan)),
                caption: "A: the plan of the experiment. B: the network of the generator.",
                draw: Box::new(move || match &network {
                    Some(network) => figure::graph::draw_panels(&[("Plan", &plan_graph), ("Network", network)]),
                    None => figure::graph::draw(&plan_graph),
                }),
            }
        }
        "parallel_coordinates" => {
            let trials = first()?.table("trials")?;
            let (varied, epochs) = match &plan.nodes[figure.from[0]].stage {
                Stage::Tune(tune) => (tune.varied.as_slice(), tune.rungs.iter().map(|rung| rung.epochs).collect()),
                _ => (&[][..], Vec::new()),
            };
            let scales: Vec<_> = varied
                .iter()
                .filter(|varied| varied.log10)
                .map(|varied| (varied.path.clone(), figure::parallel_coordinates::Scale::Log10))
                .collect();
            let drawn = tables::parallel(&trials, &epochs)?;
            Shown {
                summary: Some(tables::best_trials(&trials)?),
                data: Some(trials),
                caption: match epochs.is_empty() {
                    true => "Random search over the settings of the generator. A: all trials. B: the best ones.",
                    false => "Successive halving over the settings of the generator. A: all trials. B: the best ones.",
                },
                draw: Box::new(move || figure::parallel_coordinates::draw(&drawn, &scales)),
            }
        }
        "training_curves" => {
            let history = first()?.table("history")?;
            Shown {
                summary: Some(tables::best_epoch(&history)?),
                data: Some(history.clone()),
                caption: "Loss, error and correlations of the reconstruction by epoch.",
                draw: Box::new(move || figure::training_curves::draw(&history)),
            }
        }
        "latent_umap" => {
            let latent = first()?.table("latent")?;
            let bins = option("bins", 0.1);
            Shown {
                summary: Some(tables::bins(&latent, bins)?),
                data: Some(latent.clone()),
                caption: "UMAP of the latents of the validation rows, coloured by condition.",
                draw: Box::new(move || figure::latent_umap::draw(&latent, bins)),
            }
        }
        "feasibility" => {
            let conditions = first()?.table("conditions")?;
            let drawn = tables::renamed(&conditions, &[("feasible", "share")])?;
            Shown {
                summary: Some(tables::feasibility(&conditions)?),
                data: Some(conditions),
                caption: "Share of generated vectors that solve, with Wilson's 95 % interval.",
                draw: Box::new(move || figure::feasibility::draw(&drawn)),
            }
        }
        "box" => {
            let solved = first()?.table("solved")?;
            let dataset: DatasetSummary = artifacts[1].value("summary")?;
            let reference = figure::box_plot::Reference { best: dataset.best, worst: dataset.worst };
            Shown {
                summary: Some(tables::boxes(&solved)?),
                data: Some(solved.clone()),
                caption: "Objective values of the generated vectors by condition.",
                draw: Box::new(move || figure::box_plot::draw(&solved, reference)),
            }
        }
        "rounds" => {
            let Some(Stage::Rounds(rounds)) = figure.from.first().map(|&at| &plan.nodes[at].stage) else {
                let reason = "this figure shows proposals in rounds".to_owned();
                return Err(RunError::Artifact { node: figure.name.clone(), reason }.into());
            };
            let data = tables::named_rounds(first()?, rounds, "rounds")?;
            let drawn = data.clone();
            Shown {
                summary: Some(tables::named_rounds(first()?, rounds, "summary")?),
                data: Some(data),
                caption: "Requested and achieved fvals by round, and the share better than the best training row.",
                draw: Box::new(move || figure::rounds::draw(&drawn)),
            }
        }
        "reliability" => {
            let summary: FeasibilitySummary = first()?.value("summary")?;
            let bins = first()?.table("reliability")?;
            let predictions = first()?.table("held_out")?;
            let drawn = bins.clone();
            let scores = figure::reliability::Scores { brier: summary.brier, of_share: summary.brier_of_share };
            Shown {
                summary: Some(bins),
                data: Some(predictions.clone()),
                caption: "Predicted against observed share of held-out starts that solve.",
                draw: Box::new(move || match summary.nothing_to_learn {
                    Some(reason) => figure::reliability::nothing_to_show(&reason),
                    None => figure::reliability::draw(&drawn, &predictions, scores),
                }),
            }
        }
        "distances" => {
            let distances = first()?.table("distances")?;
            Shown {
                summary: Some(first()?.table("summary")?),
                data: Some(distances.clone()),
                caption: "Distances of the proposals to the training rows, and among the best training rows.",
                draw: Box::new(move || figure::distances::draw(&distances)),
            }
        }
        "calibration" => {
            let dataset: DatasetSummary = first()?.value("summary")?;
            let solved: Vec<Table> =
                artifacts[1..].iter().map(|artifact| artifact.table("solved")).collect::<Result<_, _>>()?;
            let data = proposals::calibration(&dataset, &figure.parts, &solved)?;
            let columns =
                ["generator", "condition", "requested", "median_fval", "median", "better", "rank_correlation"];
            let shown = tables::renamed(
                &tables::columns(&data, &columns)?,
                &[
                    ("requested", "requested fval"),
                    ("median_fval", "median fval"),
                    ("median", "its condition"),
                    ("better", "better than all rows"),
                    ("rank_correlation", "rank correlation"),
                ],
            )?;
            let drawn = data.clone();
            Shown {
                summary: Some(shown),
                data: Some(data),
                caption: "The condition requested and the one achieved.",
                draw: Box::new(move || figure::calibration::draw(&drawn)),
            }
        }
        "umap" => {
            let data = proposals::mapped(&first()?.table("map")?, &figure.parts)?;
            let drawn = data.clone();
            Shown {
                summary: None,
                data: Some(data),
                caption: "UMAP of proposals among the training rows, coloured by fval.",
                draw: Box::new(move || figure::umap::draw(&drawn)),
            }
        }
        "success" | "waterfall" | "convergence" | "performance_profile" | "minima" | "parameters" => {
            let Some(Stage::Benchmark(benchmark)) = figure.from.first().map(|&at| &plan.nodes[at].stage) else {
                let reason = "this figure shows a benchmark".to_owned();
                return Err(RunError::Artifact { node: figure.name.clone(), reason }.into());
            };
            let artifact = first()?;
            let role = match figure.settings.get("role") {
                Some(Value::Choice(role, _)) => Some(role.as_str()),
                // A profile over problems of both would say nothing of either.
                _ => (figure.draw == "performance_profile").then_some("headline"),
            };
            let table = |name: &str| {
                benchmarks::benchmarked(artifact, benchmark, name).map(|table| benchmarks::of_role(table, role))
            };
            let budget = benchmark.budget;
            let (data, caption, draw): (Table, _, Draw) = match figure.draw.as_str() {
                "success" => {
                    let data = table("first_hits")?;
                    let drawn = benchmarks::panels(&data)?;
                    let caption = "Share of trials that have hit, by all that they have spent.";
                    (data, caption, Box::new(move || figure::success::draw(&drawn, budget)))
                }
                "waterfall" => {
                    let data = table("ends")?;
                    let drawn = benchmarks::panels(&data)?;
                    let caption = "Sorted ends of the descents of all trials.";
                    (data, caption, Box::new(move || figure::waterfall::draw(&drawn)))
                }
                "convergence" => {
                    let data = table("convergence")?;
                    let drawn = benchmarks::panels(&data)?;
                    let caption = "The best fval by all that was spent, median and quartiles over trials.";
                    (data, caption, Box::new(move || figure::convergence::draw(&drawn)))
                }
                "minima" => {
                    let data = benchmarks::lowest_minima(&table("minima")?)?;
                    let drawn = benchmarks::panels(&data)?;
                    let caption = "The lowest minima, and the share of each method's starts that ends in them.";
                    (data, caption, Box::new(move || figure::minima::draw(&drawn)))
                }
                "parameters" => {
                    let data = table("best_ends")?;
                    let drawn = data.clone();
                    let caption = "The parameters of the ends in the lowest minima, between their bounds.";
                    (data, caption, Box::new(move || figure::parameters::draw(&drawn)))
                }
                _ => {
                    let data = table("profile")?;
                    let drawn = data.clone();
                    let caption =
                        "Share of problems that each method hits within a multiple of the cheapest one's cost.";
                    (data, caption, Box::new(move || figure::performance_profile::draw(&drawn)))
                }
            };
            Shown { summary: Some(benchmarks::verdict(&table("summary")?)?), data: Some(data), caption, draw }
        }
        "traces" | "marginals" | "pairs" | "profiles" => {
            let artifact = first()?;
            let named = uncertainty::Named::of(plan, figure)?;
            let (data, summary, caption, draw): (Table, Table, _, Draw) = match figure.draw.as_str() {
                "traces" => {
                    let (data, drawn) = uncertainty::traces(artifact, &named)?;
                    let caption = "The draws of each chain of the posterior, in their order.";
                    (data, named.summary(artifact)?, caption, Box::new(move || figure::traces::draw(&drawn)))
                }
                "marginals" => {
                    let (data, intervals) = uncertainty::marginals(artifact, &named)?;
                    let drawn = data.clone();
                    let caption = "Marginal densities of the posterior.";
                    let draw = Box::new(move || figure::marginals::draw(&drawn, &intervals));
                    (data, named.summary(artifact)?, caption, draw)
                }
                "pairs" => {
                    let (data, drawn) = uncertainty::pairs(artifact, &named)?;
                    let caption = "Draws of the posterior in each pair of parameters, with Spearman's correlations.";
                    (data, named.summary(artifact)?, caption, Box::new(move || figure::pairs::draw(&drawn)))
                }
                _ => {
                    let (data, drawn, intervals) = uncertainty::profiles(artifact, &named)?;
                    let target: ProfileSummary = artifact.value("summary")?;
                    let caption = "Profiles of the likelihood, with the threshold of their level.";
                    let draw = Box::new(move || figure::profiles::draw(&drawn, &intervals, target.threshold));
                    (data, artifact.table("intervals")?, caption, draw)
                }
            };
            Shown { summary: Some(summary), data: Some(data), caption, draw }
        }
        _ => {
            let table = |name: &str| match figure.from.first().map(|&at| &plan.nodes[at].stage) {
                Some(Stage::Compare(compare)) => tables::compared(first()?, compare, name),
                _ => Ok(first()?.table(name)?),
            };
            let descents = table("descents")?;
            let target: CompareTarget = first()?.value("target")?;
            Shown {
                summary: Some(tables::origins(&table("summary")?)?),
                data: Some(descents.clone()),
                caption: "Ends of local descents by origin of their starts.",
                draw: Box::new(move || figure::descents::draw(&descents, target.fval)),
            }
        }
    })
}

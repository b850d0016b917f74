//! From a resolved experiment to the nodes of its plan.

use std::collections::BTreeMap;

use super::key::Key;
use super::node::{
    Compare, DatasetRecipe, Deliverable, Descend, Distances, Generate, Latent, Node, Origin, Plan, Stage, Starts,
    TableRows, Train, Tune, Varied,
};
use super::resolve::{Declaration, Experiment, Origin as Source};
use super::rows::RowFile;
use crate::diagnostic::Diagnostic;
use crate::learn::kind;
use crate::learn::tune::{apply, sample_trial};
use crate::optimise::DescentSettings;
use crate::random::Streams;
use crate::schema::{self, Value};

/// A plan with the places that its settings came from: `sources[node][setting]`, for `kexp plan` and `kexp explain`.
#[derive(Debug, Clone)]
pub struct Expanded {
    /// The plan.
    pub plan: Plan,
    /// For each node, where each of its settings was written; a setting that is not listed has its default.
    pub sources: Vec<BTreeMap<String, Source>>,
}

/// Expands an experiment: every declaration that a figure, a table or a `generate` needs becomes nodes with keys.
///
/// # Errors
/// When settings that passed their schema do not fit the stage that uses them: a defect of kexp, reported as such.
pub fn expand(experiment: &Experiment) -> Result<Expanded, Diagnostic> {
    let mut builder = Builder {
        experiment,
        plan: Plan {
            title: experiment.title.clone(),
            seed: experiment.seed,
            profile: experiment.profile.clone(),
            nodes: Vec::new(),
            deliverables: Vec::new(),
        },
        sources: Vec::new(),
        proposals: BTreeMap::new(),
    };
    for name in experiment.problems.keys() {
        builder.problem(name);
    }
    for declaration in experiment.tunes.values() {
        builder.tune(declaration)?;
    }
    for declaration in experiment.generates.values() {
        builder.generate(declaration)?;
    }
    for declaration in experiment.figures.values() {
        builder.figure(declaration)?;
    }
    for declaration in experiment.tables.values() {
        builder.table(declaration)?;
    }
    Ok(Expanded { plan: builder.plan, sources: builder.sources })
}

/// How close to the best end an end must be to lie in the best basin, and to the target to be a hit.
const HIT: f64 = 0.05;

/// A table's rows all become rows, however many belong to one descent.
const ALL_ROWS: usize = usize::MAX;

struct Builder<'a> {
    experiment: &'a Experiment,
    plan: Plan,
    sources: Vec<BTreeMap<String, Source>>,
    /// What each `generate` made, by generator.
    proposals: BTreeMap<String, Vec<Proposals>>,
}

/// The nodes that one `generate` makes for one generator.
#[derive(Clone, Copy)]
struct Proposals {
    dataset: usize,
    solved: usize,
    conditions: usize,
    compare: Option<usize>,
}

impl Builder<'_> {
    /// Adds a node, or finds the one that means the same.
    fn node(&mut self, name: String, stage: Stage, inputs: Vec<usize>, sources: BTreeMap<String, Source>) -> usize {
        let mut node = Node { name, stage, inputs, key: Key::default() };
        node.key = self.plan.material(&node).key();
        if let Some(at) = self.plan.nodes.iter().position(|known| known.key == node.key) {
            return at;
        }
        self.plan.nodes.push(node);
        self.sources.push(sources);
        self.plan.nodes.len() - 1
    }

    fn problem(&mut self, name: &str) -> usize {
        let declared = &self.experiment.problems[name];
        let stage = Stage::Problem(Box::new(declared.problem.clone()));
        self.node(format!("problem.{name}"), stage, Vec::new(), declared.sources.clone())
    }

    /// The descents and the rows of a dataset for a problem; `blind`, how close to the best end the basin is that is
    /// taken out, overrides what the recipe says.
    fn dataset(&mut self, name: &str, problem: &str, blind: Option<f64>) -> Result<usize, Diagnostic> {
        let declaration = &self.experiment.datasets[name];
        let problem_node = self.problem(problem);
        let descents = self.rows_of(declaration, problem_node, problem)?;
        let is_table = self.experiment.row_files.contains_key(name);
        let rows = if is_table { vec!["endpoints", "iterates"] } else { declaration.words("rows") };
        let blind = blind.or_else(|| blind_within(declaration));
        let validate = declaration.word("validate").unwrap_or("descents");
        let recipe = DatasetRecipe {
            most_iterates: match rows.contains(&"iterates") {
                true if is_table => ALL_ROWS,
                true => count(declaration, "rows.iterates.most", 20),
                false => 0,
            },
            endpoints: rows.contains(&"endpoints"),
            validate: number(declaration, &format!("validate.{validate}"))
                .or_else(|| number(declaration, "validate.fraction"))
                .unwrap_or(0.2),
            validate_basins: validate == "basins",
            condition: declaration.settings["condition"].clone(),
            blind: blind.is_some(),
            within: blind.unwrap_or(HIT),
        };
        let suffix = if blind.is_some() { ".blind" } else { "" };
        Ok(self.node(
            format!("dataset.{name}.{problem}{suffix}"),
            Stage::Dataset(recipe),
            vec![problem_node, descents],
            sources(
                declaration,
                &[
                    ("most_iterates", "rows"),
                    ("endpoints", "rows"),
                    ("validate", "validate"),
                    ("validate_basins", "validate"),
                    ("condition", "condition"),
                    ("blind", "blind"),
                    ("within", "blind"),
                ],
            ),
        ))
    }

    /// What a dataset takes its rows from: descents, or a table.
    fn rows_of(&mut self, declaration: &Declaration, problem_node: usize, problem: &str) -> Result<usize, Diagnostic> {
        let name = &declaration.name;
        if let Some(RowFile { path, format, checksum }) = self.experiment.row_files.get(name).cloned() {
            return Ok(self.node(
                format!("rows.{name}.{problem}"),
                Stage::Rows(TableRows { path, format, checksum }),
                vec![problem_node],
                sources(declaration, &[("path", "from"), ("format", "from"), ("checksum", "from")]),
            ));
        }
        let starts = match declaration.word("start") {
            Some("random") => Starts::Random,
            _ => Starts::LatinHypercube,
        };
        let descend = Descend {
            starts,
            count: count(declaration, "start.count", 100),
            descent: descent(declaration, "descend")?
                .unwrap_or_else(|| DescentSettings { iterations: 0, ..DescentSettings::default() }),
            keep_iterates: true,
        };
        Ok(self.node(
            format!("descend.{name}.{problem}"),
            Stage::Descend(descend),
            vec![problem_node],
            sources(declaration, &[("count", "start.count"), ("starts", "start"), ("descent", "descend")]),
        ))
    }

    /// The trials and the choice of a tune.
    fn tune(&mut self, declaration: &Declaration) -> Result<usize, Diagnostic> {
        let name = &declaration.name;
        let dataset = self.dataset(word(declaration, "dataset"), word(declaration, "problem"), None)?;
        let generator = &self.experiment.generators[word(declaration, "generator")];
        let trials = count(declaration, "trials.count", 60);
        let vary: Vec<(String, Value)> =
            declaration.vary.iter().map(|vary| (vary.path.clone(), vary.values.clone())).collect();
        // Named by what is varied and not by the tune's name, so that a renamed tune reruns nothing, and not by what is
        // not varied, so that another setting is tried with the same draws.
        let material = ron::to_string(&vary).map_err(defect(declaration))?;
        let streams = Streams::new(self.plan.seed, &format!("trials of {material}"));
        let mut varied: Vec<Varied> = declaration
            .vary
            .iter()
            .map(|vary| Varied {
                path: vary.path.clone(),
                log10: matches!(&vary.values, Value::Interval { scale, .. } if scale == "log10"),
                values: Vec::new(),
            })
            .collect();
        let kind = kind(word(generator, "kind")).map_err(defect(declaration))?;
        let schema = (kind.schema)();
        let mut trainings = Vec::with_capacity(trials);
        for trial in 0..trials {
            let mut settings = generator.settings.clone();
            let drawn = sample_trial(&schema, &vary, &streams, trial as u64).map_err(defect(declaration))?;
            for ((path, value), column) in drawn.into_iter().zip(&mut varied) {
                apply(&mut settings, &path, value.clone()).map_err(defect(declaration))?;
                column.values.push(value);
            }
            let mut places = generator.origins.clone();
            places.extend(declaration.vary.iter().map(|vary| (vary.path.clone(), Source::File(vary.span))));
            trainings.push(self.node(
                format!("train.{name}.trial_{trial:02}"),
                Stage::Train(Train { settings: Some(settings), trial: Some(trial) }),
                vec![dataset],
                places,
            ));
        }
        let lowest = declaration.word("choose") == Some("lowest");
        let metric = declaration.word("choose.metric");
        let stage = Stage::Tune(Tune { choose: metric.unwrap_or("validation.loss").to_owned(), lowest, varied });
        let places = sources(declaration, &[("choose", "choose"), ("lowest", "choose"), ("varied", "trials")]);
        Ok(self.node(format!("tune.{name}"), stage, trainings, places))
    }

    /// The node of a trained generator and the dataset that it was trained on.
    fn generator(
        &mut self,
        name: &str,
        dataset: &str,
        problem: &str,
        blind: Option<f64>,
    ) -> Result<(usize, usize), Diagnostic> {
        let declaration = &self.experiment.generators[name];
        let rows = self.dataset(dataset, problem, blind)?;
        let suffix = if blind.is_some() { ".blind" } else { "" };
        if declaration.word("kind") == Some("best") {
            let tune = &self.experiment.tunes[declaration.word("kind.tune").unwrap_or_default()];
            let tuned = self.tune(tune)?;
            if blind.is_none() && word(tune, "dataset") == dataset && word(tune, "problem") == problem {
                return Ok((tuned, rows));
            }
            let stage = Stage::Train(Train { settings: None, trial: None });
            let node = self.node(
                format!("train.{name}.{dataset}.{problem}{suffix}"),
                stage,
                vec![rows, tuned],
                BTreeMap::new(),
            );
            return Ok((node, rows));
        }
        let stage = Stage::Train(Train { settings: Some(declaration.settings.clone()), trial: None });
        let places = declaration.origins.clone();
        let node = self.node(format!("train.{name}.{dataset}.{problem}{suffix}"), stage, vec![rows], places);
        Ok((node, rows))
    }

    /// Proposals of each generator, their fvals, and the descents from them beside the baselines.
    fn generate(&mut self, declaration: &Declaration) -> Result<(), Diagnostic> {
        let (name, problem_name) = (&declaration.name, word(declaration, "problem"));
        let dataset_name = word(declaration, "dataset");
        let problem = self.problem(problem_name);
        let conditions = numbers(declaration, "conditions");
        let replicates = count(declaration, "replicates", 100);
        let starts = count(declaration, "starts", replicates);
        let outside = declaration.word("outside").unwrap_or("reflect").to_owned();
        let refine = descent(declaration, "refine")?;
        let refine_at = number(declaration, "refine_at").unwrap_or(0.0);
        let blind_too = blind_within(declaration);
        let places =
            sources(declaration, &[("conditions", "conditions"), ("replicates", "replicates"), ("outside", "outside")]);
        let mut made = Vec::new();
        let mut lines: Vec<(String, usize, Vec<Key>)> = Vec::new();
        let training_work = |builder: &Self, rows: usize| {
            let descents = builder.plan.nodes[rows].inputs[1];
            vec![builder.plan.nodes[descents].key.clone()]
        };
        for generator in declaration.words("from").into_iter().map(str::to_owned).collect::<Vec<_>>() {
            for blind in std::iter::once(None).chain(blind_too.map(Some)) {
                let (trained, rows) = self.generator(&generator, dataset_name, problem_name, blind)?;
                let suffix = if blind.is_some() { ".blind" } else { "" };
                if blind.is_none() {
                    let stage = Stage::Generate(Generate {
                        conditions: conditions.clone(),
                        replicates,
                        outside: outside.clone(),
                    });
                    let vectors =
                        self.node(format!("generate.{name}.{generator}"), stage, vec![rows, trained], places.clone());
                    let solved = self.node(
                        format!("solve.{name}.{generator}"),
                        Stage::Solve,
                        vec![problem, rows, vectors],
                        BTreeMap::new(),
                    );
                    let by_condition = self.node(
                        format!("conditions.{name}.{generator}"),
                        Stage::Conditions,
                        vec![solved, rows],
                        BTreeMap::new(),
                    );
                    made.push((
                        generator.clone(),
                        Proposals { dataset: rows, solved, conditions: by_condition, compare: None },
                    ));
                }
                let Some(descent) = &refine else { continue };
                let stage = Stage::Generate(Generate {
                    conditions: vec![refine_at],
                    replicates: starts,
                    outside: outside.clone(),
                });
                let mut places = sources(declaration, &[("conditions", "refine_at"), ("outside", "outside")]);
                places.insert("replicates".to_owned(), declaration.origin("starts"));
                let vectors = self.node(
                    format!("generate.{name}.{generator}.starts{suffix}"),
                    stage,
                    vec![rows, trained],
                    places,
                );
                let node = self.descents(
                    format!("descend.{name}.{generator}{suffix}"),
                    (Starts::Proposals, starts, *descent),
                    vec![problem, vectors],
                    declaration,
                );
                let label = if blind.is_some() { format!("{generator}, blind") } else { generator.clone() };
                lines.push((label, node, training_work(self, rows)));
            }
        }
        if let Some(descent) = &refine {
            for baseline in baselines(declaration) {
                for blind in std::iter::once(None).chain(blind_too.map(Some)) {
                    // Only what learns from the training set changes when the set is blind.
                    if blind.is_some() && !matches!(baseline, Starts::BestJitter(_)) {
                        continue;
                    }
                    let (starts_from, word, inputs, charged) = match baseline {
                        Starts::BestJitter(sd) => {
                            let rows = self.dataset(dataset_name, problem_name, blind)?;
                            (Starts::BestJitter(sd), "best_jitter", vec![problem, rows], training_work(self, rows))
                        }
                        Starts::Random => (Starts::Random, "random", vec![problem], Vec::new()),
                        _ => (Starts::LatinHypercube, "latin_hypercube", vec![problem], Vec::new()),
                    };
                    let suffix = if blind.is_some() { ".blind" } else { "" };
                    let node = self.descents(
                        format!("descend.{name}.{word}{suffix}"),
                        (starts_from, starts, *descent),
                        inputs,
                        declaration,
                    );
                    let label = if blind.is_some() { format!("{word}, blind") } else { word.to_owned() };
                    lines.push((label, node, charged));
                }
            }
            let mut inputs = vec![problem];
            inputs.extend(lines.iter().map(|(_, node, _)| *node));
            let origins = lines.into_iter().map(|(label, _, charged)| Origin { label, charged }).collect();
            let stage = Stage::Compare(Compare { origins, tolerance: HIT, resamples: 10_000 });
            let compare = self.node(format!("compare.{name}"), stage, inputs, BTreeMap::new());
            for (_, proposals) in &mut made {
                proposals.compare = Some(compare);
            }
        }
        self.proposals.insert(name.clone(), made.into_iter().map(|(_, proposals)| proposals).collect());
        Ok(())
    }

    fn descents(
        &mut self,
        name: String,
        (starts, count, descent): (Starts, usize, DescentSettings),
        inputs: Vec<usize>,
        declaration: &Declaration,
    ) -> usize {
        let places = sources(declaration, &[("count", "starts"), ("descent", "refine"), ("starts", "baselines")]);
        self.node(name, Stage::Descend(Descend { starts, count, descent, keep_iterates: false }), inputs, places)
    }

    fn figure(&mut self, declaration: &Declaration) -> Result<(), Diagnostic> {
        let draw = word(declaration, "draw").to_owned();
        let from = declaration.word("from").unwrap_or_default().to_owned();
        let name = &declaration.name;
        let nodes = match draw.as_str() {
            "parallel_coordinates" => vec![self.tune(&self.experiment.tunes[&from])?],
            "workflow" | "training_curves" | "latent_umap" => {
                let generator = match from.as_str() {
                    "" => self.experiment.generators.keys().next().cloned().unwrap_or_default(),
                    _ => from,
                };
                match self.trained_for(&generator)? {
                    None => Vec::new(),
                    Some((trained, rows)) if draw == "latent_umap" => {
                        let stage = Stage::Latent(Latent { neighbours: 15 });
                        vec![self.node(format!("latent.{name}"), stage, vec![rows, trained], BTreeMap::new())]
                    }
                    Some((trained, _)) => vec![trained],
                }
            }
            "distances" => {
                let proposals = self.proposals.get(&from).cloned().unwrap_or_default();
                let settings = Distances {
                    condition: number(declaration, "condition").unwrap_or(0.0),
                    quantile: number(declaration, "quantile").unwrap_or(0.25),
                    shown: 2000,
                };
                let places = sources(declaration, &[("condition", "condition"), ("quantile", "quantile")]);
                proposals
                    .iter()
                    .take(1)
                    .map(|made| {
                        let stage = Stage::Distances(settings.clone());
                        self.node(format!("distances.{name}"), stage, vec![made.dataset, made.solved], places.clone())
                    })
                    .collect()
            }
            "descents" => {
                self.proposals.get(&from).into_iter().flatten().filter_map(|made| made.compare).take(1).collect()
            }
            "box" => {
                self.proposals.get(&from).into_iter().flatten().flat_map(|made| [made.solved, made.dataset]).collect()
            }
            _ => self.proposals.get(&from).into_iter().flatten().map(|made| made.conditions).collect(),
        };
        self.deliver(declaration, "figure", draw, nodes);
        Ok(())
    }

    /// The nodes of a generator that some tune or `generate` trains, and of its dataset.
    fn trained_for(&mut self, generator: &str) -> Result<Option<(usize, usize)>, Diagnostic> {
        let experiment = self.experiment;
        let declaration = &experiment.generators[generator];
        if let Some(tune) = declaration.word("kind.tune").and_then(|tune| experiment.tunes.get(tune)) {
            return self.generator(generator, word(tune, "dataset"), word(tune, "problem"), None).map(Some);
        }
        let user = experiment.generates.values().find(|generate| generate.words("from").contains(&generator));
        user.map(|user| self.generator(generator, word(user, "dataset"), word(user, "problem"), None)).transpose()
    }

    fn table(&mut self, declaration: &Declaration) -> Result<(), Diagnostic> {
        let from = word(declaration, "from");
        let nodes = match self.experiment.tunes.get(from) {
            Some(tune) => vec![self.tune(tune)?],
            None => {
                let made = self.proposals.get(from).cloned().unwrap_or_default();
                made.iter().flat_map(|made| [Some(made.conditions), made.compare]).flatten().collect()
            }
        };
        self.deliver(declaration, "table", "table".to_owned(), nodes);
        Ok(())
    }

    fn deliver(&mut self, declaration: &Declaration, kind: &str, draw: String, from: Vec<usize>) {
        self.plan.deliverables.push(Deliverable {
            name: declaration.name.clone(),
            kind: kind.to_owned(),
            draw,
            caption: declaration.word("caption").unwrap_or_default().to_owned(),
            settings: declaration.settings.clone(),
            from,
        });
    }
}

/// How close to the best end the basin is that the blind test takes out; nothing where there is no such test.
fn blind_within(declaration: &Declaration) -> Option<f64> {
    let is_blind = declaration.word("blind") == Some("best_basin");
    is_blind.then(|| number(declaration, "blind.within").unwrap_or(HIT))
}

fn word<'a>(declaration: &'a Declaration, path: &str) -> &'a str {
    declaration.word(path).unwrap_or_default()
}

fn number(declaration: &Declaration, path: &str) -> Option<f64> {
    match declaration.value(path)? {
        Value::Number(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        _ => None,
    }
}

fn count(declaration: &Declaration, path: &str, otherwise: usize) -> usize {
    match declaration.value(path) {
        Some(Value::Integer(value)) => usize::try_from(*value).unwrap_or(otherwise),
        _ => otherwise,
    }
}

fn numbers(declaration: &Declaration, path: &str) -> Vec<f64> {
    match declaration.value(path) {
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::Number(value) => Some(*value),
                Value::Integer(value) => Some(*value as f64),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn baselines(declaration: &Declaration) -> Vec<Starts> {
    let Some(Value::List(items)) = declaration.value("baselines") else { return Vec::new() };
    items
        .iter()
        .filter_map(|item| match item {
            Value::Choice(name, fields) => Some(match (name.as_str(), fields.get("sd")) {
                ("best_jitter", Some(Value::Number(sd))) => Starts::BestJitter(*sd),
                ("best_jitter", Some(Value::Integer(sd))) => Starts::BestJitter(*sd as f64),
                ("random", _) => Starts::Random,
                _ => Starts::LatinHypercube,
            }),
            _ => None,
        })
        .collect()
}

/// The settings of `gradient(...)`, or nothing for `none`.
fn descent(declaration: &Declaration, path: &str) -> Result<Option<DescentSettings>, Diagnostic> {
    match declaration.value(path) {
        Some(Value::Choice(name, fields)) if name == "gradient" => {
            schema::typed(fields).map(Some).map_err(defect(declaration))
        }
        _ => Ok(None),
    }
}

fn sources(declaration: &Declaration, settings: &[(&str, &str)]) -> BTreeMap<String, Source> {
    settings.iter().map(|&(setting, path)| (setting.to_owned(), declaration.origin(path))).collect()
}

fn defect<E: std::fmt::Display>(declaration: &Declaration) -> impl Fn(E) -> Diagnostic {
    let (span, name) = (declaration.span, declaration.name.clone());
    move |error| {
        Diagnostic::error("internal", format!("the settings of `{name}` do not fit their stage: {error}"))
            .at(span, "")
            .help("this is a defect of kexp: please report it with this file")
    }
}

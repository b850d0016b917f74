//! Searches with their trials, and trained generators.

use std::collections::BTreeMap;

use super::super::node::{Rung, Stage, Train, Tune, Varied};
use super::super::resolve::{Declaration, Origin as Source};
use super::Builder;
use super::dataset::Feed;
use super::read::{count, defect, sources, word};
use crate::diagnostic::Diagnostic;
use crate::learn::halving::{self, bracket, most_rungs};
use crate::learn::kind;
use crate::learn::tune::{apply, sample_trial};
use crate::random::Streams;
use crate::schema::Value;

impl Builder<'_> {
    /// The trials and the choice of a tune.
    pub(super) fn tune(&mut self, declaration: &Declaration) -> Result<usize, Diagnostic> {
        let name = &declaration.name;
        let dataset = self.dataset(feed(declaration))?;
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
        let rungs = rungs(declaration, generator)?;
        let pause = rungs.first().filter(|_| rungs.len() > 1).map(|rung| rung.epochs);
        let mut trainings = Vec::with_capacity(trials);
        let mut places = generator.origins.clone();
        places.extend(declaration.vary.iter().map(|vary| (vary.path.clone(), Source::File(vary.span))));
        places.insert("pause".to_owned(), declaration.origin("trials"));
        for trial in 0..trials {
            let mut settings = generator.settings.clone();
            let drawn = sample_trial(&schema, &vary, &streams, trial as u64).map_err(defect(declaration))?;
            for ((path, value), column) in drawn.into_iter().zip(&mut varied) {
                apply(&mut settings, &path, value.clone()).map_err(defect(declaration))?;
                column.values.push(value);
            }
            trainings.push(self.node(
                format!("train.{name}.trial_{trial:02}"),
                Stage::Train(Train { settings: Some(settings), trial: Some(trial), pause, ..Train::default() }),
                vec![dataset],
                places.clone(),
            ));
        }
        let lowest = declaration.word("choose") == Some("lowest");
        let choose = declaration.word("choose.metric").unwrap_or("validation.loss").to_owned();
        let mut last = trainings.clone();
        for (index, rung) in rungs.iter().enumerate().skip(1) {
            let stage = Stage::Rung(Rung { choose: choose.clone(), lowest, keep: rung.trials });
            let places = sources(declaration, &[("choose", "choose"), ("lowest", "choose"), ("keep", "trials")]);
            // Rungs are counted from 1.
            let survivors = self.node(format!("rung.{name}.rung_{index}"), stage, last, places);
            let pause = (index + 1 < rungs.len()).then_some(rung.epochs);
            let places = sources(declaration, &[("pause", "trials"), ("place", "trials")]);
            last = (0..rung.trials)
                .map(|place| {
                    self.node(
                        format!("train.{name}.rung_{}.place_{place:02}", index + 1),
                        Stage::Train(Train { pause, place: Some(place), ..Train::default() }),
                        vec![dataset, survivors],
                        places.clone(),
                    )
                })
                .collect();
            trainings.extend(&last);
        }
        let stage = Stage::Tune(Tune { choose, lowest, varied, rungs });
        let places = sources(
            declaration,
            &[("choose", "choose"), ("lowest", "choose"), ("varied", "trials"), ("rungs", "trials")],
        );
        Ok(self.node(format!("tune.{name}"), stage, trainings, places))
    }

    /// The node of a trained generator and the dataset that it was trained on.
    pub(super) fn generator(&mut self, name: &str, feed: Feed<'_>) -> Result<(usize, usize), Diagnostic> {
        let declaration = &self.experiment.generators[name];
        let rows = self.dataset(feed)?;
        let Feed { dataset, problem, blind, repeat } = feed;
        let suffix = feed.suffix();
        if declaration.word("kind") == Some("best") {
            let tune = &self.experiment.tunes[declaration.word("kind.tune").unwrap_or_default()];
            let tuned = self.tune(tune)?;
            if blind.is_none() && repeat == 0 && word(tune, "dataset") == dataset && word(tune, "problem") == problem {
                return Ok((tuned, rows));
            }
            let stage = Stage::Train(Train::default());
            let node = self.node(
                format!("train.{name}.{dataset}.{problem}{suffix}"),
                stage,
                vec![rows, tuned],
                BTreeMap::new(),
            );
            return Ok((node, rows));
        }
        let stage = Stage::Train(Train { settings: Some(declaration.settings.clone()), ..Train::default() });
        let places = declaration.origins.clone();
        let node = self.node(format!("train.{name}.{dataset}.{problem}{suffix}"), stage, vec![rows], places);
        Ok((node, rows))
    }

    /// The nodes of a generator that some tune or `generate` trains, and of its dataset.
    pub(super) fn trained_for(&mut self, generator: &str) -> Result<Option<(usize, usize)>, Diagnostic> {
        let experiment = self.experiment;
        let declaration = &experiment.generators[generator];
        if let Some(tune) = declaration.word("kind.tune").and_then(|tune| experiment.tunes.get(tune)) {
            return self.generator(generator, feed(tune)).map(Some);
        }
        let user = experiment.generates.values().find(|generate| generate.words("from").contains(&generator));
        user.map(|user| self.generator(generator, feed(user))).transpose()
    }
}

/// The rungs of a tune that halves its trials; none for another.
fn rungs(tune: &Declaration, generator: &Declaration) -> Result<Vec<halving::Rung>, Diagnostic> {
    if tune.word("trials") != Some("halving") {
        return Ok(Vec::new());
    }
    let (trials, eta) = (count(tune, "trials.count", 27), count(tune, "trials.eta", 3));
    let epochs = count(generator, "train.epochs", 1);
    let rungs = count(tune, "trials.rungs", most_rungs(trials, eta, epochs));
    bracket(trials, eta, rungs, epochs).map_err(defect(tune))
}

/// What a `tune` or a `generate` learns from.
fn feed(declaration: &Declaration) -> Feed<'_> {
    let (dataset, problem) = (word(declaration, "dataset"), word(declaration, "problem"));
    Feed { dataset, problem, blind: None, repeat: 0 }
}

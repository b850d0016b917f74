//! Proposals, their solves, and descents from them beside the baselines.

use std::collections::BTreeMap;

use super::super::key::Key;
use super::super::node::{Compare, Descend, Origin, Stage, Starts};
use super::super::resolve::{Declaration, Origin as Source};
use super::dataset::Feed;
use super::read::{baselines, blind_within, count, descent, number, numbers, sources, word};
use super::rounds::{Asked, InRounds};
use super::{Builder, HIT, Proposals};
use crate::diagnostic::Diagnostic;
use crate::optimise::LocalSettings;

impl Builder<'_> {
    /// Proposals of each generator, their fvals, and the descents from them beside the baselines.
    pub(super) fn generate(&mut self, declaration: &Declaration) -> Result<(), Diagnostic> {
        let (name, problem_name) = (&declaration.name, word(declaration, "problem"));
        let dataset = word(declaration, "dataset");
        let feed = Feed { dataset, problem: problem_name, blind: None, repeat: 0 };
        let problem = self.problem(problem_name);
        let conditions = numbers(declaration, "conditions");
        let replicates = count(declaration, "replicates", 100);
        let starts = count(declaration, "starts", replicates);
        let outside = match (declaration.origin("outside"), &self.experiment.problems[problem_name].outside) {
            (Source::Default, Some(of_problem)) => of_problem.clone(),
            _ => declaration.word("outside").unwrap_or("reflect").to_owned(),
        };
        let refine = descent(declaration, "refine")?;
        let refine_at = number(declaration, "refine_at").unwrap_or(0.0);
        let blind_too = blind_within(declaration);
        let places =
            sources(declaration, &[("conditions", "conditions"), ("replicates", "replicates"), ("outside", "outside")]);
        let held_out = match declaration.word("held_out") {
            Some(dataset) => Some(self.dataset(Feed { dataset, ..feed })?),
            None => None,
        };
        let mut made: Vec<Proposals> = Vec::new();
        let mut lines: Vec<(String, usize, Vec<Key>)> = Vec::new();
        let mut rounds: Vec<(String, usize, Vec<usize>)> = Vec::new();
        let training_work = |builder: &Self, rows: usize| {
            // What was appended has been paid for with the descents that it was appended to.
            let paid = match &builder.plan.nodes[rows].stage {
                Stage::Append(_) => rows,
                _ => builder.plan.nodes[rows].inputs[1],
            };
            vec![builder.plan.nodes[paid].key.clone()]
        };
        for generator in declaration.words("from").into_iter().map(str::to_owned).collect::<Vec<_>>() {
            let procedure = self.procedure(Some(declaration), &generator)?;
            for blind in std::iter::once(None).chain(blind_too.map(Some)) {
                // Blind proposals are descended from, and nothing else is asked of them.
                if blind.is_some() && refine.is_none() {
                    continue;
                }
                let asked = Asked {
                    owner: name,
                    feed: Feed { blind, ..feed },
                    conditions: conditions.clone(),
                    replicates,
                    outside: outside.clone(),
                    places: places.clone(),
                };
                let used = self.in_rounds(&generator, &asked, &procedure)?;
                let InRounds { first, rows, trained, classifier, .. } = used;
                let suffix = if blind.is_some() { ".blind" } else { "" };
                if blind.is_none() {
                    let of = (first, rows, trained, classifier);
                    let solved = self.round(&generator, &asked, &procedure, procedure.rounds, of).1;
                    let mut all = used.before.clone();
                    all.push(solved);
                    let mut by_condition = solved;
                    for (round, &solved) in all.iter().enumerate() {
                        let number = if all.len() > 1 { format!(".round_{}", round + 1) } else { String::new() };
                        let name = format!("conditions.{name}.{generator}{number}");
                        by_condition = self.node(name, Stage::Conditions, vec![solved, first], BTreeMap::new());
                    }
                    rounds.push((generator.clone(), first, all));
                    made.push(Proposals {
                        generator: generator.clone(),
                        held_out,
                        dataset: first,
                        learnt: rows,
                        classifier,
                        solved,
                        conditions: by_condition,
                        compare: None,
                    });
                }
                let Some(descent) = &refine else { continue };
                let mut places = sources(declaration, &[("conditions", "refine_at"), ("outside", "outside")]);
                places.insert("replicates".to_owned(), declaration.origin("starts"));
                let asked = Asked { conditions: vec![refine_at], replicates: starts, places, ..asked };
                let name_of = format!("generate.{name}.{generator}.starts{suffix}");
                let vectors = self.proposed(name_of, &asked, &procedure, (rows, trained, classifier));
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
                            let rows = self.dataset(Feed { blind, ..feed })?;
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
            for proposals in &mut made {
                proposals.compare = Some(compare);
            }
        }
        self.proposals.insert(name.clone(), made);
        if rounds.iter().any(|(_, _, solved)| solved.len() > 1) {
            let node = self.side_by_side(name, rounds);
            self.rounds.insert(name.clone(), node);
        }
        Ok(())
    }

    fn descents(
        &mut self,
        name: String,
        (starts, count, descent): (Starts, usize, LocalSettings),
        inputs: Vec<usize>,
        declaration: &Declaration,
    ) -> usize {
        let places = sources(declaration, &[("count", "starts"), ("descent", "refine"), ("starts", "baselines")]);
        self.node(
            name,
            Stage::Descend(Descend { starts, count, descent, keep_iterates: false, repeat: 0 }),
            inputs,
            places,
        )
    }
}

//! Successive halving: the survivors are the best of their rung, what goes on has the bits of a training that never
//! paused, and nothing depends on threads or on what was lost in between.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kexp::learn::{NoCheckpoints, Session, Settings, TrainingData};
use kexp::plan::node::{Plan, Stage};
use kexp::random::Streams;
use kexp::run::stages::{DatasetSummary, TrainingSummary, TuneChoice};
use kexp::table::Table;
use serde::Deserialize;

use crate::support::{Place, assert_near_snapshot, assert_same_tree, kexp, plan, without_keys};

const FILE: &str = "tests/run/halving.kexp";

#[derive(Deserialize)]
struct Lineage {
    trial: usize,
    streams: String,
}

fn run(place: &Place, jobs: &str) {
    let (store, out) = (place.store(), place.out());
    let (store, out) = (store.to_str().unwrap(), out.to_str().unwrap());
    kexp(&["run", FILE, "--quiet", "--store", store, "--out", out, "--jobs", jobs]).ok();
}

struct Found<'a> {
    place: &'a Place,
    plan: Plan,
}

impl Found<'_> {
    fn folder(&self, node: &str) -> PathBuf {
        let at = self.plan.find(node).unwrap_or_else(|| panic!("no node {node}"));
        self.place.store().join("artifacts").join(self.plan.nodes[at].key.to_string())
    }

    fn value<T: for<'a> Deserialize<'a>>(&self, node: &str, name: &str) -> T {
        ron::from_str(&std::fs::read_to_string(self.folder(node).join(format!("{name}.ron"))).unwrap()).unwrap()
    }

    fn table(&self, node: &str, name: &str) -> Table {
        Table::read_parquet(&self.folder(node).join(format!("{name}.parquet"))).unwrap()
    }

    fn loss(&self, node: &str) -> f64 {
        let summary: TrainingSummary = self.value(node, "summary");
        let metrics: BTreeMap<String, f64> = summary.metrics.into_iter().collect();
        metrics.get("validation.loss").copied().unwrap_or(f64::INFINITY)
    }

    /// The trials of a rung, in the order of its places.
    fn rung(&self, rung: usize, places: usize) -> Vec<(String, usize)> {
        let name = |place| format!("train.search.rung_{rung}.place_{place:02}");
        (0..places).map(|place| (name(place), self.value::<Lineage>(&name(place), "lineage").trial)).collect()
    }
}

#[test]
fn the_best_of_each_rung_go_on() {
    let (one, two) = (Place::new(), Place::new());
    run(&one, "1");
    run(&two, "2");
    assert_same_tree(&one.store().join("artifacts"), &two.store().join("artifacts"));
    assert_same_tree(&one.out(), &two.out());

    let found = Found { place: &one, plan: plan(Path::new(FILE), &[]) };
    let first: Vec<(String, usize)> = (0..9).map(|trial| (format!("train.search.trial_{trial:02}"), trial)).collect();
    let rungs = [first, found.rung(2, 3), found.rung(3, 1)];
    for (rung, next) in rungs.iter().zip(&rungs[1..]) {
        let mut losses: Vec<(f64, usize)> = rung.iter().map(|(node, trial)| (found.loss(node), *trial)).collect();
        losses.sort_by(|one, other| one.0.total_cmp(&other.0));
        let best: Vec<usize> = losses.iter().take(next.len()).map(|(_, trial)| *trial).collect();
        assert_eq!(next.iter().map(|(_, trial)| *trial).collect::<Vec<_>>(), best);
    }
    let epochs = |node: &str| found.value::<TrainingSummary>(node, "summary").epochs;
    assert!(rungs[0].iter().all(|(node, _)| epochs(node) <= 1) && rungs[1].iter().all(|(node, _)| epochs(node) == 4));
    assert_eq!(epochs(&rungs[2][0].0), 12);

    let choice: TuneChoice = found.value("tune.search", "choice");
    assert_eq!((choice.trial, choice.trials), (rungs[2][0].1, 9));
    assert!(choice.refused > 0, "no trial drew the batch that cannot be filled: the file needs another seed");
    let trials = found.table("tune.search", "trials");
    let reached = trials.integers("rung").unwrap();
    assert_eq!([1, 2, 3].map(|rung| reached.iter().filter(|&&reached| reached == rung).count()), [6, 2, 1]);
    for (rung, members) in rungs.iter().enumerate() {
        let values = trials.numbers(&format!("rung_{}", rung + 1)).unwrap();
        assert_eq!(
            values.iter().filter(|value| value.is_finite()).count() + usize::from(rung == 0) * choice.refused,
            members.len()
        );
        assert!(members.iter().all(|(node, trial)| found.loss(node) == values[*trial] || values[*trial].is_nan()));
    }

    // The chosen training is, bit for bit, one that was never paused.
    let last = &rungs[2][0].0;
    let lineage: Lineage = found.value(last, "lineage");
    let settings: Settings = found.value(last, "settings");
    let data = training_data(&found);
    let mut session = Session { checkpoints: &mut NoCheckpoints, stop: &|| false, progress: &mut |_, _, _| {} };
    let streams = Streams::new(found.plan.seed, &lineage.streams);
    let whole = kexp::learn::train(&settings, &data, &streams, &mut session).unwrap();
    assert_eq!(whole.to_bytes(), std::fs::read(found.folder("tune.search").join("generator.safetensors")).unwrap());

    let drawn = std::fs::read_to_string(one.out().join("figures/rungs.svg")).unwrap();
    for words in ["after 1 epochs", "after 12 epochs", "rung 3: 1 trial"] {
        assert!(drawn.contains(words), "{words} is not in the figure");
    }
    let mut told = String::new();
    let first = format!("train.search.trial_{:02}", choice.trial);
    for node in ["tune.search", &first, "train.search.rung_2.place_01"] {
        let said = one.kexp(&["explain", FILE, node]).ok();
        assert!(said.out.contains("  took     "), "{}", said.out);
        assert!(node != "tune.search" || said.out.contains("training rows a second"), "{}", said.out);
        told.push_str(&format!("{}\n\n", without_keys(&said.out)));
    }
    assert_near_snapshot("halving_explained", &told);

    // What was lost is computed again, from the rung before it alone.
    let before = Place::new();
    crate::support::copy(&one.store(), &before.store());
    let lost = Found { place: &before, plan: plan(Path::new(FILE), &[]) };
    for node in ["tune.search", "train.search.rung_3.place_00", "rung.search.rung_1"] {
        std::fs::remove_dir_all(lost.folder(node)).unwrap();
    }
    run(&before, "2");
    assert_same_tree(&one.store().join("artifacts"), &before.store().join("artifacts"));
}

fn training_data(found: &Found) -> TrainingData {
    let node = "dataset.rows_a.stat5_fit";
    let summary: DatasetSummary = found.value(node, "summary");
    let rows = found.table(node, "rows");
    let splits = rows.texts("split").unwrap();
    let usable: Vec<usize> = (0..rows.rows()).filter(|&row| splits[row] != "failed").collect();
    let rows = rows.select(&usable);
    let columns: Vec<Vec<f64>> =
        summary.names.iter().map(|name| rows.numbers(&format!("parameter.{name}")).unwrap().to_vec()).collect();
    TrainingData {
        rows: (0..rows.rows()).map(|row| columns.iter().map(|column| column[row]).collect()).collect(),
        conditions: rows.numbers("condition").unwrap().to_vec(),
        validation: rows.texts("split").unwrap().iter().map(|split| split == "validation").collect(),
        names: summary.names,
        lower: summary.lower,
        upper: summary.upper,
    }
}

#[test]
fn keys_are_those_of_what_is_planned() {
    let keys = |set: &[&str]| -> BTreeMap<String, String> {
        let plan = plan(Path::new(FILE), set);
        plan.nodes.iter().map(|node| (node.name.clone(), node.key.to_string())).collect()
    };
    let before = keys(&[]);
    // One more trial leaves those that are there as they are; what reads their rung is other work.
    let more = keys(&["search.trials=halving(10)"]);
    for (name, key) in before.iter().filter(|(name, _)| name.contains(".trial_")) {
        assert_eq!(more.get(name), Some(key), "{name}");
    }
    assert_ne!(before["rung.search.rung_1"], more["rung.search.rung_1"]);
    assert_ne!(before["train.search.rung_2.place_00"], more["train.search.rung_2.place_00"]);
    // A single rung is a random search, up to the choice.
    let (single, random) = (keys(&["search.trials=halving(9, rungs = 1)"]), keys(&["search.trials=random(9)"]));
    let trials = |keys: &BTreeMap<String, String>| -> Vec<(String, String)> {
        keys.iter().filter(|(name, _)| name.contains(".trial_")).map(|(n, k)| (n.clone(), k.clone())).collect()
    };
    assert_eq!(trials(&single), trials(&random));
    assert!(!single.keys().any(|name| name.starts_with("rung.")));
}

/// Settings that were searched for on the same problem are paid for, with whatever the search learnt from.
#[test]
fn a_search_by_rungs_is_charged_as_any_other() {
    let place = Place::new();
    let file = place.path("charged.kexp");
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/models/stat5.kexp");
    let text = std::fs::read_to_string(FILE).unwrap();
    let text = text.replace("../../experiments/models/stat5.kexp", models.to_str().unwrap())
        + "dataset rows_b { start = latin_hypercube(6), descend = gradient(iterations = 30) }\n\
           benchmark b { problems = [stat5_fit], training = rows_b, methods = [tuned, net], budget = evaluations(9), repeats = 1 }\n";
    std::fs::write(&file, text).unwrap();
    let plan = plan(&file, &[]);
    let charged = |method: &str| {
        let node = &plan.nodes[plan.find(&format!("trial.b.stat5_fit.{method}.repeat_00")).unwrap()];
        let Stage::Trial(trial) = &node.stage else { panic!("no trial") };
        trial.charged.clone()
    };
    let searched = &plan.nodes[plan.find("descend.rows_a.stat5_fit").unwrap()].key;
    assert_eq!(charged("tuned"), std::slice::from_ref(searched));
    assert!(charged("net").is_empty());
}

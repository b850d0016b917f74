//! A kind of generator from outside of the library, through its public interface alone: registered, checked, planned,
//! trained, kept and sampled like those that are built in.

use std::sync::Once;

use kexp::graph::{Graph, GraphNode};
use kexp::learn::archive::{Archive, Array};
use kexp::learn::data::Space;
use kexp::learn::kinds::{Kind, kind_field};
use kexp::learn::{Engine, Generator, register};
use kexp::plan::node::Stage;
use kexp::run::store::Store;
use kexp::schema::{Field, Schema, Type, typed};
use kexp::table::Table;
use serde::{Deserialize, Serialize};

use super::*;

/// The training rows whose condition is nearest, with noise.
#[derive(Debug, Clone)]
struct Nearest {
    settings: NearestSettings,
    space: Space,
    /// Conditions in rising order, with their rows.
    rows: Vec<(f64, Vec<f64>)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct NearestSettings {
    kind: String,
    /// How many rows are drawn from.
    neighbours: usize,
    /// Standard deviation of the noise, on the estimation scale.
    noise: f64,
}

const KIND: Kind = Kind {
    name: "nearest",
    doc: "A training row of about the condition, with noise.",
    schema: || Schema {
        kind: "generator nearest",
        doc: "A training row of about the condition, with noise.",
        fields: vec![
            kind_field(),
            Field::new("neighbours", Type::Integer { least: 1, most: 1000 }, Value::Integer(10), "Rows to draw from."),
            Field::new(
                "noise",
                Type::Number { least: 0.0, most: 10.0 },
                Value::Number(0.01),
                "Deviation of the noise.",
            ),
        ],
    },
    latent: false,
    check: |settings| read(settings).map(|_| ()),
};

const ENGINE: Engine = Engine { train: train_nearest, load };

fn read(settings: &Settings) -> Result<NearestSettings, LearnError> {
    typed(settings).map_err(|error| LearnError::Settings(error.to_string()))
}

fn train_nearest(
    settings: &Settings,
    data: &TrainingData,
    _streams: &Streams,
    session: &mut Session,
) -> Result<Trained, LearnError> {
    let settings = read(settings)?;
    data.scaled()?;
    let space = Space { names: data.names.clone(), lower: data.lower.clone(), upper: data.upper.clone() };
    let all = data.conditions.iter().copied().zip(data.rows.clone()).zip(&data.validation);
    let mut rows: Vec<(f64, Vec<f64>)> = all.filter(|(_, held_out)| !**held_out).map(|(row, _)| row).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    (session.progress)(1, 1, 0.0);
    let zeros = || vec![0.0; 2];
    let history = Table::new().integer("epoch", vec![1, 1]).text("split", vec!["training".into(), "validation".into()]);
    let measures = ["loss", "rmse", "pearson", "spearman"];
    let history = measures.iter().fold(history, |table, name| table.number(name, zeros()));
    Ok(Trained {
        kind: KIND.name,
        history: history.integer("best", vec![1, 1]),
        best_epoch: 1,
        validation_loss: 0.0,
        warnings: Vec::new(),
        generator: Box::new(Nearest { settings, space, rows }),
    })
}

fn load(archive: &Archive) -> Result<Box<dyn Generator>, LearnError> {
    let space = Space::read(archive)?;
    let count: usize = archive.describe("count")?;
    let conditions = archive.double("conditions", &[count])?;
    let values = archive.double("rows", &[count, space.names.len()])?;
    let rows = values.chunks_exact(space.names.len()).map(<[f64]>::to_vec);
    let rows = conditions.iter().copied().zip(rows).collect();
    Ok(Box::new(Nearest { settings: archive.describe("settings")?, space, rows }))
}

impl Generator for Nearest {
    fn sample(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Vec<f64>>, LearnError> {
        let after = self.rows.partition_point(|(at, _)| *at < condition);
        let first = after.saturating_sub(self.settings.neighbours / 2);
        let near = &self.rows[first.min(self.rows.len() - 1)..];
        let near = &near[..near.len().min(self.settings.neighbours)];
        let draw = |index: usize| {
            let mut stream = streams.stream(index as u64);
            let (_, row) = &near[stream.random_range(0..near.len())];
            let noise = |value: &f64| {
                let normal: f64 = StandardNormal.sample(&mut stream);
                value + self.settings.noise * normal
            };
            row.iter().map(noise).collect()
        };
        Ok((0..count).map(draw).collect())
    }

    fn embed(&self, _rows: &[Vec<f64>], _conditions: &[f64]) -> Result<Vec<Vec<f64>>, LearnError> {
        Err(LearnError::NoLatentSpace(KIND.name.into()))
    }

    fn graph(&self) -> Graph {
        let node = |label: &str| GraphNode { label: label.into(), detail: String::new(), group: "decoder".into() };
        Graph { nodes: vec![node("fval"), node("nearest rows")], edges: vec![(0, 1)] }
    }

    fn parameters(&self) -> usize {
        0
    }

    fn write(&self, archive: &mut Archive) {
        archive.description["settings"] = serde_json::to_value(&self.settings).expect("plain data");
        archive.description["count"] = self.rows.len().into();
        self.space.write(archive);
        let conditions = self.rows.iter().map(|(condition, _)| *condition).collect();
        archive.arrays.insert("conditions".into(), Array::Double(vec![self.rows.len()], conditions));
        let values = self.rows.iter().flat_map(|(_, row)| row.clone()).collect();
        archive.arrays.insert("rows".into(), Array::Double(vec![self.rows.len(), self.space.names.len()], values));
    }
}

/// Once for all tests of this process.
fn registered() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| register(KIND, ENGINE).expect("a new name"));
}

#[test]
fn names_are_taken_once() {
    registered();
    for name in ["nearest", "cvae"] {
        let taken = register(Kind { name, ..KIND }, ENGINE).expect_err("taken").to_string();
        assert!(taken.contains(&format!("a generator of kind `{name}` already")), "{taken}");
    }
    assert!(kexp::learn::kinds().iter().any(|kind| kind.name == "nearest"));
    assert!(kexp::plan::schema::reference().contains("A training row of about the condition, with noise."));
}

#[test]
fn it_trains_samples_and_keeps_like_those_that_are_built_in() {
    registered();
    let mixture = Mixture::new(2, 2000);
    let trained = train(&settings_of("nearest", &[]), &mixture.data, 1).expect("trained");
    let found = errors(&trained, &mixture, 0.6);
    assert!(found[2] < 0.1, "{found:?}");
    let loaded = Trained::from_bytes(&trained.to_bytes()).expect("loaded");
    same(&trained, &loaded);
}

const FILE: &str = r#"
experiment "A kind from outside" { seed = 3 }
import stat5, stat5_fit from "STAT5"
dataset descents { start = latin_hypercube(6), descend = gradient(iterations = 10) }
generator g { kind = nearest, neighbours = 5 }
generate made { problem = stat5_fit, dataset = descents, from = [g], conditions = [0, 1], replicates = 4 }
table fvals { from = made }
"#;

#[test]
fn a_whole_experiment_runs_with_it() {
    registered();
    let folder = tempfile::tempdir().expect("a folder");
    let stat5 = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/models/stat5.kexp");
    let wrong = super::recovery::planned(folder.path(), &FILE.replace("STAT5", stat5).replace("= 5", "= 0"));
    assert!(wrong.expect_err("refused").contains("neighbours"));
    let plan = super::recovery::planned(folder.path(), &FILE.replace("STAT5", stat5)).expect("a plan");
    let store = Store::open(&folder.path().join("store")).expect("a store");
    super::recovery::executed(&plan, &store);
    let at = plan.nodes.iter().position(|node| matches!(node.stage, Stage::Generate(_))).expect("vectors");
    assert_eq!(store.artifact(&plan.nodes[at].key).table("vectors").expect("a table").rows(), 8);
}

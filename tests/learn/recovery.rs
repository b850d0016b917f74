//! Synthetic truth recovery: measurements simulated from known parameters, descents on them, a generator that learns from
//! the descents, and the truth within the spread of what it proposes at the condition 0.

use std::path::Path;

use kexp::plan::expand::expand;
use kexp::plan::node::{Plan, Stage};
use kexp::plan::resolve::{Options, load};
use kexp::run::context::Stop;
use kexp::run::executor::{self, execute};
use kexp::run::progress::Show;
use kexp::run::store::Store;

/// The plan of an experiment, or what is wrong with it.
pub(super) fn planned(folder: &Path, text: &str) -> Result<Plan, String> {
    let file = folder.join("test.kexp");
    std::fs::write(&file, text).expect("written");
    let loaded = load(&file, &Options::default());
    let shown = kexp::diagnostic::render(&loaded.sources, &loaded.diagnostics, false);
    match loaded.experiment {
        Some(experiment) => Ok(expand(&experiment).expect("a plan").plan),
        None => Err(shown),
    }
}

/// Computes every node of a plan.
pub(super) fn executed(plan: &Plan, store: &Store) {
    let all: Vec<usize> = (0..plan.nodes.len()).collect();
    let options = executor::Options { jobs: 2, show: Show::Quiet };
    execute(plan, store, &all, options, &Stop::default()).expect("computed");
}

/// A reversible conversion with a decay: all three constants can be told from both species, and the truth is not in the
/// middle of the bounds.
const TRUTH: [(&str, f64); 3] = [("forth", 0.7), ("back", 0.2), ("decay", 0.05)];

fn experiment(generators: &str, names: &str) -> String {
    format!(
        r#"
experiment "Recovery" {{ seed = 11 }}
model conversion {{
  compartment c = 1
  parameter forth = 0.7
  parameter back = 0.2
  parameter decay = 0.05
  species A in c = 10
  species B in c = 1
  reaction forwards: A -> B; c * forth * A
  reaction backwards: B -> A; c * back * B
  reaction away: B -> 0; c * decay * B
}}
problem truth {{
  model        = conversion
  measurements = synthetic(observe = species, times = auto(15, end = 20), noise = normal(0.3))
  estimate forth, back, decay in 1e-3 .. 1e2 log10
}}
dataset descents {{ start = latin_hypercube(30), descend = gradient(stop = converged) }}
{generators}
generate proposals {{
  problem = truth
  dataset = descents
  from = [{names}]
  conditions = [0]
  replicates = 400
}}
table fvals {{ from = proposals }}
"#
    )
}

#[test]
fn the_truth_lies_within_what_is_proposed() {
    let generators = "
generator autoencoder {
  kind = cvae
  encoder = mlp(width = 48)
  decoder = mlp(width = 48)
  train = adam(lr = 2e-3, epochs = 60, batch = 32)
}
generator flow { kind = flow_matching, width = 48, blocks = 2, train = adam(lr = 2e-3, epochs = 60, batch = 32) }
generator spline { kind = spline_flow, width = 32, blocks = 1, train = adam(lr = 2e-3, epochs = 30, batch = 32) }
";
    let folder = tempfile::tempdir().expect("a folder");
    let plan =
        planned(folder.path(), &experiment(generators, "autoencoder, flow, spline")).unwrap_or_else(|e| panic!("{e}"));
    let store = Store::open(&folder.path().join("store")).expect("a store");
    executed(&plan, &store);
    let mut seen = 0;
    for node in plan.nodes.iter().filter(|node| matches!(node.stage, Stage::Generate(_))) {
        let vectors = store.artifact(&node.key).table("vectors").expect("vectors");
        for (name, truth) in TRUTH {
            let mut values = vectors.numbers(&format!("parameter.{name}")).expect("a column").to_vec();
            values.sort_by(f64::total_cmp);
            let (low, high) = (values[values.len() / 40], values[values.len() - 1 - values.len() / 40]);
            let truth = truth.log10();
            assert!(low <= truth && truth <= high, "{}: {name} = {truth} is not in {low} .. {high}", node.name);
            // A spread as wide as the bounds, five decades, would hold any truth.
            assert!(high - low < 2.5, "{}: {name} is anything in {low} .. {high}", node.name);
        }
        seen += 1;
    }
    assert_eq!(seen, 3);
}

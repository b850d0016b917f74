//! What each stage makes of the small experiment, in short: a stage whose output changes must have a new version, or
//! old artifacts would pass for new ones.

use std::fs;
use std::path::Path;

use kexp::plan::node::{Plan, Stage, Starts};
use kexp::table::{Column, Table, rounded};

use crate::support::{SMALL, assert_near_snapshot, entries, plan, reference, significant, with_digits};

/// Lowest, mean and highest of each column, with three digits. The coordinates of the map are left out: they depend on
/// the last bits of the latents. So do, `by_bits`, the vectors at which descents from proposals end, along directions that
/// the measurements do not identify: another processor trains to other last bits.
fn digest(table: &Table, by_bits: bool) -> String {
    let mut lines = String::new();
    for name in table.names() {
        let hidden = matches!(name, "u1" | "u2") || (by_bits && name.starts_with("parameter."));
        let shown = match table.column(name).unwrap() {
            Column::Number(values) if hidden && values.iter().all(|value| value.is_finite()) => "finite".to_owned(),
            Column::Number(values) => {
                let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
                numbers(&finite) + &others(values.len() - finite.len())
            }
            Column::Integer(values) => numbers(&values.iter().map(|value| *value as f64).collect::<Vec<_>>()),
            Column::Text(values) => {
                let mut words = values.clone();
                words.sort();
                words.dedup();
                words.join(" | ")
            }
        };
        lines.push_str(&format!("    {name}: {shown}\n"));
    }
    lines
}

fn numbers(values: &[f64]) -> String {
    if values.is_empty() {
        return "none".to_owned();
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    // A mean near 0 is what remains of rounding.
    let mean = if mean.abs() < 1e-3 * (high - low) { 0.0 } else { mean };
    format!("{} .. {}, mean {}", significant(low, 3), significant(high, 3), significant(mean, 3))
}

fn others(count: usize) -> String {
    if count == 0 { String::new() } else { format!(", {count} not finite") }
}

fn node(plan: &Plan, at: usize, store: &Path) -> String {
    let node = &plan.nodes[at];
    let (stage, version) = node.stage.word();
    let by_bits = matches!(&node.stage, Stage::Descend(descend) if descend.starts == Starts::Proposals);
    let folder = store.join("artifacts").join(node.key.to_string());
    let mut text = format!("{}: {stage}, version {version}\n", node.name);
    for file in entries(&folder) {
        let path = folder.join(&file);
        text.push_str(&format!("  {file}\n"));
        if file.ends_with(".parquet") {
            let table = Table::read_parquet(&path).unwrap();
            text.push_str(&format!("    {} rows\n{}", table.rows(), digest(&table, by_bits)));
        } else if file.ends_with(".ron") && file != "manifest.ron" && file != "problem.ron" {
            let value = fs::read_to_string(&path).unwrap();
            let words = value.split_whitespace().collect::<Vec<_>>().join(" ");
            text.push_str(&format!("    {}\n", with_digits(&words, 3)));
        } else if file != "manifest.ron" {
            let length = fs::metadata(&path).unwrap().len();
            text.push_str(&format!("    {} kB\n", rounded(length as f64 / 1e3, 2)));
        }
    }
    text
}

#[test]
fn a_stage_whose_output_changes_has_a_new_version() {
    let plan = plan(Path::new(SMALL), &[]);
    let store = reference().join("store");
    let text: Vec<String> = (0..plan.nodes.len()).map(|at| node(&plan, at, &store)).collect();
    println!(
        "If this snapshot differs in what a stage makes, and not in the experiment's settings, then give that stage \
         another version in `Stage::word` (src/plan/node.rs) before the new snapshot is accepted: artifacts that were \
         stored before the change must not be taken for new ones."
    );
    assert_near_snapshot("golden", &text.join("\n"));
}

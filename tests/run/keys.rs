//! Keys are over meaning: text, order, and names of files and declarations do not count, and a changed field makes the
//! nodes that depend on it miss, and no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kexp::plan::node::Plan;
use proptest::prelude::*;

use crate::support::{Place, SMALL, assert_snapshot, kexp, plan, reference, without_keys};

/// Writes a variant of the small experiment beside copies of the model and its data; returns its path.
fn variant(place: &Place, name: &str, text: &str) -> PathBuf {
    for part in ["experiments/models/stat5.kexp", "experiments/data/stat5.csv"] {
        let target = place.path(part);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(part, target).unwrap();
    }
    let path = place.path(&format!("tests/run/{name}"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn small() -> String {
    fs::read_to_string(SMALL).unwrap()
}

fn keys(plan: &Plan) -> BTreeSet<String> {
    plan.nodes.iter().map(|node| node.key.to_string()).collect()
}

fn assert_same_keys(found: &Plan) {
    let expected = plan(Path::new(SMALL), &[]);
    let known = keys(&expected);
    let differing: Vec<&str> = found
        .nodes
        .iter()
        .filter(|node| !known.contains(&node.key.to_string()))
        .map(|node| node.name.as_str())
        .collect();
    assert!(differing.is_empty(), "these nodes have other keys: {differing:#?}");
    assert_eq!(found.nodes.len(), expected.nodes.len());
}

/// The declarations of a file: the text is cut at empty lines.
fn blocks(text: &str) -> Vec<String> {
    text.split("\n\n").map(str::to_owned).collect()
}

fn renamed(text: &str, from: &str, to: &str) -> String {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut made = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let before = rest[..at].chars().next_back().is_some_and(is_word);
        let after = rest[at + from.len()..].chars().next().is_some_and(is_word);
        made.push_str(&rest[..at]);
        made.push_str(if before || after { from } else { to });
        rest = &rest[at + from.len()..];
    }
    made + rest
}

#[test]
fn names_of_declarations_and_files_are_no_part_of_keys() {
    let place = Place::new();
    for (from, to) in [
        ("rows_a", "training_rows"),
        ("net", "a_network"),
        ("search", "zzz"),
        ("tuned", "best_one"),
        ("made", "proposed"),
        ("ends", "figure_9"),
        ("by_condition", "table_1"),
    ] {
        let text = renamed(&small(), from, to);
        assert_ne!(text, small(), "{from} is not in the file");
        assert_same_keys(&plan(&variant(&place, "other_name.kexp", &text), &[]));
    }
    // The problem and its model, in the file that is imported too.
    let path = variant(&place, "renamed.kexp", &renamed(&small(), "stat5_fit", "the_fit"));
    let models = place.path("experiments/models/stat5.kexp");
    let text = fs::read_to_string(&models).unwrap();
    fs::write(
        &models,
        renamed(&renamed(&text, "stat5_fit", "the_fit"), "model stat5", "model the_model")
            .replace("model        = stat5", "model        = the_model"),
    )
    .unwrap();
    assert_same_keys(&plan(&path, &[]));
}

#[test]
fn a_renamed_experiment_is_run_without_computing_anything() {
    let place = Place::after_a_run();
    let mut text = small();
    for (from, to) in [("rows_a", "a_rows"), ("tuned", "best_one"), ("made", "proposed"), ("search", "trying")] {
        text = renamed(&text, from, to);
    }
    let path = variant(&place, "renamed.kexp", &text);
    let out = place.path("renamed");
    let (path, out) = (path.to_str().unwrap(), out.to_str().unwrap());
    let said = place.kexp(&["run", path, "--out", out, "--quiet"]).ok();
    assert!(said.out.starts_with("0 nodes computed"), "{}", said.out);
    // The tables show the new names all the same.
    let table = fs::read_to_string(Path::new(out).join("tables/ends.md")).unwrap();
    assert!(table.contains("best_one") && !table.contains("tuned"), "{table}");
    let expected = fs::read_to_string(reference().join("out/tables/ends.md")).unwrap();
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace('-', "");
    assert_eq!(squeezed(&table), squeezed(&expected.replace("tuned", "best_one")));
}

#[test]
fn comments_and_formatting_are_no_part_of_keys() {
    let place = Place::new();
    let text = small().replace("   = ", "=").replace("  = ", " =    ").replace("{\n", "{ // said\n\n");
    let path = variant(&place, "mangled.kexp", &text);
    assert_same_keys(&plan(&path, &[]));
    kexp(&["fmt", path.to_str().unwrap()]).ok();
    assert_ne!(fs::read_to_string(&path).unwrap(), text);
    assert_same_keys(&plan(&path, &[]));
    assert_same_keys(&plan(&variant(&place, "windows.kexp", &small().replace('\n', "\r\n")), &[]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn order_and_spacing_are_no_part_of_keys(
        order in Just(blocks(&small())).prop_shuffle(),
        between in prop::collection::vec(prop::sample::select(vec!["\n\n", "\n", "\n\n\n// a word\n", "\n  \n\t\n"]), 20),
        spaces in 1..5_usize,
    ) {
        let mut text = String::new();
        for (block, between) in order.iter().zip(&between) {
            text.push_str(&block.replace(" = ", &format!("{:spaces$}={:spaces$}", "", "")));
            text.push_str(between);
        }
        let place = Place::new();
        assert_same_keys(&plan(&variant(&place, "shuffled.kexp", &text), &[]));
    }
}

#[test]
fn a_changed_field_misses_exactly_where_it_counts() {
    let before = plan(Path::new(SMALL), &[]);
    let known = keys(&before);
    let mut told = String::new();
    for set in [
        "rows_a.start=latin_hypercube(9)",
        "rows_a.validate=0.5",
        "rows_a.condition=minmax",
        "net.train.epochs=13",
        "net.latent=3",
        "search.trials=random(5)",
        "search.choose=highest(validation.pearson)",
        "made.conditions=[-0.25, 0, 0.75, 1]",
        "made.replicates=7",
        "made.refine=gradient(iterations = 21)",
        "made.baselines=[latin_hypercube]",
        "stat5_fit.solver.rtol=1e-9",
        "map.bins=0.5",
        "apart.quantile=0.5",
        "seed=8",
    ] {
        let after = plan(Path::new(SMALL), &[set]);
        let names = |hit: bool| {
            let names: Vec<&str> = after
                .nodes
                .iter()
                .filter(|node| known.contains(&node.key.to_string()) == hit)
                .map(|node| node.name.as_str())
                .collect();
            if names.is_empty() { "none".to_owned() } else { names.join(" ") }
        };
        told.push_str(&format!("{set}\n  miss {}\n  hit  {}\n", names(false), names(true)));
    }
    assert_snapshot("changed_fields", &told);
}

#[test]
fn the_plan_says_which_field_changed_and_where() {
    let place = Place::after_a_run();
    let hit = place.kexp(&["plan", SMALL]).ok();
    assert!(hit.out.trim_end().ends_with("0 to compute, about 0 s of one core"), "{}", hit.out);

    let mut told = String::new();
    for set in ["rows_a.start=latin_hypercube(9)", "net.train.epochs=13", "seed=8"] {
        let said = place.kexp(&["plan", SMALL, "--set", set]).ok();
        told.push_str(&format!("--set {set}\n{}\n", without_keys(&said.out)));
    }

    // An edited file, whose last plan is that of the same path.
    let path = variant(&place, "edited.kexp", &small());
    let run = |path: &Path| {
        let out = place.path("edited");
        place.kexp(&["run", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]).ok()
    };
    assert!(run(&path).out.starts_with("0 nodes computed"));
    fs::write(&path, small().replace("validate  = 0.25", "validate  = 0.5")).unwrap();
    let models = place.path("experiments/models/stat5.kexp");
    let said = place.kexp(&["plan", path.to_str().unwrap()]).ok();
    told.push_str(&format!("validate = 0.5 in the file\n{}\n", without_keys(&place.hide(&said.out))));
    fs::write(&path, small()).unwrap();
    let text = fs::read_to_string(&models).unwrap();
    fs::write(&models, text.replace("parameter specC17 = 0.107", "parameter specC17 = 0.108")).unwrap();
    let said = place.kexp(&["plan", path.to_str().unwrap()]).ok();
    told.push_str(&format!("specC17 = 0.108 in the model\n{}", without_keys(&place.hide(&said.out))));
    assert_snapshot("reasons", &told);
}

#[test]
fn the_width_of_the_best_basin_counts() {
    let of = |set: &[&str]| {
        let made = plan(Path::new(SMALL), set);
        let key = |name: &str| made.nodes.iter().find(|node| node.name == name).unwrap().key.to_string();
        [key("dataset.rows_a.stat5_fit"), key("dataset.rows_a.stat5_fit.blind")]
    };
    let (plain, same) = (of(&[]), of(&["made.blind=best_basin(within = 0.05)"]));
    assert_eq!(plain, same);
    let wide = of(&["made.blind=best_basin(within = 5)"]);
    assert_eq!(plain[0], wide[0]);
    assert_ne!(plain[1], wide[1]);
}

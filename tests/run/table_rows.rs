//! Datasets from tables: kexp's own rows and those of others, with and without fvals.

use std::fs;
use std::path::{Path, PathBuf};

use kexp::table::Table;

use crate::support::{Place, artifact, plan, reference};

/// An experiment that learns from `table`, in a folder of its own.
fn experiment(place: &Place, name: &str, table: &str) -> PathBuf {
    let text = format!(
        "experiment \"Rows\" {{\n  seed = 7\n}}\nimport stat5_fit from \"{root}/experiments/models/stat5.kexp\"\n\
         dataset earlier = {table} {{\n  validate = 0.25\n}}\n\
         generator net {{\n  kind = cvae\n  latent = 2\n  train = adam(epochs = 4, batch = 16)\n}}\n\
         generate made {{\n  problem = stat5_fit\n  dataset = earlier\n  from = [net]\n  conditions = [0]\n  \
         replicates = 2\n  refine = none\n}}\n\
         table shown {{\n  from = made\n  caption = \"Rows.\"\n}}\n",
        root = env!("CARGO_MANIFEST_DIR"),
    );
    let path = place.path(name);
    fs::write(&path, text).unwrap();
    path
}

/// Runs an experiment and returns what it said, with the rows that its dataset holds.
fn rows(place: &Place, path: &Path) -> (String, Table) {
    let out = place.path("out");
    let said = place.kexp(&["run", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]).ok();
    let made = plan(path, &[]);
    let node = made.nodes.iter().find(|node| node.name == "dataset.earlier.stat5_fit").unwrap();
    let folder = place.store().join("artifacts").join(node.key.to_string());
    (said.err, Table::read_parquet(&folder.join("rows.parquet")).unwrap())
}

fn sorted(table: &Table) -> Vec<f64> {
    let mut fvals = table.numbers("fval").unwrap().to_vec();
    fvals.sort_by(f64::total_cmp);
    fvals
}

#[test]
fn rows_of_an_earlier_run_are_learnt_from_as_they_were() {
    let place = Place::new();
    let original = artifact(&reference().join("store"), "dataset.rows_a.stat5_fit").join("rows.parquet");
    fs::copy(&original, place.path("rows.parquet")).unwrap();
    let (told, found) = rows(&place, &experiment(&place, "parquet.kexp", "parquet(\"rows.parquet\")"));
    assert!(!told.contains("another fval"), "{told}");
    let original = Table::read_parquet(&original).unwrap();
    assert_eq!(sorted(&found), sorted(&original));

    // The same as text on the linear scale, without fvals: they are evaluated, one descent a row.
    let names: Vec<String> =
        original.names().filter_map(|name| name.strip_prefix("parameter.")).map(str::to_owned).collect();
    let mut text = names.join(",") + "\n";
    for row in 0..original.rows() {
        let cell = |name: &String| original.numbers(&format!("parameter.{name}")).unwrap()[row];
        text += &(names.iter().map(|name| 10_f64.powf(cell(name)).to_string()).collect::<Vec<_>>().join(",") + "\n");
    }
    fs::write(place.path("rows.csv"), &text).unwrap();
    let path = experiment(&place, "csv.kexp", "csv(\"rows.csv\")");
    let (_, evaluated) = rows(&place, &path);
    for (one, other) in sorted(&evaluated).iter().zip(sorted(&original)) {
        assert!((one - other).abs() <= 1e-4 * other.abs() || *one == other, "{one} against {other}");
    }

    // Another name of the file changes nothing; another number in it does.
    let key =
        |path: &Path| plan(path, &[]).nodes.iter().find(|node| node.name.starts_with("rows.")).unwrap().key.clone();
    let before = key(&path);
    fs::rename(place.path("rows.csv"), place.path("renamed.csv")).unwrap();
    assert_eq!(key(&experiment(&place, "csv.kexp", "csv(\"renamed.csv\")")), before);
    fs::write(place.path("renamed.csv"), text.replacen('1', "2", 1)).unwrap();
    assert_ne!(key(&path), before);
}

#[test]
fn fvals_of_another_problem_are_told() {
    let place = Place::new();
    let original = artifact(&reference().join("store"), "dataset.rows_a.stat5_fit").join("rows.parquet");
    let original = Table::read_parquet(&original).unwrap();
    let mut shifted = Table::new();
    for name in original.names() {
        shifted = match name {
            "fval" => shifted.number(name, original.numbers(name).unwrap().iter().map(|fval| fval + 100.0).collect()),
            _ => shifted.with(name, original.column(name).unwrap().clone()),
        };
    }
    shifted.write_parquet(&place.path("rows.parquet")).unwrap();
    let (told, _) = rows(&place, &experiment(&place, "shifted.kexp", "parquet(\"rows.parquet\")"));
    assert!(told.contains("rows looked at have another fval"), "{told}");
}

//! `kexp export`: what other programs get is what the artifacts hold, on the linear scale.

use std::path::Path;

use kexp::model::problem::{Problem, Scale};
use kexp::plan::node::Plan;
use kexp::table::Table;

use crate::support::{Place, SMALL, Said, kexp, plan};

const FILE: &str = "tests/run/benchmark.kexp";
const TRIAL: &str = "trial.methods.stat5_fit.latin_hypercube.repeat_00";

/// Lines of a CSV file: its header, and its rows as numbers.
struct Csv {
    header: Vec<String>,
    rows: Vec<Vec<f64>>,
}

impl Csv {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines = text.lines().map(|line| line.split(','));
        let header = lines.next().unwrap().map(str::to_owned).collect();
        Self { header, rows: lines.map(|line| line.map(|cell| cell.parse().unwrap()).collect()).collect() }
    }

    fn column(&self, name: &str) -> Vec<f64> {
        let at = self.header.iter().position(|known| known == name).unwrap_or_else(|| panic!("no {name}"));
        self.rows.iter().map(|row| row[at]).collect()
    }
}

fn table(place: &Place, plan: &Plan, node: &str, name: &str) -> Table {
    let key = plan.nodes[plan.find(node).unwrap()].key.to_string();
    Table::read_parquet(&place.store().join("artifacts").join(key).join(format!("{name}.parquet"))).unwrap()
}

fn problem(place: &Place, plan: &Plan) -> Problem {
    let key = plan.nodes[plan.find("problem.stat5_fit").unwrap()].key.to_string();
    let path = place.store().join("artifacts").join(key).join("problem.ron");
    ron::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn export(place: &Place, file: &str, node: &str) -> Said {
    let out = place.path("handed");
    place.kexp(&["export", file, node, "--out", out.to_str().unwrap()])
}

/// The exported vectors are those of the table, on the linear scale; at least one parameter was on another one.
fn assert_vectors(problem: &Problem, exported: &Csv, kept: &Table, leading: usize) {
    let names: Vec<&str> = kept.names().filter_map(|name| name.strip_prefix("parameter.")).collect();
    assert_eq!(exported.header[leading..], names, "{:?}", exported.header);
    assert_eq!(exported.rows.len(), kept.rows());
    let mut scaled = 0;
    for name in names {
        let parameter = problem.parameters.iter().find(|parameter| parameter.id == name).unwrap();
        let scale = parameter.estimate.as_ref().unwrap().scale;
        scaled += usize::from(scale != Scale::Linear);
        let kept = kept.numbers(&format!("parameter.{name}")).unwrap().iter().map(|x| scale.linear(*x));
        assert_eq!(exported.column(name), kept.collect::<Vec<_>>(), "{name}");
    }
    assert!(scaled > 0);
}

/// The value that the objective has at the exported parameter table.
fn objective(place: &Place, file: &str) -> f64 {
    let parameters = place.path("handed/parameters.tsv");
    let address = format!("{file}:stat5_fit");
    let said = kexp(&["objective", &address, "--parameters", parameters.to_str().unwrap(), "--json"]).ok();
    let value: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    value["fval"].as_f64().unwrap()
}

fn lowest(ends: &Csv) -> f64 {
    let converged = ends.column("converged");
    let fvals = ends.column("fval").into_iter().zip(converged).filter(|(_, converged)| *converged == 1.0);
    fvals.map(|(fval, _)| fval).fold(f64::INFINITY, f64::min)
}

fn assert_near(one: f64, other: f64) {
    assert!((one - other).abs() <= 1e-6 * other.abs(), "{one} is not {other}");
}

#[test]
fn a_trial_gives_its_starts_and_ends_and_its_best_as_a_parameter_table() {
    let place = Place::new();
    let missing = export(&place, FILE, TRIAL).failed();
    assert!(missing.err.contains(&format!("`{TRIAL}` has not been computed yet")), "{}", missing.err);
    assert!(missing.err.contains(&format!("kexp run --only {TRIAL}")), "{}", missing.err);
    place.kexp(&["run", FILE, "--quiet", "--only", TRIAL]).ok();
    let said = export(&place, FILE, TRIAL).ok();
    assert!(said.out.contains("best converged end"), "{}", said.out);

    let plan = plan(Path::new(FILE), &[]);
    let (starts, ends) = (Csv::read(&place.path("handed/starts.csv")), Csv::read(&place.path("handed/ends.csv")));
    let problem = problem(&place, &plan);
    assert_vectors(&problem, &starts, &table(&place, &plan, TRIAL, "starts"), 4);
    let kept = table(&place, &plan, TRIAL, "ends");
    assert_vectors(&problem, &ends, &kept, 4);
    assert_eq!(ends.header[..4], ["start", "fval", "converged", "cost"]);
    assert_eq!(starts.column("fval"), kept.numbers("fval_start").unwrap());
    assert_eq!(ends.column("cost"), kept.numbers("cost").unwrap());
    let began = starts.column("cost");
    assert!(began.iter().zip(ends.column("cost")).all(|(began, ended)| *began <= ended));
    assert!(began.windows(2).all(|pair| pair[0] < pair[1]), "{began:?}");

    // The last descent is cut: its row has the vector of its start, and that vector's fval.
    let stops = kept.texts("stop").unwrap();
    let cut = stops.iter().position(|stop| stop == "budget").unwrap();
    for (row, stop) in stops.iter().enumerate() {
        let kept = kept.numbers(if stop == "budget" { "fval_start" } else { "fval_end" }).unwrap();
        assert_eq!(ends.rows[row][1], kept[row]);
    }
    assert_eq!(ends.rows[cut][4..], starts.rows[cut][4..]);

    assert_near(objective(&place, FILE), lowest(&ends));
    let text = std::fs::read_to_string(place.path("handed/parameters.tsv")).unwrap();
    let header = "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate";
    assert!(text.starts_with(header), "{text}");
}

#[test]
fn descents_and_generated_vectors_are_handed_over_likewise() {
    let (place, plan) = (Place::after_a_run(), plan(Path::new(SMALL), &[]));
    let problem = problem(&place, &plan);
    let (starts, ends) = (place.path("handed/starts.csv"), place.path("handed/ends.csv"));
    // From a design, whose iterates are kept; from generated vectors; and around a training row.
    for node in ["descend.rows_a.stat5_fit", "descend.made.tuned", "descend.made.best_jitter"] {
        export(&place, SMALL, node).ok();
        let (starts, ends) = (Csv::read(&starts), Csv::read(&ends));
        let kept = table(&place, &plan, node, "ends");
        assert_vectors(&problem, &ends, &kept, 5);
        assert_eq!(ends.header[..5], ["start", "fval", "converged", "values", "gradients"]);
        assert_eq!(ends.column("fval"), kept.numbers("fval_end").unwrap());
        assert_eq!(starts.column("fval"), kept.numbers("fval_start").unwrap());
        match node {
            "descend.rows_a.stat5_fit" => {
                let iterates = table(&place, &plan, node, "iterates");
                let is_first = iterates.integers("iteration").unwrap().iter().map(|iteration| *iteration == 0);
                let first: Vec<usize> = is_first.enumerate().filter(|(_, first)| *first).map(|(row, _)| row).collect();
                assert_vectors(&problem, &starts, &iterates.select(&first), 5);
            }
            "descend.made.tuned" => {
                let generated = table(&place, &plan, "generate.made.tuned.starts", "vectors");
                assert_vectors(&problem, &starts, &generated, 5);
            }
            _ => {}
        }
        if lowest(&ends).is_finite() {
            assert_near(objective(&place, SMALL), lowest(&ends));
        }
    }

    std::fs::remove_file(&ends).unwrap();
    let said = export(&place, SMALL, "generate.made.tuned").ok();
    assert!(said.out.contains("24 starts") && said.out.contains("nothing has descended"), "{}", said.out);
    let generated = Csv::read(&starts);
    let solved = table(&place, &plan, "solve.made.tuned", "solved");
    assert_vectors(&problem, &generated, &solved, 3);
    assert_eq!(generated.header[..3], ["start", "fval", "condition"]);
    assert_eq!(generated.column("fval"), solved.numbers("fval").unwrap());
    assert!(!ends.exists());
}

#[test]
fn what_has_no_starts_or_does_not_exist_is_told() {
    let place = Place::after_a_run();
    for (node, told) in [
        ("descend.made.tune", "no node `descend.made.tune`; did you mean `descend.made.tuned`?"),
        ("tune.search", "`tune.search` has neither starts nor ends"),
    ] {
        let said = export(&place, SMALL, node).failed();
        assert!(said.err.contains(told), "{}", said.err);
    }
    assert!(!place.path("handed").exists());
    let damaged = crate::support::artifact(&place.store(), "descend.made.tuned").join("ends.parquet");
    std::fs::write(damaged, "nothing").unwrap();
    let said = export(&place, SMALL, "descend.made.tuned").failed();
    assert!(said.err.contains("`descend.made.tuned` is damaged"), "{}", said.err);
}

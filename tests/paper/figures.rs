//! Every kind of figure is drawn from data, twice with equal bytes, and from degenerate data without a panic.

use std::fmt::Write as _;

use kexp::report::figure::{
    Drawing, FigureError, box_plot, calibration, descents, distances, feasibility, graph, latent_umap, marginals,
    minima, pairs, parallel_coordinates, parameters, profiles, traces, training_curves, umap,
};
use kexp::table::{Column, Table};

use crate::data;

const REFERENCE: box_plot::Reference = box_plot::Reference { best: 138.26, worst: 892_311.0 };

fn scales() -> Vec<(String, parallel_coordinates::Scale)> {
    ["train.lr", "train.weight_decay"].map(|name| (name.to_owned(), parallel_coordinates::Scale::Log10)).to_vec()
}

type Draw = Box<dyn Fn(&Table) -> Result<Drawing, FigureError>>;

fn kinds() -> Vec<(&'static str, Table, Draw)> {
    vec![
        ("parallel_coordinates", data::trials(), Box::new(|table| parallel_coordinates::draw(table, &scales()))),
        ("rungs", data::rungs(), Box::new(|table| parallel_coordinates::draw(table, &scales()))),
        ("training_curves", data::history(), Box::new(training_curves::draw)),
        ("latent_umap", data::latent(), Box::new(|table| latent_umap::draw(table, 0.1))),
        ("feasibility", data::feasibility(), Box::new(feasibility::draw)),
        ("box", data::fvals(), Box::new(|table| box_plot::draw(table, REFERENCE))),
        ("distances", data::distances(), Box::new(distances::draw)),
        ("calibration", data::calibration(), Box::new(calibration::draw)),
        ("umap", data::map(), Box::new(umap::draw)),
        ("descents", data::descents(), Box::new(|table| descents::draw(table, data::TARGET))),
        ("minima", data::minima(), Box::new(minima::draw)),
        ("parameters", data::best_ends(), Box::new(parameters::draw)),
        ("traces", data::traces(), Box::new(traces::draw)),
        ("marginals", data::densities(), Box::new(|table| marginals::draw(table, &data::marginal_intervals()))),
        ("pairs", data::pairs(), Box::new(pairs::draw)),
        ("profiles", data::profiles(), Box::new(|table| profiles::draw(table, &data::profile_intervals(), 1.92))),
    ]
}

fn graphs() -> Vec<(&'static str, Drawing)> {
    let (plan, network) = (data::plan(), data::network());
    vec![
        ("plan", graph::draw(&plan).expect("drawn")),
        ("workflow", graph::draw_panels(&[("the plan", &plan), ("the network", &network)]).expect("drawn")),
    ]
}

/// Writes the pictures to `KEXP_FIGURES` where that is set, to be looked at.
fn keep(name: &str, drawing: &Drawing) {
    if let Some(folder) = std::env::var_os("KEXP_FIGURES") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.svg")), &drawing.svg).expect("written");
        std::fs::write(folder.join(format!("{name}.png")), &drawing.png).expect("written");
    }
}

#[test]
fn every_kind_is_drawn_and_stays_as_it_was() {
    let mut record = format!("version {}\n", kexp::report::figure::VERSION);
    let clock = std::time::Instant::now();
    let mut all: Vec<(&str, Drawing)> =
        kinds().iter().map(|(name, table, draw)| (*name, draw(table).expect("drawn"))).collect();
    all.extend(graphs());
    eprintln!("all figures: {:.2} s", clock.elapsed().as_secs_f64());
    for (name, drawing) in &all {
        keep(name, drawing);
        assert!(drawing.png.starts_with(b"\x89PNG"), "{name}");
        assert!(!drawing.svg.contains("kuva"), "{name} names its maker");
        assert!(
            !drawing.svg.contains("NaN") && !drawing.svg.contains("inf\""),
            "{name} holds a place that is no number"
        );
        let _ = writeln!(
            record,
            "{name}: {} bytes, {}",
            drawing.svg.len(),
            &blake3::hash(drawing.svg.as_bytes()).to_hex()[..16]
        );
    }
    insta::assert_snapshot!("figures", record);
}

#[test]
fn the_same_table_gives_the_same_bytes() {
    for (name, table, draw) in kinds() {
        assert_eq!(draw(&table).expect("drawn"), draw(&table).expect("drawn"), "{name}");
    }
    let plan = data::plan();
    assert_eq!(graph::draw(&plan).expect("drawn"), graph::draw(&plan).expect("drawn"));
}

/// The table with every number replaced.
fn replaced(table: &Table, keep: &[&str], value: f64) -> Table {
    let names: Vec<String> = table.names().map(str::to_owned).collect();
    names.iter().fold(Table::new(), |made, name| match table.column(name).expect("a column") {
        Column::Number(values) if !keep.contains(&name.as_str()) => made.number(name, vec![value; values.len()]),
        other => made.with(name, other.clone()),
    })
}

#[test]
fn degenerate_tables_are_drawn_too() {
    for (name, table, draw) in kinds() {
        let empty = draw(&table.select(&[])).expect("drawn");
        assert!(empty.svg.contains("no finite"), "{name}: {}", empty.svg);
        keep(&format!("{name}-empty"), &empty);
        keep(&format!("{name}-one"), &draw(&table.select(&[0])).expect("drawn"));
        for (label, value) in [
            ("inf", f64::INFINITY),
            ("nan", f64::NAN),
            ("constant", 3.25),
            ("zero", 0.0),
            ("huge", 1e300),
            ("tiny", -1e-300),
        ] {
            let drawing = draw(&replaced(&table, &[], value)).expect("drawn");
            assert!(!drawing.svg.contains("NaN"), "{name} of {label}");
            keep(&format!("{name}-{label}"), &drawing);
        }
        let lacking = draw(&Table::new().number("other", vec![1.0]));
        assert!(matches!(lacking, Err(FigureError::Table(_))), "{name}");
    }
    let nothing = graph::draw(&kexp::graph::Graph::default()).expect("drawn");
    assert!(nothing.svg.contains("no nodes"));
}

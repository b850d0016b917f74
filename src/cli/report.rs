//! `kexp report FILE`: one self-contained HTML page of a run.

use std::path::PathBuf;

use super::common::{Failure, FileArguments, say};
use crate::plan::explain::fields;
use crate::plan::node::Plan;
use crate::report::assemble::collect;
use crate::report::figure::{self, Drawing};
use crate::report::files;
use crate::report::page::{self, Page, PageFigure};
use crate::report::results::{Results, Value};
use crate::run::store::Store;
use crate::table::rounded;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: FileArguments,
    /// Where the page goes [default: `report.html` beside the draft]
    #[arg(long, value_name = "PAGE.html")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (experiment, expanded, _) = arguments.file.plan()?;
    let plan = &expanded.plan;
    let store = arguments.file.open_store()?;
    if let Some(node) = plan.nodes.iter().find(|node| !store.has(&node.key)) {
        return Err(Failure::Said(format!("{} has not been computed yet: `kexp run` does it", node.name)));
    }
    let (results, made) = collect(plan, &store).map_err(|error| Failure::Said(error.to_string()))?;
    let drawing = |name: &str| {
        let text = made.get(&format!("figures/{name}.svg"))?;
        let png = made.get(&format!("figures/{name}.png"))?;
        Some(Drawing { svg: String::from_utf8_lossy(text).into_owned(), png: png.clone() })
    };
    let figures = results.figures.iter().filter_map(|figure| {
        let table = figure.table.as_ref().and_then(|name| results.tables.get(name));
        Some(PageFigure {
            name: figure.name.clone(),
            caption: figure.caption.clone(),
            drawing: drawing(&figure.name)?,
            table: table.map(super::super::report::results::ResultTable::table).unwrap_or_default(),
        })
    });
    let page = Page {
        title: plan.title.clone(),
        summary: summary(plan, &store),
        plan: figure::graph::draw(&plan.graph()).ok(),
        figures: figures.collect(),
        tables: results
            .shown_tables
            .iter()
            .filter_map(|name| Some((name.clone(), results.tables.get(name)?.table())))
            .collect(),
        values: values(&results),
        settings: plan
            .nodes
            .iter()
            .filter(|node| !node.name.contains(".trial_"))
            .map(|node| (node.name.clone(), fields(&node.stage).into_iter().collect()))
            .collect(),
        provenance: provenance(plan, &results),
    };
    let html = page::render(&page).map_err(|error| Failure::Said(error.to_string()))?;
    let path =
        arguments.output.clone().unwrap_or_else(|| arguments.file.out_folder(&experiment, None).join("report.html"));
    files::write(&path, html.as_bytes()).map_err(|error| Failure::Said(error.to_string()))?;
    say(&format!("{}: {} kB", path.display(), html.len() / 1000));
    Ok(())
}

fn summary(plan: &Plan, store: &Store) -> Vec<(String, String)> {
    let seconds: f64 = plan.nodes.iter().filter_map(|node| store.seconds(&node.key)).sum();
    vec![
        ("nodes".to_owned(), plan.nodes.len().to_string()),
        ("profile".to_owned(), plan.profile.clone().unwrap_or_else(|| "none".to_owned())),
        ("seconds of all nodes".to_owned(), rounded(seconds, 3)),
    ]
}

fn values(results: &Results) -> Vec<(String, String)> {
    let words = |value: &Value| match value {
        Value::Number(value) => rounded(*value, 6),
        Value::Integer(value) => value.to_string(),
        Value::Text(text) => text.clone(),
    };
    results.values.iter().map(|(name, value)| (name.clone(), words(value))).collect()
}

fn provenance(plan: &Plan, results: &Results) -> Vec<(String, String)> {
    let mut lines = vec![
        ("program".to_owned(), format!("kexp {}", env!("CARGO_PKG_VERSION"))),
        ("seed".to_owned(), plan.seed.to_string()),
    ];
    lines.extend(plan.nodes.iter().map(|node| (node.name.clone(), node.key.to_string())));
    lines.extend(results.files.iter().map(|(name, checksum)| (name.clone(), checksum.clone())));
    lines
}

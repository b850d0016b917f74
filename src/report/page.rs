//! One self-contained HTML page of a run: pictures and styles are inside, nothing is fetched, no script runs.

use minijinja::{Value, context};

use super::figure::Drawing;
use super::templates::{fill, list};
use crate::table::Table;

/// Rows of a table that the page shows.
const MOST_ROWS: usize = 200;
const DIGITS: usize = 5;

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The experiment's title.
    pub title: String,
    /// A few lines on the plan, such as nodes, hits and misses: name and value.
    pub summary: Vec<(String, String)>,
    /// The plan as a picture.
    pub plan: Option<Drawing>,
    /// The figures in the order of the experiment file.
    pub figures: Vec<PageFigure>,
    /// Tables that belong to no figure, with their names.
    pub tables: Vec<(String, Table)>,
    /// Single values: name and value.
    pub values: Vec<(String, String)>,
    /// The resolved settings: for each declaration its settings, name and value.
    pub settings: Vec<(String, Vec<(String, String)>)>,
    /// Where it all comes from: program version, file, seed, checksums.
    pub provenance: Vec<(String, String)>,
}

/// A figure on the page.
#[derive(Debug, Clone)]
pub struct PageFigure {
    /// Its name in the experiment file.
    pub name: String,
    /// Its caption.
    pub caption: String,
    /// The picture.
    pub drawing: Drawing,
    /// The table behind it.
    pub table: Table,
}

/// The page as HTML.
///
/// # Errors
/// When the template is wrong, which a test excludes.
pub fn render(page: &Page) -> Result<String, minijinja::Error> {
    let figures = page.figures.iter().enumerate().map(|(number, figure)| {
        context! {
            number => number + 1,
            name => &figure.name,
            caption => &figure.caption,
            picture => picture(&figure.drawing, number + 1),
            table => table(&figure.table),
        }
    });
    let tables = page.tables.iter().map(|(name, rows)| context! { name, table => table(rows) });
    let settings = page.settings.iter().map(|(name, settings)| context! { name, settings => pairs(settings) });
    let context = context! {
        title => &page.title,
        summary => pairs(&page.summary),
        plan => page.plan.as_ref().map(|drawing| picture(drawing, 0)),
        figures => list(figures),
        tables => list(tables),
        values => pairs(&page.values),
        settings => list(settings),
        provenance => pairs(&page.provenance),
    };
    fill("report.html", include_str!("../../templates/report.html"), context)
}

/// The SVG to stand in the page. The names in it get a number of their own: on one page they share one space.
fn picture(drawing: &Drawing, number: usize) -> Value {
    let named = drawing
        .svg
        .replace("id=\"clip", &format!("id=\"figure{number}-clip"))
        .replace("url(#clip", &format!("url(#figure{number}-clip"));
    Value::from_safe_string(named)
}

fn pairs(pairs: &[(String, String)]) -> Value {
    list(pairs.iter().map(|(name, value)| context! { name, value }))
}

fn table(table: &Table) -> Value {
    let shown: Vec<usize> = (0..table.rows().min(MOST_ROWS)).collect();
    let short = table.select(&shown);
    // Rows are taken from the Markdown, so that numbers read the same in the draft and on the page.
    let markdown = short.to_markdown(DIGITS);
    let rows = markdown.lines().skip(2).map(|line| list(cells(line)));
    context! {
        names => list(short.names()),
        rows => list(rows),
        left_out => table.rows() - short.rows(),
    }
}

/// The cells of a line of a Markdown table.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches("| ").trim_end_matches(" |");
    inner.split(" | ").map(|cell| cell.replace("\\|", "|")).collect()
}

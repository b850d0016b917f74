//! The one look of all figures: sizes, fonts, colours.

/// Drawing units in a millimetre on paper.
pub(super) const MILLIMETRE: f64 = 4.0;
/// The width of a figure that fills a page: 170 mm.
pub(super) const FULL_WIDTH: f64 = 170.0 * MILLIMETRE;
/// Pixels of the PNG in one drawing unit: 305 pixels an inch on paper.
pub(super) const PIXELS: f32 = 3.0;

/// Axis labels and legends: 7.8 points on paper.
pub(super) const LABEL: u32 = 11;
/// Tick labels: 7.1 points.
pub(super) const TICK: u32 = 10;
/// Notes: 6.4 points.
pub(super) const SMALL: u32 = 9;
/// Panel letters: 10 points, bold.
pub(super) const LETTER: u32 = 14;
/// The fonts, in order of preference; the metrics are the first one's, the second and third have nearly the same.
pub(super) const FONTS: &str = "DejaVu Sans, Verdana, Geneva, sans-serif";

/// Text and axes.
pub(super) const INK: &str = "#222222";
/// Notes and reference lines.
pub(super) const MUTED: &str = "#666666";
/// Grid lines.
pub(super) const GRID: &str = "#e9e9e9";
/// The background of conditions beyond the training range.
pub(super) const SHADE: &str = "#f1ece2";

/// The palette of Okabe and Ito (2008), which colour-blind readers can tell apart; yellow, too light on white, is last.
pub(super) const SERIES: [&str; 8] =
    ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"];

/// More colours for the groups of a graph, which also carry words: the palette without the yellow that outlines cannot
/// have, and four beside it.
pub(super) const GROUPS: [&str; 11] = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D46", "#A6A600", "#7A7A7A",
    "#6A51A3",
];

/// The colour of the series with this number; beyond the palette's eight it starts again.
pub(super) fn series(index: usize) -> &'static str {
    SERIES[index % SERIES.len()]
}

/// The colours of the methods of a benchmark: those of groups and one more.
const METHODS: [&str; 12] = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D46", "#A6A600", "#7A7A7A",
    "#6A51A3", "#B2182B",
];
/// How many methods have a colour of their own.
pub(super) const METHOD_COLOURS: usize = METHODS.len();

/// The colour of a method of a benchmark, of which there are more than the palette has colours.
pub(super) fn method_colour(index: usize) -> &'static str {
    METHODS[index % METHODS.len()]
}

/// A colour mixed with white: `share` 0 is white, 1 the colour itself. The colour is written `#rrggbb`.
pub(super) fn tint(color: &str, share: f64) -> String {
    let channel = |at: usize| {
        let value = color.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0);
        (255.0 - (255.0 - f64::from(value)) * share).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", channel(1), channel(3), channel(5))
}

/// A colour of the sequential scale viridis for a position 0..1, dark to light; the palest end, which white paper
/// swallows, is left out.
pub(super) fn sequential(position: f64) -> String {
    kuva::plot::ColorMap::Viridis.map(position.clamp(0.0, 1.0) * 0.92)
}

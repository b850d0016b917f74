//! Panels side by side and below each other: one for each problem of a benchmark.

use super::style::FULL_WIDTH;

/// Where each of several panels of one size stands.
pub(super) struct Grid {
    panels: usize,
    columns: usize,
}

/// Room at the left of a panel for its labels.
const LEFT: f64 = 58.0;
/// Room below a panel for its axis, and the next one's name.
const BELOW: f64 = 70.0;

impl Grid {
    /// A place for each of `panels`.
    pub(super) fn new(panels: usize) -> Self {
        Self { panels, columns: if panels == 1 { 1 } else { 2 } }
    }

    /// The height of a sheet that holds them all below a legend.
    pub(super) fn height(&self) -> f64 {
        100.0 + self.panels.div_ceil(self.columns) as f64 * (self.panel_height() + BELOW)
    }

    fn panel_height(&self) -> f64 {
        if self.columns == 1 { 240.0 } else { 180.0 }
    }

    /// Left, top below the first row's, width and height of the plotting area of a panel.
    pub(super) fn place(&self, panel: usize) -> (f64, f64, f64, f64) {
        let (row, column) = (panel / self.columns, panel % self.columns);
        let column_width = FULL_WIDTH / self.columns as f64;
        let left = column as f64 * column_width + LEFT;
        (left, row as f64 * (self.panel_height() + BELOW), column_width - LEFT - 14.0, self.panel_height())
    }
}

//! Small multiples: many small panels of one size, in rows.

use super::canvas::{Anchor, Canvas, fitted};
use super::panel::{Axis, Panel};
use super::style::{FULL_WIDTH, INK, SMALL};

/// Room at the left of a panel for its tick labels.
const LEFT: f64 = 46.0;
/// Room between the rows: tick labels, and the next row's names.
const BETWEEN: f64 = 38.0;

/// Where small panels stand.
pub(super) struct Multiples {
    panels: usize,
    columns: usize,
    /// The height of each plotting area.
    height: f64,
    /// Room at the left of the sheet, for the label of all y axes.
    margin: f64,
}

impl Multiples {
    /// Places for `panels` in at most `columns`.
    pub(super) fn new(panels: usize, columns: usize, height: f64) -> Self {
        Self { panels, columns: columns.min(panels).max(1), height, margin: 16.0 }
    }

    /// The height of a sheet that holds them all below a legend.
    pub(super) fn sheet(&self) -> f64 {
        110.0 + self.panels.div_ceil(self.columns) as f64 * (self.height + BETWEEN)
    }

    /// A panel with its name above it, its axes without labels.
    pub(super) fn panel(&self, canvas: &mut Canvas, at: usize, top: f64, name: &str, axes: (Axis, Axis)) -> Panel {
        let (row, column) = (at / self.columns, at % self.columns);
        let width = (FULL_WIDTH - self.margin - 6.0) / self.columns as f64;
        let left = self.margin + column as f64 * width + LEFT;
        let panel = Panel {
            left,
            top: top + row as f64 * (self.height + BETWEEN),
            width: width - LEFT - 10.0,
            height: self.height,
            x: axes.0,
            y: axes.1,
        };
        let name = fitted(name, SMALL, panel.width);
        canvas.text((left, panel.top - 5.0), &name, SMALL, Anchor::Start, INK);
        panel
    }

    /// The labels that all panels share: below the last row and at the left of all.
    pub(super) fn labels(&self, canvas: &mut Canvas, top: f64, x: &str, y: &str) {
        let bottom = top + self.panels.div_ceil(self.columns) as f64 * (self.height + BETWEEN) - BETWEEN;
        canvas.text((FULL_WIDTH / 2.0, bottom + 33.0), x, super::style::LABEL, Anchor::Middle, INK);
        canvas.turned((12.0, f64::midpoint(top, bottom)), y, super::style::LABEL, Anchor::Middle, -90.0);
        canvas.shrink(bottom + 42.0);
    }
}

//! A panel: axes with ticks, and the plots that kuva draws in them, at an exact place of a sheet.

use std::sync::Arc;

use kuva::plot::ScatterPlot;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use kuva::render::theme::Theme;

use super::canvas::{Anchor, Canvas};
use super::style::{FONTS, GRID, INK, LABEL, TICK};

/// One axis.
#[derive(Clone)]
pub(super) struct Axis {
    /// What it shows, with its unit.
    pub(super) label: String,
    /// Its lower end.
    pub(super) low: f64,
    /// Its upper end.
    pub(super) high: f64,
    step: f64,
    format: TickFormat,
}

impl Axis {
    /// An axis that holds all finite values, with some room at both ends.
    pub(super) fn fit(label: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = padded(values, 0.05);
        Self::between(label, low, high)
    }

    /// An axis with given ends and round ticks.
    pub(super) fn between(label: &str, low: f64, high: f64) -> Self {
        let step = round_step((high - low) / 6.0);
        Self { label: label.to_owned(), low, high, step, format: decimals(step) }
    }

    /// An axis with given ends and a given distance between ticks.
    pub(super) fn stepped(label: &str, low: f64, high: f64, step: f64) -> Self {
        Self { label: label.to_owned(), low, high, step, format: decimals(step) }
    }

    /// An axis without a label and with given ends, for small panels: at most about so many ticks.
    pub(super) fn sparse(low: f64, high: f64, ticks: f64) -> Self {
        let step = round_step((high - low) / ticks);
        Self { label: String::new(), low, high, step, format: decimals(step) }
    }

    /// A logarithmic axis: it is given decimal logarithms and labels powers of ten.
    pub(super) fn powers(label: &str, logarithms: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = padded(logarithms, 0.07);
        let step = (((high - low) / 7.0).ceil()).max(1.0);
        // A range within one decade would show at most one power of ten: then the ends are moved out to hold two.
        let (low, high) = if high - low < 1.2 { (low.floor(), high.ceil()) } else { (low, high) };
        let format = TickFormat::Custom(Arc::new(|value: f64| power(value.round() as i32)));
        Self { label: label.to_owned(), low, high, step, format }
    }

    /// An axis whose ticks stand at 0, 1, 2, ... and are not labelled by numbers: the caller writes the names.
    pub(super) fn places(label: &str, count: usize) -> Self {
        let format = TickFormat::Custom(Arc::new(|_| String::new()));
        Self { label: label.to_owned(), low: -0.5, high: count.max(1) as f64 - 0.5, step: 1.0, format }
    }
}

/// Axes at a place of a sheet; the rectangle is the plotting area without ticks and labels.
pub(super) struct Panel {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Panel {
    /// Where on the sheet a value of the x axis stands.
    pub(super) fn map_x(&self, value: f64) -> f64 {
        self.left + (value - self.x.low) / (self.x.high - self.x.low) * self.width
    }

    /// Where on the sheet a value of the y axis stands.
    pub(super) fn map_y(&self, value: f64) -> f64 {
        self.top + self.height - (value - self.y.low) / (self.y.high - self.y.low) * self.height
    }

    /// A point of the data on the sheet.
    pub(super) fn map(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.map_x(x), self.map_y(y))
    }

    /// Colours the background between two values of the x axis, cut to the panel.
    pub(super) fn shade(&self, canvas: &mut Canvas, from: f64, to: f64, color: &str) {
        let (start, end) = (self.map_x(from.max(self.x.low)), self.map_x(to.min(self.x.high)));
        if end > start {
            canvas.rect((start, self.top), (end - start, self.height), color, None);
        }
    }

    /// Draws axes, grid, labels and plots.
    pub(super) fn draw(&self, canvas: &mut Canvas, mut plots: Vec<Plot>) {
        if plots.is_empty() {
            plots.push(Plot::Scatter(ScatterPlot::new()));
        }
        let theme = Theme {
            axis_color: INK.into(),
            tick_color: INK.into(),
            text_color: INK.into(),
            grid_color: GRID.into(),
            ..Theme::light()
        };
        let layout = Layout::new((self.x.low, self.x.high), (self.y.low, self.y.high))
            .with_width(canvas.width())
            .with_height(canvas.height())
            .with_force_margins(self.left, canvas.width() - self.left - self.width)
            .with_force_margins_y(self.top, canvas.height() - self.top - self.height)
            .with_x_axis_min(self.x.low)
            .with_x_axis_max(self.x.high)
            .with_y_axis_min(self.y.low)
            .with_y_axis_max(self.y.high)
            .with_x_tick_step(self.x.step)
            .with_y_tick_step(self.y.step)
            .with_x_tick_format(self.x.format.clone())
            .with_y_tick_format(self.y.format.clone())
            .with_theme(theme)
            .with_font_family(FONTS)
            .with_tick_size(TICK)
            .with_axis_line_width(0.8)
            .with_tick_width(0.8)
            .with_tick_length(4.0)
            .with_grid_line_width(0.7);
        let mut layout = layout;
        layout.show_legend = false;
        canvas.put(render_multiple(plots, layout));
        let middle = (self.left + self.width / 2.0, self.top + self.height / 2.0);
        canvas.text((middle.0, self.top + self.height + 32.0), &self.x.label, LABEL, Anchor::Middle, INK);
        canvas.turned((self.left - 40.0, middle.1), &self.y.label, LABEL, Anchor::Middle, -90.0);
    }
}

/// The range of the finite values with room at both ends; 0..1 where there is none.
pub(super) fn padded(values: impl IntoIterator<Item = f64>, share: f64) -> (f64, f64) {
    let (low, high) = range(values).unwrap_or((0.0, 1.0));
    let span = high - low;
    let room = if span > 1e-12 * low.abs().max(high.abs()) { span * share } else { (low.abs() * 0.05).max(0.5) };
    (low - room, high + room)
}

/// Least and greatest of the finite values.
pub(super) fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite()).fold(None, |found, value| {
        Some(found.map_or((value, value), |(low, high): (f64, f64)| (low.min(value), high.max(value))))
    })
}

/// The next step of 1, 2, 2.5 or 5 times a power of ten.
fn round_step(rough: f64) -> f64 {
    if rough.is_nan() || rough <= 0.0 || rough.is_infinite() {
        return 1.0;
    }
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * 0.999);
    factor.unwrap_or(10.0) * power
}

/// Tick labels with just the decimals that a step needs; very large and very small ones in powers of ten.
fn decimals(step: f64) -> TickFormat {
    if !(1e-4..1e5).contains(&step) {
        return TickFormat::Custom(Arc::new(|value: f64| number(value)));
    }
    let digits = (0..6).find(|&digits| {
        let scaled = step * 10f64.powi(digits);
        (scaled - scaled.round()).abs() < 1e-6
    });
    let digits = digits.unwrap_or(4) as usize;
    TickFormat::Custom(Arc::new(move |value: f64| {
        let text = format!("{value:.digits$}");
        let zero = text.trim_start_matches('-').chars().all(|letter| letter == '0' || letter == '.');
        if zero { text.trim_start_matches('-').to_owned() } else { text.replace('-', "−") }
    }))
}

/// A number in few characters.
pub(super) fn number(value: f64) -> String {
    crate::table::rounded(value, 3).replace('-', "−")
}

/// A power of ten as text, `10⁻³`.
pub(super) fn power(exponent: i32) -> String {
    let plain = exponent.to_string();
    let digits = plain.chars().map(|digit| match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => '⁰',
    });
    format!("10{}", digits.collect::<String>())
}

//! Distances of proposals to training rows, as a histogram and as a density: is the generator memorising?

use kuva::plot::LinePlot;
use kuva::render::plots::Plot;

use super::canvas::{Canvas, Mark, nothing};
use super::panel::{Axis, Panel, number, padded, range};
use super::style::{FULL_WIDTH, series};
use super::{Drawing, FigureError, distinct, numbers, quantile};
use crate::table::Table;

const BINS: usize = 40;
/// Cells of the grid on which the density is computed.
const GRID_CELLS: usize = 400;

/// Draws the columns `group` (what the distance is to) and `distance` (Euclidean, in log10 units). Each group's
/// histogram sums to 100 %; the density is a Gaussian kernel estimate with Silverman's bandwidth (Silverman, 1986), on a
/// grid and mirrored at 0, because no distance is below.
///
/// # Errors
/// When a column is missing or the PNG cannot be encoded.
pub fn draw(distances: &Table) -> Result<Drawing, FigureError> {
    let (groups, distance) = (distances.texts("group")?, numbers(distances, "distance")?);
    let names = distinct(groups);
    let members: Vec<Vec<f64>> = names
        .iter()
        .map(|name| {
            let mut values: Vec<f64> = (0..distance.len())
                .filter(|&row| groups[row] == *name && distance[row].is_finite())
                .map(|row| distance[row])
                .collect();
            values.sort_by(f64::total_cmp);
            values
        })
        .collect();
    let Some((_, greatest)) = range(members.iter().flatten().copied()) else {
        return nothing("no finite distances");
    };
    let end = if greatest > 0.0 { greatest * 1.02 } else { 1.0 };
    let mut canvas = Canvas::new(FULL_WIDTH, 310.0);
    let legend: Vec<(Mark, &str, String)> = names
        .iter()
        .zip(&members)
        .enumerate()
        .map(|(index, (name, values))| {
            let middle = if values.is_empty() { "none".to_owned() } else { number(quantile(values, 0.5)) };
            (Mark::Line, series(index), format!("{name} (n = {}, median {middle})", values.len()))
        })
        .collect();
    let top = canvas.legend((58.0, 12.0), &legend) + 22.0;
    let histograms: Vec<Vec<f64>> = members.iter().map(|values| histogram(values, end, BINS)).collect();
    let densities: Vec<Vec<f64>> = members.iter().map(|values| density(values, end)).collect();
    let panel = |column: f64, label: &str, heights: &[Vec<f64>]| {
        let (_, high) = padded(heights.iter().flatten().copied().chain([0.0]), 0.08);
        Panel {
            left: 58.0 + column * 332.0,
            top,
            width: 268.0,
            height: 266.0 - top,
            x: Axis::between("Euclidean distance (log₁₀ units)", 0.0, end),
            y: Axis::between(label, 0.0, high),
        }
    };
    let first = panel(0.0, "share of distances (%)", &histograms);
    let outline = |shares: &[f64]| -> Vec<(f64, f64)> {
        let width = end / shares.len() as f64;
        let steps = shares.iter().enumerate();
        let points = steps.flat_map(|(bin, &share)| [(bin as f64 * width, share), ((bin + 1) as f64 * width, share)]);
        std::iter::once((0.0, 0.0)).chain(points).chain([(end, 0.0)]).collect()
    };
    let second = panel(1.0, "density (1 / log₁₀ unit)", &densities);
    let smooth = |heights: &[f64]| -> Vec<(f64, f64)> {
        let cell = end / heights.len() as f64;
        heights.iter().enumerate().map(|(index, &height)| ((index as f64 + 0.5) * cell, height)).collect()
    };
    let lines = [histograms.iter().map(|heights| outline(heights)).collect::<Vec<_>>(), {
        densities.iter().map(|heights| smooth(heights)).collect()
    }];
    for (panel, lines) in [&first, &second].into_iter().zip(lines) {
        for (index, line) in lines.iter().enumerate() {
            let mut area: Vec<(f64, f64)> = line.iter().map(|&point| panel.map(point)).collect();
            if let (Some(&start), Some(&end)) = (area.first(), area.last()) {
                area.push((end.0, panel.top + panel.height));
                area.push((start.0, panel.top + panel.height));
            }
            canvas.polygon(&area, series(index), 0.12);
        }
        let plots = lines.into_iter().enumerate().map(|(index, line)| {
            Plot::Line(LinePlot::new().with_data(line).with_color(series(index)).with_stroke_width(1.5))
        });
        panel.draw(&mut canvas, plots.collect());
    }
    canvas.letter((first.left - 50.0, top - 6.0), "A");
    canvas.letter((second.left - 50.0, top - 6.0), "B");
    canvas.finish()
}

/// The share of values in each bin of 0..end, in per cent; zeros of no values.
fn histogram(values: &[f64], end: f64, bins: usize) -> Vec<f64> {
    let mut shares = vec![0.0; bins];
    for value in values {
        let bin = (value / end * bins as f64).max(0.0) as usize;
        shares[bin.min(bins - 1)] += 100.0 / values.len() as f64;
    }
    shares
}

/// The kernel density at the middle of each cell of 0..end; zeros of fewer than two values.
fn density(sorted: &[f64], end: f64) -> Vec<f64> {
    let mut heights = vec![0.0; GRID_CELLS];
    if sorted.len() < 2 {
        return heights;
    }
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let deviation = (sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
    let spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.34;
    let spread = if spread > 0.0 { deviation.min(spread) } else { deviation };
    let cell = end / GRID_CELLS as f64;
    // Values so large that their spread overflows get a tenth of the axis.
    let bandwidth =
        Some(0.9 * spread * count.powf(-0.2)).filter(|width| width.is_finite()).unwrap_or(end / 10.0).max(cell);
    let weights = histogram(sorted, end, GRID_CELLS);
    let reach = ((4.0 * bandwidth / cell).ceil() as i64).min(2 * GRID_CELLS as i64);
    let kernel: Vec<f64> = (0..=reach).map(|step| (-0.5 * (step as f64 * cell / bandwidth).powi(2)).exp()).collect();
    let scale = 1.0 / (100.0 * bandwidth * (2.0 * std::f64::consts::PI).sqrt());
    for (bin, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        for step in -reach..=reach {
            let target = bin as i64 + step;
            let mirrored = if target < 0 { -target - 1 } else { target };
            if let Some(height) = heights.get_mut(mirrored as usize) {
                *height += weight * scale * kernel[step.unsigned_abs() as usize];
            }
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_and_histograms_keep_their_area() {
        let values: Vec<f64> = (0..500).map(|index| 2.0 + (f64::from(index) * 0.7).sin()).collect();
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        let area: f64 = density(&sorted, 6.0).iter().sum::<f64>() * 6.0 / GRID_CELLS as f64;
        assert!((area - 1.0).abs() < 1e-3, "{area}");
        assert!((histogram(&sorted, 6.0, BINS).iter().sum::<f64>() - 100.0).abs() < 1e-9);
    }
}

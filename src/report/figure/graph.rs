//! A directed graph as boxes and arrows in layers: the plan of an experiment, the layers of a network.

use super::canvas::{Anchor, Canvas, Mark, fitted, nothing, text_width};
use super::layered::{Placed, place};
use super::style::{GROUPS, INK, LABEL, LETTER, MUTED, SMALL, tint};
use super::{Drawing, FigureError};
use crate::graph::{Graph, GraphNode};

/// Widest text of a box; longer ones are cut.
const WIDEST: f64 = 190.0;
const MARGIN: f64 = 14.0;

/// Draws one graph.
///
/// # Errors
/// When the PNG cannot be encoded.
pub fn draw(graph: &Graph) -> Result<Drawing, FigureError> {
    draw_panels(&[("", graph)])
}

/// Draws several graphs side by side, each under its letter and title: the figure `workflow` shows the plan and the
/// network. A single graph has neither letter nor title.
///
/// # Errors
/// When the PNG cannot be encoded.
pub fn draw_panels(panels: &[(&str, &Graph)]) -> Result<Drawing, FigureError> {
    if panels.iter().all(|(_, graph)| graph.nodes.is_empty()) {
        return nothing("no nodes to draw");
    }
    let parts: Vec<Part> = panels.iter().map(|(title, graph)| Part::new(title, graph)).collect();
    let header = if panels.len() > 1 { 24.0 } else { 0.0 };
    let width = parts.iter().map(|part| part.width + MARGIN * 2.0).sum::<f64>();
    let height = parts.iter().map(|part| part.placed.height + part.legend_height).fold(0.0, f64::max) + header;
    let mut canvas = Canvas::new(width, height + MARGIN * 2.0);
    let mut x = 0.0;
    for (index, part) in parts.iter().enumerate() {
        x += MARGIN;
        if panels.len() > 1 {
            let letter = char::from(b'A' + (index % 26) as u8).to_string();
            canvas.letter((x, MARGIN + 10.0), &letter);
            canvas.text((x + 18.0, MARGIN + 10.0), part.title, LABEL, Anchor::Start, INK);
        }
        part.draw(&mut canvas, x, MARGIN + header);
        x += part.width + MARGIN;
    }
    canvas.finish()
}

/// One graph with its places.
struct Part<'a> {
    title: &'a str,
    graph: &'a Graph,
    groups: Vec<&'a str>,
    sizes: Vec<(f64, f64)>,
    placed: Placed,
    width: f64,
    legend_height: f64,
    legend_columns: usize,
    legend_column: f64,
}

impl<'a> Part<'a> {
    fn new(title: &'a str, graph: &'a Graph) -> Self {
        let mut groups: Vec<&str> = Vec::new();
        for node in &graph.nodes {
            if !node.group.is_empty() && !groups.contains(&node.group.as_str()) {
                groups.push(&node.group);
            }
        }
        let sizes: Vec<(f64, f64)> = graph.nodes.iter().map(size).collect();
        let placed = place(&sizes, &graph.edges);
        let legend_column = groups.iter().map(|group| text_width(group, SMALL)).fold(0.0, f64::max) + 34.0;
        let width = placed.width.max(legend_column).max(text_width(title, LABEL) + 24.0).max(f64::from(LETTER));
        let legend_columns = ((width / legend_column) as usize).max(1);
        // One group needs no legend: there is nothing to tell apart.
        let rows = if groups.len() > 1 { groups.len().div_ceil(legend_columns) } else { 0 };
        let legend_height = if rows > 0 { rows as f64 * 15.0 + 14.0 } else { 0.0 };
        Self { title, graph, groups, sizes, placed, width, legend_height, legend_columns, legend_column }
    }

    fn color(&self, node: &GraphNode) -> &'static str {
        self.groups.iter().position(|group| *group == node.group).map_or(MUTED, |at| GROUPS[at % GROUPS.len()])
    }

    fn draw(&self, canvas: &mut Canvas, left: f64, top: f64) {
        let shift = left + (self.width - self.placed.width) / 2.0;
        let onto = |point: (f64, f64)| (point.0 + shift, point.1 + top);
        for path in &self.placed.paths {
            let points: Vec<(f64, f64)> = path.points.iter().map(|&point| onto(point)).collect();
            let mut line = curve(&points);
            let tip = if path.upwards { line[0] } else { line[line.len() - 1] };
            let direction = if path.upwards { -1.0 } else { 1.0 };
            if path.upwards {
                line[0].1 += 5.0;
            } else if let Some(last) = line.last_mut() {
                last.1 -= 5.0;
            }
            canvas.polyline(line, "#888888", 1.0);
            let back = tip.1 - 6.0 * direction;
            canvas.polygon(&[tip, (tip.0 - 3.2, back), (tip.0 + 3.2, back)], "#888888", 1.0);
        }
        for ((node, &corner), &size) in self.graph.nodes.iter().zip(&self.placed.corners).zip(&self.sizes) {
            let (x, y) = onto(corner);
            let color = self.color(node);
            canvas.rect((x, y), size, &tint(color, 0.14), Some((color, 1.1)));
            let middle = x + size.0 / 2.0;
            let label = fitted(&node.label, LABEL, WIDEST);
            if node.detail.is_empty() {
                canvas.text((middle, y + size.1 / 2.0 + 4.0), &label, LABEL, Anchor::Middle, INK);
            } else {
                canvas.text((middle, y + 14.0), &label, LABEL, Anchor::Middle, INK);
                let detail = fitted(&node.detail, SMALL, WIDEST);
                canvas.text((middle, y + 26.5), &detail, SMALL, Anchor::Middle, MUTED);
            }
        }
        if self.legend_height > 0.0 {
            let y = top + self.placed.height + 22.0;
            for (index, group) in self.groups.iter().enumerate() {
                let at = (
                    left + (index % self.legend_columns) as f64 * self.legend_column,
                    y + (index / self.legend_columns) as f64 * 15.0,
                );
                canvas.mark(Mark::Box, at, GROUPS[index % GROUPS.len()]);
                canvas.text((at.0 + 20.0, at.1 + 3.5), group, SMALL, Anchor::Start, INK);
            }
        }
    }
}

/// The size of a node's box.
fn size(node: &GraphNode) -> (f64, f64) {
    let widest = text_width(&node.label, LABEL).max(text_width(&node.detail, SMALL)).min(WIDEST);
    (widest + 16.0, if node.detail.is_empty() { 22.0 } else { 33.0 })
}

/// A smooth line through points that leaves and enters each of them vertically.
fn curve(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut line = vec![points[0]];
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        if (from.0 - to.0).abs() < 0.01 {
            line.push(to);
            continue;
        }
        let middle = f64::midpoint(from.1, to.1);
        for step in 1..=14 {
            let t = f64::from(step) / 14.0;
            let s = 1.0 - t;
            let blend = |a: f64, b: f64, c: f64, d: f64| {
                s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d
            };
            line.push((blend(from.0, from.0, to.0, to.0), blend(from.1, middle, middle, to.1)));
        }
    }
    line
}

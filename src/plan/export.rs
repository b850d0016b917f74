//! The plan as a graph in Graphviz's language.

use std::fmt::Write as _;

use crate::graph::Graph;

/// A graph in the DOT language, boxes from left to right, one colour a group.
#[must_use]
pub fn dot(graph: &Graph) -> String {
    const COLOURS: [&str; 8] = ["#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#D55E00", "#0072B2", "#BBBBBB"];
    let mut groups: Vec<&str> = Vec::new();
    let mut text = String::from("digraph plan {\n  rankdir = LR\n  node [shape = box, style = filled]\n");
    for (at, node) in graph.nodes.iter().enumerate() {
        let group = groups.iter().position(|known| *known == node.group).unwrap_or_else(|| {
            groups.push(&node.group);
            groups.len() - 1
        });
        let label = match node.detail.is_empty() {
            true => quoted(&node.label),
            false => format!("{}\\n{}", quoted(&node.label), quoted(&node.detail)),
        };
        let _ = writeln!(text, "  n{at} [label = \"{label}\", fillcolor = \"{}\"]", COLOURS[group % COLOURS.len()]);
    }
    for (from, to) in &graph.edges {
        let _ = writeln!(text, "  n{from} -> n{to}");
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

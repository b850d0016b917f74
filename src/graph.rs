//! A directed graph to be drawn: the plan of an experiment, or the layers of a network.

use serde::{Deserialize, Serialize};

/// Nodes and edges; edges point from what comes first to what follows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// The nodes.
    pub nodes: Vec<GraphNode>,
    /// Pairs of indices into the nodes.
    pub edges: Vec<(usize, usize)>,
}

/// One node of a graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraphNode {
    /// What it is, in a word or two: shown large.
    pub label: String,
    /// Its shape, settings or state, in a short line: shown small; may be empty.
    pub detail: String,
    /// Nodes of one group share a colour: a stage, `encoder`, `decoder`.
    pub group: String,
}

impl Graph {
    /// Adds a node with edges from those before it; gives its index.
    pub fn add(&mut self, label: &str, detail: impl Into<String>, group: &str, before: &[usize]) -> usize {
        let node = self.nodes.len();
        self.nodes.push(GraphNode { label: label.into(), detail: detail.into(), group: group.into() });
        self.edges.extend(before.iter().map(|&before| (before, node)));
        node
    }

    /// The same graph with chains of one group drawn as single nodes: `Gemm` -> `BatchNorm` -> `ReLU` becomes one node
    /// of three labels. A node joins the one before it when that is its only input, has no other follower, and the two
    /// have different labels, so that a repeated block stays a node of its own.
    #[must_use]
    pub fn compact(&self) -> Graph {
        let count =
            |end: fn(&(usize, usize)) -> usize, at: usize| self.edges.iter().filter(|edge| end(edge) == at).count();
        let mut compact = Graph::default();
        let mut place: Vec<usize> = Vec::with_capacity(self.nodes.len());
        for (at, node) in self.nodes.iter().enumerate() {
            let before = self.edges.iter().find(|edge| edge.1 == at).map(|edge| edge.0).filter(|&before| before < at);
            let joined = before.filter(|&before| {
                let block: &GraphNode = &compact.nodes[place[before]];
                self.nodes[before].group == node.group
                    && count(|edge| edge.1, at) == 1
                    && count(|edge| edge.0, before) == 1
                    && !block.label.split(", ").any(|label| label == node.label)
                    && (node.detail.is_empty() || block.detail.ends_with(&node.detail))
            });
            match joined {
                Some(before) => {
                    let block = place[before];
                    compact.nodes[block].label += &format!(", {}", node.label);
                    place.push(block);
                }
                None => {
                    place.push(compact.nodes.len());
                    compact.nodes.push(node.clone());
                }
            }
        }
        for &(from, to) in &self.edges {
            let edge = (place[from], place[to]);
            if edge.0 != edge.1 && !compact.edges.contains(&edge) {
                compact.edges.push(edge);
            }
        }
        compact
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_of_layers_become_blocks() {
        let node = |label: &str, detail: &str, group: &str| GraphNode {
            label: label.into(),
            detail: detail.into(),
            group: group.into(),
        };
        let graph = Graph {
            nodes: vec![
                node("parameters", "9", "input"),
                node("Gemm", "9 → 4", "encoder"),
                node("BatchNorm", "4", "encoder"),
                node("ReLU", "", "encoder"),
                node("Gemm", "4 → 2", "encoder"),
                node("mean", "1", "latent"),
                node("log variance", "1", "latent"),
            ],
            edges: vec![(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (4, 6)],
        };
        let compact = graph.compact();
        let labels: Vec<&str> = compact.nodes.iter().map(|node| node.label.as_str()).collect();
        assert_eq!(labels, ["parameters", "Gemm, BatchNorm, ReLU", "Gemm", "mean", "log variance"]);
        assert_eq!(compact.edges, [(0, 1), (1, 2), (2, 3), (2, 4)]);
    }
}

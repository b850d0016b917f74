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

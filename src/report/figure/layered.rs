//! Places of the boxes of a directed graph in layers (Sugiyama, Tagawa and Toda, 1981): cycles are broken, nodes are
//! ranked by longest path, long edges get bends, neighbours are sorted by barycentre, and each layer takes the places
//! nearest to its neighbours' that leave the gaps (isotonic regression by pooling adjacent violators).
//!
//! `layout-rs` does the same, but sizes boxes by its own count of characters, keeps fixed gaps of 60 units, which no page
//! holds, and asserts on its input.

use std::collections::BTreeSet;

/// Room between two boxes of a layer.
const GAP: f64 = 16.0;
/// Room between two layers.
const LAYER_GAP: f64 = 24.0;
/// Sweeps of sorting and of placing.
const SWEEPS: usize = 12;

/// Boxes and edges in a common frame whose upper left corner is the origin.
pub(super) struct Placed {
    /// The upper left corner of each box.
    pub(super) corners: Vec<(f64, f64)>,
    /// For each edge that is drawn, its direction and the points that it visits, from a lower to an upper edge of boxes.
    pub(super) paths: Vec<Path>,
    /// Width of everything.
    pub(super) width: f64,
    /// Height of everything.
    pub(super) height: f64,
}

/// The way of an edge down through the layers.
pub(super) struct Path {
    /// The points, from top to bottom.
    pub(super) points: Vec<(f64, f64)>,
    /// The edge points upwards: it closes a cycle.
    pub(super) upwards: bool,
}

/// Places boxes of the given sizes. Edges to boxes that do not exist, from a box to itself and repeated ones are left out.
pub(super) fn place(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Placed {
    let edges = downwards(sizes.len(), edges);
    let ranks = ranks(sizes.len(), &edges);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); ranks.iter().max().map_or(0, |&rank| rank + 1)];
    for (node, &rank) in ranks.iter().enumerate() {
        layers[rank].push(node);
    }
    // Bends: one box without width on each layer that an edge passes through.
    let mut widths: Vec<f64> = sizes.iter().map(|size| size.0).collect();
    let mut links: Vec<(usize, usize)> = Vec::new();
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for &(from, to, _) in &edges {
        let mut chain = vec![from];
        for layer in layers.iter_mut().take(ranks[to]).skip(ranks[from] + 1) {
            layer.push(widths.len());
            chain.push(widths.len());
            widths.push(0.0);
        }
        chain.push(to);
        links.extend(chain.windows(2).map(|pair| (pair[0], pair[1])));
        chains.push(chain);
    }
    let mut above = vec![Vec::new(); widths.len()];
    let mut below = vec![Vec::new(); widths.len()];
    for &(from, to) in &links {
        above[to].push(from);
        below[from].push(to);
    }
    sort(&mut layers, &above, &below);
    let centres = centres(&layers, &widths, &above, &below);

    let left = centres.iter().zip(&widths).map(|(x, width)| x - width / 2.0).fold(f64::INFINITY, f64::min);
    let right = centres.iter().zip(&widths).map(|(x, width)| x + width / 2.0).fold(f64::NEG_INFINITY, f64::max);
    let mut tops = Vec::new();
    let mut heights = Vec::new();
    let mut y = 0.0;
    for layer in &layers {
        let height = layer.iter().filter_map(|&node| sizes.get(node)).map(|size| size.1).fold(0.0, f64::max);
        tops.push(y);
        heights.push(height);
        y += height + LAYER_GAP;
    }
    let corners = (0..sizes.len())
        .map(|node| {
            let rank = ranks[node];
            (centres[node] - left - sizes[node].0 / 2.0, tops[rank] + (heights[rank] - sizes[node].1) / 2.0)
        })
        .collect::<Vec<_>>();
    let paths = chains
        .iter()
        .zip(&edges)
        .map(|(chain, &(from, to, upwards))| {
            let mut points = vec![(centres[from] - left, corners[from].1 + sizes[from].1)];
            for (step, &bend) in chain.iter().enumerate().take(chain.len() - 1).skip(1) {
                let rank = ranks[from] + step;
                points.push((centres[bend] - left, tops[rank]));
                points.push((centres[bend] - left, tops[rank] + heights[rank]));
            }
            points.push((centres[to] - left, corners[to].1));
            Path { points, upwards }
        })
        .collect();
    Placed { corners, paths, width: (right - left).max(0.0), height: (y - LAYER_GAP).max(0.0) }
}

/// The edges without loops and repetitions, those turned that would close a cycle: (from, to, turned).
fn downwards(count: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize, bool)> {
    let mut clean: Vec<(usize, usize)> = Vec::new();
    let mut known = BTreeSet::new();
    for &(from, to) in edges {
        if from != to && from < count && to < count && known.insert((from, to)) {
            clean.push((from, to));
        }
    }
    let mut next = vec![Vec::new(); count];
    for &(from, to) in &clean {
        next[from].push(to);
    }
    // Depth first without recursion: an edge to a node that is still open closes a cycle.
    let (mut open, mut done) = (vec![false; count], vec![false; count]);
    let mut closing = BTreeSet::new();
    for root in 0..count {
        let mut stack = vec![(root, 0)];
        while let Some((node, child)) = stack.pop() {
            if child == 0 {
                if done[node] {
                    continue;
                }
                open[node] = true;
            }
            if let Some(&to) = next[node].get(child) {
                stack.push((node, child + 1));
                if open[to] {
                    closing.insert((node, to));
                } else if !done[to] {
                    stack.push((to, 0));
                }
            } else {
                open[node] = false;
                done[node] = true;
            }
        }
    }
    clean
        .into_iter()
        .map(|(from, to)| if closing.contains(&(from, to)) { (to, from, true) } else { (from, to, false) })
        .collect()
}

/// The layer of each node: longest path from above, then sources are pulled down to their first successor.
fn ranks(count: usize, edges: &[(usize, usize, bool)]) -> Vec<usize> {
    let mut waiting = vec![0usize; count];
    let mut next = vec![Vec::new(); count];
    for &(from, to, _) in edges {
        next[from].push(to);
        waiting[to] += 1;
    }
    let sources: Vec<usize> = (0..count).filter(|&node| waiting[node] == 0).collect();
    let mut ranks = vec![0usize; count];
    let mut ready = sources.clone();
    while let Some(node) = ready.pop() {
        for &to in &next[node] {
            ranks[to] = ranks[to].max(ranks[node] + 1);
            waiting[to] -= 1;
            if waiting[to] == 0 {
                ready.push(to);
            }
        }
    }
    for node in sources {
        if let Some(first) = next[node].iter().map(|&to| ranks[to]).min() {
            ranks[node] = first.saturating_sub(1);
        }
    }
    ranks
}

/// Sorts each layer by the mean place of the neighbours above, then below, over and over.
fn sort(layers: &mut [Vec<usize>], above: &[Vec<usize>], below: &[Vec<usize>]) {
    let mut places = vec![0.0; above.len()];
    let note = |layer: &[usize], places: &mut [f64]| {
        for (place, &node) in layer.iter().enumerate() {
            places[node] = (place as f64 + 0.5) / layer.len() as f64;
        }
    };
    for layer in layers.iter() {
        note(layer, &mut places);
    }
    let mut best = (crossings(layers, below), layers.to_vec());
    for sweep in 0..SWEEPS {
        let neighbours = if sweep % 2 == 0 { above } else { below };
        let order: Vec<usize> =
            if sweep % 2 == 0 { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
        for index in order {
            let wish = |node: usize| mean(neighbours[node].iter().map(|&other| places[other])).unwrap_or(places[node]);
            let mut keyed: Vec<(f64, usize)> = layers[index].iter().map(|&node| (wish(node), node)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            layers[index] = keyed.into_iter().map(|(_, node)| node).collect();
            note(&layers[index], &mut places);
        }
        let found = crossings(layers, below);
        if found < best.0 {
            best = (found, layers.to_vec());
        }
    }
    layers.clone_from_slice(&best.1);
}

/// How many pairs of edges cross. Layers with very many edges are not counted: there the last sweep stands.
fn crossings(layers: &[Vec<usize>], below: &[Vec<usize>]) -> usize {
    let mut places = vec![0; below.len()];
    for layer in layers {
        for (place, &node) in layer.iter().enumerate() {
            places[node] = place;
        }
    }
    let mut total = 0;
    for layer in layers {
        let ends: Vec<(usize, usize)> = layer
            .iter()
            .flat_map(|&node| below[node].iter().map(move |&to| (node, to)))
            .map(|(a, b)| (places[a], places[b]))
            .collect();
        if ends.len() > 1000 {
            continue;
        }
        for (index, first) in ends.iter().enumerate() {
            total += ends[index + 1..].iter().filter(|other| first.0 < other.0 && first.1 > other.1).count();
        }
    }
    total
}

/// The centre of each box along its layer.
fn centres(layers: &[Vec<usize>], widths: &[f64], above: &[Vec<usize>], below: &[Vec<usize>]) -> Vec<f64> {
    let mut centres = vec![0.0; widths.len()];
    // A chain of boxes that only have each other stands upright.
    let single = |up: usize, down: usize| below[up].len() == 1 && above[down].len() == 1;
    let alone = |a: usize, b: usize| single(a, b) && above[b] == [a] || single(b, a) && above[a] == [b];
    let sweeps = if widths.len() < 300 { 20 * SWEEPS } else { 2 * SWEEPS };
    for sweep in 0..=sweeps {
        let order: Vec<usize> =
            if sweep % 2 == 0 { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
        for index in order {
            let layer = &layers[index];
            let wishes: Vec<f64> = layer
                .iter()
                .map(|&node| {
                    let near: Vec<usize> = match sweep {
                        0 => Vec::new(),
                        _ if sweep > SWEEPS => above[node].iter().chain(&below[node]).copied().collect(),
                        _ if sweep % 2 == 0 => above[node].clone(),
                        _ => below[node].clone(),
                    };
                    // Bends pull each other hardest, so that long edges run straight (Gansner et al., 1993).
                    let pull = |other: usize| match (widths[node] == 0.0, widths[other] == 0.0) {
                        (true, true) => 8.0,
                        (false, false) if alone(node, other) => 12.0,
                        (false, false) => 1.0,
                        _ => 2.0,
                    };
                    let total: f64 = near.iter().map(|&other| pull(other)).sum();
                    if near.is_empty() {
                        centres[node]
                    } else {
                        near.iter().map(|&other| pull(other) * centres[other]).sum::<f64>() / total
                    }
                })
                .collect();
            let mut offsets = vec![0.0];
            for pair in layer.windows(2) {
                let last = offsets[offsets.len() - 1];
                offsets.push(last + f64::midpoint(widths[pair[0]], widths[pair[1]]) + GAP);
            }
            for ((&node, place), offset) in layer.iter().zip(pooled(&wishes, &offsets)).zip(&offsets) {
                centres[node] = place + offset;
            }
        }
    }
    centres
}

/// The ascending values nearest to `wishes - offsets` in least squares.
fn pooled(wishes: &[f64], offsets: &[f64]) -> Vec<f64> {
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (wish, offset) in wishes.iter().zip(offsets) {
        blocks.push((wish - offset, 1));
        while blocks.len() > 1 && blocks[blocks.len() - 2].0 > blocks[blocks.len() - 1].0 {
            let (second, first) = (blocks.pop().unwrap_or((0.0, 0)), blocks.pop().unwrap_or((0.0, 0)));
            let count = first.1 + second.1;
            blocks.push(((first.0 * first.1 as f64 + second.0 * second.1 as f64) / count as f64, count));
        }
    }
    blocks.into_iter().flat_map(|(value, count)| std::iter::repeat_n(value, count)).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_graph_is_placed_without_overlap(edges in proptest::collection::vec((0usize..12, 0usize..14), 0..40)) {
            let sizes = vec![(40.0, 20.0); 12];
            let placed = place(&sizes, &edges);
            prop_assert_eq!(placed.corners.len(), 12);
            for (index, a) in placed.corners.iter().enumerate() {
                prop_assert!(a.0 >= -1e-9 && a.0 + 40.0 <= placed.width + 1e-9 && a.1 + 20.0 <= placed.height + 1e-9);
                for b in &placed.corners[index + 1..] {
                    prop_assert!((a.0 - b.0).abs() > 40.0 + GAP - 1e-6 || (a.1 - b.1).abs() > 20.0);
                }
            }
        }
    }

    #[test]
    fn nothing_is_placed_as_nothing() {
        let placed = place(&[], &[(0, 1)]);
        assert!(placed.corners.is_empty() && placed.paths.is_empty());
    }
}

//! Two-dimensional pictures of high-dimensional rows: UMAP (`McInnes`, Healy & Melville 2018), started from principal
//! components.
//!
//! The fuzzy neighbour graph comes from umap-rs, which builds it without any randomness. Its layout does not serve
//! here: it draws from the thread's own generator, which cannot be seeded, and updates points from several threads at
//! once without locks, so no two runs agree. The layout below is the same stochastic gradient descent on the same
//! graph, edge by edge on one thread, with negative samples from a named stream.

use nalgebra::DMatrix;
use ndarray::Array2;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use umap_rs::{GraphParams, ManifoldParams, Umap, UmapConfig};

use super::distances::{Scaling, distance};
use crate::random::Streams;

/// Settings of UMAP, with the names and the defaults of its reference implementation, umap-learn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UmapSettings {
    /// How many neighbours make a neighbourhood, the point itself included; at most one less than there are rows.
    pub neighbours: usize,
    /// How often each of the strongest edges is drawn.
    pub epochs: usize,
    /// The first learning rate; it falls to 0 linearly.
    pub learning_rate: f32,
    /// Repelling draws for each attracting one.
    pub negative_samples: usize,
}

impl Default for UmapSettings {
    fn default() -> Self {
        Self { neighbours: 15, epochs: 500, learning_rate: 1.0, negative_samples: 5 }
    }
}

/// Coefficients of the low-dimensional membership `1 / (1 + a x^(2b))` for a minimum distance of 0.1 and a spread of 1:
/// the least-squares fit that umap-learn makes.
const MEMBERSHIP: (f32, f32) = (1.576_943_5, 0.895_060_9);

/// Longest move of one coordinate in one update.
const CLIP: f32 = 4.0;

/// Why rows cannot be embedded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddingError {
    /// Rows have different lengths.
    #[error("row {row} has {found} columns, row 0 has {expected}")]
    Ragged {
        /// The row, from 0.
        row: usize,
        /// Its columns.
        found: usize,
        /// Columns of the first row.
        expected: usize,
    },
    /// A number is infinite or NaN.
    #[error("row {row} holds a number that is not finite")]
    NotFinite {
        /// The row, from 0.
        row: usize,
    },
    /// The principal components could not be computed.
    #[error("the principal components could not be computed: the eigendecomposition did not converge")]
    Decomposition,
}

/// Places the rows in the plane, so that neighbours stay neighbours. The same rows, settings and streams give the same
/// bits on any number of threads. Fewer than 5 rows are placed by their principal components alone, for want of
/// neighbourhoods.
///
/// # Errors
/// When rows differ in length or hold numbers that are not finite.
pub fn umap(rows: &[Vec<f64>], settings: &UmapSettings, streams: &Streams) -> Result<Vec<[f64; 2]>, EmbeddingError> {
    let start = principal_components(rows)?;
    if rows.len() < 5 {
        return Ok(start);
    }
    let neighbours = settings.neighbours.clamp(2, rows.len() - 1);
    let edges = edges(rows, neighbours, settings.epochs);
    Ok(layout(&unit_square(&start), &edges, settings, streams))
}

/// The first two principal components of the rows, centred: scores along the eigenvectors of the covariance with the
/// two largest eigenvalues. Each eigenvector's sign is chosen so that its component of largest magnitude (the first of
/// equal ones) is positive. Missing components are 0.
///
/// # Errors
/// When rows differ in length or hold numbers that are not finite.
pub fn principal_components(rows: &[Vec<f64>]) -> Result<Vec<[f64; 2]>, EmbeddingError> {
    let columns = rows.first().map_or(0, Vec::len);
    for (row, values) in rows.iter().enumerate() {
        if values.len() != columns {
            return Err(EmbeddingError::Ragged { row, found: values.len(), expected: columns });
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(EmbeddingError::NotFinite { row });
        }
    }
    if columns == 0 {
        return Ok(vec![[0.0; 2]; rows.len()]);
    }
    let mut centred = DMatrix::from_fn(rows.len(), columns, |row, column| rows[row][column]);
    for mut column in centred.column_iter_mut() {
        let mean = column.mean();
        column.add_scalar_mut(-mean);
    }
    let covariance = centred.tr_mul(&centred) / (rows.len().max(2) - 1) as f64;
    if covariance.iter().any(|value| !value.is_finite()) {
        return Err(EmbeddingError::Decomposition);
    }
    let decomposition = nalgebra::SymmetricEigen::try_new(covariance, f64::EPSILON, 100 * columns + 1000)
        .ok_or(EmbeddingError::Decomposition)?;
    let mut order: Vec<usize> = (0..columns).collect();
    order.sort_by(|&a, &b| decomposition.eigenvalues[b].total_cmp(&decomposition.eigenvalues[a]));
    let mut scores = vec![[0.0; 2]; rows.len()];
    for (component, &column) in order.iter().take(2).enumerate() {
        let vector = decomposition.eigenvectors.column(column);
        let largest = vector
            .iter()
            .copied()
            .fold(0.0, |largest: f64, part| if part.abs() > largest.abs() { part } else { largest });
        let along = &centred * vector;
        for (score, value) in scores.iter_mut().zip(along.iter()) {
            score[component] = if largest < 0.0 { -value } else { *value };
        }
    }
    Ok(scores)
}

/// An edge of the fuzzy graph.
struct Edge {
    head: usize,
    tail: usize,
    /// It is drawn once in this many epochs.
    period: f64,
}

/// The edges of the fuzzy neighbour graph that are drawn at least once, heads and tails rising.
fn edges(rows: &[Vec<f64>], neighbours: usize, epochs: usize) -> Vec<Edge> {
    let (indices, distances) = nearest_neighbours(rows, neighbours);
    let config = UmapConfig {
        n_components: 2,
        manifold: ManifoldParams { a: Some(MEMBERSHIP.0), b: Some(MEMBERSHIP.1), ..ManifoldParams::default() },
        graph: GraphParams { n_neighbors: neighbours, ..GraphParams::default() },
        ..UmapConfig::default()
    };
    // The graph is built from the neighbours alone; of the data only the number of rows is looked at.
    let data = Array2::<f32>::zeros((rows.len(), 1));
    let manifold = Umap::new(config).learn_manifold(data.view(), indices.view(), distances.view());
    let graph = manifold.graph();
    let strongest = graph.data().iter().copied().fold(0.0_f32, f32::max);
    let least = strongest / epochs.max(1) as f32;
    let mut edges = Vec::new();
    for (head, row) in graph.outer_iterator().enumerate() {
        for (tail, &weight) in row.iter() {
            if weight >= least && weight > 0.0 {
                edges.push(Edge { head, tail, period: f64::from(strongest) / f64::from(weight) });
            }
        }
    }
    edges
}

/// The exact nearest neighbours of each row with their distances, nearest first, ties by index; the first is the row
/// itself.
fn nearest_neighbours(rows: &[Vec<f64>], neighbours: usize) -> (Array2<u32>, Array2<f32>) {
    let mut indices = Array2::zeros((rows.len(), neighbours));
    let mut distances = Array2::zeros((rows.len(), neighbours));
    for (row, values) in rows.iter().enumerate() {
        let mut others: Vec<(f64, usize)> =
            rows.iter().enumerate().map(|(other, known)| (distance(values, known, Scaling::Plain), other)).collect();
        others.sort_by(|a, b| (a.1 != row).cmp(&(b.1 != row)).then(a.0.total_cmp(&b.0)).then(a.1.cmp(&b.1)));
        for (column, (distance, other)) in others.into_iter().take(neighbours).enumerate() {
            indices[(row, column)] = other as u32;
            distances[(row, column)] = distance as f32;
        }
    }
    (indices, distances)
}

/// Each coordinate stretched to 0 .. 10, the usual size of a start.
fn unit_square(points: &[[f64; 2]]) -> Vec<[f32; 2]> {
    let mut stretched = vec![[0.0_f32; 2]; points.len()];
    for axis in 0..2 {
        let low = points.iter().map(|point| point[axis]).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(|point| point[axis]).fold(f64::NEG_INFINITY, f64::max);
        let scale = if high > low { 10.0 / (high - low) } else { 0.0 };
        for (point, target) in points.iter().zip(&mut stretched) {
            target[axis] = ((point[axis] - low) * scale) as f32;
        }
    }
    stretched
}

/// Stochastic gradient descent on the cross-entropy of the memberships.
fn layout(start: &[[f32; 2]], edges: &[Edge], settings: &UmapSettings, streams: &Streams) -> Vec<[f64; 2]> {
    let (a, b) = MEMBERSHIP;
    let streams = streams.part("umap");
    let mut points = start.to_vec();
    // Rows that coincide would never part: the pull and the push between them are both 0.
    let mut generator = streams.stream(0);
    for point in &mut points {
        for coordinate in point.iter_mut() {
            *coordinate += generator.random_range(-5e-4_f32..5e-4);
        }
    }
    let negatives = settings.negative_samples.max(1) as f64;
    let mut next: Vec<f64> = edges.iter().map(|edge| edge.period).collect();
    let mut next_negative: Vec<f64> = edges.iter().map(|edge| edge.period / negatives).collect();
    for epoch in 0..settings.epochs {
        let rate = settings.learning_rate * (1.0 - epoch as f32 / settings.epochs as f32);
        let mut generator = streams.stream(1 + epoch as u64);
        for (index, edge) in edges.iter().enumerate() {
            if next[index] > epoch as f64 {
                continue;
            }
            next[index] += edge.period;
            let pull = |square: f32| -2.0 * a * b * square.powf(b - 1.0) / (1.0 + a * square.powf(b));
            let moved = force(points[edge.head], points[edge.tail], pull);
            for axis in 0..2 {
                points[edge.head][axis] += rate * moved[axis];
                points[edge.tail][axis] -= rate * moved[axis];
            }
            let period = edge.period / negatives;
            let draws = ((epoch as f64 - next_negative[index]) / period).max(0.0).floor();
            if settings.negative_samples > 0 {
                for _ in 0..draws as usize {
                    let other = generator.random_range(0..points.len() as u64) as usize;
                    if other == edge.head {
                        continue;
                    }
                    let push = |square: f32| 2.0 * b / ((0.001 + square) * (1.0 + a * square.powf(b)));
                    let moved = force(points[edge.head], points[other], push);
                    for axis in 0..2 {
                        points[edge.head][axis] += rate * moved[axis];
                    }
                }
            }
            next_negative[index] += draws * period;
        }
    }
    points.into_iter().map(|point| point.map(f64::from)).collect()
}

/// The clipped move along `from - to`, with a coefficient of the squared distance; none for points that coincide.
fn force(from: [f32; 2], to: [f32; 2], coefficient: impl Fn(f32) -> f32) -> [f32; 2] {
    let difference = [from[0] - to[0], from[1] - to[1]];
    let square = difference[0] * difference[0] + difference[1] * difference[1];
    if square <= 0.0 {
        return [0.0; 2];
    }
    let coefficient = coefficient(square);
    difference.map(|part| (coefficient * part).clamp(-CLIP, CLIP))
}

#[cfg(test)]
mod tests {
    use rand_distr::StandardNormal;

    use super::*;

    /// Three Gaussian clouds in six dimensions.
    fn clouds() -> Vec<Vec<f64>> {
        let streams = Streams::new(5, "clouds");
        (0..90)
            .map(|row| {
                let mut generator = streams.stream(row);
                (0..6)
                    .map(|column| {
                        let centre = if column == row / 30 { 20.0 } else { 0.0 };
                        centre + generator.sample::<f64, _>(StandardNormal)
                    })
                    .collect()
            })
            .collect()
    }

    fn plane(a: [f64; 2], b: [f64; 2]) -> f64 {
        (a[0] - b[0]).hypot(a[1] - b[1])
    }

    #[test]
    fn clouds_stay_apart() {
        let points = umap(&clouds(), &UmapSettings::default(), &Streams::new(1, "test")).expect("finite rows");
        assert!(points.iter().flatten().all(|value| value.is_finite()));
        let mut own = 0;
        for (row, point) in points.iter().enumerate() {
            let nearest = (0..90)
                .filter(|&other| other != row)
                .min_by(|&a, &b| plane(*point, points[a]).total_cmp(&plane(*point, points[b])));
            own += usize::from(nearest.is_some_and(|nearest| nearest / 30 == row / 30));
        }
        assert!(own >= 88, "{own} of 90 have their nearest neighbour in their own cloud");
    }

    #[test]
    fn the_picture_is_the_same_bit_for_bit_on_any_number_of_threads() {
        let rows = clouds();
        let settings = UmapSettings { epochs: 100, ..UmapSettings::default() };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| umap(&rows, &settings, &Streams::new(1, "test"))).expect("finite rows")
        };
        let bits = |points: Vec<[f64; 2]>| points.into_iter().flatten().map(f64::to_bits).collect::<Vec<_>>();
        let first = bits(on(1));
        assert_eq!(first, bits(on(1)));
        assert_eq!(first, bits(on(2)));
        let other = umap(&rows, &settings, &Streams::new(2, "test")).expect("finite rows");
        assert_ne!(first, bits(other));
    }

    #[test]
    fn principal_components_of_a_line() {
        let rows: Vec<Vec<f64>> =
            (0..5).map(|index| vec![-3.0 * f64::from(index), 4.0 * f64::from(index), 7.0]).collect();
        let scores = principal_components(&rows).expect("finite rows");
        for (index, score) in scores.iter().enumerate() {
            assert!((score[0] - 5.0 * (index as f64 - 2.0)).abs() < 1e-9 && score[1].abs() < 1e-9, "{scores:?}");
        }
    }

    #[test]
    fn few_rows_equal_rows_and_broken_rows() {
        let settings = UmapSettings { epochs: 20, ..UmapSettings::default() };
        let streams = Streams::new(1, "test");
        for count in 0..9 {
            let equal = vec![vec![1.0, 2.0]; count];
            let points = umap(&equal, &settings, &streams).expect("finite rows");
            assert!(points.len() == count && points.iter().flatten().all(|value| value.is_finite()));
        }
        assert_eq!(
            umap(&[vec![1.0], vec![]], &settings, &streams),
            Err(EmbeddingError::Ragged { row: 1, found: 0, expected: 1 })
        );
        assert_eq!(umap(&[vec![1.0], vec![f64::NAN]], &settings, &streams), Err(EmbeddingError::NotFinite { row: 1 }));
        assert_eq!(umap(&[vec![1e300], vec![-1e300]], &settings, &streams), Err(EmbeddingError::Decomposition));
    }
}

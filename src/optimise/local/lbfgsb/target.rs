//! Where the model of the objective is low: the generalized Cauchy point, and from there the minimum over the
//! parameters that are not held by a bound.

use nalgebra::{DMatrix, DVector};

use super::memory::Memory;
use crate::optimise::bounds::Bounds;

/// A point of the box to which the line search goes from `x`. It lies downhill as far as the model is right.
pub(super) fn target(x: &[f64], gradient: &DVector<f64>, memory: &Memory, bounds: &Bounds) -> Vec<f64> {
    let cauchy = Cauchy::new(x, gradient, memory, bounds);
    if memory.is_empty() {
        return cauchy.x;
    }
    minimum(&cauchy, x, gradient, memory, bounds).unwrap_or(cauchy.x)
}

/// The first minimum of the model along the projected steepest descent (Byrd, Lu, Nocedal & Zhu 1995, algorithm CP).
struct Cauchy {
    x: Vec<f64>,
    /// `W'(x - start)`
    moved: DVector<f64>,
}

impl Cauchy {
    fn new(x: &[f64], gradient: &DVector<f64>, memory: &Memory, bounds: &Bounds) -> Self {
        let Memory { theta, wide, middle, .. } = memory;
        // When each parameter meets its bound.
        let meets: Vec<f64> = bounds
            .pairs()
            .zip(x.iter().zip(gradient.iter()))
            .map(|((lower, upper), (x, slope))| match () {
                () if *slope > 0.0 => (x - lower) / slope,
                () if *slope < 0.0 => (x - upper) / slope,
                () => f64::INFINITY,
            })
            .collect();
        let mut direction =
            DVector::from_fn(x.len(), |index, _| if meets[index] > 0.0 { -gradient[index] } else { 0.0 });
        let mut order: Vec<usize> = (0..x.len()).filter(|&index| meets[index] > 0.0).collect();
        order.sort_by(|&a, &b| meets[a].total_cmp(&meets[b]));

        let mut point = x.to_vec();
        let mut along = wide.tr_mul(&direction);
        let mut moved = DVector::zeros(along.len());
        let mut slope = -direction.norm_squared();
        let first_curvature = -theta * slope;
        let mut curvature = first_curvature - along.dot(&(middle * &along));
        let mut passed = 0.0;
        let mut left = if slope < 0.0 { -slope / curvature } else { 0.0 };
        for index in order {
            let ahead = meets[index] - passed;
            if left < ahead || !meets[index].is_finite() {
                break;
            }
            let part = gradient[index];
            point[index] = if part > 0.0 { bounds.lower[index] } else { bounds.upper[index] };
            let gone = point[index] - x[index];
            moved += &along * ahead;
            let row = wide.row(index).transpose();
            let bent = middle * &row;
            slope += ahead * curvature + part * part + theta * part * gone - part * bent.dot(&moved);
            curvature -= theta * part * part + 2.0 * part * bent.dot(&along) + part * part * bent.dot(&row);
            curvature = curvature.max(f64::EPSILON * first_curvature);
            along += row * part;
            direction[index] = 0.0;
            left = -slope / curvature;
            passed = meets[index];
        }
        let left = if left.is_finite() { left.max(0.0) } else { 0.0 };
        for (index, point) in point.iter_mut().enumerate() {
            if direction[index] != 0.0 {
                *point = x[index] + (passed + left) * direction[index];
            }
        }
        moved += along * left;
        Self { x: bounds.clip(&point), moved }
    }
}

/// The minimum of the model over the parameters that the Cauchy point does not hold at a bound, put back into the box:
/// by projection, or, where that does not lead downhill, by stopping at the first bound (Morales & Nocedal 2011).
fn minimum(cauchy: &Cauchy, x: &[f64], gradient: &DVector<f64>, memory: &Memory, bounds: &Bounds) -> Option<Vec<f64>> {
    let Memory { theta, wide, middle, .. } = memory;
    let free: Vec<usize> = bounds
        .pairs()
        .enumerate()
        .filter(|(index, (lower, upper))| *lower < cauchy.x[*index] && cauchy.x[*index] < *upper)
        .map(|(index, _)| index)
        .collect();
    if free.is_empty() {
        return None;
    }
    let narrow = wide.select_rows(&free);
    let bent = &narrow * (middle * &cauchy.moved);
    let residual = DVector::from_fn(free.len(), |row, _| {
        let index = free[row];
        gradient[index] + theta * (cauchy.x[index] - x[index]) - bent[row]
    });
    // (theta 1 - W M W')^-1 by Sherman, Morrison & Woodbury.
    let inner = DMatrix::identity(middle.nrows(), middle.nrows()) - middle * narrow.tr_mul(&narrow) / *theta;
    let inverse = inner.lu().solve(&(middle * narrow.tr_mul(&residual)))?;
    let step = -(residual / *theta + narrow * inverse / (theta * theta));
    if step.iter().any(|part| !part.is_finite()) {
        return None;
    }
    let go = |share: f64| {
        let mut point = cauchy.x.clone();
        for (&index, part) in free.iter().zip(step.iter()) {
            point[index] += share * part;
        }
        bounds.clip(&point)
    };
    let projected = go(1.0);
    let slope: f64 = projected.iter().zip(x).zip(gradient.iter()).map(|((to, from), slope)| slope * (to - from)).sum();
    if slope < 0.0 {
        return Some(projected);
    }
    let share = free.iter().zip(step.iter()).fold(1.0, |share: f64, (&index, &part)| {
        let bound = if part < 0.0 { bounds.lower[index] } else { bounds.upper[index] };
        if part == 0.0 { share } else { share.min((bound - cauchy.x[index]) / part) }
    });
    Some(go(share))
}

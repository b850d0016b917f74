//! Steps that stay strictly inside the bounds.
//!
//! The minimum of the model within the radius may lie outside the box. Then several ways of staying inside compete, and
//! the one with the lowest model value wins: the step cut short, its path reflected at the bounds (Coleman & Li 1996),
//! the step with the offending parameters held close to their bounds and the others free again (Fröhlich & Sorger 2022
//! call it truncation), and the steepest descent.

use nalgebra::{DMatrix, DVector};

use super::scaled::ScaledModel;
use super::subproblem::Quadratic;
use crate::optimise::bounds::Bounds;

/// Reflections and truncations of one path.
const MOST_BENDS: usize = 12;

/// A step in scaled coordinates.
#[derive(Debug, Clone)]
pub struct Step {
    /// The step.
    pub scaled: DVector<f64>,
    /// The model's value at it, negative for a step that promises to descend.
    pub model: f64,
}

/// The best step of length at most `radius` that the candidates offer; `None` when none promises to descend.
#[must_use]
pub fn best_step(model: &ScaledModel, x: &[f64], bounds: &Bounds, radius: f64) -> Option<Step> {
    let box_ = Room { model, x, bounds };
    let full = model.quadratic.minimise(radius);
    let zero = DVector::zeros(x.len());
    let reach = box_.reach(&zero, &full);
    let mut candidates = Vec::new();
    if model.theta * reach.nearest >= 1.0 {
        candidates.push(full);
    } else {
        candidates.push(&full * (model.theta * reach.nearest).min(1.0));
        candidates.extend(reflections(&box_, &full, radius));
        candidates.extend(truncations(&box_, &full, radius));
        candidates.extend(steepest(&box_, radius));
    }
    candidates
        .into_iter()
        .map(|scaled| Step { model: model.quadratic.value(&scaled), scaled })
        .filter(|step| step.model < 0.0 && step.model.is_finite())
        .reduce(|best, next| if next.model < best.model { next } else { best })
}

/// The box around the current point, seen from the scaled coordinates.
struct Room<'a> {
    model: &'a ScaledModel,
    x: &'a [f64],
    bounds: &'a Bounds,
}

/// How far a path may go before it meets bounds.
struct Reach {
    /// Multiple of the direction at which each parameter meets its bound; infinite where it never does.
    each: Vec<f64>,
    /// The smallest of them.
    nearest: f64,
}

impl Reach {
    /// The parameters that meet their bounds first.
    fn first(&self) -> impl Iterator<Item = usize> {
        self.each.iter().enumerate().filter(|(_, each)| **each <= self.nearest).map(|(index, _)| index)
    }
}

impl Room<'_> {
    fn reach(&self, origin: &DVector<f64>, direction: &DVector<f64>) -> Reach {
        let each: Vec<f64> = self
            .bounds
            .pairs()
            .enumerate()
            .map(|(index, (lower, upper))| {
                let move_ = direction[index] * self.model.scale[index];
                let at = self.x[index] + origin[index] * self.model.scale[index];
                if move_ > 0.0 {
                    ((upper - at) / move_).max(0.0)
                } else if move_ < 0.0 {
                    ((lower - at) / move_).max(0.0)
                } else {
                    f64::INFINITY
                }
            })
            .collect();
        let nearest = each.iter().copied().fold(f64::INFINITY, f64::min);
        Reach { each, nearest }
    }

    /// The multiple of `direction` from `origin` at which the model is lowest within the radius, not below 0.
    fn line_minimum(&self, origin: &DVector<f64>, direction: &DVector<f64>, radius: f64) -> f64 {
        let quadratic = &self.model.quadratic;
        let moved = quadratic.matrix() * direction;
        let slope = quadratic.gradient().dot(direction) + origin.dot(&moved);
        let curvature = direction.dot(&moved);
        if !slope.is_finite() || slope >= 0.0 {
            return 0.0;
        }
        // |origin + t direction| = radius
        let (a, b, c) = (direction.norm_squared(), origin.dot(direction), origin.norm_squared() - radius * radius);
        let most = if a > 0.0 { ((b * b - a * c).max(0.0).sqrt() - b).max(0.0) / a } else { 0.0 };
        if curvature > 0.0 { most.min(-slope / curvature) } else { most }
    }
}

/// Follows the path of the full step, reflected at each bound that it meets.
fn reflections(room: &Room, full: &DVector<f64>, radius: f64) -> Vec<DVector<f64>> {
    let mut found = Vec::new();
    let mut origin = DVector::zeros(full.len());
    let mut direction = full.clone();
    for _ in 0..MOST_BENDS.min(full.len()) {
        let reach = room.reach(&origin, &direction);
        if !reach.nearest.is_finite() {
            break;
        }
        origin += &direction * reach.nearest.min(1.0);
        for index in reach.first() {
            direction[index] = -direction[index];
        }
        let along = room.line_minimum(&origin, &direction, radius);
        if along <= 0.0 {
            break;
        }
        let allowed = room.model.theta * room.reach(&origin, &direction).nearest;
        found.push(&origin + &direction * along.min(allowed));
        if along <= allowed {
            break;
        }
        direction *= along;
    }
    found
}

/// Holds the parameters that meet their bounds first, and minimises over the others, as often as that meets bounds.
fn truncations(room: &Room, full: &DVector<f64>, radius: f64) -> Vec<DVector<f64>> {
    let quadratic = &room.model.quadratic;
    let theta = room.model.theta;
    let mut found = Vec::new();
    let mut held = DVector::zeros(full.len());
    let mut free: Vec<usize> = (0..full.len()).collect();
    let mut step = full.clone();
    for _ in 0..MOST_BENDS {
        let reach = room.reach(&held, &step);
        if theta * reach.nearest >= 1.0 {
            break;
        }
        let first: Vec<usize> = reach.first().collect();
        for &index in &first {
            held[index] += theta * reach.each[index] * step[index];
        }
        free.retain(|index| !first.contains(index));
        let left = (radius * radius - held.norm_squared()).max(0.0).sqrt();
        if free.is_empty() || left <= 0.0 {
            break;
        }
        let slope = quadratic.gradient() + quadratic.matrix() * &held;
        let gradient = DVector::from_fn(free.len(), |row, _| slope[free[row]]);
        let matrix =
            DMatrix::from_fn(free.len(), free.len(), |row, column| quadratic.matrix()[(free[row], free[column])]);
        let Some(reduced) = Quadratic::new(gradient, matrix) else { break };
        step = DVector::zeros(full.len());
        for (&index, &part) in free.iter().zip(reduced.minimise(left).iter()) {
            step[index] = part;
        }
        let allowed = (theta * room.reach(&held, &step).nearest).min(1.0);
        found.push(&held + &step * allowed);
    }
    found
}

fn steepest(room: &Room, radius: f64) -> Option<DVector<f64>> {
    let gradient = room.model.quadratic.gradient();
    let size = gradient.norm();
    if size.is_nan() || size <= 0.0 {
        return None;
    }
    let direction = gradient * (-1.0 / size);
    let zero = DVector::zeros(gradient.len());
    let along = room.line_minimum(&zero, &direction, radius);
    let allowed = room.model.theta * room.reach(&zero, &direction).nearest;
    Some(direction * along.min(allowed))
}

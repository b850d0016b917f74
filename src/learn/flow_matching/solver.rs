//! From noise to samples: the ordinary differential equation whose right-hand side is the learnt velocity.

use tch::Tensor;

use super::network::VelocityNetwork;
use super::objective::features;
use super::settings::FlowSettings;
use crate::learn::parameters::tensor;

/// The ends, at time 1, of the paths that start in rows of noise, `[rows, dimensions]`, by the midpoint rule: of second
/// order in the step, and never at the end of time, where velocities change fastest and are known least.
pub(super) fn solve(
    settings: &FlowSettings,
    network: &VelocityNetwork,
    weights: &[Tensor],
    noise: &Tensor,
    condition: f32,
) -> Tensor {
    let step = 1.0 / settings.steps as f64;
    let velocity = |place: &Tensor, time: f64| guided(settings, network, weights, place, time, condition);
    let mut place = noise.copy();
    for index in 0..settings.steps {
        let time = index as f64 * step;
        let middle = &place + velocity(&place, time) * (0.5 * step);
        let _ = place.g_add_(&(velocity(&middle, time + 0.5 * step) * step));
    }
    place
}

/// The velocity with guidance (Ho and Salimans 2022): from that without condition through that with it, and as far
/// beyond as `guidance` says. All rows share time and condition, so that one row of features serves them.
fn guided(
    settings: &FlowSettings,
    network: &VelocityNetwork,
    weights: &[Tensor],
    place: &Tensor,
    time: f64,
    condition: f32,
) -> Tensor {
    let one = |value: f32| tensor(&[value], &[1, 1]);
    let velocity = |condition: f32, known: f32| {
        let features = features(settings, &one(time as f32), &one(condition), &one(known));
        network.forward(place, &features, weights)
    };
    if settings.guidance == 1.0 {
        return velocity(condition, 1.0);
    }
    velocity(0.0, 0.0).lerp(&velocity(condition, 1.0), settings.guidance)
}

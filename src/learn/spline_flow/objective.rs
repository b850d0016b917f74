//! What a spline flow learns: the likelihood of rows, each given its condition.

use std::f64::consts::PI;

use tch::Tensor;

use super::network::SplineNetwork;
use super::settings::SplineFlowSettings;
use crate::learn::average;
use crate::learn::data::Rows;
use crate::learn::parameters::{Layout, tensor, values};
use crate::learn::residual::waves;
use crate::learn::standard::Standard;
use crate::learn::training::{Evaluation, Network};

/// A flow in training, with the standardisation of rows.
#[derive(Debug)]
pub(super) struct Objective<'a> {
    pub(super) settings: &'a SplineFlowSettings,
    pub(super) network: &'a SplineNetwork,
    pub(super) standard: Standard,
    /// The running average of the weights.
    pub(super) averages: Layout,
}

/// The logarithm of the standard normal density of each row of noise.
pub(super) fn log_normal(rows: &[f64], dimensions: usize) -> impl Iterator<Item = f64> {
    let constant = 0.5 * dimensions as f64 * (2.0 * PI).ln();
    rows.chunks_exact(dimensions).map(move |row| -0.5 * row.iter().map(|value| value * value).sum::<f64>() - constant)
}

impl Objective<'_> {
    /// Standardised rows with a little noise, so that values that repeat have a finite density.
    fn smoothed(&self, rows: &Rows, noise: &Tensor) -> Vec<f64> {
        let z = self.standard.standardised(&rows.x) + noise * self.settings.smoothing;
        values(&z).into_iter().map(f64::from).collect()
    }

    fn features(&self, rows: &Rows) -> Tensor {
        waves(&rows.c, self.settings.condition_frequencies)
    }
}

impl Network for Objective<'_> {
    fn parameters(&self) -> &Layout {
        self.network.layout()
    }

    fn statistics(&self) -> &Layout {
        &self.averages
    }

    fn noise(&self) -> usize {
        self.network.dimensions()
    }

    fn gradient(
        &self,
        parameters: &[Tensor],
        statistics: &[Tensor],
        rows: &Rows,
        noise: &Tensor,
        _weight: f64,
        gradients: &[Tensor],
    ) {
        let share = 1.0 / rows.len() as f64;
        let mut state = self.smoothed(rows, noise);
        let (_, tapes) = self.network.forward_training(&mut state, &self.features(rows), parameters);
        for value in &mut state {
            *value *= share;
        }
        self.network.backward(&tapes, &mut state, -share, parameters, gradients);
        // The step is still to come, so that the average is one step behind.
        average::follow(statistics, parameters, self.settings.average);
    }

    fn evaluate(&self, _parameters: &[Tensor], statistics: &[Tensor], rows: &Rows, noise: &Tensor) -> Evaluation {
        let weights = average::weights(statistics);
        let dimensions = self.network.dimensions();
        let (mut state, features) = (self.smoothed(rows, noise), self.features(rows));
        let logs = self.network.forward(&mut state, &features, &weights);
        let sum: f64 = logs.iter().zip(log_normal(&state, dimensions)).map(|(log, normal)| log + normal).sum();
        let mut centre = vec![0.0; state.len()];
        self.network.inverse(&mut centre, &features, &weights);
        let centre: Vec<f32> = centre.into_iter().map(|value| value as f32).collect();
        Evaluation {
            reconstruction: self.standard.log_volume() - sum / rows.len() as f64,
            kl: 0.0,
            reconstructed: self.standard.scaled(&tensor(&centre, &[rows.len() as i64, dimensions as i64])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::batches::noise;
    use crate::learn::spline_flow::network::draw_orders;
    use crate::learn::spline_flow::settings::{read, schema};
    use crate::random::Streams;
    use crate::schema::Value;

    const FLOATS: (tch::Kind, tch::Device) = (tch::Kind::Float, tch::Device::Cpu);

    #[test]
    fn gradients_are_finite_differences_of_the_loss() {
        let fields = schema().fields.into_iter().filter_map(|field| Some((field.name.to_owned(), field.default?)));
        let mut settings: std::collections::BTreeMap<_, _> = fields.collect();
        settings.insert("kind".into(), Value::choice("spline_flow", []));
        for (name, value) in [("width", 6), ("transforms", 3), ("bins", 4)] {
            settings.insert(name.into(), Value::Integer(value));
        }
        let settings = read(&settings).expect("settings");
        let streams = Streams::new(1, "spline flow");
        let values: Vec<f32> = (0..80_i16).map(|i| f32::from(i * i % 17) / 16.0).collect();
        let rows = Rows::new(&values, 3);
        let network = SplineNetwork::new(&settings, 3, &draw_orders(3, 3, &streams));
        let objective = Objective {
            settings: &settings,
            network: &network,
            standard: Standard::new(&rows.x),
            averages: average::layout(network.layout()),
        };
        let layout = network.layout();
        let flat = noise(1, layout.len(), &streams, 0).view([-1]) * 0.3;
        let draws = noise(rows.len(), 3, &streams, 1);
        let gradient = flat.full_like(f64::NAN);
        // The average follows at once, so that it is evaluated where the gradient was taken.
        let running = |flat: &Tensor| {
            let statistics = objective.averages.views(&Tensor::zeros([layout.len() as i64 + 1], FLOATS));
            average::follow(&statistics, &layout.views(flat), 0.5);
            statistics
        };
        let views = layout.views(&flat);
        objective.gradient(&views, &running(&flat), &rows, &draws, 0.0, &layout.views(&gradient));
        let loss = |flat: &Tensor| objective.evaluate(&[], &running(flat), &rows, &draws).reconstruction;
        layout.assert_slopes(&flat, &gradient, (1e-3, 0.03, 2e-4), loss);
    }
}

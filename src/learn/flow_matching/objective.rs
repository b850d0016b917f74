//! What a flow learns: the velocity along straight paths from noise to rows, with features of time and condition.

use tch::{Kind, Tensor};

use super::network::VelocityNetwork;
use super::settings::FlowSettings;
use crate::learn::average;
use crate::learn::batches::uniform;
use crate::learn::data::Rows;
use crate::learn::parameters::Layout;
use crate::learn::residual::waves;
use crate::learn::standard::Standard;
use crate::learn::training::{Evaluation, Network};

/// A flow in training: a velocity network, the standardisation of rows, and the weights of conditions.
#[derive(Debug)]
pub(super) struct Objective<'a> {
    settings: &'a FlowSettings,
    network: &'a VelocityNetwork,
    standard: Standard,
    /// Mean weight of the training rows.
    weight: f64,
    /// The running average of the weights.
    averages: Layout,
}

/// How many features of time and condition there are.
pub(super) fn features_count(settings: &FlowSettings) -> usize {
    2 * settings.time_frequencies + 2 * settings.condition_frequencies + 3
}

/// Features `[rows, features]` of time and condition, `[rows, 1]` each. Where `known` is 0 the condition is hidden: zeros,
/// and a mark.
pub(super) fn features(settings: &FlowSettings, time: &Tensor, condition: &Tensor, known: &Tensor) -> Tensor {
    let seen = waves(condition, settings.condition_frequencies) * known;
    Tensor::cat(&[waves(time, settings.time_frequencies), seen, 1.0 - known], 1)
}

impl<'a> Objective<'a> {
    pub(super) fn new(settings: &'a FlowSettings, network: &'a VelocityNetwork, training: &Rows) -> Self {
        let averages = average::layout(network.layout());
        let mut objective = Self { settings, network, standard: Standard::new(&training.x), weight: 1.0, averages };
        objective.weight = objective.weights(&training.c).mean(Kind::Double).double_value(&[]);
        objective
    }

    pub(super) fn standard(self) -> Standard {
        self.standard
    }

    /// What rows of these conditions weigh, with a mean of 1 over the training rows. Which rows there are is data and
    /// not the model's to judge: at each condition the best velocity is the same, and only effort is moved.
    fn weights(&self, conditions: &Tensor) -> Tensor {
        (conditions.clamp(0.0, 1.0) * -self.settings.favour).exp() / self.weight
    }

    /// The point at `time` of the straight paths from noise to rows, and the features there.
    fn at(&self, noise: &Tensor, z: &Tensor, time: &Tensor, condition: &Tensor, known: &Tensor) -> (Tensor, Tensor) {
        (noise + time * (z - noise), features(self.settings, time, condition, known))
    }
}

impl Network for Objective<'_> {
    fn parameters(&self) -> &Layout {
        self.network.layout()
    }

    fn statistics(&self) -> &Layout {
        &self.averages
    }

    /// The start of the path, its time, and whether the condition is hidden.
    fn noise(&self) -> usize {
        self.standard.dimensions() + 2
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
        let width = self.standard.dimensions() as i64;
        let (z, start) = (self.standard.standardised(&rows.x), noise.narrow(1, 0, width));
        let time = uniform(&noise.narrow(1, width, 1));
        let known = uniform(&noise.narrow(1, width + 1, 1)).ge(self.settings.label_dropout).to_kind(Kind::Float);
        let (place, features) = self.at(&start, &z, &time, &rows.c, &known);
        let (velocity, tape) = self.network.forward_training(&place, &features, parameters);
        let share = 2.0 / (rows.len() as f64 * width as f64);
        let by_velocity = (velocity - (z - start)) * (self.weights(&rows.c) * share);
        self.network.backward(&tape, &by_velocity, parameters, gradients);
        // The step is still to come, so that the average is one step behind.
        average::follow(statistics, parameters, self.settings.average);
    }

    fn evaluate(&self, _parameters: &[Tensor], statistics: &[Tensor], rows: &Rows, noise: &Tensor) -> Evaluation {
        let width = self.standard.dimensions() as i64;
        let weights = average::weights(statistics);
        let (z, start) = (self.standard.standardised(&rows.x), noise.narrow(1, 0, width));
        let known = rows.c.ones_like();
        let early = uniform(&noise.narrow(1, width, 1));
        // Each row at two times half a path apart, with opposite noise: of less variance than two independent draws.
        let pairs = [(start.shallow_clone(), early.shallow_clone()), (-&start, (early + 0.5).frac())];
        let losses = pairs.map(|(start, time)| {
            let (place, features) = self.at(&start, &z, &time, &rows.c, &known);
            let errors = self.network.forward(&place, &features, &weights) - (&z - start);
            let errors = errors.square().mean_dim(1_i64, true, Kind::Double);
            (errors * self.weights(&rows.c)).mean(Kind::Double).double_value(&[])
        });
        let half = rows.c.full_like(0.5);
        let (place, features) = self.at(&start, &z, &half, &rows.c, &known);
        let end = &place + self.network.forward(&place, &features, &weights) * 0.5;
        Evaluation {
            reconstruction: f64::midpoint(losses[0], losses[1]),
            kl: 0.0,
            reconstructed: self.standard.scaled(&end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::batches::noise;
    use crate::learn::flow_matching::settings::{read, schema};
    use crate::learn::parameters::values;
    use crate::random::Streams;
    use crate::schema::Value;

    fn settings() -> FlowSettings {
        let fields = schema().fields.into_iter().filter_map(|field| Some((field.name.to_owned(), field.default?)));
        let mut settings: std::collections::BTreeMap<_, _> = fields.collect();
        settings.insert("kind".into(), Value::choice("flow_matching", []));
        read(&settings).expect("the defaults are settings")
    }

    #[test]
    fn rows_of_low_fval_weigh_more_and_all_together_as_many() {
        let settings = settings();
        let network = VelocityNetwork::new(1, features_count(&settings), 4, 1);
        let rows = Rows::new(&[0.1, 0.0, 0.2, 0.0, 0.6, 1.0, 0.9, 0.5], 1);
        let objective = Objective::new(&settings, &network, &rows);
        let weights = values(&objective.weights(&rows.c));
        assert!((weights.iter().sum::<f32>() - 4.0).abs() < 1e-5, "{weights:?}");
        assert!((weights[0] / weights[2] - 1.0_f32.exp()).abs() < 1e-4 && weights[0] == weights[1], "{weights:?}");
        let z = objective.standard.standardised(&rows.x);
        assert!(
            z.mean(Kind::Float).double_value(&[]).abs() < 1e-6 && (z.std(false).double_value(&[]) - 1.0).abs() < 1e-5
        );
        assert!(objective.standard.scaled(&z).allclose(&rows.x, 1e-5, 1e-6, false));
    }

    #[test]
    fn hidden_conditions_leave_no_trace() {
        let settings = settings();
        let of = |condition: f64, known: f64| {
            let one = |value: f64| Tensor::from_slice(&[value as f32]).view([1, 1]);
            values(&features(&settings, &one(0.3), &one(condition), &one(known)))
        };
        assert_eq!(of(0.2, 1.0).len(), features_count(&settings));
        assert_eq!(of(0.2, 0.0), of(0.9, 0.0));
        assert_ne!(of(0.0, 1.0), of(0.0, 0.0));
        assert_ne!(of(-0.25, 1.0), of(0.25, 1.0));
    }

    #[test]
    fn the_average_forgets_where_it_started() {
        let settings = FlowSettings { average: 0.9, ..settings() };
        let network = VelocityNetwork::new(1, features_count(&settings), 4, 1);
        let rows = Rows::new(&[0.1, 0.0, 0.2, 0.0, 0.6, 1.0, 0.9, 0.5], 1);
        let objective = Objective::new(&settings, &network, &rows);
        let streams = Streams::new(1, "average");
        let flat = Tensor::from_slice(&network.layout().start(&streams));
        let running = Tensor::from_slice(&objective.averages.start(&streams));
        let (views, averages) = (network.layout().views(&flat), objective.averages.views(&running));
        let gradients = network.layout().views(&flat.zeros_like());
        for index in 0..3 {
            objective.gradient(&views, &averages, &rows, &noise(4, 3, &streams, index), 0.0, &gradients);
        }
        let averaged = Tensor::from_slice(&average::flat(&values(&running)));
        assert!(averaged.allclose(&flat, 1e-5, 1e-6, false));
    }
}

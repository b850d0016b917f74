//! A conditional neural spline flow (Durkan, Bekasov, Murray and Papamakarios 2019): an invertible map between parameter
//! vectors and standard normal noise given the condition, whose density is known exactly and is what it learns by. It is
//! the baseline that the other kinds are held against: how likely held-out rows are is one number.
//!
//! The flow lives where each parameter has mean 0 and standard deviation 1 over the training rows. Transforms split the
//! parameters in orders that are drawn once a training; the second of each two bends what the first left. Samples and
//! densities are those of a running average of the weights, which the last steps do not shake. Noise beyond the tails is not
//! bent, and so is led to the ends of all rows whatever the condition: at a tail of 3 that is 0.3 % of it in each parameter,
//! which moments see (they add up to 0.4 to a variance of 1) and quantiles do not; `tail = 5` leaves none. Networks
//! compute in 32-bit numbers, splines in 64-bit ones, and their derivatives are written out: libtorch would take a
//! hundred small operations for each spline.
//!
//! In the history, `loss` and `reconstruction` are the negative log-density of rows scaled to 0..1, in nats a row, with
//! the noise of `smoothing` on them, so that they compare with the losses of autoencoders, which are bounds of the same.
//! `kl` is 0: there is no posterior. `rmse`, `pearson` and `spearman` compare rows with the image of the noise's centre
//! at their condition: small only where the condition alone says what a row is, so that kinds do not compare in them.

mod network;
mod objective;
pub(super) mod settings;
mod spline;

use std::ops::Range;

use rayon::prelude::*;

use self::network::{SplineNetwork, draw_orders};
use self::objective::{Objective, log_normal};
pub use self::settings::{KIND, SplineFlowSettings, schema};
use super::archive::Archive;
use super::average;
use super::data::{Space, TrainingData, same_length};
use super::error::LearnError;
use super::generator::{Engine, Generator, Session, Trained};
use super::kinds::Settings;
use super::parameters::tensor;
use super::residual::waves;
use super::sampling::{self, BLOCK};
use super::standard::Standard;
use super::training;
use crate::graph::Graph;
use crate::random::Streams;

/// How neural spline flows are trained and read.
pub const ENGINE: Engine = Engine { train, load };

/// A trained neural spline flow.
#[derive(Debug, Clone, PartialEq)]
pub struct SplineFlow {
    settings: SplineFlowSettings,
    space: Space,
    standard: Standard,
    orders: Vec<Vec<usize>>,
    network: SplineNetwork,
    weights: Vec<f32>,
}

/// Trains a flow.
fn train(
    settings: &Settings,
    data: &TrainingData,
    streams: &Streams,
    session: &mut Session,
) -> Result<Trained, LearnError> {
    let settings = settings::read(settings)?;
    let scaled = data.scaled()?;
    let dimensions = data.names.len();
    let orders = draw_orders(settings.transforms, dimensions, &streams.part("coordinates"));
    let network = SplineNetwork::new(&settings, dimensions, &orders);
    let standard = Standard::new(&scaled.training.x);
    let objective =
        Objective { settings: &settings, network: &network, standard, averages: average::layout(network.layout()) };
    let identity = training::identity(&settings, data, streams);
    let regime = settings.train.regime(0.0, training::Anneal::None);
    let outcome = training::train(&objective, &scaled, &regime, &identity, streams, session)?;
    let (standard, weights) = (objective.standard, average::flat(&outcome.statistics));
    Ok(outcome.trained(KIND.name, |_, _| SplineFlow {
        space: scaled.space,
        standard,
        orders,
        network,
        weights,
        settings,
    }))
}

/// Builds a flow from its file; all sizes come from settings within their limits and must fit the arrays.
fn load(archive: &Archive) -> Result<Box<dyn Generator>, LearnError> {
    let settings: SplineFlowSettings = archive.describe("settings")?;
    settings.check()?;
    let space = Space::read(archive)?;
    let dimensions = space.names.len();
    let standard = Standard::read(archive, dimensions)?;
    let orders: Vec<Vec<usize>> = archive.describe("orders")?;
    let permutation = |order: &Vec<usize>| {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        sorted.into_iter().eq(0..dimensions)
    };
    if orders.len() != settings.transforms.div_ceil(2) || !orders.iter().all(permutation) {
        return Err(LearnError::Damaged("`orders` are no orders of the parameters".into()));
    }
    let network = SplineNetwork::new(&settings, dimensions, &orders);
    let weights = network.layout().read(archive)?;
    Ok(Box::new(SplineFlow { settings, space, standard, orders, network, weights }))
}

impl SplineFlow {
    /// The vectors of these numbers, on the estimation scale.
    fn block(&self, condition: f32, range: Range<usize>, streams: &Streams) -> Vec<Vec<f64>> {
        let (dimensions, asked) = (self.space.names.len(), range.len());
        let mut rows: Vec<f64> = sampling::noise(range, dimensions, streams);
        self.network.layout().with(&self.weights, |weights| {
            let features = waves(&tensor(&[condition], &[1, 1]), self.settings.condition_frequencies);
            self.network.inverse(&mut rows, &features, weights);
        });
        let estimation_scale = |row: &[f64]| {
            let value = |(column, &z): (usize, &f64)| self.space.unscale(column, self.standard.scaled_one(column, z));
            row.iter().enumerate().map(value).collect()
        };
        rows.chunks_exact(dimensions).take(asked).map(estimation_scale).collect()
    }

    /// The log-densities of at most [`BLOCK`] rows.
    fn densities(&self, rows: &[Vec<f64>], conditions: &[f64]) -> Vec<f64> {
        let dimensions = self.space.names.len();
        let standardised = |row: &Vec<f64>| -> Vec<f64> {
            let value =
                |(column, &x): (usize, &f64)| self.standard.standardised_one(column, self.space.scale_one(column, x));
            row.iter().enumerate().map(value).collect()
        };
        let mut state: Vec<f64> = rows.iter().flat_map(standardised).collect();
        state.resize(BLOCK * dimensions, 0.0);
        let mut known: Vec<f32> = conditions.iter().map(|&condition| condition as f32).collect();
        known.resize(BLOCK, 0.0);
        let logs = self.network.layout().with(&self.weights, |weights| {
            let features = waves(&tensor(&known, &[BLOCK as i64, 1]), self.settings.condition_frequencies);
            self.network.forward(&mut state, &features, weights)
        });
        let volume = self.standard.log_volume() + self.space.log_volume();
        let normal = log_normal(&state, dimensions);
        logs.iter().zip(normal).take(rows.len()).map(|(log, normal)| log + normal - volume).collect()
    }
}

impl Generator for SplineFlow {
    fn sample(&self, condition: f64, count: usize, streams: &Streams) -> Result<Vec<Vec<f64>>, LearnError> {
        sampling::in_blocks(condition, count, |condition, range| self.block(condition, range, streams))
    }

    fn embed(&self, _rows: &[Vec<f64>], _conditions: &[f64]) -> Result<Vec<Vec<f64>>, LearnError> {
        Err(LearnError::NoLatentSpace(self.settings.kind.clone()))
    }

    fn log_density(&self, rows: &[Vec<f64>], conditions: &[f64]) -> Result<Vec<f64>, LearnError> {
        same_length("conditions", conditions.len(), rows.len())?;
        for (index, (row, condition)) in rows.iter().zip(conditions).enumerate() {
            same_length(&format!("values in row {index}"), row.len(), self.space.names.len())?;
            let wrong = row.iter().zip(&self.space.names).find(|(value, _)| !value.is_finite());
            if let Some((_, name)) = wrong {
                return Err(LearnError::NotFinite { row: index, name: name.clone() });
            }
            sampling::finite_condition(*condition, index)?;
        }
        let blocks = rows.par_chunks(BLOCK).zip(conditions.par_chunks(BLOCK));
        Ok(blocks.flat_map_iter(|(rows, conditions)| self.densities(rows, conditions)).collect())
    }

    fn graph(&self) -> Graph {
        self.network.graph()
    }

    fn parameters(&self) -> usize {
        self.weights.len()
    }

    fn write(&self, archive: &mut Archive) {
        archive.description["settings"] = serde_json::to_value(&self.settings).expect("settings are plain data");
        archive.description["orders"] = serde_json::to_value(&self.orders).expect("orders are plain data");
        self.space.write(archive);
        self.standard.write(archive);
        self.network.layout().write(&self.weights, archive);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tch::Tensor;

    use super::*;
    use crate::learn::batches::noise;
    use crate::learn::parameters::values;
    use crate::schema::Value;

    /// A flow of random weights over three coordinates, away from the identity, but not so far that the numbers which the
    /// networks see in 32 bits say little of the way back.
    fn network() -> (SplineNetwork, Tensor, usize) {
        let fields = schema().fields.into_iter().filter_map(|field| Some((field.name.to_owned(), field.default?)));
        let mut settings: Settings = fields.collect();
        settings.insert("kind".into(), Value::choice("spline_flow", []));
        settings.insert("width".into(), Value::Integer(8));
        let settings = settings::read(&settings).expect("settings");
        let streams = Streams::new(3, "flow");
        let network = SplineNetwork::new(&settings, 3, &draw_orders(5, 3, &streams));
        let weights = noise(1, network.layout().len(), &streams, 9).view([-1]) * 0.2;
        (network, weights, settings.condition_frequencies)
    }

    proptest! {
        #[test]
        fn rows_lead_to_noise_and_back(row in proptest::collection::vec(-4.0_f64..4.0, 3), condition in -0.5_f32..1.5) {
            let (network, weights, frequencies) = network();
            let weights = network.layout().views(&weights);
            let features = waves(&tensor(&[condition], &[1, 1]), frequencies);
            let mut there = row.clone();
            let logs = network.forward(&mut there, &features, &weights);
            let mut back = there.clone();
            let again = network.inverse(&mut back, &features, &weights);
            // Networks see 32-bit numbers: the last of their digits may differ on the way back.
            for (start, end) in row.iter().zip(&back) {
                prop_assert!((start - end).abs() < 1e-3, "{row:?} becomes {there:?} becomes {back:?}");
            }
            prop_assert!((logs[0] - again[0]).abs() < 1e-2 * (1.0 + logs[0].abs()), "{logs:?} {again:?}");
        }
    }

    #[test]
    fn the_determinant_is_that_of_differences() {
        let (network, weights, frequencies) = network();
        let views = network.layout().views(&weights);
        let features = waves(&tensor(&[0.3], &[1, 1]), frequencies);
        let row = [0.3, -0.7, 1.1];
        let log = network.forward(&mut row.clone(), &features, &views)[0];
        let step = 1e-3;
        let mut columns = [[0.0; 3]; 3];
        for (index, column) in columns.iter_mut().enumerate() {
            let at = |sign: f64| {
                let mut moved = row;
                moved[index] += sign * step;
                network.forward(&mut moved, &features, &views);
                moved
            };
            let (above, below) = (at(1.0), at(-1.0));
            *column = std::array::from_fn(|to| (above[to] - below[to]) / (2.0 * step));
        }
        let [a, b, c] = columns;
        let determinant = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0]);
        assert!((determinant.ln() - log).abs() < 0.02, "{} is not {log}", determinant.ln());
        assert!(log.abs() > 0.1 && values(&weights).len() == network.layout().len());
    }
}

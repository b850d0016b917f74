//! The training loop that all generators share: epochs of shuffled batches, evaluation, early stopping, checkpoints.

use rand::RngExt;
use tch::{Tensor, no_grad};

use super::adam::Adam;
use super::batches::{noise, order, split};
use super::checkpoint::{MEASURES, State};
use super::data::{Rows, Scaled, TrainingData};
use super::error::LearnError;
use super::generator::{Generator, Session, Trained};
use super::metrics::Target;
use super::parameters::{Layout, one_thread, tensor, values};
use crate::random::Streams;
use crate::table::Table;

/// A network that the loop can train.
pub trait Network {
    /// What is trained.
    fn parameters(&self) -> &Layout;
    /// Running statistics, which training updates and evaluation uses.
    fn statistics(&self) -> &Layout;
    /// How many standard normal numbers a row needs.
    fn noise(&self) -> usize;
    /// Writes the gradient of the mean loss of a batch, with the regulariser at `weight`, into `gradients`, which have
    /// the parameters' shapes. Updates the statistics.
    fn gradient(
        &self,
        parameters: &[Tensor],
        statistics: &[Tensor],
        rows: &Rows,
        noise: &Tensor,
        weight: f64,
        gradients: &[Tensor],
    );
    /// Losses of the rows by the running statistics, and their reconstruction.
    fn evaluate(&self, parameters: &[Tensor], statistics: &[Tensor], rows: &Rows, noise: &Tensor) -> Evaluation;
    /// Is the target's entropy part of the reconstruction loss?
    fn bernoulli(&self) -> bool {
        false
    }
}

/// Mean losses over rows, in nats a row where the loss is a likelihood.
#[derive(Debug)]
pub struct Evaluation {
    /// The reconstruction loss.
    pub reconstruction: f64,
    /// The Kullback-Leibler divergence of the posterior from the prior, unweighted; 0 where there is no posterior.
    pub kl: f64,
    /// Scaled rows without noise, or the nearest that a network has to them, `[rows, parameters]`.
    pub reconstructed: Tensor,
}

/// How the weight of the KL term moves in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Anneal {
    /// The full weight from the start.
    None,
    /// From 0 to the full weight over this many epochs.
    Linear(f64),
    /// Fu et al. 2019: in each of this many equal cycles, from 0 to the full weight in the first half, then constant.
    Cyclical(f64),
}

impl Anneal {
    /// The share of the full weight when `done` (0..1) of the `epochs` have passed.
    #[must_use]
    pub fn share(self, done: f64, epochs: usize) -> f64 {
        match self {
            Anneal::None => 1.0,
            Anneal::Linear(length) => (done * epochs as f64 / length).min(1.0),
            Anneal::Cyclical(cycles) => (2.0 * (done * cycles).fract()).min(1.0),
        }
    }
}

/// How a network is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Regime {
    /// Learning rate of Adam.
    pub learning_rate: f64,
    /// L2 penalty of Adam.
    pub weight_decay: f64,
    /// The share of the running mean of gradients that a step of Adam keeps.
    pub beta1: f64,
    /// Most epochs.
    pub epochs: usize,
    /// Rows in a batch, at most; see [`split`].
    pub batch: usize,
    /// Epochs without a lower validation loss before training stops.
    pub patience: usize,
    /// Full weight of the KL term.
    pub kl_weight: f64,
    /// Its way there.
    pub anneal: Anneal,
}

/// What training leaves.
#[derive(Debug)]
pub struct Outcome {
    /// Parameters of the best epoch.
    pub parameters: Vec<f32>,
    /// Running statistics of the best epoch.
    pub statistics: Vec<f32>,
    /// Measures of each epoch; see [`Measures`].
    pub history: Table,
    /// The best epoch, counted from 1.
    pub best_epoch: usize,
    /// Its validation loss.
    pub validation_loss: f64,
    /// What went wrong without stopping the training.
    pub warnings: Vec<String>,
}

impl Outcome {
    /// The story of the training, with the generator that `built` makes of parameters and statistics.
    pub(super) fn trained<T: Generator + 'static>(
        self,
        kind: &'static str,
        built: impl FnOnce(Vec<f32>, Vec<f32>) -> T,
    ) -> Trained {
        let Outcome { parameters, statistics, history, best_epoch, validation_loss, warnings } = self;
        let generator = Box::new(built(parameters, statistics));
        Trained { kind, history, best_epoch, validation_loss, warnings, generator }
    }
}

/// What tells a training from others, for checkpoints: settings, data and streams.
pub(super) fn identity(settings: &dyn std::fmt::Debug, data: &TrainingData, streams: &Streams) -> String {
    let draws: [u64; 2] = streams.part("identity").stream(0).random();
    format!("{settings:?} {} {draws:?}", data.fingerprint())
}

/// The most training rows whose measures are computed each epoch. They are drawn once, so that measuring costs a
/// fraction of training and epochs compare.
pub const MEASURED_ROWS: usize = 512;

/// Trains a network on scaled rows. `identity` tells this training from others, for checkpoints.
///
/// Epochs are compared by the validation loss at the *full* KL weight, whatever the annealing does, on the same noise
/// in all epochs. Epochs that end below the full weight may be the best, but do not count towards the patience.
///
/// # Errors
/// When the batch is larger than the training set, when the session is stopped, or when no epoch has a finite loss.
pub fn train(
    network: &dyn Network,
    data: &Scaled,
    regime: &Regime,
    identity: &str,
    streams: &Streams,
    session: &mut Session,
) -> Result<Outcome, LearnError> {
    let rows = data.training.len();
    if regime.batch > rows {
        return Err(LearnError::BatchTooLarge { batch: regime.batch, rows });
    }
    one_thread();
    let measures = Measures::new(network, data, streams);
    let mut warnings = Vec::new();
    let mut state = start(network, regime, streams);
    if let Some(bytes) = session.checkpoints.load()
        && let Err(error) = state.restore(&bytes, identity)
    {
        warnings.push(format!("the checkpoint is ignored and training starts anew: {error}"));
    }
    let batches = split(rows, regime.batch);
    let (orders, noises) = (streams.part("order"), streams.part("noise"));
    // Views of the flat tensors, which are changed in place.
    let mut gradient = state.parameters.zeros_like();
    let gradients = network.parameters().views(&gradient);
    let parameters = network.parameters().views(&state.parameters);
    let statistics = network.statistics().views(&state.statistics);
    let pause = session.checkpoints.pause();
    let most = pause.map_or(regime.epochs, |pause| pause.min(regime.epochs));
    while state.epochs < most && state.stale < regime.patience {
        if (session.stop)() {
            session.checkpoints.save(&state.to_bytes(identity));
            return Err(LearnError::Interrupted { epochs: state.epochs });
        }
        let epoch = state.epochs as u64;
        let shuffled = data.training.select(&order(rows, &orders, epoch));
        let epoch_noise = noise(rows, network.noise(), &noises, epoch);
        for (index, &(first, count)) in batches.iter().enumerate() {
            let done = (state.epochs as f64 + index as f64 / batches.len() as f64) / regime.epochs as f64;
            let weight = regime.kl_weight * regime.anneal.share(done, regime.epochs);
            let (batch, noise) = (shuffled.narrow(first, count), epoch_noise.narrow(0, first, count));
            network.gradient(&parameters, &statistics, &batch, &noise, weight, &gradients);
            state.adam.step(&mut state.parameters, &mut gradient);
        }
        let measured = measures.measure(network, &state, regime.kl_weight);
        let loss = measured[1][0];
        if !loss.is_finite() {
            if state.best_epoch == 0 {
                return Err(LearnError::Diverged { epoch: state.epochs + 1 });
            }
            warnings.push(format!("the training diverged in epoch {}; the best epoch before it is kept", epoch + 1));
            break;
        }
        state.epochs += 1;
        state.history.push(measured);
        if loss < state.best_loss {
            state.best = (state.parameters.copy(), state.statistics.copy());
            (state.best_loss, state.best_epoch, state.stale) = (loss, state.epochs, 0);
        } else if full_weight(regime, state.epochs, batches.len()) {
            state.stale += 1;
        }
        (session.progress)(state.epochs, regime.epochs, loss);
        if session.checkpoints.due(state.epochs) {
            session.checkpoints.save(&state.to_bytes(identity));
        }
    }
    if pause.is_some() {
        session.checkpoints.save(&state.to_bytes(identity));
    }
    Ok(Outcome {
        parameters: values(&state.best.0),
        statistics: values(&state.best.1),
        history: measures.table(&state),
        best_epoch: state.best_epoch,
        validation_loss: state.best_loss,
        warnings,
    })
}

/// Had the last batch of this epoch, counted from 1, the full KL weight?
fn full_weight(regime: &Regime, epoch: usize, batches: usize) -> bool {
    let done = (epoch as f64 - 1.0 / batches as f64) / regime.epochs as f64;
    regime.anneal.share(done, regime.epochs) >= 1.0
}

fn start(network: &dyn Network, regime: &Regime, streams: &Streams) -> State {
    let weights = network.parameters().start(&streams.part("weights"));
    let statistics = network.statistics().start(&streams.part("statistics"));
    let flat = |values: &[f32]| tensor(values, &[values.len() as i64]);
    State {
        epochs: 0,
        best: (flat(&weights), flat(&statistics)),
        adam: Adam::new(weights.len() as i64, regime.learning_rate, regime.weight_decay).with_beta1(regime.beta1),
        parameters: flat(&weights),
        statistics: flat(&statistics),
        best_epoch: 0,
        best_loss: f64::INFINITY,
        stale: 0,
        history: Vec::new(),
    }
}

/// What is measured each epoch on training rows (a subsample of at most [`MEASURED_ROWS`]) and on all validation rows,
/// in this order: loss (reconstruction and KL at full weight), reconstruction, KL, RMSE in units of the estimation
/// scale, Pearson, Spearman. The losses use one latent draw a row, the same in all epochs; the last three compare rows
/// with their reconstruction without noise.
#[derive(Debug)]
pub struct Measures {
    splits: [(Rows, Tensor, Target); 2],
    bernoulli: bool,
}

impl Measures {
    fn new(network: &dyn Network, data: &Scaled, streams: &Streams) -> Self {
        let streams = streams.part("evaluation");
        let mut sample = order(data.training.len(), &streams, 0);
        sample.truncate(MEASURED_ROWS);
        sample.sort_unstable();
        let widths: Vec<f64> = data.space.lower.iter().zip(&data.space.upper).map(|(low, high)| high - low).collect();
        let split = |rows: Rows, stream| {
            let target = Target::new(&values(&rows.x), widths.clone());
            (noise(rows.len(), network.noise(), &streams, stream), rows, target)
        };
        let splits = [
            split(data.training.select(&sample), 1),
            split(data.validation.narrow(0, data.validation.len() as i64), 2),
        ];
        Self { splits: splits.map(|(noise, rows, target)| (rows, noise, target)), bernoulli: network.bernoulli() }
    }

    fn measure(&self, network: &dyn Network, state: &State, kl_weight: f64) -> [[f64; MEASURES]; 2] {
        no_grad(|| {
            let parameters = network.parameters().views(&state.parameters);
            let statistics = network.statistics().views(&state.statistics);
            self.splits.each_ref().map(|(rows, noise, target)| {
                let found = network.evaluate(&parameters, &statistics, rows, noise);
                let [rmse, pearson, spearman] = target.compare(&values(&found.reconstructed));
                let loss = found.reconstruction + kl_weight * found.kl;
                [loss, found.reconstruction, found.kl, rmse, pearson, spearman]
            })
        })
    }

    /// The history: epoch (from 1), split, the measures, `entropy` for binary cross-entropy, `best` (0 or 1).
    fn table(&self, state: &State) -> Table {
        let rows: Vec<(usize, usize)> = (0..state.history.len()).flat_map(|epoch| [(epoch, 0), (epoch, 1)]).collect();
        let mut table = Table::new()
            .integer("epoch", rows.iter().map(|(epoch, _)| *epoch as i64 + 1).collect())
            .text("split", rows.iter().map(|(_, split)| ["training", "validation"][*split].to_owned()).collect());
        for (index, name) in ["loss", "reconstruction", "kl", "rmse", "pearson", "spearman"].into_iter().enumerate() {
            let column = rows.iter().map(|(epoch, split)| state.history[*epoch][*split][index]).collect();
            table = table.number(name, column);
        }
        if self.bernoulli {
            let entropies = self.splits.each_ref().map(|(.., target)| target.bernoulli_entropy());
            table = table.number("entropy", rows.iter().map(|(_, split)| entropies[*split]).collect());
        }
        table.integer("best", rows.iter().map(|(epoch, _)| i64::from(epoch + 1 == state.best_epoch)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_of_the_kl_term_anneals() {
        let cyclical = Anneal::Cyclical(4.0);
        let shares: Vec<f64> =
            [0.0, 0.0625, 0.125, 0.2, 0.25, 0.3125].iter().map(|&at| cyclical.share(at, 80)).collect();
        assert_eq!(shares, vec![0.0, 0.5, 1.0, 1.0, 0.0, 0.5]);
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|done| Anneal::Linear(50.0).share(done, 100)), [0.0, 0.5, 1.0, 1.0]);
        assert_eq!(Anneal::None.share(0.0, 1), 1.0);
    }
}

//! The game: a discriminator learns to tell rows near a condition from samples near it, and the generator's gradient
//! leads where the discriminator takes its samples for rows.

use tch::{Kind, Tensor, no_grad};

use super::energy::{bins, energy_distance};
use super::network::ConditionalNetwork;
use super::settings::{CcganSettings, GanLoss};
use super::vicinity::{Reach, Vicinity};
use crate::learn::adam::Adam;
use crate::learn::batches::uniform;
use crate::learn::data::Rows;
use crate::learn::parameters::{Layout, Start, tensor, values};
use crate::learn::standard::Standard;
use crate::learn::training::{Evaluation, Network, Regime};

/// A game in training. The loop trains the generator; the discriminator, the state of its optimiser and the running
/// average of the generator are among the running statistics, so that checkpoints hold them.
#[derive(Debug)]
pub(super) struct Objective<'a> {
    settings: &'a CcganSettings,
    generator: &'a ConditionalNetwork,
    discriminator: ConditionalNetwork,
    regime: Regime,
    standard: Standard,
    /// Standardised training rows in ascending order of their conditions.
    rows: Tensor,
    vicinity: Vicinity,
    statistics: Layout,
}

/// Numbers of a discriminator's step for each row besides the latent vector: the row whose condition is the target, the
/// noise on it, the row that stands for it, the row at whose condition the sample is drawn.
const DRAWS: usize = 4;

/// Rows near targets and samples near the same targets.
struct Round {
    /// Where both are judged, `[rows, 1]`.
    targets: Tensor,
    real: Tensor,
    real_weights: Tensor,
    /// Where samples are drawn, `[rows, 1]`.
    conditions: Tensor,
    fake_weights: Tensor,
}

impl<'a> Objective<'a> {
    pub(super) fn new(settings: &'a CcganSettings, generator: &'a ConditionalNetwork, training: &Rows) -> Self {
        let discriminator = ConditionalNetwork::discriminator(settings, training.x.size()[1] as usize);
        let (numbers, zero) = (discriminator.layout().len() as i64, Start::Constant(0.0));
        let mut statistics = discriminator.layout().clone();
        statistics.add("first", &[numbers], zero);
        statistics.add("second", &[numbers], zero);
        statistics.add("steps", &[1], zero);
        statistics.add("average", &[generator.layout().len() as i64], zero);
        statistics.add("mass", &[1], zero);
        let labels = values(&training.c);
        let mut order: Vec<i64> = (0..labels.len() as i64).collect();
        order.sort_by(|&a, &b| labels[a as usize].total_cmp(&labels[b as usize]));
        let sorted = order.iter().map(|&row| f64::from(labels[row as usize])).collect();
        let standard = Standard::new(&training.x);
        let rows = standard.standardised(&training.x).index_select(0, &Tensor::from_slice(&order));
        let vicinity = Vicinity::new(settings.vicinity, sorted);
        Self { settings, generator, discriminator, regime: settings.regime(), standard, rows, vicinity, statistics }
    }

    pub(super) fn standard(self) -> Standard {
        self.standard
    }

    /// The generator's averaged weights, from flat statistics: their average since zeros, by the share that is not.
    pub(super) fn averaged(&self, statistics: &[f32]) -> Vec<f32> {
        let Some((mass, before)) = statistics.split_last() else { return Vec::new() };
        before[before.len() - self.generator.layout().len()..].iter().map(|value| value / mass).collect()
    }

    /// The targets, rows and conditions of a step of the discriminator, by `DRAWS` normal numbers a row.
    ///
    /// Ding et al. 2021 draw the conditions of samples uniformly from a vicinity; here they are those of rows in it, so
    /// that rows and samples differ in nothing but what the generator makes of a condition, also at the ends and where
    /// conditions grow dense.
    fn round(&self, draws: &Tensor) -> Round {
        let (normal, shares) = (values(draws), values(&uniform(draws)));
        let count = draws.size()[0] as usize;
        let mut columns: [Vec<f32>; 4] = std::array::from_fn(|_| Vec::with_capacity(count));
        let mut chosen = Vec::with_capacity(count);
        let all = 0..self.vicinity.len();
        for (normal, share) in normal.chunks_exact(DRAWS).zip(shares.chunks_exact(DRAWS)) {
            let at = Vicinity::pick(&all, f64::from(share[0]));
            let target = self.vicinity.target(self.vicinity.label(at), f64::from(normal[1]));
            let (real, fake) = match self.vicinity.rows(target) {
                // Without a vicinity the row itself, also where others have its condition.
                _ if self.vicinity.reach() == Reach::Nothing => (at, at),
                near => (Vicinity::pick(&near, f64::from(share[2])), Vicinity::pick(&near, f64::from(share[3]))),
            };
            let condition = self.vicinity.label(fake);
            chosen.push(real as i64);
            let row = [
                target,
                self.vicinity.weight(target, self.vicinity.label(real)),
                condition,
                self.vicinity.weight(target, condition),
            ];
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value as f32));
        }
        let [targets, real_weights, conditions, fake_weights] =
            columns.map(|column| tensor(&column, &[count as i64, 1]));
        // Mean weights of 1, so that the penalty weighs as much whatever the vicinity.
        let share = |weights: Tensor| &weights / weights.mean(Kind::Float);
        Round {
            real: self.rows.index_select(0, &Tensor::from_slice(&chosen)),
            real_weights: share(real_weights),
            fake_weights: share(fake_weights),
            targets,
            conditions,
        }
    }

    /// The discriminator's loss of scores of rows and of samples, each `[rows, 1]`.
    fn loss(&self, real: &Tensor, fake: &Tensor, round: &Round) -> Tensor {
        let (real, fake) = match self.settings.loss {
            GanLoss::Vanilla => (real.neg().softplus(), fake.softplus()),
            GanLoss::Hinge => ((real - 1.0).neg().relu(), (fake + 1.0).relu()),
        };
        (real * &round.real_weights).mean(Kind::Float) + (fake * &round.fake_weights).mean(Kind::Float)
    }

    /// One step of the discriminator, whose weights and moments are changed in place.
    fn learn_to_tell(&self, parameters: &[Tensor], statistics: &[Tensor], noise: &Tensor) {
        let own = self.discriminator.layout();
        let round = self.round(&noise.narrow(1, 0, DRAWS as i64));
        let latent = noise.narrow(1, DRAWS as i64, self.settings.latent as i64);
        let samples = no_grad(|| self.generator.forward(&latent, &round.conditions, parameters));
        let mut flat = whole(&statistics[0], own);
        let leaf = flat.detach().set_requires_grad(true);
        let weights = own.views(&leaf);
        let penalised = self.settings.penalty > 0.0;
        let rows = round.real.detach().set_requires_grad(penalised);
        let real = self.discriminator.forward(&rows, &round.targets, &weights);
        let fake = self.discriminator.forward(&samples, &round.targets, &weights);
        let loss = self.loss(&real, &fake, &round);
        let loss = if penalised {
            let slopes = Tensor::run_backward(&[real.sum(Kind::Float)], &[&rows], true, true);
            let squares = slopes[0].square().sum_dim_intlist(1_i64, true, Kind::Float);
            loss + (squares * &round.real_weights).mean(Kind::Float) * (0.5 * self.settings.penalty)
        } else {
            loss
        };
        let mut gradient = Tensor::run_backward(&[loss], &[&leaf], false, false).remove(0);
        let at = own.entries.len();
        let [first, second, steps] = [&statistics[at], &statistics[at + 1], &statistics[at + 2]];
        let rate = self.regime.learning_rate * self.settings.discriminator_rate;
        let mut adam = Adam::new(own.len() as i64, rate, self.regime.weight_decay).with_beta1(self.regime.beta1).over(
            first.shallow_clone(),
            second.shallow_clone(),
            steps.double_value(&[0]) as u64,
        );
        adam.step(&mut flat, &mut gradient);
        let _ = steps.shallow_clone().g_add_scalar_(1.0);
    }
}

/// The tensors of a layout that lie in one flat tensor, from their first on, as one.
fn whole(first: &Tensor, layout: &Layout) -> Tensor {
    first.as_strided([layout.len() as i64], [1_i64], None)
}

impl Network for Objective<'_> {
    fn parameters(&self) -> &Layout {
        self.generator.layout()
    }

    fn statistics(&self) -> &Layout {
        &self.statistics
    }

    /// For each step of the discriminator its draws and a latent vector; for the generator's a latent vector and the
    /// noise on the condition.
    fn noise(&self) -> usize {
        self.settings.discriminator_steps * (DRAWS + self.settings.latent) + self.settings.latent + 1
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
        let (latent, block) = (self.settings.latent as i64, (DRAWS + self.settings.latent) as i64);
        for step in 0..self.settings.discriminator_steps as i64 {
            self.learn_to_tell(parameters, statistics, &noise.narrow(1, step * block, block));
        }
        let at = self.settings.discriminator_steps as i64 * block;
        let normal = values(&noise.narrow(1, at + latent, 1));
        let target = |(&label, &normal): (&f32, &f32)| self.vicinity.target(f64::from(label), f64::from(normal)) as f32;
        let targets: Vec<f32> = values(&rows.c).iter().zip(&normal).map(target).collect();
        let targets = tensor(&targets, &[targets.len() as i64, 1]);
        let leaf = whole(&parameters[0], self.generator.layout()).detach().set_requires_grad(true);
        let weights = self.generator.layout().views(&leaf);
        let samples = self.generator.forward(&noise.narrow(1, at, latent), &targets, &weights);
        let scores = self.discriminator.forward(&samples, &targets, statistics);
        let loss = match self.settings.loss {
            GanLoss::Vanilla => (-scores).softplus(),
            GanLoss::Hinge => -scores,
        };
        let found = Tensor::run_backward(&[loss.mean(Kind::Float)], &[&leaf], false, false).remove(0);
        // The step is still to come, so that the average is one step behind.
        no_grad(|| {
            whole(&gradients[0], self.generator.layout()).copy_(&found);
            let (rate, last) = (1.0 - self.settings.average, statistics.len() - 1);
            let _ = statistics[last - 1].shallow_clone().lerp_(&leaf.detach(), rate);
            let _ = statistics[last].shallow_clone().lerp_(&statistics[last].ones_like(), rate);
        });
    }

    fn evaluate(&self, _parameters: &[Tensor], statistics: &[Tensor], rows: &Rows, noise: &Tensor) -> Evaluation {
        let last = statistics.len() - 1;
        let flat = &statistics[last - 1] / &statistics[last];
        let weights = self.generator.layout().views(&flat);
        let (latent, block) = (self.settings.latent as i64, (DRAWS + self.settings.latent) as i64);
        let order = rows.c.squeeze_dim(1).argsort_stable(true, 0, false);
        let (conditions, sorted) = (rows.c.index_select(0, &order), self.standard.standardised(&rows.x));
        let (sorted, noise) = (sorted.index_select(0, &order), noise.index_select(0, &order));
        // As many samples a row as there are latent vectors in its noise.
        let steps = self.settings.discriminator_steps as i64;
        let places = (0..=steps).map(|step| step * block + if step < steps { DRAWS as i64 } else { 0 });
        let samples: Vec<Tensor> = places
            .map(|place| self.generator.forward(&noise.narrow(1, place, latent), &conditions, &weights))
            .collect();
        let distance: f64 = bins(rows.len())
            .into_iter()
            .map(|(first, count)| {
                let near: Vec<Tensor> = samples.iter().map(|samples| samples.narrow(0, first, count)).collect();
                count as f64 * energy_distance(&sorted.narrow(0, first, count), &Tensor::cat(&near, 0))
            })
            .sum();
        let centre = noise.narrow(1, 0, latent).zeros_like();
        Evaluation {
            reconstruction: distance / rows.len() as f64,
            kl: 0.0,
            reconstructed: self.standard.scaled(&self.generator.forward(&centre, &rows.c, &weights)),
        }
    }
}

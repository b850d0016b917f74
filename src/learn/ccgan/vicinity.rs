//! Vicinities of conditions (Ding et al. 2021): few rows, or a single one, have a given condition, so that the
//! discriminator judges a condition by the rows whose conditions are near.

use super::settings::VicinitySettings;

/// The conditions of the training rows, and which of them are near.
#[derive(Debug, Clone, PartialEq)]
pub struct Vicinity {
    /// The conditions, in ascending order.
    labels: Vec<f64>,
    /// Standard deviation of the noise on target conditions.
    sigma: f64,
    reach: Reach,
}

/// How far a vicinity reaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reach {
    /// This radius everywhere, and all within alike.
    Hard {
        /// The radius kappa.
        kappa: f64,
    },
    /// Weights exp(-nu distance^2) everywhere.
    Soft {
        /// 1 / kappa^2.
        nu: f64,
    },
    /// The least radius that holds so many rows.
    Rows(usize),
    /// No vicinity: a row's own condition alone.
    Nothing,
}

/// Rows of less weight than this do not stand for a condition (Ding et al. 2021 in their code).
const LEAST_WEIGHT: f64 = 1e-3;
/// The least radius: of rows that all have one condition it would be 0, and nu infinite.
const LEAST_RADIUS: f64 = 1e-6;

impl Vicinity {
    /// Of conditions in ascending order, at least one.
    #[must_use]
    pub fn new(settings: VicinitySettings, labels: Vec<f64>) -> Self {
        let kappa =
            |gaps: f64, rows: usize| (gaps * largest_gap(&labels)).max(typical_radius(&labels, rows)).max(LEAST_RADIUS);
        let reach = match settings {
            VicinitySettings::Hard { gaps, rows } => Reach::Hard { kappa: kappa(gaps, rows) },
            VicinitySettings::Soft { gaps, rows } => Reach::Soft { nu: kappa(gaps, rows).powi(-2) },
            VicinitySettings::Adaptive { rows } => Reach::Rows(rows),
            VicinitySettings::None => Reach::Nothing,
        };
        let sigma = if reach == Reach::Nothing { 0.0 } else { bandwidth(&labels) };
        Self { labels, sigma, reach }
    }

    /// Standard deviation of the noise on target conditions.
    #[must_use]
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// How far vicinities reach.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// A condition to train at: `label` with noise of `normal` standard deviations. Reflected at the lowest and highest
    /// condition of the training rows, beyond which there is nothing to learn from.
    #[must_use]
    pub fn target(&self, label: f64, normal: f64) -> f64 {
        let (least, most) = (self.labels[0], self.labels[self.labels.len() - 1]);
        let noisy = label + self.sigma * normal;
        let reflected = if noisy < least { 2.0 * least - noisy } else { noisy };
        let reflected = if reflected > most { 2.0 * most - reflected } else { reflected };
        reflected.clamp(least, most)
    }

    /// The half-width of the vicinity of a target.
    #[must_use]
    pub fn radius(&self, target: f64) -> f64 {
        match self.reach {
            Reach::Hard { kappa } => kappa,
            Reach::Soft { nu } => (-LEAST_WEIGHT.ln() / nu).sqrt(),
            Reach::Rows(rows) => radius_of(&self.labels, target, rows),
            Reach::Nothing => 0.0,
        }
    }

    /// What a row of this condition weighs at a target within whose vicinity it is.
    #[must_use]
    pub fn weight(&self, target: f64, label: f64) -> f64 {
        match self.reach {
            Reach::Soft { nu } => (-nu * (label - target).powi(2)).exp(),
            Reach::Hard { .. } | Reach::Rows(_) | Reach::Nothing => 1.0,
        }
    }

    /// The rows in the vicinity of a target, as a range of the ascending order; where there is none, the nearest row.
    #[must_use]
    pub fn rows(&self, target: f64) -> std::ops::Range<usize> {
        let radius = self.radius(target);
        // By the differences that the adaptive radius is one of, so that rounding loses no row on its edge.
        let first = self.labels.partition_point(|&label| target - label > radius);
        let end = self.labels.partition_point(|&label| label - target <= radius);
        if first < end {
            return first..end;
        }
        let nearest = match first {
            0 => 0,
            first if first == self.labels.len() => first - 1,
            first if target - self.labels[first - 1] <= self.labels[first] - target => first - 1,
            first => first,
        };
        nearest..nearest + 1
    }

    /// The row of a range at the share `u` (0..1) of it.
    #[must_use]
    pub fn pick(range: &std::ops::Range<usize>, u: f64) -> usize {
        (range.start + (u * range.len() as f64) as usize).min(range.end - 1)
    }

    /// The condition of a row.
    #[must_use]
    pub fn label(&self, row: usize) -> f64 {
        self.labels[row]
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// Silverman's rule of thumb as in Ding et al. 2021: 1.06 times the standard deviation times the fifth root of 1 / N.
fn bandwidth(labels: &[f64]) -> f64 {
    let count = labels.len() as f64;
    let mean = labels.iter().sum::<f64>() / count;
    let variance = labels.iter().map(|label| (label - mean).powi(2)).sum::<f64>() / count;
    1.06 * variance.sqrt() * count.powf(-0.2)
}

/// The largest gap between neighbouring conditions.
fn largest_gap(labels: &[f64]) -> f64 {
    labels.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
}

/// The median over the rows of the radius that holds `rows` rows, the row itself among them. The rule of Ding et al.
/// knows gaps alone, since their images share few labels; conditions here are all different and gaps may be tiny.
fn typical_radius(labels: &[f64], rows: usize) -> f64 {
    let mut radii: Vec<f64> = labels.iter().map(|&label| radius_of(labels, label, rows)).collect();
    radii.sort_unstable_by(f64::total_cmp);
    radii[(radii.len() - 1) / 2]
}

/// The least radius around a target that holds `rows` rows, or all where there are fewer.
fn radius_of(labels: &[f64], target: f64, rows: usize) -> f64 {
    let rows = rows.min(labels.len());
    // The nearest rows are a window of the ascending order; it starts where its ends are as far away as possible alike.
    let (mut low, mut high) = (0, labels.len() - rows);
    while low < high {
        let middle = usize::midpoint(low, high);
        if target - labels[middle] > labels[middle + rows] - target {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (target - labels[low]).max(labels[low + rows - 1] - target)
}

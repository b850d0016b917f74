//! The loss of variational autoencoders as their settings say it: one likelihood, and the divergence with its weight.

use serde::{Deserialize, Serialize};

use super::likelihood::Likelihood;
use crate::learn::error::LearnError;
use crate::learn::train_settings::{MOST_EPOCHS, within};
use crate::learn::training::Anneal;
use crate::schema::{Choice, Field, Type, Value};

/// A term of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossTerm {
    /// See [`Likelihood::Gaussian`].
    Gaussian,
    /// See [`Likelihood::Bernoulli`].
    Bce,
    /// See [`Likelihood::ContinuousBernoulli`].
    ContinuousBernoulli,
    /// The Kullback-Leibler divergence of the posterior from the prior.
    Kl {
        /// Its weight; 1 is the evidence lower bound.
        weight: f64,
        /// Its way to the full weight.
        anneal: AnnealSettings,
        /// What each latent dimension may say at no charge, in nats.
        #[serde(default, skip_serializing_if = "is_zero")]
        free_bits: f64,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// How the weight of the KL term moves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnealSettings {
    /// The full weight from the start.
    None,
    /// From 0 to the full weight.
    Linear {
        /// In this many epochs.
        epochs: usize,
    },
    /// Fu et al. 2019.
    Cyclical {
        /// Cycles over all epochs.
        cycles: usize,
    },
}

/// The field `loss` of a schema.
pub(in crate::learn) fn field() -> Field {
    let whole = |most| Type::Integer { least: 1, most };
    let anneal = vec![
        Choice::new("none", "The full weight from the start.", vec![]),
        Choice::new(
            "linear",
            "From 0 to the full weight.",
            vec![Field::new("epochs", whole(MOST_EPOCHS), Value::Integer(50), "Until the full weight.").unit("epochs")],
        ),
        Choice::new(
            "cyclical",
            "In each cycle from 0 to the full weight in the first half, then constant (Fu et al. 2019).",
            vec![Field::new("cycles", whole(1000), Value::Integer(4), "Cycles over all epochs.")],
        ),
    ];
    let kl = vec![
        Field::new(
            "weight",
            Type::Number { least: 0.0, most: 1e6 },
            Value::Number(1.0),
            "Full weight; 1 is the evidence lower bound.",
        ),
        Field::new("anneal", Type::Choice(anneal), Value::choice("none", []), "Its way to the full weight."),
        Field::new(
            "free_bits",
            Type::Number { least: 0.0, most: 100.0 },
            Value::Number(0.0),
            "What each latent dimension may say at no charge, mean over a batch (Kingma et al. 2016): none of them \
             falls silent below it.",
        )
        .unit("nats")
        .added(),
    ];
    let terms = vec![
        Choice::new("gaussian", "Gaussian likelihood with learned variance.", vec![]),
        Choice::new("bce", "Binary cross-entropy; no normalised likelihood on continuous values.", vec![]),
        Choice::new(
            "continuous_bernoulli",
            "Continuous Bernoulli likelihood (Loaiza-Ganem and Cunningham 2019).",
            vec![],
        ),
        Choice::new("kl", "Kullback-Leibler divergence of the posterior from the prior.", kl),
    ];
    let default = Value::List(vec![
        Value::choice("gaussian", []),
        Value::choice(
            "kl",
            [("weight", Value::Number(1.0)), ("anneal", Value::choice("none", [])), ("free_bits", Value::Number(0.0))],
        ),
    ]);
    Field::new("loss", Type::Sum(terms), default, "One likelihood of the reconstruction, and the KL term.")
}

/// Is there one likelihood and one divergence, within their limits?
///
/// # Errors
/// When not.
pub(in crate::learn) fn check(terms: &[LossTerm]) -> Result<(), LearnError> {
    let (kl, likelihoods): (Vec<LossTerm>, Vec<LossTerm>) =
        terms.iter().partition(|term| matches!(term, LossTerm::Kl { .. }));
    if likelihoods.len() != 1 || kl.len() != 1 {
        let text = "`loss` needs one of gaussian, bce and continuous_bernoulli, plus one kl: \
                    without the kl term nothing could be sampled from the prior";
        return Err(LearnError::Settings(text.into()));
    }
    match kl[0] {
        LossTerm::Kl { weight, .. } if !(weight >= 0.0 && weight.is_finite()) => {
            Err(LearnError::Settings(format!("`loss.kl.weight` is {weight}")))
        }
        LossTerm::Kl { free_bits, .. } if !(0.0..=100.0).contains(&free_bits) => {
            Err(LearnError::Settings(format!("`loss.kl.free_bits` is {free_bits}, not between 0 and 100")))
        }
        LossTerm::Kl { anneal: AnnealSettings::Linear { epochs: count }, .. }
        | LossTerm::Kl { anneal: AnnealSettings::Cyclical { cycles: count }, .. } => {
            within("loss.kl.anneal", count, MOST_EPOCHS)
        }
        _ => Ok(()),
    }
}

/// The likelihood among the terms.
pub(in crate::learn) fn likelihood(terms: &[LossTerm]) -> Likelihood {
    let of = |term: &LossTerm| match term {
        LossTerm::Bce => Some(Likelihood::Bernoulli),
        LossTerm::ContinuousBernoulli => Some(Likelihood::ContinuousBernoulli),
        LossTerm::Gaussian => Some(Likelihood::Gaussian),
        LossTerm::Kl { .. } => None,
    };
    terms.iter().find_map(of).unwrap_or(Likelihood::Gaussian)
}

/// The full weight of the divergence among the terms, and its way there.
pub(in crate::learn) fn divergence(terms: &[LossTerm]) -> (f64, Anneal) {
    let kl = terms.iter().find_map(|term| match term {
        LossTerm::Kl { weight, anneal, .. } => Some((*weight, *anneal)),
        _ => None,
    });
    let (weight, anneal) = kl.unwrap_or((1.0, AnnealSettings::None));
    let anneal = match anneal {
        AnnealSettings::None => Anneal::None,
        AnnealSettings::Linear { epochs } => Anneal::Linear(epochs as f64),
        AnnealSettings::Cyclical { cycles } => Anneal::Cyclical(cycles as f64),
    };
    (weight, anneal)
}

/// What each latent dimension may say at no charge, in nats.
pub(in crate::learn) fn free_bits(terms: &[LossTerm]) -> f64 {
    let free = |term: &LossTerm| match term {
        LossTerm::Kl { free_bits, .. } => Some(*free_bits),
        _ => None,
    };
    terms.iter().find_map(free).unwrap_or(0.0)
}

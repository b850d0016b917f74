//! The local searches of scatter search: which members descend, and what becomes of them (Egea, Balsa-Canto, García &
//! Banga, Industrial & Engineering Chemistry Research 2009; Egea, Martí & Banga 2010).
//!
//! A descent is due after the first generation and then after every tenth. Two filters pass members: by merit, the
//! better half of the reference set; by distance, those that lie outside of the basins found so far. A basin reaches as
//! far around its minimum as three quarters of the longest way of a descent that ended there (Ugray et al., INFORMS
//! Journal on Computing 2007); what is lower than the minimum is in another basin. Of what passes, the member with the best sum of two ranks descends: of its fval, and of
//! its distance to the nearest minimum that was found, as eSS weighs quality and diversity.

use serde::{Deserialize, Serialize};

use super::Member;
use crate::optimise::global::ranked;
use crate::optimise::local::lbfgsb::LbfgsbSettings;
use crate::optimise::local::levenberg_marquardt::LevenbergMarquardtSettings;
use crate::optimise::local::nelder_mead::NelderMeadSettings;
use crate::optimise::local::{LocalSettings, methods};
use crate::optimise::trust_region::DescentSettings;
use crate::schema::{Choice, Field, Type, Value};

/// The local method of scatter search: one of [`LocalSettings`], or none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Local {
    /// No member descends.
    #[default]
    None,
    /// [`crate::optimise::trust_region`]
    Gradient(DescentSettings),
    /// [`crate::optimise::local::lbfgsb`]
    Lbfgsb(LbfgsbSettings),
    /// [`crate::optimise::local::levenberg_marquardt`]
    LevenbergMarquardt(LevenbergMarquardtSettings),
    /// [`crate::optimise::local::nelder_mead`]
    NelderMead(NelderMeadSettings),
}

impl Local {
    /// Does no member descend?
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// The method, where there is one.
    #[must_use]
    pub fn settings(self) -> Option<LocalSettings> {
        match self {
            Self::None => None,
            Self::Gradient(settings) => Some(LocalSettings::Gradient(settings)),
            Self::Lbfgsb(settings) => Some(LocalSettings::Lbfgsb(settings)),
            Self::LevenbergMarquardt(settings) => Some(LocalSettings::LevenbergMarquardt(settings)),
            Self::NelderMead(settings) => Some(LocalSettings::NelderMead(settings)),
        }
    }
}

/// `local = ...`
pub(super) fn field() -> Field {
    let mut choices = vec![Choice::new("none", "no member descends", vec![])];
    choices.extend(methods());
    Field::new(
        "local",
        Type::Choice(choices),
        Value::choice("none", []),
        "the local method by which members descend that are good and far from the minima found so far (Egea et al. 2009)",
    )
}

/// Generations between two descents.
const EVERY: usize = 10;
/// A basin's reach, in units of the longest way of a descent within it.
const REACH: f64 = 0.75;
/// Ends closer than this, in widths of the box, are one minimum.
const SAME: f64 = 1e-3;

/// What is known of local searches.
pub(super) struct Locals {
    settings: Option<LocalSettings>,
    basins: Vec<Basin>,
    /// Generations until the next descent is due.
    left: usize,
    /// The member that descends, and whether its descent has been asked for.
    descending: Option<(usize, bool)>,
}

/// Where descents ended, or where one could not begin.
struct Basin {
    minimum: Vec<f64>,
    /// Its fval; where no descent could begin, nothing is lower.
    fval: f64,
    /// The longest way of a descent to it.
    longest: f64,
}

impl Locals {
    pub(super) fn new(local: Local) -> Self {
        Self { settings: local.settings(), basins: Vec::new(), left: 0, descending: None }
    }

    /// After a generation: is a descent due, and is there a member for it? The members stand in the order of their fvals.
    pub(super) fn is_due(&mut self, members: &[Member]) -> bool {
        if self.settings.is_none() {
            return false;
        }
        if self.left > 0 {
            self.left -= 1;
            return false;
        }
        self.descending = self.select(members).map(|member| (member, false));
        self.left = if self.descending.is_some() { EVERY } else { 0 };
        self.descending.is_some()
    }

    /// The start of the descent that is due.
    pub(super) fn descent(&mut self, members: &[Member]) -> Option<(Vec<f64>, LocalSettings)> {
        let (member, is_asked) = self.descending.as_mut()?;
        (!std::mem::replace(is_asked, true)).then_some(())?;
        Some((members[*member].x.clone(), self.settings?))
    }

    /// Takes the end of the descent: its member goes there, unless another is there already.
    pub(super) fn learn(&mut self, members: &mut [Member], end: Option<(Vec<f64>, f64)>) {
        let Some((index, _)) = self.descending.take() else { return };
        let start = members[index].x.clone();
        let Some((x, fval)) = end else {
            self.basins.push(Basin { minimum: start, fval: f64::NEG_INFINITY, longest: 0.0 });
            return;
        };
        let way = distance(&start, &x);
        match self.basins.iter_mut().find(|basin| distance(&basin.minimum, &x) < SAME) {
            Some(basin) => basin.longest = basin.longest.max(way),
            None => self.basins.push(Basin { minimum: x.clone(), fval, longest: way }),
        }
        let is_taken =
            members.iter().enumerate().any(|(other, member)| other != index && distance(&member.x, &x) < SAME);
        if fval < members[index].fval && !is_taken {
            members[index] = Member { x, fval, stuck: 0 };
        }
    }

    fn select(&self, members: &[Member]) -> Option<usize> {
        let passes = |&index: &usize| {
            let Member { x, fval, .. } = &members[index];
            let is_new = |basin: &Basin| *fval < basin.fval || distance(x, &basin.minimum) > REACH * basin.longest;
            fval.is_finite() && self.basins.iter().all(is_new)
        };
        let passed: Vec<usize> = (0..members.len().div_ceil(2)).filter(passes).collect();
        let nearness = |&index: &usize| {
            let distances = self.basins.iter().map(|basin| distance(&members[index].x, &basin.minimum));
            -distances.fold(f64::INFINITY, f64::min)
        };
        // The members are ranked by fval already; equal sums go to the lower fval.
        let by_distance = ranked(&passed.iter().map(nearness).collect::<Vec<_>>());
        let sum = |rank: usize| rank + by_distance.iter().position(|&at| at == rank).unwrap_or(0);
        (0..passed.len()).min_by_key(|&rank| sum(rank)).map(|rank| passed[rank])
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Value;

    fn member(x: f64, fval: f64) -> Member {
        Member { x: vec![x], fval, stuck: 0 }
    }

    #[test]
    fn good_members_far_from_known_minima_descend() {
        let mut locals = Locals::new(Local::Gradient(DescentSettings::default()));
        let mut members =
            vec![member(0.1, 1.0), member(0.15, 2.0), member(0.9, 3.0), member(0.5, 4.0), member(0.7, 5.0)];
        assert!(locals.is_due(&members));
        // The best one first.
        assert_eq!(locals.descent(&members).map(|(x, _)| x), Some(vec![0.1]));
        assert_eq!(locals.descent(&members), None);
        locals.learn(&mut members, Some((vec![0.2], 0.5)));
        assert_eq!((members[0].x[0], members[0].fval), (0.2, 0.5));
        // Nine generations without, then the one in the better half that lies outside of the basin.
        assert_eq!((0..EVERY).filter(|_| locals.is_due(&members)).count(), 0);
        assert!(locals.is_due(&members));
        assert_eq!(locals.descent(&members).map(|(x, _)| x), Some(vec![0.9]));
        // It fails, and is not tried again.
        locals.learn(&mut members, None);
        assert_eq!(members[2].x[0], 0.9);
        locals.left = 0;
        assert!(!locals.is_due(&members));
        // What is lower than the minimum of the basin that it seems to lie in is in another one.
        members[1].fval = 0.4;
        assert!(locals.is_due(&members));
        assert_eq!(locals.descent(&members).map(|(x, _)| x), Some(vec![0.15]));
    }

    #[test]
    fn no_two_members_go_to_one_minimum() {
        let mut locals = Locals::new(Local::Gradient(DescentSettings::default()));
        let mut members = vec![member(0.3, 1.0), member(0.8, 2.0)];
        locals.descending = Some((1, true));
        locals.learn(&mut members, Some((vec![0.3001], 0.9)));
        assert_eq!(members[1].x[0], 0.8);
    }

    #[test]
    fn every_choice_has_a_typed_form() {
        let Type::Choice(choices) = field().kind else { panic!("it is a choice") };
        let names: Vec<&str> = choices.iter().map(|choice| choice.name).collect();
        assert_eq!(names, ["none", "gradient", "lbfgsb", "levenberg_marquardt", "nelder_mead"]);
        for choice in choices {
            let settings = choice
                .fields
                .iter()
                .map(|field| (field.name.to_owned(), field.default.clone().expect("every setting has a default")));
            let local: Local = Value::Choice(choice.name.to_owned(), settings.collect()).to().expect("the schema fits");
            assert_eq!(local.is_none(), choice.name == "none");
            assert_eq!(local.settings().is_none(), local.is_none());
        }
    }
}

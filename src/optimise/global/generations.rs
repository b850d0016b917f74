//! What all methods by generations share: the conversation around a search in the unit cube.

use crate::optimise::ask::{Answer, Ask, Optimiser, Stop};
use crate::optimise::bounds::Bounds;
use crate::optimise::design;
use crate::random::Streams;

/// A method by generations, in the unit cube.
pub trait Search {
    /// The next generation: points of the unit cube, at least one; or why there is none. It is asked once between two
    /// calls of [`Search::learn`].
    ///
    /// # Errors
    /// The reason to stop, when the search is over.
    fn propose(&mut self) -> Result<Vec<Vec<f64>>, Stop>;

    /// The fvals of the last generation, in its order; infinite where a solve failed, never NaN.
    fn learn(&mut self, fvals: &[f64]);
}

/// A [`Search`] as an [`Optimiser`] in a box.
pub struct Generations {
    bounds: Bounds,
    /// Indices of the parameters that are not fixed by equal bounds: the cube's dimensions.
    free: Vec<usize>,
    search: Option<Box<dyn Search + Send>>,
    /// The question that is open.
    asked: Option<Ask>,
    best: Option<(Vec<f64>, f64)>,
}

impl Generations {
    /// The search that `search` makes for the number of free dimensions. Without a free dimension the only point of the
    /// box is asked for, and that is all.
    #[must_use]
    pub fn new(bounds: &Bounds, search: impl FnOnce(usize) -> Box<dyn Search + Send>) -> Self {
        let free: Vec<usize> =
            bounds.pairs().enumerate().filter(|(_, (lower, upper))| lower < upper).map(|(index, _)| index).collect();
        let usable = bounds.check().is_ok() && bounds.pairs().all(|(lower, upper)| (upper - lower).is_finite());
        let (search, asked) = match (usable, free.len()) {
            (false, _) => (None, Some(Ask::Done(Stop::StartFailed))),
            (true, 0) => (None, Some(Ask::Values(vec![bounds.lower.clone()]))),
            (true, dimensions) => (Some(search(dimensions)), None),
        };
        Self { bounds: bounds.clone(), free, search, asked, best: None }
    }

    fn in_box(&self, unit: &[f64]) -> Vec<f64> {
        let mut whole = vec![0.0; self.bounds.len()];
        for (&index, &coordinate) in self.free.iter().zip(unit) {
            whole[index] = coordinate;
        }
        self.bounds.from_unit(&whole)
    }
}

impl Optimiser for Generations {
    fn ask(&mut self) -> Ask {
        if self.asked.is_none() {
            let proposed = self.search.as_mut().map_or(Err(Stop::Exhausted), |search| search.propose());
            self.asked = Some(match proposed {
                Ok(points) => Ask::Values(points.iter().map(|unit| self.in_box(unit)).collect()),
                Err(stop) => Ask::Done(stop),
            });
        }
        self.asked.clone().unwrap_or(Ask::Done(Stop::Exhausted))
    }

    fn tell(&mut self, answers: &[Answer]) {
        let Some(Ask::Values(points)) = self.asked.take_if(|asked| matches!(asked, Ask::Values(_))) else { return };
        let mut fvals = vec![f64::INFINITY; points.len()];
        for (fval, answer) in fvals.iter_mut().zip(answers) {
            if let Answer::Value(value) = answer
                && !value.is_nan()
            {
                *fval = *value;
            }
        }
        for (x, &fval) in points.into_iter().zip(&fvals) {
            if fval.is_finite() && self.best.as_ref().is_none_or(|(_, lowest)| fval < *lowest) {
                self.best = Some((x, fval));
            }
        }
        if let Some(search) = &mut self.search {
            search.learn(&fvals);
        }
    }

    fn best(&self) -> Option<(&[f64], f64)> {
        self.best.as_ref().map(|(x, fval)| (x.as_slice(), *fval))
    }
}

/// Indices from the lowest fval to the highest; equal ones keep their order, failed solves come last.
pub(in crate::optimise) fn ranked(fvals: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..fvals.len()).collect();
    order.sort_by(|&a, &b| fvals[a].total_cmp(&fvals[b]));
    order
}

/// Index of the lowest fval; the first of equal ones, 0 where there is none.
pub(super) fn lowest(fvals: &[f64]) -> usize {
    (1..fvals.len()).fold(0, |best, index| if fvals[index] < fvals[best] { index } else { best })
}

/// A latin hypercube in the unit cube.
pub(super) fn first_generation(count: usize, dimensions: usize, streams: &Streams) -> Vec<Vec<f64>> {
    let cube = Bounds { lower: vec![0.0; dimensions], upper: vec![1.0; dimensions] };
    design::latin_hypercube(count, &cube, &streams.part("first generation"))
}

//! What all methods by generations share: the conversation around a search in the unit cube.

use crate::optimise::ask::{Answer, Ask, Optimiser, Stop};
use crate::optimise::bounds::Bounds;
use crate::optimise::design;
use crate::optimise::local::LocalSettings;
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

    /// A descent that has to come before the next generation: its start in the unit cube, and the local method. It is asked
    /// for before each generation and after each descent; most methods have none.
    fn descent(&mut self) -> Option<(Vec<f64>, LocalSettings)> {
        None
    }

    /// The end of the last descent with its fval; `None` where its start failed.
    fn descended(&mut self, end: Option<(Vec<f64>, f64)>) {
        let _ = end;
    }
}

/// A [`Search`] as an [`Optimiser`] in a box.
pub struct Generations {
    bounds: Bounds,
    /// Indices of the parameters that are not fixed by equal bounds: the cube's dimensions.
    free: Vec<usize>,
    search: Option<Box<dyn Search + Send>>,
    /// The descent that the search waits for. It goes on in the box, where the local methods know their units.
    descent: Option<Box<dyn Optimiser + Send>>,
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
        Self { bounds: bounds.clone(), free, search, descent: None, asked, best: None }
    }

    fn in_box(&self, unit: &[f64]) -> Vec<f64> {
        let mut whole = vec![0.0; self.bounds.len()];
        for (&index, &coordinate) in self.free.iter().zip(unit) {
            whole[index] = coordinate;
        }
        self.bounds.from_unit(&whole)
    }

    fn in_cube(&self, x: &[f64]) -> Vec<f64> {
        let whole = self.bounds.to_unit(x);
        self.free.iter().map(|&index| whole[index].clamp(0.0, 1.0)).collect()
    }

    /// The next question: of the descent that goes on, or of the search.
    fn question(&mut self) -> Ask {
        loop {
            if let Some(descent) = &mut self.descent {
                let Ask::Done(_) = descent.ask() else { return descent.ask() };
                let end = descent.best().map(|(x, fval)| (x.to_vec(), fval));
                let end = end.map(|(x, fval)| (self.in_cube(&x), fval));
                self.descent = None;
                if let Some(search) = &mut self.search {
                    search.descended(end);
                }
            }
            let Some(search) = &mut self.search else { return Ask::Done(Stop::Exhausted) };
            let Some((start, settings)) = search.descent() else {
                return match search.propose() {
                    Ok(points) => Ask::Values(points.iter().map(|unit| self.in_box(unit)).collect()),
                    Err(stop) => Ask::Done(stop),
                };
            };
            self.descent = Some(settings.build(self.bounds.clone(), &self.in_box(&start)));
        }
    }

    fn keep(&mut self, x: Vec<f64>, fval: f64) {
        if fval.is_finite() && self.best.as_ref().is_none_or(|(_, lowest)| fval < *lowest) {
            self.best = Some((x, fval));
        }
    }
}

impl Optimiser for Generations {
    fn ask(&mut self) -> Ask {
        if let Some(asked) = &self.asked {
            return asked.clone();
        }
        let question = self.question();
        self.asked = Some(question.clone());
        question
    }

    fn tell(&mut self, answers: &[Answer]) {
        let points = match self.asked.take() {
            Some(Ask::Values(points)) => points,
            Some(Ask::Gradient(x)) => vec![x],
            // There is nothing to answer.
            other => {
                self.asked = other;
                return;
            }
        };
        let mut fvals = vec![f64::INFINITY; points.len()];
        for (fval, answer) in fvals.iter_mut().zip(answers) {
            *fval = match answer {
                Answer::Value(value) => *value,
                Answer::Gradient(answer) => answer.as_ref().map_or(f64::INFINITY, |answer| answer.fval),
            };
            if fval.is_nan() {
                *fval = f64::INFINITY;
            }
        }
        for (x, &fval) in points.into_iter().zip(&fvals) {
            self.keep(x, fval);
        }
        match (&mut self.descent, &mut self.search) {
            (Some(descent), _) => descent.tell(answers),
            (None, Some(search)) => search.learn(&fvals),
            (None, None) => {}
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

//! Multistart: local descents from many starts, the usual way of global parameter estimation (Raue et al., `PLoS` ONE
//! 2013).

use rayon::prelude::*;

use super::ask::{Answer, Ask, Optimiser, Position, Stop};
use super::bounds::Bounds;
use super::local::{Descent, LocalSettings, descend};
use super::objective::Objective;

/// Descents from all starts, side by side; the result has the starts' order and does not depend on the threads.
#[must_use]
pub fn descend_all(objective: &dyn Objective, starts: &[Vec<f64>], settings: &LocalSettings) -> Vec<Descent> {
    starts.par_iter().map(|start| descend(objective, start, settings)).collect()
}

/// Descents from all starts as one optimiser, one after the other, so that a budget of work buys as many of them as it
/// can pay for. Use [`descend_all`] where there is no budget.
pub struct Multistart {
    bounds: Bounds,
    settings: LocalSettings,
    /// The starts to come, the next one last.
    starts: Vec<Vec<f64>>,
    running: Option<Box<dyn Optimiser + Send>>,
    ends: Vec<End>,
    best: Option<(Vec<f64>, f64)>,
}

/// Where one descent of a multistart ended.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// Its last iterate; `None` when the start failed.
    pub x: Option<Vec<f64>>,
    /// Its fval; infinite when the start failed.
    pub fval: f64,
    /// Why it stopped.
    pub stop: Stop,
}

impl Multistart {
    /// Descents from `starts`, in their order.
    #[must_use]
    pub fn new(bounds: Bounds, mut starts: Vec<Vec<f64>>, settings: LocalSettings) -> Self {
        starts.reverse();
        Self { bounds, settings, starts, running: None, ends: Vec::new(), best: None }
    }

    /// Where the descents that are over ended, in the order of their starts.
    #[must_use]
    pub fn ends(&self) -> &[End] {
        &self.ends
    }
}

impl Optimiser for Multistart {
    fn ask(&mut self) -> Ask {
        loop {
            let Some(running) = &mut self.running else {
                let Some(start) = self.starts.pop() else { return Ask::Done(Stop::Exhausted) };
                self.running = Some(self.settings.build(self.bounds.clone(), &start));
                continue;
            };
            let Ask::Done(stop) = running.ask() else { return running.ask() };
            let end = running.best().map(|(x, fval)| (x.to_vec(), fval));
            self.ends.push(End {
                fval: end.as_ref().map_or(f64::INFINITY, |(_, fval)| *fval),
                x: end.map(|(x, _)| x),
                stop,
            });
            self.running = None;
        }
    }

    fn tell(&mut self, answers: &[Answer]) {
        let Some(running) = &mut self.running else { return };
        running.tell(answers);
        if let Some((x, fval)) = running.best()
            && self.best.as_ref().is_none_or(|(_, lowest)| fval < *lowest)
        {
            self.best = Some((x.to_vec(), fval));
        }
    }

    fn best(&self) -> Option<(&[f64], f64)> {
        self.best.as_ref().map(|(x, fval)| (x.as_slice(), *fval))
    }

    fn position(&self) -> Option<Position<'_>> {
        self.running.as_ref().and_then(|running| running.position())
    }
}

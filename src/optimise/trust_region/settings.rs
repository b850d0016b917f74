//! Settings of a local descent, and how the language names them.

use serde::{Deserialize, Serialize};

use crate::schema::{Choice, Field, Type, Value};

/// When and how a local descent ends. The tolerances have the defaults of fides (Fröhlich & Sorger, `PLoS` Computational
/// Biology 2022), but a single small step is not taken for convergence; see [`DescentSettings::fatol`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DescentSettings {
    /// Most iterations. Each iteration is one evaluation with derivatives; the start's own comes before the first.
    pub iterations: usize,
    /// Which of tolerances and iterations may end the descent.
    pub stop: StopRule,
    /// Absolute tolerance of the fval. With `tolerance = fatol + frtol |fval|`, a descent has converged in the fval when
    /// its last step changed the fval by at most the tolerance and its model of the objective promises no more than
    /// that for any step within radius 1 (scaled: about a decade or two for log10 parameters). The model is asked
    /// because in a flat valley single steps are small long before the minimum is reached.
    ///
    /// A descent that has not fallen by more than the tolerance within 30 iterations ends too: as converged when the
    /// model promises less than 100 tolerances, which the noise of a solver can hide, and as stuck otherwise.
    pub fatol: f64,
    /// Relative tolerance of the fval; see `fatol`.
    pub frtol: f64,
    /// Tolerance of the projected gradient's largest component, in fval units for a unit of the estimation scale.
    pub gtol: f64,
    /// Tolerance of the step's scaled length: an accepted step shorter than this ends the descent. 0 is off.
    pub xtol: f64,
    /// Radius of the first trust region, scaled.
    pub radius: f64,
}

/// What may end a descent. One that gets stuck ends under every rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopRule {
    /// Convergence or the limit of iterations, whichever comes first.
    #[default]
    Either,
    /// Convergence alone; [`StopRule::SAFEGUARD`] iterations bound a descent that never converges.
    Converged,
    /// The limit of iterations alone; tolerances are not looked at, an exactly vanishing gradient ends it.
    Iterations,
}

impl StopRule {
    /// Most iterations of a descent that is to end by convergence alone.
    pub const SAFEGUARD: usize = 20_000;

    /// The limit of iterations under this rule.
    #[must_use]
    pub fn most(self, iterations: usize) -> usize {
        if self == StopRule::Converged { StopRule::SAFEGUARD } else { iterations }
    }
}

impl Default for DescentSettings {
    fn default() -> Self {
        Self { iterations: 200, stop: StopRule::Either, fatol: 1e-8, frtol: 1e-8, gtol: 1e-6, xtol: 0.0, radius: 1.0 }
    }
}

impl DescentSettings {
    /// The limit of iterations under the stopping rule.
    #[must_use]
    pub fn most_iterations(&self) -> usize {
        self.stop.most(self.iterations)
    }

    /// The settings with the tolerances that the stopping rule leaves in force.
    #[must_use]
    pub(super) fn in_force(mut self) -> Self {
        if self.stop == StopRule::Iterations {
            (self.fatol, self.frtol, self.gtol, self.xtol) = (0.0, 0.0, 0.0, 0.0);
        }
        if !(self.radius.is_finite() && self.radius > 0.0) {
            self.radius = Self::default().radius;
        }
        self
    }
}

/// `gradient(...)`
#[must_use]
pub fn schema() -> Choice {
    let defaults = DescentSettings::default();
    let tolerance =
        |name, default, doc| Field::new(name, Type::Number { least: 0.0, most: 1e6 }, Value::Number(default), doc);
    Choice::new(
        "gradient",
        "bounded local descent that uses gradients: an interior trust-region reflective method (Coleman & Li 1994, \
         1996) on the Gauss-Newton Hessian with a secant correction (Dennis, Gay & Welsch 1981)",
        vec![
            Field::new(
                "iterations",
                Type::Integer { least: 0, most: 1_000_000 },
                Value::Integer(defaults.iterations as i64),
                "most iterations; each evaluates the gradient once",
            ),
            stop(),
            tolerance("fatol", defaults.fatol, "absolute tolerance of the fval"),
            tolerance("frtol", defaults.frtol, "tolerance of the fval, relative to it"),
            tolerance("gtol", defaults.gtol, "tolerance of the projected gradient's largest component"),
            tolerance("xtol", defaults.xtol, "tolerance of the step's scaled length; 0 is off"),
            Field::new(
                "radius",
                Type::Number { least: 1e-6, most: 1e6 },
                Value::Number(defaults.radius),
                "radius of the first trust region; coordinates are scaled by the square root of the distance to the \
                 bounds",
            ),
        ],
    )
}

/// `stop`, which all local methods have.
#[must_use]
pub(in crate::optimise) fn stop() -> Field {
    Field::new(
        "stop",
        Type::Choice(vec![
            Choice::new("either", "at convergence or after `iterations`, whichever comes first", vec![]),
            Choice::new("converged", "at convergence alone, with 20000 iterations as a safeguard", vec![]),
            Choice::new("iterations", "after `iterations` alone, whatever the tolerances", vec![]),
        ]),
        Value::choice("either", []),
        "what ends a descent; one that finds no lower step although its model promises one ends as stuck",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_and_the_type_agree_on_names_and_defaults() {
        let settings = schema()
            .fields
            .into_iter()
            .map(|field| (field.name.to_owned(), field.default.expect("every setting has a default")))
            .collect();
        let typed: DescentSettings = crate::schema::typed(&settings).expect("the schema fits the type");
        assert_eq!(typed, DescentSettings::default());
    }
}

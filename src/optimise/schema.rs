//! How the language names initial designs and local descents, with their settings.

use crate::schema::{Choice, Field, Type};

pub use super::trust_region::settings::schema as gradient;

/// The initial designs: what `start = ...` may say. [`super::Design`] is their typed form.
#[must_use]
pub fn designs() -> Vec<Choice> {
    let count =
        || vec![Field::required("count", Type::Integer { least: 1, most: 10_000_000 }, "how many points are drawn")];
    vec![
        Choice::new(
            "latin_hypercube",
            "Latin hypercube sampling: one point in each of `count` strata of every dimension (McKay, Beckman & Conover \
             1979)",
            count(),
        ),
        Choice::new("random", "independent uniform points between the bounds, on the estimation scale", count()),
        Choice::not_yet("multi_jittered", "correlated multi-jittered sampling (Kensler 2013)"),
        Choice::not_yet("sobol", "scrambled Sobol points (Owen 1995; Burley 2020)"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::Design;
    use crate::schema::Value;

    #[test]
    fn every_design_that_exists_has_a_typed_form() {
        for choice in designs().iter().filter(|choice| !choice.not_yet) {
            let design: Design =
                Value::choice(choice.name, [("count", Value::Integer(7))]).to().expect("the schema fits the type");
            assert_eq!(design.count(), 7);
        }
    }
}

//! How the language names initial designs and local descents, with their settings.

use crate::schema::{Choice, Field, Type};

pub use super::local::methods as descents;

/// The initial designs: what `start = ...` may say. [`super::Design`] is their typed form.
#[must_use]
pub fn designs() -> Vec<Choice> {
    let count = || Field::required("count", Type::Integer { least: 1, most: 10_000_000 }, "how many points are drawn");
    vec![
        Choice::new(
            "latin_hypercube",
            "Latin hypercube sampling: one point in each of `count` strata of every dimension (McKay, Beckman & \
             Conover 1979)",
            vec![count(), criterion()],
        ),
        Choice::new("random", "independent uniform points between the bounds, on the estimation scale", vec![count()]),
        Choice::new(
            "multi_jittered",
            "correlated multi-jittered sampling: a Latin hypercube with one point in each cell of every pair of \
             dimensions (Kensler 2013); beyond two dimensions `count` is p^2 with p prime, for up to p + 1 dimensions \
             (Jarosz et al. 2019)",
            vec![count()],
        ),
        Choice::new(
            "sobol",
            "scrambled Sobol points (Owen 1995; Burley 2020), best at a power of two; at most 65536 points and 256 \
             dimensions",
            vec![count()],
        ),
    ]
}

/// `criterion = maximin` of a Latin hypercube.
#[must_use]
pub fn criterion() -> Field {
    let maximin = Choice::new(
        "maximin",
        "swaps of coordinates enlarge the smallest distance between two points (Morris & Mitchell 1995); at most 2000 \
         points",
        Vec::new(),
    );
    Field::optional(
        "criterion",
        Type::Choice(vec![maximin]),
        "what the hypercube is improved by; it stays as it is drawn where nothing is said",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::Design;
    use crate::optimise::design::Criterion;
    use crate::schema::Value;

    #[test]
    fn every_design_that_exists_has_a_typed_form() {
        for choice in designs().iter().filter(|choice| !choice.not_yet) {
            let settings = choice.fields.iter().map(|field| {
                let value = field.default.clone().unwrap_or(Value::Integer(7));
                (field.name.to_owned(), value)
            });
            let value = Value::Choice(choice.name.to_owned(), settings.collect());
            let design: Design = value.to().expect("the schema fits the type");
            assert_eq!(design.count(), 7);
        }
    }

    #[test]
    fn every_criterion_has_a_typed_form() {
        let maximin = [("count", Value::Integer(7)), ("criterion", Value::choice("maximin", []))];
        let design: Design = Value::choice("latin_hypercube", maximin).to().expect("the schema fits the type");
        assert_eq!(design, Design::LatinHypercube { count: 7, criterion: Some(Criterion::Maximin) });
    }
}

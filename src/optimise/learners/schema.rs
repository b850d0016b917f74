//! How the language names learners, with their settings.

use super::{BestJitter, EliteGaussian, EliteMixture, Kde, Recombination};
use crate::schema::{Choice, Field, Type, Value};

/// The learners. [`super::Learner`] is their typed form.
#[must_use]
pub fn learners() -> Vec<Choice> {
    let share =
        |default, doc| Field::new("share", Type::Number { least: 1e-3, most: 1.0 }, Value::Number(default), doc);
    let whole = |name, least, most, default: usize, doc| {
        Field::new(name, Type::Integer { least, most }, Value::Integer(default as i64), doc)
    };
    let sd = |default, doc| {
        Field::new("sd", Type::Number { least: 0.0, most: 100.0 }, Value::Number(default), doc).unit("log10")
    };
    let (mixture, recombination) = (EliteMixture::default(), Recombination::default());
    vec![
        Choice::new(
            "best_jitter",
            "the best training row with Gaussian jitter",
            vec![sd(BestJitter::default().sd, "standard deviation of the jitter, on the estimation scale")],
        ),
        Choice::new(
            "elite_gaussian",
            "a Gaussian over the ends of the best descents, its covariance shrunk (Ledoit & Wolf 2004)",
            vec![share(EliteGaussian::default().share, "the share of descents that it is fitted to")],
        ),
        Choice::new(
            "elite_mixture",
            "a mixture of Gaussians over the ends of the best descents, by expectation maximisation (Dempster, Laird & \
             Rubin 1977), its number of components by BIC (Schwarz 1978)",
            vec![
                share(mixture.share, "the share of descents that it is fitted to"),
                whole("most", 1, 20, mixture.most, "most components"),
            ],
        ),
        Choice::new(
            "kde",
            "a kernel density at the ends of all descents, lower ends weighing more, bandwidths by Scott's rule (Scott \
             1992)",
            vec![share(Kde::default().share, "the share of the ends over which the weight falls by the factor e")],
        ),
        Choice::new(
            "recombination",
            "each coordinate from one of several parents among the best distinct ends (dominant recombination, Beyer & \
             Schwefel 2002), and a small step",
            vec![
                whole(
                    "among",
                    2,
                    10_000,
                    recombination.among,
                    "of how many of the best distinct ends parents are drawn",
                ),
                whole("parents", 1, 100, recombination.parents, "how many parents a proposal has"),
                sd(recombination.sd, "standard deviation of the step, on the estimation scale"),
            ],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::learners::Learner;

    #[test]
    fn every_learner_has_a_typed_form_with_the_same_defaults() {
        let typed = |choice: &Choice| -> Learner {
            let default = |field: &Field| (field.name.to_owned(), field.default.clone().expect("a default"));
            let settings = choice.fields.iter().map(default).collect();
            Value::Choice(choice.name.to_owned(), settings).to().expect("the schema fits the type")
        };
        let known = [
            Learner::BestJitter(BestJitter::default()),
            Learner::EliteGaussian(EliteGaussian::default()),
            Learner::EliteMixture(EliteMixture::default()),
            Learner::Kde(Kde::default()),
            Learner::Recombination(Recombination::default()),
        ];
        assert_eq!(learners().iter().map(typed).collect::<Vec<_>>(), known);
        assert_eq!(learners().iter().map(|choice| choice.name).collect::<Vec<_>>(), known.map(|known| known.name()));
    }
}

//! The loss of a variational autoencoder has one reconstruction term and the divergence; losses of different terms are
//! not comparable.

use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::resolve::{Declaration, Experiment};

use super::{Places, place};

pub(super) fn run(experiment: &Experiment, _places: &Places<'_>, findings: &mut Vec<Diagnostic>) {
    for generator in experiment.generators.values() {
        let terms = generator.words("loss");
        if generator.value("loss").is_none() {
            own(generator, findings);
        }
        if terms.is_empty() {
            continue;
        }
        let reconstructions: Vec<_> = terms.iter().filter(|term| **term != "kl").collect();
        let wrong = match reconstructions.as_slice() {
            [_] if terms.contains(&"kl") => {
                own(generator, findings);
                continue;
            }
            [_] => ("the loss has no `kl` term", "without it the latent space has no shape to sample from"),
            [] => ("the loss has no reconstruction term", "expected gaussian, bce or continuous_bernoulli beside kl"),
            _ => (
                "the loss has more than one reconstruction term",
                "expected one of gaussian, bce, continuous_bernoulli",
            ),
        };
        let finding = Diagnostic::error("bad-loss", wrong.0).at(place(generator, "loss"), wrong.1);
        findings.push(finding.help("for example `loss = gaussian + kl(weight = 1)`"));
    }
    for tune in experiment.tunes.values() {
        let by_loss = tune.word("choose.metric") == Some("validation.loss");
        let measure = ["loss", "loss.kl.weight", "loss.kl.free_bits"];
        let varied = tune.vary.iter().find(|vary| measure.contains(&vary.path.as_str()));
        if let (true, Some(vary)) = (by_loss, varied) {
            let mut finding =
                Diagnostic::warning("incomparable", format!("`{}` is varied, so losses are not comparable", vary.path))
                    .at(vary.span, "changes what the loss measures")
                    .help("choose by another metric, such as `lowest(validation.rmse)`");
            if let Some(chosen) = tune.origin("choose").span() {
                finding = finding.at(chosen, "chosen by the loss");
            }
            findings.push(finding);
        }
    }
}

/// What the kind of generator itself says about its settings, where the loss is sound.
fn own(generator: &Declaration, findings: &mut Vec<Diagnostic>) {
    let Some(kind) = generator.word("kind").and_then(|word| crate::learn::kind(word).ok()) else { return };
    let wrong = kind.check(&generator.settings);
    if let (Err(wrong), false) = (wrong, findings.iter().any(|finding| finding.severity == Severity::Error)) {
        findings.push(Diagnostic::error("bad-settings", wrong.to_string()).at(generator.span, "these settings"));
    }
}

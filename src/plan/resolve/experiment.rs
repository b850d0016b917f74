//! A resolved experiment: every setting typed and filled in, every name checked, and where each came from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::diagnostic::Span;
use crate::model::network::Network;
use crate::model::problem::Problem;
use crate::plan::rows::RowFile;
use crate::schema::Value;

/// Where the value of a setting came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Nothing was said: the schema's default.
    Default,
    /// The declaration in the file.
    File(Span),
    /// The profile.
    Profile(Span),
    /// `--set` on the command line; the span lies in the pseudo file `--set`.
    Set(Span),
}

impl Origin {
    /// Where it was written, unless it is a default.
    #[must_use]
    pub fn span(self) -> Option<Span> {
        match self {
            Origin::Default => None,
            Origin::File(span) | Origin::Profile(span) | Origin::Set(span) => Some(span),
        }
    }
}

/// Everything that one `.kexp` file and its imports say, resolved under a profile and overrides.
///
/// Names of `problems`, `datasets`, `generators`, `tunes`, `generates`, `benchmarks`, `posteriors` and
/// `profile_likelihoods` are unique among all of them; figures, tables and profiles each have a name space of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The title of the paper; empty in a file without an `experiment` declaration.
    pub title: String,
    /// The seed of every random stream.
    pub seed: u64,
    /// The draft, resolved against the file's folder.
    pub draft: Option<PathBuf>,
    /// The settings of the `experiment` declaration with their origins.
    pub settings: Declaration,
    /// The profile in force.
    pub profile: Option<String>,
    /// Models, whether a problem uses them or not.
    pub models: BTreeMap<String, Network>,
    /// Estimation problems, complete with their models and measurements.
    pub problems: BTreeMap<String, ProblemDeclaration>,
    /// Families of problems, whose members are among `problems`.
    pub families: BTreeMap<String, ProblemFamily>,
    /// Recipes of datasets, and datasets whose rows are in a table.
    pub datasets: BTreeMap<String, Declaration>,
    /// The tables of the latter, by name of the dataset.
    pub row_files: BTreeMap<String, RowFile>,
    /// Generators. One that a tune chooses has the single setting `kind = best(tune = NAME)`.
    pub generators: BTreeMap<String, Declaration>,
    /// Hyperparameter searches.
    pub tunes: BTreeMap<String, Declaration>,
    /// Proposals by generators, solved and evaluated.
    pub generates: BTreeMap<String, Declaration>,
    /// Comparisons of methods at an equal budget.
    pub benchmarks: BTreeMap<String, Declaration>,
    /// Samples of posteriors.
    pub posteriors: BTreeMap<String, Declaration>,
    /// Profiles of likelihoods.
    pub profile_likelihoods: BTreeMap<String, Declaration>,
    /// Figures.
    pub figures: BTreeMap<String, Declaration>,
    /// Tables.
    pub tables: BTreeMap<String, Declaration>,
}

/// An estimation problem and where it was declared.
#[derive(Debug, Clone, PartialEq)]
pub struct ProblemDeclaration {
    /// The problem.
    pub problem: Problem,
    /// Its name in the `PEtab` benchmark collection, or that of its file; it means nothing to the problem itself.
    pub petab_name: Option<String>,
    /// What happens to proposals outside its bounds, where it says so: no part of the problem itself, which other programs
    /// may read.
    pub outside: Option<String>,
    /// The declaration.
    pub span: Span,
    /// Where each part came from: `objective`, `solver.rtol`, `measurements`, `model`, and `ID` for each parameter,
    /// observable and treatment.
    pub sources: BTreeMap<String, Origin>,
}

/// The problems of one pattern over many models.
#[derive(Debug, Clone, PartialEq)]
pub struct ProblemFamily {
    /// The names of its problems, such as `many.BIOMD0000000010`.
    pub problems: Vec<String>,
    /// The names of problems that could not be made, with the reason.
    pub left_out: BTreeMap<String, String>,
    /// The declaration.
    pub span: Span,
}

/// A declaration whose settings its schema has accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// `experiment`, `dataset`, `generator`, `tune`, `generate`, `benchmark`, `posterior`, `profile_likelihood`,
    /// `figure` or `table`.
    pub kind: String,
    /// Every setting of the schema, defaults filled in; what is optional and was not said is `Value::Absent`.
    pub settings: BTreeMap<String, Value>,
    /// Where each setting came from, by dotted path; a path that is not listed has the origin of the longest listed path
    /// that it starts with. See [`Declaration::origin`].
    pub origins: BTreeMap<String, Origin>,
    /// The declaration.
    pub span: Span,
    /// The varied settings of a tune, in the order of the text; empty elsewhere.
    pub vary: Vec<Vary>,
}

/// One varied setting of a tune.
#[derive(Debug, Clone, PartialEq)]
pub struct Vary {
    /// The path of the setting in the generator, such as `train.lr`.
    pub path: String,
    /// A list of values of the setting's own type, or an interval to draw from.
    pub values: Value,
    /// The entry.
    pub span: Span,
}

impl Declaration {
    /// Where the setting at a dotted path came from.
    #[must_use]
    pub fn origin(&self, path: &str) -> Origin {
        let mut prefix = path;
        loop {
            if let Some(origin) = self.origins.get(prefix) {
                return *origin;
            }
            match prefix.rfind('.') {
                Some(dot) => prefix = &prefix[..dot],
                None => return Origin::Default,
            }
        }
    }

    /// The value at a dotted path: a setting, a setting of a chosen alternative (`train.lr`), or of one item of a sum or
    /// list (`loss.kl.weight`).
    #[must_use]
    pub fn value(&self, path: &str) -> Option<&Value> {
        let mut segments = path.split('.');
        let mut value = self.settings.get(segments.next()?)?;
        for segment in segments {
            value = match value {
                Value::Choice(_, fields) => fields.get(segment)?,
                Value::List(items) => {
                    items.iter().find(|item| matches!(item, Value::Choice(name, _) if name == segment))?
                }
                _ => return None,
            };
        }
        Some(value)
    }

    /// The words of a setting: the name of a declaration, a word, or the name of the chosen alternative.
    #[must_use]
    pub fn word(&self, path: &str) -> Option<&str> {
        match self.value(path)? {
            Value::Text(text) | Value::Choice(text, _) => Some(text),
            _ => None,
        }
    }

    /// The words of a list of names.
    #[must_use]
    pub fn words(&self, path: &str) -> Vec<&str> {
        match self.value(path) {
            Some(Value::List(items)) => items
                .iter()
                .filter_map(|item| match item {
                    Value::Text(text) | Value::Choice(text, _) => Some(text.as_str()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

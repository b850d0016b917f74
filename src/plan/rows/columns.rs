//! What the columns of a table of rows mean, and what their cells may hold.

use std::collections::BTreeMap;

use super::Rows;
use crate::diagnostic::suggest;
use crate::model::problem::{Problem, Scale};

/// Columns of kexp's own tables that say nothing a row needs.
const KNOWN: [&str; 8] = ["iteration", "condition", "split", "cause", "gradients", "values", "achieved", "origin"];

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The objective value.
    Fval,
    /// The number of the descent.
    Descent,
    /// The parameter of this index on the linear scale.
    Linear(usize),
    /// The parameter of this index on the estimation scale.
    Estimation(usize),
}

/// The columns that are used, by their place in the table.
#[derive(Debug)]
pub(super) struct Columns {
    pub roles: Vec<(usize, Role)>,
}

/// Something about the header.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The place of the column; nothing where one is missing.
    pub place: Option<usize>,
    pub is_error: bool,
    pub message: String,
    pub help: Option<String>,
}

/// An estimated parameter: its id, scale and bounds on the estimation scale.
struct Parameter<'a> {
    id: &'a str,
    scale: Scale,
    lower: f64,
    upper: f64,
}

/// The problem that rows are read for, and the rows that were.
pub(super) struct Target<'a> {
    parameters: Vec<Parameter<'a>>,
    descents: BTreeMap<i64, usize>,
    pub rows: Rows,
}

impl Columns {
    /// Finds the columns by name; nothing when one that is needed is not there.
    pub fn find(names: &[&str], target: &Target<'_>) -> (Option<Self>, Vec<Wrong>) {
        let mut roles: Vec<(usize, Role)> = Vec::new();
        let mut wrong = Vec::new();
        let mut unused = Vec::new();
        for (place, &name) in names.iter().enumerate() {
            let parameter = |id: &str| target.parameters.iter().position(|known| known.id == id);
            let role = match name {
                "fval" => Some(Role::Fval),
                "descent" | "start" => Some(Role::Descent),
                _ => match name.strip_prefix("parameter.").and_then(parameter) {
                    Some(index) => Some(Role::Estimation(index)),
                    None => parameter(name).map(Role::Linear),
                },
            };
            let Some(role) = role else {
                if !KNOWN.contains(&name) {
                    unused.push((place, name));
                }
                continue;
            };
            if let Some((first, _)) = roles.iter().find(|(_, known)| known.same(role)) {
                let message = match names[*first] == name {
                    true => format!("the column `{name}` stands there twice"),
                    false => format!("`{name}` and `{}` mean the same", names[*first]),
                };
                wrong.push(Wrong { place: Some(place), is_error: true, message, help: None });
                continue;
            }
            roles.push((place, role));
        }
        for (index, parameter) in target.parameters.iter().enumerate() {
            if !roles.iter().any(|(_, role)| role.same(Role::Linear(index))) {
                let near = suggest(parameter.id, unused.iter().map(|(_, name)| *name));
                let help = near.map(|near| format!("is it the column `{near}`?")).or_else(|| {
                    let id = parameter.id;
                    Some(format!("name it `{id}` on the linear scale, or `parameter.{id}` on the estimation scale"))
                });
                let message = format!("the column of the estimated parameter `{}` is missing", parameter.id);
                wrong.push(Wrong { place: None, is_error: true, message, help });
            }
        }
        let complete = !wrong.iter().any(|one| one.is_error);
        if complete && let Some(&(place, _)) = unused.first() {
            let shown: Vec<String> = unused.iter().take(5).map(|(_, name)| format!("`{name}`")).collect();
            let more = if unused.len() > 5 { format!(" and {} more", unused.len() - 5) } else { String::new() };
            let message = format!("columns that are not used: {}{more}", shown.join(", "));
            wrong.push(Wrong { place: Some(place), is_error: false, message, help: None });
        }
        (complete.then_some(Self { roles }), wrong)
    }
}

impl Role {
    /// Do both give the same thing, on whatever scale?
    fn same(self, other: Self) -> bool {
        let parameter = |role: Self| match role {
            Self::Linear(index) | Self::Estimation(index) => Some(index),
            _ => None,
        };
        self == other || parameter(self).is_some_and(|index| parameter(other) == Some(index))
    }
}

impl<'a> Target<'a> {
    pub fn new(problem: &'a Problem) -> Self {
        let parameters = problem.parameters.iter().filter_map(|parameter| {
            let estimate = parameter.estimate.as_ref()?;
            let on = |value: f64| estimate.scale.of(value);
            let (lower, upper) = (on(estimate.lower), on(estimate.upper));
            Some(Parameter { id: &parameter.id, scale: estimate.scale, lower, upper })
        });
        Self { parameters: parameters.collect(), descents: BTreeMap::new(), rows: Rows::default() }
    }

    /// The value that a number in a column means: for a parameter that on the estimation scale.
    pub fn check(&self, role: Role, value: f64) -> Result<f64, String> {
        match role {
            Role::Fval if value == f64::NEG_INFINITY => Err("an fval cannot be minus infinity".to_owned()),
            Role::Fval => Ok(if value.is_nan() { f64::INFINITY } else { value }),
            Role::Descent if value.fract() != 0.0 || value.abs() > 9e15 || value.is_nan() => {
                Err("the number of a descent has to be a whole number".to_owned())
            }
            Role::Linear(_) | Role::Estimation(_) if !value.is_finite() => {
                Err("a parameter has to be a finite number".to_owned())
            }
            Role::Descent | Role::Estimation(_) => Ok(value),
            Role::Linear(index) => {
                let parameter = &self.parameters[index];
                if parameter.scale != Scale::Linear && value <= 0.0 {
                    return Err(format!(
                        "`{}` is estimated on a logarithmic scale and has to be above 0",
                        parameter.id
                    ));
                }
                Ok(parameter.scale.of(value))
            }
        }
    }

    /// Adds a row of checked cells.
    pub fn push(&mut self, columns: &Columns, cells: &[f64]) {
        let mut vector = vec![0.0; self.parameters.len()];
        let (mut fval, mut descent) = (None, None);
        for ((_, role), &value) in columns.roles.iter().zip(cells) {
            match role {
                Role::Fval => fval = Some(value),
                Role::Descent => descent = Some(value as i64),
                Role::Linear(index) | Role::Estimation(index) => vector[*index] = value,
            }
        }
        // A value that was written with few digits may stand a rounding beyond its bound.
        for (value, parameter) in vector.iter_mut().zip(&self.parameters) {
            let slack = 1e-9 * (parameter.upper - parameter.lower).abs();
            if *value < parameter.lower - slack || *value > parameter.upper + slack {
                self.rows.outside += 1;
                return;
            }
            *value = value.clamp(parameter.lower, parameter.upper);
        }
        let next = self.descents.len();
        let group = match descent {
            Some(number) => *self.descents.entry(number).or_insert(next),
            None => self.rows.vectors.len(),
        };
        self.rows.descents.push(group);
        self.rows.vectors.push(vector);
        if let Some(fval) = fval {
            self.rows.fvals.get_or_insert_default().push(fval);
        }
    }
}

//! Algebraic constraints: solved for their variables where they are linear in them, else kept with the derivatives of
//! their variables in time.

use super::super::SolveError;
use super::super::dag::{Dag, Id, Variable, differentiate, rebuild, total};
use super::roles::Roles;
use std::collections::BTreeMap;

/// The constraints, solved as far as possible.
#[derive(Debug, Clone, Default)]
pub struct Solved<'a> {
    /// The value of each variable that constraints determine.
    pub values: BTreeMap<&'a str, Id>,
    /// Those that stay as states, after all others.
    pub implicit: Vec<&'a str>,
    /// What is zero for those.
    pub residuals: Vec<Id>,
}

/// A variable that is solved for: its place and its value, in terms of variables not yet solved for then.
struct Step {
    variable: usize,
    value: Id,
}

/// Solves constraints over variables that are states behind all others.
///
/// # Errors
/// When a constraint holds no variable, or none is left for it.
pub fn solve<'a>(dag: &mut Dag, roles: &Roles<'a>, mut residuals: Vec<Id>) -> Result<Solved<'a>, SolveError> {
    let first = roles.states.len();
    let count = roles.determined.len();
    let mut open: Vec<bool> = vec![true; count];
    let mut left: Vec<usize> = (0..residuals.len()).collect();
    let mut steps: Vec<Step> = Vec::new();
    // Constant slopes first: those can be zero for no state.
    for varying in [false, true] {
        let mut again = true;
        while again {
            again = false;
            let mut index = 0;
            while index < left.len() {
                let residual = residuals[left[index]];
                let Some((variable, value)) = linear(dag, residual, first, &open, varying) else {
                    index += 1;
                    continue;
                };
                open[variable] = false;
                left.remove(index);
                again = true;
                let replacement = BTreeMap::from([(dag.state(first + variable), value)]);
                let rest: Vec<Id> = left.iter().map(|&at| residuals[at]).collect();
                for (&at, node) in left.iter().zip(rebuild(dag, &rest, &replacement)) {
                    residuals[at] = node;
                }
                steps.push(Step { variable, value });
            }
        }
    }
    let mut solved = Solved::default();
    let mut places: BTreeMap<Id, Id> = BTreeMap::new();
    for variable in (0..count).filter(|&variable| open[variable]) {
        let node = dag.state(first + solved.implicit.len());
        places.insert(dag.state(first + variable), node);
        solved.values.insert(roles.determined[variable], node);
        solved.implicit.push(roles.determined[variable]);
    }
    for &at in &left {
        let residual = residuals[at];
        if !dag.leaves(&[residual]).0.iter().any(|&place| place >= first) {
            return Err(SolveError::Overdetermined { constraint: at + 1 });
        }
        solved.residuals.push(rebuild(dag, &[residual], &places)[0]);
    }
    // Each value uses variables that were solved for later: the last one first.
    for step in steps.iter().rev() {
        let value = rebuild(dag, &[step.value], &places)[0];
        places.insert(dag.state(first + step.variable), value);
        solved.values.insert(roles.determined[step.variable], value);
    }
    Ok(solved)
}

/// The first open variable that a residual is linear in, and its value. The slope must not depend on open variables,
/// nor on states or time unless `varying`.
fn linear(dag: &mut Dag, residual: Id, first: usize, open: &[bool], varying: bool) -> Option<(usize, Id)> {
    let variables: Vec<usize> =
        dag.leaves(&[residual]).0.into_iter().filter(|&place| place >= first && open[place - first]).collect();
    for place in variables {
        let slope = differentiate(dag, &[residual], &[Variable::State(place)]).first()?.node;
        let free_of_open = dag.leaves(&[slope]).0.iter().all(|&leaf| leaf < first || !open[leaf - first]);
        if !free_of_open || (dag.varies(slope) && !varying) {
            continue;
        }
        let at_zero = BTreeMap::from([(dag.state(place), dag.number(0.0))]);
        let offset = rebuild(dag, &[residual], &at_zero)[0];
        let quotient = dag.divide(offset, slope);
        return Some((place - first, dag.negate(quotient)));
    }
    None
}

/// The derivatives in time of the implicit variables, from `0 = g(x, z, t)`: `z' = -(g_x x' + g_t) / g_z`, by
/// elimination. `flow` gives x'.
///
/// # Errors
/// When the constraints do not determine their variables.
pub fn flows(
    dag: &mut Dag,
    solved: &Solved,
    first: usize,
    flow: &dyn Fn(usize) -> Option<Id>,
) -> Result<Vec<Id>, SolveError> {
    let count = solved.implicit.len();
    let zero = dag.number(0.0);
    let drift = total(dag, &solved.residuals, &|place| flow(place).unwrap_or(zero));
    let mut matrix = vec![vec![zero; count]; count];
    let variables: Vec<Variable> = (0..count).map(|variable| Variable::State(first + variable)).collect();
    for partial in differentiate(dag, &solved.residuals, &variables) {
        matrix[partial.output][partial.variable] = partial.node;
    }
    let mut right: Vec<Id> = drift.iter().map(|&node| dag.negate(node)).collect();
    for column in 0..count {
        let Some(pivot) = (column..count).find(|&row| matrix[row][column] != zero) else {
            return Err(SolveError::Underdetermined(solved.implicit[column].to_owned()));
        };
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        for row in column + 1..count {
            if matrix[row][column] == zero {
                continue;
            }
            let factor = dag.divide(matrix[row][column], matrix[column][column]);
            let pivot = matrix[column].clone();
            for (at, entry) in matrix[row].iter_mut().enumerate().skip(column) {
                let product = dag.multiply(factor, pivot[at]);
                *entry = if at == column { zero } else { dag.subtract(*entry, product) };
            }
            let product = dag.multiply(factor, right[column]);
            right[row] = dag.subtract(right[row], product);
        }
    }
    for column in (0..count).rev() {
        for at in column + 1..count {
            let product = dag.multiply(matrix[column][at], right[at]);
            right[column] = dag.subtract(right[column], product);
        }
        right[column] = dag.divide(right[column], matrix[column][column]);
    }
    Ok(right)
}

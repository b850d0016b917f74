//! Models and problems that were written elsewhere: what may stand after `=`, and what their blocks may change.

use super::{problem, word};
use crate::schema::{Choice, Field, Schema, Type};

/// What a model may come from.
#[must_use]
pub fn model_sources() -> Vec<Choice> {
    vec![
        Choice::new(
            "sbml",
            "an SBML file, Level 1 to Level 3",
            vec![Field::required("path", Type::Text, "the file, relative to the declaring file")],
        ),
        Choice::new(
            "biomodel",
            "a model of the BioModels database, pinned in `kexp.lock` beside the experiment; without its entry there the \
             newest version is taken",
            vec![Field::required("id", Type::Text, "its identifier, such as \"BIOMD0000000064\"")],
        ),
    ]
}

/// What a problem may come from.
#[must_use]
pub fn problem_sources() -> Vec<Choice> {
    vec![
        Choice::new(
            "petab",
            "a PEtab problem, version 1",
            vec![Field::required("path", Type::Text, "its YAML file, relative to the declaring file")],
        ),
        Choice::new(
            "petab_collection",
            "a problem of the PEtab benchmark collection, pinned in `kexp.lock` beside the experiment",
            vec![Field::required("name", Type::Text, "its name, such as \"Crauste_CellSystems2017\"")],
        ),
        Choice::new(
            "test_function",
            "a standard function of global optimisation, whose minimum is 0; its parameters are `x1`, `x2`, ...",
            vec![
                Field::required("name", Type::Choice(test_functions()), "which one"),
                Field::required("dimensions", Type::Integer { least: 1, most: 1000 }, "how many parameters"),
            ],
        ),
    ]
}

/// [`crate::model::test_function::TestFunction`] in the language.
fn test_functions() -> Vec<Choice> {
    vec![
        word("rosenbrock", "a curved valley, between -5 and 10 (Rosenbrock 1960)"),
        word("rastrigin", "about 11 minima along each coordinate, between -5.12 and 5.12 (Rastrigin 1974)"),
        word("ackley", "a nearly flat region around a funnel, between -32.768 and 32.768 (Ackley 1987)"),
    ]
}

/// The settings of an imported problem's block.
#[must_use]
pub fn imported_problem() -> Schema {
    let fields = problem::schema().fields;
    Schema {
        kind: "problem imported",
        doc: "A problem that was written elsewhere: `problem p = petab(\"p.yaml\")`. A block after it may change how the \
              equations are solved and what is minimised, and give parameters other bounds by `estimate` lines; a \
              setting that it does not say stays as the files have it.",
        fields: fields.into_iter().filter(|field| matches!(field.name, "objective" | "solver" | "outside")).collect(),
    }
}

/// For the reference page: what stands after `=`.
fn after(kind: &'static str, doc: &'static str, sources: Vec<Choice>) -> Schema {
    Schema { kind, doc, fields: vec![Field::required("=", Type::Choice(sources), "where it comes from")] }
}

/// The pages of this module in the reference.
pub(super) fn pages() -> [Schema; 2] {
    let model = after(
        "model",
        "A kinetic model, written inline as `model m { ... }` with `compartment`, `parameter`, `species`, `let`, \
         `reaction`, `rule`, `event` and `units` lines, or read as `model m = sbml(\"m.xml\") { ... }`, where the block \
         may hold new values: `parameter k = 3`, `compartment c = 1.5`, `species S = 0` (the initial value in the \
         meaning that the id has in the model), and `units` as labels.",
        model_sources(),
    );
    let mut problem = imported_problem();
    problem.fields.insert(0, Field::required("=", Type::Choice(problem_sources()), "where it comes from"));
    [model, problem]
}

//! Documents that are too deep or large for a naive reader.

use std::fmt::Write as _;

use super::read;

const HEAD: &str =
    r#"<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m">"#;
const TAIL: &str = "</model></sbml>";
const MATH: &str = r#"<math xmlns="http://www.w3.org/1998/Math/MathML">"#;

/// The code of the first finding.
fn code(text: &str) -> &'static str {
    let (_, document) = read("large.xml", text);
    assert!(document.network.is_none());
    document.diagnostics.first().map_or("nothing", |finding| finding.code)
}

fn model(parts: &str) -> String {
    format!("{HEAD}{parts}{TAIL}")
}

fn parameters(count: usize) -> String {
    let all: String = (0..count).map(|at| format!(r#"<parameter id="p{at}" value="1" constant="false"/>"#)).collect();
    format!("<listOfParameters>{all}</listOfParameters>")
}

fn rules(formulas: impl Iterator<Item = (usize, String)>) -> String {
    let mut all = String::from("<listOfRules>");
    for (at, formula) in formulas {
        let _ = write!(all, r#"<assignmentRule variable="p{at}">{MATH}{formula}</math></assignmentRule>"#);
    }
    all + "</listOfRules>"
}

#[test]
fn nesting_is_bounded_before_anything_recurses() {
    let deep = "<apply><exp/>".repeat(100_000) + "<cn>1</cn>" + &"</apply>".repeat(100_000);
    assert_eq!(code(&model(&(parameters(1) + &rules(std::iter::once((0, deep)))))), "too-deep");
    assert_eq!(code(&"<a>".repeat(1_000_000)), "too-deep");
    assert_eq!(code(&format!("<sbml {}/>", "a='' ".repeat(100_000))), "too-many-attributes");
    let declared = format!("<a {}>", (0..60).map(|at| format!("xmlns:n{at}='u{at}' ")).collect::<String>());
    assert_eq!(code(&(declared + &"<b xmlns:x='y'/>".repeat(100_000))), "too-many-namespaces");
}

#[test]
fn formulas_nested_by_functions_are_bounded() {
    let lambda = |at: usize| {
        let inner = format!("<ci>f{}</ci>", at + 1);
        let body = if at < 3_000 { format!("<apply>{inner}<ci>x</ci></apply>") } else { "<ci>x</ci>".to_owned() };
        let body = format!("<apply><exp/>{body}</apply>");
        format!(
            r#"<functionDefinition id="f{at}">{MATH}<lambda><bvar><ci>x</ci></bvar>{body}</lambda></math></functionDefinition>"#
        )
    };
    let functions: String = (0..=3_000).map(lambda).collect();
    let text = model(&format!("<listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions>"));
    assert_eq!(code(&text), "too-deep");
}

#[test]
fn a_chain_of_functions_may_be_long() {
    let lambda = |at: usize| {
        let next = format!("<apply><ci>f{}</ci><ci>x</ci></apply>", at + 1);
        let body = if at < 50_000 { next } else { "<ci>x</ci>".to_owned() };
        format!(
            r#"<functionDefinition id="f{at}">{MATH}<lambda><bvar><ci>x</ci></bvar>{body}</lambda></math></functionDefinition>"#
        )
    };
    let functions: String = (0..=50_000).map(lambda).collect();
    let functions = format!("<listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions>");
    let call = "<apply><ci>f0</ci><cn>2</cn></apply>".to_owned();
    let text = model(&(functions + &parameters(1) + &rules(std::iter::once((0, call)))));
    let network = read("chain.xml", &text).1.network.unwrap();
    assert_eq!(network.assignments[0].expression, kexp::model::expression::Expression::Number(2.0));
}

#[test]
fn a_hundred_thousand_species_are_read() {
    let mut parts =
        String::from(r#"<listOfCompartments><compartment id="c" size="1" constant="true"/></listOfCompartments>"#);
    parts.push_str("<listOfSpecies>");
    for at in 0..100_000 {
        let _ = write!(
            parts,
            r#"<species id="S{at}" compartment="c" initialAmount="1" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>"#
        );
    }
    parts.push_str("</listOfSpecies>");
    let network = read("large.xml", &model(&parts)).1.network.unwrap();
    assert_eq!(network.species.len(), 100_000);
}

#[test]
fn a_chain_of_a_hundred_thousand_rules_is_put_in_order() {
    let next = |at: usize| if at < 99_999 { format!("<ci>p{}</ci>", at + 1) } else { "<cn>1</cn>".to_owned() };
    let text = model(&(parameters(100_000) + &rules((0..100_000).map(|at| (at, next(at))))));
    let network = read("chain.xml", &text).1.network.unwrap();
    assert_eq!(network.assignments.len(), 100_000);
    assert_eq!(network.assignments[0].variable, "p99999");
}

#[test]
fn a_circle_of_a_hundred_thousand_rules_is_one_finding() {
    let text = model(
        &(parameters(100_000) + &rules((0..100_000).map(|at| (at, format!("<ci>p{}</ci>", (at + 1) % 100_000))))),
    );
    let (_, document) = read("circle.xml", &text);
    let errors: Vec<&str> = document.diagnostics.iter().map(|finding| finding.code).collect();
    assert_eq!(errors, ["circular-rules"]);
}

#[test]
fn many_findings_are_counted() {
    let text = model(&(parameters(5_000) + &rules((0..5_000).map(|at| (at, "<ci>nothing</ci>".to_owned())))));
    let (_, document) = read("many.xml", &text);
    assert_eq!(document.diagnostics.len(), 201);
}

#[test]
fn submodels_that_double_are_bounded() {
    let definition = |at: usize| {
        let inner = format!(
            r#"<comp:submodel comp:id="A" comp:modelRef="m{0}"/><comp:submodel comp:id="B" comp:modelRef="m{0}"/>"#,
            at + 1
        );
        let inner =
            if at < 40 { format!("<comp:listOfSubmodels>{inner}</comp:listOfSubmodels>") } else { String::new() };
        format!(r#"<comp:modelDefinition id="m{at}">{inner}</comp:modelDefinition>"#)
    };
    let definitions: String = (0..=40).map(definition).collect();
    let head = HEAD.replace(
        " level=",
        r#" xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1" comp:required="true" level="#,
    );
    let text = format!(
        r#"{head}<comp:listOfSubmodels><comp:submodel comp:id="A" comp:modelRef="m0"/></comp:listOfSubmodels></model><comp:listOfModelDefinitions>{definitions}</comp:listOfModelDefinitions></sbml>"#
    );
    assert_eq!(code(&text), "too-large");
}

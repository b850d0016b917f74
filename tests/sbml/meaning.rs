//! What a document means: the network that comes of it.

use kexp::model::expression::{Expression, Function};
use kexp::model::network::Network;

use super::read;

fn network(text: &str) -> Network {
    let (sources, document) = read("model.xml", text);
    let shown = kexp::diagnostic::render(&sources, &document.diagnostics, false);
    document.network.unwrap_or_else(|| panic!("{shown}"))
}

fn symbol(id: &str) -> Expression {
    Expression::Symbol(id.to_owned())
}

fn apply(function: Function, arguments: &[Expression]) -> Expression {
    Expression::Apply(function, arguments.to_vec())
}

#[test]
fn level_1_is_read() {
    let model = network(
        r#"<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="1"><model name="old">
        <listOfCompartments><compartment name="c"/></listOfCompartments>
        <listOfSpecies><specie name="A" compartment="c" initialAmount="3"/><specie name="B" compartment="c" initialAmount="0"/></listOfSpecies>
        <listOfParameters><parameter name="k" value="2"/></listOfParameters>
        <listOfRules><parameterRule name="k" formula="-2^2 + sqr(3) * log(exp(1)) - pow(A, 2) / sqrt(4)" type="scalar"/></listOfRules>
        <listOfReactions><reaction name="r" reversible="false">
          <listOfReactants><specieReference specie="A" stoichiometry="3" denominator="2"/></listOfReactants>
          <listOfProducts><specieReference specie="B"/></listOfProducts>
          <kineticLaw formula="k * A"/></reaction></listOfReactions></model></sbml>"#,
    );
    assert_eq!(model.compartments[0].size, 1.0);
    assert_eq!(model.reactions[0].reactants, [("A".to_owned(), 1.5)]);
    assert_eq!(model.reactions[0].products, [("B".to_owned(), 1.0)]);
    assert!(model.species[0].initial_amount && !model.species[0].amount);
    assert_eq!(model.reactions[0].rate, apply(Function::Multiply, &[symbol("k"), symbol("A")]));
    assert_eq!(model.assignments[0].variable, "k");
}

#[test]
fn local_parameters_get_names_of_their_own() {
    let model = network(
        r#"<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="m">
        <listOfCompartments><compartment id="c" size="1"/></listOfCompartments>
        <listOfSpecies><species id="A" compartment="c" initialAmount="3"/></listOfSpecies>
        <listOfParameters><parameter id="k" value="2"/><parameter id="r_k" value="3"/></listOfParameters>
        <listOfReactions><reaction id="r"><listOfReactants><speciesReference species="A"/></listOfReactants>
          <kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>k</ci><ci>r_k</ci></apply></math>
          <listOfParameters><parameter id="k" value="5"/></listOfParameters></kineticLaw></reaction></listOfReactions></model></sbml>"#,
    );
    let ids: Vec<(&str, f64)> = model.parameters.iter().map(|one| (one.id.as_str(), one.value)).collect();
    assert_eq!(ids, [("k", 2.0), ("r_k", 3.0), ("r_k_", 5.0)]);
    assert_eq!(model.reactions[0].rate, apply(Function::Multiply, &[symbol("r_k_"), symbol("r_k")]));
}

#[test]
fn function_definitions_are_written_out_with_their_own_arguments() {
    let model = network(
        r#"<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m">
        <listOfFunctionDefinitions>
          <functionDefinition id="outer"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda><bvar><ci>x</ci></bvar><bvar><ci>y</ci></bvar>
            <apply><ci>inner</ci><ci>y</ci><ci>x</ci></apply></lambda></math></functionDefinition>
          <functionDefinition id="inner"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda><bvar><ci>x</ci></bvar><bvar><ci>y</ci></bvar>
            <apply><minus/><ci>x</ci><ci>y</ci></apply></lambda></math></functionDefinition>
        </listOfFunctionDefinitions>
        <listOfParameters><parameter id="x" value="2" constant="true"/><parameter id="z" constant="false"/></listOfParameters>
        <listOfRules><assignmentRule variable="z"><math xmlns="http://www.w3.org/1998/Math/MathML">
          <apply><ci>outer</ci><ci>x</ci><cn>1</cn></apply></math></assignmentRule></listOfRules></model></sbml>"#,
    );
    let expected = apply(Function::Subtract, &[Expression::Number(1.0), symbol("x")]);
    assert_eq!(model.assignments[0].expression, expected);
}

#[test]
fn assignments_come_after_the_rates_that_they_use() {
    let model = network(
        r#"<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m">
        <listOfCompartments><compartment id="c" size="1" constant="true"/></listOfCompartments>
        <listOfSpecies><species id="A" compartment="c" initialAmount="3" hasOnlySubstanceUnits="true" boundaryCondition="false" constant="false"/></listOfSpecies>
        <listOfParameters><parameter id="flux" constant="false"/><parameter id="k" constant="false"/></listOfParameters>
        <listOfRules>
          <assignmentRule variable="flux"><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>r</ci></math></assignmentRule>
          <assignmentRule variable="k"><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>A</ci></math></assignmentRule>
        </listOfRules>
        <listOfReactions><reaction id="r" reversible="false">
          <listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
          <kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>k</ci></math></kineticLaw></reaction></listOfReactions></model></sbml>"#,
    );
    let order: Vec<&str> = model.assignments.iter().map(|rule| rule.variable.as_str()).collect();
    assert_eq!(order, ["k", "flux"]);
}

#[test]
fn stoichiometries_and_conversion_factors_are_computed() {
    let model = network(
        r#"<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="m" conversionFactor="all">
        <listOfCompartments><compartment id="c" size="1" constant="true"/></listOfCompartments>
        <listOfSpecies>
          <species id="A" compartment="c" initialAmount="3" hasOnlySubstanceUnits="true" boundaryCondition="false" constant="false"/>
          <species id="B" compartment="c" initialAmount="3" hasOnlySubstanceUnits="true" boundaryCondition="false" constant="false" conversionFactor="own"/>
          <species id="E" compartment="c" initialAmount="3" hasOnlySubstanceUnits="true" boundaryCondition="true" constant="false"/>
        </listOfSpecies>
        <listOfParameters><parameter id="all" value="2" constant="true"/><parameter id="own" value="3" constant="true"/></listOfParameters>
        <listOfInitialAssignments><initialAssignment symbol="n"><math xmlns="http://www.w3.org/1998/Math/MathML"><cn>4</cn></math></initialAssignment></listOfInitialAssignments>
        <listOfReactions><reaction id="r" reversible="false" fast="false">
          <listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/><speciesReference species="E" stoichiometry="1" constant="true"/></listOfReactants>
          <listOfProducts><speciesReference id="n" species="B" constant="true"/></listOfProducts>
          <kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><cn>1</cn></math></kineticLaw></reaction></listOfReactions></model></sbml>"#,
    );
    let reaction = &model.reactions[0];
    assert_eq!(reaction.reactants, [("E".to_owned(), 1.0)]);
    let of_a = apply(Function::Multiply, &[Expression::Number(-1.0), symbol("all")]);
    let of_b = apply(Function::Multiply, &[symbol("n"), symbol("own")]);
    assert_eq!(reaction.computed, [("A".to_owned(), of_a), ("B".to_owned(), of_b)]);
    assert_eq!(model.parameters.last().unwrap().initial, Some(Expression::Number(4.0)));
}

#[test]
fn submodels_are_flattened() {
    let model = network(
        r#"<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1" level="3" version="1" comp:required="true">
        <model id="whole"><listOfParameters>
          <parameter id="minute" value="60" constant="true"/>
          <parameter id="p" value="1" constant="false"><comp:listOfReplacedElements>
            <comp:replacedElement comp:submodelRef="A" comp:portRef="gate" comp:conversionFactor="minute"/></comp:listOfReplacedElements></parameter>
        </listOfParameters>
        <comp:listOfSubmodels><comp:submodel comp:id="A" comp:modelRef="part" comp:timeConversionFactor="minute">
          <comp:listOfDeletions><comp:deletion comp:metaIdRef="gone"/></comp:listOfDeletions></comp:submodel></comp:listOfSubmodels></model>
        <comp:listOfModelDefinitions><comp:modelDefinition id="part">
          <listOfParameters><parameter id="x" value="1" constant="false"/><parameter id="y" value="1" constant="false"/></listOfParameters>
          <listOfRules>
            <rateRule variable="y"><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>x</ci></math></rateRule>
            <assignmentRule metaid="gone" variable="x"><math xmlns="http://www.w3.org/1998/Math/MathML"><cn>1</cn></math></assignmentRule>
          </listOfRules>
          <comp:listOfPorts><comp:port comp:id="gate" comp:idRef="x"/></comp:listOfPorts>
        </comp:modelDefinition></comp:listOfModelDefinitions></sbml>"#,
    );
    let ids: Vec<&str> = model.parameters.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["minute", "p", "A__y"]);
    assert!(model.assignments.is_empty());
    let replaced = apply(Function::Divide, &[symbol("p"), symbol("minute")]);
    assert_eq!(model.rates[0].variable, "A__y");
    assert_eq!(model.rates[0].expression, apply(Function::Divide, &[replaced, symbol("minute")]));
}

//! Units: labels of axes, and warnings where what is written cannot be. Numbers are never converted.

use std::collections::BTreeMap;

use super::findings::Findings;
use super::level::Level;
use super::math::number::double;
use super::tree::Node;
use crate::diagnostic::Diagnostic;
use crate::model::network::Units;

/// A factor over powers of base units.
#[derive(Debug, Clone, Default, PartialEq)]
struct Unit {
    factor: f64,
    /// Exponents of base units that are not zero.
    base: BTreeMap<&'static str, f64>,
}

/// Units of SBML that are others in disguise: the base unit, its exponent and the factor.
const DERIVED: &[(&str, &str, f64, f64)] = &[
    ("litre", "metre", 3.0, 1e-3),
    ("liter", "metre", 3.0, 1e-3),
    ("gram", "kilogram", 1.0, 1e-3),
    ("meter", "metre", 1.0, 1.0),
    ("avogadro", "item", 1.0, 6.02214179e23),
];

/// Units that stand for themselves here. What newtons and volts are made of matters for no label.
const BASE: &[&str] = &[
    "ampere",
    "becquerel",
    "candela",
    "celsius",
    "coulomb",
    "farad",
    "gray",
    "henry",
    "hertz",
    "item",
    "joule",
    "katal",
    "kelvin",
    "kilogram",
    "lumen",
    "lux",
    "metre",
    "mole",
    "newton",
    "ohm",
    "pascal",
    "radian",
    "second",
    "siemens",
    "sievert",
    "steradian",
    "tesla",
    "volt",
    "watt",
    "weber",
];

/// Labels of time.
const TIMES: &[(f64, &str)] =
    &[(1e-6, "us"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86400.0, "d"), (604800.0, "week")];

/// Labels of concentrations, by moles in a litre.
const CONCENTRATIONS: &[(f64, &str)] =
    &[(1.0, "M"), (1e-3, "mM"), (1e-6, "uM"), (1e-9, "nM"), (1e-12, "pM"), (1e-15, "fM")];

/// The labels of a model's axes. Units that nothing defines, and quantities in units of another kind, are warnings.
pub(super) fn labels(model: &Node, level: Level, findings: &mut Findings) -> Units {
    let defined: BTreeMap<&str, Unit> = model
        .list("listOfUnitDefinitions")
        .filter_map(|node| Some((node.attribute(level.id())?.trim(), definition(node)?)))
        .collect();
    let known = Known { defined, level };
    known.check(model, findings);
    let time = known.of_model(model, "timeUnits", "time", "second");
    let substance = known.of_model(model, "substanceUnits", "substance", "mole");
    let volume = known.of_model(model, "volumeUnits", "volume", "litre");
    let label = |factor: f64, table: &[(f64, &str)]| {
        let same = table.iter().find(|(other, _)| (factor / other - 1.0).abs() < 1e-6);
        same.map(|(_, label)| (*label).to_owned())
    };
    let is = |unit: &Unit, base: &str, exponent: f64| unit.base.len() == 1 && unit.base.get(base) == Some(&exponent);
    let concentration =
        substance.zip(volume).filter(|(substance, volume)| is(substance, "mole", 1.0) && is(volume, "metre", 3.0));
    Units {
        time: time.filter(|time| is(time, "second", 1.0)).and_then(|time| label(time.factor, TIMES)),
        concentration: concentration
            .and_then(|(substance, volume)| label(substance.factor / volume.factor * 1e-3, CONCENTRATIONS)),
    }
}

struct Known<'a> {
    defined: BTreeMap<&'a str, Unit>,
    level: Level,
}

impl Known<'_> {
    fn get(&self, name: &str) -> Option<Unit> {
        self.defined.get(name).cloned().or_else(|| base(name)).or_else(|| {
            let preset = match (self.level.level, name) {
                (1 | 2, "time") => "second",
                (1 | 2, "substance") => "mole",
                (1 | 2, "volume") => "litre",
                (1 | 2, "length") => "metre",
                _ => return (self.level.level < 3 && name == "area").then(area),
            };
            base(preset)
        })
    }

    /// The unit of a whole model: an attribute in Level 3, a preset that can be defined anew before.
    fn of_model(&self, model: &Node, attribute: &str, preset: &str, default: &str) -> Option<Unit> {
        match self.level.level {
            3 => self.get(model.attribute(attribute)?.trim()),
            _ => self.defined.get(preset).cloned().or_else(|| base(default)),
        }
    }

    fn check(&self, model: &Node, findings: &mut Findings) {
        if self.level.level == 3 {
            for (attribute, kind) in [("timeUnits", "second"), ("volumeUnits", "metre")] {
                self.one(model, attribute, Some(kind), findings);
            }
            self.one(model, "substanceUnits", None, findings);
        }
        let attribute = |node: &Node| match &*node.name {
            "species" | "specie" => "substanceUnits",
            _ => "units",
        };
        for list in ["listOfCompartments", "listOfSpecies", "listOfParameters"] {
            model.list(list).for_each(|node| self.one(node, attribute(node), None, findings));
        }
    }

    /// One attribute that names a unit, of a kind where one is given.
    fn one(&self, node: &Node, attribute: &str, kind: Option<&str>, findings: &mut Findings) {
        let Some(name) = node.attribute(attribute).map(str::trim) else { return };
        let span = node.span_of(attribute);
        let Some(unit) = self.get(name) else {
            let message = format!("the unit `{name}` is not defined");
            findings
                .push(Diagnostic::warning("unknown-unit", message).at(span, "units are labels only: it is left out"));
            return;
        };
        let exponent = unit.base.values().next().copied();
        let lengths = match (&*node.name, node.attribute("spatialDimensions").map(str::trim)) {
            ("compartment", Some("1")) => Some(1.0),
            ("compartment", Some("2")) => Some(2.0),
            ("compartment", Some("3")) => Some(3.0),
            _ => None,
        };
        let of_another_kind = |base: &str| !unit.base.is_empty() && !unit.base.contains_key(base);
        let wrong = kind.is_some_and(of_another_kind)
            || lengths.is_some_and(|lengths| unit.base.contains_key("metre") && exponent != Some(lengths));
        if wrong {
            let message = format!("`{name}` is no unit for `{attribute}` of <{}>", node.name);
            findings.push(Diagnostic::warning("contradictory-units", message).at(span, "units change no number here"));
        }
    }
}

fn base(name: &str) -> Option<Unit> {
    if let Some((_, base, exponent, factor)) = DERIVED.iter().find(|(other, ..)| *other == name) {
        return Some(Unit { factor: *factor, base: BTreeMap::from([(*base, *exponent)]) });
    }
    if name == "dimensionless" {
        return Some(Unit { factor: 1.0, base: BTreeMap::new() });
    }
    let name = BASE.iter().find(|other| **other == name)?;
    Some(Unit { factor: 1.0, base: BTreeMap::from([(*name, 1.0)]) })
}

fn area() -> Unit {
    Unit { factor: 1.0, base: BTreeMap::from([("metre", 2.0)]) }
}

fn definition(node: &Node) -> Option<Unit> {
    let mut product = Unit { factor: 1.0, base: BTreeMap::new() };
    for unit in node.list("listOfUnits") {
        let number = |name: &str, default: f64| unit.attribute(name).map_or(Some(default), double);
        let exponent = number("exponent", 1.0)?;
        let one = base(unit.attribute("kind")?.trim())?;
        let factor = number("multiplier", 1.0)? * 10f64.powf(number("scale", 0.0)?) * one.factor;
        product.factor *= factor.powf(exponent);
        for (base, of_one) in one.base {
            *product.base.entry(base).or_default() += of_one * exponent;
        }
    }
    product.base.retain(|_, exponent| *exponent != 0.0);
    Some(product)
}

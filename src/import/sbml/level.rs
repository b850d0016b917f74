//! The level and version of a document, and its packages.

use super::bounds::not_sbml_but_html;
use super::findings::Findings;
use super::tree::{Package, Parsed};
use crate::diagnostic::Diagnostic;

/// Level and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Level {
    pub level: u8,
    pub version: u8,
}

impl Level {
    /// The name of the attribute that identifies an element.
    pub fn id(self) -> &'static str {
        if self.level == 1 { "name" } else { "id" }
    }
}

/// The namespaces of SBML.
const NAMESPACES: &[(&str, u8, u8)] = &[
    // Both versions of Level 1 have the same.
    ("http://www.sbml.org/sbml/level1", 1, 2),
    ("http://www.sbml.org/sbml/level2", 2, 1),
    ("http://www.sbml.org/sbml/level2/version2", 2, 2),
    ("http://www.sbml.org/sbml/level2/version3", 2, 3),
    ("http://www.sbml.org/sbml/level2/version4", 2, 4),
    ("http://www.sbml.org/sbml/level2/version5", 2, 5),
    ("http://www.sbml.org/sbml/level3/version1/core", 3, 1),
    ("http://www.sbml.org/sbml/level3/version2/core", 3, 2),
];

/// Packages with `required="true"` that are read.
const READ: &[&str] = &[
    "http://www.sbml.org/sbml/level3/version1/comp/version1",
    // Everything of it is part of Level 3 Version 2, which is read.
    "http://www.sbml.org/sbml/level3/version1/l3v2extendedmath/version1",
];

/// The level of a document; nothing when it is none that can be read.
pub(super) fn of(parsed: &Parsed, findings: &mut Findings) -> Option<Level> {
    let root = &parsed.root;
    let span = root.span;
    if root.name.eq_ignore_ascii_case("html") {
        findings.push(not_sbml_but_html(span));
        return None;
    }
    if &*root.name != "sbml" {
        let message = format!("the document is no SBML: its root element is <{}>", root.name);
        findings.push(Diagnostic::error("not-sbml", message).at(span, "expected <sbml>"));
        return None;
    }
    let Some((_, level, version)) = NAMESPACES.iter().find(|(namespace, _, _)| *namespace == parsed.namespace) else {
        let message = match parsed.namespace.as_str() {
            "" => "<sbml> has no namespace".to_owned(),
            namespace => format!("`{namespace}` is not the namespace of a level of SBML"),
        };
        findings.push(
            Diagnostic::error("unknown-namespace", message)
                .at(span, "here")
                .help("expected one such as xmlns=\"http://www.sbml.org/sbml/level3/version2/core\""),
        );
        return None;
    };
    let mut agreed = Level { level: *level, version: *version };
    for (name, value) in [("level", *level), ("version", *version)] {
        let Some(written) = root.attribute(name) else {
            let message = format!("<sbml> has no attribute `{name}`");
            findings.push(Diagnostic::error("missing-attribute", message).at(span, "here"));
            continue;
        };
        let number = written.trim().parse::<u8>().ok();
        if *level == 1 && name == "version" && matches!(number, Some(1 | 2)) {
            agreed.version = number.unwrap_or(*version);
        } else if number != Some(value) {
            let message = format!("the namespace says {name} {value}, the attribute `{name}` says {written}");
            findings.push(Diagnostic::error("unknown-namespace", message).at(root.span_of(name), "here"));
        }
    }
    required(&parsed.packages, findings);
    Some(agreed)
}

/// Packages without which the model means something else.
fn required(packages: &[Package], findings: &mut Findings) {
    for package in packages.iter().filter(|package| package.required) {
        let of_fluxes = package.namespace.contains("/fbc/");
        if !of_fluxes && !READ.contains(&package.namespace.as_str()) {
            let message = format!("the package `{}` is not read, and the model needs it", package.prefix);
            findings.push(
                Diagnostic::error("unread-package", message)
                    .at(package.span, "`true` says that the model's mathematics changes without it")
                    .help(format!("kexp reads SBML core and the package `comp`, not {}", package.namespace)),
            );
        }
    }
}

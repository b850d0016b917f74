//! `model m = sbml("m.xml") { ... }` and `problem p = petab("p.yaml") { ... }`: models and problems that were written
//! elsewhere, with what the experiment changes in them.

mod adjust;
mod features;
mod places;
mod problem;
mod remote;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, FileId, Severity, Sources, Span};
use crate::import::sbml;
use crate::model::network::Network;
use crate::plan::schema;
use crate::schema::{Choice, Type, Value};
use crate::syntax::ast::Expr;

use super::collect::Raw;
use super::experiment::Origin;
use super::imports::tidy;
use super::network::Model;
use super::scope::Scope;
use super::typing::Typing;

pub(super) use adjust::overridden;
pub(super) use problem::{Parts, build as problem, is_imported};
pub use remote::Remote;

/// Reads models; each file once.
pub(super) struct Importer<'a> {
    /// Where models of public collections come from.
    pub remote: &'a Remote,
    /// What came of each file, by canonical path.
    documents: BTreeMap<PathBuf, Option<Read>>,
}

/// A model as its file says it.
#[derive(Clone)]
struct Read {
    network: Network,
    /// Where each id is declared.
    places: BTreeMap<String, Span>,
    file: FileId,
}

impl<'a> Importer<'a> {
    /// An importer that has read nothing yet.
    pub fn new(remote: &'a Remote) -> Self {
        Self { remote, documents: BTreeMap::new() }
    }

    /// The model of `model name = sbml("path") { ... }`; `None` after a finding.
    pub fn model(
        &mut self,
        raw: &Raw<'_>,
        folder: &Path,
        sources: &mut Sources,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<Model> {
        let value = raw.value?;
        let (word, settings) = source("model", value, schema::model_sources(), findings)?;
        let argument = only_text(settings)?;
        let path = match word.as_str() {
            "biomodel" => self.remote.biomodel(&argument, Some(value.span), findings)?,
            _ => tidy(&folder.join(argument)),
        };
        let Read { mut network, places, file } = self.document(&path, Some(value.span), sources, findings)?;
        network.id.clone_from(&raw.name.text);
        if let Some(title) = raw.title {
            network.title.clone_from(&title.value);
        } else if network.title.is_empty() {
            network.title.clone_from(&raw.name.text);
        }
        let symbols = places::symbols(&network, &places, value.span);
        let mut model = Model { network, symbols, imported: true, place: start_of(file) };
        let before = findings.len();
        adjust::adjust(&mut model, raw.entries, findings);
        let sound = findings[before..].iter().all(|finding| finding.severity != Severity::Error);
        sound.then_some(model)
    }

    /// A model of a family by its file; `None` after a finding.
    pub fn member(
        &mut self,
        id: &str,
        title: &str,
        path: &Path,
        from: Span,
        sources: &mut Sources,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<Model> {
        let Read { mut network, places, file } = self.document(path, Some(from), sources, findings)?;
        id.clone_into(&mut network.id);
        if network.title.is_empty() {
            if title.is_empty() { id } else { title }.clone_into(&mut network.title);
        }
        let symbols = places::symbols(&network, &places, from);
        Some(Model { network, symbols, imported: true, place: start_of(file) })
    }

    /// The model of a file, which is read when it is asked for the first time.
    fn document(
        &mut self,
        path: &Path,
        from: Option<Span>,
        sources: &mut Sources,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<Read> {
        let canonical = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if let Some(known) = self.documents.get(&canonical) {
            return known.clone();
        }
        let read = read(path, from, sources, findings);
        self.documents.insert(canonical, read.clone());
        read
    }
}

/// The model of an SBML file that the command line names; what is wrong with it is among the findings.
pub fn model_of(path: &Path, sources: &mut Sources, findings: &mut Vec<Diagnostic>) -> Option<Network> {
    let mut network = read(path, None, sources, findings)?.network;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if network.title.is_empty() {
        network.title.clone_from(&stem);
    }
    network.id = stem;
    Some(network)
}

fn read(path: &Path, from: Option<Span>, sources: &mut Sources, findings: &mut Vec<Diagnostic>) -> Option<Read> {
    let text = match text::of(path, from) {
        Ok(text) => text,
        Err(wrong) => {
            findings.push(wrong);
            return None;
        }
    };
    let file = sources.add(path.display().to_string(), text);
    let text = sources.text(file).to_owned();
    let document = sbml::read(file, &text, &mut |from, name| text::beside(from, name, sources));
    findings.extend(document.diagnostics.into_iter().map(|finding| placed(finding, from)));
    let mut network = document.network?;
    adjust::fold(&mut network);
    let places = places::of(&text, file);
    Some(Read { network, places, file })
}

/// The place of what a file says without saying where.
fn start_of(file: FileId) -> Span {
    Span { file, start: 0, end: 0 }
}

/// A finding about no place at all is shown where the experiment names the file.
fn placed(finding: Diagnostic, from: Option<Span>) -> Diagnostic {
    match from {
        Some(from) if finding.labels.is_empty() => finding.at(from, "read for this"),
        _ => finding,
    }
}

/// The arguments of a source.
type Settings = BTreeMap<String, Value>;

/// The word and the arguments of what stands after `=`, such as `sbml` and the path in `sbml("m.xml")`.
fn source(
    kind: &str,
    value: &Expr,
    sources: Vec<Choice>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(String, Settings)> {
    let scope = Scope::default();
    let mut origins = BTreeMap::new();
    let mut typing = Typing { scope: &scope, findings, origins: &mut origins, origin: Origin::File };
    match typing.value(value, &Type::Choice(sources), kind)? {
        Value::Choice(word, settings) => Some((word, settings)),
        _ => None,
    }
}

/// The only argument of a source that takes a text.
fn only_text(settings: Settings) -> Option<String> {
    match settings.into_values().next() {
        Some(Value::Text(argument)) => Some(argument),
        _ => None,
    }
}

//! Reads the file and everything that it imports.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::syntax::ast::{self, DeclarationKind, EntryKind, Expr};

use super::kinetics::{DEEPEST, too_deep};
use super::words;

/// One file with its tree.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Its folder: paths in it are relative to that.
    pub folder: PathBuf,
    /// What it says, without what nests too deeply.
    pub tree: ast::File,
    /// Imported names with the index of the file that they come from; `None` when that could not be read.
    pub imports: Vec<(ast::Name, Option<usize>)>,
}

/// All files, the first one being the one asked for.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub files: Vec<SourceFile>,
    /// Some file did not parse: names may be missing for that reason alone.
    pub incomplete: bool,
}

struct Reader<'a> {
    sources: &'a mut Sources,
    findings: &'a mut Vec<Diagnostic>,
    out: Files,
    /// Index by canonical path; `None` while the file's own imports are being read, or when it cannot be read.
    known: BTreeMap<PathBuf, Option<usize>>,
    /// Files whose imports are being read, outermost first.
    open: Vec<PathBuf>,
}

/// Imports that may nest.
const DEEPEST_IMPORT: usize = 64;

/// Reads `path` and its imports.
pub(super) fn read(path: &Path, sources: &mut Sources, findings: &mut Vec<Diagnostic>) -> Files {
    let mut reader = Reader { sources, findings, out: Files::default(), known: BTreeMap::new(), open: Vec::new() };
    reader.read(path, None);
    reader.out
}

impl Reader<'_> {
    fn read(&mut self, path: &Path, from: Option<Span>) -> Option<usize> {
        let text = match text_of(path, from) {
            Ok(text) => text,
            Err(wrong) => {
                self.findings.push(wrong);
                self.out.incomplete = true;
                return None;
            }
        };
        let canonical = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if let Some(index) = self.known.get(&canonical) {
            return *index;
        }
        let id = self.sources.add(path.display().to_string(), text);
        let (tree, wrong) = crate::syntax::parse(self.sources.text(id), id);
        self.out.incomplete |= wrong.iter().any(|finding| finding.severity == Severity::Error);
        self.findings.extend(wrong);
        let tree = self.shallow(tree);
        let index = self.out.files.len();
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        self.known.insert(canonical.clone(), Some(index));
        self.out.files.push(SourceFile { folder: folder.clone(), tree, imports: Vec::new() });
        self.open.push(canonical);
        let wanted: Vec<_> = self.out.files[index]
            .tree
            .declarations
            .iter()
            .filter_map(|declaration| match &declaration.kind {
                DeclarationKind::Import { names, path } => Some((names.clone(), path.clone())),
                _ => None,
            })
            .collect();
        for (names, target) in wanted {
            let imported = self.import(&folder, &target);
            self.out.files[index].imports.extend(names.into_iter().map(|name| (name, imported)));
        }
        self.open.pop();
        Some(index)
    }

    fn import(&mut self, folder: &Path, target: &ast::Text) -> Option<usize> {
        let path = tidy(&folder.join(&target.value));
        if let Ok(canonical) = path.canonicalize()
            && let Some(at) = self.open.iter().position(|open| *open == canonical)
        {
            let names: Vec<_> = self.open[at..].iter().chain([&canonical]).map(|path| file_name(path)).collect();
            self.findings.push(
                Diagnostic::error("import-cycle", format!("the files import each other: {}", names.join(" -> ")))
                    .at(target.span, "closes the circle")
                    .help("move what both need into a third file"),
            );
            self.out.incomplete = true;
            return None;
        }
        if self.open.len() >= DEEPEST_IMPORT {
            self.findings.push(
                Diagnostic::error("import-depth", "imports nest too deeply")
                    .at(target.span, format!("expected at most {DEEPEST_IMPORT} files that import one another")),
            );
            self.out.incomplete = true;
            return None;
        }
        self.read(&path, Some(target.span))
    }

    /// Takes out declarations whose expressions nest too deeply for later passes.
    fn shallow(&mut self, mut tree: ast::File) -> ast::File {
        let findings = &mut *self.findings;
        let mut found = false;
        tree.declarations.retain(|declaration| {
            let deep = expressions(declaration).into_iter().find(|expr| too_deep(expr)).map(|expr| expr.span);
            if let Some(span) = deep {
                found = true;
                findings.push(
                    Diagnostic::error("too-deep", format!("an expression of more than {DEEPEST} nested operations"))
                        .at(span, "too long or too deep")
                        .help("give parts of it a name with `let`"),
                );
            }
            deep.is_none()
        });
        self.out.incomplete |= found;
        tree
    }
}

/// The bytes of a file, or why there are none.
pub(super) fn bytes_of(path: &Path, from: Option<Span>) -> Result<Vec<u8>, Diagnostic> {
    let shown = path.display();
    let at = |finding: Diagnostic, label: &str| match from {
        Some(span) => finding.at(span, label),
        None => finding,
    };
    std::fs::read(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            let finding = Diagnostic::error("missing-file", format!("there is no file {shown}"));
            return at(finding, "not found").maybe_help(near_file(path));
        }
        at(Diagnostic::error("unreadable-file", format!("cannot read {shown}: {error}")), "not readable")
    })
}

/// The text of a `.kexp` file.
fn text_of(path: &Path, from: Option<Span>) -> Result<String, Diagnostic> {
    let name = path.display().to_string();
    crate::syntax::decode(&name, bytes_of(path, from)?).map_err(|finding| match from {
        Some(span) => finding.at(span, "not a text that can be read"),
        None => finding,
    })
}

/// Other files of the folder with a similar name, or the nearest folder that exists.
fn near_file(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name()?.to_string_lossy().into_owned();
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            let mut names: Vec<_> =
                entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
            names.sort();
            words::near(&name, names.iter().map(String::as_str))
        }
        Err(_) => Some(format!("there is no folder {} either", folder.display())),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The path without `.` and with `name/..` taken out.
pub(super) fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidy.components().next_back(), Some(Component::Normal(_))) => {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    tidy
}

/// The outermost expressions of a declaration.
fn expressions(declaration: &ast::Declaration) -> Vec<&Expr> {
    let mut all = Vec::new();
    let mut open: Vec<&ast::Entry> = Vec::new();
    match &declaration.kind {
        DeclarationKind::Experiment { entries, .. } => open.extend(entries),
        DeclarationKind::Named { value, entries, .. } => {
            all.extend(value);
            open.extend(entries);
        }
        DeclarationKind::Import { .. } => {}
    }
    while let Some(entry) = open.pop() {
        match &entry.kind {
            EntryKind::Setting { value, .. }
            | EntryKind::Parameter { value, .. }
            | EntryKind::Let { value, .. }
            | EntryKind::Rule { value, .. } => all.push(value),
            EntryKind::Group { entries, .. } => open.extend(entries),
            EntryKind::Vary { values, .. } => all.push(values),
            EntryKind::Compartment { size, .. } => all.push(size),
            EntryKind::Species { initial, .. } => all.push(initial),
            EntryKind::Reaction { rate, .. } => all.push(rate),
            EntryKind::Event { trigger, entries, .. } => {
                all.push(trigger);
                open.extend(entries);
            }
            EntryKind::Observable { formula, noise, .. } => {
                all.push(formula);
                all.extend(noise);
            }
            EntryKind::Estimate { bounds, .. } => all.push(bounds),
            EntryKind::Prior { distribution, .. } => all.push(distribution),
        }
    }
    all
}

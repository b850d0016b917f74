//! COMBINE archives (`.omex`): zip files with a manifest. Read as something that a stranger packed.
//!
//! The format: Bergmann et al., COMBINE archive and OMEX format, BMC Bioinformatics 2014.

use std::io::{Cursor, Read as _};

use super::content::{root, shown};
use super::error::{Cause, FetchError};

/// The most members of an archive.
const MOST_MEMBERS: usize = 10_000;

/// The most bytes of one member, unpacked.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The most bytes of all members together, unpacked.
const MOST_BYTES_IN_ALL: u64 = 512 * 1024 * 1024;

/// The most bytes of the manifest.
const MOST_BYTES_OF_MANIFEST: u64 = 1024 * 1024;

/// The model in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedModel {
    /// Its path in the archive, with `/` between folders.
    pub location: String,
    /// Its content.
    pub content: Vec<u8>,
}

impl ArchivedModel {
    /// The last part of its path.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.location.rsplit('/').next().unwrap_or_default()
    }
}

/// The SBML model of an archive: the master file if that is SBML, else the first SBML file of the manifest. Nothing is
/// written to the disk, and archives in the archive are not opened.
///
/// # Errors
/// When it is no COMBINE archive, has no SBML model, is larger than an archive of a model can be, or has members that
/// would land outside of a folder that it is unpacked in.
pub fn model(name: &str, bytes: &[u8]) -> Result<ArchivedModel, FetchError> {
    read(bytes).map_err(|reason| Cause::Archive { archive: name.to_owned(), reason }.into())
}

fn read(bytes: &[u8]) -> Result<ArchivedModel, String> {
    // Counted before the table of contents is read: each of its entries starts with this signature.
    let members = bytes.windows(4).filter(|window| *window == b"PK\x01\x02").count();
    if members > MOST_MEMBERS {
        return Err(format!("it has {members} members, more than {MOST_MEMBERS}"));
    }
    let broken = |error: zip::result::ZipError| format!("it is no zip archive that can be read: {error}");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.has_duplicate_names() {
        return Err("it has two members of one name".to_owned());
    }
    let mut total = 0_u64;
    for at in 0..archive.len() {
        let member = archive.by_index_raw(at).map_err(broken)?;
        let raw = member.name_raw().to_owned();
        let location = std::str::from_utf8(&raw).map_err(|_| "it has a member whose name is not UTF-8".to_owned())?;
        if !is_inside(location) {
            return Err(format!("its member `{}` would land outside of the archive's folder", shown(location)));
        }
        if member.is_symlink() {
            return Err(format!("its member `{}` is a link", shown(location)));
        }
        if member.size() > MOST_BYTES {
            return Err(format!(
                "its member `{}` has {} bytes, more than {MOST_BYTES}",
                shown(location),
                member.size()
            ));
        }
        total = total.saturating_add(member.size());
    }
    if total > MOST_BYTES_IN_ALL {
        return Err(format!("its members have {total} bytes together, more than {MOST_BYTES_IN_ALL}"));
    }
    let manifest = member(&mut archive, "manifest.xml", MOST_BYTES_OF_MANIFEST)?;
    let location = choose(&manifest)?;
    let content = member(&mut archive, &location, MOST_BYTES)?;
    match root(&content) {
        Some("sbml") => Ok(ArchivedModel { location, content }),
        _ => Err(format!("`{}` is not SBML, although the manifest says so", shown(&location))),
    }
}

/// Unpacks one member. The size that the archive states is not believed: bytes are counted while they are unpacked.
fn member(archive: &mut zip::ZipArchive<Cursor<&[u8]>>, location: &str, most: u64) -> Result<Vec<u8>, String> {
    let failed =
        |error: &dyn std::fmt::Display| format!("its member `{}` cannot be unpacked: {error}", shown(location));
    let member = archive.by_name(location).map_err(|error| failed(&error))?;
    let mut content = Vec::new();
    member.take(most + 1).read_to_end(&mut content).map_err(|error| failed(&error))?;
    match content.len() as u64 > most {
        true => Err(format!("its member `{}` has more than {most} bytes", shown(location))),
        false => Ok(content),
    }
}

/// The path of the model that the manifest names.
fn choose(manifest: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(manifest).map_err(|_| "its manifest is not UTF-8".to_owned())?;
    let options = roxmltree::ParsingOptions { nodes_limit: 200_000, ..roxmltree::ParsingOptions::default() };
    let document = roxmltree::Document::parse_with_options(text, options)
        .map_err(|error| format!("its manifest cannot be read: {error}"))?;
    let contents = document.root_element().children().filter(|node| node.tag_name().name() == "content");
    let models: Vec<(bool, String)> = contents
        .filter(|node| is_sbml(node.attribute("format").unwrap_or_default()))
        .filter_map(|node| {
            let is_master = matches!(node.attribute("master"), Some("true" | "1"));
            Some((is_master, node.attribute("location")?.to_owned()))
        })
        .collect();
    let chosen = models.iter().find(|(is_master, _)| *is_master).or_else(|| models.first());
    let (_, location) = chosen.ok_or("its manifest names no SBML model")?;
    let location = location.strip_prefix("./").unwrap_or(location);
    match is_inside(location) {
        true => Ok(location.to_owned()),
        false => Err(format!("its manifest names `{}`, which is outside of the archive", shown(location))),
    }
}

/// SBML by identifiers.org (`…combine.specifications/sbml.level-3.version-1`) or by media type.
fn is_sbml(format: &str) -> bool {
    let format = format.to_ascii_lowercase();
    let last = format.rsplit('/').next().unwrap_or_default();
    last == "sbml" || last.starts_with("sbml.") || last == "sbml+xml"
}

/// A relative path of plain parts, with `/` between them. Folders end with `/`.
fn is_inside(location: &str) -> bool {
    let location = location.strip_prefix("./").unwrap_or(location);
    let path = location.strip_suffix('/').unwrap_or(location);
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    !has_drive && !path.contains(['\\', '\0']) && path.split('/').all(plain)
}

//! The texts of imported files.

use std::path::Path;

use crate::diagnostic::{Diagnostic, FileId, Sources, Span};
use crate::import::sbml::External;

use super::super::imports::bytes_of;

/// Files that are larger are no models. The largest of `BioModels` have less than a tenth of it.
const MOST_BYTES: u64 = 256 << 20;

/// The text of an XML file, or why there is none.
pub(super) fn of(path: &Path, from: Option<Span>) -> Result<String, Diagnostic> {
    let at = |finding: Diagnostic, label: &str| match from {
        Some(span) => finding.at(span, label),
        None => finding,
    };
    let shown = path.display();
    if let Ok(metadata) = std::fs::metadata(path) {
        if metadata.is_dir() {
            let finding = Diagnostic::error("unreadable-file", format!("{shown} is a folder"));
            return Err(at(finding, "expected a file"));
        }
        if metadata.len() > MOST_BYTES {
            let message = format!("{shown} has {} MB, which is too large for a model", metadata.len() >> 20);
            let finding = Diagnostic::error("large-file", message);
            return Err(at(finding, &format!("expected at most {} MB", MOST_BYTES >> 20)));
        }
    }
    decode(bytes_of(path, from)?).map_err(|line| {
        let finding = Diagnostic::error("not-utf-8", format!("{shown}:{line}: this is not UTF-8 text"));
        at(finding, "not a text that can be read").help("save the file with the encoding UTF-8")
    })
}

/// The document that the document `from` names by a path relative to itself.
pub(super) fn beside(from: FileId, name: &str, sources: &mut Sources) -> Result<External, String> {
    let folder = Path::new(sources.name(from)).parent().map(Path::to_path_buf).unwrap_or_default();
    let path = folder.join(name);
    let text = of(&path, None).map_err(|finding| finding.message)?;
    let file = sources.add(path.display().to_string(), text.clone());
    Ok(External { file, text })
}

/// Bytes as text in the encoding that the first line names: UTF-8, UTF-16 with its mark, or Latin-1. The error is the
/// line at which it fails.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, usize> {
    if let [first, second, rest @ ..] = bytes.as_slice()
        && matches!((first, second), (0xFF, 0xFE) | (0xFE, 0xFF))
    {
        let read = |pair: &[u8]| match first {
            0xFF => u16::from_le_bytes([pair[0], pair[1]]),
            _ => u16::from_be_bytes([pair[0], pair[1]]),
        };
        let units: Vec<u16> = rest.chunks_exact(2).map(read).collect();
        return String::from_utf16(&units).map_err(|_| 1);
    }
    String::from_utf8(bytes).or_else(|error| {
        let bytes = error.as_bytes();
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_ascii_lowercase();
        if ["iso-8859-1", "windows-1252", "latin1", "us-ascii"].iter().any(|name| head.contains(name)) {
            return Ok(bytes.iter().map(|byte| char::from(*byte)).collect());
        }
        Err(bytes[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn encodings_are_read() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a b='\xe4'/>".to_vec();
        assert!(decode(latin).is_ok_and(|text| text.contains('ä')));
        assert_eq!(decode(b"<a>\n\xe4</a>".to_vec()), Err(2));
        let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain("<ä/>".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(wide), Ok("<ä/>".to_owned()));
    }
}

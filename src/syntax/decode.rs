//! From the bytes of a file to its text.

use super::bounds;
use crate::diagnostic::{Diagnostic, FileId};

/// The text of a file from its bytes. A byte order mark stays in the text, since offsets count from the first byte.
///
/// # Errors
/// A diagnostic without a place, since there is no text to show, for a file that is too large, not UTF-8, or binary.
/// `name` is how messages call the file.
pub fn decode(name: &str, bytes: Vec<u8>) -> Result<String, Diagnostic> {
    if let Some(mut diagnostic) = bounds::size(bytes.len(), FileId(0)) {
        diagnostic.labels.clear();
        diagnostic.message = format!("{name}: {}", diagnostic.message);
        return Err(diagnostic);
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Diagnostic::error("not-utf-8", format!("{name} is UTF-16 text, not UTF-8"))
            .help("save the file with the encoding UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        let byte = error.as_bytes().get(at).copied().unwrap_or_default();
        Diagnostic::error("not-utf-8", format!("{name}:{line}: the byte {byte:#04x} is not UTF-8 text"))
            .help("save the file with the encoding UTF-8")
    })?;
    match text.find('\0') {
        Some(at) => {
            let line = text[..at].matches('\n').count() + 1;
            Err(Diagnostic::error("not-text", format!("{name}:{line}: a zero byte: this is not a text file")))
        }
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn text_is_text() {
        assert_eq!(decode("a", b"model m {}\r\n".to_vec()).unwrap(), "model m {}\r\n");
        assert_eq!(decode("a", vec![b'\n', 0xff]).unwrap_err().message, "a:2: the byte 0xff is not UTF-8 text");
        assert_eq!(decode("a", vec![0xff, 0xfe, b'm', 0]).unwrap_err().code, "not-utf-8");
        assert_eq!(decode("a", vec![b'm', 0]).unwrap_err().code, "not-text");
        assert_eq!(decode("a", vec![b' '; 5 << 20]).unwrap_err().code, "file-too-large");
    }
}

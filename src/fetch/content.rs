//! Is the answer what was asked for? Servers send web pages with status 200 when something is wrong.

use super::error::Cause;

/// What an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An SBML model, whole.
    Sbml,
    /// JSON.
    Json,
    /// A zip archive.
    Archive,
    /// Any file that is no web page.
    File,
}

impl Expected {
    fn words(self) -> &'static str {
        match self {
            Expected::Sbml => "an SBML model",
            Expected::Json => "JSON",
            Expected::Archive => "a COMBINE archive",
            Expected::File => "a file",
        }
    }
}

/// Checks the first and last bytes of an answer.
///
/// # Errors
/// When it is a web page, empty, or of another kind.
pub(super) fn check(url: &str, bytes: &[u8], expected: Expected) -> Result<(), Cause> {
    let words = expected.words();
    let refused = |reason: &str| Cause::Content { url: url.to_owned(), expected: words, reason: reason.to_owned() };
    let start = trimmed(bytes);
    if start.is_empty() {
        return Err(refused("the answer is empty"));
    }
    if is_page(start) {
        return Err(Cause::Page { url: url.to_owned(), expected: words, title: title(start) });
    }
    match expected {
        Expected::Sbml if root(start) != Some("sbml") => Err(refused(&match root(start) {
            Some(name) => format!("the root element is `{}`", shown(name)),
            None => "it has no root element".to_owned(),
        })),
        Expected::Sbml if !is_closed(bytes) => {
            Err(Cause::Truncated { url: url.to_owned(), received: bytes.len() as u64, expected: None })
        }
        Expected::Json if !start.starts_with(b"{") && !start.starts_with(b"[") => Err(refused("it starts differently")),
        Expected::Archive if !start.starts_with(b"PK") => Err(refused("it is no zip file")),
        _ => Ok(()),
    }
}

/// The local name of an XML document's root element, after declaration, comments and document type.
#[must_use]
pub(super) fn root(bytes: &[u8]) -> Option<&str> {
    let mut rest = trimmed(bytes);
    loop {
        let end: &[u8] = match rest {
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            // A document type with declarations of its own ends after their bracket.
            [b'<', b'!', ..] if rest.iter().find(|byte| matches!(byte, b'[' | b'>')) == Some(&b'[') => b"]>",
            [b'<', b'!', ..] => b">",
            [b'<', name @ ..] => {
                let length = name.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/'))?;
                let name = std::str::from_utf8(&name[..length]).ok()?;
                return Some(name.rsplit_once(':').map_or(name, |(_, local)| local));
            }
            _ => return None,
        };
        let at = rest.windows(end.len()).position(|window| window == end)?;
        rest = rest[at + end.len()..].trim_ascii_start();
    }
}

/// Is the last tag the end of an `sbml` element?
fn is_closed(bytes: &[u8]) -> bool {
    let Some(at) = bytes.windows(2).rposition(|window| window == b"</") else { return false };
    let tag = &bytes[at + 2..];
    let Some(end) = tag.iter().position(|byte| *byte == b'>') else { return false };
    let name = tag[..end].trim_ascii();
    name.rsplit(|byte| *byte == b':').next() == Some(b"sbml")
}

fn is_page(start: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&start[..start.len().min(64)]).to_ascii_lowercase();
    let declared = head.starts_with("<!doctype") && head["<!doctype".len()..].trim_start().starts_with("html");
    declared || root(start).is_some_and(|name| name.eq_ignore_ascii_case("html"))
}

/// The title of a web page, which mostly says what is wrong.
fn title(page: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&page[..page.len().min(16 * 1024)]).into_owned();
    let lower = head.to_ascii_lowercase();
    let from = lower.find("<title")?;
    let from = from + lower[from..].find('>')? + 1;
    let to = from + lower[from..].find("</title")?;
    let words: Vec<&str> = head[from..to].split_whitespace().collect();
    let words = shown(&words.join(" "));
    (!words.is_empty()).then_some(words)
}

/// Text from outside, short and without control characters, fit for a message.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().filter(|letter| !letter.is_control()).take(80).collect();
    if text.chars().count() > 80 {
        shown.push('…');
    }
    shown
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

//! Names from outside: what may become a part of an address or of a path.

use super::content::shown;
use super::error::Cause;

/// Is it an identifier of `BioModels`: `BIOMD` or `MODEL` and ten digits?
///
/// # Errors
/// When it is anything else.
pub(super) fn biomodel_id(id: &str) -> Result<(), Cause> {
    let number = id.strip_prefix("BIOMD").or_else(|| id.strip_prefix("MODEL"));
    match number {
        Some(digits) if digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
        _ => Err(Cause::Id {
            id: shown(id),
            expected: "a BioModels identifier, which is BIOMD or MODEL and ten digits, such as BIOMD0000000064",
        }),
    }
}

/// Is it a name of the `PEtab` collection, such as `Crauste_CellSystems2017`?
///
/// # Errors
/// When it has other characters than letters, digits, `_` and `-`.
pub(super) fn petab_name(name: &str) -> Result<(), Cause> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !name.is_empty() && name.len() <= 100 && name.bytes().all(plain) {
        true => Ok(()),
        false => Err(Cause::Id {
            id: shown(name),
            expected: "a name of the PEtab benchmark collection, such as Crauste_CellSystems2017",
        }),
    }
}

/// Can the name be used for a file in a folder of ours? No separators, no control characters, nothing hidden.
#[must_use]
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && !name.starts_with('.')
        && name != ENTRY
        && !name.ends_with([' ', '.'])
        && name.chars().all(|letter| !letter.is_control() && !r#"/\:*?"<>|"#.contains(letter))
}

/// The file of a cache folder that says what is in it; no download may have this name.
pub(super) const ENTRY: &str = "entry.ron";

/// [`is_plain`] as a check.
///
/// # Errors
/// When the name is not plain.
pub(super) fn plain(from: &str, name: &str) -> Result<(), Cause> {
    match is_plain(name) {
        true => Ok(()),
        false => Err(Cause::Name { from: from.to_owned(), name: shown(name) }),
    }
}

/// For a query or a part of a path: everything but letters, digits and `-._~` percent-encoded.
#[must_use]
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

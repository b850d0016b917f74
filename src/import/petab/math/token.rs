//! The words of a formula.

use std::ops::Range;

use super::MathError;

/// One word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Token<'a> {
    /// A number without its sign.
    Number(f64),
    /// An id or the name of a function.
    Name(&'a str),
    /// An operator, a parenthesis or a comma.
    Sign(&'static str),
    /// Nothing more.
    End,
}

/// Longer signs stand before those that they begin with.
const SIGNS: [&str; 18] =
    ["**", "<=", ">=", "==", "!=", "&&", "||", "+", "-", "*", "/", "^", "<", ">", "!", "(", ")", ","];

/// The word at `from` or after blanks from there, and its place.
///
/// # Errors
/// When no word begins there.
pub fn next(text: &str, from: usize) -> Result<(Token<'_>, Range<usize>), MathError> {
    let rest = &text[from..];
    let start = from + (rest.len() - rest.trim_start().len());
    let rest = &text[start..];
    let Some(first) = rest.chars().next() else { return Ok((Token::End, start..start)) };
    if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
        let length = number(rest.as_bytes());
        let place = start..start + length;
        return match rest[..length].parse::<f64>() {
            Ok(value) if value.is_finite() => Ok((Token::Number(value), place)),
            _ => Err(error(format!("`{}` is no number", &rest[..length]), "not a finite number", place)),
        };
    }
    if first.is_alphabetic() || first == '_' {
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        return Ok((Token::Name(&rest[..length]), start..start + length));
    }
    match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        Some(sign) => Ok((Token::Sign(sign), start..start + sign.len())),
        None => {
            let place = start..start + first.len_utf8();
            Err(error(format!("`{}` means nothing in a formula", first.escape_debug()), "unexpected", place))
        }
    }
}

/// How many bytes at the beginning belong to a number.
fn number(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut length = digits(0);
    if text.get(length) == Some(&b'.') {
        length += 1;
        length += digits(length);
    }
    if matches!(text.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits((length + 1 + sign).min(text.len()));
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}

/// An error without help.
pub fn error(message: String, label: &'static str, place: Range<usize>) -> MathError {
    MathError { message, label, place, help: None }
}

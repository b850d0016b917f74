//! How a value is written in prose.

use crate::report::results::Value;
use crate::table::rounded;

/// The format after `as` in a value marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueFormat {
    /// A number with this many significant digits; words as they are.
    Number(usize),
    /// Rounded to a whole number.
    Integer,
    /// Times 100, with this many significant digits and a per cent sign.
    Percent(usize),
}

impl Default for ValueFormat {
    fn default() -> Self {
        ValueFormat::Number(4)
    }
}

impl ValueFormat {
    /// Reads `percent`, `percent(3)`, `number(3)` or `integer`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "percent" => return Some(ValueFormat::Percent(2)),
            "number" => return Some(ValueFormat::default()),
            "integer" => return Some(ValueFormat::Integer),
            _ => {}
        }
        let (name, rest) = text.split_once('(')?;
        let digits = rest.strip_suffix(')')?.trim().parse().ok().filter(|digits| (1..=15).contains(digits))?;
        match name.trim() {
            "percent" => Some(ValueFormat::Percent(digits)),
            "number" => Some(ValueFormat::Number(digits)),
            _ => None,
        }
    }

    /// The value in this format.
    pub(super) fn apply(self, value: &Value) -> Result<String, String> {
        let number = match (value, self) {
            (Value::Text(text), ValueFormat::Number(4)) => return Ok(text.clone()),
            (Value::Text(text), _) => return Err(format!("`{text}` is no number; leave out what follows `as`")),
            (Value::Integer(value), ValueFormat::Number(_) | ValueFormat::Integer) => return Ok(value.to_string()),
            (Value::Integer(value), ValueFormat::Percent(_)) => *value as f64,
            (Value::Number(value), _) => *value,
        };
        Ok(match self {
            ValueFormat::Number(digits) => rounded(number, digits),
            ValueFormat::Integer => format!("{number:.0}"),
            ValueFormat::Percent(digits) => percent(number, digits),
        })
    }
}

/// A share in per cent. A share below 1 is never written as 100 %, nor one above 0 as 0 %: digits are added instead.
fn percent(share: f64, digits: usize) -> String {
    let value = share * 100.0;
    let mut digits = digits;
    while digits < 9 && value < 100.0 && rounded(value, digits) == "100" {
        digits += 1;
    }
    format!("{} %", rounded(value, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_asked() {
        let cases = [
            ("percent", Value::Number(0.97), "97 %"),
            ("percent", Value::Number(0.0264), "2.6 %"),
            ("percent", Value::Number(0.9996), "99.96 %"),
            ("percent", Value::Number(1.0), "100 %"),
            ("percent(3)", Value::Number(0.123_45), "12.3 %"),
            ("number(3)", Value::Number(138.2219), "138"),
            ("number", Value::Number(138.2219), "138.2"),
            ("number", Value::Integer(123_456), "123456"),
            ("integer", Value::Number(2.6), "3"),
            ("number", Value::Number(f64::INFINITY), "inf"),
            ("number", Value::Text("flow".into()), "flow"),
        ];
        for (format, value, text) in cases {
            assert_eq!(ValueFormat::parse(format).expect("a format").apply(&value).expect("written"), text);
        }
        for wrong in ["", "per cent", "percent(", "percent()", "number(0)", "number(x)", "integer(2)"] {
            assert_eq!(ValueFormat::parse(wrong), None, "{wrong}");
        }
        assert!(ValueFormat::Integer.apply(&Value::Text("flow".into())).is_err());
    }
}

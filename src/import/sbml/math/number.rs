//! Numbers of `MathML` and of attributes.

use super::super::tree::Node;

/// A number of an attribute of type `double`: XML Schema's notation, `INF`, `-INF` and `NaN` included.
pub(in crate::import::sbml) fn double(text: &str) -> Option<f64> {
    match text.trim() {
        "INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        // Rust would read words such as `infinity` too.
        text if text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) => {
            text.parse().ok()
        }
        _ => None,
    }
}

/// A truth value of an attribute.
pub(in crate::import::sbml) fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// The value of a `cn` element, or what it should have been.
pub(super) fn value(cn: &Node) -> Result<f64, &'static str> {
    let parts: Vec<&str> = cn.texts.iter().map(|text| text.trim()).collect();
    match cn.attribute("type").unwrap_or("real").trim() {
        "real" => single(&parts).and_then(double).ok_or("a number"),
        "integer" => single(&parts).and_then(integer).ok_or("an integer"),
        "e-notation" => pair(&parts).and_then(scientific).ok_or("a number, <sep/>, and a power of ten"),
        "rational" => pair(&parts)
            .and_then(|(above, below)| Some(integer(above)? / integer(below)?))
            .ok_or("two integers with <sep/> between them"),
        _ => Err("a number of type real, integer, e-notation or rational"),
    }
}

fn single<'a>(parts: &[&'a str]) -> Option<&'a str> {
    match parts {
        [only] => Some(only),
        _ => None,
    }
}

fn pair<'a>(parts: &[&'a str]) -> Option<(&'a str, &'a str)> {
    match parts {
        [first, second] => Some((first, second)),
        _ => None,
    }
}

fn integer(text: &str) -> Option<f64> {
    double(text).filter(|value| value.fract() == 0.0)
}

/// Read as one number, so that it is rounded once.
fn scientific((mantissa, exponent): (&str, &str)) -> Option<f64> {
    double(mantissa)?;
    let exponent: i32 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    match mantissa.contains(['e', 'E']) {
        true => double(mantissa).map(|mantissa| mantissa * 10f64.powi(exponent)),
        false => double(&format!("{mantissa}e{exponent}")),
    }
}

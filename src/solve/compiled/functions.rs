//! The elementary functions that compiled code calls: the same ones that the interpreter uses, so that both give the
//! same bits.

use crate::solve::dag::Unary;

macro_rules! wrap {
    ($($name:ident => $method:ident),* $(,)?) => {
        $(extern "C" fn $name(x: f64) -> f64 { x.$method() })*
    };
}

wrap!(
    ln => ln, log10 => log10, sin => sin, cos => cos, tan => tan, asin => asin, acos => acos, atan => atan,
    sinh => sinh, cosh => cosh, tanh => tanh,
);

extern "C" fn factorial(x: f64) -> f64 {
    crate::solve::dag::factorial(x)
}

extern "C" fn polygamma(order: f64, x: f64) -> f64 {
    crate::solve::dag::polygamma(order, x)
}

/// The symbol of the power function.
pub const POWER: &str = "kexp_power";

/// The symbol of the exponential function.
pub const EXP: &str = "kexp_exp";

/// The symbol of the polygamma function.
pub const POLYGAMMA: &str = "kexp_polygamma";

/// The symbol under which compiled code calls a function; nothing for those that are machine instructions.
pub fn symbol(function: Unary) -> Option<&'static str> {
    Some(match function {
        Unary::Exp => EXP,
        Unary::Ln => "kexp_ln",
        Unary::Log10 => "kexp_log10",
        Unary::Sin => "kexp_sin",
        Unary::Cos => "kexp_cos",
        Unary::Tan => "kexp_tan",
        Unary::Asin => "kexp_asin",
        Unary::Acos => "kexp_acos",
        Unary::Atan => "kexp_atan",
        Unary::Sinh => "kexp_sinh",
        Unary::Cosh => "kexp_cosh",
        Unary::Tanh => "kexp_tanh",
        Unary::Factorial => "kexp_factorial",
        Unary::Negate | Unary::Sqrt | Unary::Abs | Unary::Floor | Unary::Ceil => return None,
    })
}

/// The address of each symbol, but those of powers and exponentials, which are the C library's own.
pub fn addresses() -> [(&'static str, *const u8); 13] {
    [
        ("kexp_ln", ln as *const u8),
        ("kexp_log10", log10 as *const u8),
        ("kexp_sin", sin as *const u8),
        ("kexp_cos", cos as *const u8),
        ("kexp_tan", tan as *const u8),
        ("kexp_asin", asin as *const u8),
        ("kexp_acos", acos as *const u8),
        ("kexp_atan", atan as *const u8),
        ("kexp_sinh", sinh as *const u8),
        ("kexp_cosh", cosh as *const u8),
        ("kexp_tanh", tanh as *const u8),
        ("kexp_factorial", factorial as *const u8),
        (POLYGAMMA, polygamma as *const u8),
    ]
}

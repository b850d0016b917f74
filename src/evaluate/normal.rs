//! Quantiles of the normal and the chi-square distribution.

#![allow(clippy::excessive_precision, reason = "coefficients stand as they were published")]

/// The quantile of the standard normal distribution at a probability between 0 and 1: infinite at its ends, NaN beyond
/// them. Algorithm AS 241, `PPND16` (Wichura, Applied Statistics 1988): about 16 digits.
#[must_use]
pub fn quantile(probability: f64) -> f64 {
    let q = probability - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let tail = if q < 0.0 { probability } else { 1.0 - probability };
    if tail.is_nan() || tail < 0.0 {
        return f64::NAN;
    }
    if tail == 0.0 {
        return f64::INFINITY.copysign(q);
    }
    let r = (-tail.ln()).sqrt();
    let value = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &FAR) };
    value.copysign(q)
}

/// The quantile of the chi-square distribution with one degree of freedom: the square of a standard normal variable.
#[must_use]
pub fn chi_square_quantile(probability: f64) -> f64 {
    quantile(f64::midpoint(1.0, probability)).powi(2)
}

/// The quantile of the chi-square distribution with so many degrees of freedom, to about one part in a hundred: the cube
/// root of the variable is nearly normal (Wilson & Hilferty 1931).
#[must_use]
pub fn chi_square_quantile_of(degrees: usize, probability: f64) -> f64 {
    let degrees = degrees.max(1) as f64;
    let share = 2.0 / (9.0 * degrees);
    degrees * (1.0 - share + quantile(probability) * share.sqrt()).max(0.0).powi(3)
}

/// Coefficients of a numerator and a denominator, the constant first.
type Ratio = [[f64; 8]; 2];

fn ratio(r: f64, [above, below]: &Ratio) -> f64 {
    let polynomial = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, term| sum * r + term);
    polynomial(above) / polynomial(below)
}

const CENTRE: Ratio = [
    [
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ],
    [
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ],
];

const MIDDLE: Ratio = [
    [
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ],
    [
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ],
];

const FAR: Ratio = [
    [
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ],
    [
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_invert_the_distribution() {
        let below = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
        for probability in [1e-300, 1e-12, 1e-4, 0.02, 0.08, 0.3, 0.5, 0.77, 0.93, 0.999, 1.0 - 1e-9] {
            let back = below(quantile(probability));
            assert!((back / probability - 1.0).abs() < 1e-11, "{probability}: {back}");
        }
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(quantile(1.0), f64::INFINITY);
        assert!(quantile(1.1).is_nan() && quantile(-0.1).is_nan() && quantile(f64::NAN).is_nan());
    }

    #[test]
    fn chi_square_has_its_published_quantiles() {
        for (probability, value) in [(0.95, 3.841458820694124), (0.99, 6.6348966010212145), (0.5, 0.454936423119572)] {
            assert!((chi_square_quantile(probability) - value).abs() < 1e-12, "{probability}");
        }
        for (degrees, value) in [(1, 3.8415), (2, 5.9915), (9, 16.919), (100, 124.34)] {
            assert!((chi_square_quantile_of(degrees, 0.95) / value - 1.0).abs() < 0.03, "{degrees}");
        }
    }
}

//! The factorial by the gamma function, and the derivatives of its logarithm.

/// `x!` for any real x: gamma(x + 1).
pub(crate) fn factorial(x: f64) -> f64 {
    libm::tgamma(x + 1.0)
}

/// From here on the asymptotic series below is exact to rounding for the first few orders.
const LARGE: f64 = 20.0;

/// The Bernoulli numbers B2, B4, ..., B20.
const BERNOULLI: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174_611.0 / 330.0,
];

/// The polygamma function of a whole order from 0 (the digamma function) on, by its recurrence up to large arguments
/// and its asymptotic series there (Abramowitz and Stegun 1964, 6.4.6 and 6.4.11). Not a number at the poles 0, -1, -2,
/// ... and for orders beyond 20, which no model differentiates up to.
pub(crate) fn polygamma(order: f64, x: f64) -> f64 {
    let pole = x <= 0.0 && x.fract() == 0.0;
    if !(0.0..=20.0).contains(&order) || pole || x.is_nan() || x < -1e6 {
        return f64::NAN;
    }
    let n = order as i32;
    let sign = if n % 2 == 0 { -1.0 } else { 1.0 };
    let factorial_n = libm::tgamma(order + 1.0);
    let (mut z, mut sum) = (x, 0.0);
    while z < LARGE + order {
        sum += sign * factorial_n / z.powi(n + 1);
        z += 1.0;
    }
    // (n - 1)! / z^n, where order 0 has minus the logarithm.
    let leading = if n == 0 { -z.ln() } else { libm::tgamma(order) / z.powi(n) };
    let mut series = leading + factorial_n / (2.0 * z.powi(n + 1));
    for (index, bernoulli) in BERNOULLI.iter().enumerate() {
        let twice = 2.0 * (index as f64 + 1.0);
        // (2k + n - 1)! / (2k)!
        let ratio = libm::tgamma(twice + order) / libm::tgamma(twice + 1.0);
        series += bernoulli * ratio / z.powi(n + 2 * (index as i32 + 1));
    }
    sum + sign * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let euler = 0.577_215_664_901_532_9;
        let pi = std::f64::consts::PI;
        let zeta3 = 1.202_056_903_159_594_2;
        for (order, x, expected) in [
            (0.0, 1.0, -euler),
            (0.0, 0.5, -euler - 2.0 * std::f64::consts::LN_2),
            (0.0, -0.5, 2.0 - euler - 2.0 * std::f64::consts::LN_2),
            (1.0, 1.0, pi * pi / 6.0),
            (2.0, 1.0, -2.0 * zeta3),
            (3.0, 1.0, pi.powi(4) / 15.0),
        ] {
            let value = polygamma(order, x);
            assert!((value - expected).abs() < 1e-12 * expected.abs(), "{order} {x}: {value} {expected}");
        }
        assert_eq!(factorial(5.0), 120.0);
        assert!((factorial(0.5) - pi.sqrt() / 2.0).abs() < 1e-15);
        assert!(polygamma(0.0, -1.0).is_nan());
    }
}

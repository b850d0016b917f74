//! The method's coefficients at an order and a sequence of step sizes.

use super::history::HIGHEST;

/// What an order and the last step sizes determine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Coefficients {
    /// By column of the history, how much of the correction it takes up.
    pub correction: [f64; HIGHEST + 1],
    /// The local error of a step, in units of its correction.
    pub error: f64,
    /// The error that a step of one order less would have, in units of the last column.
    pub lower: f64,
    /// The error that a step of one order more would have, in units of the difference of two corrections.
    pub higher: f64,
    /// Makes corrections of steps of different sizes comparable.
    pub scale: f64,
}

/// The coefficients of a step of size `step` behind steps of sizes `past[1]`, `past[2]`, ..., the last first (the
/// fixed-leading-coefficient form of the BDF methods: Jackson and Sacks-Davis, ACM Trans Math Softw 6:295, 1980; Brown,
/// Byrne and Hindmarsh, SIAM J Sci Stat Comput 10:1038, 1989). Those of the neighbouring orders are only computed where an
/// order may be chosen.
pub fn coefficients(order: usize, step: f64, past: &[f64; HIGHEST + 2], choose: bool) -> Coefficients {
    let mut l = [0.0; HIGHEST + 1];
    (l[0], l[1]) = (1.0, 1.0);
    let (mut leading, mut leading_predicted) = (-1.0, -1.0);
    let (mut last, mut last_fixed) = (1.0, 1.0);
    let mut elapsed = step;
    if order > 1 {
        for j in 2..order {
            elapsed += past[j - 1];
            last = step / elapsed;
            leading -= 1.0 / j as f64;
            for i in (1..=j).rev() {
                l[i] += l[i - 1] * last;
            }
        }
        leading -= 1.0 / order as f64;
        last_fixed = -l[1] - leading;
        elapsed += past[order - 1];
        last = step / elapsed;
        leading_predicted = -l[1] - last;
        for i in (1..=order).rev() {
            l[i] += l[i - 1] * last_fixed;
        }
    }
    let q = order as f64;
    let a1 = 1.0 - leading_predicted + leading;
    let a2 = 1.0 + q * a1;
    let mut found = Coefficients {
        correction: l,
        error: (a1 / (leading * a2)).abs(),
        scale: (a2 * last_fixed / (l[order] * last)).abs(),
        ..Coefficients::default()
    };
    if choose {
        found.lower = 1.0;
        if order > 1 {
            let (a3, a4) = (leading + 1.0 / q, leading_predicted + last);
            found.lower = (last_fixed / l[order] * (1.0 - a4 + a3) / a3).abs();
        }
        elapsed += past[order];
        last = step / elapsed;
        let (a5, a6) = (leading - 1.0 / (q + 1.0), leading_predicted - last);
        found.higher = ((1.0 - a6 + a5) / a2 / (last * (q + 2.0) * a5)).abs();
    }
    found
}

/// By column, how much of the new last column it takes up when the order rises, and the new column in units of the
/// last correction.
pub fn raising(order: usize, step: f64, past: &[f64; HIGHEST + 2]) -> ([f64; HIGHEST + 1], f64) {
    let mut l = [0.0; HIGHEST + 1];
    l[2] = 1.0;
    let (mut sum, mut product, mut before) = (1.0, 1.0, 1.0);
    let (mut leading, mut elapsed) = (-1.0, step);
    for j in 1..order {
        elapsed += past[j + 1];
        let ratio = elapsed / step;
        product *= ratio;
        leading -= 1.0 / (j + 1) as f64;
        sum += 1.0 / ratio;
        for i in (2..=j + 2).rev() {
            l[i] = l[i] * before + l[i - 1];
        }
        before = ratio;
    }
    (l, (-leading - sum) / product)
}

/// By column, how much of the last column it loses when the order falls.
pub fn lowering(order: usize, step: f64, past: &[f64; HIGHEST + 2]) -> [f64; HIGHEST + 1] {
    let mut l = [0.0; HIGHEST + 1];
    l[2] = 1.0;
    let mut elapsed = 0.0;
    for (j, size) in past.iter().enumerate().take(order.saturating_sub(1)).skip(1) {
        elapsed += size;
        let ratio = elapsed / step;
        for i in (2..=j + 2).rev() {
            l[i] = l[i] * ratio + l[i - 1];
        }
    }
    l
}

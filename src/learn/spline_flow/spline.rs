//! Monotone rational-quadratic splines (Gregory and Delbourgo 1982; Durkan et al. 2019) with the identity beyond both
//! tails, in 64-bit numbers: value, logarithm of the slope, inverse, and the derivatives by everything that shapes them.

/// The most bins, so that the knots of a spline lie on the stack.
pub(super) const MOST_BINS: usize = 64;
/// The least share of the range that a bin has in either direction, and the least slope at a knot.
const LEAST: f64 = 1e-3;
const LEAST_SLOPE: f64 = 1e-3;

/// Splines of so many bins between minus and plus `tail`. The numbers that shape one (a network's output) are the widths
/// and the heights of the bins as softmax logits, and the slopes at the inner knots before a softplus; all zeros are the
/// identity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spline {
    pub(super) bins: usize,
    pub(super) tail: f64,
}

type Shares = [f64; MOST_BINS];

/// The bin around a place: its first corner, its size, the slopes at its ends.
#[derive(Debug, Clone, Copy)]
struct Bin {
    index: usize,
    left: f64,
    low: f64,
    width: f64,
    height: f64,
    slopes: [f64; 2],
}

impl Spline {
    /// How many numbers shape a spline.
    pub(super) fn numbers(&self) -> usize {
        3 * self.bins - 1
    }

    /// The value at `x` and the logarithm of the slope there.
    pub(super) fn forward(&self, raw: &[f32], x: f64) -> (f64, f64) {
        if !(x.abs() < self.tail) {
            return (x, 0.0);
        }
        let bin = self.bin(raw, x, 0, &[self.shares(raw, 0), self.shares(raw, 1)]);
        let theta = ((x - bin.left) / bin.width).clamp(0.0, 1.0);
        (bin.low + bin.height * bin.ratio(theta), bin.log_slope(theta))
    }

    /// The place whose value is `y`, and the logarithm of the slope there. Equations 6 to 8 of Durkan et al.
    pub(super) fn inverse(&self, raw: &[f32], y: f64) -> (f64, f64) {
        if !(y.abs() < self.tail) {
            return (y, 0.0);
        }
        let bin = self.bin(raw, y, 1, &[self.shares(raw, 0), self.shares(raw, 1)]);
        if !bin.height.is_finite() {
            // Weights that are no longer finite: a training that diverges says so.
            return (f64::NAN, f64::NAN);
        }
        let (rise, [first, second]) = ((y - bin.low).clamp(0.0, bin.height), bin.slopes);
        let mean = bin.height / bin.width;
        let bend = second + first - 2.0 * mean;
        let a = bin.height * (mean - first) + rise * bend;
        let b = bin.height * first - rise * bend;
        let c = -mean * rise;
        let root = (b * b - 4.0 * a * c).max(0.0).sqrt();
        let theta = (2.0 * c / (-b - root)).clamp(0.0, 1.0);
        (bin.left + theta * bin.width, bin.log_slope(theta))
    }

    /// From the derivatives of a loss by the value and by the logarithm of the slope at `x`: adds those by the numbers
    /// that shape the spline to `by_raw`, and returns that by `x`.
    pub(super) fn backward(&self, raw: &[f32], x: f64, by_value: f64, by_log: f64, by_raw: &mut [f32]) -> f64 {
        if !(x.abs() < self.tail) {
            return by_value;
        }
        let shares = [self.shares(raw, 0), self.shares(raw, 1)];
        let bin = self.bin(raw, x, 0, &shares);
        let (theta, [first, second]) = (((x - bin.left) / bin.width).clamp(0.0, 1.0), bin.slopes);
        let mean = bin.height / bin.width;
        // value = low + height q / d; log slope = 2 ln mean + ln n - 2 ln d.
        let (rest, u) = (1.0 - theta, theta * (1.0 - theta));
        let bend = second + first - 2.0 * mean;
        let q = mean * theta * theta + first * u;
        let d = mean + bend * u;
        let n = second * theta * theta + 2.0 * mean * u + first * rest * rest;
        let by_q = by_value * bin.height / d;
        let by_d = -by_q * q / d - 2.0 * by_log / d;
        let by_n = by_log / n;
        let by_mean = 2.0 * by_log / mean + by_q * theta * theta + by_d * (1.0 - 2.0 * u) + 2.0 * by_n * u;
        let by_first = (by_q + by_d) * u + by_n * rest * rest;
        let by_second = by_d * u + by_n * theta * theta;
        let by_u = by_q * first + by_d * bend + 2.0 * by_n * mean;
        let by_theta =
            2.0 * by_q * mean * theta + 2.0 * by_n * (second * theta - first * rest) + by_u * (1.0 - 2.0 * theta);
        let by_x = by_theta / bin.width;
        // Before the bin lies the sum of all shares before its own.
        let by_width = -(by_theta * theta + by_mean * mean) / bin.width;
        let by_height = by_value * q / d + by_mean / bin.width;
        let range = 2.0 * self.tail;
        for (part, before, own) in [(0, -by_x, by_width), (1, by_value, by_height)] {
            let by_share = |index: usize| match index.cmp(&bin.index) {
                std::cmp::Ordering::Less => before * range,
                std::cmp::Ordering::Equal => own * range,
                std::cmp::Ordering::Greater => 0.0,
            };
            let scale = 1.0 - LEAST * self.bins as f64;
            let soft = |index: usize| (shares[part][index] - LEAST) / scale;
            let mean: f64 = (0..=bin.index).map(|index| by_share(index) * soft(index)).sum();
            for index in 0..self.bins {
                by_raw[part * self.bins + index] += (scale * soft(index) * (by_share(index) - mean)) as f32;
            }
        }
        for (knot, by_slope) in [(bin.index, by_first), (bin.index + 1, by_second)] {
            if knot > 0 && knot < self.bins {
                let at = 2 * self.bins + knot - 1;
                by_raw[at] += (by_slope / (1.0 + (-(f64::from(raw[at]) + offset())).exp())) as f32;
            }
        }
        by_x
    }

    /// The shares of the range of widths (0) or heights (1): a softmax, kept above the least share.
    fn shares(&self, raw: &[f32], part: usize) -> Shares {
        let logits = &raw[part * self.bins..(part + 1) * self.bins];
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut shares = [0.0; MOST_BINS];
        let mut sum = 0.0;
        for (share, logit) in shares.iter_mut().zip(logits) {
            *share = f64::from(logit - most).exp();
            sum += *share;
        }
        let scale = (1.0 - LEAST * self.bins as f64) / sum;
        for share in &mut shares[..self.bins] {
            *share = LEAST + *share * scale;
        }
        shares
    }

    /// The bin in which a place (`side` 0) or a value (`side` 1) lies.
    fn bin(&self, raw: &[f32], at: f64, side: usize, shares: &[Shares; 2]) -> Bin {
        let range = 2.0 * self.tail;
        let mut corner = [-self.tail; 2];
        let mut index = 0;
        while index + 1 < self.bins && at >= corner[side] + range * shares[side][index] {
            for (corner, shares) in corner.iter_mut().zip(shares) {
                *corner += range * shares[index];
            }
            index += 1;
        }
        let slope = |knot: usize| match knot {
            0 => 1.0,
            knot if knot == self.bins => 1.0,
            knot => LEAST_SLOPE + softplus(f64::from(raw[2 * self.bins + knot - 1]) + offset()),
        };
        Bin {
            index,
            left: corner[0],
            low: corner[1],
            width: range * shares[0][index],
            height: range * shares[1][index],
            slopes: [slope(index), slope(index + 1)],
        }
    }
}

impl Bin {
    /// How much of the height lies below the value at a share `theta` of the width; equation 4 of Durkan et al.
    fn ratio(&self, theta: f64) -> f64 {
        let (mean, [first, second]) = (self.height / self.width, self.slopes);
        let u = theta * (1.0 - theta);
        (mean * theta * theta + first * u) / (mean + (second + first - 2.0 * mean) * u)
    }

    /// The logarithm of the slope there; equation 5.
    fn log_slope(&self, theta: f64) -> f64 {
        let (mean, [first, second]) = (self.height / self.width, self.slopes);
        let (u, rest) = (theta * (1.0 - theta), 1.0 - theta);
        let n = second * theta * theta + 2.0 * mean * u + first * rest * rest;
        2.0 * mean.ln() + n.ln() - 2.0 * (mean + (second + first - 2.0 * mean) * u).ln()
    }
}

fn softplus(value: f64) -> f64 {
    value.max(0.0) + (-value.abs()).exp().ln_1p()
}

/// What makes the slope of a number 0 just 1.
fn offset() -> f64 {
    // ln(e^(1 - LEAST_SLOPE) - 1)
    0.539_742_417_236_952_2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPLINE: Spline = Spline { bins: 5, tail: 3.0 };

    fn raw() -> impl Strategy<Value = Vec<f32>> {
        proptest::collection::vec(-6.0_f32..6.0, SPLINE.numbers())
    }

    #[test]
    fn zeros_are_the_identity() {
        assert!((LEAST_SLOPE + softplus(offset()) - 1.0).abs() < 1e-14);
        for x in [-40.0, -3.0, -1.7, 0.0, 0.3, 2.999, 3.0, 7.0] {
            let (y, log_slope) = SPLINE.forward(&[0.0; 14], x);
            assert!((y - x).abs() < 1e-12 && log_slope.abs() < 1e-12, "{x}: {y}, {log_slope}");
        }
    }

    proptest! {
        #[test]
        fn the_inverse_leads_back(raw in raw(), x in -4.0_f64..4.0) {
            let (y, log_slope) = SPLINE.forward(&raw, x);
            let (back, again) = SPLINE.inverse(&raw, y);
            // Where the slope is small, the last digits of the value say less of the place.
            let lost = 1e-12 * (1.0 + (-log_slope).exp());
            prop_assert!((back - x).abs() < lost, "{x} becomes {y} becomes {back}");
            prop_assert!((log_slope - again).abs() < 1e-3 * (1.0 + log_slope.abs()), "{log_slope} {again}");
            prop_assert!(y.abs() <= 3.0 || y == x);
        }

        #[test]
        fn values_grow_and_slopes_are_those_of_differences(raw in raw(), x in -2.999_f64..2.999) {
            let step = 1e-7;
            let slope = (SPLINE.forward(&raw, x + step).0 - SPLINE.forward(&raw, x - step).0) / (2.0 * step);
            let stated = SPLINE.forward(&raw, x).1.exp();
            prop_assert!(slope >= 0.0);
            // The second derivative jumps at knots, and is large in narrow bins.
            // What rounding leaves of a difference is 1e-9 of the step.
            prop_assert!((slope - stated).abs() < 2e-3 * stated + 1e-7, "{slope} is not {stated}");
        }

        #[test]
        fn derivatives_are_those_of_differences(raw in raw(), x in -2.9_f64..2.9, weight in -2.0_f64..2.0) {
            let loss = |raw: &[f32], x: f64| {
                let (y, log_slope) = SPLINE.forward(raw, x);
                y + weight * log_slope
            };
            let mut by_raw = vec![0.0_f32; raw.len()];
            let by_x = SPLINE.backward(&raw, x, 1.0, weight, &mut by_raw);
            // Within one bin everything is smooth; a difference across a knot is none of a derivative.
            let bin = |raw: &[f32], x: f64| SPLINE.bin(raw, x, 0, &[SPLINE.shares(raw, 0), SPLINE.shares(raw, 1)]).index;
            let step = 1e-6;
            if bin(&raw, x + step) == bin(&raw, x - step) {
                let found = (loss(&raw, x + step) - loss(&raw, x - step)) / (2.0 * step);
                prop_assert!((found - by_x).abs() < 1e-3 * (1.0 + by_x.abs()), "{found} is not {by_x}");
            }
            for index in 0..raw.len() {
                let (mut above, mut below) = (raw.clone(), raw.clone());
                above[index] += 1e-4;
                below[index] -= 1e-4;
                if bin(&above, x) == bin(&below, x) {
                    let moved = f64::from(above[index]) - f64::from(below[index]);
                    let found = (loss(&above, x) - loss(&below, x)) / moved;
                    let stated = f64::from(by_raw[index]);
                    prop_assert!((found - stated).abs() < 1e-2 * (1.0 + stated.abs()), "{index}: {found} is not {stated}");
                }
            }
        }
    }
}

//! Periods of oscillations.

/// Periods that a span shows of an oscillation.
pub const PERIODS: f64 = 10.0;
/// An oscillation has at least so many periods in the second half of a trajectory, ...
const SEEN: usize = 4;
/// ... none of them this share longer or shorter than their mean, ...
const IRREGULAR: f64 = 0.2;
/// ... and moves a state by this share of its whole range at least.
const SHARE: f64 = 0.05;

/// The longest of the mean periods of all states that oscillate in the second half of a trajectory at equidistant times.
///
/// A period is the time between two passages through the middle of a state's range from below. One passage counts only
/// after the state has been in the lowest quarter of that range, so that ripples are not periods.
pub fn period(times: &[f64], states: &[Vec<f64>], smallest: impl Fn(f64) -> f64) -> Option<f64> {
    let half = times.len() / 2;
    let count = states.first()?.len();
    let mut longest: Option<f64> = None;
    for state in 0..count {
        let values: Vec<f64> = states.iter().map(|states| states[state]).collect();
        let (lowest, highest) = range(&values);
        let (low, high) = range(&values[half..]);
        if high - low < SHARE * (highest - lowest) || high - low < smallest(high.abs().max(low.abs())) {
            continue;
        }
        let passages = passages(&times[half..], &values[half..], low, high);
        if passages.len() <= SEEN {
            continue;
        }
        let periods: Vec<f64> = passages.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = periods.iter().sum::<f64>() / periods.len() as f64;
        if periods.iter().all(|period| (period - mean).abs() <= IRREGULAR * mean) {
            longest = Some(longest.map_or(mean, |longest| longest.max(mean)));
        }
    }
    longest
}

fn passages(times: &[f64], values: &[f64], low: f64, high: f64) -> Vec<f64> {
    let (quarter, middle) = (low + 0.25 * (high - low), 0.5 * (low + high));
    let mut armed = false;
    let mut passages = Vec::new();
    for (times, values) in times.windows(2).zip(values.windows(2)) {
        armed |= values[0] <= quarter;
        if armed && values[0] < middle && values[1] >= middle {
            let share = (middle - values[0]) / (values[1] - values[0]);
            passages.push(times[0] + share * (times[1] - times[0]));
            armed = false;
        }
    }
    passages
}

/// The smallest and the largest value.
pub fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)))
}

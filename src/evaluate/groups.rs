//! Rows by condition.

/// The rows of each condition, conditions in rising order, rows in their own order. NaN conditions come last, as one
/// group.
#[must_use]
pub fn by_condition(conditions: &[f64]) -> Vec<(f64, Vec<usize>)> {
    let mut rows: Vec<usize> = (0..conditions.len()).collect();
    // Adding zero makes -0 and 0 one condition.
    let key = |row: usize| if conditions[row].is_nan() { f64::NAN } else { conditions[row] + 0.0 };
    rows.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    for row in rows {
        match groups.last_mut() {
            Some((condition, members)) if condition.total_cmp(&key(row)).is_eq() => members.push(row),
            _ => groups.push((key(row), vec![row])),
        }
    }
    groups
}

/// The rows of the best `share` of the finite fvals, lowest first, ties by row; at least one where there is a finite
/// fval. `share` 0.25 is the best quarter.
#[must_use]
pub fn best_share(fvals: &[f64], share: f64) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..fvals.len()).filter(|&row| fvals[row].is_finite()).collect();
    rows.sort_by(|&a, &b| fvals[a].total_cmp(&fvals[b]));
    let count = (share.clamp(0.0, 1.0) * rows.len() as f64).ceil() as usize;
    rows.truncate(count.max(1));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_sorted_and_zero_has_no_sign() {
        let groups = by_condition(&[0.25, 0.0, f64::NAN, -0.0, -0.25, 0.25]);
        assert_eq!(groups[..3], [(-0.25, vec![4]), (0.0, vec![1, 3]), (0.25, vec![0, 5])]);
        assert_eq!(groups[3].1, vec![2]);
    }

    #[test]
    fn the_best_share_leaves_failures_out() {
        assert_eq!(best_share(&[3.0, f64::INFINITY, 1.0, 2.0, 1.0], 0.5), vec![2, 4]);
        assert_eq!(best_share(&[3.0, 1.0], 0.0), vec![1]);
        assert!(best_share(&[f64::NAN, f64::INFINITY], 0.25).is_empty());
    }
}

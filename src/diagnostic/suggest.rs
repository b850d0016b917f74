//! "Did you mean": the one place that finds the name which was meant.

/// The candidate nearest to a name, where one is near enough to have been meant.
///
/// The same letters in another case come first, then the smallest distance (changes of one letter and swaps of
/// neighbours: optimal string alignment, Damerau 1964), at most a third of the name's length; among equals the one
/// with the longest common beginning, then the first.
pub fn suggest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let letters: Vec<char> = name.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let most = match letters.len() {
        0 => return None,
        1..=2 => 1,
        length => (length / 3).max(1),
    };
    let mut best: Option<(usize, usize, &str)> = None;
    for candidate in candidates.filter(|candidate| *candidate != name) {
        let other: Vec<char> = candidate.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
        if letters.len().abs_diff(other.len()) > most {
            continue;
        }
        let distance = distance(&letters, &other);
        // One letter that became another is no misspelling: nothing of it is left.
        let kept = distance < letters.len().max(other.len()) && (letters.len() > 1 || distance == 0);
        let same = letters.iter().zip(&other).take_while(|(letter, other)| letter == other).count();
        let better = |(least, begun, _): (usize, usize, &str)| distance < least || (distance == least && same > begun);
        if distance <= most && kept && best.is_none_or(better) {
            best = Some((distance, same, candidate));
        }
    }
    best.map(|(_, _, candidate)| candidate.to_owned())
}

/// Longer names are compared by their beginning.
const LONGEST: usize = 100;

/// Changes, insertions and deletions of one letter and swaps of two neighbours that turn one word into the other.
fn distance(first: &[char], second: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=second.len()).collect();
    for (row, letter) in first.iter().enumerate() {
        let mut current = vec![row + 1; second.len() + 1];
        for (column, other) in second.iter().enumerate() {
            let change = last[column] + usize::from(letter != other);
            current[column + 1] = change.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *letter == second[column - 1] && first[row - 1] == *other {
                current[column + 1] = current[column + 1].min(before_last[column - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[second.len()]
}

#[cfg(test)]
mod tests {
    use super::suggest;

    fn near(name: &str, candidates: &[&str]) -> Option<String> {
        suggest(name, candidates.iter().copied())
    }

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(near("modle", &["problem", "model", "mode_of"]).as_deref(), Some("model"));
        assert_eq!(near("parmeter", &["parameter"]).as_deref(), Some("parameter"));
        assert_eq!(near("LR", &["l", "lr"]).as_deref(), Some("lr"));
        assert_eq!(near("k_of", &["k_on", "k_off"]).as_deref(), Some("k_off"));
    }

    #[test]
    fn says_nothing_where_nothing_is_near() {
        assert_eq!(near("banana", &["model", "problem"]), None);
        assert_eq!(near("a", &["b", "c"]), None);
        assert_eq!(near("", &["a"]), None);
        assert_eq!(near("model", &["model"]), None);
    }
}

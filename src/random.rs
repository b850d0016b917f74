//! Random streams by name. Every random draw of kexp comes from a stream that is named by a seed, a key and an index,
//! so that results depend on neither the number of threads nor the order in which work finishes.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// A family of random streams: the seed of the experiment and the key of a unit of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streams {
    key: [u8; 32],
}

impl Streams {
    /// The streams of the unit of work `key` under `seed`.
    #[must_use]
    pub fn new(seed: u64, key: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("kexp random streams 1");
        hasher.update(&seed.to_le_bytes());
        hasher.update(key.as_bytes());
        Self { key: *hasher.finalize().as_bytes() }
    }

    /// The streams of a part of this unit of work.
    #[must_use]
    pub fn part(&self, name: &str) -> Self {
        Self { key: *blake3::keyed_hash(&self.key, name.as_bytes()).as_bytes() }
    }

    /// The stream of one item of the unit of work.
    #[must_use]
    pub fn stream(&self, index: u64) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(*blake3::keyed_hash(&self.key, &index.to_le_bytes()).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_differ_by_seed_key_part_and_index() {
        let first = |streams: Streams, index| streams.stream(index).next_u64();
        let base = first(Streams::new(1, "a"), 0);
        assert_eq!(base, first(Streams::new(1, "a"), 0));
        assert_ne!(base, first(Streams::new(2, "a"), 0));
        assert_ne!(base, first(Streams::new(1, "b"), 0));
        assert_ne!(base, first(Streams::new(1, "a"), 1));
        assert_ne!(base, first(Streams::new(1, "a").part("x"), 0));
    }
}

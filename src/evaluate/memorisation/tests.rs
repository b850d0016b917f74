use proptest::prelude::*;
use rand::RngExt;

use super::*;

/// Rows of descents, or single vectors where each is a descent of its own, with the fvals of a landscape that is known:
/// paths run down a bowl whose depth is the level, and wiggle a little, so that rows of one path are neighbours.
#[derive(Debug, Clone)]
pub(in crate::evaluate) struct World {
    pub(in crate::evaluate) vectors: Vec<Vec<f64>>,
    pub(in crate::evaluate) levels: Vec<f64>,
    pub(in crate::evaluate) descents: Vec<usize>,
}

/// Rows of one path.
const STEPS: usize = 12;

impl World {
    /// `descents` paths in `dimensions` dimensions.
    pub(in crate::evaluate) fn new(seed: u64, descents: usize, dimensions: usize) -> Self {
        let mut world = World { vectors: Vec::new(), levels: Vec::new(), descents: Vec::new() };
        let streams = Streams::new(seed, "world");
        for descent in 0..descents {
            let mut stream = streams.stream(descent as u64);
            let direction = direction(&mut stream, dimensions);
            for step in 0..STEPS {
                let level = 1.0 - step as f64 / (STEPS - 1) as f64;
                world.push(&direction, level, &mut stream, descent);
            }
        }
        world
    }

    /// Independent draws from the distribution of a single row of a path.
    pub(in crate::evaluate) fn independent(seed: u64, count: usize, dimensions: usize) -> Self {
        let mut world = World { vectors: Vec::new(), levels: Vec::new(), descents: Vec::new() };
        let streams = Streams::new(seed, "independent");
        for index in 0..count {
            let mut stream = streams.stream(index as u64);
            let direction = direction(&mut stream, dimensions);
            let step = stream.random_range(0..STEPS);
            world.push(&direction, 1.0 - step as f64 / (STEPS - 1) as f64, &mut stream, index);
        }
        world
    }

    fn push(&mut self, direction: &[f64], level: f64, stream: &mut impl RngExt, descent: usize) {
        let reach = 1.0 + 2.0 * level;
        let x = direction.iter().map(|value| reach * value + 0.02 * (stream.random::<f64>() - 0.5)).collect();
        self.vectors.push(x);
        self.levels.push(level);
        self.descents.push(descent);
    }

    pub(in crate::evaluate) fn proposals(&self) -> Proposals<'_> {
        Proposals { vectors: &self.vectors, levels: &self.levels }
    }

    pub(in crate::evaluate) fn rows(&self) -> DescentRows<'_> {
        DescentRows { vectors: &self.vectors, levels: &self.levels, descents: &self.descents }
    }

    fn select(&self, rows: &[usize]) -> World {
        World {
            vectors: rows.iter().map(|&row| self.vectors[row].clone()).collect(),
            levels: rows.iter().map(|&row| self.levels[row]).collect(),
            descents: rows.iter().map(|&row| self.descents[row]).collect(),
        }
    }
}

fn direction(stream: &mut impl RngExt, dimensions: usize) -> Vec<f64> {
    (0..dimensions).map(|_| 2.0 * stream.random::<f64>() - 1.0).collect()
}

/// The rows of the first descents, and those of the last ones, which are this share.
pub(in crate::evaluate) fn split(world: &World, held_out: f64) -> (World, World) {
    let descents = world.descents.iter().max().map_or(0, |last| last + 1);
    let first = ((1.0 - held_out) * descents as f64).round() as usize;
    let rows = |is_wanted: &dyn Fn(usize) -> bool| {
        (0..world.vectors.len()).filter(|&row| is_wanted(world.descents[row])).collect::<Vec<usize>>()
    };
    (world.select(&rows(&|descent| descent < first)), world.select(&rows(&|descent| descent >= first)))
}

pub(in crate::evaluate) fn judged(
    training: &World,
    held_out: &World,
    proposals: &World,
    seed: u64,
) -> Option<Memorisation> {
    let resampling = Resampling { resamples: 400, confidence: 0.95 };
    let streams = Streams::new(seed, "memorisation");
    memorisation(proposals.proposals(), &training.vectors, held_out.rows(), 0.1, resampling, &streams)
}

/// The training rows of the lowest fvals with tiny jitter: what a generator would make that has learnt them by heart.
pub(in crate::evaluate) fn copies(training: &World, best: f64, jitter: f64, seed: u64) -> World {
    let rows: Vec<usize> = (0..training.levels.len()).filter(|&row| training.levels[row] <= best).collect();
    let mut stream = Streams::new(seed, "copies").stream(0);
    let drawn: Vec<usize> = (0..100).map(|_| rows[stream.random_range(0..rows.len())]).collect();
    let mut copies = training.select(&drawn);
    copies.vectors.iter_mut().flatten().for_each(|value| *value += jitter * (stream.random::<f64>() - 0.5));
    copies
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn a_copier_is_flagged(seed in 0u64..10_000, dimensions in 3usize..7) {
        let (training, held_out) = split(&World::new(seed, 50, dimensions), 0.3);
        for best in [0.15, 1.0] {
            let found = judged(&training, &held_out, &copies(&training, best, 1e-3, seed), seed).expect("matched");
            prop_assert!(found.p_value < 0.01 && found.probability.lower > 0.8 && found.ratio < 0.2, "{found:?}");
        }
    }

    #[test]
    fn distances_count_and_their_unit_does_not(seed in 0u64..10_000) {
        let (training, held_out) = split(&World::new(seed, 30, 3), 0.4);
        let fresh = World::independent(seed + 1, 60, 3);
        let scaled = |world: &World| World {
            vectors: world.vectors.iter().map(|x| x.iter().map(|value| 8.0 * value).collect()).collect(),
            ..world.clone()
        };
        let plain = judged(&training, &held_out, &fresh, seed).expect("matched");
        let again = judged(&scaled(&training), &scaled(&held_out), &scaled(&fresh), seed).expect("matched");
        prop_assert_eq!(plain.probability, again.probability);
        prop_assert!(plain.probability.lower <= plain.probability.estimate);
        prop_assert!(plain.probability.estimate <= plain.probability.upper);
        prop_assert!((0.0..=1.0).contains(&plain.probability.estimate) && plain.p_value > 0.0 && plain.p_value <= 1.0);
    }
}

/// Independent draws of the density that descents have are called copies about as seldom as the level says, and fewer
/// held-out descents do not make them so. Tests row by row are: 5 % of resamples there are many more.
#[test]
fn an_honest_resample_is_not_flagged() {
    let (mut flagged, mut by_row) = (0, 0);
    for seed in 0..100 {
        let (training, held_out) = split(&World::new(seed, 40, 3), 0.3);
        let fresh = World::independent(seed + 10_000, 100, 3);
        flagged += usize::from(judged(&training, &held_out, &fresh, seed).expect("matched").p_value <= 0.05);
        // As if each row were a descent of its own.
        let single = World { descents: (0..held_out.descents.len()).collect(), ..held_out };
        by_row += usize::from(judged(&training, &single, &fresh, seed).expect("matched").p_value <= 0.05);
    }
    assert!(flagged <= 12, "{flagged} of 100 at 0.05");
    assert!(by_row > flagged, "row by row {by_row}, by descent {flagged}");
}

#[test]
fn nothing_to_compare_with_is_no_verdict() {
    let (training, held_out) = split(&World::new(1, 20, 3), 0.5);
    let mut far = World::independent(2, 20, 3);
    far.levels.iter_mut().for_each(|level| *level += 5.0);
    assert_eq!(judged(&training, &held_out, &far, 1), None);
    let one = held_out.select(&(0..STEPS).collect::<Vec<usize>>());
    assert_eq!(judged(&training, &one, &World::independent(2, 20, 3), 1), None);
    assert_eq!(judged(&training.select(&[]), &held_out, &far, 1), None);
}

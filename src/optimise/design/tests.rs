//! What all designs have in common.

use proptest::prelude::*;

use super::*;

pub(super) fn bounds(dimensions: usize) -> Bounds {
    Bounds {
        lower: (0..dimensions).map(|index| -5.0 + index as f64).collect(),
        upper: (0..dimensions).map(|index| 5.0 + 2.0 * index as f64).collect(),
    }
}

/// The box that [`Bounds::from_unit`] carries points to without rounding.
pub(super) fn unit_box(dimensions: usize) -> Bounds {
    Bounds { lower: vec![0.0; dimensions], upper: vec![1.0; dimensions] }
}

/// Which of `count` equal strata of a dimension of the unit box holds each point.
pub(super) fn strata(points: &[Vec<f64>], dimension: usize, count: usize) -> Vec<usize> {
    points.iter().map(|point| (point[dimension] * count as f64).floor() as usize).collect()
}

fn designs(count: usize) -> [Design; 6] {
    [
        Design::LatinHypercube { count, criterion: None },
        Design::LatinHypercube { count, criterion: Some(Criterion::Maximin) },
        Design::Random { count },
        Design::MultiJittered { count },
        Design::Sobol { count },
        Design::Screened { count, of: count },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn points_lie_in_the_box_and_are_the_same_each_time(
        count in prop_oneof![0_usize..40, Just(25), Just(49)],
        dimensions in 0_usize..7,
        seed in any::<u64>(),
        sd in 0.0..20.0,
    ) {
        let (bounds, streams) = (bounds(dimensions), Streams::new(seed, "test"));
        for design in designs(count) {
            let points = design.points(&bounds, &streams);
            prop_assert_eq!(&points, &design.points(&bounds, &streams));
            prop_assert_eq!(design.check(dimensions).err(), points.as_ref().err().copied());
            let Ok(points) = points else { continue };
            prop_assert_eq!(points.len(), count);
            prop_assert!(points.iter().all(|point| bounds.contains(point)));
        }
        let row = bounds.from_unit(&vec![0.9; dimensions]);
        let points = jitter(&row, sd, count, &bounds, &streams);
        prop_assert_eq!(points.len(), count);
        prop_assert!(points.iter().all(|point| bounds.contains(point)));
    }

    #[test]
    fn another_seed_gives_other_points(seed in any::<u64>()) {
        for design in designs(25) {
            let draw = |seed| design.points(&bounds(3), &Streams::new(seed, "test")).expect("25 points exist");
            prop_assert_ne!(draw(seed), draw(seed ^ 1));
        }
    }
}

/// Keys hash what settings serialise to: what was there before an optional setting must stay as it was.
#[test]
fn designs_are_written_as_they_always_were() {
    let written = |design: Design| serde_json::to_string(&design).expect("plain data");
    let plain = Design::LatinHypercube { count: 7, criterion: None };
    assert_eq!(written(plain), r#"{"latin_hypercube":{"count":7}}"#);
    assert_eq!(written(Design::Random { count: 7 }), r#"{"random":{"count":7}}"#);
    for text in [r#"{"latin_hypercube":{"count":7}}"#, r#"{"latin_hypercube":{"count":7,"criterion":null}}"#] {
        assert_eq!(serde_json::from_str::<Design>(text).expect("a design"), plain);
    }
    for design in designs(7) {
        assert_eq!(serde_json::from_str::<Design>(&written(design)).expect("a design"), design);
        assert_eq!(design.count(), 7);
    }
}

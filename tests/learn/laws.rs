//! What every kind of generator promises, whatever it learns.

use super::*;

/// The first vectors are the same however many are asked for, and on any number of threads.
pub(super) fn samples_stand_alone(trained: &Trained, count: usize) {
    let streams = Streams::new(5, "same");
    let all = trained.sample(0.1, count, &streams).expect("samples");
    for count in [0, 1, 127, 128, 129, 300].into_iter().filter(|&few| few <= count) {
        let few = trained.sample(0.1, count, &streams).expect("samples");
        assert_eq!(bits(&few), bits(&all[..count]), "{count}");
    }
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let again = pool.install(|| trained.sample(0.1, count, &streams)).expect("samples");
        assert_eq!(bits(&again), bits(&all), "{threads} threads");
    }
}

/// Trainings side by side, and those that were interrupted after so many epochs, have the bits of one that was not.
pub(super) fn trainings_have_the_same_bits(settings: &Settings, data: &TrainingData, cuts: &[&[usize]]) {
    let whole = train(settings, data, 1).expect("trained");
    let beside: Vec<Trained> =
        (0..4_u64).into_par_iter().map(|seed| train(settings, data, 1 + seed % 2).expect("trained")).collect();
    same(&whole, &beside[0]);
    same(&whole, &beside[2]);
    assert_ne!(beside[0].to_bytes(), beside[1].to_bytes());
    for cuts in cuts {
        let mut checkpoints = Memory::default();
        for &cut in *cuts {
            let stopped = interrupted(settings, data, &mut checkpoints, cut);
            assert!(matches!(stopped, Err(LearnError::Interrupted { .. })));
        }
        let resumed = interrupted(settings, data, &mut checkpoints, 100).expect("trained");
        assert!(resumed.warnings.is_empty(), "{:?}", resumed.warnings);
        same(&whole, &resumed);
    }
}

/// A file keeps all of a generator; gives what was read.
pub(super) fn a_file_keeps_it(trained: &Trained) -> Trained {
    let loaded = Trained::from_bytes(&trained.to_bytes()).expect("loaded");
    same(trained, &loaded);
    assert_eq!(trained.history.to_csv(), loaded.history.to_csv());
    assert_eq!((trained.graph(), trained.parameters()), (loaded.graph(), loaded.parameters()));
    loaded
}

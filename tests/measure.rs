mod support;
use kexp::random::Streams;
use kexp::solve::{ProblemSolver, Sensitivities, ensemble::Ensemble};
use rand::RngExt;
use std::time::Instant;
use support::{settings, stat5};

#[test]
#[ignore]
fn measure() {
    let solver = ProblemSolver::new(&stat5::problem()).unwrap();
    let t = Instant::now();
    let _ = ProblemSolver::new(&stat5::problem()).unwrap();
    println!("compile {:?}", t.elapsed());
    let nominal = solver.nominal().to_vec();
    for tol in [1e-6, 1e-8, 1e-10] {
        let s = solver.with_solver(settings(tol));
        let t = Instant::now();
        for _ in 0..200 {
            std::hint::black_box(s.evaluate(&nominal));
        }
        let solve = t.elapsed().as_secs_f64() * 1e3 / 200.0;
        let mut line = format!("tol {tol}: solve {solve:.3} ms, {} steps", s.evaluate(&nominal).steps);
        for mode in [Sensitivities::Follow, Sensitivities::Controlled] {
            let s = s.with_sensitivities(mode);
            let t = Instant::now();
            for _ in 0..100 {
                std::hint::black_box(s.gradient(&nominal).unwrap());
            }
            let g = t.elapsed().as_secs_f64() * 1e3 / 100.0;
            line += &format!(", {mode:?} {g:.3} ms {} steps", s.gradient(&nominal).unwrap().evaluation.steps);
        }
        println!("{line}");
    }
    let streams = Streams::new(1, "measure");
    let vectors: Vec<Vec<f64>> = (0..10_000)
        .map(|i| {
            let mut r = streams.stream(i);
            (0..9).map(|k| r.random_range(solver.lower()[k]..solver.upper()[k])).collect()
        })
        .collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    for tol in [1e-6, 1e-8] {
        let s = solver.with_solver(kexp::model::problem::SolverSettings { most_steps: 10_000, ..settings(tol) });
        let t = Instant::now();
        let e = pool.install(|| Ensemble::evaluate(&s, &vectors));
        let dt = t.elapsed().as_secs_f64();
        println!(
            "tol {tol}: {:.0}/s failures {:?} rungs {:?} steps {}",
            10_000.0 / dt,
            e.failures(),
            e.rungs(),
            e.evaluations.iter().map(|e| e.steps).sum::<usize>()
        );
        for (x, ev) in vectors.iter().zip(&e.evaluations).filter(|(_, e)| e.outcome.is_err()).take(5) {
            println!("{x:?} {ev:?}");
        }
    }
    // gradient quality
    let exact = solver.with_solver(settings(1e-11)).with_sensitivities(Sensitivities::Controlled);
    for (tol, mode) in [
        (1e-6, Sensitivities::Follow),
        (1e-6, Sensitivities::Controlled),
        (1e-8, Sensitivities::Follow),
        (1e-8, Sensitivities::Controlled),
    ] {
        let s = solver.with_solver(settings(tol)).with_sensitivities(mode);
        let mut errors = Vec::new();
        let mut time = 0.0;
        for x in vectors.iter().take(300) {
            let t = Instant::now();
            let g = s.gradient(x).unwrap();
            time += t.elapsed().as_secs_f64();
            let r = exact.gradient(x).unwrap();
            let big = r.gradient.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            let err = g.gradient.iter().zip(&r.gradient).fold(0.0f64, |m, (a, b)| m.max((a - b).abs())) / big;
            errors.push(err);
        }
        errors.sort_by(f64::total_cmp);
        println!(
            "{tol} {mode:?}: median {:.1e} 90% {:.1e} 99% {:.1e} worst {:.1e}; {:.3} ms",
            errors[150],
            errors[270],
            errors[297],
            errors[299],
            time * 1e3 / 300.0
        );
    }
}

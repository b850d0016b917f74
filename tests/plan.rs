//! Resolution, tested by files: every file in `plan/broken` gives the diagnostics that are kept beside it; the paper's
//! experiment resolves, under profiles and overrides too; broken tables are pointed at cell by cell; nothing panics.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use kexp::diagnostic::{Severity, render};
use kexp::model::expression::{Expression, Function};
use kexp::model::problem::{NoiseDistribution, Prior, Problem, Scale, SyntheticTimes};
use kexp::plan::expand::expand;
use kexp::plan::resolve::{Experiment, Loaded, Options, Origin, load};
use kexp::schema::Value;

fn check(path: &Path, options: &Options) -> (Loaded, String) {
    let loaded = load(path, options);
    let shown = render(&loaded.sources, &loaded.diagnostics, false);
    (loaded, shown)
}

fn sound(path: &str, options: &Options) -> Experiment {
    let (loaded, shown) = check(Path::new(path), options);
    loaded.experiment.unwrap_or_else(|| panic!("{shown}"))
}

fn set(texts: &[&str]) -> Options {
    Options { set: texts.iter().map(|text| (*text).to_owned()).collect(), ..Options::default() }
}

/// A problem over `text` in a folder of its own, with a table beside it.
fn with_table(table: &str) -> (Loaded, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("table.csv"), table).unwrap();
    let text = std::fs::read_to_string("tests/plan/valid/treatments.kexp").unwrap();
    let path = folder.path().join("problem.kexp");
    std::fs::write(&path, text.replace("treatments.csv", "table.csv")).unwrap();
    let (loaded, shown) = check(&path, &Options::default());
    let shown = shown.replace(&folder.path().display().to_string(), "");
    (loaded, shown)
}

#[test]
fn broken_files_give_their_errors() {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir("tests/plan/broken").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "kexp"));
    paths.sort();
    assert!(paths.len() >= 25, "only {} files", paths.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("plan/broken");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in paths {
        let (loaded, shown) = check(&path, &Options::default());
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(!loaded.diagnostics.is_empty(), "{name} has no findings");
        if !name.starts_with("warning") {
            assert!(loaded.experiment.is_none(), "{name} resolves");
        }
        settings.bind(|| insta::assert_snapshot!(name, shown));
    }
}

#[test]
fn the_paper_resolves() {
    let started = Instant::now();
    let (loaded, shown) = check(Path::new("experiments/paper.kexp"), &Options::default());
    let taken = started.elapsed();
    assert!(shown.is_empty(), "{shown}");
    assert!(taken.as_millis() < 50, "took {taken:?}");
    let experiment = loaded.experiment.unwrap();
    assert_eq!(experiment.seed, 20_221_014);
    assert_eq!(experiment.draft, Some(PathBuf::from("paper/draft.md")));
    let problem = &experiment.problems["stat5_fit"].problem;
    assert_eq!(problem.network.species.len(), 8);
    assert_eq!(problem.network.reactions.len(), 9);
    assert_eq!(problem.network.reactions[0].reactants, vec![("STAT5A".to_owned(), 2.0)]);
    assert_eq!(problem.measurements.len(), 48);
    assert_eq!(problem.measurements[0].value, 7.901_072_998_739_11);
    let estimated: Vec<_> = problem.parameters.iter().map(|parameter| parameter.id.as_str()).collect();
    let expected = [
        "Epo_degradation_BaF3",
        "k_exp_hetero",
        "k_exp_homo",
        "k_imp_hetero",
        "k_imp_homo",
        "k_phos",
        "sd_pSTAT5A_rel",
        "sd_pSTAT5B_rel",
        "sd_rSTAT5A_rel",
    ];
    assert_eq!(estimated, expected);
    for parameter in &problem.parameters {
        let estimate = parameter.estimate.as_ref().unwrap();
        assert_eq!((estimate.lower, estimate.upper, estimate.scale), (1e-5, 1e5, Scale::Log10));
    }
    let tune = &experiment.tunes["cvae_search"];
    assert_eq!(tune.vary.len(), 9);
    assert_eq!(tune.vary[1].values, Value::List((1..=3).map(Value::Integer).collect()));
    assert_eq!(tune.vary[5].values, Value::Interval { lower: 1e-4, upper: 1e-2, scale: "log10".to_owned() });
    let proposals = &experiment.generates["proposals"];
    assert_eq!(proposals.value("starts"), Some(&Value::Integer(500)));
    assert_eq!(proposals.words("from"), ["tuned"]);
    assert_eq!(experiment.generators["tuned"].word("kind.tune"), Some("cvae_search"));
    assert_eq!(experiment.figures.len(), 16);
}

#[test]
fn a_profile_and_then_set_change_settings() {
    let options = Options {
        profile: Some("quick".to_owned()),
        set: vec![
            "cvae.train.epochs=50".to_owned(),
            "generator.*.loss.kl.weight = 1/2".to_owned(),
            "seed=7".to_owned(),
        ],
        ..Options::default()
    };
    let experiment = sound("experiments/paper.kexp", &options);
    let cvae = &experiment.generators["cvae"];
    assert_eq!(cvae.value("train.epochs"), Some(&Value::Integer(50)));
    assert!(matches!(cvae.origin("train.epochs"), Origin::Set(_)));
    assert_eq!(cvae.value("loss.kl.weight"), Some(&Value::Number(0.5)));
    assert!(matches!(cvae.origin("train.lr"), Origin::File(_)));
    let descents = &experiment.datasets["descents"];
    assert_eq!(descents.value("start.count"), Some(&Value::Integer(12)));
    assert!(matches!(descents.origin("start.count"), Origin::Profile(_)));
    assert_eq!(descents.origin("condition.offset"), Origin::Default);
    assert_eq!(experiment.seed, 7);
    assert_eq!(experiment.generates["proposals"].value("starts"), Some(&Value::Integer(12)));
}

#[test]
fn set_reaches_into_choices_lists_and_problems() {
    let texts = [
        "descents.rows.iterates.most=5",
        "stat5_fit.solver.rtol=1e-6",
        "stat5_fit.objective=chi2",
        "tune.*.trials=random(3)",
        "figure.latent.bins=0.2",
        "latent.bins=0.25",
        "proposals.refine=none",
        "descents.validate=basins(0.3)",
    ];
    let experiment = sound("experiments/paper.kexp", &set(&texts));
    assert_eq!(experiment.datasets["descents"].value("rows.iterates.most"), Some(&Value::Integer(5)));
    assert_eq!(experiment.problems["stat5_fit"].problem.solver.rtol, 1e-6);
    assert_eq!(experiment.tunes["cvae_search"].value("trials.count"), Some(&Value::Integer(3)));
    assert_eq!(experiment.figures["latent"].value("bins"), Some(&Value::Number(0.25)));
    assert_eq!(experiment.generates["proposals"].word("refine"), Some("none"));
    assert_eq!(experiment.datasets["descents"].word("validate"), Some("basins"));
}

#[test]
fn wrong_overrides_are_shown_in_their_text() {
    let texts = [
        "cvae.train.epoch=50",
        "cvae.train.epochs=0",
        "cave.latent=4",
        "generator.*.layers=4",
        "cvae.latent=[1",
        "cvae.latent",
        "descents.start=latin_hypercub(3)",
        "x = 1 } profile y { a = 2",
        "",
        "cvae.loss.gaussian.weight=2",
        "proposals.conditions=0 .. 1",
        "cvae.train.lr.x=1",
    ];
    let options = Options { profile: Some("quik".to_owned()), ..set(&texts) };
    let (loaded, shown) = check(Path::new("experiments/paper.kexp"), &options);
    assert!(loaded.experiment.is_none());
    insta::with_settings!({ snapshot_path => "plan", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("wrong_overrides", shown);
    });
}

#[test]
fn treatments_priors_and_noise_are_resolved() {
    let experiment = sound("tests/plan/valid/treatments.kexp", &Options::default());
    let problem = &experiment.problems["fit"].problem;
    assert_eq!(problem.treatments.len(), 2);
    assert_eq!(problem.treatments[1].before.as_ref().unwrap().treatment, "resting");
    assert_eq!(problem.treatments[1].overrides, vec![("Epo".to_owned(), Expression::Number(10.0))]);
    assert_eq!(problem.observables[0].noise.distribution, NoiseDistribution::Normal);
    assert_eq!(problem.observables[1].noise.transformation, Scale::Log10);
    assert_eq!(problem.measurements[1].noise_override, Some(Expression::Symbol("sd_y".to_owned())));
    assert_eq!(problem.measurements[2].noise_override, Some(Expression::Number(0.25)));
    let estimate = |id: &str| {
        problem.parameters.iter().find(|one| one.id == id).unwrap().estimate.clone().unwrap_or_else(|| panic!("{id}"))
    };
    assert_eq!(estimate("k_on").prior, Some(Prior::Normal { mean: 0.0, sd: 2.0 }));
    assert!((estimate("k_off").lower - 0.2e-3).abs() < 1e-15);
    // `total` uses `half`, which stands below it.
    let order: Vec<_> = problem.network.assignments.iter().map(|rule| rule.variable.as_str()).collect();
    assert_eq!(order, ["half", "total", "start"]);
    // An assignment in an initial value is written out.
    let initial = &problem.network.species[0].initial;
    assert_eq!(
        *initial,
        Expression::Apply(Function::Multiply, vec![Expression::Number(2.0), Expression::Symbol("A0".into())])
    );
}

#[test]
fn a_pattern_becomes_a_problem() {
    let experiment = sound("tests/plan/valid/pattern.kexp", &Options::default());
    assert_eq!(experiment.problems.keys().collect::<Vec<_>>(), ["first", "second"]);
    assert_eq!(experiment.problems["first"].problem.network.id, "slow");
    assert_eq!(experiment.problems["second"].problem.network.id, "fast");
    let kinetic: Vec<_> = experiment.problems["second"].problem.parameters.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(kinetic, ["k"]);
}

#[test]
fn a_pattern_over_models_becomes_a_problem_for_each() {
    let options = Options { profile: Some("loose".to_owned()), ..Options::default() };
    let experiment = sound("tests/plan/valid/families.kexp", &options);
    assert_eq!(experiment.problems.keys().collect::<Vec<_>>(), ["many.fast", "many.slow"]);
    assert_eq!(experiment.families["many"].problems, ["many.slow", "many.fast"]);
    let (slow, fast) = (&experiment.problems["many.slow"].problem, &experiment.problems["many.fast"].problem);
    assert_eq!((slow.network.id.as_str(), fast.network.id.as_str()), ("slow", "fast"));
    assert_eq!(slow.synthetic.as_ref().unwrap().times, SyntheticTimes::Listed(vec![1.0, 2.0]));
    assert_eq!((slow.solver.rtol, slow.solver.atol), (1e-5, 1e-6));
    assert_eq!((fast.solver.rtol, fast.solver.atol), (1e-5, 1e-12));
    let plan = expand(&experiment).unwrap().plan;
    assert!(plan.nodes.iter().any(|node| node.name == "dataset.descents.many.slow"));
}

#[test]
fn an_imported_model_is_as_good_as_an_inline_one() {
    let experiment = sound("tests/plan/valid/imported.kexp", &Options::default());
    let decay = &experiment.models["decay"];
    assert_eq!((decay.id.as_str(), decay.title.as_str()), ("decay", "Decay with a source"));
    assert_eq!(experiment.models["plain"].title, "Decay as published");
    assert_eq!(decay.compartments[0].size, 1.5);
    assert_eq!(decay.parameters.iter().find(|one| one.id == "k_make").unwrap().value, 0.1);
    let initials: Vec<_> = decay.species.iter().map(|one| (one.id.as_str(), one.initial.clone())).collect();
    assert_eq!(initials, [("S", Expression::Number(3.0)), ("T", Expression::Number(0.5))]);
    assert_eq!((decay.units.time.as_deref(), decay.units.concentration.as_deref()), (Some("h"), Some("nM")));

    // Constants of rate laws, those of single reactions too; `off` is in no rate law, `total` is computed.
    let first = &experiment.problems["first"].problem;
    assert_eq!(first.parameters.len(), 3, "{:?}", first.parameters);
    assert!(["k_decay", "k_make"].iter().all(|id| first.parameters.iter().any(|one| one.id == *id)));
    let observables = |problem: &Problem| problem.observables.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    assert_eq!(observables(first), ["observed_S", "observed_T"]);
    let recipe = first.synthetic.as_ref().unwrap();
    assert_eq!(recipe.times, SyntheticTimes::Even { points: 12, end: None });
    assert_eq!((first.solver.rtol, first.solver.atol), (1e-8, 1e-12));

    let second = &experiment.problems["second"].problem;
    assert_eq!(observables(second), ["observed_S", "observed_total"]);
    let recipe = second.synthetic.as_ref().unwrap();
    assert_eq!(recipe.times, SyntheticTimes::Listed(vec![0.0, 2.5, 5.0, 7.5, 10.0]));
    assert_eq!(recipe.relative, [0, 1]);

    let third = &experiment.problems["third"].problem;
    assert_eq!(observables(third), ["y"]);
    assert_eq!(third.synthetic.as_ref().unwrap().times, SyntheticTimes::Listed(vec![1.0, 3.0, 5.0]));
    assert_eq!(third.treatments.len(), 2);
    let place = experiment.problems["first"].sources["k_decay"].span().unwrap();
    assert!(place.end > place.start);
}

#[test]
fn a_key_is_over_the_content_of_an_imported_file() {
    let keys = |folder: &Path, name: &str, model: &str| {
        let path = folder.join(name);
        let text = format!(
            "model m = sbml(\"{model}\")\nproblem p {{\n model = m\n measurements = synthetic()\n estimate k_* in nominal/10 .. nominal*10\n}}\n"
        );
        std::fs::write(&path, text).unwrap();
        let (loaded, shown) = check(&path, &Options::default());
        let experiment = loaded.experiment.unwrap_or_else(|| panic!("{shown}"));
        expand(&experiment).unwrap().plan.nodes[0].key.clone()
    };
    let folder = tempfile::tempdir().unwrap();
    let xml = std::fs::read_to_string("tests/plan/valid/decay.xml").unwrap();
    std::fs::write(folder.path().join("a.xml"), &xml).unwrap();
    // Another name, other blanks, another title, a comment.
    let same = xml
        .replace("    <", "\n<")
        .replace("Decay with a source", "Decay")
        .replace("<listOfRules>", "<!-- x --><listOfRules>");
    std::fs::write(folder.path().join("b.xml"), same).unwrap();
    std::fs::write(folder.path().join("c.xml"), xml.replace("value=\"0.05\"", "value=\"0.06\"")).unwrap();
    let first = keys(folder.path(), "one.kexp", "a.xml");
    assert_eq!(first, keys(folder.path(), "two.kexp", "b.xml"));
    assert_ne!(first, keys(folder.path(), "one.kexp", "c.xml"));
}

#[test]
fn broken_tables_are_pointed_at_cell_by_cell() {
    let tables = [
        ("missing_column", "observable,time\ny,1\n"),
        ("misspelt_column", "observable,tme,value,treatment\ny,1,2,resting\n"),
        (
            "malformed",
            "observable,time,value,treatment\ny,1,2..5,resting\nz,one,2,resting\n\ny,,2,high\ny,-1,NaN,high\n",
        ),
        ("unknown", "observable,time,value,treatment\nyy,1,2,resting\nz,1,2,restin\n,1,2,\n"),
        ("uneven", "observable,time,value,treatment\ny,1,2\ny,1,2,resting,4,5\n"),
        ("empty", ""),
        ("header_only", "observable,time,value,treatment\n"),
        ("no_treatment", "observable,time,value\ny,1,2\n"),
        ("noise", "observable,time,value,treatment,noise\ny,1,2,resting,-1\ny,2,2,resting,sd_z\n"),
        ("semicolons", "observable;time;value\ny;1,5;2\n"),
        ("quotes", "observable,time,value,treatment\n\"y\",\"1\",\"2,5\",resting\n"),
    ];
    let mut all = String::new();
    for (name, table) in tables {
        let (loaded, shown) = with_table(table);
        assert!(loaded.experiment.is_none(), "{name}");
        all.push_str(&format!("--- {name}\n{shown}\n"));
    }
    insta::with_settings!({ snapshot_path => "plan", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("broken_tables", all);
    });
}

#[test]
fn huge_tables_are_read_and_their_errors_capped() {
    let mut table = String::from("observable,time,value,treatment\n");
    for index in 0..300_000 {
        table.push_str(&format!("y,{index},0.5,resting\nz,{index},0.25,high\n"));
    }
    let started = Instant::now();
    let (loaded, shown) = with_table(&table);
    assert_eq!(
        loaded.experiment.unwrap_or_else(|| panic!("{shown}")).problems["fit"].problem.measurements.len(),
        600_000
    );
    assert!(started.elapsed().as_secs() < 5);
    let (loaded, _) = with_table(&table.replace("0.25", "?"));
    assert_eq!(loaded.diagnostics.iter().filter(|one| one.severity == Severity::Error).count(), 21);
}

#[test]
fn no_input_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kexp");
    let texts: Vec<String> =
        ["experiments/paper.kexp", "experiments/models/stat5.kexp", "tests/plan/valid/treatments.kexp"]
            .iter()
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
    // A small generator of its own: the same texts each time.
    let mut state = 1_u64;
    let mut next = |most: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % most.max(1)
    };
    for round in 0..400 {
        let text = &texts[round % texts.len()];
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for _ in 0..=next(4) {
            let at = next(lines.len());
            let other = next(lines.len());
            match next(6) {
                0 => drop(lines.remove(at)),
                1 => lines.swap(at, other),
                2 => lines[at] = lines[other].clone(),
                3 => {
                    let words: Vec<&str> = lines[other].split(' ').collect();
                    let word = words[next(words.len())].to_owned();
                    lines[at].push_str(&format!(" {word}"));
                }
                4 => lines[at] = lines[at].replace(['1', '2', '5'], "0"),
                _ => lines[at] = lines[at].chars().rev().collect(),
            }
        }
        std::fs::write(&path, lines.join("\n")).unwrap();
        let (loaded, _) = check(&path, &Options { profile: Some("quick".to_owned()), ..set(&[&lines[0]]) });
        let errors = loaded.diagnostics.iter().any(|one| one.severity == Severity::Error);
        assert_eq!(errors, loaded.experiment.is_none());
    }
    for bytes in [&b""[..], b"\xff\xfe", b"import a from \"a.kexp\"", b"model m { let a = a }"] {
        std::fs::write(&path, bytes).unwrap();
        let _ = check(&path, &Options::default());
    }
    let _ = check(folder.path(), &Options::default());
    let deep = format!("model m {{\n parameter k = {}1\n}}", "1 + ".repeat(100_000));
    std::fs::write(&path, deep).unwrap();
    assert!(check(&path, &Options::default()).0.experiment.is_none());
}

#[test]
fn other_findings_survive_a_missing_file() {
    let (loaded, shown) = check(Path::new("tests/plan/no_such.kexp"), &Options::default());
    assert!(loaded.experiment.is_none());
    assert!(shown.contains("there is no file tests/plan/no_such.kexp"), "{shown}");
}

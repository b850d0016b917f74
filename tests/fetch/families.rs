//! `problem many = pattern over biomodels(...)`: problems by the features of their models, with the command line and a
//! collection on the loopback interface.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::server::{Answer, Server};

/// A chain of so many species; `reactions` are written between them.
fn chain(species: usize, reaction: impl Fn(usize) -> String) -> Vec<u8> {
    let all: Vec<String> = (1..=species)
        .map(|number| {
            format!("<species id=\"S{number}\" compartment=\"c\" initialAmount=\"{}\"/>", species - number + 1)
        })
        .collect();
    let all = all.concat();
    let reactions: String = (1..species).map(reaction).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <sbml xmlns=\"http://www.sbml.org/sbml/level2/version4\" level=\"2\" version=\"4\"><model id=\"chain\">\
         <listOfCompartments><compartment id=\"c\" size=\"1\"/></listOfCompartments>\
         <listOfSpecies>{all}</listOfSpecies>\
         <listOfParameters><parameter id=\"k\" value=\"0.5\"/><parameter id=\"off\" value=\"0\"/></listOfParameters>\
         <listOfReactions>{reactions}</listOfReactions></model></sbml>\n"
    )
    .into_bytes()
}

fn decay(from: usize, symbol: &str) -> String {
    let to = from + 1;
    format!(
        "<reaction id=\"r{from}\" reversible=\"false\"><listOfReactants><speciesReference species=\"S{from}\"/>\
         </listOfReactants><listOfProducts><speciesReference species=\"S{to}\"/></listOfProducts><kineticLaw>\
         <math xmlns=\"http://www.w3.org/1998/Math/MathML\"><apply><times/><ci>{symbol}</ci><ci>S{from}</ci></apply>\
         </math></kineticLaw></reaction>"
    )
}

/// Entry N has N species. Nothing can be estimated in entry 1, entry 4 uses a symbol that is not there, entry 5 is a
/// web page.
fn collection() -> Server {
    Server::start(|path, _| {
        let number = path.find("BIOMD").and_then(|at| path[at + 5..at + 15].parse::<usize>().ok()).unwrap_or(0);
        let model = || match number {
            4 => chain(4, |from| decay(from, "nowhere")),
            _ => chain(number, |from| decay(from, "k")),
        };
        match path {
            path if path.starts_with("/search") => {
                let models: Vec<String> =
                    (1..=7).map(|number| format!("{{\"id\":\"BIOMD{number:010}\",\"format\":\"SBML\"}}")).collect();
                Answer::json(&format!("{{\"matches\":7,\"models\":[{}]}}", models.join(",")))
            }
            path if path.starts_with("/BIOMD") => {
                Answer::json(&format!("{{\"name\":\"Chain{number}\",\"publication\":{{\"year\":{}}}}}", 2000 + number))
            }
            path if path.starts_with("/model/files") => Answer::json("{\"main\":[{\"name\":\"m.xml\"}]}"),
            path if path.starts_with("/model/download") && number == 5 => Answer::page(200),
            path if path.starts_with("/model/download") => Answer::xml(&model()),
            _ => Answer::page(404),
        }
    })
}

/// Runs kexp in a folder with a cache of its own and no server but the given one.
fn kexp(place: &Path, server: &str, arguments: &[&str]) -> (bool, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_kexp"))
        .args(arguments)
        .current_dir(place)
        .env("KEXP_CACHE", place.join("cache"))
        .env("KEXP_BIOMODELS_URL", server)
        .env("KEXP_FETCH_TIMEOUT", "1")
        .env_remove("KEXP_OFFLINE")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned();
    (output.status.success(), said.replace(&place.display().to_string(), "PLACE").replace(server, "SERVER"))
}

const PATTERN: &str = "\
problem pattern fit {
  measurements = synthetic(times = auto(8))
  estimate kinetic in nominal/1e2 .. nominal*1e2 log10
}
";

/// A folder with an experiment of this text after the pattern.
fn place(text: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("e.kexp"), format!("{PATTERN}{text}")).unwrap();
    place
}

const MANY: &str = "problem many = fit over biomodels(curated, species <= 3, year >= 2000)\n";

#[test]
fn problems_are_made_for_the_models_that_are_selected() {
    let server = collection();
    let place = place(&format!(
        "{MANY}\
         dataset descents {{ start = latin_hypercube(4), descend = gradient(iterations = 5) }}\n\
         generator cvae {{ kind = cvae }}\n\
         generate proposals {{ problem = many.BIOMD0000000002, dataset = descents, from = [cvae] }}\n"
    ));
    // A benchmark takes all of them by the family's name.
    let text = fs::read_to_string(place.path().join("e.kexp")).unwrap();
    let benchmark = "benchmark b { problems = [many], methods = [random], budget = evaluations(9), repeats = 1 }\n";
    fs::write(place.path().join("b.kexp"), text + benchmark).unwrap();
    let run = |arguments: &[&str]| {
        let (sound, said) = kexp(place.path(), &server.url(), arguments);
        assert!(sound, "{arguments:?}: {said}");
        said
    };
    insta::assert_snapshot!("families_checked", run(&["check", "e.kexp"]));
    let lock = fs::read_to_string(place.path().join("kexp.lock")).unwrap();
    assert!(lock.contains("curated, species <= 3, year >= 2000"), "{lock}");
    assert_eq!(lock.matches("main: \"m.xml\"").count(), 3, "{lock}");
    let asked = server.count();

    let plan = run(&["plan", "e.kexp", "--set", "many.solver.rtol=1e-6"]);
    for node in ["problem.many.BIOMD0000000002", "descend.descents.many.BIOMD0000000002"] {
        assert!(plan.contains(node), "{plan}");
    }
    assert!(!plan.contains("BIOMD0000000003"), "nothing uses it: {plan}");
    let plan = run(&["plan", "b.kexp"]);
    for trial in ["trial.b.many.BIOMD0000000002.random", "trial.b.many.BIOMD0000000003.random"] {
        assert!(plan.contains(trial), "{plan}");
    }
    assert!(!plan.contains("many.BIOMD0000000001"), "it gives no problem: {plan}");
    let trajectory = run(&["simulate", "e.kexp:many.BIOMD0000000003", "--end", "2", "--points", "3"]);
    assert!(trajectory.contains("time,S1,S2,S3\n"), "{trajectory}");
    let objective = run(&["objective", "e.kexp:many.BIOMD0000000003", "--gradient"]);
    assert!(objective.contains("24 measurements of 3 observables"), "{objective}");
    assert!(objective.contains("d fval / d k "), "{objective}");
    let fitted = run(&["fit", "e.kexp:many.BIOMD0000000002", "--starts", "2"]);
    assert!(fitted.contains("k "), "{fitted}");
    let ensemble = run(&["ensemble", "e.kexp:many.BIOMD0000000002", "--vectors", "20"]);
    assert!(ensemble.contains("20"), "{ensemble}");
    assert_eq!(server.count(), asked, "everything is pinned and in the cache");

    let explained =
        run(&["explain", "e.kexp", "problem.many.BIOMD0000000002", "--set", "many.BIOMD0000000002.solver.rtol=1e-5"]);
    assert!(explained.contains("solver.rtol") && explained.contains("1e-5  (--set:1)"), "{explained}");
    // What has no id of its own is explained by the file.
    let file_of = |field: &str| explained.lines().find(|line| line.contains(field)).unwrap_or_default().to_owned();
    for (field, place) in [
        ("network.title ", "m.xml:1)"),
        ("network.species.S1.initial ", "m.xml:2)"),
        ("parameters.k.nominal", "e.kexp:3)"),
    ] {
        assert!(file_of(field).ends_with(place), "{field}: {explained}");
    }
}

#[test]
fn what_cannot_be_had_is_told() {
    let server = collection();
    let cases = [
        (
            "offline",
            "problem many = fit over biomodels(curated, species <= 3, year >= 2000)\n\
             dataset descents { start = latin_hypercube(4) }\n\
             generator cvae { kind = cvae }\n\
             generate a { problem = many.BIOMD0000000001, dataset = descents, from = [cvae] }\n\
             profile p { many.solver.rtol = 1e-6, problem.many.*.solver.rtol = 1e-6 }\n",
            &["check", "--offline", "e.kexp"][..],
        ),
        ("empty", "problem many = fit over biomodels(species = 8 .. 9, events >= 1)\n", &["check", "e.kexp"]),
        ("none_fits", "problem many = fit over biomodels(curated, species = 1)\n", &["check", "e.kexp"]),
        (
            "left_out",
            "problem many = fit over biomodels(curated, species < 3, except = [\"BIOMD0000000009\"])\n\
             dataset descents { start = latin_hypercube(4) }\n\
             generator cvae { kind = cvae }\n\
             generate a { problem = many.BIOMD0000000001, dataset = descents, from = [cvae] }\n\
             generate b { problem = many.BIOMD0000000003, dataset = descents, from = [cvae] }\n\
             generate c { problem = many, dataset = descents, from = [cvae] }\n",
            &["check", "e.kexp"],
        ),
    ];
    let mut all = String::new();
    for (name, text, arguments) in cases {
        let place = place(text);
        let (sound, said) = kexp(place.path(), &server.url(), arguments);
        assert!(!sound, "{name}: {said}");
        all.push_str(&format!("--- {name}\n{said}\n"));
        if name != "left_out" && name != "none_fits" {
            assert!(!place.path().join("kexp.lock").exists(), "{name}: nothing is pinned");
        }
    }
    insta::assert_snapshot!("families_refused", all);
}

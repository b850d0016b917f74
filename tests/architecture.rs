//! The import direction: data flows one way, and a module uses only those that stand before it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

/// Each module with the modules that it may use, besides itself. There are no exceptions.
const MAY_USE: &[(&str, &[&str])] = &[
    ("diagnostic", &[]),
    ("graph", &[]),
    ("random", &[]),
    ("schema", &[]),
    ("table", &[]),
    ("model", &[]),
    ("import", &["diagnostic", "model"]),
    ("fetch", &["diagnostic"]),
    ("solve", &["model"]),
    ("learn", &["graph", "random", "schema", "table"]),
    ("optimise", &["random", "schema"]),
    ("uncertainty", &["optimise", "random", "schema"]),
    ("evaluate", &["random", "schema"]),
    ("syntax", &["diagnostic"]),
    (
        "plan",
        &[
            "diagnostic",
            "evaluate",
            "fetch",
            "graph",
            "import",
            "learn",
            "model",
            "optimise",
            "random",
            "schema",
            "syntax",
            "table",
            "uncertainty",
        ],
    ),
    ("run", &["evaluate", "learn", "model", "optimise", "plan", "random", "schema", "solve", "table", "uncertainty"]),
    ("report", &["diagnostic", "evaluate", "graph", "plan", "run", "schema", "table"]),
    (
        "cli",
        &[
            "diagnostic",
            "evaluate",
            "fetch",
            "import",
            "model",
            "optimise",
            "plan",
            "random",
            "report",
            "run",
            "solve",
            "syntax",
            "table",
        ],
    ),
];

#[test]
fn modules_use_only_what_stands_before_them() {
    let mut wrong = Vec::new();
    for (module, allowed) in MAY_USE {
        for path in files(module) {
            let text = fs::read_to_string(&path).expect("a source file");
            for (number, line) in text.lines().enumerate() {
                if line.trim_start().starts_with("//") {
                    continue;
                }
                for (at, _) in line.match_indices("crate::") {
                    let used: String = line[at + 7..]
                        .chars()
                        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                        .collect();
                    // `crate::{...}` would hide what is used: each module has a `use` of its own.
                    if used != *module && !allowed.contains(&used.as_str()) {
                        wrong.push(format!("{}:{}: {module} uses {used}", path.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against the direction of the data:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let library = fs::read_to_string("src/lib.rs").expect("the library's root");
    let modules: Vec<&str> =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    for module in &modules {
        assert!(MAY_USE.iter().any(|(known, _)| known == module), "`{module}` is missing in this test");
    }
    assert_eq!(modules.len(), MAY_USE.len());
}

#[test]
fn unsafe_code_stands_in_one_audited_module() {
    for (module, _) in MAY_USE {
        for path in files(module) {
            let text = fs::read_to_string(&path).expect("a source file");
            let has_unsafe = text.lines().any(|line| {
                let code = line.split("//").next().unwrap_or_default();
                code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl")
            });
            assert!(!has_unsafe || path.ends_with("src/solve/compiled/jit.rs"), "{} has unsafe code", path.display());
        }
    }
}

fn files(module: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new("src").join(module), Path::new("src").join(format!("{module}.rs"))];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder of sources");
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

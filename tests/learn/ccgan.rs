//! Adversaries against densities that are known, and their promises. Bounds are wider than those of flows: a game has
//! no loss to bring to its end.

use kexp::learn::archive::Archive;

use super::flow_matching::{gaussian, gaussian_errors, mode_errors, modes};
use super::*;

/// Settings that train in seconds.
fn gan(changes: &[(&str, Value)]) -> Settings {
    let small = [
        ("width", Value::Integer(64)),
        ("latent", Value::Integer(16)),
        ("labels.width", Value::Integer(32)),
        ("train.epochs", Value::Integer(60)),
    ];
    let all: Vec<(&str, Value)> = small.into_iter().chain(changes.iter().cloned()).collect();
    settings_of("ccgan", &all)
}

#[test]
#[ignore = "exploration"]
fn explore() {
    let text = std::env::var("GAN").unwrap_or_default();
    let mut changes: Vec<(String, Value)> = Vec::new();
    let mut which = "2".to_owned();
    for part in text.split_whitespace() {
        let (name, value) = part.split_once('=').unwrap();
        if name == "data" {
            which = value.to_owned();
        } else if let Ok(number) = value.parse::<i64>() {
            changes.push((name.to_owned(), Value::Integer(number)));
        } else if let Ok(number) = value.parse::<f64>() {
            changes.push((name.to_owned(), Value::Number(number)));
        } else {
            let rows = ("rows", Value::Integer(50));
            let gaps = ("gaps", Value::Number(2.0));
            changes.push((name.to_owned(), match value {
                "hard" | "soft" => Value::choice(value, [gaps, rows]),
                "adaptive" => Value::choice(value, [rows]),
                _ => Value::choice(value, []),
            }));
        }
    }
    let changes: Vec<(&str, Value)> = changes.iter().map(|(a, b)| (a.as_str(), b.clone())).collect();
    let data = match which.as_str() {
        "modes" => modes(),
        other => gaussian(other.parse().unwrap()),
    };
    let begin = std::time::Instant::now();
    let trained = train(&gan(&changes), &data, 1).expect("trained");
    let loss = trained.history.numbers("loss").unwrap();
    let validation: Vec<String> = loss.iter().skip(1).step_by(2).map(|v| format!("{v:.4}")).collect();
    println!("{text}: {:.1} s, best {} of {}: {:?}", begin.elapsed().as_secs_f64(), trained.best_epoch, validation.len(),
        validation.iter().step_by(validation.len().div_ceil(12)).collect::<Vec<_>>());
    for condition in [0.2, 0.8] {
        match which.as_str() {
            "modes" => println!("  {condition}: {:.3?}", mode_errors(&trained, condition)),
            _ => println!("  {condition}: {:.3?}", gaussian_errors(&trained, condition)),
        }
    }
}

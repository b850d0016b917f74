//! The program `kexp-engine`: `kexp` with libtorch. `kexp` hands over to it when something must be computed, so that
//! checking, formatting and planning start in a few milliseconds instead of the third of a second that libtorch takes.

use std::process::ExitCode;

fn main() -> ExitCode {
    kexp::cli::main(kexp::cli::Engine::Here(kexp::run::executor::execute))
}

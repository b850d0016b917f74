//! The program `kexp`: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    kexp::cli::main(kexp::cli::Engine::Beside)
}

//! The command line: one file for each subcommand. Everything that a command decides happens in the modules below.

mod check;
mod common;
mod ensemble;
mod estimated;
mod explain;
mod export;
mod fit;
mod fmt;
mod init;
mod objective;
mod plan;
mod reference;
mod render;
mod report;
mod run;
mod selecting;
mod selection;
mod simulate;
mod snapshot;
mod store;
mod values;
mod vectors;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::plan::node::Plan;
use crate::run::RunError;
use crate::run::context::Stop;
use crate::run::executor::{Options, Summary};
use crate::run::store::Store;

/// kexp: declarative experiments on generative models of kinetic parameters.
#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a ready experiment for a model or a problem of your own
    Init(init::Arguments),
    /// Plan, run what is missing, and render figures, tables and the draft
    Run(run::Arguments),
    /// Report every error and warning of a file
    Check(check::Arguments),
    /// Format files
    Fmt(fmt::Arguments),
    /// Show the nodes of the plan: hit or miss, why, and the expected cost
    Plan(plan::Arguments),
    /// Show one node in full
    Explain(explain::Arguments),
    /// Hand starts and ends of a node over to other programs, as CSV and a `PEtab` parameter table
    Export(export::Arguments),
    /// Render figures, tables and the draft from the store, or check what is committed
    Render(render::Arguments),
    /// Write one self-contained HTML page of a run
    Report(report::Arguments),
    /// Run a profile and compare its numbers with the recorded ones
    Snapshot(snapshot::Arguments),
    /// The objective and its gradient at given parameters
    Objective(objective::Arguments),
    /// Estimate the parameters of a problem from many starts
    Fit(fit::Arguments),
    /// A trajectory of a model as CSV
    Simulate(simulate::Arguments),
    /// Solve a model or a problem at many vectors and count failures by cause
    Ensemble(ensemble::Arguments),
    /// Keep the store healthy
    Store(store::Arguments),
    /// Print the reference page of all declarations and settings
    Reference(reference::Arguments),
}

/// Where the nodes of a plan are computed.
#[derive(Debug, Clone, Copy)]
pub enum Engine {
    /// In this process, by this executor.
    Here(Execute),
    /// By the program `kexp-engine` beside this one, which this process turns into when something must be computed.
    Beside,
}

/// An executor: [`crate::run::executor::execute`].
pub type Execute = fn(&Plan, &Store, &[usize], Options, &Stop) -> Result<Summary, RunError>;

/// Parses the arguments, runs the command and turns errors into an exit code: 0 for success, 1 for an error that was
/// reported, 2 for wrong usage, 130 after an interruption.
#[must_use]
pub fn main(engine: Engine) -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Init(arguments) => init::run(&arguments),
        Command::Run(arguments) => run::run(&arguments, engine),
        Command::Check(arguments) => check::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Render(arguments) => render::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Snapshot(arguments) => snapshot::run(&arguments, engine),
        Command::Objective(arguments) => objective::run(&arguments),
        Command::Fit(arguments) => fit::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Ensemble(arguments) => ensemble::run(&arguments),
        Command::Store(arguments) => store::run(&arguments),
        Command::Reference(arguments) => reference::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(common::Failure::Reported) => ExitCode::FAILURE,
        Err(common::Failure::Interrupted) => {
            eprintln!("kexp: stopped; the same command goes on from here");
            ExitCode::from(130)
        }
        Err(common::Failure::Said(message)) => {
            eprintln!("kexp: {message}");
            ExitCode::FAILURE
        }
    }
}

//! Machine code for straight-line programs, made in memory with Cranelift.

mod emit;
mod functions;
mod jit;

pub use jit::{Code, CodeBuilder, CodeError, FunctionIndex};

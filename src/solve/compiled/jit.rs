//! The one place of kexp that calls machine code made at run time.
//!
//! # Safety
//!
//! Every function has the C signature `(states, cache, time, outputs)`: three addresses of `f64`s and one `f64`. The
//! code reads `states[i]` and `cache[i]` and writes `outputs[i]` at offsets that are constants known when it is made,
//! and does nothing else but arithmetic and calls of the functions in [`super::functions`], which are safe and keep
//! no state. It follows that a call is sound when
//!
//! 1. the code was made for this machine and is finalised: [`CodeBuilder::finish`] is the only way to a [`Code`];
//! 2. the memory that holds the code lives: [`Code`] owns the module and frees it only when dropped, and function
//!    addresses never leave it;
//! 3. the slices are at least as long as the largest offset used: the lengths are taken from the tape when the
//!    function is made, and [`Code::call`] checks the slices against them on every call;
//! 4. outputs do not overlap inputs: `&mut` against `&`.
//!
//! `Code` is `Send` and `Sync`: after finalisation nobody writes to the module or its memory, the code touches only
//! memory handed to it, and a call takes `&self`.
#![allow(unsafe_code, reason = "calls of compiled code; the conditions are stated above")]

use super::emit::{Imports, emit};
use super::functions::{EXP, POWER, addresses};
use crate::solve::dag::{Source, Tape};
use cranelift_codegen::ir::{AbiParam, types};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Module, ModuleError, default_libcall_names};
use std::mem::ManuallyDrop;

type Entry = unsafe extern "C" fn(*const f64, *const f64, f64, *mut f64);

// What `f64::powf` and `f64::exp` call: the two that kinetics is full of, without a call in between.
unsafe extern "C" {
    safe fn pow(x: f64, y: f64) -> f64;
    safe fn exp(x: f64) -> f64;
}

/// Why code could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the equations could not be compiled: {0}")]
pub struct CodeError(String);

impl From<ModuleError> for CodeError {
    fn from(error: ModuleError) -> Self {
        Self(error.to_string())
    }
}

/// One function of a [`Code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionIndex(usize);

#[derive(Debug, Clone, Copy)]
struct Shape {
    states: usize,
    cache: usize,
    outputs: usize,
}

/// Collects functions, then turns into callable code.
pub struct CodeBuilder {
    module: JITModule,
    context: FunctionBuilderContext,
    imports: Imports,
    functions: Vec<(FuncId, Shape)>,
}

impl CodeBuilder {
    /// A builder for this machine.
    ///
    /// # Errors
    /// When Cranelift has no backend for this machine.
    pub fn new() -> Result<Self, CodeError> {
        // `JITBuilder::new` panics on an unsupported machine; ask first.
        cranelift_native::builder().map_err(|message| CodeError(message.to_owned()))?;
        // The graph has already found common terms and folded constants; Cranelift's own search would only undo the
        // reloading of inputs.
        let mut builder =
            JITBuilder::with_flags(&[("opt_level", "none"), ("enable_verifier", "false")], default_libcall_names())?;
        builder.symbols(addresses());
        builder.symbols([(POWER, pow as *const u8), (EXP, exp as *const u8)]);
        Ok(Self {
            module: JITModule::new(builder),
            context: FunctionBuilderContext::new(),
            imports: Imports::new(),
            functions: Vec::new(),
        })
    }

    /// Compiles a tape.
    ///
    /// # Errors
    /// When Cranelift refuses the function, such as one beyond its size limits.
    pub fn function(&mut self, tape: &Tape) -> Result<FunctionIndex, CodeError> {
        let pointer = self.module.target_config().pointer_type();
        let mut context = self.module.make_context();
        for kind in [pointer, pointer, types::F64, pointer] {
            context.func.signature.params.push(AbiParam::new(kind));
        }
        let id = self.module.declare_anonymous_function(&context.func.signature)?;
        let config = self.module.target_config();
        let mut builder = FunctionBuilder::new(&mut context.func, &mut self.context);
        emit(&mut self.module, &mut self.imports, &mut builder, tape)?;
        builder.finalize(config);
        self.module.define_function(id, &mut context)?;
        self.module.clear_context(&mut context);
        self.functions.push((id, shape(tape)));
        Ok(FunctionIndex(self.functions.len() - 1))
    }

    /// Makes the functions callable.
    ///
    /// # Errors
    /// When the memory cannot be made executable.
    pub fn finish(mut self) -> Result<Code, CodeError> {
        self.module.finalize_definitions()?;
        let functions = self
            .functions
            .iter()
            .map(|&(id, shape)| {
                let address = self.module.get_finalized_function(id);
                // SAFETY: the function was declared with this signature in `function` and is finalised (condition 1).
                let entry = unsafe { std::mem::transmute::<*const u8, Entry>(address) };
                (entry, shape)
            })
            .collect();
        Ok(Code { module: ManuallyDrop::new(self.module), functions })
    }
}

fn shape(tape: &Tape) -> Shape {
    let mut shape = Shape { states: 0, cache: 0, outputs: tape.outputs.len() };
    for step in &tape.steps {
        match *step {
            Source::State(i) => shape.states = shape.states.max(i + 1),
            Source::Cache(i) => shape.cache = shape.cache.max(i + 1),
            _ => {}
        }
    }
    shape
}

/// Compiled functions and the memory that they live in.
pub struct Code {
    module: ManuallyDrop<JITModule>,
    functions: Vec<(Entry, Shape)>,
}

// SAFETY: nothing in a finished `Code` is written to until it is dropped, and dropping needs ownership; see the
// module's text.
unsafe impl Send for Code {}
// SAFETY: as above; calls take `&self` and the code has no state.
unsafe impl Sync for Code {}

impl Code {
    /// Calls a function. Outputs beyond those of the function stay as they are.
    ///
    /// # Panics
    /// When a slice is shorter than the function needs, or the function belongs to other code: a mistake inside
    /// kexp, never one of input.
    #[inline]
    pub fn call(&self, function: FunctionIndex, states: &[f64], cache: &[f64], time: f64, outputs: &mut [f64]) {
        let (entry, shape) = self.functions[function.0];
        assert!(
            states.len() >= shape.states && cache.len() >= shape.cache && outputs.len() >= shape.outputs,
            "a vector is shorter than the compiled function needs"
        );
        // SAFETY: conditions 1 to 4 above; the lengths were checked on the line before.
        unsafe { entry(states.as_ptr(), cache.as_ptr(), time, outputs.as_mut_ptr()) }
    }

    /// The number of values a function writes.
    #[must_use]
    pub fn outputs(&self, function: FunctionIndex) -> usize {
        self.functions[function.0].1.outputs
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code").field("functions", &self.functions.len()).finish_non_exhaustive()
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: the module is taken once, here; no address of its functions outlives `self` (condition 2).
        unsafe { ManuallyDrop::take(&mut self.module).free_memory() }
    }
}

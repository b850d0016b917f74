//! Cranelift instructions for a tape.
//!
//! No fused multiply-add and no reassociation: the code computes what the interpreter computes, bit for bit.

#![allow(clippy::result_large_err, reason = "the error is Cranelift's and ends the compilation")]

use super::functions::{POLYGAMMA, POWER, symbol};
use crate::solve::dag::{Binary, Source, Tape, Unary};
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{
    AbiParam, FuncRef, InstBuilder, MemFlagsData, Signature, StackSlotData, StackSlotKind, Value, types,
};
use cranelift_frontend::FunctionBuilder;
use cranelift_module::{FuncId, Linkage, Module, ModuleError};
use std::collections::BTreeMap;

/// The external functions already declared in a module, by symbol.
pub type Imports = BTreeMap<&'static str, FuncId>;

/// The byte offset of an element, or an error for vectors beyond two gigabytes.
fn offset(index: usize) -> Result<i32, ModuleError> {
    i32::try_from(index * 8).map_err(|_| ModuleError::Compilation(cranelift_codegen::CodegenError::ImplLimitExceeded))
}

struct Emitter<'a, 'b, M: Module> {
    module: &'a mut M,
    imports: &'a mut Imports,
    builder: &'a mut FunctionBuilder<'b>,
    declared: BTreeMap<&'static str, FuncRef>,
}

/// Emits the body of `(states, cache, time, outputs)`, three addresses and a number, for a tape.
pub fn emit<M: Module>(
    module: &mut M,
    imports: &mut Imports,
    builder: &mut FunctionBuilder<'_>,
    tape: &Tape,
) -> Result<(), ModuleError> {
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    builder.seal_block(block);
    let (states, cache, time, outputs) = match builder.block_params(block) {
        [states, cache, time, outputs] => (*states, *cache, *time, *outputs),
        _ => return Err(ModuleError::Compilation(cranelift_codegen::CodegenError::ImplLimitExceeded)),
    };
    // Results are stored as soon as they are known, which keeps few values alive at a time.
    let mut places: Vec<Vec<usize>> = vec![Vec::new(); tape.steps.len()];
    for (place, &step) in tape.outputs.iter().enumerate() {
        places[step].push(place);
    }
    let kept = Kept::new(tape);
    let size = offset(kept.count)?.unsigned_abs();
    let slot = builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 3));
    let pointer = module.target_config().pointer_type();
    let stack = builder.ins().stack_addr(pointer, slot, 0);
    let mut emitter = Emitter { module, imports, builder, declared: BTreeMap::new() };
    let mut values: Vec<Value> = Vec::with_capacity(tape.steps.len());
    let mut loaded: Vec<usize> = (0..tape.steps.len()).collect();
    for (index, (source, places)) in tape.steps.iter().zip(&places).enumerate() {
        for a in operands(source).into_iter().flatten() {
            if index - loaded[a] > RELOAD {
                let again = match (tape.steps[a], kept.places[a]) {
                    (Source::State(i), _) => emitter.load(states, i)?,
                    (Source::Cache(i), _) => emitter.load(cache, i)?,
                    (Source::Number(number), _) => emitter.builder.ins().f64const(number),
                    (_, Some(place)) => emitter.load(stack, place)?,
                    _ => continue,
                };
                values[a] = again;
                loaded[a] = index;
            }
        }
        let value = match *source {
            Source::State(i) => emitter.load(states, i)?,
            Source::Cache(i) => emitter.load(cache, i)?,
            Source::Time => time,
            Source::Number(number) => emitter.builder.ins().f64const(number),
            Source::Unary(function, a) => emitter.unary(function, values[a])?,
            Source::Binary(function, a, b) => emitter.binary(function, values[a], values[b])?,
            Source::Integer(a, n) => emitter.integer(values[a], n),
            Source::Half(a, n) => emitter.half(values[a], n),
            Source::Select(c, a, b) => {
                let zero = emitter.builder.ins().f64const(0.0);
                let condition = emitter.builder.ins().fcmp(FloatCC::NotEqual, values[c], zero);
                emitter.builder.ins().select(condition, values[a], values[b])
            }
        };
        for &place in places {
            let place = offset(place)?;
            emitter.builder.ins().store(MemFlagsData::trusted(), value, outputs, place);
        }
        if let Some(place) = kept.places[index] {
            let place = offset(place)?;
            emitter.builder.ins().store(MemFlagsData::trusted(), value, stack, place);
        }
        values.push(value);
    }
    emitter.builder.ins().return_(&[]);
    Ok(())
}

/// Values last loaded or computed more than this many steps ago are loaded again: inputs from where they are, others from
/// the stack. Register allocation takes more than linear time in the length of live ranges: on a model of 276 states and
/// 1759 parameters it was three quarters of the time until the model is ready.
const RELOAD: usize = 32;

/// Values that are needed again long after they were computed, and their places on the stack.
struct Kept {
    places: Vec<Option<usize>>,
    count: usize,
}

impl Kept {
    fn new(tape: &Tape) -> Self {
        let steps = &tape.steps;
        let mut last: Vec<usize> = (0..steps.len()).collect();
        let mut far = vec![false; steps.len()];
        let mut recent: Vec<usize> = (0..steps.len()).collect();
        for (index, source) in steps.iter().enumerate() {
            for a in operands(source).into_iter().flatten() {
                let is_input = operands(&steps[a]) == [None; 3];
                if !is_input && index - recent[a] > RELOAD {
                    far[a] = true;
                    recent[a] = index;
                }
                last[a] = index;
            }
        }
        // A place is free again after the last use of what lies there.
        let (mut places, mut free, mut count) = (vec![None; steps.len()], Vec::new(), 0);
        for (index, source) in steps.iter().enumerate() {
            if far[index] {
                places[index] = Some(free.pop().unwrap_or_else(|| {
                    count += 1;
                    count - 1
                }));
            }
            let mut done: Vec<usize> = operands(source).into_iter().flatten().filter(|&a| last[a] == index).collect();
            done.sort_unstable();
            done.dedup();
            free.extend(done.into_iter().filter_map(|a: usize| places[a]));
        }
        Self { places, count }
    }
}

/// The earlier steps that a step uses.
fn operands(source: &Source) -> [Option<usize>; 3] {
    match *source {
        Source::Number(_) | Source::State(_) | Source::Cache(_) | Source::Time => [None; 3],
        Source::Unary(_, a) | Source::Integer(a, _) | Source::Half(a, _) => [Some(a), None, None],
        Source::Binary(_, a, b) => [Some(a), Some(b), None],
        Source::Select(a, b, c) => [Some(a), Some(b), Some(c)],
    }
}

impl<M: Module> Emitter<'_, '_, M> {
    fn load(&mut self, base: Value, index: usize) -> Result<Value, ModuleError> {
        let offset = offset(index)?;
        Ok(self.builder.ins().load(types::F64, MemFlagsData::trusted(), base, offset))
    }

    fn call(&mut self, name: &'static str, arguments: &[Value]) -> Result<Value, ModuleError> {
        let function = if let Some(&function) = self.declared.get(name) {
            function
        } else {
            let id = if let Some(&id) = self.imports.get(name) {
                id
            } else {
                let mut signature: Signature = self.module.make_signature();
                signature.params.extend(arguments.iter().map(|_| AbiParam::new(types::F64)));
                signature.returns.push(AbiParam::new(types::F64));
                let id = self.module.declare_function(name, Linkage::Import, &signature)?;
                self.imports.insert(name, id);
                id
            };
            let function = self.module.declare_func_in_func(id, self.builder.func);
            self.declared.insert(name, function);
            function
        };
        let call = self.builder.ins().call(function, arguments);
        Ok(self.builder.inst_results(call)[0])
    }

    fn unary(&mut self, function: Unary, a: Value) -> Result<Value, ModuleError> {
        if let Some(name) = symbol(function) {
            return self.call(name, &[a]);
        }
        let ins = self.builder.ins();
        Ok(match function {
            Unary::Sqrt => ins.sqrt(a),
            Unary::Abs => ins.fabs(a),
            Unary::Floor => ins.floor(a),
            Unary::Ceil => ins.ceil(a),
            _ => ins.fneg(a),
        })
    }

    fn truth(&mut self, comparison: FloatCC, a: Value, b: Value) -> Value {
        let holds = self.builder.ins().fcmp(comparison, a, b);
        let (yes, no) = (self.builder.ins().f64const(1.0), self.builder.ins().f64const(0.0));
        self.builder.ins().select(holds, yes, no)
    }

    fn binary(&mut self, function: Binary, a: Value, b: Value) -> Result<Value, ModuleError> {
        Ok(match function {
            Binary::Add => self.builder.ins().fadd(a, b),
            Binary::Subtract => self.builder.ins().fsub(a, b),
            Binary::Multiply => self.builder.ins().fmul(a, b),
            Binary::Divide => self.builder.ins().fdiv(a, b),
            Binary::Power => self.call(POWER, &[a, b])?,
            Binary::Polygamma => self.call(POLYGAMMA, &[a, b])?,
            Binary::Min => self.builder.ins().fmin(a, b),
            Binary::Max => self.builder.ins().fmax(a, b),
            Binary::Equal => self.truth(FloatCC::Equal, a, b),
            Binary::Less => self.truth(FloatCC::LessThan, a, b),
            Binary::LessOrEqual => self.truth(FloatCC::LessThanOrEqual, a, b),
        })
    }

    fn half(&mut self, a: Value, n: i32) -> Value {
        let root = self.builder.ins().sqrt(a);
        let whole = self.integer(a, if n >= 0 { n } else { -n - 1 });
        let product = self.builder.ins().fmul(whole, root);
        if n >= 0 {
            return product;
        }
        let one = self.builder.ins().f64const(1.0);
        self.builder.ins().fdiv(one, product)
    }

    /// Repeated squaring, in the interpreter's order.
    fn integer(&mut self, a: Value, n: i32) -> Value {
        let mut remaining = n.unsigned_abs();
        let mut square = a;
        let mut result: Option<Value> = None;
        while remaining > 0 {
            if remaining & 1 == 1 {
                result = Some(match result {
                    Some(r) => self.builder.ins().fmul(r, square),
                    None => square,
                });
            }
            remaining >>= 1;
            if remaining > 0 {
                square = self.builder.ins().fmul(square, square);
            }
        }
        let one = self.builder.ins().f64const(1.0);
        let result = result.unwrap_or(one);
        if n < 0 { self.builder.ins().fdiv(one, result) } else { result }
    }
}

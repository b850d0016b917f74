//! The elimination and substitution of a small plan as machine code without loops.
//!
//! On some twenty states a loop over the handful of values of a row costs more than the row. The code does what
//! [`fixed`](super::fixed) does, operation by operation in the same order, so that both give the same numbers.

use super::plan::Plan;
use crate::solve::compiled::{Code, CodeBuilder, CodeError, FunctionIndex};
use crate::solve::dag::{Binary, Source, Tape};

/// Plans of more operations than this are executed as lists: code that no longer fits into the nearest caches is not
/// faster, and takes milliseconds to make.
const MOST_OPERATIONS: usize = 4000;

/// The code of a plan.
#[derive(Debug)]
pub struct Straight {
    code: Code,
    factor: FunctionIndex,
    solve: FunctionIndex,
}

impl Straight {
    /// The code of a plan; nothing for one that is too large, or on a machine without a code generator.
    pub fn new(plan: &Plan) -> Option<Self> {
        // A factorisation and two values a place, each an operation of a solve.
        if plan.operations.len() + tail_operations(plan) + 2 * plan.columns.len() > MOST_OPERATIONS {
            return None;
        }
        Self::compile(plan).ok()
    }

    fn compile(plan: &Plan) -> Result<Self, CodeError> {
        let mut builder = CodeBuilder::new()?;
        let factor = builder.function(&factor(plan))?;
        let solve = builder.function(&solve(plan))?;
        Ok(Self { code: builder.finish()?, factor, solve })
    }

    /// Eliminates `I - gamma J`. `factors` becomes the values of the factors, then the reciprocals of the pivots; `matrix`
    /// what the values were before.
    #[inline]
    pub fn factor(&self, jacobian: &[f64], gamma: f64, factors: &mut [f64]) {
        self.code.call(self.factor, jacobian, &[], gamma, factors);
    }

    /// Solves `A x = b` with such factors.
    #[inline]
    pub fn solve(&self, factors: &[f64], b: &[f64], x: &mut [f64]) {
        self.code.call(self.solve, b, factors, 0.0, x);
    }
}

/// The operations within the tails.
fn tail_operations(plan: &Plan) -> usize {
    plan.rows
        .iter()
        .enumerate()
        .map(|(k, row)| {
            let above = k.saturating_sub(row.tail as usize);
            above * (row.end - row.within) as usize
        })
        .sum()
}

/// A program that is written step by step.
#[derive(Default)]
struct Writer(Tape);

impl Writer {
    fn add(&mut self, source: Source) -> usize {
        self.0.steps.push(source);
        self.0.steps.len() - 1
    }

    fn binary(&mut self, function: Binary, a: usize, b: usize) -> usize {
        self.add(Source::Binary(function, a, b))
    }

    /// `a - b * c`.
    fn subtract(&mut self, a: usize, b: usize, c: usize) -> usize {
        let product = self.binary(Binary::Multiply, b, c);
        self.binary(Binary::Subtract, a, product)
    }

    /// The sum of products as [`dot`](super::tile::dot) adds it up; nothing for an empty one.
    fn dot(&mut self, pairs: &[[usize; 2]]) -> Option<usize> {
        let mut sums = [None; 2];
        for (place, &[a, b]) in pairs.iter().enumerate() {
            let product = self.binary(Binary::Multiply, a, b);
            let sum = &mut sums[place % 2];
            *sum = Some(sum.map_or(product, |sum| self.binary(Binary::Add, sum, product)));
        }
        match sums {
            [Some(even), Some(odd)] => Some(self.binary(Binary::Add, even, odd)),
            [even, _] => even,
        }
    }
}

/// The elimination: its states are the Jacobian's entries, its time is gamma. Its outputs are the factors' values, the
/// reciprocals of the pivots, and the matrix's values.
fn factor(plan: &Plan) -> Tape {
    let mut writer = Writer::default();
    let zero = writer.add(Source::Number(0.0));
    let one = writer.add(Source::Number(1.0));
    let gamma = writer.add(Source::Time);
    // The entries of each value, in the order of the Jacobian.
    let mut entries: Vec<Vec<usize>> = vec![Vec::new(); plan.columns.len()];
    for (entry, &place) in plan.places.iter().enumerate() {
        entries[place as usize].push(entry);
    }
    let mut values = vec![zero; plan.columns.len()];
    let mut matrix = values.clone();
    let mut inverse = Vec::new();
    let mut operation = 0;
    for (k, row) in plan.rows.iter().enumerate() {
        let (pivot, end) = (row.pivot as usize, row.end as usize);
        for place in row.first as usize..end {
            for &entry in &entries[place] {
                let entry = writer.add(Source::State(entry));
                values[place] = writer.subtract(values[place], gamma, entry);
            }
        }
        values[pivot] = writer.binary(Binary::Add, values[pivot], one);
        matrix[row.first as usize..end].copy_from_slice(&values[row.first as usize..end]);
        for &[changed, l, u] in &plan.operations[operation..row.operations as usize] {
            let [changed, l, u] = [changed, l, u].map(|place| place as usize);
            values[changed] = writer.subtract(values[changed], values[l], values[u]);
        }
        operation = row.operations as usize;
        for above in row.tail as usize..k {
            let l = values[pivot - (k - above)];
            let upper = plan.rows[above].pivot as usize + 1..plan.rows[above].end as usize;
            for (u, changed) in upper.zip(pivot - (k - above) + 1..end) {
                values[changed] = writer.subtract(values[changed], l, values[u]);
            }
        }
        let reciprocal = writer.binary(Binary::Divide, one, values[pivot]);
        inverse.push(reciprocal);
        for value in &mut values[pivot + 1..end] {
            *value = writer.binary(Binary::Multiply, *value, reciprocal);
        }
    }
    let mut tape = writer.0;
    tape.outputs = [values, inverse, matrix].concat();
    tape
}

/// The substitution: its states are those of the right-hand side, its cache the factors' values and the reciprocals of
/// the pivots.
fn solve(plan: &Plan) -> Tape {
    let mut writer = Writer::default();
    let reciprocals = plan.columns.len();
    let mut work: Vec<usize> = plan.order.iter().map(|&state| state as usize).collect();
    let mut outputs = vec![0; work.len()];
    for block in &plan.blocks {
        let block = block.start as usize..block.end as usize;
        for k in block.clone() {
            let row = plan.rows[k];
            let mut value = writer.add(Source::State(work[k]));
            if let Some(sum) = products(&mut writer, plan, row.first..row.pivot, &work) {
                value = writer.binary(Binary::Subtract, value, sum);
            }
            let reciprocal = writer.add(Source::Cache(reciprocals + k));
            work[k] = writer.binary(Binary::Multiply, value, reciprocal);
        }
        for k in block.rev() {
            let row = plan.rows[k];
            if let Some(sum) = products(&mut writer, plan, row.pivot + 1..row.end, &work) {
                work[k] = writer.binary(Binary::Subtract, work[k], sum);
            }
            outputs[plan.order[k] as usize] = work[k];
        }
    }
    let mut tape = writer.0;
    tape.outputs = outputs;
    tape
}

/// The sum of the values in a range times what stands in `work` for their columns.
fn products(writer: &mut Writer, plan: &Plan, range: std::ops::Range<u32>, work: &[usize]) -> Option<usize> {
    let pairs: Vec<[usize; 2]> = range
        .map(|place| {
            let value = writer.add(Source::Cache(place as usize));
            [value, work[plan.columns[place as usize] as usize]]
        })
        .collect();
    writer.dot(&pairs)
}

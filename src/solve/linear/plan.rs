//! Everything about an elimination with pivots of the diagonal that does not depend on numbers.

use super::blocks::blocks;
use super::order::{fill, order};
use super::straight::Straight;
use std::ops::Range;
use std::sync::Arc;

/// The elimination of a pattern, block by block, row by row.
///
/// The factors' values stand row by row in one vector. A row holds first what stands in earlier blocks, as it is in the
/// matrix; then `L` within its block, not divided by the pivots; then the pivot; then `U` within the block, divided by the
/// pivot of the row. The columns of a row ascend.
///
/// What is left of a block after most of its states were eliminated is nearly full. From some state on, the *tail*, it is
/// taken for full: its rows have all columns of the tail, side by side, and are eliminated without lists of operations.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The state at each place of the elimination.
    pub order: Vec<u32>,
    /// Places of each block.
    pub blocks: Vec<Range<u32>>,
    /// The rows.
    pub rows: Vec<Row>,
    /// The column of each value, as a place of the elimination.
    pub columns: Vec<u32>,
    /// For each entry of the Jacobian, the place of its value.
    pub places: Vec<u32>,
    /// `values[0] -= values[1] * values[2]`, row by row, but those within a tail.
    pub operations: Vec<[u32; 3]>,
    /// The entries of the matrix.
    pub entries: Entries,
    /// Code that does all this without lists, where it was asked for and the plan is small.
    pub straight: Option<Arc<Straight>>,
}

/// Where the values and operations of a row stand.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The first value.
    pub first: u32,
    /// The first value within the block.
    pub within: u32,
    /// The pivot.
    pub pivot: u32,
    /// Behind the last value.
    pub end: u32,
    /// The first column of its block's tail.
    pub tail: u32,
    /// Behind the last operation.
    pub operations: u32,
}

/// The entries of the matrix by column, for a factorisation that chooses its pivots.
#[derive(Debug, Clone)]
pub struct Entries {
    /// Where each column starts in `rows`.
    pub starts: Vec<u32>,
    /// The rows.
    pub rows: Vec<u32>,
    /// For each entry of the Jacobian, its place in `rows`.
    pub places: Vec<u32>,
    /// For each state, the place of its diagonal entry in `rows`.
    pub diagonal: Vec<u32>,
}

impl Plan {
    /// Plans the elimination. The diagonal is added where it is missing.
    ///
    /// # Panics
    /// If a place lies outside of the matrix.
    pub fn new(states: usize, pattern: &[(usize, usize)]) -> Self {
        assert!(pattern.iter().all(|&(row, column)| row < states && column < states), "a place outside of the matrix");
        let mut rows: Vec<Vec<usize>> = (0..states).map(|row| vec![row]).collect();
        for &(row, column) in pattern {
            rows[row].push(column);
        }
        for columns in &mut rows {
            columns.sort_unstable();
            columns.dedup();
        }
        let mut plan = Self {
            order: Vec::with_capacity(states),
            blocks: Vec::new(),
            rows: Vec::with_capacity(states),
            columns: Vec::new(),
            places: Vec::new(),
            operations: Vec::new(),
            entries: Entries::new(&rows, pattern),
            straight: None,
        };
        let mut local = vec![usize::MAX; states];
        let mut place_of = vec![0; states];
        for members in blocks(&rows) {
            let start = plan.order.len();
            members.iter().enumerate().for_each(|(at, &state)| local[state] = at);
            let inner: Vec<Vec<usize>> = members
                .iter()
                .map(|&state| rows[state].iter().map(|&column| local[column]).filter(|&at| at != usize::MAX).collect())
                .collect();
            let eliminated = order(&inner);
            let filled = fill(&inner, &eliminated);
            let tail = tail(&filled);
            for (row, (&at, mut columns)) in eliminated.iter().zip(filled).enumerate() {
                if row >= tail {
                    columns.retain(|&column| column < tail);
                    columns.extend(tail..members.len());
                }
                let state = members[at];
                let outer = rows[state].iter().filter(|&&column| local[column] == usize::MAX);
                let mut outer: Vec<u32> = outer.map(|&column| place_of[column]).collect();
                outer.sort_unstable();
                place_of[state] = plan.order.len() as u32;
                plan.order.push(state as u32);
                let columns = columns.into_iter().map(|column| (start + column) as u32);
                plan.push_row(outer, columns, (start + tail) as u32);
            }
            plan.blocks.push(start as u32..plan.order.len() as u32);
            for &state in &members {
                local[state] = usize::MAX;
            }
        }
        let place = |&(row, column): &(usize, usize)| plan.value(place_of[row] as usize, place_of[column]);
        plan.places = pattern.iter().map(place).collect();
        plan
    }

    /// The place of the value in a row and column.
    fn value(&self, row: usize, column: u32) -> u32 {
        let Row { first, end, .. } = self.rows[row];
        let columns = &self.columns[first as usize..end as usize];
        first + columns.partition_point(|&other| other < column) as u32
    }

    /// Adds a row with its operations.
    fn push_row(&mut self, outer: Vec<u32>, columns: impl Iterator<Item = u32>, tail: u32) {
        let row = self.rows.len();
        let first = self.columns.len() as u32;
        self.columns.extend(outer);
        let within = self.columns.len() as u32;
        self.columns.extend(columns);
        let end = self.columns.len() as u32;
        self.rows.push(Row { first, within, pivot: 0, end, tail, operations: 0 });
        let pivot = self.value(row, row as u32);
        for l in within..pivot {
            let column = self.columns[l as usize];
            if column >= tail {
                break;
            }
            let Row { pivot, end, .. } = self.rows[column as usize];
            for u in pivot + 1..end {
                let changed = self.value(row, self.columns[u as usize]);
                self.operations.push([changed, l, u]);
            }
        }
        self.rows[row].pivot = pivot;
        self.rows[row].operations = self.operations.len() as u32;
    }

    /// What factoring and solving cost, in the unit of `dense_cost`.
    pub fn cost(&self) -> f64 {
        let tails = self.blocks.iter().filter(|block| !block.is_empty()).map(|block| {
            let tail = self.rows[block.start as usize].tail;
            tail_operations((block.end - tail) as usize)
        });
        STATE * self.rows.len() as f64
            + VALUE * self.columns.len() as f64
            + LISTED * self.operations.len() as f64
            + IN_TAIL * tails.sum::<f64>()
    }
}

impl Entries {
    fn new(rows: &[Vec<usize>], pattern: &[(usize, usize)]) -> Self {
        let mut by_column: Vec<Vec<u32>> = vec![Vec::new(); rows.len()];
        for (row, columns) in rows.iter().enumerate() {
            for &column in columns {
                by_column[column].push(row as u32);
            }
        }
        let mut starts = vec![0];
        for column in &by_column {
            starts.push(starts[starts.len() - 1] + column.len() as u32);
        }
        // Rows ascend within a column, as they were added in that order.
        let place = |row: usize, column: usize| {
            let before = by_column[column].partition_point(|&other| (other as usize) < row);
            starts[column] + before as u32
        };
        let places = pattern.iter().map(|&(row, column)| place(row, column)).collect();
        let diagonal = (0..rows.len()).map(|state| place(state, state)).collect();
        Self { rows: by_column.concat(), places, diagonal, starts }
    }
}

/// The nanoseconds of a state, a value, a listed operation and one within a tail, in one factorisation and five solves.
/// Fitted to the Jacobians of 60 models with 4 to 500 states; how good the choice is stands on the module's page.
const STATE: f64 = 45.0;
const VALUE: f64 = 7.0;
const LISTED: f64 = 2.0;
const IN_TAIL: f64 = 0.3;

/// The operations within a tail of that size.
fn tail_operations(size: usize) -> f64 {
    let size = size as f64;
    size * size * size / 3.0
}

/// The first column of the tail of a block with that pattern: where the whole costs least.
fn tail(filled: &[Vec<usize>]) -> usize {
    let count = filled.len();
    let mut below = vec![0usize; count];
    for (row, columns) in filled.iter().enumerate() {
        columns.iter().filter(|&&column| column < row).for_each(|&column| below[column] += 1);
    }
    let right = |row: usize| filled[row].iter().filter(|&&column| column > row).count();
    let mut listed = 0.0;
    let (mut best, mut least) = (count, f64::INFINITY);
    // The values in the rows and columns from `start` on, without a tail.
    let mut values: usize = filled.iter().map(Vec::len).sum();
    for start in 0..=count {
        let size = count - start;
        let added = (size * size - values) as f64;
        let cost = LISTED * listed + IN_TAIL * tail_operations(size) + VALUE * added;
        if cost <= least {
            (best, least) = (start, cost);
        }
        if let Some(&below) = below.get(start) {
            listed += (below * right(start)) as f64;
            values -= below + right(start) + 1;
        }
    }
    best
}

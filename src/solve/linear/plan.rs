//! Everything about an elimination with pivots of the diagonal that does not depend on numbers.

use super::blocks::blocks;
use super::order::{fill, order};
use std::collections::BTreeMap;
use std::ops::Range;

/// The elimination of a pattern, block by block, row by row.
///
/// The factors' values stand row by row in one vector. A row holds first what stands in earlier blocks, as it is in the
/// matrix; then `L` within its block, not divided by the pivots; then the pivot; then `U` within the block, divided by the
/// pivot of the row.
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
    /// `values[0] -= values[1] * values[2]`, row by row.
    pub operations: Vec<[u32; 3]>,
    /// The entries of the matrix.
    pub entries: Entries,
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
        pattern.iter().for_each(|&(row, column)| rows[row].push(column));
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
        };
        let mut local = vec![usize::MAX; states];
        let mut place_of = vec![0; states];
        // The values of each row by column.
        let mut value_at: Vec<BTreeMap<u32, u32>> = Vec::with_capacity(states);
        for members in blocks(&rows) {
            let start = plan.order.len();
            members.iter().enumerate().for_each(|(at, &state)| local[state] = at);
            let inner: Vec<Vec<usize>> = members
                .iter()
                .map(|&state| rows[state].iter().map(|&column| local[column]).filter(|&at| at != usize::MAX).collect())
                .collect();
            let eliminated = order(&inner);
            let filled = fill(&inner, &eliminated);
            for (&at, columns) in eliminated.iter().zip(filled) {
                let state = members[at];
                let outer = rows[state].iter().filter(|&&column| local[column] == usize::MAX);
                let mut outer: Vec<u32> = outer.map(|&column| place_of[column]).collect();
                outer.sort_unstable();
                place_of[state] = plan.order.len() as u32;
                plan.order.push(state as u32);
                plan.push_row(&outer, columns.iter().map(|&column| (start + column) as u32), &mut value_at);
            }
            plan.blocks.push(start as u32..plan.order.len() as u32);
            members.iter().for_each(|&state| local[state] = usize::MAX);
        }
        plan.places =
            pattern.iter().map(|&(row, column)| value_at[place_of[row] as usize][&place_of[column]]).collect();
        plan
    }

    /// Adds a row with its operations.
    fn push_row(&mut self, outer: &[u32], columns: impl Iterator<Item = u32>, value_at: &mut Vec<BTreeMap<u32, u32>>) {
        let row = self.rows.len() as u32;
        let first = self.columns.len() as u32;
        self.columns.extend_from_slice(outer);
        let within = self.columns.len() as u32;
        self.columns.extend(columns);
        let end = self.columns.len() as u32;
        let values: BTreeMap<u32, u32> = (first..end).map(|value| (self.columns[value as usize], value)).collect();
        let pivot = values[&row];
        for l in within..pivot {
            let other = self.rows[self.columns[l as usize] as usize];
            for u in other.pivot + 1..other.end {
                self.operations.push([values[&self.columns[u as usize]], l, u]);
            }
        }
        self.rows.push(Row { first, within, pivot, end, operations: self.operations.len() as u32 });
        value_at.push(values);
    }

    /// What factoring and solving cost, in the unit of `dense_cost`.
    pub fn cost(&self) -> f64 {
        self.operations.len() as f64 + 4.0 * self.columns.len() as f64 + 10.0 * self.rows.len() as f64
    }
}

impl Entries {
    fn new(rows: &[Vec<usize>], pattern: &[(usize, usize)]) -> Self {
        let mut by_column: Vec<Vec<u32>> = vec![Vec::new(); rows.len()];
        for (row, columns) in rows.iter().enumerate() {
            columns.iter().for_each(|&column| by_column[column].push(row as u32));
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

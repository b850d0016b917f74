//! Factors with chosen pivots, for matrices to which those of the diagonal are not right.

use super::factors::Singular;
use super::plan::Plan;

/// A row other than that of the diagonal becomes the pivot row when its entry, relative to the largest of its row, is larger
/// than the diagonal's by more than the reciprocal of this.
const THRESHOLD: f64 = 0.1;
/// Not a pivot row yet.
const NONE: u32 = u32::MAX;

/// `L U = P A Q` with `L` of unit diagonal, column by column (Gilbert and Peierls, SIAM Journal on Scientific and Statistical
/// Computing 9, 1988). The columns follow the plan's order, with the blocks from the last to the first, so that little
/// more than the blocks fills in.
#[derive(Debug, Clone)]
pub struct Pivoting {
    /// The states in the order of the columns.
    columns: Vec<u32>,
    /// The row of each pivot.
    rows: Vec<u32>,
    pivots: Vec<f64>,
    /// Entries by row of the matrix.
    lower: Columns,
    /// Entries by number of the pivot.
    upper: Columns,
    /// The number of the pivot in each row.
    pivot_of: Vec<u32>,
    matrix: Vec<f64>,
    size: Vec<f64>,
    work: Vec<f64>,
    search: Search,
}

#[derive(Debug, Clone, Default)]
struct Columns {
    starts: Vec<usize>,
    entries: Vec<(u32, f64)>,
}

impl Columns {
    fn clear(&mut self) {
        self.entries.clear();
        self.starts.clear();
        self.starts.push(0);
    }

    fn close(&mut self) {
        self.starts.push(self.entries.len());
    }

    fn column(&self, k: usize) -> &[(u32, f64)] {
        &self.entries[self.starts[k]..self.starts[k + 1]]
    }
}

/// A depth-first search for the rows of a column of `L` and `U`.
#[derive(Debug, Clone)]
struct Search {
    /// The column in which a row was found last.
    found: Vec<u32>,
    path: Vec<(u32, usize)>,
    /// What was found, each row before those that found it: read backwards, the order of the elimination.
    rows: Vec<u32>,
}

impl Search {
    fn visit(&mut self, root: u32, column: u32, lower: &Columns, pivot_of: &[u32]) {
        if self.found[root as usize] == column {
            return;
        }
        self.found[root as usize] = column;
        self.path.push((root, 0));
        while let Some((row, followed)) = self.path.pop() {
            let pivot = pivot_of[row as usize];
            let below = if pivot == NONE { &[][..] } else { lower.column(pivot as usize) };
            let next = below[followed..].iter().position(|&(next, _)| self.found[next as usize] != column);
            match next {
                Some(steps) => {
                    let next = below[followed + steps].0;
                    self.found[next as usize] = column;
                    self.path.push((row, followed + steps + 1));
                    self.path.push((next, 0));
                }
                None => self.rows.push(row),
            }
        }
    }
}

impl Pivoting {
    /// Memory for the factors of a matrix.
    pub fn new(plan: &Plan) -> Self {
        let states = plan.order.len();
        let blocks = plan.blocks.iter().rev();
        let columns = blocks.flat_map(|block| &plan.order[block.start as usize..block.end as usize]).copied().collect();
        Self {
            columns,
            rows: vec![0; states],
            pivots: vec![1.0; states],
            lower: Columns::default(),
            upper: Columns::default(),
            pivot_of: vec![NONE; states],
            matrix: vec![0.0; plan.entries.rows.len()],
            size: vec![0.0; states],
            work: vec![0.0; states],
            search: Search { found: vec![NONE; states], path: Vec::new(), rows: Vec::new() },
        }
    }

    fn assemble(&mut self, plan: &Plan, jacobian: &[f64], gamma: f64) {
        let entries = &plan.entries;
        self.matrix.fill(0.0);
        for (&place, value) in entries.places.iter().zip(jacobian) {
            self.matrix[place as usize] -= gamma * value;
        }
        entries.diagonal.iter().for_each(|&place| self.matrix[place as usize] += 1.0);
        self.size.fill(0.0);
        for (&row, value) in entries.rows.iter().zip(&self.matrix) {
            let size = &mut self.size[row as usize];
            *size = size.max(value.abs());
        }
    }

    /// Factors `I - gamma J`.
    pub fn factor(&mut self, plan: &Plan, jacobian: &[f64], gamma: f64) -> Result<(), Singular> {
        self.assemble(plan, jacobian, gamma);
        self.lower.clear();
        self.upper.clear();
        self.pivot_of.fill(NONE);
        self.search.found.fill(NONE);
        let entries = &plan.entries;
        for k in 0..self.columns.len() {
            let column = self.columns[k];
            let range = entries.starts[column as usize] as usize..entries.starts[column as usize + 1] as usize;
            self.search.rows.clear();
            for &row in &entries.rows[range.clone()] {
                self.search.visit(row, k as u32, &self.lower, &self.pivot_of);
            }
            self.search.rows.iter().for_each(|&row| self.work[row as usize] = 0.0);
            for (&row, value) in entries.rows[range.clone()].iter().zip(&self.matrix[range]) {
                self.work[row as usize] = *value;
            }
            self.eliminate();
            let row = self.pivot_row(column).ok_or(Singular)?;
            let pivot = self.work[row as usize];
            self.pivots[k] = pivot;
            self.rows[k] = row;
            self.pivot_of[row as usize] = k as u32;
            for &other in self.search.rows.iter().rev() {
                if self.pivot_of[other as usize] == NONE {
                    let value = self.work[other as usize] / pivot;
                    if !value.is_finite() {
                        return Err(Singular);
                    }
                    self.lower.entries.push((other, value));
                }
            }
            self.lower.close();
            self.upper.close();
        }
        Ok(())
    }

    /// Subtracts earlier columns from the current one and stores its part of `U`.
    fn eliminate(&mut self) {
        for &row in self.search.rows.iter().rev() {
            let pivot = self.pivot_of[row as usize];
            if pivot != NONE {
                let factor = self.work[row as usize];
                self.upper.entries.push((pivot, factor));
                for &(other, value) in self.lower.column(pivot as usize) {
                    self.work[other as usize] -= value * factor;
                }
            }
        }
    }

    /// The row of the largest entry relative to its row; that of the diagonal where it is large enough. Nothing when
    /// there is none that could be divided by.
    fn pivot_row(&self, diagonal: u32) -> Option<u32> {
        let (mut best, mut most) = (None, 0.0);
        let relative = |row: u32| self.work[row as usize].abs() / self.size[row as usize];
        for &row in &self.search.rows {
            let value = self.work[row as usize];
            if self.pivot_of[row as usize] != NONE {
                continue;
            }
            if !value.is_finite() {
                return None;
            }
            if relative(row) > most {
                (best, most) = (Some(row), relative(row));
            }
        }
        let found = self.pivot_of[diagonal as usize] == NONE && self.search.rows.contains(&diagonal);
        if found && relative(diagonal) >= THRESHOLD * most && self.work[diagonal as usize] != 0.0 {
            best = Some(diagonal);
        }
        best.filter(|&row| (1.0 / self.work[row as usize]).is_finite())
    }

    /// Solves `A x = b`.
    pub fn solve(&mut self, b: &mut [f64]) {
        let work = &mut self.work;
        for (k, &row) in self.rows.iter().enumerate() {
            work[k] = b[row as usize];
            for &(other, value) in self.lower.column(k) {
                b[other as usize] -= value * work[k];
            }
        }
        for k in (0..self.rows.len()).rev() {
            work[k] /= self.pivots[k];
            for &(pivot, value) in self.upper.column(k) {
                work[pivot as usize] -= value * work[k];
            }
            b[self.columns[k] as usize] = work[k];
        }
    }

    /// Solves `Aᵀ x = b`.
    pub fn solve_transposed(&mut self, b: &mut [f64]) {
        let work = &mut self.work;
        for (k, &column) in self.columns.iter().enumerate() {
            let known = self.upper.column(k).iter().map(|&(pivot, value)| value * work[pivot as usize]);
            work[k] = (b[column as usize] - known.sum::<f64>()) / self.pivots[k];
        }
        for (k, &row) in self.rows.iter().enumerate().rev() {
            let known = self.lower.column(k).iter().map(|&(other, value)| value * b[other as usize]);
            b[row as usize] = work[k] - known.sum::<f64>();
        }
    }
}

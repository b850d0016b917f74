//! The order in which the states of a block are eliminated.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::SymbolicSparseColMatRef;
use faer::sparse::linalg::amd;

/// Blocks up to this size are also ordered by [`markowitz`], whose time grows with the cube of the size over 64.
const LARGEST: usize = 2048;

/// The order in which pivots of the diagonal cause few operations. `rows` holds the columns of each row, diagonal
/// included. Of the approximate minimum degree of the pattern with its transpose (Amestoy, Davis and Duff, SIAM Journal on
/// Matrix Analysis and Applications 17, 1996), in faer's implementation, and of Markowitz's rule, the better one.
pub fn order(rows: &[Vec<usize>]) -> Vec<usize> {
    if rows.len() <= 2 {
        return (0..rows.len()).collect();
    }
    let candidates = [markowitz(rows), minimum_degree(rows)];
    let counted = candidates.into_iter().flatten().map(|order| (operations(rows, &order), order));
    counted.min_by_key(|&(operations, _)| operations).map_or_else(|| (0..rows.len()).collect(), |(_, order)| order)
}

fn minimum_degree(rows: &[Vec<usize>]) -> Option<Vec<usize>> {
    let count = rows.len();
    let mut starts = vec![0];
    let mut indices = Vec::new();
    for columns in rows {
        indices.extend_from_slice(columns);
        starts.push(indices.len());
    }
    // The rows are taken for columns: the pattern is ordered together with its transpose.
    let pattern = SymbolicSparseColMatRef::new_unsorted_checked(count, count, &starts, None, &indices);
    let (mut order, mut inverse) = (vec![0; count], vec![0; count]);
    let mut memory = MemBuffer::new(amd::order_maybe_unsorted_scratch::<usize>(count, indices.len()));
    let stack = MemStack::new(&mut memory);
    let ordered = amd::order_maybe_unsorted(&mut order, &mut inverse, pattern, amd::Control::default(), stack);
    ordered.ok().map(|_| order)
}

/// The next pivot is the one with the fewest products of an entry below and an entry right of it (Markowitz, Management
/// Science 3, 1957), here on the diagonal.
fn markowitz(rows: &[Vec<usize>]) -> Option<Vec<usize>> {
    let count = rows.len();
    if count > LARGEST {
        return None;
    }
    let (mut by_row, mut by_column) = (Bits::new(count), Bits::new(count));
    for (row, columns) in rows.iter().enumerate() {
        for &column in columns.iter().filter(|&&column| column != row) {
            by_row.set(row, column);
            by_column.set(column, row);
        }
    }
    let product = |by_row: &Bits, by_column: &Bits, k: usize| by_row.count(k) * by_column.count(k);
    let mut products: Vec<Option<usize>> = (0..count).map(|k| Some(product(&by_row, &by_column, k))).collect();
    let mut order = Vec::with_capacity(count);
    for _ in 0..count {
        let left = products.iter().enumerate().filter_map(|(k, product)| product.map(|product| (product, k)));
        let (_, pivot) = left.min()?;
        products[pivot] = None;
        order.push(pivot);
        let (below, right) = (by_column.list(pivot), by_row.list(pivot));
        for &row in &below {
            by_row.join(row, pivot);
            by_row.clear(row, pivot);
            by_row.clear(row, row);
        }
        for &column in &right {
            by_column.join(column, pivot);
            by_column.clear(column, pivot);
            by_column.clear(column, column);
        }
        for &k in below.iter().chain(&right) {
            products[k] = Some(product(&by_row, &by_column, k));
        }
    }
    Some(order)
}

/// The products of the elimination in an order.
fn operations(rows: &[Vec<usize>], order: &[usize]) -> usize {
    let filled = fill(rows, order);
    let mut below = vec![0; rows.len()];
    for (row, columns) in filled.iter().enumerate() {
        columns.iter().filter(|&&column| column < row).for_each(|&column| below[column] += 1);
    }
    let right = |row: usize| filled[row].iter().filter(|&&column| column > row).count();
    (0..rows.len()).map(|k| below[k] * right(k)).sum()
}

/// The pattern of `L + U` for pivots of the diagonal: for each row in the order, its columns, ascending, as places of the
/// order.
pub fn fill(rows: &[Vec<usize>], order: &[usize]) -> Vec<Vec<usize>> {
    let mut place = vec![0; rows.len()];
    order.iter().enumerate().for_each(|(k, &state)| place[state] = k);
    let mut filled: Vec<Vec<usize>> = Vec::with_capacity(rows.len());
    let mut marked = vec![usize::MAX; rows.len()];
    for (row, &state) in order.iter().enumerate() {
        let mut columns = vec![row];
        marked[row] = row;
        for column in rows[state].iter().map(|&column| place[column]) {
            if marked[column] != row {
                marked[column] = row;
                columns.push(column);
            }
        }
        // What a column left of the diagonal brings along may stand left of the diagonal, too.
        let mut next = 0;
        while let Some(&column) = columns.get(next) {
            next += 1;
            if column < row {
                for &right in filled[column].iter().filter(|&&right| right > column) {
                    if marked[right] != row {
                        marked[right] = row;
                        columns.push(right);
                    }
                }
            }
        }
        columns.sort_unstable();
        filled.push(columns);
    }
    filled
}

/// Sets of numbers below the count of sets.
struct Bits {
    words: usize,
    bits: Vec<u64>,
}

impl Bits {
    fn new(count: usize) -> Self {
        let words = count.div_ceil(64);
        Self { words, bits: vec![0; words * count] }
    }

    fn of(&self, set: usize) -> &[u64] {
        &self.bits[set * self.words..(set + 1) * self.words]
    }

    fn set(&mut self, set: usize, member: usize) {
        self.bits[set * self.words + member / 64] |= 1 << (member % 64);
    }

    fn clear(&mut self, set: usize, member: usize) {
        self.bits[set * self.words + member / 64] &= !(1 << (member % 64));
    }

    fn join(&mut self, set: usize, other: usize) {
        for word in 0..self.words {
            self.bits[set * self.words + word] |= self.bits[other * self.words + word];
        }
    }

    fn count(&self, set: usize) -> usize {
        self.of(set).iter().map(|word| word.count_ones() as usize).sum()
    }

    fn list(&self, set: usize) -> Vec<usize> {
        let mut members = Vec::new();
        for (at, &word) in self.of(set).iter().enumerate() {
            let mut left = word;
            while left != 0 {
                members.push(at * 64 + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
        members
    }
}

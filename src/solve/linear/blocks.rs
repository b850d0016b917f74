//! Strongly connected components of the states.

/// The diagonal blocks of a matrix, as lists of rows: an entry `(row, column)` stands within a block or has its column in
/// an earlier one, so that the matrix in this order is block lower triangular. `rows` holds the columns of each row.
///
/// Tarjan's algorithm (SIAM Journal on Computing 1, 1972), with a stack of its own instead of recursion.
pub fn blocks(rows: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let count = rows.len();
    let mut index = vec![UNSEEN; count];
    let mut low = vec![0; count];
    let mut open = vec![false; count];
    let mut stack = Vec::new();
    let mut blocks = Vec::new();
    let mut seen = 0;
    for root in 0..count {
        if index[root] != UNSEEN {
            continue;
        }
        // A row and how many of its columns were followed.
        let mut path = vec![(root, 0)];
        while let Some((row, followed)) = path.pop() {
            if followed == 0 {
                index[row] = seen;
                low[row] = seen;
                seen += 1;
                stack.push(row);
                open[row] = true;
            } else {
                let child = rows[row][followed - 1];
                if open[child] {
                    low[row] = low[row].min(low[child]);
                }
            }
            let mut next = followed;
            while next < rows[row].len() {
                let column = rows[row][next];
                next += 1;
                if index[column] == UNSEEN {
                    path.push((row, next));
                    path.push((column, 0));
                    break;
                }
                if open[column] {
                    low[row] = low[row].min(index[column]);
                }
            }
            let descended = path.last().is_some_and(|&(last, followed)| followed == 0 && index[last] == UNSEEN);
            if !descended && low[row] == index[row] {
                let mut block = Vec::new();
                while let Some(member) = stack.pop() {
                    open[member] = false;
                    block.push(member);
                    if member == row {
                        break;
                    }
                }
                block.sort_unstable();
                blocks.push(block);
            }
        }
    }
    blocks
}

//! Right-hand sides side by side: what one operation does to a state, it does to all of them at once.

/// How many right-hand sides a tile has: 4 registers of two numbers, or one cache line a state.
pub const LANES: usize = 8;

/// The values of one state in all lanes.
pub type Lanes = [f64; LANES];

/// `lanes -= factor * other`, lane by lane.
#[inline(always)]
pub fn subtract(lanes: &mut Lanes, factor: f64, other: &Lanes) {
    for (lane, value) in lanes.iter_mut().zip(other) {
        *lane -= factor * value;
    }
}

/// Cuts the columns of `b` into tiles, each with its row `from[k]` at `k`, lets `solve` work on them and puts what is then
/// at `k` into row `to[k]`. Lanes that no column is left for are zero.
pub fn by_tile(b: &mut [f64], from: &[u32], to: &[u32], tile: &mut Vec<Lanes>, mut solve: impl FnMut(&mut [Lanes])) {
    let states = from.len();
    tile.resize(states, [0.0; LANES]);
    for columns in b.chunks_mut(states * LANES) {
        if columns.len() < states * LANES {
            tile.fill([0.0; LANES]);
        }
        for (lane, column) in columns.chunks_exact(states).enumerate() {
            for (lanes, &row) in tile.iter_mut().zip(from) {
                lanes[lane] = column[row as usize];
            }
        }
        solve(tile);
        for (lane, column) in columns.chunks_exact_mut(states).enumerate() {
            for (lanes, &row) in tile.iter().zip(to) {
                column[row as usize] = lanes[lane];
            }
        }
    }
}

//! Right-hand sides side by side: what one operation does to a state, it does to all of them at once.

/// How many right-hand sides a tile has: 4 registers of two numbers, or one cache line a state.
pub const LANES: usize = 8;

/// The values of one state in all lanes.
pub type Lanes = [f64; LANES];

/// `lanes -= factor * other`, lane by lane.
#[allow(clippy::inline_always, reason = "compiled for the processor that it runs on only as a part of its caller")]
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

/// The sum of `values` times the numbers in `places`. Every other product goes to a sum of its own, so that one addition
/// need not wait for the one before.
#[allow(clippy::inline_always, reason = "compiled for the processor that it runs on only as a part of its caller")]
#[inline(always)]
pub fn dot(values: &[f64], places: &[u32], numbers: &[f64]) -> f64 {
    let (pairs, last) = values.as_chunks::<2>();
    let (pairs_of_places, last_place) = places.as_chunks::<2>();
    let (mut even, mut odd) = (0.0, 0.0);
    for (value, place) in pairs.iter().zip(pairs_of_places) {
        even += value[0] * numbers[place[0] as usize];
        odd += value[1] * numbers[place[1] as usize];
    }
    if let ([value], [place]) = (last, last_place) {
        even += value * numbers[*place as usize];
    }
    even + odd
}

/// [`dot`] in each lane, to the bit.
#[allow(clippy::inline_always, reason = "compiled for the processor that it runs on only as a part of its caller")]
#[inline(always)]
pub fn dot_of_lanes(values: &[f64], places: &[u32], numbers: &[Lanes]) -> Lanes {
    let (pairs, last) = values.as_chunks::<2>();
    let (pairs_of_places, last_place) = places.as_chunks::<2>();
    let (mut even, mut odd) = ([0.0; LANES], [0.0; LANES]);
    for (value, place) in pairs.iter().zip(pairs_of_places) {
        add(&mut even, value[0], &numbers[place[0] as usize]);
        add(&mut odd, value[1], &numbers[place[1] as usize]);
    }
    if let ([value], [place]) = (last, last_place) {
        add(&mut even, *value, &numbers[*place as usize]);
    }
    std::array::from_fn(|lane| even[lane] + odd[lane])
}

/// `lanes += factor * other`, lane by lane.
#[allow(clippy::inline_always, reason = "compiled for the processor that it runs on only as a part of its caller")]
#[inline(always)]
fn add(lanes: &mut Lanes, factor: f64, other: &Lanes) {
    for (lane, value) in lanes.iter_mut().zip(other) {
        *lane += factor * value;
    }
}

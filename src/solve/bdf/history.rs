//! The history of a solution: its Taylor coefficients at the last step, scaled by powers of the step size (Nordsieck, Math
//! Comp 16:22, 1962).

use super::coefficients::{Coefficients, lowering, raising};
use faer::traits::pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// The highest order; methods of higher order are not stable.
pub const HIGHEST: usize = 5;

/// States, then their sensitivities lane by lane, and their scaled derivatives.
#[derive(Debug, Clone)]
pub struct History {
    /// Column `j` is the `j`-th derivative times `step^j / j!`. The last column holds the last correction while the
    /// order is below the highest.
    pub columns: [Vec<f64>; HIGHEST + 1],
    /// The order.
    pub order: usize,
    /// The step size that the columns are scaled by.
    pub step: f64,
    /// Sizes of the last steps from index 1 on, the last one first.
    pub past: [f64; HIGHEST + 2],
}

impl History {
    /// A history of order one without derivatives.
    pub fn new(values: Vec<f64>) -> Self {
        let mut columns: [Vec<f64>; HIGHEST + 1] = std::array::from_fn(|_| vec![0.0; values.len()]);
        columns[0] = values;
        Self { columns, order: 1, step: 0.0, past: [0.0; HIGHEST + 2] }
    }

    /// Moves a range of the values one step ahead along the Taylor polynomial.
    #[inline]
    pub fn predict(&mut self, range: Range<usize>) {
        self.pascal::<true>(range);
    }

    /// Undoes [`Self::predict`].
    #[inline]
    pub fn restore(&mut self, range: Range<usize>) {
        self.pascal::<false>(range);
    }

    /// Pascal's triangle: a column takes up the next one, as often as the rule says.
    fn pascal<const FORWARDS: bool>(&mut self, range: Range<usize>) {
        let columns = self.columns.each_mut().map(|column| &mut column[range.clone()]);
        match self.order {
            1 => Arch::new().dispatch(Pascal::<1, FORWARDS>(columns)),
            2 => Arch::new().dispatch(Pascal::<2, FORWARDS>(columns)),
            3 => Arch::new().dispatch(Pascal::<3, FORWARDS>(columns)),
            4 => Arch::new().dispatch(Pascal::<4, FORWARDS>(columns)),
            _ => Arch::new().dispatch(Pascal::<HIGHEST, FORWARDS>(columns)),
        }
    }

    /// Takes up a correction of the predicted values.
    #[inline]
    pub fn correct(&mut self, coefficients: &Coefficients, correction: &[f64], range: Range<usize>) {
        for (column, factor) in self.columns[..=self.order].iter_mut().zip(coefficients.correction) {
            Arch::new().dispatch(Share { column: &mut column[range.clone()], factor, of: &correction[range.clone()] });
        }
    }

    /// Changes the step size by a ratio.
    #[inline]
    pub fn rescale(&mut self, ratio: f64) {
        let mut factor = 1.0;
        for column in &mut self.columns[1..=self.order] {
            factor *= ratio;
            for value in column {
                *value *= factor;
            }
        }
        self.step *= ratio;
    }

    /// One order more; the last column has to hold the last correction. Returns what [`raising`] says.
    pub fn raise(&mut self) -> ([f64; HIGHEST + 1], f64) {
        let (taken, share) = raising(self.order, self.step, &self.past);
        let new = self.order + 1;
        // At the highest order the correction itself becomes the column.
        if new < HIGHEST {
            let (low, high) = self.columns.split_at_mut(HIGHEST);
            low[new].copy_from_slice(&high[0]);
        }
        for value in &mut self.columns[new] {
            *value *= share;
        }
        let (low, high) = self.columns.split_at_mut(new);
        for (column, factor) in low.iter_mut().zip(taken).skip(2) {
            for (value, highest) in column.iter_mut().zip(&high[0]) {
                *value += factor * highest;
            }
        }
        self.order = new;
        (taken, share)
    }

    /// One order less. Returns what [`lowering`] says.
    pub fn lower(&mut self) -> [f64; HIGHEST + 1] {
        let lost = lowering(self.order, self.step, &self.past);
        let (low, high) = self.columns.split_at_mut(self.order);
        for (column, factor) in low.iter_mut().zip(lost).skip(2) {
            for (value, highest) in column.iter_mut().zip(&high[0]) {
                *value -= factor * highest;
            }
        }
        self.order -= 1;
        lost
    }

    /// Notes the size of a step that was taken.
    #[inline]
    pub fn note(&mut self, first: bool) {
        for index in (2..=self.order).rev() {
            self.past[index] = self.past[index - 1];
        }
        if self.order == 1 && !first {
            self.past[2] = self.past[1];
        }
        self.past[1] = self.step;
    }

    /// The Taylor polynomial of a range of the values, `share` steps from the last time.
    pub fn interpolate(&self, share: f64, range: Range<usize>, values: &mut [f64]) {
        values.copy_from_slice(&self.columns[self.order][range.clone()]);
        for column in self.columns[..self.order].iter().rev() {
            for (value, coefficient) in values.iter_mut().zip(&column[range.clone()]) {
                *value = *value * share + coefficient;
            }
        }
    }
}

/// [`History::pascal`] at an order, compiled for the processor that it runs on; the numbers are the same on all. Values go
/// through the whole triangle in registers.
struct Pascal<'a, const ORDER: usize, const FORWARDS: bool>([&'a mut [f64]; HIGHEST + 1]);

impl<const ORDER: usize, const FORWARDS: bool> WithSimd for Pascal<'_, ORDER, FORWARDS> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "a part of the function that is compiled for a processor")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest), (e, e_rest), (f, f_rest)] =
            self.0.map(|column| S::as_mut_simd_f64s(column));
        let both = |x, y| if FORWARDS { simd.add_f64s(x, y) } else { simd.sub_f64s(x, y) };
        triangle::<ORDER, _>([a, b, c, d, e, f], both);
        let both = |x, y| if FORWARDS { x + y } else { x - y };
        triangle::<ORDER, _>([a_rest, b_rest, c_rest, d_rest, e_rest, f_rest], both);
    }
}

#[allow(clippy::inline_always, reason = "a part of the function that is compiled for a processor")]
#[inline(always)]
fn triangle<const ORDER: usize, T: Copy>(columns: [&mut [T]; HIGHEST + 1], both: impl Fn(T, T) -> T) {
    let [a, b, c, d, e, f] = columns;
    let later = b.iter_mut().zip(c).zip(d).zip(e).zip(f);
    for (a, ((((b, c), d), e), f)) in a.iter_mut().zip(later) {
        let [mut v, mut w, mut x, mut y, mut z, highest] = [*a, *b, *c, *d, *e, *f];
        // Written out, since the compiler leaves loops here as loops over memory.
        macro_rules! take_up {
            ($($order:literal: $value:ident += $next:ident),*) => {
                $(if ORDER >= $order {
                    $value = both($value, $next);
                })*
            };
        }
        take_up!(5: z += highest, 4: y += z, 3: x += y, 2: w += x, 1: v += w);
        take_up!(5: z += highest, 4: y += z, 3: x += y, 2: w += x);
        take_up!(5: z += highest, 4: y += z, 3: x += y);
        take_up!(5: z += highest, 4: y += z);
        take_up!(5: z += highest);
        // The highest derivative of the order stays as it is.
        *a = v;
        if ORDER >= 2 {
            *b = w;
        }
        if ORDER >= 3 {
            *c = x;
        }
        if ORDER >= 4 {
            *d = y;
        }
        if ORDER >= 5 {
            *e = z;
        }
    }
}

/// `column += factor * of`, with vectors as wide as those of [`Pascal`], which reads what this writes.
struct Share<'a> {
    column: &'a mut [f64],
    factor: f64,
    of: &'a [f64],
}

impl WithSimd for Share<'_> {
    type Output = ();

    #[allow(clippy::inline_always, reason = "a part of the function that is compiled for a processor")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { column, factor, of } = self;
        let ((values, last_values), (changes, last_changes)) = (S::as_mut_simd_f64s(column), S::as_simd_f64s(of));
        let factors = simd.splat_f64s(factor);
        for (value, change) in values.iter_mut().zip(changes) {
            *value = simd.add_f64s(*value, simd.mul_f64s(factors, *change));
        }
        for (value, change) in last_values.iter_mut().zip(last_changes) {
            *value += factor * change;
        }
    }
}

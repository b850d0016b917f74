//! A system in the shapes that diffsol's solvers take.
//!
//! One value of [`Equations`] is one solve: a system, a parameter vector as a filled cache, and initial states with
//! their sensitivities. diffsol's own parameter vector holds no numbers here, only the count of sensitivity lanes.
//! The mass matrix is the identity (`mass` is none); it and the roots keep their associated types, so that
//! differential-algebraic systems can be added without touching what drives the solver.

use super::system::{Entrance, System};
use diffsol::matrix::sparsity::MatrixSparsity;
use diffsol::{
    ConstantOp, ConstantOpSens, DefaultDenseMatrix, DefaultSolver, FaerSparseMat, Matrix, MatrixCommon, NalgebraMat,
    NonLinearOp, NonLinearOpJacobian, NonLinearOpSens, OdeEquations, OdeEquationsRef, Op, ParameterisedOp,
    UnitCallable, Vector, VectorCommon,
};
use std::cell::{Cell, RefCell};

/// A matrix type that compiled values can be written into.
pub trait SolverMatrix: Matrix<T = f64, V: DefaultDenseMatrix> + DefaultSolver {
    /// Writes values at the places of a pattern sorted by column; every other place is zero already.
    fn fill(&mut self, pattern: &[(usize, usize)], values: &[f64]);
    /// The pattern in this matrix's form; nothing for dense matrices.
    fn sparsity_of(rows: usize, columns: usize, pattern: &[(usize, usize)]) -> Option<Self::Sparsity>;
    /// The elements of a vector of one lane.
    fn slice(vector: &Self::V) -> &[f64];
}

impl SolverMatrix for NalgebraMat<f64> {
    fn fill(&mut self, pattern: &[(usize, usize)], values: &[f64]) {
        let rows = self.nrows();
        let elements = self.inner_mut().as_mut_slice();
        for (&(row, column), &value) in pattern.iter().zip(values) {
            elements[row + column * rows] = value;
        }
    }

    fn sparsity_of(_: usize, _: usize, _: &[(usize, usize)]) -> Option<Self::Sparsity> {
        None
    }

    fn slice(vector: &Self::V) -> &[f64] {
        vector.batch_as_slice(0)
    }
}

impl SolverMatrix for FaerSparseMat<f64> {
    fn fill(&mut self, pattern: &[(usize, usize)], values: &[f64]) {
        for matrix in self.inner_mut() {
            matrix.val_mut().copy_from_slice(&values[..pattern.len()]);
        }
    }

    fn sparsity_of(rows: usize, columns: usize, pattern: &[(usize, usize)]) -> Option<Self::Sparsity> {
        <Self::Sparsity as MatrixSparsity<Self>>::try_from_indices(rows, columns, pattern.to_vec()).ok()
    }

    fn slice(vector: &Self::V) -> &[f64] {
        vector.inner().col_as_slice(0)
    }
}

/// How far a state nearby is, as a share of the state, besides the absolute tolerance.
const NEAR: f64 = 1e-8;

/// So many absolute tolerances below zero a state may still be zero.
const NOISE: f64 = 100.0;

/// One solve's equations.
pub struct Equations<'s, M: SolverMatrix> {
    system: &'s System,
    entrance: Option<&'s Entrance>,
    context: M::C,
    cache: &'s [f64],
    start: &'s [f64],
    /// states x lanes, by column.
    start_sensitivities: &'s [f64],
    /// The factor of each of the entrance's terms.
    factors: &'s [f64],
    /// What is small for a state: the absolute tolerance.
    nudge: f64,
    scratch: RefCell<Scratch>,
    jacobian_sparsity: Option<M::Sparsity>,
    sensitivity_sparsity: Option<M::Sparsity>,
    unfinished: Cell<bool>,
}

struct Scratch {
    jacobian: Vec<f64>,
    by_parameter: Vec<f64>,
    lanes: Vec<f64>,
}

impl<'s, M: SolverMatrix> Equations<'s, M> {
    /// Equations from `start` on. Without an entrance there are no sensitivity lanes.
    pub fn new(
        system: &'s System,
        entrance: Option<&'s Entrance>,
        cache: &'s [f64],
        start: &'s [f64],
        start_sensitivities: &'s [f64],
        factors: &'s [f64],
        nudge: f64,
    ) -> Self {
        let states = system.states.len();
        let lanes = entrance.map_or(0, |entrance| entrance.pattern.len());
        let scratch = Scratch {
            jacobian: vec![0.0; system.jacobian_pattern.len()],
            by_parameter: vec![0.0; if entrance.is_some() { system.by_parameter_count } else { 0 }],
            lanes: vec![0.0; lanes],
        };
        Self {
            system,
            entrance,
            context: M::C::default(),
            cache,
            start,
            start_sensitivities,
            factors,
            nudge,
            scratch: RefCell::new(scratch),
            jacobian_sparsity: M::sparsity_of(states, states, &system.jacobian_pattern),
            sensitivity_sparsity: entrance
                .and_then(|entrance| M::sparsity_of(states, entrance.lanes.len(), &entrance.pattern)),
            unfinished: Cell::new(false),
        }
    }

    /// The Jacobian's values. A power below one has an infinite slope at zero; where an entry is not finite the Jacobian
    /// is that of a state nearby, which is as good to Newton's iteration.
    fn jacobian(&self, states: &[f64], time: f64, values: &mut [f64]) {
        let system = self.system;
        system.code.call(system.jacobian, states, self.cache, time, values);
        if values.iter().any(|value| !value.is_finite()) {
            let near: Vec<f64> = states.iter().map(|value| value + NEAR * value.abs() + self.nudge).collect();
            system.code.call(system.jacobian, &near, self.cache, time, values);
            for value in values.iter_mut().filter(|value| !value.is_finite()) {
                *value = 0.0;
            }
        }
    }

    /// Whether the right-hand side was not finite when it was last evaluated.
    pub fn not_finite(&self) -> bool {
        self.unfinished.get()
    }

    /// The sensitivities at the start, states x lanes by column.
    pub fn start_sensitivities(&self) -> &'s [f64] {
        self.start_sensitivities
    }

    fn lanes(&self) -> usize {
        self.entrance.map_or(0, |entrance| entrance.lanes.len())
    }
}

/// An operator that borrows the equations.
macro_rules! operator {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<'a, 's, M: SolverMatrix>(&'a Equations<'s, M>);
        impl<M: SolverMatrix> Op for $name<'_, '_, M> {
            type T = f64;
            type V = M::V;
            type M = M;
            type C = M::C;
            fn context(&self) -> &M::C {
                &self.0.context
            }
            fn nstates(&self) -> usize {
                self.0.system.states.len()
            }
            fn nout(&self) -> usize {
                self.0.system.states.len()
            }
            fn nparams(&self) -> usize {
                self.0.lanes()
            }
        }
    };
}

operator!(
    /// The right-hand side.
    Rhs
);
operator!(
    /// The initial values.
    Init
);

/// States below zero by no more than rounding and tolerances explain, set to zero; nothing where there is none. A power
/// of a concentration that is zero has a value there, and none right below.
pub fn without_noise(states: &[f64], small: f64) -> Option<Vec<f64>> {
    let noise = |value: f64| value < 0.0 && value > -NOISE * small;
    let clean = || states.iter().map(|&value| if noise(value) { 0.0 } else { value }).collect();
    states.iter().any(|&value| noise(value)).then(clean)
}

impl<M: SolverMatrix> NonLinearOp for Rhs<'_, '_, M> {
    fn call_inplace(&self, x: &M::V, t: f64, y: &mut M::V) {
        let Equations { system, cache, unfinished, nudge, .. } = self.0;
        y.for_each_batch_host([x], |y, [x], _| {
            system.code.call(system.rhs, x, cache, t, y);
            if y.iter().any(|value| value.is_nan())
                && let Some(x) = without_noise(x, *nudge)
            {
                system.code.call(system.rhs, &x, cache, t, y);
            }
            unfinished.set(y.iter().any(|value| !value.is_finite()));
        });
    }
}

impl<M: SolverMatrix> NonLinearOpJacobian for Rhs<'_, '_, M> {
    /// Evaluates the Jacobian once and multiplies every lane of `v` with it.
    fn jac_mul_inplace(&self, x: &M::V, t: f64, v: &M::V, y: &mut M::V) {
        let Equations { system, .. } = self.0;
        let values = &mut self.0.scratch.borrow_mut().jacobian;
        self.0.jacobian(M::slice(x), t, values);
        y.for_each_batch_host([v], |y, [v], _| {
            y.fill(0.0);
            for (&(row, column), value) in system.jacobian_pattern.iter().zip(values.iter()) {
                y[row] += value * v[column];
            }
        });
    }

    fn jacobian_inplace(&self, x: &M::V, t: f64, y: &mut M) {
        let Equations { system, .. } = self.0;
        let values = &mut self.0.scratch.borrow_mut().jacobian;
        self.0.jacobian(M::slice(x), t, values);
        y.fill(&system.jacobian_pattern, values);
    }

    fn jacobian_sparsity(&self) -> Option<M::Sparsity> {
        self.0.jacobian_sparsity.clone()
    }
}

impl<M: SolverMatrix> Rhs<'_, '_, M> {
    /// The derivatives by lane at the entrance's pattern, handed to `then`.
    fn by_lane(&self, x: &M::V, t: f64, then: impl FnOnce(&[(usize, usize)], &[f64])) {
        let Some(entrance) = self.0.entrance else { return };
        let Scratch { by_parameter, lanes, .. } = &mut *self.0.scratch.borrow_mut();
        self.0.system.code.call(self.0.system.by_parameter, M::slice(x), self.0.cache, t, by_parameter);
        lanes.fill(0.0);
        for (term, factor) in entrance.terms.iter().zip(self.0.factors) {
            lanes[term.place] += by_parameter[term.entry] * factor;
        }
        then(&entrance.pattern, lanes);
    }
}

impl<M: SolverMatrix> NonLinearOpSens for Rhs<'_, '_, M> {
    fn sens_mul_inplace(&self, x: &M::V, t: f64, v: &M::V, y: &mut M::V) {
        self.by_lane(x, t, |pattern, values| {
            y.for_each_batch_host([v], |y, [v], _| {
                y.fill(0.0);
                for (&(row, lane), value) in pattern.iter().zip(values) {
                    y[row] += value * v[lane];
                }
            });
        });
    }

    fn sens_inplace(&self, x: &M::V, t: f64, y: &mut M) {
        self.by_lane(x, t, |pattern, values| y.fill(pattern, values));
    }

    fn sens_sparsity(&self) -> Option<M::Sparsity> {
        self.0.sensitivity_sparsity.clone()
    }
}

impl<M: SolverMatrix> ConstantOp for Init<'_, '_, M> {
    fn call_inplace(&self, _t: f64, y: &mut M::V) {
        y.for_each_batch_host([], |y, [], _| y.copy_from_slice(self.0.start));
    }
}

impl<M: SolverMatrix> ConstantOpSens for Init<'_, '_, M> {
    fn sens_mul_inplace(&self, _t: f64, v: &M::V, y: &mut M::V) {
        let states = self.0.system.states.len();
        y.for_each_batch_host([v], |y, [v], _| {
            y.fill(0.0);
            for (column, &weight) in self.0.start_sensitivities.chunks_exact(states).zip(v) {
                for (sum, value) in y.iter_mut().zip(column) {
                    *sum += value * weight;
                }
            }
        });
    }

    fn sens_inplace(&self, _t: f64, y: &mut M) {
        let states = self.0.system.states.len();
        let pattern = full(states, self.0.lanes());
        y.fill(&pattern, self.0.start_sensitivities);
    }

    fn sens_sparsity(&self) -> Option<M::Sparsity> {
        let states = self.0.system.states.len();
        M::sparsity_of(states, self.0.lanes(), &full(states, self.0.lanes()))
    }
}

fn full(rows: usize, columns: usize) -> Vec<(usize, usize)> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| (row, column))).collect()
}

impl<M: SolverMatrix> Op for Equations<'_, M> {
    type T = f64;
    type V = M::V;
    type M = M;
    type C = M::C;
    fn context(&self) -> &M::C {
        &self.context
    }
    fn nstates(&self) -> usize {
        self.system.states.len()
    }
    fn nout(&self) -> usize {
        self.system.states.len()
    }
    fn nparams(&self) -> usize {
        self.lanes()
    }
}

impl<'a, 's, M: SolverMatrix> OdeEquationsRef<'a> for Equations<'s, M> {
    type Mass = ParameterisedOp<'a, UnitCallable<M>>;
    type Rhs = Rhs<'a, 's, M>;
    type Root = ParameterisedOp<'a, UnitCallable<M>>;
    type Init = Init<'a, 's, M>;
    type Out = ParameterisedOp<'a, UnitCallable<M>>;
    type Reset = ParameterisedOp<'a, UnitCallable<M>>;
}

impl<'s, M: SolverMatrix> OdeEquations for Equations<'s, M> {
    fn rhs(&self) -> Rhs<'_, 's, M> {
        Rhs(self)
    }
    fn mass(&self) -> Option<ParameterisedOp<'_, UnitCallable<M>>> {
        None
    }
    fn init(&self) -> Init<'_, 's, M> {
        Init(self)
    }
    /// Parameters are in the cache; diffsol's vector only counts lanes.
    fn set_params(&mut self, _: &M::V) {}
    fn get_params(&self, p: &mut M::V) {
        p.for_each_batch_host([], |p, [], _| p.fill(0.0));
    }
}

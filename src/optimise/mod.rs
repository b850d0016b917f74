//! Finding good parameter vectors: initial designs, and optimisers behind one ask/tell trait.
//!
//! All of it works on the estimation scale (what a problem's vectors hold, mostly log10) and knows nothing of models.
//! An [`Objective`] answers questions, an [`Optimiser`] asks them, [`run`] carries them between the two and counts the
//! work, so that every optimiser is charged by the same counter and none can evaluate behind its back. A new optimiser
//! is one file with one type that implements [`Optimiser`].
//!
//! Nothing here looks at a clock, draws from a global generator or depends on the number of threads.

pub mod ask;
pub mod bounds;
pub mod design;
pub mod functions;
pub mod global;
pub mod learners;
pub mod local;
pub mod multistart;
pub mod objective;
pub mod schema;
pub mod trust_region;

pub use ask::{Answer, Ask, Convergence, Iterate, Limits, Optimiser, Outcome, Position, Stop, run};
pub use bounds::{Bounds, BoundsError};
pub use design::{Design, DesignError};
pub use local::{Descent, LocalSettings, descend};
pub use multistart::{Multistart, descend_all};
pub use objective::{Counted, GradientAnswer, Objective, Work};
pub use trust_region::{DescentSettings, StopRule, TrustRegion};

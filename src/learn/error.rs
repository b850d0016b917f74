//! What can go wrong in learning.

/// Why a generator could not be trained, loaded or used.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// There is nothing to learn from.
    #[error("the dataset has no row with a finite fval, so there is nothing to learn from")]
    NoFiniteRows,
    /// Early stopping and the choice among trials need validation rows.
    #[error("none of the {rows} rows is held out for validation; early stopping needs at least one")]
    NoValidation {
        /// How many rows there are.
        rows: usize,
    },
    /// All rows are held out.
    #[error("all {rows} rows are held out for validation, so there is nothing to learn from")]
    NoTraining {
        /// How many rows there are.
        rows: usize,
    },
    /// A batch cannot be filled.
    #[error("a batch of {batch} is larger than the training set of {rows} rows; set `train.batch` to at most {rows}")]
    BatchTooLarge {
        /// Rows in a batch, as set.
        batch: usize,
        /// Rows in the training set.
        rows: usize,
    },
    /// NaN or infinite.
    #[error("row {row} (counted from 0) has a value of `{name}` that is not finite")]
    NotFinite {
        /// Index of the row.
        row: usize,
        /// The parameter, or `condition`.
        name: String,
    },
    /// A row lies outside the problem's bounds.
    #[error("row {row} (counted from 0) has `{name}` = {value} outside its bounds {lower} .. {upper}")]
    OutOfBounds {
        /// Index of the row.
        row: usize,
        /// The parameter.
        name: String,
        /// Its value on the estimation scale.
        value: f64,
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// Bounds are not finite, or upside down.
    #[error("the bounds of `{name}` are {lower} .. {upper}; scaling to 0..1 needs finite bounds, the lower one first")]
    Bounds {
        /// The parameter.
        name: String,
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// Lengths that do not fit each other.
    #[error("{what}: {found} where {expected} were expected")]
    Shape {
        /// What has the wrong length.
        what: String,
        /// Its length.
        found: usize,
        /// The length that fits.
        expected: usize,
    },
    /// Settings that no network can be built from.
    #[error("{0}")]
    Settings(String),
    /// There is no such kind of generator.
    #[error("there is no generator of kind `{0}`")]
    UnknownKind(String),
    /// A map of latents is asked of a kind that has none.
    #[error("a generator of kind `{0}` has no latent space")]
    NoLatentSpace(String),
    /// A density is asked of a kind that knows none.
    #[error("a generator of this kind knows no density; one of kind `spline_flow` does")]
    NoDensity,
    /// A path does not lead to a setting.
    #[error("`{path}` leads to no setting: there is no `{segment}`")]
    UnknownSetting {
        /// The whole path.
        path: String,
        /// The part at which it ends.
        segment: String,
    },
    /// The loss left the finite numbers before any epoch was good.
    #[error("the training diverged in epoch {epoch}: the loss is no longer finite; a lower `train.lr` may help")]
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
    },
    /// The caller stopped the training; a checkpoint has been saved.
    #[error("the training was stopped after {epochs} epochs")]
    Interrupted {
        /// Epochs that are done.
        epochs: usize,
    },
    /// A file that is no generator of kexp, or is damaged.
    #[error("not a readable generator: {0}")]
    Damaged(String),
    /// A file could not be read or written.
    #[error("{0}")]
    File(#[from] std::io::Error),
}

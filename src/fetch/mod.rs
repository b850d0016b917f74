//! Models and problems from public collections: downloads, their cache and the lock file that pins them.

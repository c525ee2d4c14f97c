//! Carrier documents from a seed, and the oracle of what they must cause.

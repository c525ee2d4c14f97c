//! Benchmarks: stages, ladder, end to end.

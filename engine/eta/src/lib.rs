//! Arrival estimates learned while streaming.

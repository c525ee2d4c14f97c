//! What one document may cost.
//!
//! # Place
//! Given to the decoder once; every format checks the same four bounds.
//!
//! # Method
//! The size bound is checked before a byte is read. Depth and nodes are checked while a document is scanned, for JSON the
//! nodes after it (they can't outnumber the bytes).
//!
//! # Holds
//! [`DecodeLimits`] and its defaults.

/// Bounds of one document. A document beyond them is refused whole, with an error that names the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Largest document in bytes, after decompression. Default 16 MiB, at most `u32::MAX`.
    pub document_size_max: usize,
    /// Deepest nesting of objects, arrays or elements. Default 128: the deepest real document seen (EPCIS) has 20.
    pub depth_max: usize,
    /// Most nodes on the tape (24 bytes each). Default 4 Mi: 96 MiB in the worst case, given back only with the decoder.
    pub node_count_max: usize,
    /// Most warnings kept per document; further ones are only counted. Default 1,000.
    pub warning_count_max: usize,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            document_size_max: 16 << 20,
            depth_max: 128,
            node_count_max: 4 << 20,
            warning_count_max: 1_000,
        }
    }
}

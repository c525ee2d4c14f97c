//! Compressed payloads.
//!
//! # Place
//! Before the decoder: a message's payload may be gzip or zstd, told by its header or by its first bytes.
//!
//! # Method
//! Output goes to a reused buffer, in pieces, and stops at the limit: a small payload can't become a large one. Several gzip members or
//! zstd frames in a row are one payload. The buffer ends with [`PADDING`](crate::PADDING), ready for
//! [`Decoder::decode_padded`](crate::Decoder::decode_padded).
//!
//! # Holds
//! [`Compression`], [`Inflater`].

use std::io::Read;

use crate::decode::pad;
use crate::{DecodeError, DecodeErrorKind};

/// How a payload is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Compression {
    /// By the payload's first bytes. No format that crossdock reads begins so.
    #[must_use]
    pub fn detect(payload: &[u8]) -> Option<Self> {
        match payload {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// By a `Content-Encoding` header: `gzip`, `x-gzip` or `zstd`, in any case.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let value = value.trim();
        if value.eq_ignore_ascii_case("gzip") || value.eq_ignore_ascii_case("x-gzip") {
            Some(Self::Gzip)
        } else if value.eq_ignore_ascii_case("zstd") {
            Some(Self::Zstd)
        } else {
            None
        }
    }
}

/// Largest window of a zstd frame, as a power of two: 8 MiB, what every decoder must support.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Decompresses payloads into a buffer of its own.
#[derive(Debug)]
pub struct Inflater {
    buffer: Vec<u8>,
    size_max: usize,
}

impl Inflater {
    /// Refuses payloads that become larger than `size_max` bytes.
    #[must_use]
    pub const fn new(size_max: usize) -> Self {
        Self { buffer: Vec::new(), size_max }
    }

    /// The payload's bytes and, after them, padding; and the size without the padding.
    ///
    /// # Errors
    /// The payload is damaged or cut off ([`DecodeErrorKind::Compression`]), or too large ([`DecodeErrorKind::TooLarge`]).
    pub fn inflate(
        &mut self,
        compression: Compression,
        payload: &[u8],
    ) -> Result<(&mut [u8], usize), DecodeError> {
        self.buffer.clear();
        let damaged = |offset: usize, error: std::io::Error| {
            let message = format!("the compressed payload is damaged: {error}");
            DecodeError::new(DecodeErrorKind::Compression, offset, message)
        };
        // One more than is allowed, to tell "full" from "too large".
        let bound = u64::try_from(self.size_max).unwrap_or(u64::MAX).saturating_add(1);
        let outcome = match compression {
            Compression::Gzip => {
                let mut reader = flate2::bufread::MultiGzDecoder::new(payload).take(bound);
                reader.read_to_end(&mut self.buffer)
            }
            Compression::Zstd => zstd::Decoder::with_buffer(payload).and_then(|mut decoder| {
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                decoder.take(bound).read_to_end(&mut self.buffer)
            }),
        };
        outcome.map_err(|error| damaged(payload.len(), error))?;
        if self.size_max < self.buffer.len() {
            let message = format!("more than {} bytes after decompression", self.size_max);
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, self.size_max, message));
        }
        let size = pad(&mut self.buffer);
        Ok((&mut self.buffer, size))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::{DecodeLimits, Decoder, Format};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("writing to memory");
        encoder.finish().expect("writing to memory")
    }

    fn zstandard(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).expect("writing to memory")
    }

    #[test]
    fn payloads_are_told_by_their_first_bytes() {
        let document = br#"{"a":1}"#;
        for packed in [gzip(document), zstandard(document)] {
            let compression = Compression::detect(&packed).expect("compressed");
            let mut inflater = Inflater::new(1_000);
            let mut decoder = Decoder::new(DecodeLimits::default());
            for _ in 0..2 {
                let (bytes, size) = inflater.inflate(compression, &packed).expect("whole");
                let read = decoder.decode_padded(&Format::Json, bytes, size).expect("json");
                assert_eq!(read.view().to_json(), r#"{"a":1}"#);
            }
        }
        assert_eq!(Compression::detect(document), None);
        assert_eq!(Compression::detect(b""), None);
        assert_eq!(Compression::from_header(" GZIP"), Some(Compression::Gzip));
        assert_eq!(Compression::from_header("zstd"), Some(Compression::Zstd));
        assert_eq!(Compression::from_header("br"), None);
    }

    #[test]
    fn members_in_a_row_are_one_payload() {
        let two = |pack: fn(&[u8]) -> Vec<u8>| [pack(b"[1,"), pack(b"2]")].concat();
        for (compression, packed) in
            [(Compression::Gzip, two(gzip)), (Compression::Zstd, two(zstandard))]
        {
            let mut inflater = Inflater::new(5);
            let (bytes, size) = inflater.inflate(compression, &packed).expect("whole");
            assert_eq!(&bytes[..size], b"[1,2]");
        }
    }

    #[test]
    fn bombs_and_damage_are_refused() {
        let zeros = vec![0; 1 << 20];
        for (compression, packed) in
            [(Compression::Gzip, gzip(&zeros)), (Compression::Zstd, zstandard(&zeros))]
        {
            let mut inflater = Inflater::new(1_000);
            let error = inflater.inflate(compression, &packed).expect_err("too large");
            assert_eq!(error.kind, DecodeErrorKind::TooLarge);
            assert!(inflater.buffer.capacity() < 1 << 18);
            let cut = &packed[..packed.len() / 2];
            let error = Inflater::new(1 << 21).inflate(compression, cut).expect_err("cut");
            assert_eq!(error.kind, DecodeErrorKind::Compression);
        }
    }
}

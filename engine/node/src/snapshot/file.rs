//! The file of a snapshot: a head, sections, each with its checksum, the manifest last.
//!
//! # Place
//! Written by `writer` page by page, read by `start`; over anything that reads and writes bytes.
//! # Method
//! ```text
//! "crossdock snap\n" version | kind shard size crc crc-of-these payload | ... | manifest
//! ```
//! Reading first walks the heads of sections to the manifest, so that tables can be read before rows.
//! # Holds
//! - Any flipped, missing or additional byte is found before the bytes are used.
//! # Does not hold
//! Names, syncing, keeping (`folder`).

use super::manifest::Manifest;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// First bytes of a file; the last is the version of this layout.
const HEAD: [u8; 16] = *b"crossdock snap\n\x01";

/// The kind of the last section; others are those of `crossdock_core::snapshot::kind`.
const MANIFEST: u32 = 100;

/// Bytes before the payload of a section.
const SECTION_HEAD: usize = 24;

/// Bytes of one section at most: damaged sizes must not become allocations.
const SECTION_SIZE_MAX: u64 = 1 << 30;

/// Writes one file.
#[derive(Debug)]
pub struct FileWriter<W> {
    target: W,
    sections: u64,
    size: u64,
}

impl<W: Write> FileWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// The disk's.
    pub fn begin(mut target: W) -> io::Result<Self> {
        target.write_all(&HEAD)?;
        Ok(Self { target, sections: 0, size: HEAD.len() as u64 })
    }

    /// Adds a section.
    ///
    /// # Errors
    /// The disk's.
    #[expect(
        clippy::panic_in_result_fn,
        reason = "a payload above the limit is a bug, not an answer of the disk"
    )]
    pub fn section(&mut self, kind: u32, shard: u32, payload: &[u8]) -> io::Result<()> {
        assert!(payload.len() as u64 <= SECTION_SIZE_MAX);
        let mut head = [0; SECTION_HEAD];
        head[0..4].copy_from_slice(&kind.to_le_bytes());
        head[4..8].copy_from_slice(&shard.to_le_bytes());
        head[8..16].copy_from_slice(&(payload.len() as u64).to_le_bytes());
        head[16..20].copy_from_slice(&crc32c::crc32c(payload).to_le_bytes());
        let sum = crc32c::crc32c(&head[..20]);
        head[20..24].copy_from_slice(&sum.to_le_bytes());
        self.target.write_all(&head)?;
        self.target.write_all(payload)?;
        self.sections += 1;
        self.size += (SECTION_HEAD + payload.len()) as u64;
        Ok(())
    }

    /// Gives back what it was written to, unfinished.
    #[must_use]
    pub fn abandon(self) -> W {
        self.target
    }

    /// Ends the file with its manifest; gives back what it was written to, and its size.
    ///
    /// # Errors
    /// The disk's.
    pub fn finish(mut self, mut manifest: Manifest) -> io::Result<(W, u64)> {
        manifest.sections = self.sections;
        self.section(MANIFEST, 0, &manifest.write())?;
        self.target.flush()?;
        Ok((self.target, self.size))
    }
}

/// Where a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it holds.
    pub kind: u32,
    /// The shard that saved it.
    pub shard: u32,
    size: u64,
    crc32c: u32,
    offset: u64,
}

/// Reads one file.
#[derive(Debug)]
pub struct FileReader<R> {
    source: R,
    sections: Vec<Section>,
    manifest: Manifest,
}

impl<R: Read + Seek> FileReader<R> {
    /// Walks a file and reads its manifest. Payloads are checked when they are read.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(mut source: R) -> Result<Self, String> {
        let mut head = [0; HEAD.len()];
        exact(&mut source, &mut head)?;
        if head[..15] != HEAD[..15] {
            return Err(String::from("it is no snapshot of crossdock"));
        }
        if head[15] != HEAD[15] {
            return Err(format!("its layout is {}, this version reads {}", head[15], HEAD[15]));
        }
        let mut sections = Vec::new();
        let mut offset = HEAD.len() as u64;
        // Ends: every turn reads a head; the manifest is the last.
        loop {
            let section = section_at(&mut source, offset)?;
            offset = section.offset + section.size;
            if section.kind == MANIFEST {
                let manifest = Manifest::read(&payload(&mut source, section)?)?;
                if manifest.sections != sections.len() as u64 {
                    return Err(format!(
                        "it has {} sections, its manifest says {}",
                        sections.len(),
                        manifest.sections
                    ));
                }
                let end = source.seek(SeekFrom::End(0)).map_err(|error| error.to_string())?;
                if end != offset {
                    return Err(format!("{} bytes follow its manifest", end - offset));
                }
                return Ok(Self { source, sections, manifest });
            }
            sections.push(section);
            source.seek(SeekFrom::Start(offset)).map_err(|error| error.to_string())?;
        }
    }

    /// What it says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its sections, in order.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The whole file from its first byte on, as it is.
    ///
    /// # Errors
    /// The disk's.
    pub fn rewound(&mut self) -> io::Result<&mut R> {
        self.source.rewind()?;
        Ok(&mut self.source)
    }

    /// The payload of a section, checked.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&mut self, section: Section) -> Result<Vec<u8>, String> {
        payload(&mut self.source, section)
    }
}

fn section_at(source: &mut impl Read, offset: u64) -> Result<Section, String> {
    let mut head = [0; SECTION_HEAD];
    exact(source, &mut head)?;
    let four = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if crc32c::crc32c(&head[..20]) != four(20) {
        return Err(format!("the head of the section at {offset} has a wrong checksum"));
    }
    let size = u64::from(four(8)) | u64::from(four(12)) << 32;
    if SECTION_SIZE_MAX < size {
        return Err(format!("the section at {offset} says it has {size} bytes"));
    }
    let offset = offset + SECTION_HEAD as u64;
    Ok(Section { kind: four(0), shard: four(4), size, crc32c: four(16), offset })
}

fn payload(source: &mut (impl Read + Seek), section: Section) -> Result<Vec<u8>, String> {
    source.seek(SeekFrom::Start(section.offset)).map_err(|error| error.to_string())?;
    let mut payload = Vec::new();
    let read = source.take(section.size).read_to_end(&mut payload);
    read.map_err(|error| error.to_string())?;
    if payload.len() as u64 != section.size {
        return Err(format!("it ends within the section at {}", section.offset));
    }
    if crc32c::crc32c(&payload) != section.crc32c {
        return Err(format!("the section at {} has a wrong checksum", section.offset));
    }
    Ok(payload)
}

fn exact(source: &mut impl Read, bytes: &mut [u8]) -> Result<(), String> {
    source.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => String::from("it is cut short"),
        _ => error.to_string(),
    })
}

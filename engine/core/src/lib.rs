//! The engine as a pure function of documents and stream time.

//! The long text of every code.

/// The long text of a code.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    Some(code).filter(|code| code.starts_with("XD")).map(|_| "")
}

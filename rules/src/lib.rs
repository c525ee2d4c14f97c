//! Feeds and rules as data: parsed, checked, compiled.

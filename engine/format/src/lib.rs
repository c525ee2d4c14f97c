//! Bytes of any wire format to one tape.

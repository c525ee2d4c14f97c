//! Tests that cross crates: scenarios, conformance, simulation, real servers.

pub mod nats;
pub mod proxy;

//! Tests that cross crates: scenarios, conformance, simulation, real servers.

pub mod arrangement;
pub mod nats;
pub mod proxy;
pub mod replay;
pub mod scenario;

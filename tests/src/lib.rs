//! Tests that cross crates: scenarios, conformance, simulation, real servers.

pub mod arrangement;
pub mod chaos;
pub mod codes;
pub mod engine;
pub mod mutate;
pub mod naive;
pub mod nats;
pub mod proxy;
pub mod reading;
pub mod replay;
pub mod saved;
pub mod scenario;
pub mod sim;
pub mod streams;
pub mod witnesses;

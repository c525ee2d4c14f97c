//! Tests that cross crates: scenarios, conformance, simulation, real servers.

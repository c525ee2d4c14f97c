//! Carrier documents from a seed, and the oracle of what they must cause.
//!
//! # Place
//!
//! Stands beside the engine and shares nothing with it but the names of
//! [`crossdock_model`]: what both get wrong in the same way would otherwise never be seen. Benchmarks
//! and tests take documents from a [`Plan`](plan::Plan) and hold what the engine says against the
//! [`oracle`].
//!
//! # Method
//!
//! ```
//! use crossdock_loadgen::parameters::Workload;
//! use crossdock_loadgen::plan::Plan;
//!
//! let plan = Plan::new(Workload::Flat.parameters(100))?;
//! let mut documents = plan.documents();
//! let mut buffer = Vec::new();
//! while let Some(entry) = documents.next() {
//!     documents.write(&entry, &mut buffer);
//!     assert!(!buffer.is_empty());
//! }
//! # Ok::<(), crossdock_loadgen::parameters::ParameterError>(())
//! ```

mod random;
mod shuffle;
mod text;

mod number;
mod place;

pub mod disorder;
pub mod feed;
pub mod parameters;
pub mod plan;
pub mod step;
pub mod story;

mod carriers;

pub mod oracle;

pub mod capture;
pub mod check;

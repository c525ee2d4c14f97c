//! The engine as a pure function of documents and stream time: no clock, no thread, no file.
//!
//! The `mod` lines stand in the order in which an event comes by.

pub mod aliases;
pub mod batch;
pub mod blocks;
pub mod dead_letter;
pub mod engine;
pub mod entry;
pub mod estimates;
pub mod extract;
pub mod facts;
pub mod feeds;
pub mod fold;
pub mod forecast;
pub mod guess;
pub mod history;
pub mod intake;
pub mod json;
pub mod lane;
pub mod normalized;
pub mod numbers;
pub mod order;
pub mod order_book;
pub mod output;
pub mod reading;
pub mod recent;
pub mod rows;
pub mod say;
pub mod senses;
pub mod shard;
pub mod shipment;
pub mod snapshot;
pub mod standardize;
pub mod state_hash;
pub mod tally;
pub mod texts;
pub mod timeline;
pub mod under_way;
pub mod watch;
pub mod waybill;
pub mod witness;

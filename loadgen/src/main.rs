//! `crossdock-loadgen`: writes carrier documents, publishes them, says what they must cause, and
//! checks what an engine made of them.

mod cli;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}

//! The shell: command line, sources, sinks, threads, telemetry.

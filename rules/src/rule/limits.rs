//! Limits of rule files and rule sets, each with its unit.

/// Bytes of one file.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;
/// Nodes of one file.
pub const YAML_NODES_MAX: usize = 200_000;
/// Levels of nesting of one file.
pub const YAML_DEPTH_MAX: usize = 32;
/// Rules of one set.
pub const RULES_MAX: usize = 10_000;
/// Elements of one list.
pub const LIST_LEN_MAX: usize = 10_000;
/// Atoms of one rule, all its predicates together.
pub const ATOMS_MAX: usize = 64;
/// Bytes of one expression.
pub const EXPRESSION_BYTES_MAX: usize = 4096;
/// Levels of nesting of one expression.
pub const EXPRESSION_DEPTH_MAX: usize = 32;
/// Registers of the machine: values of one atom that are needed at the same time.
pub const REGISTERS: usize = 8;
/// Cost of one rule, in units of about a nanosecond.
pub const RULE_COST_MAX: u32 = 20_000;
/// Days that a business duration may reach.
pub const BUSINESS_DAYS_MAX: u32 = 366;
/// Seconds of the longest plain duration: shipments are kept no longer.
pub const RETENTION_SECONDS: u32 = 120 * 86_400;
/// Bytes of a message template.
pub const MESSAGE_BYTES_MAX: usize = 512;
/// Tests of one suite.
pub const TESTS_MAX: usize = 2_000;

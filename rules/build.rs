//! Lists the files of `packs/feeds`, and of the rules and calendars, so that the library can include them.
//!
//! The lists are sorted, so that a build is the same everywhere.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    list("feeds.rs", "/// The built-in feed files.\nconst BUILTIN", &["feeds"]);
    let rules = "/// The built-in rule and calendar files.\nconst BUILTIN_RULES";
    list("rules.rs", rules, &["calendars", "exceptions"]);
}

/// Writes a table of (name, text) of the YAML files of some folders of packs.
fn list(file: &str, constant: &str, folders: &[&str]) {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let mut out = format!("{constant}: &[(&str, &str)] = &[\n");
    for folder in folders {
        let path = Path::new(&root).join("packs").join(folder);
        println!("cargo:rerun-if-changed={}", path.display());
        let mut names: Vec<String> = fs::read_dir(&path)
            .expect("a folder of packs")
            .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".yaml"))
            .collect();
        names.sort();
        for name in names {
            let path = path.join(&name).display().to_string();
            writeln!(out, "    (\"packs/{folder}/{name}\", include_str!({path:?})),")
                .expect("a String grows");
        }
    }
    out.push_str("];\n");
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join(file);
    fs::write(target, out).expect("OUT_DIR can be written");
}

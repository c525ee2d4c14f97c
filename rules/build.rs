//! Lists the feed files of `packs/feeds`, so that the library can include them.
//!
//! The list is sorted, so that a build is the same everywhere.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let folder = Path::new(&root).join("packs/feeds");
    println!("cargo:rerun-if-changed={}", folder.display());
    println!("cargo:rerun-if-changed=build.rs");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("packs/feeds is a folder")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    names.sort();
    let mut out =
        String::from("/// The built-in feed files.\nconst BUILTIN: &[(&str, &str)] = &[\n");
    for name in names {
        let path = folder.join(&name);
        writeln!(
            out,
            "    (\"packs/feeds/{name}\", include_str!({:?})),",
            path.display().to_string()
        )
        .expect("a String grows");
    }
    out.push_str("];\n");
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("feeds.rs");
    fs::write(target, out).expect("OUT_DIR can be written");
}

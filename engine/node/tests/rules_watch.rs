//! `crossdock rules test --watch` as a process: the tests run again when a file changes, and only then.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use crossdock_tests::streams::WAIT;

/// A watch that runs; killed when the test ends.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crossdock"));
        command.args(["rules", "test", "--watch"]).arg(folder);
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        // Ends: with the process.
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                drop(tell.send(line));
            }
        });
        Self { child, lines }
    }

    /// What is said up to where it watches again.
    fn said(&self) -> String {
        let mut said = String::new();
        // Ends: with that line, or in failure.
        while !said.contains("watching") {
            said.push_str(&self.lines.recv_timeout(WAIT).expect("it goes on"));
            said.push('\n');
        }
        said
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn tests_run_again_when_a_file_changes() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("rules-watch");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    let write = |raised: &str| {
        let rule = "id: a, event: delivered, raise: { code: HERE }";
        let tests = format!("tests: [{{ events: [+0h delivered], raised: [{raised}] }}]");
        let text = format!("version: 1\nrules:\n  - {{ {rule}, {tests} }}\n");
        // In one step, as editors do: nobody reads one half.
        fs::write(folder.join("draft"), text).unwrap();
        fs::rename(folder.join("draft"), folder.join("a.yaml")).unwrap();
    };
    write("+0h HERE");
    let watch = Watch::start(&folder);
    let said = watch.said();
    assert!(said.contains("1 tests, 0 failed") && said.contains("watching 1 files"), "{said}");
    write("+1h HERE");
    let said = watch.said();
    assert!(said.contains("a.yaml changed") && said.contains("1 tests, 1 failed"), "{said}");
    fs::write(folder.join("b.yaml"), "version: 1\nrule: []\n").unwrap();
    let said = watch.said();
    assert!(said.contains("b.yaml changed") && said.contains("nothing is loaded"), "{said}");
    fs::remove_file(folder.join("b.yaml")).unwrap();
    write("+0h HERE");
    // The two may be seen by one look or by two.
    let mut said = watch.said();
    while !said.contains("1 tests, 0 failed") {
        said = watch.said();
    }
    drop(watch);
    fs::remove_dir_all(folder).unwrap();
}

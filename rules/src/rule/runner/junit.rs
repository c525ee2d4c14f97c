//! JUnit XML.

use super::*;

/// JUnit XML of all outcomes.
#[must_use]
pub fn junit(outcomes: &[Outcome]) -> String {
    let mut suites: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        suites.entry(&outcome.suite).or_default().push(outcome);
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (suite, outcomes) in suites {
        let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
        out.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\">\n",
            escaped(suite),
            outcomes.len()
        ));
        for outcome in outcomes {
            out.push_str(&format!(
                "    <testcase classname=\"{}\" name=\"{}\"",
                escaped(suite),
                escaped(&outcome.name)
            ));
            if outcome.passed() {
                out.push_str("/>\n");
            } else {
                let text = if outcome.todo {
                    "marked `todo`, but it passes now".to_owned()
                } else {
                    outcome.failures.join("\n")
                };
                out.push_str(&format!("><failure>{}</failure></testcase>\n", escaped(&text)));
            }
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

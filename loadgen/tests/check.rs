//! What an oracle says passes its own check; whatever is done to it does not.

use crossdock_loadgen::check::{Strictness, Verdict, check};
use crossdock_loadgen::oracle::Oracle;
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;

/// What rules say takes versions, and is left out; one alert may go to several audiences.
#[test]
fn what_rules_say_is_left_out() {
    let plan = plan();
    let lines = lines(&plan);
    let mut versions: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    let mut mixed = Vec::new();
    for line in &lines {
        let mut body: serde_json::Value = serde_json::from_str(line).expect("a change is JSON");
        let key = format!("{}{}{}", body["tenant"], body["carrier"], body["tracking_number"]);
        let version = versions.entry(key).or_default();
        *version += 1;
        for audience in ["operations", "support"] {
            let mut alert = body.clone();
            alert["kind"] = "exception_opened".into();
            alert["rule"] = "parcel.stalled".into();
            alert["audience"] = audience.into();
            alert["version"] = (*version).into();
            mixed.push(alert.to_string());
        }
        *version += 1;
        body["version"] = (*version).into();
        mixed.push(body.to_string());
    }
    let found = verdict(&plan, STRICT, &mixed);
    assert!(found.is_equal(), "{found:#?}");
    assert_eq!(found.by_rules, 2 * lines.len() as u64);
    let mut doubled = mixed.clone();
    doubled.insert(1, mixed[0].clone());
    assert_eq!(verdict(&plan, STRICT, &doubled).not_rising, 1);
}

const STRICT: Strictness = Strictness { events_only: false, examples_max: 3 };

fn plan() -> Plan {
    Plan::new(Workload::Mixed.parameters(300)).expect("presets are in range")
}

fn lines(plan: &Plan) -> Vec<String> {
    let mut oracle = Oracle::new(plan);
    let mut documents = plan.documents();
    let mut lines = Vec::new();
    while let Some(entry) = documents.next() {
        let story = documents.story(entry.truth.shipment);
        for change in oracle.apply(&entry, story) {
            let mut line = Vec::new();
            change.put(plan, story, &mut line);
            lines.push(String::from_utf8(line).expect("changes are UTF-8"));
        }
    }
    lines
}

fn verdict(plan: &Plan, strictness: Strictness, lines: &[String]) -> Verdict {
    let text = lines.join("\n");
    match check(plan, strictness, &mut text.as_bytes(), |_| {}) {
        Ok(verdict) => verdict,
        Err(never) => match never {},
    }
}

/// A line of a shipment that has several, and where its next one stands.
fn pair(lines: &[String]) -> (usize, usize) {
    let name = |line: &String| line.split(r#""epoch""#).next().map(str::to_owned);
    let number =
        |line: &String| name(line).and_then(|it| it.split(r#""tenant""#).nth(1).map(str::to_owned));
    let first = lines.len() / 3;
    (first..lines.len())
        .find_map(|i| {
            let next = (i + 1..lines.len()).find(|&j| number(&lines[j]) == number(&lines[i]))?;
            Some((i, next))
        })
        .expect("some shipment says two things")
}

#[test]
fn what_the_oracle_says_is_equal() {
    let plan = plan();
    let lines = lines(&plan);
    let verdict = verdict(&plan, STRICT, &lines);
    assert!(verdict.is_equal(), "{verdict:?}");
    assert_eq!(verdict.expected, lines.len() as u64);
    assert_eq!(verdict.found, verdict.expected);
    assert!(verdict.account.emitted <= verdict.expected);
    assert!(0 < verdict.account.known && 0 < verdict.account.history);
}

#[test]
fn a_missing_change_is_found_and_told() {
    let plan = plan();
    let mut lines = lines(&plan);
    lines.remove(pair(&lines).1);
    let verdict = verdict(&plan, STRICT, &lines);
    assert_eq!((verdict.differing, verdict.found), (1, verdict.expected - 1));
    assert!(verdict.examples.iter().any(|line| line.starts_with("  missing: v")), "{verdict:?}");
}

#[test]
fn a_doubled_change_is_found_and_told() {
    let plan = plan();
    let mut lines = lines(&plan);
    let (first, _) = pair(&lines);
    lines.insert(first, lines[first].clone());
    let verdict = verdict(&plan, STRICT, &lines);
    assert_eq!((verdict.differing, verdict.not_rising), (1, 1));
    assert!(verdict.examples.iter().any(|line| line.starts_with("  doubled: v")), "{verdict:?}");
}

#[test]
fn changes_out_of_order_are_found_and_told() {
    let plan = plan();
    let mut lines = lines(&plan);
    let (first, next) = pair(&lines);
    lines.swap(first, next);
    let verdict = verdict(&plan, STRICT, &lines);
    assert_eq!((verdict.differing, verdict.not_rising), (1, 1));
    let told = verdict.examples.iter().any(|line| line.starts_with("  out of order: v"));
    assert!(told, "{verdict:?}");
}

#[test]
fn another_word_is_found_and_told() {
    let plan = plan();
    let mut lines = lines(&plan);
    let at = lines.iter().position(|line| line.contains(r#""milestone":"DELIVERED""#));
    let at = at.expect("something is delivered");
    lines[at] = lines[at].replace(r#""milestone":"DELIVERED""#, r#""milestone":"DISPOSED""#);
    let verdict = verdict(&plan, STRICT, &lines);
    assert_eq!((verdict.differing, verdict.not_rising), (1, 0));
    assert!(verdict.examples.iter().any(|line| line.starts_with("  different: v")), "{verdict:?}");
}

#[test]
fn strangers_and_noise_are_counted() {
    let plan = plan();
    let mut lines = lines(&plan);
    lines.push(lines[0].replace(r#""tenant":"acme""#, r#""tenant":"other""#));
    lines.push("{".to_owned());
    lines.push(r#"{"reason":"malformed","help":"-"}"#.to_owned());
    let verdict = verdict(&plan, STRICT, &lines);
    let found = (verdict.strangers, verdict.unreadable, verdict.dead_letters, verdict.differing);
    assert_eq!(found, (1, 1, 1, 0));
    assert!(!verdict.is_equal());
}

#[test]
fn what_rules_say_can_be_passed_over() {
    let plan = plan();
    let mut lines = lines(&plan);
    // A stall between the first two changes of a shipment; all later versions are one higher.
    let (first, next) = pair(&lines);
    let version = |line: &str| -> u32 {
        let tail = line.split(r#""version":"#).nth(1).expect("a change has a version");
        tail.split(',').next().and_then(|text| text.parse().ok()).expect("a version is a number")
    };
    let stall = lines[first]
        .replace(r#""kind":"milestone""#, r#""kind":"exception_opened""#)
        .replace(r#","episode""#, r#","exception":"STALLED","episode""#);
    let number =
        |line: &str| line.split(r#""tracking_number""#).nth(1).map(|it| it[..24].to_owned());
    let own = number(&lines[next]);
    for line in lines.iter_mut().skip(next).filter(|line| number(line) == own) {
        let v = version(line);
        *line = line.replace(&format!(r#""version":{v},"#), &format!(r#""version":{},"#, v + 1));
    }
    let v = version(&stall);
    lines.insert(
        next,
        stall.replace(&format!(r#""version":{v},"#), &format!(r#""version":{},"#, v + 1)),
    );
    assert!(!verdict(&plan, STRICT, &lines).is_equal());
    let verdict = verdict(&plan, Strictness { events_only: true, ..STRICT }, &lines);
    assert!(verdict.is_equal(), "{verdict:?}");
    assert_eq!(verdict.passed_over, 1);
}

use super::*;
use crate::jetstream::ctl::Position;

/// One message as the test writes it.
#[derive(Clone, Debug)]
struct Written {
    seq: u64,
    batch_id: String,
    batch_seq: u64,
    body: String,
}

/// One output as (input sequence, index, shipment, version).
type Said = (u64, u32, u32, u32);

/// Two owners, three commits: what a sound engine leaves.
fn sound() -> Vec<Written> {
    let owners = ["aaaaaaaaaa", "bbbbbbbbbb"];
    // (owner, attempt, what it says)
    let commits: [(usize, u64, &[Said]); 3] = [
        (0, 1, &[(1, 0, 1, 1), (2, 0, 2, 1), (2, 1, 2, 2)]),
        (0, 11, &[(3, 0, 1, 2), (5, 0, 3, 1)]),
        (1, 2, &[(7, 0, 1, 3), (8, 2, 2, 3)]),
    ];
    let mut written = Vec::new();
    // Sequence 1 is the first claim; every commit is followed by its record; the second owner claims.
    let mut seq = 2;
    for (owner, attempt, outputs) in commits {
        if owner == 1 {
            seq += 1;
        }
        for (batch_seq, (at, index, shipment, version)) in (1..).zip(outputs) {
            written.push(Written {
                seq,
                batch_id: format!("{}{attempt:x}", owners[owner]),
                batch_seq,
                body: format!(
                    r#"{{"kind":"milestone","tenant":"t","carrier":"c","tracking_number":"{shipment}","version":{version},"position":{{"seq":{at},"index":{index}}}}}"#
                ),
            });
            seq += 1;
        }
        seq += 1;
    }
    written
}

fn audit(written: &[Written], last_seq: u64) -> Report {
    let mut auditor = Auditor::new(true);
    for it in written {
        auditor.output(OutMessage {
            seq: it.seq,
            batch_id: &it.batch_id,
            batch_seq: it.batch_seq,
            is_packed: false,
            body: it.body.as_bytes(),
        });
    }
    let record = CtlRecord {
        position: Position::whole(9),
        previous: Position::whole(6),
        epoch: 2,
        batch: 3,
        state_hash: None,
        stream: None,
        quarantined: crate::quarantine::Quarantine::default(),
        engine: String::new(),
        owner: String::from("bbbbbbbbbb"),
    };
    let out = StreamState { first_seq: 2, last_seq, messages: written.len() as u64 + 1 };
    let input = StreamState { first_seq: 1, last_seq: 9, messages: 9 };
    auditor.finish(&[(last_seq, record)], out, input)
}

#[track_caller]
fn check(what: &str, plant: impl FnOnce(&mut Vec<Written>) -> u64, expected: &[Kind]) {
    let mut written = sound();
    let last_seq = 12 + plant(&mut written);
    let report = audit(&written, last_seq);
    let found: Vec<Kind> = report.counts.keys().copied().collect();
    assert_eq!(found, expected, "{what}: {:#?}", report.examples);
}

#[test]
fn a_sound_stream_is_clean() {
    check("sound", |_| 0, &[]);
    let report = audit(&sound(), 12);
    assert_eq!((report.outputs, report.batches, report.owners, report.shipments), (7, 3, 2, 3));
}

#[test]
fn a_commit_may_end_among_the_timers_of_a_message() {
    let speaks = |written: &mut Written, index: &str| {
        let (before, _) = written.body.split_once(r#""position""#).unwrap();
        written.body = format!(r#"{before}"position":{{"seq":5{index}}}}}"#);
    };
    let timers_then = |last: &'static str| {
        move |written: &mut Vec<Written>| {
            speaks(&mut written[3], "");
            speaks(&mut written[4], "");
            speaks(&mut written[5], last);
            0
        }
    };
    check("timers on both sides", timers_then(""), &[]);
    check("timers, then the event", timers_then(r#","index":0"#), &[]);
    check(
        "the event on both sides",
        |written| {
            speaks(&mut written[4], r#","index":0"#);
            speaks(&mut written[5], r#","index":0"#);
            0
        },
        &[Kind::Overlap],
    );
    check(
        "a timer behind the event",
        |written| {
            speaks(&mut written[4], r#","index":0"#);
            speaks(&mut written[5], "");
            0
        },
        &[Kind::PositionFell],
    );
}

#[test]
fn a_dropped_output_is_found_wherever_it_stood() {
    for at in 0..7 {
        let mut written = sound();
        written.remove(at);
        let report = audit(&written, 12);
        assert!(report.counts.contains_key(&Kind::MissingOutputs), "{at}: {report:?}");
    }
    check(
        "the first of a batch",
        |written| {
            written.remove(0);
            0
        },
        &[Kind::TornBatch, Kind::VersionGap, Kind::MissingOutputs],
    );
}

#[test]
fn a_doubled_output_is_found() {
    let again = |written: &mut Vec<Written>, batch_id: &str, batch_seq: u64| {
        let copy =
            Written { seq: 13, batch_id: batch_id.to_owned(), batch_seq, ..written[6].clone() };
        written.push(copy);
        1
    };
    // As a stray, and as a commit of its own that was sent again after a lost acknowledgement.
    let stray = [Kind::Stray, Kind::VersionDoubled, Kind::MissingOutputs];
    let check_one = |id: &str, number: u64, expected: &[Kind]| {
        let mut written = sound();
        let more = again(&mut written, id, number);
        // The record moves behind the copy.
        let report = audit(&written, 12 + more);
        for kind in expected {
            assert!(report.counts.contains_key(kind), "{id}: {kind:?} in {report:#?}");
        }
    };
    check_one("", 0, &stray[..2]);
    check_one("bbbbbbbbbb3", 1, &[Kind::Overlap, Kind::VersionDoubled]);
}

#[test]
fn two_swapped_outputs_are_found() {
    check(
        "within a batch",
        |written| {
            let (a, b) = (written[1].body.clone(), written[2].body.clone());
            (written[1].body, written[2].body) = (b, a);
            0
        },
        &[Kind::PositionFell, Kind::VersionDoubled, Kind::VersionGap],
    );
    check(
        "between batches",
        |written| {
            let (a, b) = (written[2].body.clone(), written[3].body.clone());
            (written[2].body, written[3].body) = (b, a);
            0
        },
        &[Kind::PositionFell],
    );
}

#[test]
fn a_fork_is_found() {
    // The first owner goes on after the second has taken the group, and says what that said.
    check(
        "fork",
        |written| {
            let copy = Written {
                seq: 13,
                batch_id: String::from("aaaaaaaaaa12"),
                batch_seq: 1,
                ..written[5].clone()
            };
            written.push(copy);
            2
        },
        &[
            Kind::PositionFell,
            Kind::OwnerReturned,
            Kind::VersionDoubled,
            Kind::MissingOutputs,
            Kind::BadRecord,
        ],
    );
}

#[test]
fn an_output_behind_the_commit_record_is_found() {
    check(
        "behind",
        |written| {
            written[6].body = written[6].body.replace("\"seq\":8", "\"seq\":10");
            0
        },
        &[Kind::BadRecord],
    );
}

#[test]
fn an_alert_is_told_to_each_audience_once() {
    let told = |audiences: &[&str]| {
        let body = |audience: &&str| {
            format!(
                r#"{{"id":"a1","kind":"exception_opened","tenant":"t","carrier":"c","tracking_number":"1","version":1,"audience":"{audience}","position":{{"seq":1,"index":0}}}}"#
            )
        };
        let bodies: Vec<String> = audiences.iter().map(body).collect();
        let mut auditor = Auditor::new(true);
        for (at, body) in (1..).zip(&bodies) {
            auditor.output(OutMessage {
                seq: at + 1,
                batch_id: "aaaaaaaaaa1",
                batch_seq: at,
                is_packed: false,
                body: body.as_bytes(),
            });
        }
        auditor.report.counts.values().sum::<u64>()
    };
    assert_eq!(told(&["operations", "customer"]), 0);
    assert_eq!(told(&["operations", "operations"]), 1);
    assert_eq!(told(&["operations", "customer", "operations"]), 1);
}

/// A batch with packs of two tenants: `tenant input version`, a message a text.
#[track_caller]
fn check_packs(batches: &[&[&str]], expected: &[Kind]) {
    let mut auditor = Auditor::new(true);
    let mut seq = 1;
    for (attempt, messages) in (1..).zip(batches) {
        for (batch_seq, lines) in (1..).zip(*messages) {
            seq += 1;
            let lines: Vec<String> = lines
                .split(", ")
                .map(|line| {
                    let mut words = line.split(' ');
                    let mut word = || words.next().expect("tenant, input, version");
                    let (tenant, input, version) = (word(), word(), word());
                    format!(
                        r#"{{"kind":"milestone","tenant":"{tenant}","carrier":"c","tracking_number":"1","version":{version},"position":{{"seq":{input},"index":0}}}}"#
                    )
                })
                .collect();
            auditor.output(OutMessage {
                seq,
                batch_id: &format!("aaaaaaaaaa{attempt:x}"),
                batch_seq,
                is_packed: true,
                body: lines.join("\n").as_bytes(),
            });
        }
        seq += 1;
    }
    let found: Vec<Kind> = auditor.report.counts.keys().copied().collect();
    assert_eq!(found, expected);
}

#[test]
fn packs_are_in_order_by_tenant_and_by_batch() {
    check_packs(&[&["a 1 1, a 5 2", "b 2 1, b 3 2"], &["b 6 3", "a 6 3"]], &[]);
    check_packs(&[&["a 5 1, a 1 2"]], &[Kind::PositionFell]);
    check_packs(&[&["a 1 1", "b 5 1"], &["a 4 2"]], &[Kind::PositionFell]);
    check_packs(&[&["a 1 1", "b 5 1"], &["a 5 2"]], &[Kind::Overlap]);
    check_packs(&[&["a 1 1, a 2 3"]], &[Kind::VersionGap]);
    check_packs(&[&["a 1 1, a 2 1"]], &[Kind::VersionDoubled]);
}

//! Every feed that is built in reads the documents of its own tests as they say.

use crossdock_core::feeds::Feeds;
use crossdock_node::feed_tests;

#[test]
fn every_feed_reads_its_own_tests() {
    let feeds = Feeds::new(crossdock_rules::feed::builtin());
    let report = feed_tests::run(&feeds, None);
    for feed in feeds.set().feeds() {
        assert!(!feeds.set().tests(feed.id).is_empty(), "{} has no test", feed.name);
    }
    assert!(report.complaints.is_empty(), "{}", report.complaints.join("\n"));
}

#[test]
fn a_feed_whose_test_is_wrong_is_told_where() {
    let file = include_str!("../../rules/packs/feeds/generic.yaml");
    let wrong = file.replacen("milestone: PACKED", "milestone: PICKED", 1);
    assert_ne!(file, wrong, "the generic feed has a test of a packed order");
    let set = crossdock_rules::feed::compile(&[("generic.yaml", wrong.as_str())]);
    let feeds = Feeds::new(set.expect("only a test was changed"));
    let report = feed_tests::run(&feeds, Some("generic"));
    assert_eq!(report.complaints.len(), 1, "{:?}", report.complaints);
    assert!(report.complaints[0].contains("milestone is PACKED, expected PICKED"));
}

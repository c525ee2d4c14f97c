//! The reader: every message once, in order, from the own position, whatever becomes of its consumer.

use super::*;

#[test]
fn input_is_read_in_order_and_resumed_after_the_own_position() {
    let Some(server) = NatsServer::start("read") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=5000).map(|number| number.to_string())).await;
        let first =
            reader(&server.url(), ReaderOptions::default(), Start::default(), &counters).await;
        let mut ring = spawn_reader(first, 4);
        let messages = take(&mut ring, 5000).await;
        assert_consecutive(&messages, 1);
        assert_eq!(messages[4321].payload, "4322");
        assert_eq!(messages[0].subject.as_str(), "raw.acme.generic");
        assert!(messages.windows(2).all(|pair| pair[0].stream_time_us <= pair[1].stream_time_us));
        drop(ring);

        let start = Start { position: Some(4990), ..Start::default() };
        let second = reader(&server.url(), ReaderOptions::default(), start, &counters).await;
        let mut ring = spawn_reader(second, 4);
        let messages = take(&mut ring, 10).await;
        assert_consecutive(&messages, 4991);
        fill(&mut caller, (0..3).map(|number| number.to_string())).await;
        assert_consecutive(&take(&mut ring, 3).await, 5001);
    });
    assert_eq!(counters.get(Counter::Gaps) + counters.get(Counter::Silences), 0);
    assert_eq!(counters.get(Counter::Documents), 5013);
}

#[test]
fn a_message_dropped_by_the_client_is_a_gap_and_is_read_again() {
    let Some(server) = NatsServer::start("gap") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=3000).map(|number| number.to_string())).await;
        // A subscription that holds fewer messages than a pull brings: the client drops the rest.
        let mut options = connection_options(&server.url());
        options.subscription_capacity = 100;
        let connection = Connection::open(&options).await.unwrap();
        let (options, start) = (ReaderOptions::default(), Start::default());
        let reader =
            Reader::open(&connection, options, start, Arc::clone(&counters)).await.unwrap();
        let mut ring = spawn_reader(reader, 4);
        assert_consecutive(&take(&mut ring, 3000).await, 1);
        assert!(connection.link().dropped > 0);
    });
    assert!(counters.get(Counter::Gaps) > 0);
    assert_eq!(counters.get(Counter::Silences), 0);
}

#[test]
fn a_consumer_deleted_under_the_reader_is_made_anew() {
    let Some(server) = NatsServer::start("deleted") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=10).map(|number| number.to_string())).await;
        let reader =
            reader(&server.url(), ReaderOptions::default(), Start::default(), &counters).await;
        let mut ring = spawn_reader(reader, 4);
        assert_consecutive(&take(&mut ring, 10).await, 1);
        for round in 1..=3u64 {
            let names: Value = caller.api("CONSUMER.NAMES.IN", "").await.unwrap();
            let name = names["consumers"][0].as_str().expect("a consumer").to_owned();
            let verb = format!("CONSUMER.DELETE.IN.{name}");
            ask(&mut caller, &verb, "").await;
            fill(&mut caller, (0..10).map(|number| number.to_string())).await;
            assert_consecutive(&take(&mut ring, 10).await, 10 * round + 1);
        }
    });
    assert_eq!(counters.get(Counter::ConsumersLost), 3);
}

#[test]
fn a_message_larger_than_a_pull_goes_alone() {
    let Some(server) = NatsServer::start("large") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let sizes = [10, 50_000, 10, 90_000, 90_000, 10];
        fill(&mut caller, sizes.iter().map(|&size| "x".repeat(size))).await;
        let options = ReaderOptions { pull_bytes: 16 << 10, ..ReaderOptions::default() };
        let reader = reader(&server.url(), options, Start::default(), &counters).await;
        let mut ring = spawn_reader(reader, 4);
        let messages = take(&mut ring, sizes.len()).await;
        let found: Vec<usize> = messages.iter().map(|message| message.payload.len()).collect();
        assert_eq!(found, sizes);
    });
}

#[test]
fn a_full_ring_stops_the_pulls() {
    let Some(server) = NatsServer::start("pressure") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=4000).map(|number| number.to_string())).await;
        let options = ReaderOptions { pull_messages: 100, ..ReaderOptions::default() };
        let reader = reader(&server.url(), options, Start::default(), &counters).await;
        let mut ring = spawn_reader(reader, 2);
        // Two batches in the ring, one in hand, two pulls at most under way: then it stands.
        while ring.len() < 2 {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            stream_state(&mut caller, "IN").await;
        }
        assert!(counters.get(Counter::Pulls) <= 6, "{}", counters.get(Counter::Pulls));
        assert!(counters.get(Counter::Documents) <= 300);
        assert_consecutive(&take(&mut ring, 4000).await, 1);
    });
    assert_eq!(counters.get(Counter::Gaps), 0);
}

#[test]
fn input_that_expired_or_was_replaced_stops_the_reader() {
    let Some(server) = NatsServer::start("rollback") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=10).map(|number| number.to_string())).await;
        let mut first =
            reader(&server.url(), ReaderOptions::default(), Start::default(), &counters).await;
        let created = first.check().await.unwrap();
        let mut ring = spawn_reader(first, 4);
        let mut print = ring.recv().await.unwrap().unwrap().fingerprint();
        // Ends: with the last of the ten; they may come in several batches.
        while print.seq < 10 {
            print = ring.recv().await.unwrap().unwrap().fingerprint();
        }
        assert_eq!(print.seq, 10);
        let start = |position, prints: &[Fingerprint]| Start {
            position: Some(position),
            created: Some(created.clone()),
            prints: prints.to_vec(),
            accept_lost: false,
        };
        let check = async |start: Start| {
            let options = ReaderOptions::default();
            let counters = Arc::new(Counters::default());
            reader(&server.url(), options, start, &counters).await.check().await
        };
        assert_eq!(check(start(10, &[print])).await, Ok(created.clone()));

        let other = Fingerprint { crc32c: print.crc32c ^ 1, ..print };
        let older = caller.stored("IN", &json!({ "seq": 4 })).await.unwrap().unwrap();
        let crc32c = crc32c::crc32c(&older.payload);
        let older = Fingerprint { seq: 4, time_us: older.time_us, crc32c };
        let replaced = check(start(10, &[other, older])).await.unwrap_err();
        assert!(
            matches!(&replaced, EdgeError::InputRolledBack { matching_seq: Some(4), .. }),
            "{replaced}"
        );
        let beyond = check(start(11, &[Fingerprint { seq: 11, ..print }, older])).await;
        let beyond = beyond.unwrap_err();
        assert!(
            matches!(&beyond, EdgeError::InputRolledBack { matching_seq: Some(4), .. }),
            "{beyond}"
        );

        ask(&mut caller, "STREAM.PURGE.IN", r#"{"seq":8}"#).await;
        let expired = check(start(5, &[older])).await.unwrap_err();
        assert!(matches!(expired, EdgeError::InputExpired { lost: 2, .. }), "{expired}");
        let mut accepting = start(5, &[older]);
        accepting.accept_lost = true;
        assert!(check(accepting).await.is_ok());

        ask(&mut caller, "STREAM.DELETE.IN", "").await;
        let missing = check(start(10, &[print])).await.unwrap_err();
        assert_eq!(missing, EdgeError::StreamMissing { stream: "IN".to_owned() });
        setup::init(&mut caller, &streams(), false).await.unwrap();
        let anew = check(start(10, &[print])).await.unwrap_err();
        assert!(matches!(anew, EdgeError::InputRolledBack { .. }), "{anew}");
    });
}

#[test]
fn room_in_a_ring_that_was_full_is_asked_for_at_once() {
    let Some(server) = NatsServer::start("room") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=30).map(|number| number.to_string())).await;
        let options = ReaderOptions {
            pull_messages: 50,
            silence_max: Duration::from_secs(20),
            ..ReaderOptions::default()
        };
        let reader = reader(&server.url(), options, Start::default(), &counters).await;
        let mut ring = spawn_reader(reader, 1);
        while ring.is_empty() {
            tokio::task::yield_now().await;
        }
        // The rest of the first pull finds the ring full and stays in hand; nothing more is asked for.
        fill(&mut caller, (31..=50).map(|number| number.to_string())).await;
        for _ in 0..20 {
            stream_state(&mut caller, "IN").await;
        }
        assert_eq!(counters.get(Counter::Pulls), 1);
        fill(&mut caller, (51..=60).map(|number| number.to_string())).await;
        assert_consecutive(&take(&mut ring, 60).await, 1);
    });
    assert_eq!(counters.get(Counter::Silences), 0);
}

#[test]
fn input_that_retention_eats_while_it_is_read_stops_the_reader() {
    let Some(server) = NatsServer::start("eaten") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=4000).map(|number| number.to_string())).await;
        let options = ReaderOptions { pull_messages: 100, ..ReaderOptions::default() };
        let reader = reader(&server.url(), options, Start::default(), &counters).await;
        let mut ring = spawn_reader(reader, 2);
        // A full ring stops the pulls; behind them everything but the end is taken away.
        while ring.len() < 2 {
            tokio::task::yield_now().await;
        }
        ask(&mut caller, "STREAM.PURGE.IN", r#"{"seq":3990}"#).await;
        let mut messages = Vec::new();
        let error = loop {
            match ring.recv().await.expect("an open ring") {
                Ok(batch) => messages.extend(batch.messages),
                Err(error) => break error,
            }
        };
        assert_consecutive(&messages, 1);
        let read = messages.len() as u64;
        // A batch is what was there when it was read: the two of the ring may be small ones.
        assert!((2..1000).contains(&read), "{read}");
        let (stream, wanted_seq, lost) = ("IN".to_owned(), read + 1, 3989 - read);
        let expired = EdgeError::InputExpired { stream, first_seq: 3990, wanted_seq, lost };
        assert_eq!(error, expired);
    });
    assert_eq!(counters.get(Counter::Holes), 1);
}

#[test]
fn messages_deleted_one_by_one_are_passed_over() {
    let Some(server) = NatsServer::start("deleted-singly") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=20).map(|number| number.to_string())).await;
        for seq in [5, 6, 12] {
            ask(&mut caller, "STREAM.MSG.DELETE.IN", json!({ "seq": seq }).to_string()).await;
        }
        let reader =
            reader(&server.url(), ReaderOptions::default(), Start::default(), &counters).await;
        let mut ring = spawn_reader(reader, 4);
        let found: Vec<u64> = take(&mut ring, 17).await.iter().map(|it| it.seq).collect();
        let left: Vec<u64> = (1..=20).filter(|seq| ![5, 6, 12].contains(seq)).collect();
        assert_eq!(found, left);
    });
    assert_eq!(counters.get(Counter::Holes), 2);
}

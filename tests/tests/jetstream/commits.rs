//! Commits: outputs and position in one fenced batch, through kills, lost answers and rivals.

use super::*;

#[test]
fn a_commit_stores_outputs_and_position_and_a_second_owner_fences_the_first() {
    let Some(server) = NatsServer::start("commit") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut first = committer(&server.url(), &counters).await;
        let claim = first.claim().await.unwrap();
        assert_eq!((claim.found, claim.epoch), (None, 1));
        first.set_stream_created("2026-01-01T00:00:00Z");
        let committed = first.commit(&request(7, outputs(3, 0..5), 4)).await.unwrap();
        assert_eq!((committed.ticket, committed.batches), (7, 1));
        let (seq, record) = first.peek().await.unwrap().unwrap();
        assert_eq!(seq, committed.fence);
        assert_eq!((record.position, record.batch, record.epoch), (Position::whole(4), 1, 1));
        assert_eq!(record.stream.unwrap().seq, 4);

        let mut second = committer(&server.url(), &counters).await;
        let claim = second.claim().await.unwrap();
        assert_eq!(claim.epoch, 2);
        assert_eq!(claim.found.unwrap().position, Position::whole(4));
        let fenced = first.commit(&request(8, outputs(5, 0..3), 5)).await.unwrap_err();
        let owner = second.owner().to_owned();
        assert_eq!(fenced, EdgeError::Fenced { group: "g1".to_owned(), owner, epoch: 2 });
        second.commit(&request(1, outputs(5, 0..2), 5)).await.unwrap();

        let bodies: Vec<String> =
            stored_outputs(&mut caller).await.into_iter().map(|(_, b)| b).collect();
        assert_eq!(bodies, ["3/0", "3/1", "3/2", "3/3", "3/4", "5/0", "5/1"]);
        let state = stream_state(&mut caller, "OUT").await;
        assert_eq!(state["messages"], json!(8), "one commit record is kept");
    });
    assert_eq!(counters.get(Counter::Fenced), 1);
}

#[test]
fn two_claims_in_the_same_moment_have_one_winner() {
    let Some(server) = NatsServer::start("claims") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, _caller) = open(&server.url()).await;
        for round in 0..10 {
            let mut one = committer(&server.url(), &counters).await;
            let mut two = committer(&server.url(), &counters).await;
            let (first, second) = tokio::join!(one.claim(), two.claim());
            // Both may succeed one after the other; then the later epoch owns the group.
            let epochs: Vec<u32> =
                [&first, &second].iter().flat_map(|c| c.as_ref().ok().map(|c| c.epoch)).collect();
            assert!(!epochs.is_empty(), "{first:?} {second:?}");
            assert!(epochs.len() == 1 || epochs[0] != epochs[1], "round {round}: {epochs:?}");
        }
    });
}

#[test]
fn one_document_may_yield_more_than_a_batch_carries() {
    let Some(server) = NatsServer::start("many") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut committer = committer(&server.url(), &counters).await;
        committer.claim().await.unwrap();
        let committed = committer.commit(&request(1, outputs(9, 0..2500), 9)).await.unwrap();
        assert_eq!(committed.batches, 3);
        let (_, record) = committer.peek().await.unwrap().unwrap();
        assert_eq!(record.position, Position::whole(9));
        assert_eq!(record.previous, Position { seq: 9, index: 1998 });
        let found = stored_outputs(&mut caller).await;
        assert_eq!(found.len(), 2500);
        for (index, (_, body)) in found.iter().enumerate() {
            assert_eq!(*body, format!("9/{index}"));
        }
        let too_many = Vec::from_iter(std::iter::repeat_n(outputs(10, 0..1), 1000).flatten());
        let error = committer.commit(&request(2, too_many, 10)).await.unwrap_err();
        assert!(matches!(error, EdgeError::OutputsPerEvent { seq: 10, .. }), "{error}");
    });
}

#[test]
fn a_lost_acknowledgement_is_resolved_by_the_record() {
    let Some(server) = NatsServer::start("ack") else { return };
    let proxy = Proxy::start(server.port());
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut committer = committer(&proxy.url(), &counters).await;
        committer.claim().await.unwrap();
        for seq in 1..=10 {
            proxy.lose_acks(1);
            let committed = committer.commit(&request(seq, outputs(seq, 0..20), seq)).await;
            assert_eq!(committed.unwrap().ticket, seq);
        }
        let found = stored_outputs(&mut caller).await;
        assert_eq!(found.len(), 200);
    });
    assert_eq!(proxy.lost(), 10);
    assert_eq!(counters.get(Counter::CommitsResolved), 10);
}

/// Kills the server ten times in the middle of commits; the outputs must come out once each.

#[test]
fn a_server_killed_in_the_middle_of_commits_loses_and_doubles_nothing() {
    const KILLS: u64 = 10;
    let Some(mut server) = NatsServer::start("kill") else { return };
    let url = server.url();
    let counters = Arc::new(Counters::default());
    block_on(async { drop(open(&url).await) });
    let commits = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicU64::new(0));
    let (shared, stop, shared_counters) =
        (Arc::clone(&commits), Arc::clone(&done), Arc::clone(&counters));
    let committing_url = url.clone();
    let committing = std::thread::spawn(move || {
        block_on(async {
            let mut committer = committer(&committing_url, &shared_counters).await;
            committer.claim().await.unwrap();
            let mut seq = 0;
            while stop.load(Ordering::SeqCst) == 0 {
                seq += 1;
                committer.commit(&request(seq, outputs(seq, 0..600), seq)).await.unwrap();
                shared.store(seq, Ordering::SeqCst);
            }
            seq
        })
    });
    for round in 0..KILLS {
        let before = commits.load(Ordering::SeqCst);
        while commits.load(Ordering::SeqCst) < before + 3 {
            assert!(!committing.is_finished());
            std::thread::yield_now();
        }
        // Some way into a batch, another place each time.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_micros(1_500 * round) {
            std::hint::spin_loop();
        }
        server.restart();
    }
    done.store(1, Ordering::SeqCst);
    let last = committing.join().unwrap();
    block_on(async {
        let (_connection, mut caller) = open(&url).await;
        let found = stored_outputs(&mut caller).await;
        let mut expected =
            (1..=last).flat_map(|seq| (0..600).map(move |index| format!("{seq}/{index}")));
        for (seq, body) in &found {
            assert_eq!(Some(body), expected.next().as_ref(), "at output sequence {seq}");
        }
        assert_eq!(expected.next(), None, "the last output is missing");
    });
    println!(
        "{last} commits through {KILLS} kills; acks lost {}, found committed {}, sent again {}",
        counters.get(Counter::CommitAcksLost),
        counters.get(Counter::CommitsResolved),
        counters.get(Counter::CommitRetries),
    );
}

#[test]
fn a_full_output_stream_makes_the_commit_wait() {
    let Some(server) = NatsServer::start("full") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut found: Value = caller.api("STREAM.INFO.OUT", "").await.unwrap();
        let mut config = found["config"].take();
        config["max_bytes"] = json!(2000);
        ask(&mut caller, "STREAM.UPDATE.OUT", config.to_string()).await;
        let mut committer = committer(&server.url(), &counters).await;
        committer.claim().await.unwrap();
        let stuck = request(1, outputs(1, 0..50), 1);
        let commit = committer.commit(&stuck);
        tokio::pin!(commit);
        while counters.get(Counter::CommitRetries) < 3 {
            tokio::select! {
                done = &mut commit => panic!("{done:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
        config["max_bytes"] = json!(200_000);
        ask(&mut caller, "STREAM.UPDATE.OUT", config.to_string()).await;
        assert_eq!(commit.await.unwrap().ticket, 1);
        assert_eq!(stored_outputs(&mut caller).await.len(), 50);
    });
}

#[test]
fn an_output_stream_that_is_gone_stops_the_committer() {
    let Some(server) = NatsServer::start("gone") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut committer = committer(&server.url(), &counters).await;
        committer.claim().await.unwrap();
        ask(&mut caller, "STREAM.DELETE.OUT", "").await;
        let error = committer.commit(&request(1, outputs(1, 0..5), 1)).await.unwrap_err();
        assert_eq!(error, EdgeError::StreamMissing { stream: "OUT".to_owned() });
    });
}

#[test]
fn a_record_that_fell_back_stops_the_committer() {
    let Some(server) = NatsServer::start("fallback") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut committer = committer(&server.url(), &counters).await;
        committer.claim().await.unwrap();
        committer.commit(&request(1, outputs(1, 0..5), 1)).await.unwrap();
        ask(&mut caller, "STREAM.DELETE.OUT", "").await;
        setup::init(&mut caller, &streams(), false).await.unwrap();
        let error = committer.commit(&request(2, outputs(2, 0..5), 2)).await.unwrap_err();
        assert!(matches!(error, EdgeError::OutputRolledBack { found_seq: 0, .. }), "{error}");
    });
}

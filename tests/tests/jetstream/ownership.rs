//! Who owns the group, and the edge as a whole: documents in, commits out.

use super::*;

#[test]
fn a_lease_has_one_holder_and_runs_out() {
    let Some(server) = NatsServer::start("lease") else { return };
    block_on(async {
        let lease = async |holder: &str| {
            let connection = Connection::open(&connection_options(&server.url())).await.unwrap();
            let caller = Caller::open(&connection, Duration::from_secs(60)).await.unwrap();
            let options = LeaseOptions {
                bucket: "LEASES".to_owned(),
                group: "g1".to_owned(),
                holder: holder.to_owned(),
                ttl: Duration::from_secs(1),
                replicas: 1,
            };
            Lease::open(caller, options).await.unwrap()
        };
        let (mut one, mut two) = (lease("one").await, lease("two").await);
        assert_eq!(one.renew().await.unwrap(), Held::Ours);
        assert_eq!(two.renew().await.unwrap(), Held::Other("one".to_owned()));
        assert_eq!(one.renew().await.unwrap(), Held::Ours);
        // Let go: the other need not wait.
        one.release().await.unwrap();
        assert_eq!(two.renew().await.unwrap(), Held::Ours);
        assert_eq!(one.renew().await.unwrap(), Held::Other("two".to_owned()));
        // Not renewed: it runs out.
        let begun = Instant::now();
        while one.renew().await.unwrap() != Held::Ours {
            assert!(begun.elapsed() < Duration::from_secs(10));
        }
        assert!(begun.elapsed() > Duration::from_millis(500));
        assert_eq!(two.renew().await.unwrap(), Held::Other("one".to_owned()));
    });
}

#[test]
fn the_edge_carries_documents_in_and_commits_out() {
    let Some(server) = NatsServer::start("edge") else { return };
    let options = EdgeOptions {
        connection: connection_options(&server.url()),
        streams: streams(),
        create_streams: true,
        reader: ReaderOptions::default(),
        committer: committer_options(),
        ring_batches: 4,
        commit_queue: 2,
        lease: None,
    };
    let telemetry = Telemetry::new();
    let edge = Edge::open(options.clone(), Stance::Owner, Arc::clone(&telemetry)).unwrap();
    assert_eq!(edge.claim().found, None);
    let (mut handle, driver) = edge.start(Start::default()).unwrap();
    let thread = std::thread::spawn(move || driver.run());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=2000).map(|number| number.to_string())).await;
    });
    let deadline = Instant::now() + WAIT;
    let mut committed_seq = 0;
    let mut waiting = None;
    while committed_seq < 2000 {
        assert!(Instant::now() < deadline, "stuck at {committed_seq}");
        if waiting.is_none()
            && let Some(batch) = handle.poll_batch().unwrap()
            && !batch.messages.is_empty()
        {
            let outputs = batch.messages.iter().flat_map(|m| outputs(m.seq, 0..1)).collect();
            let print = batch.fingerprint();
            let mut request = request(print.seq, outputs, print.seq);
            request.mark = Some(print);
            waiting = Some(request);
        }
        if let Some(request) = waiting.take() {
            waiting = handle.submit_commit(request).err().map(|request| *request);
        }
        while let Some(committed) = handle.poll_committed().unwrap() {
            assert!(committed_seq < committed.position.seq);
            committed_seq = committed.position.seq;
        }
        std::thread::yield_now();
    }
    drop(handle);
    thread.join().unwrap();
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        assert_eq!(stored_outputs(&mut caller).await.len(), 2000);
    });
    // The next start finds what the first one left, and the input is the one it knows.
    let again = Edge::open(options, Stance::Owner, telemetry).unwrap();
    let record = again.claim().found.clone().unwrap();
    assert_eq!((again.claim().epoch, record.position), (2, Position::whole(2000)));
    let mark = record.stream.unwrap();
    let start = Start {
        position: Some(record.position.seq),
        created: Some(mark.created.clone()),
        prints: vec![mark.fingerprint()],
        accept_lost: false,
    };
    drop(again.start(start).unwrap());
}

//! Streams and servers: made, checked, repaired, refused.

use super::*;

#[test]
fn streams_are_made_checked_and_repaired() {
    let Some(server) = NatsServer::start("setup") else { return };
    block_on(async {
        let connection = Connection::open(&connection_options(&server.url())).await.unwrap();
        let mut caller = Caller::open(&connection, Duration::from_secs(60)).await.unwrap();
        let missing = setup::check(&mut caller, &streams()).await.unwrap_err();
        assert_eq!(missing, EdgeError::StreamMissing { stream: "IN".to_owned() });

        let done = setup::init(&mut caller, &streams(), false).await.unwrap();
        assert!(done.iter().all(|(_, done)| *done == Done::Created), "{done:?}");
        assert_eq!(setup::require(&mut caller, &streams()).await.unwrap(), vec![]);

        let mut found: Value = caller.api("STREAM.INFO.OUT", "").await.unwrap();
        let mut config = found["config"].take();
        config["discard"] = json!("old");
        config["allow_atomic"] = json!(false);
        ask(&mut caller, "STREAM.UPDATE.OUT", config.to_string()).await;
        let list = setup::check(&mut caller, &streams()).await.unwrap();
        let names: Vec<&str> = list.iter().map(|deviation| deviation.setting).collect();
        assert_eq!(names, ["discard", "allow_atomic"]);
        assert!(list.iter().all(|d| d.severity == Severity::Breaks && d.changeable));
        let unfit = setup::require(&mut caller, &streams()).await.unwrap_err();
        assert!(matches!(unfit, EdgeError::StreamUnfit { count: 2, .. }), "{unfit}");

        let left = setup::init(&mut caller, &streams(), false).await.unwrap();
        assert!(matches!(&left[1].1, Done::Left(list) if list.len() == 2), "{left:?}");
        let repaired = setup::init(&mut caller, &streams(), true).await.unwrap();
        assert_eq!(repaired[0].1, Done::Fits);
        assert!(matches!(&repaired[1].1, Done::Repaired(list) if list.len() == 2), "{repaired:?}");
        assert_eq!(setup::require(&mut caller, &streams()).await.unwrap(), vec![]);
    });
}

#[test]
fn an_old_server_is_refused_with_its_version() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let old = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let info = r#"INFO {"server_id":"X","server_name":"old","version":"2.9.10","proto":1,"headers":true,"jetstream":true,"max_payload":1048576}"#;
        write!(stream, "{info}\r\n").unwrap();
        let mut buffer = [0; 4096];
        // Ends: when the client hangs up.
        while let Ok(size @ 1..) = stream.read(&mut buffer) {
            if buffer[..size].windows(4).any(|window| window == b"PING") {
                stream.write_all(b"PONG\r\n").unwrap();
            }
        }
    });
    let error = block_on(async {
        Connection::open(&connection_options(&format!("nats://{address}"))).await.unwrap_err()
    });
    assert_eq!(
        error.to_string(),
        "nats-server \"old\" is version 2.9.10; crossdock needs 2.14.5 or newer"
    );
    assert!(error.hint().starts_with("Update nats-server"));
    old.join().unwrap();
}

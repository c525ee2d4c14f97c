//! One server, or three that are one cluster, each behind a proxy of its own.
//!
//! # Place
//! What a chaos run strikes at.
//! # Method
//! The servers of a cluster name each other by ports that were free a moment before. They sync before they
//! acknowledge and tell clients nothing of each other, so that engines stay behind the proxies. Kills go round:
//! a server that was killed is started again at once, and has to catch up while the next one is.
//! # Holds
//! - No more than one server is down at a time.

use crate::nats::NatsServer;
use crate::proxy::Proxy;
use serde_json::Value;
use std::net::TcpListener;
use std::time::Duration;
use tokio::time::timeout;

/// Servers of a cluster.
const CLUSTER: usize = 3;

/// A leader that is asked to step down may be gone just then.
const STEP_DOWN_WAIT: Duration = Duration::from_secs(2);

/// The servers of a run.
pub(super) struct Servers {
    nodes: Vec<(NatsServer, Proxy)>,
    struck: usize,
}

impl Servers {
    /// `None` where the environment says to leave servers out.
    pub(super) fn start(is_cluster: bool) -> Option<Self> {
        let servers = if is_cluster { cluster()? } else { vec![NatsServer::start("chaos")?] };
        let behind = |server: NatsServer| {
            let proxy = Proxy::start(server.port());
            (server, proxy)
        };
        Some(Self { nodes: servers.into_iter().map(behind).collect(), struck: 0 })
    }

    /// Copies of a stream.
    pub(super) fn replicas(&self) -> usize {
        self.nodes.len()
    }

    /// All of them, with commas between.
    pub(super) fn url(&self) -> String {
        self.nodes.iter().map(|(server, _)| server.url()).collect::<Vec<_>>().join(",")
    }

    /// The first of them: enough while nothing strikes.
    pub(super) fn first_url(&self) -> String {
        self.nodes[0].0.url()
    }

    /// All of them through their proxies.
    pub(super) fn proxied_url(&self) -> String {
        self.nodes.iter().map(|(_, proxy)| proxy.url()).collect::<Vec<_>>().join(",")
    }

    /// Kills the next one and starts it again.
    pub(super) fn kill(&mut self) {
        self.struck = (self.struck + 1) % self.nodes.len();
        self.nodes[self.struck].0.restart();
    }

    pub(super) fn cut(&self) {
        self.nodes.iter().for_each(|(_, proxy)| proxy.cut());
    }

    pub(super) fn lose_acks(&self, count: u32) {
        self.nodes.iter().for_each(|(_, proxy)| proxy.lose_acks(count));
    }

    pub(super) fn lost(&self) -> u64 {
        self.nodes.iter().map(|(_, proxy)| proxy.lost()).sum()
    }

    /// The leader of a stream gives way to another server; true where it did.
    pub(super) async fn step_down(&self, stream: &str) -> bool {
        let url = self.url();
        let servers: Vec<&str> = url.split(',').collect();
        let asked = async {
            let client = async_nats::connect(&servers[..]).await.ok()?;
            let subject = format!("$JS.API.STREAM.LEADER.STEPDOWN.{stream}");
            let answer = client.request(subject, "".into()).await.ok()?;
            let answer: Value = serde_json::from_slice(&answer.payload).ok()?;
            answer["success"].as_bool()
        };
        timeout(STEP_DOWN_WAIT, asked).await.ok().flatten() == Some(true)
    }
}

fn cluster() -> Option<Vec<NatsServer>> {
    // All are held until the last is known, so that no two are the same.
    let held: Vec<TcpListener> =
        (0..CLUSTER).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    let port = |it: &TcpListener| it.local_addr().expect("an address").port();
    let ports: Vec<u16> = held.iter().map(port).collect();
    drop(held);
    let routes: Vec<String> =
        ports.iter().map(|port| format!("\"nats://127.0.0.1:{port}\"")).collect();
    let routes = routes.join(", ");
    let mut servers = Vec::new();
    for (number, port) in ports.iter().enumerate() {
        let settings = format!(
            "cluster {{ name: chaos, listen: \"127.0.0.1:{port}\", no_advertise: true, \
             routes: [{routes}] }}"
        );
        let name = format!("chaos-{number}");
        servers.push(NatsServer::start_with(&name, "sync_interval: always", &settings)?);
    }
    Some(servers)
}

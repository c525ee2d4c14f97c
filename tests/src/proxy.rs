//! A TCP proxy that loses acknowledgements.
//!
//! # Place
//! Between an engine and a real server, where a test wants the worst moment for a cut.
//! # Method
//! Two threads per connection copy bytes. Armed, the next acknowledgement of a publish that comes
//! back from the server is thrown away and both sides are cut: the server has stored what it
//! acknowledged, the client does not know.
//! # Holds
//! One listening port, one server.
//! # Does not hold
//! Delays, corruption.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A running proxy; it ends with the process.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many acknowledgements to lose.
    armed: AtomicI64,
    lost: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Listens on a free port and forwards to the server on `port`.
    ///
    /// # Panics
    /// Where no port is free.
    #[must_use]
    pub fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // No server: the client is dropped and tries again.
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)) {
                    join(&client, &server, &shared);
                }
            }
        });
        Self { address, state }
    }

    /// `nats://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Loses the next `count` acknowledgements, each with its connection.
    pub fn lose_acks(&self, count: u32) {
        self.state.armed.store(i64::from(count), Ordering::SeqCst);
    }

    /// Cuts every connection.
    pub fn cut(&self) {
        let open = self.state.open.lock().map(|mut open| std::mem::take(&mut *open));
        for stream in open.unwrap_or_default() {
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// How many were lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.state.lost.load(Ordering::SeqCst)
    }
}

fn join(client: &TcpStream, server: &TcpStream, state: &Arc<State>) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a second handle");
    drop(client.set_nodelay(true));
    drop(server.set_nodelay(true));
    if let Ok(mut open) = state.open.lock() {
        open.retain(|stream| stream.peer_addr().is_ok());
        open.extend([clone(client), clone(server)]);
    }
    let (from, to) = (clone(client), clone(server));
    std::thread::spawn(move || copy(from, to, |_| false));
    let (from, to, state) = (clone(server), clone(client), Arc::clone(state));
    // An acknowledgement may come in two reads.
    let mut seen = Vec::new();
    std::thread::spawn(move || {
        copy(from, to, |bytes| {
            seen.extend_from_slice(bytes);
            let takes = state.takes(&seen);
            seen.drain(..seen.len().saturating_sub(ACK.len() - 1));
            takes
        });
    });
}

/// How an acknowledgement begins.
const ACK: &[u8] = b"{\"stream\":";

impl State {
    /// Whether these bytes hold an acknowledgement that is to be lost.
    fn takes(&self, bytes: &[u8]) -> bool {
        let is_ack = bytes.windows(ACK.len()).any(|window| window == ACK);
        if !is_ack || self.armed.load(Ordering::SeqCst) <= 0 {
            return false;
        }
        self.armed.fetch_sub(1, Ordering::SeqCst);
        self.lost.fetch_add(1, Ordering::SeqCst);
        true
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, mut cut: impl FnMut(&[u8]) -> bool) {
    let mut buffer = vec![0; 64 * 1024];
    // Ends: with either side, or with the cut.
    while let Ok(size) = from.read(&mut buffer) {
        if size == 0 || cut(&buffer[..size]) || to.write_all(&buffer[..size]).is_err() {
            break;
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}

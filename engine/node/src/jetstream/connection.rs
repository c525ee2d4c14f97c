//! One connection to a NATS server that is new enough.
//!
//! # Place
//! Under the reader, the committer, the lease and the set-up; each has its own connection, so that
//! a flood of input never stands before an ack.
//! # Method
//! async-nats reconnects by itself, without end, at a pace of our own; what happened is kept in a
//! watch cell ([`Link`]) that the tasks wait on. Acks are never trusted to survive a reconnect.
//! # Holds
//! Addresses, secrets, the version check, the state of the link.
//! # Does not hold
//! Requests (`call`), streams (`setup`).

use crate::error::EdgeError;
use crate::jetstream::version::{SERVER_VERSION_MIN, SERVER_VERSION_MIN_TEXT, ServerVersion};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;

/// How we prove who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// A `.creds` file: a JWT and its nkey seed.
    CredentialsFile(PathBuf),
    /// A file that holds an nkey seed (`SU...`).
    NkeySeedFile(PathBuf),
    /// A file that holds a token.
    TokenFile(PathBuf),
    /// A name, and a file that holds the password.
    User {
        /// The name.
        name: String,
        /// The file with the password.
        password_file: PathBuf,
    },
}

/// Transport security.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Refuse a server without TLS.
    pub required: bool,
    /// Start TLS before the server's greeting (`handshake_first`).
    pub first: bool,
    /// A file of root certificates (PEM) beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and its key (PEM).
    pub client: Option<(PathBuf, PathBuf)>,
}

/// What a connection is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionOptions {
    /// `nats://host:port`, several for a cluster.
    pub servers: Vec<String>,
    /// What the server shows this client as.
    pub name: String,
    /// Who we are.
    pub auth: Auth,
    /// Transport security.
    pub tls: Tls,
    /// How long one connect may take.
    pub connect_timeout: Duration,
    /// The longest pause between two attempts to reconnect.
    pub reconnect_delay_max: Duration,
    /// After this much silence a PING is sent.
    pub ping_interval: Duration,
    /// The root of reply subjects; a permission per user may need its own.
    pub inbox_prefix: String,
    /// How many messages a subscription holds before the client drops: at least twice what two
    /// pulls ask for. A drop is seen as a gap and costs a new consumer.
    pub subscription_capacity: usize,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self {
            servers: vec!["nats://127.0.0.1:4222".to_owned()],
            name: "crossdock".to_owned(),
            auth: Auth::None,
            tls: Tls::default(),
            connect_timeout: Duration::from_secs(5),
            reconnect_delay_max: Duration::from_secs(2),
            ping_interval: Duration::from_secs(10),
            inbox_prefix: "_INBOX".to_owned(),
            subscription_capacity: 65_536,
        }
    }
}

/// The state of the link. A change of any field wakes those who wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// How often the connection was made, from 1.
    pub generation: u64,
    /// Whether it stands.
    pub connected: bool,
    /// Messages the client dropped because a subscription was full.
    pub dropped: u64,
}

/// An open connection.
#[derive(Clone, Debug)]
pub struct Connection {
    client: Client,
    link: watch::Receiver<Link>,
}

impl Connection {
    /// Connects and refuses a server that is too old.
    ///
    /// # Errors
    /// [`EdgeError::Connect`], [`EdgeError::Credentials`], [`EdgeError::SecretFile`],
    /// [`EdgeError::ServerTooOld`].
    pub async fn open(options: &ConnectionOptions) -> Result<Self, EdgeError> {
        assert!(!options.servers.is_empty());
        let (link_set, link) = watch::channel(Link::default());
        let servers = options.servers.join(",");
        let builder = builder(options).await?.event_callback(move |event| {
            link_set.send_modify(|link| observe(link, &event));
            if let Event::ServerError(error) = &event {
                tracing::warn!(%error, "nats server error");
            }
            std::future::ready(())
        });
        let client = match builder.connect(options.servers.clone()).await {
            Ok(client) => client,
            Err(error) => return Err(connect_error(servers, &error)),
        };
        let connection = Self { client, link };
        connection.check_server()?;
        // The client tells of this connection a moment later; a request that was sent before would
        // take that for a reconnect.
        let told = tokio::time::timeout(options.connect_timeout, connection.connected()).await;
        if told.is_err() {
            let detail = "connected, and cut again".to_owned();
            return Err(EdgeError::Connect { servers, detail });
        }
        Ok(connection)
    }

    /// Looks at the server's greeting again; a rolling restart may have brought an older one.
    ///
    /// # Errors
    /// [`EdgeError::ServerTooOld`].
    pub fn check_server(&self) -> Result<(), EdgeError> {
        let info = self.client.server_info();
        let server = if info.server_name.is_empty() { info.server_id } else { info.server_name };
        if ServerVersion::parse(&info.version).is_none_or(|found| found < SERVER_VERSION_MIN) {
            let needed = SERVER_VERSION_MIN_TEXT;
            return Err(EdgeError::ServerTooOld { server, found: info.version, needed });
        }
        Ok(())
    }

    /// The client, for those who publish and subscribe.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The state of the link now.
    #[must_use]
    pub fn link(&self) -> Link {
        *self.link.borrow()
    }

    /// A view of the link to wait on.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }

    /// Waits until the link stands.
    pub async fn connected(&self) {
        let mut link = self.link.clone();
        // Ends: with the connection, or when the client is dropped; both are fine to go on from,
        // the next request then says what is wrong.
        if link.wait_for(|link| link.connected).await.is_err() {
            tracing::debug!("the nats client ended while we waited for it");
        }
    }

    /// Drops and remakes the link, so that nothing half-sent or half-awaited is left of an outage.
    pub async fn recycle(&self) {
        if let Err(error) = self.client.force_reconnect().await {
            tracing::warn!(%error, "nats connection could not be recycled");
        }
    }

    /// The server's name and version, for people.
    #[must_use]
    pub fn server_label(&self) -> String {
        let info = self.client.server_info();
        format!("{} {}", info.server_name, info.version)
    }
}

/// Takes one event of the client into the state of the link.
fn observe(link: &mut Link, event: &Event) {
    match event {
        Event::Connected => {
            link.generation += 1;
            link.connected = true;
        }
        Event::Disconnected | Event::Closed => link.connected = false,
        Event::SlowConsumer(_) => link.dropped += 1,
        Event::LameDuckMode | Event::Draining | Event::ServerError(_) | Event::ClientError(_) => {}
    }
}

/// Everything but the address.
async fn builder(options: &ConnectionOptions) -> Result<ConnectOptions, EdgeError> {
    let delay_max = options.reconnect_delay_max;
    let mut builder = ConnectOptions::new()
        .name(&options.name)
        .connection_timeout(options.connect_timeout)
        .ping_interval(options.ping_interval)
        .custom_inbox_prefix(&options.inbox_prefix)
        .subscription_capacity(options.subscription_capacity)
        .reconnect_delay_callback(move |attempt| reconnect_delay(attempt, delay_max))
        .require_tls(options.tls.required);
    if options.tls.first {
        builder = builder.tls_first();
    }
    if let Some(path) = &options.tls.ca_file {
        readable("root certificates file", path)?;
        builder = builder.add_root_certificates(path.clone());
    }
    if let Some((certificate, key)) = &options.tls.client {
        readable("client certificate file", certificate)?;
        readable("client key file", key)?;
        builder = builder.add_client_certificate(certificate.clone(), key.clone());
    }
    match &options.auth {
        Auth::None => Ok(builder),
        Auth::CredentialsFile(path) => {
            let what = "credentials file";
            builder.credentials_file(path).await.map_err(|error| secret(what, path, &error))
        }
        Auth::NkeySeedFile(path) => Ok(builder.nkey(readable("nkey seed file", path)?)),
        Auth::TokenFile(path) => Ok(builder.token(readable("token file", path)?)),
        Auth::User { name, password_file } => {
            let password = readable("password file", password_file)?;
            Ok(builder.user_and_password(name.clone(), password))
        }
    }
}

/// 50 ms, then twice as long each time, up to the configured ceiling.
fn reconnect_delay(attempt: usize, delay_max: Duration) -> Duration {
    let doublings = u32::try_from(attempt.min(16)).unwrap_or(16).saturating_sub(1);
    Duration::from_millis(50).saturating_mul(1 << doublings).min(delay_max)
}

fn readable(what: &'static str, path: &Path) -> Result<String, EdgeError> {
    let text = std::fs::read_to_string(path).map_err(|error| secret(what, path, &error))?;
    Ok(text.trim().to_owned())
}

fn secret(what: &'static str, path: &Path, error: &std::io::Error) -> EdgeError {
    EdgeError::SecretFile { what, path: path.to_owned(), detail: error.to_string() }
}

fn connect_error(servers: String, error: &async_nats::ConnectError) -> EdgeError {
    let detail = error.to_string();
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            EdgeError::Credentials { servers, detail }
        }
        ConnectErrorKind::ServerParse
        | ConnectErrorKind::Dns
        | ConnectErrorKind::TimedOut
        | ConnectErrorKind::Tls
        | ConnectErrorKind::Io
        | ConnectErrorKind::MaxReconnects => EdgeError::Connect { servers, detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reconnecting_slows_down_to_its_ceiling() {
        let delay = |attempt| reconnect_delay(attempt, Duration::from_secs(2)).as_millis();
        assert_eq!([0, 1, 2, 3, 6, 7, 100].map(delay), [50, 50, 100, 200, 1600, 2000, 2000]);
    }

    #[test]
    fn a_link_counts_its_connections() {
        let mut link = Link::default();
        for event in [Event::Connected, Event::Disconnected, Event::SlowConsumer(3)] {
            observe(&mut link, &event);
        }
        assert_eq!(link, Link { generation: 1, connected: false, dropped: 1 });
    }
}

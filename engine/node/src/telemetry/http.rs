//! `/metrics`, `/healthz` and `/readyz` over HTTP.
//!
//! # Place
//! A thread of its own, on loopback unless configured otherwise: it has no authentication.
//! # Method
//! hyper on a single-threaded runtime; at most [`CONNECTIONS_MAX`] at a time and
//! [`CONNECTION_SECONDS_MAX`] each, so that a scraper that hangs costs nothing.
//! # Holds
//! Three paths, GET and HEAD.
//! # Does not hold
//! What is told (`openmetrics`), whether we are ready ([`Telemetry::ready`]).

use crate::error::EdgeError;
use crate::telemetry::{Telemetry, openmetrics};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// Connections at a time; more wait.
pub const CONNECTIONS_MAX: usize = 32;
/// How long one connection may live.
pub const CONNECTION_SECONDS_MAX: u64 = 30;

/// A bound server; it answers once [`Server::run`] is given a thread.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    telemetry: Arc<Telemetry>,
    stop: watch::Sender<bool>,
}

/// Ends a running server.
#[derive(Clone, Debug)]
pub struct Stop {
    stop: watch::Sender<bool>,
}

impl Stop {
    /// Ends it; open connections are dropped.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

impl Server {
    /// Binds the address; port 0 takes a free one.
    ///
    /// # Errors
    /// [`EdgeError::Runtime`] where the address can't be had.
    pub fn bind(address: SocketAddr, telemetry: Arc<Telemetry>) -> Result<Self, EdgeError> {
        let bound = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        let listener = bound.map_err(|error| EdgeError::Runtime {
            detail: format!("telemetry.listen \"{address}\" can't be had: {error}"),
        })?;
        Ok(Self { listener, telemetry, stop: watch::Sender::new(false) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// [`EdgeError::Runtime`] where the system can't say.
    pub fn address(&self) -> Result<SocketAddr, EdgeError> {
        let address = self.listener.local_addr();
        address.map_err(|error| EdgeError::Runtime { detail: error.to_string() })
    }

    /// What ends it.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop { stop: self.stop.clone() }
    }

    /// Answers on this thread until it is stopped.
    ///
    /// # Errors
    /// [`EdgeError::Runtime`] where no runtime can be had.
    pub fn run(self) -> Result<(), EdgeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| EdgeError::Runtime { detail: error.to_string() })?;
        runtime.block_on(self.serve())
    }

    async fn serve(self) -> Result<(), EdgeError> {
        let Self { listener, telemetry, stop } = self;
        let listener = tokio::net::TcpListener::from_std(listener)
            .map_err(|error| EdgeError::Runtime { detail: error.to_string() })?;
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut stopped = stop.subscribe();
        // Ends: when stopped.
        loop {
            let permit = Arc::clone(&permits).acquire_owned().await;
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
            };
            let Ok((stream, _)) = accepted else {
                // Out of file descriptors, or the peer is gone: a pause keeps this from spinning.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let telemetry = Arc::clone(&telemetry);
            drop(tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let response = respond(request.method(), request.uri().path(), &telemetry);
                    std::future::ready(Ok::<_, Infallible>(response))
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                let limit = Duration::from_secs(CONNECTION_SECONDS_MAX);
                if let Ok(Err(error)) = tokio::time::timeout(limit, connection).await {
                    tracing::debug!(%error, "telemetry connection ended");
                }
                drop(permit);
            }));
        }
    }
}

fn respond(method: &Method, path: &str, telemetry: &Telemetry) -> Response<Full<Bytes>> {
    const TEXT: &str = "text/plain; charset=utf-8";
    if method != Method::GET && method != Method::HEAD {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match path {
        "/metrics" => {
            text(StatusCode::OK, openmetrics::CONTENT_TYPE, openmetrics::render(telemetry))
        }
        "/healthz" => text(StatusCode::OK, TEXT, "ok\n"),
        "/readyz" if telemetry.ready() => text(StatusCode::OK, TEXT, "ready\n"),
        "/readyz" => text(
            StatusCode::SERVICE_UNAVAILABLE,
            TEXT,
            "not ready: recovering, or not the owner of the group\n",
        ),
        _ => text(StatusCode::NOT_FOUND, TEXT, "there is /metrics, /healthz and /readyz\n"),
    }
}

fn text(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn three_paths_are_answered_and_the_server_stops() {
        let telemetry = Telemetry::new();
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(loopback, Arc::clone(&telemetry)).unwrap();
        let (address, stop) = (server.address().unwrap(), server.stop());
        let thread = std::thread::spawn(move || server.run());
        let check = |request: &str, status: &str, body: &str| {
            let answer = ask(address, request);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
            assert!(answer.ends_with(body), "{request}: {answer}");
        };
        check("GET /healthz", "200", "ok\n");
        check("GET /readyz", "503", "group\n");
        telemetry.set_ready(true);
        check("GET /readyz", "200", "ready\n");
        check("GET /metrics", "200", "# EOF\n");
        check("HEAD /metrics", "200", "\r\n\r\n");
        check("POST /metrics", "405", "HEAD\n");
        check("GET /", "404", "/readyz\n");
        let taken = Server::bind(address, telemetry).unwrap_err();
        assert!(taken.to_string().contains("can't be had"), "{taken}");
        stop.stop();
        thread.join().unwrap().unwrap();
    }
}

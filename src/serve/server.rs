//! The HTTP server: a few threads that answer from memory, behind the guard.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use tiny_http::{Header, Request, Response, StatusCode};

use super::respond::{Answer, Question, answer};
use super::{Shown, guard};

/// Threads that answer.
const WORKERS: usize = 4;

/// A server that runs until the process ends.
pub(super) struct Server {
    address: SocketAddr,
}

impl Server {
    /// Listens, and answers from what is shown.
    pub(super) fn bind(address: SocketAddr, shown: &Arc<Shown>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let private = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
        let inner = private.local_addr()?;
        let server = tiny_http::Server::from_listener(private, None).map_err(io::Error::other)?;
        let server = Arc::new(server);
        let hosts = Arc::new(names(address));
        for _ in 0..WORKERS {
            let (server, shown, hosts) = (Arc::clone(&server), Arc::clone(shown), Arc::clone(&hosts));
            thread::Builder::new().name("answer".to_owned()).spawn(move || {
                loop {
                    // An accept error must not end the server.
                    if let Ok(request) = server.recv() {
                        respond(request, &shown, &hosts);
                    }
                }
            })?;
        }
        guard::stand(listener, inner)?;
        Ok(Self { address })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The names under which we may be addressed.
fn names(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let mut names = vec![address.to_string()];
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        names.extend([
            format!("localhost:{port}"),
            format!("127.0.0.1:{port}"),
            format!("[::1]:{port}"),
        ]);
    }
    names
}

fn respond(request: Request, shown: &Shown, hosts: &[String]) {
    let header = |name: &'static str| {
        request
            .headers()
            .iter()
            .find(|header| header.field.equiv(name))
            .map(|header| header.value.as_str().to_owned())
    };
    let (host, origin, known) = (header("Host"), header("Origin"), header("If-None-Match"));
    let method = request.method().to_string();
    let target = request.url().to_owned();
    let question = Question {
        method: &method,
        target: &target,
        host: host.as_deref(),
        origin: origin.as_deref(),
        if_none_match: known.as_deref(),
    };
    let Answer {
        status,
        headers,
        body,
    } = answer(&question, shown.get().as_deref(), hosts);
    let mut response = Response::from_data(body.to_vec()).with_status_code(StatusCode(status));
    for (name, value) in headers {
        if let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes()) {
            response.add_header(header);
        }
    }
    // A reader that went away is no failure of ours.
    let _ = request.respond(response);
}

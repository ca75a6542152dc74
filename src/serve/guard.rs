//! The guard at the door: takes connections, bounds them, and hands one clean request each on to the server behind.
//!
//! The server behind keeps a thread for every open connection, has no limit on heads and no timeouts, and may leave a
//! kept connection waiting. So every connection carries one request here: its head is read within limits, only `GET` and
//! `HEAD` without a body pass, and `Connection: close` goes with them.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Connections at a time; more are closed at once.
const MAX_CONNECTIONS: usize = 64;
/// Bytes of a request's head.
const MAX_HEAD: usize = 16 << 10;
/// Headers of a request.
const MAX_HEADERS: usize = 100;
/// Time for a whole head.
const HEAD_TIME: Duration = Duration::from_secs(3);
/// Time for one read or write of an answer.
const STALL: Duration = Duration::from_secs(30);

/// Takes connections for ever, in a thread of its own.
pub(super) fn stand(listener: TcpListener, inner: SocketAddr) -> io::Result<()> {
    let open = Arc::new(AtomicUsize::new(0));
    thread::Builder::new().name("guard".to_owned()).spawn(move || {
        loop {
            let Ok((stream, _)) = listener.accept() else {
                // Out of descriptors, most likely: they come back when other connections end.
                thread::sleep(Duration::from_millis(50));
                continue;
            };
            if open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
                open.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let leave = Leave(Arc::clone(&open));
            // A thread that cannot be made drops its connection, and the count with it.
            let _ = thread::Builder::new()
                .name("connection".to_owned())
                .spawn(move || {
                    let _leave = leave;
                    // A reader that breaks off is no failure of ours.
                    let _ = pass(stream, inner);
                });
        }
    })?;
    Ok(())
}

/// Counts a connection out, however it ends.
struct Leave(Arc<AtomicUsize>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn pass(mut client: TcpStream, inner: SocketAddr) -> io::Result<()> {
    client.set_nodelay(true)?;
    client.set_write_timeout(Some(STALL))?;
    let Some(head) = read_head(&mut client)? else {
        return Ok(());
    };
    let request = match check(&head) {
        Ok(request) => request,
        Err(answer) => {
            let text = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return client.write_all(text.as_bytes());
        }
    };
    let mut server = TcpStream::connect(inner)?;
    server.set_read_timeout(Some(STALL))?;
    server.write_all(request.as_bytes())?;
    io::copy(&mut server, &mut client)?;
    Ok(())
}

/// Reads up to the empty line; `None` if the reader leaves before. A head that is too long or slow ends in an error.
fn read_head(client: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let started = Instant::now();
    let mut head = Vec::new();
    let mut buffer = [0; 2048];
    loop {
        let left = HEAD_TIME.saturating_sub(started.elapsed());
        if left.is_zero() || head.len() > MAX_HEAD {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
        client.set_read_timeout(Some(left))?;
        let read = client.read(&mut buffer)?;
        if read == 0 {
            return Ok(None);
        }
        head.extend_from_slice(&buffer[..read]);
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Ok(Some(head));
        }
    }
}

/// The request as it is handed on, or the status that refuses it.
fn check(head: &[u8]) -> Result<String, &'static str> {
    const BAD: &str = "400 Bad Request";
    let text = std::str::from_utf8(head).map_err(|_| BAD)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(BAD)?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let words: Vec<&str> = first.split(' ').collect();
    let [method, target, version] = words[..] else {
        return Err(BAD);
    };
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") || !target.starts_with('/') {
        return Err(BAD);
    }
    if !matches!(method, "GET" | "HEAD") {
        return Err("405 Method Not Allowed");
    }
    let mut request = format!("{method} {target} HTTP/1.1\r\n");
    let mut hosts = 0;
    for (at, line) in lines.enumerate() {
        let (name, value) = line.split_once(':').ok_or(BAD)?;
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if at >= MAX_HEADERS
            || name.is_empty()
            || !name.chars().all(token)
            || value.contains(['\r', '\n', '\0'])
        {
            return Err(BAD);
        }
        match name.to_ascii_lowercase().as_str() {
            "content-length" if value.trim() != "0" => return Err("413 Content Too Large"),
            "transfer-encoding" | "expect" => return Err(BAD),
            "connection" | "upgrade" | "content-length" => continue,
            "host" => hosts += 1,
            _ => {}
        }
        request.push_str(line);
        request.push_str("\r\n");
    }
    if hosts != 1 || !body.is_empty() {
        return Err(BAD);
    }
    request.push_str("Connection: close\r\n\r\n");
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_clean_request_is_handed_on_once() {
        let request = check(b"GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nAccept: */*\r\n\r\n");
        assert_eq!(
            request.as_deref(),
            Ok("GET /a?b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nConnection: close\r\n\r\n")
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for (head, status) in [
            ("POST / HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000000000\r\n\r\n",
                "413",
            ),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                "400",
            ),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\n\r\n", "400"),
            ("GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n", "400"),
            ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHo st: x\r\n\r\n", "400"),
        ] {
            let refused = check(head.as_bytes()).err().unwrap_or_default();
            assert!(refused.starts_with(status), "{head:?}: {refused}");
        }
    }
}

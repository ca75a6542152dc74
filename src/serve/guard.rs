//! The guard at the door: takes connections, bounds them, and hands one clean request each on to the server behind.
//!
//! The server behind keeps a thread for every open connection, has no limit on heads and no timeouts, and may leave a
//! kept connection waiting. So every connection carries one request here: its head is read within limits, only `GET` and
//! `HEAD` without a body pass, and `Connection: close` goes with them. The one `POST` that passes accepts a snippet's
//! output: at one path, small, from a page of ours on this machine, with the session's token.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::inner::Inner;

/// Connections at a time; more are closed at once.
const MAX_CONNECTIONS: usize = 64;
/// Bytes of a request's head.
const MAX_HEAD: usize = 16 << 10;
/// Headers of a request.
const MAX_HEADERS: usize = 100;
/// Bytes of the one body that is taken.
const MAX_BODY: usize = 4 << 10;
/// Time for a whole head, and for a body after it.
const HEAD_TIME: Duration = Duration::from_secs(3);
/// Time for one read or write of an answer.
const STALL: Duration = Duration::from_secs(30);
/// The one path that may be posted to.
pub(super) const ACCEPT: &str = "/.proofbook/accept";
/// The header that holds the session's token.
pub(super) const TOKEN: &str = "x-proofbook-token";
/// The header by which the server behind knows that a request came through here.
pub(super) const PASSED: &str = "X-Proofbook-Passed";
/// The header that says whether the connection comes from this machine.
pub(super) const PEER: &str = "X-Proofbook-Peer";

/// What the guard knows.
#[derive(Debug)]
pub(super) struct Door {
    /// The names under which we may be addressed, with the port.
    pub(super) hosts: Vec<String>,
    /// What a page must send to change anything.
    pub(super) token: String,
    /// What the server behind knows us by.
    pub(super) secret: String,
}

impl Door {
    /// Whether a `Host` is ours.
    pub(super) fn knows(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    /// Whether an `Origin` is a page that we served to a browser on this machine.
    fn is_here(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| {
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            let loopback = name.eq_ignore_ascii_case("localhost")
                || name
                    .trim_matches(['[', ']'])
                    .parse::<IpAddr>()
                    .is_ok_and(|ip| ip.is_loopback());
            loopback && self.knows(host)
        })
    }
}

/// Takes connections in a thread of its own until `stop` is set and one more comes.
pub(super) fn stand(
    listener: TcpListener,
    inner: Inner,
    door: Arc<Door>,
    stop: Arc<AtomicBool>,
) -> io::Result<()> {
    let open = Arc::new(AtomicUsize::new(0));
    let inner = Arc::new(inner);
    thread::Builder::new().name("guard".to_owned()).spawn(move || {
        loop {
            let accepted = listener.accept();
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let Ok((stream, peer)) = accepted else {
                // Out of descriptors, most likely: they come back when other connections end.
                thread::sleep(Duration::from_millis(50));
                continue;
            };
            if open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
                open.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let leave = Leave(Arc::clone(&open));
            let (inner, door) = (Arc::clone(&inner), Arc::clone(&door));
            // A thread that cannot be made drops its connection, and the count with it.
            let _ = thread::Builder::new()
                .name("connection".to_owned())
                .spawn(move || {
                    let _leave = leave;
                    // A reader that breaks off is no failure of ours.
                    let _ = pass(stream, peer, &inner, &door);
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

fn pass(mut client: TcpStream, peer: SocketAddr, inner: &Inner, door: &Door) -> io::Result<()> {
    client.set_nodelay(true)?;
    client.set_write_timeout(Some(STALL))?;
    let Some((head, mut rest)) = read_head(&mut client)? else {
        return Ok(());
    };
    let passed = match check(&head, peer.ip().to_canonical().is_loopback(), door) {
        Ok(passed) if rest.len() <= passed.body => passed,
        Ok(_) => return refuse(&mut client, BAD),
        Err(answer) => return refuse(&mut client, answer),
    };
    read_body(&mut client, &mut rest, passed.body)?;
    let mut server = inner.connect()?;
    server.set_read_timeout(STALL)?;
    server.write_all(passed.head.as_bytes())?;
    server.write_all(&rest)?;
    io::copy(&mut server, &mut client)?;
    Ok(())
}

fn refuse(client: &mut TcpStream, answer: &str) -> io::Result<()> {
    let allow = if answer.starts_with("405") {
        "Allow: GET, HEAD\r\n"
    } else {
        ""
    };
    let text = format!(
        "HTTP/1.1 {answer}\r\n{allow}X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n\
         Content-Security-Policy: default-src 'none'\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    client.write_all(text.as_bytes())?;
    client.shutdown(std::net::Shutdown::Write)?;
    // What was sent and not read would reset the connection, and the answer with it.
    client.set_read_timeout(Some(Duration::from_millis(200)))?;
    let mut waste = [0; 4096];
    for _ in 0..16 {
        if client.read(&mut waste)? == 0 {
            break;
        }
    }
    Ok(())
}

/// Reads up to the empty line, and gives what came after it too; `None` if the reader leaves before. A head that is too
/// long or slow ends in an error.
fn read_head(client: &mut TcpStream) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let started = Instant::now();
    let mut head = Vec::new();
    let mut buffer = [0; 2048];
    loop {
        let left = HEAD_TIME.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
        client.set_read_timeout(Some(left))?;
        let read = client.read(&mut buffer)?;
        if read == 0 {
            return Ok(None);
        }
        let seen = head.len().saturating_sub(3);
        head.extend_from_slice(&buffer[..read]);
        if let Some(at) = head[seen..].windows(4).position(|end| end == b"\r\n\r\n") {
            let rest = head.split_off(seen + at + 4);
            if head.len() <= MAX_HEAD {
                return Ok(Some((head, rest)));
            }
        }
        if head.len() > MAX_HEAD {
            refuse(client, "431 Request Header Fields Too Large")?;
            return Ok(None);
        }
    }
}

/// Reads the rest of a body of a known, small length.
fn read_body(client: &mut TcpStream, body: &mut Vec<u8>, length: usize) -> io::Result<()> {
    let started = Instant::now();
    let mut buffer = [0; 1024];
    while body.len() < length {
        let left = HEAD_TIME.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
        client.set_read_timeout(Some(left))?;
        let most = buffer.len().min(length - body.len());
        let read = client.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        body.extend_from_slice(&buffer[..read]);
    }
    Ok(())
}

const BAD: &str = "400 Bad Request";

/// A request as it is handed on, and how long the body is that follows it.
#[derive(Debug, PartialEq, Eq)]
struct Passed {
    head: String,
    body: usize,
}

/// The request as it is handed on, or the status that refuses it.
fn check(head: &[u8], is_local: bool, door: &Door) -> Result<Passed, &'static str> {
    let text = std::str::from_utf8(head).map_err(|_| BAD)?;
    let head = text.strip_suffix("\r\n\r\n").ok_or(BAD)?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let words: Vec<&str> = first.split(' ').collect();
    let [method, target, version] = words[..] else {
        return Err(BAD);
    };
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0")
        || !target.starts_with('/')
        || target.chars().any(char::is_control)
    {
        return Err(BAD);
    }
    let accepts = method == "POST" && target == ACCEPT;
    if !accepts && !matches!(method, "GET" | "HEAD") {
        return Err("405 Method Not Allowed");
    }
    let mut request = format!("{method} {target} HTTP/1.1\r\n");
    let (mut host, mut origin, mut token, mut length, mut is_json) = (None, None, None, None, false);
    for (at, line) in lines.enumerate() {
        let (name, value) = line.split_once(':').ok_or(BAD)?;
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if at >= MAX_HEADERS
            || name.is_empty()
            || !name.chars().all(is_token)
            || value.contains(['\r', '\n', '\0'])
        {
            return Err(BAD);
        }
        let once = |place: &mut Option<String>| match place.replace(value.trim().to_owned()) {
            None => Ok(()),
            Some(_) => Err(BAD),
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => {
                once(&mut length)?;
                continue;
            }
            "transfer-encoding" | "expect" => return Err(BAD),
            "connection" | "upgrade" => continue,
            "host" => once(&mut host)?,
            "origin" => once(&mut origin)?,
            TOKEN => {
                once(&mut token)?;
                continue;
            }
            "content-type" => is_json = value.trim() == "application/json",
            // Ours alone to say.
            "x-proofbook-passed" | "x-proofbook-peer" => continue,
            _ => {}
        }
        request.push_str(line);
        request.push_str("\r\n");
    }
    if host.is_none() {
        return Err(BAD);
    }
    let length = length.unwrap_or_else(|| "0".to_owned());
    if !length.chars().all(|c| c.is_ascii_digit()) {
        return Err(BAD);
    }
    let body = length.parse().unwrap_or(usize::MAX);
    if accepts {
        if !is_local
            || !is_json
            || token.as_deref() != Some(door.token.as_str())
            || !origin.is_some_and(|origin| door.is_here(&origin))
            || !host.is_some_and(|host| door.knows(&host))
        {
            return Err("403 Forbidden");
        }
        if body > MAX_BODY {
            return Err("413 Content Too Large");
        }
        request.push_str(&format!("Content-Length: {body}\r\n"));
    } else if body > 0 {
        return Err("413 Content Too Large");
    }
    let peer = if is_local { "here" } else { "elsewhere" };
    request.push_str(&format!("{PEER}: {peer}\r\n{PASSED}: {}\r\n", door.secret));
    request.push_str("Connection: close\r\n\r\n");
    Ok(Passed { head: request, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        Door {
            hosts: vec!["127.0.0.1:3000".to_owned(), "192.0.2.1:3000".to_owned()],
            token: "t".to_owned(),
            secret: "s".to_owned(),
        }
    }

    #[test]
    fn a_clean_request_is_handed_on_once() {
        let request = check(
            b"GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nX-Proofbook-Passed: me\r\nAccept: */*\r\n\r\n",
            true,
            &door(),
        );
        let head = "GET /a?b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nX-Proofbook-Peer: here\r\nX-Proofbook-Passed: s\r\n\
                    Connection: close\r\n\r\n";
        assert_eq!(
            request,
            Ok(Passed {
                head: head.to_owned(),
                body: 0
            })
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for (head, status) in [
            ("POST / HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
            ("PUT /.proofbook/accept HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
            ("POST /.proofbook/accept?x HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000000000\r\n\r\n",
                "413",
            ),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
                "413",
            ),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                "400",
            ),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\n\r\n", "400"),
            ("GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
            ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHo st: x\r\n\r\n", "400"),
        ] {
            let refused = check(head.as_bytes(), true, &door()).err().unwrap_or_default();
            assert!(refused.starts_with(status), "{head:?}: {refused}");
        }
    }

    #[test]
    fn only_our_own_page_with_the_token_may_post() {
        let check = |changes: &[(&str, &str)], is_local: bool| {
            let mut headers = vec![
                ("Host", "127.0.0.1:3000"),
                ("Origin", "http://127.0.0.1:3000"),
                ("Content-Type", "application/json"),
                ("X-Proofbook-Token", "t"),
                ("Content-Length", "2"),
            ];
            for (name, value) in changes {
                headers.retain(|(known, _)| known != name);
                if !value.is_empty() {
                    headers.push((name, value));
                }
            }
            let mut head = format!("POST {ACCEPT} HTTP/1.1\r\n");
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("\r\n");
            check(head.as_bytes(), is_local, &door()).map(|passed| passed.body)
        };
        assert_eq!(check(&[], true), Ok(2));
        for (name, value) in [
            ("Host", "evil.example"),
            ("Origin", ""),
            ("Origin", "null"),
            ("Origin", "http://evil.example"),
            ("Origin", "http://127.0.0.1:3001"),
            ("Origin", "http://192.0.2.1:3000"),
            ("Origin", "https://127.0.0.1:3000"),
            ("Content-Type", "text/plain"),
            ("X-Proofbook-Token", ""),
            ("X-Proofbook-Token", "T"),
        ] {
            assert_eq!(
                check(&[(name, value)], true),
                Err("403 Forbidden"),
                "{name}: {value}"
            );
        }
        assert_eq!(check(&[], false), Err("403 Forbidden"));
        assert_eq!(
            check(&[("Content-Length", "4097")], true),
            Err("413 Content Too Large")
        );
    }
}

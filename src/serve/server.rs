//! The HTTP server behind the guard: answers from memory, and keeps a channel of events to every page that is looked at.

use std::io::{self, Cursor, Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tiny_http::{Header, Request, Response, StatusCode};

use super::guard::{self, ACCEPT, Door, PASSED, PEER};
use super::inner::Inner;
use super::page;
use super::respond::{self, Answer, EVENTS, Question, answer};
use super::shown::{Moment, News, Place, Shown};
use crate::error::Error;

/// How often a channel without news says that it lives. A reader that left is noticed at the second beat.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// A snippet's output that an author accepts.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Acceptance {
    /// The snippet.
    pub(super) slug: String,
    /// The hash of what the author saw, in hexadecimal digits.
    pub(super) observed: String,
}

/// Accepts an output, or says why not.
pub(super) type Accept = dyn Fn(&Acceptance) -> Result<(), String> + Send + Sync;

/// What the server is made of.
pub(super) struct Parts {
    /// The current moment.
    pub(super) shown: Arc<Shown>,
    /// What is done with an accepted output.
    pub(super) accept: Box<Accept>,
    /// Whether pages go to where the last edit shows.
    pub(super) follow: bool,
}

/// A server that runs until it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    shown: Arc<Shown>,
    behind: Arc<tiny_http::Server>,
}

struct Desk {
    door: Arc<Door>,
    parts: Parts,
}

impl Server {
    /// Listens, and answers from what is shown.
    pub(super) fn bind(address: SocketAddr, parts: Parts) -> Result<Self, Error> {
        let place = || address.to_string();
        let listener = TcpListener::bind(address).map_err(Error::io("listen on", place()))?;
        let make = |listener: TcpListener| {
            let address = listener.local_addr()?;
            let (inner, private) = Inner::listen(&random()?)?;
            let behind = tiny_http::Server::from_listener(private, None).map_err(io::Error::other)?;
            let behind = Arc::new(behind);
            // When it is dropped it looks for the file of its socket, and panics where there is none (tiny_http 0.12.0,
            // `impl Drop for Server`); so its accepting thread stays until the process ends.
            std::mem::forget(Arc::clone(&behind));
            let door = Arc::new(Door {
                hosts: names(address),
                token: random()?,
                secret: random()?,
            });
            let shown = Arc::clone(&parts.shown);
            let stop = Arc::new(AtomicBool::new(false));
            answer_all(
                Arc::clone(&behind),
                Arc::clone(&stop),
                Desk {
                    door: Arc::clone(&door),
                    parts,
                },
            )?;
            guard::stand(listener, inner, door, Arc::clone(&stop))?;
            Ok(Self {
                address,
                stop,
                shown,
                behind,
            })
        };
        make(listener).map_err(Error::io("serve on", place()))
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.shown.end();
        self.behind.unblock();
        // The guard waits for a connection: this one, which may as well fail.
        let ip = match self.address.ip() {
            ip if ip.is_unspecified() && ip.is_ipv4() => std::net::Ipv4Addr::LOCALHOST.into(),
            ip if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let _ = TcpStream::connect_timeout(
            &SocketAddr::new(ip, self.address.port()),
            Duration::from_millis(200),
        );
    }
}

/// 128 bits that nobody guesses, in hexadecimal digits.
fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
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

/// Answers every request in a thread of its own, so that a slow reader holds up nobody; the guard bounds their number.
fn answer_all(behind: Arc<tiny_http::Server>, stop: Arc<AtomicBool>, desk: Desk) -> io::Result<()> {
    let desk = Arc::new(desk);
    thread::Builder::new().name("answers".to_owned()).spawn(move || {
        loop {
            let request = behind.recv();
            if stop.load(Ordering::Relaxed) {
                break;
            }
            // An accept error must not end the server.
            let Ok(request) = request else { continue };
            let desk = Arc::clone(&desk);
            // A thread that cannot be made drops the request, which answers 500.
            let _ = thread::Builder::new()
                .name("answer".to_owned())
                .spawn(move || respond(request, &desk));
        }
    })?;
    Ok(())
}

fn respond(mut request: Request, desk: &Desk) {
    let header = |name: &'static str| {
        request
            .headers()
            .iter()
            .find(|header| header.field.equiv(name))
            .map(|header| header.value.as_str().to_owned())
    };
    if header(PASSED).as_deref() != Some(desk.door.secret.as_str()) {
        return send(request, respond::text(403, "this is no door\n"));
    }
    let is_local = header(PEER).as_deref() == Some("here");
    let method = request.method().to_string();
    let target = request.url().to_owned();
    let names = [
        "Host",
        "Origin",
        "If-None-Match",
        "Range",
        "If-Range",
        "Sec-Fetch-Site",
        "Sec-Fetch-Mode",
    ];
    let values = names.map(header);
    let [host, origin, if_none_match, range, if_range, site, mode] = values.each_ref().map(Option::as_deref);
    let question = Question {
        method: &method,
        target: &target,
        host,
        origin,
        if_none_match,
        range,
        if_range,
        site,
        mode,
    };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let allowed = || respond::refusal(&question, &desk.door);
    match (method.as_str(), path) {
        ("POST", ACCEPT) => {
            let answer = allowed().unwrap_or_else(|| accept(&mut request, desk));
            send(request, answer);
        }
        ("GET", EVENTS) => {
            if let Some(refusal) = allowed() {
                send(request, refusal);
                return;
            }
            let page = query.strip_prefix("page=").unwrap_or("/").to_owned();
            // A reader that went away is no failure of ours.
            let _ = tell(request.into_writer(), desk, &page, is_local);
        }
        _ => {
            let answer = answer(&question, &desk.parts.shown.now(), &desk.door);
            send(request, answer);
        }
    }
}

fn send(request: Request, answer: Answer) {
    let Answer {
        status,
        headers,
        body,
    } = answer;
    let length = body.len();
    let headers = headers
        .into_iter()
        .filter_map(|(name, value)| Header::from_bytes(name.as_bytes(), value.as_bytes()).ok())
        .collect();
    let response = Response::new(StatusCode(status), headers, Cursor::new(body), Some(length), None)
        // Parts and lengths are exact only where nothing is cut into chunks.
        .with_chunked_threshold(usize::MAX);
    // A reader that went away is no failure of ours.
    let _ = request.respond(response);
}

/// The guard has checked who asks; here it is what.
fn accept(request: &mut Request, desk: &Desk) -> Answer {
    let mut body = Vec::new();
    let wanted = request
        .as_reader()
        .take(4 << 10)
        .read_to_end(&mut body)
        .ok()
        .and_then(|_| serde_json::from_slice::<Acceptance>(&body).ok());
    let Some(wanted) = wanted else {
        return respond::text(400, "that is no acceptance\n");
    };
    match (desk.parts.accept)(&wanted) {
        Ok(()) => respond::text(200, "accepted\n"),
        Err(why) => respond::text(409, &format!("{why}\n")),
    }
}

/// What a page is told first.
#[derive(Serialize)]
struct Session<'a> {
    /// Only for pages on this machine.
    token: Option<&'a str>,
    follow: bool,
}

/// What a page is told of a site.
#[derive(Serialize)]
struct SiteNews<'a> {
    version: u64,
    /// The hash of the page that is looked at.
    page: String,
    base: &'a str,
    parts: Vec<PartNews<'a>>,
    changed: &'a [String],
    place: Option<&'a Place>,
}

#[derive(Serialize)]
struct PartNews<'a> {
    name: &'a str,
    path: &'a str,
    hash: &'a str,
}

/// Tells a page the news until it is left, or the server ends.
fn tell(mut to: Box<dyn Write + Send>, desk: &Desk, path: &str, is_local: bool) -> io::Result<()> {
    let mut head = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nConnection: close\r\n".to_owned();
    for (name, value) in respond::headers("text/event-stream; charset=utf-8") {
        if name != "Cache-Control" {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    let session = Session {
        token: is_local.then_some(desk.door.token.as_str()),
        follow: desk.parts.follow,
    };
    write!(to, "{head}\r\nretry: 300\n{}", event("session", &session))?;
    to.flush()?;
    let (mut serial, mut version, mut problems) = (0, None, None);
    loop {
        match desk.parts.shown.after(serial, HEARTBEAT) {
            News::Over => return Ok(()),
            News::Quiet => to.write_all(b":\n\n")?,
            News::Moment(moment) => {
                serial = moment.serial;
                let mut text = String::new();
                if version != Some(moment.version) {
                    // What changed before the page was asked for is in it.
                    let is_first = version.replace(moment.version).is_none();
                    text.push_str(&event("site", &site_news(&moment, path, is_first)));
                }
                if problems.as_ref() != Some(&moment.problems) {
                    text.push_str(&format!("event: problems\ndata: {}\n\n", moment.problems));
                    problems = Some(Arc::clone(&moment.problems));
                }
                to.write_all(text.as_bytes())?;
            }
        }
        to.flush()?;
    }
}

fn site_news<'a>(moment: &'a Moment, path: &str, is_first: bool) -> SiteNews<'a> {
    SiteNews {
        version: moment.version,
        page: page::hash(respond::shown(path, moment), &moment.parts),
        base: &moment.base,
        parts: moment
            .parts
            .iter()
            .map(|part| PartNews {
                name: &part.name,
                path: &part.path,
                hash: &part.hash,
            })
            .collect(),
        changed: if is_first { &[] } else { &moment.changed },
        place: moment.place.as_ref().filter(|_| !is_first),
    }
}

/// An event; JSON has no line breaks of its own.
fn event<T: Serialize>(name: &str, news: &T) -> String {
    let news = serde_json::to_string(news).unwrap_or_default();
    format!("event: {name}\ndata: {news}\n\n")
}

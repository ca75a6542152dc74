//! External links against a server of our own that fails in every way. All of it stays on this machine.

#![expect(clippy::panic, reason = "a test says what is wrong by failing")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, UNIX_EPOCH};

use proofbook::config::links::{LinksConfig, Range};
use proofbook::external::{self, Asked, ExternalRequest};
use proofbook::model::book::ExternalLink;
use proofbook::source::{FileId, Sources, Span};
use proofbook::system::MemorySystem;

/// Requests by `METHOD /path`.
type Seen = Arc<Mutex<BTreeMap<String, usize>>>;

/// A server on a free port; it ends with the test's process.
struct Server {
    base: String,
    port: u16,
    seen: Seen,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let seen = Seen::default();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&shared);
                std::thread::spawn(move || answer(stream, port, &seen));
            }
        });
        Self {
            base: format!("http://127.0.0.1:{port}"),
            port,
            seen,
        }
    }

    fn count(&self, request: &str) -> usize {
        let seen = self.seen.lock().unwrap_or_else(|error| panic!("{error}"));
        seen.get(request).copied().unwrap_or_default()
    }
}

fn answer(mut stream: TcpStream, port: u16, seen: &Seen) {
    let Ok(copy) = stream.try_clone() else { return };
    let mut lines = BufReader::new(copy).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    while lines.next().is_some_and(|line| !line.is_empty()) {}
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default().to_owned();
    let times = {
        let mut seen = seen.lock().unwrap_or_else(|error| panic!("{error}"));
        let times = seen.entry(format!("{method} {path}")).or_default();
        *times += 1;
        *times
    };
    let head = method == "HEAD";
    let mut send = |status: &str, headers: &str, body: &str| {
        let body = if head { "" } else { body };
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len(),
        );
    };
    let html = "<h1 id=\"here\">x</h1><a name='old'></a><p id='user-content-readme'>";
    match path.as_str() {
        "/fine" | "/final" => send("200 OK", "", html),
        "/gone" => send("404 Not Found", "", ""),
        "/no-head" if head => send("405 Method Not Allowed", "", ""),
        "/hangs-up-on-head" if head => {}
        "/no-head" | "/hangs-up-on-head" => send("200 OK", "", html),
        "/teapot" => send("418 I'm a teapot", "", ""),
        "/forbidden" => send("403 Forbidden", "", ""),
        "/busy-once" if times == 1 => send("429 Too Many Requests", "Retry-After: 0\r\n", ""),
        "/busy-once" => send("200 OK", "", html),
        "/busy-for-long" => send("429 Too Many Requests", "Retry-After: 86400\r\n", ""),
        "/always-busy" => send("429 Too Many Requests", "Retry-After: 0\r\n", ""),
        "/flaky" if times < 3 => send("503 Service Unavailable", "", ""),
        "/flaky" => send("200 OK", "", html),
        "/broken" => send("500 Internal Server Error", "", ""),
        "/moved" => send("301 Moved Permanently", "Location: /moved-on\r\n", ""),
        "/moved-on" => send("308 Permanent Redirect", "Location: final\r\n", ""),
        "/for-now" => send("302 Found", "Location: /final\r\n", ""),
        "/to-nothing" => send("301 Moved Permanently", "Location: /gone\r\n", ""),
        "/loop-a" => send("302 Found", "Location: /loop-b\r\n", ""),
        "/loop-b" => send("302 Found", "Location: /loop-a\r\n", ""),
        "/to-file" => send("302 Found", "Location: file:///etc/passwd\r\n", ""),
        "/to-private" => send("302 Found", "Location: http://10.0.0.1/\r\n", ""),
        "/to-loopback-six" => send("302 Found", &format!("Location: http://[::1]:{port}/\r\n"), ""),
        "/to-mapped" => send(
            "302 Found",
            &format!("Location: http://[::ffff:10.0.0.1]:{port}/\r\n"),
            "",
        ),
        "/reset" => {}
        "/garbage" => {
            let _ = stream.write_all(b"this is not HTTP\r\n\r\n");
        }
        "/cut" if !head => {
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n<p id='here'>",
            );
        }
        "/silent" => std::thread::sleep(Duration::from_secs(20)),
        "/drip" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
            for _ in 0..200 {
                if stream.write_all(b" ").is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        "/endless" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p id='here'>");
            let block = " ".repeat(1 << 16);
            // More than is ever read, and yet bounded.
            for _ in 0..1024 {
                if stream.write_all(block.as_bytes()).is_err() {
                    return;
                }
            }
        }
        path if path.starts_with("/hop/") => {
            let hop: usize = path.trim_start_matches("/hop/").parse().unwrap_or_default();
            send("302 Found", &format!("Location: /hop/{}\r\n", hop + 1), "");
        }
        "/paper.pdf" => {
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 3\r\nConnection: close\r\n\r\npdf",
            );
        }
        _ => send("200 OK", "", html),
    }
}

fn config() -> LinksConfig {
    LinksConfig {
        allow_private: Range::parse("127.0.0.0/8").into_iter().collect(),
        retry_wait_time: Duration::from_millis(5),
        host_request_interval: Duration::ZERO,
        host_concurrency: 8,
        timeout: Duration::from_secs(5),
        max_retries: 2,
        ..LinksConfig::default()
    }
}

/// Asks addresses, one a line of a page; returns `line code severity message | help` of each diagnostic.
fn ask(sys: &MemorySystem, urls: &[String], config: &LinksConfig, day: u64) -> (Vec<String>, Asked) {
    let text = urls.join("\n");
    let sources = Sources::new([("content/a.md".to_owned(), text.clone().into_bytes())]);
    let mut at = 0;
    let links: Vec<ExternalLink> = urls
        .iter()
        .map(|url| {
            let span = Span::new(FileId::new(0), at..at + url.len());
            at += url.len() + 1;
            ExternalLink {
                url: url.clone(),
                span,
            }
        })
        .collect();
    let request = ExternalRequest {
        links: &links,
        sources: &sources,
        config,
        cache: Path::new("/s/.proofbook/links.json"),
        now: UNIX_EPOCH + Duration::from_hours(24 * day),
    };
    let staged = external::check(sys, &request).unwrap_or_else(|error| panic!("{error}"));
    let mut found: Vec<(usize, String)> = staged
        .diagnostics
        .iter()
        .map(|found| {
            let line = found.span.map_or(0, |span| sources.locate(span).line);
            let fix = found.fix.as_ref().map_or("", |fix| fix.replacement.as_str());
            (
                line,
                format!(
                    "{} {} {} | {} | {fix}",
                    found.code,
                    found.severity.as_str(),
                    found.message,
                    found.help.as_deref().unwrap_or_default()
                ),
            )
        })
        .collect();
    found.sort();
    let found = found
        .into_iter()
        .map(|(line, text)| format!("{line} {text}"))
        .collect();
    (found, staged.value)
}

/// What is said of one address; empty if nothing is.
fn one(server: &Server, path: &str) -> String {
    let sys = MemorySystem::new(Vec::<(String, Vec<u8>)>::new());
    let url = format!("{}{path}", server.base);
    let (found, _) = ask(&sys, &[url], &config(), 1);
    found.join("\n").replace(&server.base, "")
}

#[test]
fn good_answers_are_good_whatever_the_way_there() {
    let server = Server::start();
    for path in [
        "/fine",
        "/fine#here",
        "/fine#old",
        "/fine#readme",
        "/fine#top",
        "/fine#:~:text=x",
        "/fine#/route",
        "/no-head",
        "/hangs-up-on-head",
        "/busy-once",
        "/flaky",
        "/for-now",
        "/for-now#here",
        "/paper.pdf#page",
        "/endless",
        "/endless#here",
    ] {
        assert_eq!(one(&server, path), "", "{path}");
    }
    assert_eq!(
        (server.count("HEAD /no-head"), server.count("GET /no-head")),
        (1, 1)
    );
    // Whoever answers HEAD is not asked for the page.
    assert_eq!(server.count("GET /for-now"), 1);
}

#[test]
fn every_failure_is_told_as_what_it_is() {
    let server = Server::start();
    for (path, expect) in [
        (
            "/gone",
            "1 link/broken-external error `/gone` answers 404 Not Found |",
        ),
        ("/teapot", "answers 418"),
        ("/forbidden", "answers 403 Forbidden | if it works in a browser"),
        ("/broken", "answers 500 Internal Server Error"),
        (
            "/always-busy",
            "1 link/broken-external note `/always-busy` answers 429",
        ),
        (
            "/busy-for-long",
            "1 link/broken-external note `/busy-for-long` answers 429",
        ),
        ("/to-nothing", "answers 404 Not Found (redirected to `/gone`)"),
        ("/loop-a", "redirects in a circle"),
        ("/hop/1", "redirects more than 10 times"),
        ("/to-file", "the scheme `file:` cannot be asked"),
        ("/reset", "1 link/broken-external error `/reset` "),
        ("/garbage", "1 link/broken-external error `/garbage` fails"),
        (
            "/cut#there",
            "1 link/broken-external error `/cut#there` stops in the middle",
        ),
        (
            "/fine#her",
            "1 link/external-anchor error `/fine#her` leads to the anchor `her`, and that page has none | did you mean `here`?",
        ),
        ("/endless#there", "1 link/external-anchor note "),
        (
            "/moved#here",
            "1 link/moved warning `/moved#here` has moved to `/final#here` for good | write `/final#here` | /final#here",
        ),
    ] {
        let said = one(&server, path);
        assert!(said.contains(expect), "{path}: {expect:?} is missing in {said:?}");
    }
    // Two tries after the first, and none where waiting would take a day.
    assert_eq!(server.count("HEAD /always-busy"), 3);
    assert_eq!(server.count("HEAD /busy-for-long"), 1);
    // Once for itself and once by way of a redirect.
    assert_eq!(server.count("GET /gone"), 2);
}

#[test]
fn slow_answers_are_cut_off() {
    let server = Server::start();
    let sys = MemorySystem::new(Vec::<(String, Vec<u8>)>::new());
    let config = LinksConfig {
        timeout: Duration::from_millis(500),
        max_retries: 0,
        ..config()
    };
    let start = Instant::now();
    for path in ["/silent", "/silent#x", "/drip#x"] {
        let (found, _) = ask(&sys, &[format!("{}{path}", server.base)], &config, 1);
        assert!(
            found.len() == 1 && found[0].contains("link/broken-external error"),
            "{path}: {found:?}"
        );
    }
    // The server would take a minute.
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn plain_bytes_on_a_tls_port_and_a_closed_port_are_told() {
    let server = Server::start();
    let sys = MemorySystem::new(Vec::<(String, Vec<u8>)>::new());
    let (found, _) = ask(
        &sys,
        &[format!("https://127.0.0.1:{}/fine", server.port)],
        &config(),
        1,
    );
    assert!(found.len() == 1 && found[0].contains("fails:"), "{found:?}");
    let closed = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_or(1, |address| address.port());
    let (found, _) = ask(&sys, &[format!("http://127.0.0.1:{closed}/")], &config(), 1);
    assert!(
        found.len() == 1 && found[0].contains("refuses the connection"),
        "{found:?}"
    );
}

#[test]
fn private_machines_are_never_asked_unless_allowed() {
    let server = Server::start();
    let sys = MemorySystem::new(Vec::<(String, Vec<u8>)>::new());
    let closed = LinksConfig {
        allow_private: Vec::new(),
        ..config()
    };
    let urls = [
        format!("http://127.0.0.1:{}/fine", server.port),
        format!("http://localhost:{}/fine", server.port),
        format!("http://[::ffff:127.0.0.1]:{}/fine", server.port),
        format!("http://0x7f000001:{}/fine", server.port),
        format!("http://2130706433:{}/fine", server.port),
    ];
    let (found, _) = ask(&sys, &urls, &closed, 1);
    assert_eq!(found.len(), urls.len(), "{found:?}");
    for line in &found {
        assert!(
            line.contains("leads to a private machine, which is not asked"),
            "{line}"
        );
    }
    assert_eq!(server.count("HEAD /fine") + server.count("GET /fine"), 0);
    // A machine that may be asked may not send us to one that may not.
    for path in ["/to-private", "/to-loopback-six", "/to-mapped"] {
        let said = one(&server, path);
        assert!(said.contains("leads to a private machine"), "{path}: {said}");
    }
}

#[test]
fn good_answers_are_kept_for_their_time_and_bad_ones_are_not() {
    let server = Server::start();
    let sys = MemorySystem::new(Vec::<(String, Vec<u8>)>::new());
    let urls: Vec<String> = ["/fine#here", "/gone", "/moved"]
        .iter()
        .map(|path| format!("{}{path}", server.base))
        .collect();
    let config = LinksConfig {
        max_cache_age: Duration::from_hours(24 * 5),
        ..config()
    };
    let (first, asked) = ask(&sys, &urls, &config, 10);
    assert_eq!((first.len(), asked.asked, asked.cached), (2, 3, 0), "{first:?}");
    let (second, asked) = ask(&sys, &urls, &config, 12);
    assert_eq!((asked.asked, asked.cached), (1, 2));
    assert_eq!(first, second, "what is kept says the same");
    assert_eq!(server.count("GET /fine"), 1);
    let (_, asked) = ask(&sys, &urls, &config, 20);
    assert_eq!((asked.asked, asked.cached), (3, 0));
    let uncached = LinksConfig {
        cache: false,
        ..config
    };
    let (_, asked) = ask(&sys, &urls, &uncached, 20);
    assert_eq!((asked.asked, asked.cached), (3, 0));
}

#[test]
fn options_decide_what_is_asked() {
    let server = Server::start();
    let sys = MemorySystem::new(Vec::<(String, Vec<u8>)>::new());
    let url = |path: &str| format!("{}{path}", server.base);
    let (found, asked) = ask(
        &sys,
        &[url("/gone"), url("/fine"), url("/fine"), url("/fine#here")],
        &LinksConfig {
            exclude: vec!["/gone$".to_owned()],
            ..config()
        },
        1,
    );
    // One address, one request.
    assert_eq!((found.len(), asked.asked, asked.excluded), (0, 1, 1), "{found:?}");
    let cases = [
        LinksConfig {
            exclude_path: vec!["^content/a".to_owned()],
            ..config()
        },
        LinksConfig {
            offline: true,
            ..config()
        },
        LinksConfig {
            accept: vec![(404, 404)],
            ..config()
        },
        LinksConfig {
            remap: vec![("/gone$".to_owned(), "/fine".to_owned())],
            ..config()
        },
    ];
    for config in cases {
        let (found, _) = ask(&sys, &[url("/gone")], &config, 1);
        assert_eq!(found, Vec::<String>::new(), "{config:?}");
    }
    let (found, _) = ask(
        &sys,
        &[url("/other#nothing")],
        &LinksConfig {
            include_fragments: false,
            ..config()
        },
        1,
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn only_the_flag_makes_check_ask() {
    let server = Server::start();
    let folder = tempfile::TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder.path()))
            .unwrap_or_else(|error| panic!("{error}"));
        std::fs::write(path, text).unwrap_or_else(|error| panic!("{error}"));
    };
    write(
        "book.toml",
        "[check.links]\nallow-private = [\"127.0.0.0/8\"]\nretry-wait-time = \"5ms\"\n",
    );
    let page = format!(
        "### Q?\n\n[a]({0}/gone) [b]({0}/moved) <{0}/fine#nope>\n\n<a href=\"{0}/fine\">x</a>\n",
        server.base
    );
    write("content/a.md", &page);
    let check = |args: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_proofbook"))
            .args(["check", "--output-format", "concise"])
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let output = check(&[]);
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_eq!(server.count("HEAD /gone"), 0);
    let output = check(&["--external", "--fix"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).replace(&server.base, "");
    assert_eq!(
        said.lines()
            .map(|line| line.split(" `").next().unwrap_or_default())
            .collect::<Vec<_>>(),
        [
            "content/a.md:3:5: error[link/broken-external]",
            &format!(
                "content/a.md:3:{}: error[link/external-anchor]",
                page.lines()
                    .nth(2)
                    .and_then(|line| line.find('<'))
                    .unwrap_or_default()
                    + 2 // `/moved` is longer than `/final` by nothing: both have six characters.
            ),
        ],
        "{said}"
    );
    let text = std::fs::read_to_string(folder.path().join("content/a.md")).unwrap_or_default();
    assert_eq!(text, page.replace("/moved", "/final"));
    assert!(folder.path().join(".proofbook/links.json").exists());
}

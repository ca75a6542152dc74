//! What the server answers to good and to evil requests.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Server, plain_site, wait, write};

#[test]
fn evil_requests_are_refused_and_the_server_lives() {
    let site = plain_site();
    let server = Server::start(site.path(), &[]);
    let port = server.port;
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let many = "X-Many: 1\r\n".repeat(101);
    let long = format!("X-Long: {}\r\n", "x".repeat(20 << 10));
    for (request, status) in [
        (
            format!("POST / HTTP/1.1\r\n{host}Content-Length: 1000000000000000000\r\n\r\n"),
            "405",
        ),
        (
            format!("GET / HTTP/1.1\r\n{host}Content-Length: 1000000000000000000\r\n\r\n"),
            "413",
        ),
        (
            format!("GET / HTTP/1.1\r\n{host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "400",
        ),
        (format!("GET / HTTP/1.1\r\n{host}{many}\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{host}{long}\r\n"), "431"),
        (
            format!("GET / HTTP/1.1\r\n{host}Host: evil.example\r\n\r\n"),
            "400",
        ),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(), "421"),
        (
            format!("GET / HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n"),
            "421",
        ),
        (
            format!("GET / HTTP/1.1\r\n{host}Origin: http://evil.example\r\n\r\n"),
            "403",
        ),
        (format!("GET / HTTP/1.1\r\n{host}Origin: null\r\n\r\n"), "403"),
        (
            format!("GET /.proofbook/events?page=/ HTTP/1.1\r\n{host}Origin: http://evil.example\r\n\r\n"),
            "403",
        ),
        (
            format!("GET /.proofbook/events?page=/ HTTP/1.1\r\n{host}Sec-Fetch-Site: cross-site\r\n\r\n"),
            "403",
        ),
        (
            "GET /.proofbook/events?page=/ HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(),
            "421",
        ),
        (format!("GET /../book.toml HTTP/1.1\r\n{host}\r\n"), "404"),
        (format!("GET /%2e%2e/book.toml HTTP/1.1\r\n{host}\r\n"), "404"),
        (format!("GET /%252e%252e/book.toml HTTP/1.1\r\n{host}\r\n"), "404"),
        (format!("GET /..%5cbook.toml HTTP/1.1\r\n{host}\r\n"), "400"),
        (format!("GET /%00 HTTP/1.1\r\n{host}\r\n"), "400"),
        (
            format!("GET /.proofbook/memo/run.memo HTTP/1.1\r\n{host}\r\n"),
            "404",
        ),
        (format!("OPTIONS / HTTP/1.1\r\n{host}\r\n"), "405"),
        (format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{host}"), "400"),
        ("\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = String::from_utf8_lossy(&server.raw(request.as_bytes())).into_owned();
        let first = answer.lines().next().unwrap_or_default();
        assert!(
            first.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request:.80?}: {first:?}"
        );
        assert!(
            !answer.to_ascii_lowercase().contains("access-control-allow"),
            "{request:.80?}"
        );
    }
    // Bytes that are no text at all, and nothing.
    server.raw(&[0xff; 100]);
    server.raw(b"");
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn files_are_answered_as_they_should() {
    let site = plain_site();
    write(
        site.path(),
        "content/picture.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    );
    write(
        site.path(),
        "content/first.md",
        "# First\n\n## Basics\n\n### What? {#q1}\n\n**TL;DR:** One.\n\n![a picture](picture.svg)\n",
    );
    let server = Server::start(site.path(), &[]);
    let page = server.get("/first/");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("cross-origin-resource-policy"), Some("same-origin"));
    assert!(page.header("content-security-policy").is_some());
    assert_eq!(
        page.header("content-length"),
        Some(page.body.len().to_string().as_str())
    );
    assert!(page.text().contains("/.proofbook/live.js"));

    let etag = page.header("etag").unwrap_or_default().to_owned();
    let again = server.request("GET", "/first/", &[&format!("If-None-Match: {etag}")], "");
    assert_eq!((again.status, again.body.len()), (304, 0));
    let head = server.request("HEAD", "/first/", &[], "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), page.header("content-length"));

    let part = server.request("GET", "/guides.json", &["Range: bytes=0-9"], "");
    assert_eq!((part.status, part.body.len()), (206, 10));
    let whole = server.get("/guides.json");
    assert_eq!(
        part.header("content-range"),
        Some(format!("bytes 0-9/{}", whole.body.len()).as_str())
    );
    let outside = server.request("GET", "/guides.json", &["Range: bytes=99999999-"], "");
    assert_eq!(outside.status, 416);

    let picture = server.get("/first/picture.svg");
    let picture = if picture.status == 200 {
        picture
    } else {
        server.get("/picture.svg")
    };
    assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
    assert!(
        picture
            .header("content-security-policy")
            .is_some_and(|policy| policy.contains("sandbox"))
    );

    let lost = server.get("/nothing/here/");
    assert_eq!(lost.status, 404);
    assert!(lost.text().contains("There is no such page"), "{}", lost.text());
    assert!(lost.text().contains("/.proofbook/live.js"));
    assert_eq!(server.get("/first").header("location"), Some("first/"));
}

#[test]
fn a_site_lies_below_the_path_of_its_address() {
    let site = plain_site();
    write(
        site.path(),
        "book.toml",
        "[book]\ntitle = \"Plain\"\n\n[output.html]\nsite-url = \"https://example.org/guides/\"\n",
    );
    let server = Server::start(site.path(), &[]);
    assert!(
        server
            .said()
            .contains(&format!("http://127.0.0.1:{}/guides/", server.port))
    );
    assert_eq!(server.get("/").header("location"), Some("/guides/"));
    assert_eq!(server.get("/guides/first/").status, 200);
    assert_eq!(server.get("/first/").status, 404);
}

#[test]
fn idle_connections_hold_up_nobody_for_long() {
    let site = plain_site();
    let server = Server::start(site.path(), &[]);
    let idle: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = server.connect();
            let _ = stream.write_all(b"GET / HTTP/1.1\r\n");
            stream
        })
        .collect();
    let threads = std::fs::read_dir(format!("/proc/{}/task", server.child.id())).map_or(0, Iterator::count);
    assert!(threads < 120, "{threads} threads for 200 connections");
    let started = Instant::now();
    wait("a free connection", || {
        (server.get("/").status == 200).then_some(())
    });
    assert!(started.elapsed() < Duration::from_secs(30));
    drop(idle);
}

#[test]
fn a_slow_reader_holds_up_nobody() {
    let site = plain_site();
    write(
        site.path(),
        "content/first.md",
        &format!("# First\n\n{}\n", "word ".repeat(400_000)),
    );
    let server = Server::start(site.path(), &[]);
    let mut slow: Vec<TcpStream> = Vec::new();
    for _ in 0..20 {
        let mut stream = server.connect();
        let request = format!("GET /first/ HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", server.port);
        let _ = stream.write_all(request.as_bytes());
        let mut few = [0; 10];
        let _ = stream.read_exact(&mut few);
        slow.push(stream);
    }
    let started = Instant::now();
    assert_eq!(server.get("/").status, 200);
    assert!(started.elapsed() < Duration::from_secs(10));
}

//! What is answered to a request: pure, so that every case is a test.

use std::sync::Arc;

use crate::memo::ContentHash;
use crate::model::site::{Site, SitePath};

/// What of a request matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Question<'a> {
    pub(super) method: &'a str,
    /// Path and query as sent.
    pub(super) target: &'a str,
    pub(super) host: Option<&'a str>,
    pub(super) origin: Option<&'a str>,
    pub(super) if_none_match: Option<&'a str>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Arc<[u8]>,
}

/// Shown until a first build succeeds.
const WAITING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Not built yet</title>\
    <h1>The site does not build yet</h1><p>The terminal says why. Reload this page when it is mended.</p></html>";

/// Answers a request; `hosts` are the names under which we may be addressed.
pub(super) fn answer(question: &Question<'_>, site: Option<&Site>, hosts: &[String]) -> Answer {
    let known = |host: &str| hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
    if !question.host.is_some_and(known) {
        // RFC 9110 §15.5.20; without this, a foreign page could read the site by DNS rebinding.
        return text(421, "this server does not answer to that name\n");
    }
    let foreign = |origin: &str| {
        let host = origin.strip_prefix("http://").unwrap_or(origin);
        !known(host)
    };
    if question.origin.is_some_and(foreign) {
        return text(403, "requests from other sites are refused\n");
    }
    if !matches!(question.method, "GET" | "HEAD") {
        let mut answer = text(405, "only GET and HEAD are answered\n");
        answer.headers.push(("Allow", "GET, HEAD".to_owned()));
        return answer;
    }
    let Some(site) = site else {
        return page(503, WAITING.as_bytes().into(), "text/html; charset=utf-8");
    };
    let path = question.target.split(['?', '#']).next().unwrap_or_default();
    let Some(path) = decode(path) else {
        return text(400, "that is no path\n");
    };
    match find(&path, site) {
        Found::File(path, body) => {
            let etag = format!("\"{}\"", ContentHash::of(body).short());
            let known = question.if_none_match.is_some_and(|tags| {
                tags.split(',')
                    .any(|tag| tag.trim().trim_start_matches("W/") == etag)
            });
            let mut answer = if known {
                page(304, Arc::from(&b""[..]), mime(path))
            } else {
                page(200, Arc::clone(body), mime(path))
            };
            answer.headers.push(("ETag", etag));
            answer
        }
        Found::Folder => {
            let mut answer = text(308, "");
            let name = path.rsplit('/').next().unwrap_or_default();
            answer
                .headers
                .push(("Location", format!("{}/", crate::model::site::encode(name))));
            answer
        }
        Found::Nothing => {
            let own = SitePath::new("404.html")
                .ok()
                .and_then(|path| site.files.get(&path).cloned());
            match own {
                Some(body) => page(404, body, "text/html; charset=utf-8"),
                None => text(404, "not found\n"),
            }
        }
    }
}

enum Found<'a> {
    File(&'a str, &'a Arc<[u8]>),
    Folder,
    Nothing,
}

fn find<'a>(path: &str, site: &'a Site) -> Found<'a> {
    let Some(below) = path.strip_prefix('/') else {
        return Found::Nothing;
    };
    let Ok(wanted) = SitePath::page(below) else {
        return Found::Nothing;
    };
    if let Some((path, body)) = site.files.get_key_value(&wanted) {
        return Found::File(path.as_str(), body);
    }
    match SitePath::page(&format!("{below}/")) {
        Ok(index) if site.files.contains_key(&index) => Found::Folder,
        _ => Found::Nothing,
    }
}

/// Percent-decodes once; `None` for what cannot be a path of ours.
fn decode(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = path.get(at + 1..at + 3)?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    let text = String::from_utf8(out).ok()?;
    let bad = text.contains(['\\', ':', '~']) || text.chars().any(char::is_control);
    (!bad && text.starts_with('/')).then_some(text)
}

fn text(status: u16, text: &str) -> Answer {
    page(status, text.as_bytes().into(), "text/plain; charset=utf-8")
}

fn page(status: u16, body: Arc<[u8]>, kind: &str) -> Answer {
    Answer {
        status,
        headers: vec![
            ("Content-Type", kind.to_owned()),
            ("X-Content-Type-Options", "nosniff".to_owned()),
            ("Cross-Origin-Resource-Policy", "same-origin".to_owned()),
            ("Cache-Control", "no-cache".to_owned()),
        ],
        body,
    }
}

fn mime(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("xml") => "application/xml",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("avif") => "image/avif",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("pdf") => "application/pdf",
        Some("md") => "text/markdown; charset=utf-8",
        Some("txt" | "rs" | "toml") => "text/plain; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(question: &Question<'_>) -> (u16, String) {
        let mut site = Site::default();
        for (path, body) in [
            ("index.html", "home"),
            ("a/index.html", "a"),
            ("404.html", "lost"),
            ("x y.txt", "x"),
        ] {
            let path = SitePath::new(path).unwrap_or_else(|error| panic!("{error}"));
            site.files.insert(path, body.as_bytes().into());
        }
        let answer = answer(question, Some(&site), &["127.0.0.1:3000".to_owned()]);
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }

    fn get(target: &str) -> (u16, String) {
        check(&Question {
            method: "GET",
            target,
            host: Some("127.0.0.1:3000"),
            ..Question::default()
        })
    }

    #[test]
    fn pages_files_and_folders_are_found() {
        assert_eq!(get("/"), (200, "home".into()));
        assert_eq!(get("/a/?q=1"), (200, "a".into()));
        assert_eq!(get("/a").0, 308);
        assert_eq!(get("/x%20y.txt"), (200, "x".into()));
        assert_eq!(get("/nothing"), (404, "lost".into()));
    }

    #[test]
    fn tricky_paths_are_refused() {
        for target in [
            "/../etc/passwd",
            "/%2e%2e/x",
            "/.git/config",
            "//x",
            "/a/./index.html",
        ] {
            assert_eq!(get(target).0, 404, "{target}");
        }
        for target in ["/%00", "/%zz", "/a\\b", "/c:", "/%5c", "x", ""] {
            assert_eq!(get(target).0, 400, "{target}");
        }
    }

    #[test]
    fn only_our_name_and_pages_of_ours_are_answered() {
        let from = |host, origin, method| {
            check(&Question {
                method,
                target: "/",
                host,
                origin,
                if_none_match: None,
            })
            .0
        };
        assert_eq!(from(Some("evil.example"), None, "GET"), 421);
        assert_eq!(from(None, None, "GET"), 421);
        assert_eq!(
            from(Some("127.0.0.1:3000"), Some("http://evil.example"), "GET"),
            403
        );
        assert_eq!(from(Some("127.0.0.1:3000"), Some("null"), "GET"), 403);
        assert_eq!(
            from(Some("127.0.0.1:3000"), Some("http://127.0.0.1:3000"), "GET"),
            200
        );
        assert_eq!(from(Some("127.0.0.1:3000"), None, "POST"), 405);
    }

    #[test]
    fn an_unchanged_file_is_not_sent_again() {
        let etag = format!("\"{}\"", ContentHash::of(b"home").short());
        let question = Question {
            method: "GET",
            target: "/",
            host: Some("127.0.0.1:3000"),
            origin: None,
            if_none_match: Some(&etag),
        };
        assert_eq!(check(&question), (304, String::new()));
    }
}

//! What is answered to a request: pure, so that every case is a test.

use std::ops::Range;
use std::sync::Arc;

use super::guard::Door;
use super::page;
use super::shown::Moment;
use crate::memo::ContentHash;
use crate::model::site::{Site, SitePath, encode};

/// The folder of what the server answers itself. No site has a file there, since hidden names are refused.
const RESERVED: &str = "/.proofbook/";

/// The channel of events.
pub(super) const EVENTS: &str = "/.proofbook/events";

/// The script that keeps pages fresh.
const LIVE: &str = include_str!("live.js");

/// What of a request matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Question<'a> {
    pub(super) method: &'a str,
    /// Path and query as sent.
    pub(super) target: &'a str,
    pub(super) host: Option<&'a str>,
    pub(super) origin: Option<&'a str>,
    pub(super) if_none_match: Option<&'a str>,
    pub(super) range: Option<&'a str>,
    pub(super) if_range: Option<&'a str>,
    /// `Sec-Fetch-Site`.
    pub(super) site: Option<&'a str>,
    /// `Sec-Fetch-Mode`.
    pub(super) mode: Option<&'a str>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Arc<[u8]>,
}

const HTML: &str = "text/html; charset=utf-8";

/// Shown until a first build succeeds.
const WAITING: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><title>Not built yet</title></head>\
    <body><h1>The site does not build yet</h1><p>It appears here as soon as what is wrong is mended.</p></body></html>";

/// The answer that refuses a request for where it comes from; `None` if it may be answered.
pub(super) fn refusal(question: &Question<'_>, door: &Door) -> Option<Answer> {
    if !question.host.is_some_and(|host| door.knows(host)) {
        // RFC 9110 §15.5.20; without this, a foreign page could read the site by DNS rebinding.
        return Some(text(421, "this server does not answer to that name\n"));
    }
    let foreign = |origin: &str| {
        !origin
            .strip_prefix("http://")
            .is_some_and(|host| door.knows(host))
    };
    // Whoever follows a link from elsewhere may come; whoever only loads something of ours may not.
    let loads = question
        .site
        .is_some_and(|site| matches!(site, "cross-site" | "same-site"))
        && (question.mode != Some("navigate") || question.target.starts_with(RESERVED));
    if loads || question.origin.is_some_and(foreign) {
        return Some(text(403, "requests from other sites are refused\n"));
    }
    None
}

/// Answers a request for a file.
pub(super) fn answer(question: &Question<'_>, moment: &Moment, door: &Door) -> Answer {
    if let Some(refusal) = refusal(question, door) {
        return refusal;
    }
    if !matches!(question.method, "GET" | "HEAD") {
        let mut answer = text(405, "only GET and HEAD are answered\n");
        answer.headers.push(("Allow", "GET, HEAD".to_owned()));
        return answer;
    }
    let path = question.target.split(['?', '#']).next().unwrap_or_default();
    if path == page::SCRIPT {
        return file(question, LIVE.as_bytes().into(), "text/javascript; charset=utf-8");
    }
    let Some(path) = decode(path) else {
        return text(400, "that is no path\n");
    };
    let Some(site) = &moment.site else {
        return html(503, WAITING.as_bytes(), moment);
    };
    let base = moment.base.as_str();
    let Some(below) = path.strip_prefix(base) else {
        // The site lies below a path, as its address in book.toml does.
        if path == "/" || format!("{path}/") == base {
            return moved(302, &encode(base));
        }
        return lost(site, moment);
    };
    match find(below, site) {
        Found::File(path, body) => {
            let kind = mime(path);
            if kind == HTML {
                file(question, page::with_script(body, &moment.parts).into(), kind)
            } else {
                file(question, Arc::clone(body), kind)
            }
        }
        Found::Folder => {
            let name = path.rsplit('/').next().unwrap_or_default();
            moved(308, &format!("{}/", encode(name)))
        }
        Found::Nothing => lost(site, moment),
    }
}

/// The body that a page's path shows at a moment, for telling whether it is still the same.
pub(super) fn shown<'a>(path: &str, moment: &'a Moment) -> &'a [u8] {
    let Some(site) = &moment.site else {
        return WAITING.as_bytes();
    };
    let path = decode(path.split(['?', '#']).next().unwrap_or_default()).unwrap_or_default();
    let below = path.strip_prefix(moment.base.as_str()).unwrap_or("..");
    match find(below, site) {
        Found::File(_, body) => body,
        _ => own_lost(site).map_or(b"", |body| &**body),
    }
}

fn lost(site: &Site, moment: &Moment) -> Answer {
    match own_lost(site) {
        Some(body) => html(404, body, moment),
        None => text(404, "not found\n"),
    }
}

fn own_lost(site: &Site) -> Option<&Arc<[u8]>> {
    site.files.get(&SitePath::new("404.html").ok()?)
}

/// A page that stands for another one.
fn html(status: u16, body: &[u8], moment: &Moment) -> Answer {
    whole(status, page::with_script(body, &moment.parts).into(), HTML)
}

fn moved(status: u16, to: &str) -> Answer {
    let mut answer = text(status, "");
    answer.headers.push(("Location", to.to_owned()));
    answer
}

/// A file: whole, or the part that was asked for, or nothing where the reader has it.
fn file(question: &Question<'_>, body: Arc<[u8]>, kind: &str) -> Answer {
    let etag = format!("\"{}\"", &ContentHash::of(&body).hex()[..16]);
    let known = question.if_none_match.is_some_and(|tags| {
        tags.split(',')
            .any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == etag)
    });
    // RFC 9110 §13.1.5: a part of something else than the reader has is no use.
    let range = question
        .range
        .filter(|_| question.method == "GET" && question.if_range.is_none_or(|tag| tag == etag));
    let length = body.len();
    let mut answer = if known {
        whole(304, Arc::from(&b""[..]), kind)
    } else {
        match range.map_or(Wanted::Whole, |range| part(range, length)) {
            Wanted::Whole => whole(200, body, kind),
            Wanted::Some(range) => {
                let told = format!("bytes {}-{}/{length}", range.start, range.end - 1);
                let mut answer = whole(206, body[range].into(), kind);
                answer.headers.push(("Content-Range", told));
                answer
            }
            Wanted::Outside => {
                let mut answer = text(416, "there is no such part\n");
                answer
                    .headers
                    .push(("Content-Range", format!("bytes */{length}")));
                return answer;
            }
        }
    };
    answer.headers.push(("ETag", etag));
    answer.headers.push(("Accept-Ranges", "bytes".to_owned()));
    answer
}

/// What of a body is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Some(Range<usize>),
    Outside,
}

/// Reads `Range` (RFC 9110 §14.2). Several ranges at once are not served, nor is what cannot be read: both get the whole.
fn part(range: &str, length: usize) -> Wanted {
    let Some((from, to)) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Wanted::Whole;
    };
    let number = |text: &str| -> Option<usize> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // More than fits is more than there is.
        digits.then(|| text.parse().unwrap_or(usize::MAX))
    };
    let range = match (number(from.trim()), number(to.trim())) {
        (Some(from), Some(to)) if from <= to => from..to.saturating_add(1).min(length),
        (Some(from), None) if to.trim().is_empty() => from..length,
        (None, Some(last)) if from.trim().is_empty() => length.saturating_sub(last)..length,
        _ => return Wanted::Whole,
    };
    if range.start < range.end && range.end <= length {
        Wanted::Some(range)
    } else {
        Wanted::Outside
    }
}

enum Found<'a> {
    File(&'a str, &'a Arc<[u8]>),
    Folder,
    Nothing,
}

fn find<'a>(below: &str, site: &'a Site) -> Found<'a> {
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
            if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
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

/// A plain answer.
pub(super) fn text(status: u16, text: &str) -> Answer {
    whole(status, text.as_bytes().into(), "text/plain; charset=utf-8")
}

/// The headers that everything has: nothing is shared with other sites, and nothing is taken for what it is not. Pages
/// bring the policy of the built site with them, which this one only completes.
pub(super) fn headers(kind: &str) -> Vec<(&'static str, String)> {
    let policy = if kind == HTML {
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    } else if kind.starts_with("image/svg") || kind.ends_with("/xml") {
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
    } else {
        "default-src 'none'; frame-ancestors 'self'"
    };
    vec![
        ("Content-Type", kind.to_owned()),
        ("Content-Security-Policy", policy.to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
        ("Cross-Origin-Resource-Policy", "same-origin".to_owned()),
        ("Cross-Origin-Opener-Policy", "same-origin".to_owned()),
        ("Referrer-Policy", "same-origin".to_owned()),
        ("Cache-Control", "no-cache".to_owned()),
    ]
}

fn whole(status: u16, body: Arc<[u8]>, kind: &str) -> Answer {
    Answer {
        status,
        headers: headers(kind),
        body,
    }
}

fn mime(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => HTML,
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
    use crate::serve::shown::Shown;

    fn door() -> Door {
        Door {
            hosts: vec!["127.0.0.1:3000".to_owned()],
            token: String::new(),
            secret: String::new(),
        }
    }

    fn moment(base: &str) -> Arc<Moment> {
        let mut site = Site::default();
        for (path, body) in [
            ("index.html", "home"),
            ("a/index.html", "a"),
            ("404.html", "lost"),
            ("x y.txt", "x"),
            ("ten.txt", "0123456789"),
            ("pic.svg", "<svg/>"),
        ] {
            let path = SitePath::new(path).unwrap_or_else(|error| panic!("{error}"));
            site.files.insert(path, body.as_bytes().into());
        }
        Shown::new().show(Some((Arc::new(site), base.to_owned())), Arc::from("{}"))
    }

    fn check(question: &Question<'_>) -> (u16, String) {
        let answer = answer(question, &moment("/"), &door());
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        (
            answer.status,
            body.split("<script").next().unwrap_or_default().to_owned(),
        )
    }

    fn question(target: &str) -> Question<'_> {
        Question {
            method: "GET",
            target,
            host: Some("127.0.0.1:3000"),
            ..Question::default()
        }
    }

    fn get(target: &str) -> (u16, String) {
        check(&question(target))
    }

    #[test]
    fn pages_files_and_folders_are_found() {
        assert_eq!(get("/"), (200, "home".into()));
        assert_eq!(get("/a/?q=1"), (200, "a".into()));
        assert_eq!(get("/a").0, 308);
        assert_eq!(get("/x%20y.txt"), (200, "x".into()));
        assert_eq!(get("/nothing"), (404, "lost".into()));
        assert_eq!(get("/.proofbook/live.js").0, 200);
    }

    #[test]
    fn tricky_paths_are_refused() {
        for target in [
            "/../etc/passwd",
            "/%2e%2e/x",
            "/%252e%252e/x",
            "/.git/config",
            "/.proofbook/memo/run.memo",
            "//x",
            "/a/./index.html",
            "/a/index.html.",
            "/a/index.html%20",
            "/a/index.html::$DATA",
        ] {
            assert!(matches!(get(target).0, 400 | 404), "{target}");
        }
        for target in [
            "/%00", "/%zz", "/%+f", "/a\\b", "/c:", "/%5c", "/~x", "/%7e", "x", "",
        ] {
            assert_eq!(get(target).0, 400, "{target}");
        }
    }

    #[test]
    fn only_our_name_and_pages_of_ours_are_answered() {
        let from = |host, origin, method| {
            check(&Question {
                method,
                host,
                origin,
                ..question("/")
            })
            .0
        };
        assert_eq!(from(Some("evil.example"), None, "GET"), 421);
        assert_eq!(from(None, None, "GET"), 421);
        assert_eq!(
            from(Some("127.0.0.1:3000"), Some("http://evil.example"), "GET"),
            403
        );
        assert_eq!(
            from(Some("127.0.0.1:3000"), Some("https://127.0.0.1:3000"), "GET"),
            403
        );
        assert_eq!(from(Some("127.0.0.1:3000"), Some("null"), "GET"), 403);
        assert_eq!(
            from(Some("127.0.0.1:3000"), Some("http://127.0.0.1:3000"), "GET"),
            200
        );
        assert_eq!(from(Some("127.0.0.1:3000"), None, "POST"), 405);
        let fetched = |site, mode, target| {
            check(&Question {
                site: Some(site),
                mode: Some(mode),
                ..question(target)
            })
            .0
        };
        assert_eq!(fetched("cross-site", "no-cors", "/"), 403);
        assert_eq!(fetched("same-site", "cors", "/"), 403);
        assert_eq!(fetched("cross-site", "navigate", "/"), 200);
        assert_eq!(fetched("cross-site", "navigate", "/.proofbook/live.js"), 403);
        assert_eq!(fetched("same-origin", "no-cors", "/.proofbook/live.js"), 200);
    }

    #[test]
    fn everything_has_its_policy_and_nothing_is_shared() {
        for target in [
            "/",
            "/pic.svg",
            "/ten.txt",
            "/nothing",
            "/%00",
            "/.proofbook/live.js",
        ] {
            let answer = answer(&question(target), &moment("/"), &door());
            let has = |name| answer.headers.iter().any(|(known, _)| *known == name);
            for name in [
                "Content-Security-Policy",
                "X-Content-Type-Options",
                "Cross-Origin-Resource-Policy",
            ] {
                assert!(has(name), "{target} lacks {name}");
            }
            assert!(!has("Access-Control-Allow-Origin"));
        }
    }

    #[test]
    fn an_unchanged_file_is_not_sent_again() {
        let etag = |answer: &Answer| {
            let found = answer.headers.iter().find(|(name, _)| *name == "ETag");
            found.map(|(_, tag)| tag.clone()).unwrap_or_default()
        };
        let tag = etag(&answer(&question("/ten.txt"), &moment("/"), &door()));
        for tag in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let again = Question {
                if_none_match: Some(&tag),
                ..question("/ten.txt")
            };
            assert_eq!(check(&again), (304, String::new()), "{tag}");
        }
    }

    #[test]
    fn one_part_may_be_asked_for() {
        for (range, status, body) in [
            ("bytes=0-0", 206, "0"),
            ("bytes=2-4", 206, "234"),
            ("bytes=8-99", 206, "89"),
            ("bytes=7-", 206, "789"),
            ("bytes=-2", 206, "89"),
            ("bytes=-99", 206, "0123456789"),
            ("bytes=0-99999999999999999999999", 206, "0123456789"),
            ("bytes=10-", 416, "there is no such part\n"),
            ("bytes=-0", 416, "there is no such part\n"),
            ("bytes=4-2", 200, "0123456789"),
            ("bytes=0-1,3-4", 200, "0123456789"),
            ("lines=0-1", 200, "0123456789"),
            ("bytes=x", 200, "0123456789"),
        ] {
            let asked = Question {
                range: Some(range),
                ..question("/ten.txt")
            };
            assert_eq!(check(&asked), (status, body.to_owned()), "{range}");
        }
        let other = Question {
            range: Some("bytes=0-0"),
            if_range: Some("\"other\""),
            ..question("/ten.txt")
        };
        assert_eq!(check(&other).0, 200);
    }

    #[test]
    fn a_site_may_lie_below_a_path() {
        let get = |target| {
            let answer = answer(&question(target), &moment("/guides/"), &door());
            let to = answer.headers.iter().find(|(name, _)| *name == "Location");
            (answer.status, to.map(|(_, to)| to.clone()).unwrap_or_default())
        };
        assert_eq!(get("/"), (302, "/guides/".to_owned()));
        assert_eq!(get("/guides"), (302, "/guides/".to_owned()));
        assert_eq!(get("/guides/"), (200, String::new()));
        assert_eq!(get("/guides/a"), (308, "a/".to_owned()));
        assert_eq!(get("/a/"), (404, String::new()));
    }
}

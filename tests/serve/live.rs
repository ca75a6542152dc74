//! What pages are told, and what they may ask for.

use std::fs;

use super::{Channel, Server, guide, plain_site, wait, write};
use tempfile::TempDir;

#[test]
fn pages_hear_of_changes_and_built_sites_know_nothing_of_it() {
    let site = plain_site();
    let server = Server::start(site.path(), &[]);
    let mut first = Channel::open(&server, "/first/");
    let mut second = Channel::open(&server, "/second/");
    let before = first.event("site", |_| true);
    let other = second.event("site", |_| true);
    write(site.path(), "content/first.md", &guide("First", "changed"));
    let after = first.event("site", |_| true);
    assert_ne!(before["page"], after["page"]);
    let changed: Vec<&str> = after["changed"]
        .as_array()
        .map(|paths| paths.iter().filter_map(|path| path.as_str()).collect())
        .unwrap_or_default();
    assert!(changed.contains(&"first/index.html"), "{changed:?}");
    assert!(!changed.contains(&"second/index.html"), "{changed:?}");
    assert_eq!(after["place"]["page"], "first/");
    assert_eq!(after["place"]["id"], "first-1");
    // Whoever looks at another page hears of it, and need not load it again.
    let same = second.event("site", |_| true);
    assert_eq!(other["page"], same["page"]);
    assert!(server.get("/first/").text().contains("Number 1 is changed."));

    let out = site.path().join("built");
    let built = std::process::Command::new(env!("CARGO_BIN_EXE_proofbook"))
        .arg("--root")
        .arg(site.path())
        .args(["build", "-d"])
        .arg(&out)
        .output()
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(built.status.success());
    let page = fs::read_to_string(out.join("first/index.html")).unwrap_or_default();
    assert!(page.contains("Number 1 is changed.") && !page.contains("live.js"));
    assert_eq!(server.get("/first/").built(), page.as_bytes());
}

#[test]
fn another_style_sheet_leaves_the_page_as_it_is() {
    let site = plain_site();
    let server = Server::start(site.path(), &[]);
    let mut channel = Channel::open(&server, "/first/");
    let before = channel.event("site", |_| true);
    write(
        site.path(),
        "themes/default/assets/style.css",
        "body { color: red }\n",
    );
    let after = channel.event("site", |_| true);
    assert_eq!(before["page"], after["page"]);
    let hash = |news: &serde_json::Value| {
        let styles = news["parts"].as_array().cloned().unwrap_or_default();
        let found = styles.iter().find(|style| style["name"] == "assets/style.css");
        found.map(|style| style["hash"].to_string()).unwrap_or_default()
    };
    assert_ne!(hash(&before), hash(&after));
    assert!(!hash(&after).is_empty());
}

#[test]
fn errors_are_told_in_full_and_taken_back() {
    let site = plain_site();
    let server = Server::start(site.path(), &["--editor", "edit:{path}?{line}:{column}"]);
    let mut channel = Channel::open(&server, "/first/");
    channel.event("problems", |news| {
        news["problems"].as_array().is_none_or(Vec::is_empty)
    });
    let broken = format!("{}\n[a](nowhere.md) and [b](gone.md)\n", guide("First", "broken"));
    write(site.path(), "content/first.md", &broken);
    let told = channel.event("problems", |news| news["isWithheld"] == true);
    let problems = told["problems"].as_array().cloned().unwrap_or_default();
    let links: Vec<_> = problems
        .iter()
        .filter(|problem| problem["code"] == "link/missing-file")
        .collect();
    assert_eq!(links.len(), 2, "{problems:#?}");
    assert_eq!(links[0]["file"], "content/first.md");
    assert!(
        links[0]["text"]
            .as_str()
            .is_some_and(|text| text.contains("content/first.md:"))
    );
    let root = site.path().canonicalize().unwrap_or_default();
    let link = format!("edit:{}/content/first.md?{}:", root.display(), links[0]["line"]);
    assert!(
        links[0]["link"]
            .as_str()
            .is_some_and(|found| found.starts_with(&link)),
        "{}",
        links[0]["link"]
    );
    // The last good site stays.
    assert!(server.get("/first/").text().contains("Number 1 is one."));
    assert_eq!(server.get("/nothing/").status, 404);
    write(site.path(), "content/first.md", &guide("First", "mended"));
    let mended = channel.event("problems", |news| news["isWithheld"] == false);
    assert_eq!(mended["problems"].as_array().map(Vec::len), Some(0));
    server.shows("/first/", "Number 1 is mended.", true);
}

#[test]
fn a_site_that_does_not_build_at_first_appears_when_it_is_mended() {
    let site = plain_site();
    write(site.path(), "content/first.md", "# First\n\n[a](nowhere.md)\n");
    let server = Server::start(site.path(), &[]);
    let page = server.get("/first/");
    assert_eq!(page.status, 503);
    assert!(page.text().contains("/.proofbook/live.js"));
    let mut channel = Channel::open(&server, "/first/");
    let before = channel.event("site", |_| true);
    write(site.path(), "content/first.md", &guide("First", "there"));
    let after = channel.event("site", |news| news["version"] != 0);
    assert_ne!(before["page"], after["page"]);
    assert_eq!(server.get("/first/").status, 200);
}

/// A site with one snippet.
fn site_with_snippet() -> TempDir {
    let folder = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_proofbook"))
        .current_dir(folder.path())
        .args(["init", "."])
        .output()
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(made.status.success());
    folder
}

#[test]
fn outputs_run_beside_the_text_and_are_accepted_with_the_token_alone() {
    let site = site_with_snippet();
    let root = site.path();
    let slug = fs::read_dir(root.join("snippets"))
        .into_iter()
        .flatten()
        .flatten()
        .find(|entry| entry.path().join("expected.stdout").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .unwrap_or_default();
    let expected = format!("snippets/{slug}/expected.stdout");
    let reviewed = fs::read_to_string(root.join(&expected)).unwrap_or_default();
    let guide = fs::read_dir(root.join("content"))
        .into_iter()
        .flatten()
        .flatten()
        .find(|entry| {
            fs::read_to_string(entry.path()).is_ok_and(|text| text.contains(&format!("snippet {slug}")))
        })
        .map(|entry| entry.file_name().to_string_lossy().replace(".md", ""))
        .unwrap_or_default();
    let page = format!("/{guide}/");

    // Nothing was ever run: the text is there at once, and nothing is called verified.
    let server = Server::start(root, &[]);
    let mut channel = Channel::open(&server, &page);
    let session = channel.event("session", |_| true);
    let token = session["token"].as_str().unwrap_or_default().to_owned();
    assert_eq!(token.len(), 32);
    server.shows(&page, "Output verified", true);
    server.shows(&page, "Running…", false);

    // A text edit needs no run.
    let path = format!("content/{guide}.md");
    let text = fs::read_to_string(root.join(&path)).unwrap_or_default();
    write(root, &path, &text.replacen("**TL;DR:**", "**TL;DR:** Edited.", 1));
    server.shows(&page, "Edited.", true);
    assert!(server.get(&page).text().contains("Output verified"));

    // Another program: running first, then the difference; never the old output.
    let main = format!("snippets/{slug}/src/main.rs");
    write(root, &main, "fn main() {\n    println!(\"something else\");\n}\n");
    server.shows(&page, "Output verified", false);
    let told = channel.event("problems", |news| {
        news["snippets"]
            .as_array()
            .is_some_and(|snippets| !snippets.is_empty())
    });
    let failed = told["snippets"][0].clone();
    assert_eq!(failed["slug"], slug.as_str());
    assert!(
        failed["differences"][0]
            .as_str()
            .is_some_and(|diff| diff.contains("+something else")),
        "{failed}"
    );
    assert!(!server.get(&page).text().contains("Output verified"));

    // Accepting: with everything right, and with each thing wrong.
    let body = format!("{{\"slug\":\"{slug}\",\"observed\":{}}}", failed["observed"]);
    let length = format!("Content-Length: {}", body.len());
    let origin = format!("Origin: http://127.0.0.1:{}", server.port);
    let post = |token: &str, origin: &str, kind: &str, body: &str| {
        let length = format!("Content-Length: {}", body.len());
        let token = format!("X-Proofbook-Token: {token}");
        let headers = [token.as_str(), origin, kind, &length];
        server
            .request("POST", "/.proofbook/accept", &headers, body)
            .status
    };
    let json = "Content-Type: application/json";
    assert_eq!(
        server
            .request("POST", "/.proofbook/accept", &[&length, &origin, json], &body)
            .status,
        403
    );
    assert_eq!(
        post("0123456789abcdef0123456789abcdef", &origin, json, &body),
        403
    );
    assert_eq!(post(&token, "Origin: http://evil.example", json, &body), 403);
    assert_eq!(post(&token, "X-None: 1", json, &body), 403);
    assert_eq!(post(&token, &origin, "Content-Type: text/plain", &body), 403);
    assert_eq!(post(&token, &origin, json, "{}"), 400);
    assert_eq!(
        post(&token, &origin, json, "{\"slug\":\"../x\",\"observed\":\"\"}"),
        409
    );
    let other = format!("{{\"slug\":\"{slug}\",\"observed\":\"{}\"}}", "0".repeat(64));
    assert_eq!(post(&token, &origin, json, &other), 409);
    assert_eq!(
        server
            .request("POST", "/", &[&length, &origin, json], &body)
            .status,
        405
    );
    assert_eq!(
        fs::read_to_string(root.join(&expected)).unwrap_or_default(),
        reviewed
    );

    assert_eq!(post(&token, &origin, json, &body), 200);
    let accepted = fs::read_to_string(root.join(&expected)).unwrap_or_default();
    assert_eq!(accepted, "something else\n");
    server.shows(&page, "Output verified", true);
    assert!(server.get(&page).text().contains("something else"));
    assert_eq!(post(&token, &origin, json, &body), 409);

    // A program that does not compile is told, and shown as what it is.
    write(root, &main, "fn main() {\n    let x: u8 = \"no\";\n}\n");
    channel.event("problems", |news| {
        news["problems"].as_array().is_some_and(|problems| {
            problems
                .iter()
                .any(|problem| problem["code"] == "snippet/build-failed")
        })
    });
    wait("the receipt says so", || {
        let page = server.get(&page).text();
        (page.contains("Not verified in this build") && !page.contains("Output verified")).then_some(())
    });
}

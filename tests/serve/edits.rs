//! Every way in which files change: what is shown is always what a clean build makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use proofbook::engine::{self, BuildRequest, Goal};
use proofbook::memo::Memo;
use proofbook::system::OsSystem;

use super::{Channel, Server, guide, plain_site, wait, write};

/// The files of a clean build; none where it fails.
fn clean(root: &Path) -> Option<BTreeMap<String, Vec<u8>>> {
    let request = BuildRequest {
        drafts: true,
        preview: true,
        ..BuildRequest::new(root.canonicalize().ok()?, Goal::Memory)
    };
    let outcome = engine::build(&OsSystem::new(), &Memo::in_memory(), &request, &mut |_| {}).ok()?;
    let site = outcome.site?;
    let files = site.files.iter();
    Some(
        files
            .map(|(path, bytes)| (path.as_str().to_owned(), bytes.to_vec()))
            .collect(),
    )
}

/// Waits until the served site is that of a clean build.
fn follows(server: &Server, root: &Path, script: &[String]) {
    let Some(files) = clean(root) else { return };
    let mut differs = String::new();
    let until = std::time::Instant::now() + super::PATIENCE;
    loop {
        let wrong = files.iter().find(|(path, bytes)| {
            let answer = server.get(&format!("/{}", proofbook::model::site::encode(path)));
            answer.built() != **bytes
        });
        let Some((path, _)) = wrong else { return };
        path.clone_into(&mut differs);
        assert!(
            std::time::Instant::now() < until,
            "{differs} is not that of a clean build after {script:#?}\n{}",
            server.said()
        );
        thread::sleep(std::time::Duration::from_millis(30));
    }
}

/// Numbers that repeat.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64 (Marsaglia 2003)
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// One random edit; says what it was.
fn edit(root: &Path, dice: &mut Dice) -> String {
    let content = root.join("content");
    let names = [
        "first",
        "second",
        "third",
        "sub/fourth",
        "sub/fifth",
        "new/deep/sixth",
    ];
    let name = names[dice.roll(names.len())];
    let file = content.join(format!("{name}.md"));
    let word = format!("w{}", dice.roll(1000));
    let text = guide(&format!("Guide {}", name.replace('/', " ")), &word);
    let fresh = |path: &Path| {
        fs::create_dir_all(path.parent().unwrap_or(path)).unwrap_or_default();
    };
    match dice.roll(10) {
        0 | 1 => {
            fresh(&file);
            fs::write(&file, &text).unwrap_or_default();
            format!("write {name} {word}")
        }
        // As editors save: beside it, then over it.
        2 => {
            fresh(&file);
            let beside = file.with_extension("md.tmp~");
            fs::write(&beside, &text).unwrap_or_default();
            fs::rename(&beside, &file).unwrap_or_default();
            format!("replace {name} {word}")
        }
        // As vim saves: away, anew, and the old one removed.
        3 => {
            fresh(&file);
            let away = PathBuf::from(format!("{}~", file.display()));
            let _ = fs::rename(&file, &away);
            fs::write(&file, &text).unwrap_or_default();
            let _ = fs::remove_file(&away);
            format!("dance {name} {word}")
        }
        4 => {
            let _ = fs::remove_file(&file);
            format!("remove {name}")
        }
        5 => {
            let other = content.join(format!("{}.md", names[dice.roll(names.len())]));
            fresh(&other);
            let _ = fs::rename(&file, &other);
            format!("rename {name} to {}", other.display())
        }
        6 => {
            let folder = content.join(["sub", "new"][dice.roll(2)]);
            let _ = fs::remove_dir_all(&folder);
            format!("remove folder {}", folder.display())
        }
        7 => {
            let (from, to) = (content.join("sub"), content.join("moved"));
            if dice.roll(2) == 0 {
                let _ = fs::rename(&from, &to);
                "move folder sub to moved".to_owned()
            } else {
                let _ = fs::rename(&to, &from);
                "move folder moved to sub".to_owned()
            }
        }
        8 => {
            let title = format!("[book]\ntitle = \"Book {word}\"\n");
            fs::write(root.join("book.toml"), title).unwrap_or_default();
            format!("title {word}")
        }
        _ => {
            let style = root.join("themes/default/assets/style.css");
            if dice.roll(3) == 0 {
                let _ = fs::remove_dir_all(root.join("themes"));
                return "remove theme".to_owned();
            }
            fresh(&style);
            fs::write(&style, format!(".{word} {{ color: red }}\n")).unwrap_or_default();
            format!("style {word}")
        }
    }
}

#[test]
fn what_is_served_is_what_a_clean_build_makes() {
    for seed in 1..=3 {
        let site = plain_site();
        let server = Server::start(site.path(), &[]);
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed);
        let mut script = vec![format!("seed {seed}")];
        for _ in 0..12 {
            for _ in 0..=dice.roll(6) {
                script.push(edit(site.path(), &mut dice));
            }
            // The site must have a guide to be one.
            write(
                site.path(),
                "content/first.md",
                &guide("First", &format!("s{}", script.len())),
            );
            follows(&server, site.path(), &script);
        }
    }
}

#[test]
fn the_last_of_many_edits_is_shown() {
    let site = plain_site();
    let server = Server::start(site.path(), &[]);
    let mut channel = Channel::open(&server, "/first/");
    for number in 0..200 {
        write(
            site.path(),
            "content/first.md",
            &guide("First", &format!("edit{number}end")),
        );
        // Sometimes it may keep up, sometimes not.
        thread::sleep(std::time::Duration::from_millis(number % 40));
    }
    server.shows("/first/", "edit199end", true);
    // And the page hears of it.
    let hash = |news: &serde_json::Value| news["page"].clone();
    let last = {
        let mut again = Channel::open(&server, "/first/");
        hash(&again.event("site", |_| true))
    };
    channel.event("site", |news| hash(news) == last);
}

#[test]
fn many_files_at_once_are_one_change() {
    let site = plain_site();
    let server = Server::start(site.path(), &[]);
    let rounds = || server.said().matches(" guides, ").count();
    let before = rounds();
    for number in 0..300 {
        write(
            site.path(),
            &format!("content/more/g{number}.md"),
            &guide(&format!("G{number}"), "many"),
        );
    }
    server.shows("/more/g299/", "Number 3 is many.", true);
    server.shows("/more/g0/", "Number 3 is many.", true);
    let made = rounds() - before;
    assert!(made <= 10, "{made} rounds for one checkout");
    fs::remove_dir_all(site.path().join("content/more")).unwrap_or_else(|error| panic!("{error}"));
    wait("the folder is gone", || {
        (server.get("/more/g299/").status == 404).then_some(())
    });
    fs::create_dir(site.path().join("content/more")).unwrap_or_else(|error| panic!("{error}"));
    write(site.path(), "content/more/again.md", &guide("Again", "back"));
    server.shows("/more/again/", "Number 3 is back.", true);
}

#[test]
fn what_a_build_writes_is_no_change() {
    let site = plain_site();
    write(
        site.path(),
        "book.toml",
        "[book]\ntitle = \"Plain\"\n\n[build]\nbuild-dir = \"out\"\n",
    );
    let server = Server::start(site.path(), &[]);
    let rounds = || server.said().matches(" guides, ").count();
    let before = rounds();
    let built = std::process::Command::new(env!("CARGO_BIN_EXE_proofbook"))
        .arg("--root")
        .arg(site.path())
        .arg("build")
        .output()
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(built.status.success() && site.path().join("out/index.html").exists());
    write(site.path(), "content/first.md", &guide("First", "after"));
    server.shows("/first/", "Number 1 is after.", true);
    // The folder itself may be told of when it is made, and the memo's when it is.
    assert!(rounds() - before <= 3, "{}", server.said());
}

#[test]
fn looking_again_and_again_notices_too() {
    let site = plain_site();
    let server = Server::start(site.path(), &["--watcher", "poll"]);
    write(site.path(), "content/first.md", &guide("First", "polled"));
    server.shows("/first/", "Number 1 is polled.", true);
    write(site.path(), "content/late/new.md", &guide("New", "found"));
    server.shows("/late/new/", "Number 1 is found.", true);
    write(
        site.path(),
        "themes/default/assets/style.css",
        ".polled { color: red }\n",
    );
    wait("the new top folder is noticed", || {
        let page = server.get("/first/").text();
        let sheet = page.split("assets/style.").nth(1)?.split('"').next()?.to_owned();
        let sheet = server.get(&format!("/assets/style.{sheet}")).text();
        sheet.contains(".polled").then_some(())
    });
}

/// Requests from many readers at once while files change: every answer is whole, and one of the states that there were.
fn load(requests: usize, readers: usize) {
    let site = plain_site();
    let server = Server::start(site.path(), &[]);
    let (left, done) = (AtomicUsize::new(requests), AtomicBool::new(false));
    thread::scope(|scope| {
        let (left, done, server, root) = (&left, &done, &server, site.path());
        scope.spawn(move || {
            for number in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                write(
                    root,
                    "content/first.md",
                    &guide("First", &format!("load{number}end")),
                );
                thread::sleep(std::time::Duration::from_millis(30));
            }
        });
        let readers: Vec<_> = (0..readers)
            .map(|_| {
                scope.spawn(move || {
                    while left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                        .is_ok()
                    {
                        let answer = server.get("/first/");
                        assert_eq!(answer.status, 200, "{}", answer.head);
                        let length = answer.header("content-length").unwrap_or_default();
                        assert_eq!(length, answer.body.len().to_string());
                        let text = answer.text();
                        assert!(text.trim_end().ends_with("</html>"));
                        let words: Vec<&str> = (1..=3)
                            .filter_map(|number| {
                                let after = text.split(&format!("Number {number} is ")).nth(1)?;
                                after.split('.').next()
                            })
                            .collect();
                        assert!(
                            words.len() == 3 && words.iter().all(|word| *word == words[0]),
                            "{words:?}"
                        );
                    }
                })
            })
            .collect();
        let fine = readers
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .all(|ended| ended.is_ok());
        done.store(true, Ordering::Relaxed);
        assert!(fine);
    });
}

#[test]
fn readers_get_whole_pages_while_files_change() {
    load(1000, 50);
}

#[test]
#[ignore = "takes long: ten thousand requests"]
fn ten_thousand_requests_over_fifty_connections() {
    load(10_000, 50);
}

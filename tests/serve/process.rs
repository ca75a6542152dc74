//! The process: ports, signals, threads, memory.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Channel, Server, guide, plain_site, wait, write};

/// Names of the process's threads.
fn threads(server: &Server) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.child.id()));
    tasks
        .into_iter()
        .flatten()
        .flatten()
        .map(|task| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default())
        .map(|name| name.trim().to_owned())
        .collect()
}

#[test]
fn a_taken_port_is_told_with_who_holds_it() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let port = holder
        .local_addr()
        .map_or(0, |address| address.port())
        .to_string();
    let site = plain_site();
    let output = Command::new(env!("CARGO_BIN_EXE_proofbook"))
        .arg("--root")
        .arg(site.path())
        .args(["serve", "-p", &port])
        .output()
        .unwrap_or_else(|error| panic!("{error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains(&format!("port {port} of 127.0.0.1 is taken by ")),
        "{said}"
    );
    assert!(said.contains(&format!("(pid {})", std::process::id())), "{said}");
    assert!(said.contains("-p 0"), "{said}");
}

#[test]
fn an_editor_address_that_runs_code_is_refused() {
    let site = plain_site();
    for wrong in ["javascript:alert('{path}')", "vscode://file/", "{path}"] {
        let output = Command::new(env!("CARGO_BIN_EXE_proofbook"))
            .arg("--root")
            .arg(site.path())
            .args(["serve", "-p", "0", "--editor", wrong])
            .output()
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}

#[cfg(unix)]
#[test]
fn signals_end_it_cleanly() {
    for signal in ["INT", "TERM"] {
        let site = plain_site();
        let mut server = Server::start(site.path(), &[]);
        let mut channel = Channel::open(&server, "/");
        channel.event("site", |_| true);
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &server.child.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()));
        let status = wait("the server ends", || server.child.try_wait().unwrap_or_default());
        assert_eq!(status.code(), Some(0), "{signal}: {}", server.said());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn threads_of_a_channel_go_when_the_page_is_left() {
    let site = plain_site();
    let server = Server::start(site.path(), &[]);
    let busy = || {
        threads(&server)
            .iter()
            .filter(|name| matches!(name.as_str(), "answer" | "connection"))
            .count()
    };
    let channels: Vec<Channel> = (0..20)
        .map(|_| {
            let mut channel = Channel::open(&server, "/first/");
            channel.event("problems", |_| true);
            channel
        })
        .collect();
    assert!(busy() >= 40, "{:?}", threads(&server));
    let left = Instant::now();
    drop(channels);
    wait("the threads are gone", || (busy() == 0).then_some(()));
    // Three seconds are promised; a machine under load may be late.
    assert!(left.elapsed() < Duration::from_secs(15), "{:?}", left.elapsed());
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "takes minutes: a thousand builds"]
fn memory_stays_flat() {
    let site = plain_site();
    let server = Server::start(site.path(), &[]);
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
            .unwrap_or_default()
    };
    let edit = |number: usize| {
        let word = format!("word{number}end");
        write(site.path(), "content/first.md", &guide("First", &word));
        server.shows("/first/", &word, true);
    };
    (0..100).for_each(edit);
    let before = resident();
    (100..1000).for_each(edit);
    let after = resident();
    assert!(after < before + before / 4 + 8192, "{before} kB, then {after} kB");
}

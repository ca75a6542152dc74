//! `proofbook serve`

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;

use super::{absolute, memo, open_in_browser, system};
use crate::cli::ExitCode;
use crate::cli::args::{Args, ServeArgs, Watcher};
use crate::cli::console::{Console, Progress};
use crate::engine::{BuildRequest, Goal, Outcome};
use crate::error::Error;
use crate::event::Event;
use crate::serve::{Listener, ServeRequest, Session, WatchKind};
use crate::system::System;

pub(in crate::cli) fn run(args: &Args, options: &ServeArgs, console: &Console) -> anyhow::Result<ExitCode> {
    let root = absolute(&args.root)?;
    if !options.hostname.is_loopback() {
        console.say(&format!(
            "warning: {} can be reached from other machines; the site is shown to whoever connects",
            options.hostname
        ));
    }
    let request = ServeRequest {
        build: BuildRequest {
            drafts: true,
            ..BuildRequest::new(root.clone(), Goal::Memory)
        },
        address: SocketAddr::new(options.hostname, options.port),
        watcher: match options.watcher {
            Watcher::Native => WatchKind::Native,
            Watcher::Poll => WatchKind::Poll,
        },
        follow: options.follow,
        editor: options.editor.clone(),
    };
    let mut voice = Voice {
        console,
        open: options.open,
        progress: None,
    };
    let session = Session::new();
    let stopper = session.stopper();
    ctrlc::set_handler(move || stopper.stop()).context("failed to listen for Ctrl-C")?;
    let sys: Arc<dyn System + Send + Sync> = Arc::new(system());
    match session.serve(&sys, &Arc::new(memo(&root)), &request, &mut voice) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::AddrInUse => {
            anyhow::bail!(taken(options, sys.listener(options.port).as_deref()))
        }
        done => done?,
    }
    Ok(ExitCode::Clean)
}

/// What to do where another program listens on the port.
fn taken(options: &ServeArgs, by: Option<&str>) -> String {
    let (port, by) = (options.port, by.map_or(String::new(), |by| format!(" by {by}")));
    format!(
        "port {port} of {} is taken{by}; end the program that holds it, or choose another port with \
         `-p {}` (`-p 0` takes a free one)",
        options.hostname,
        port.checked_add(1).unwrap_or(3000),
    )
}

struct Voice<'a> {
    console: &'a Console,
    open: bool,
    progress: Option<Progress>,
}

impl Listener for Voice<'_> {
    fn listening(&mut self, address: &str) {
        self.console.say(&format!("serving {address} (Ctrl-C ends)"));
        if self.open {
            open_in_browser(address);
        }
    }

    fn event(&mut self, event: &Event) {
        let console = self.console;
        self.progress
            .get_or_insert_with(|| console.progress())
            .hear(event);
    }

    fn built(&mut self, outcome: &Outcome) {
        self.progress = None;
        // What still runs is told of when it is done; until then only what withholds the site matters.
        if outcome.counts.running == 0 || outcome.site.is_none() {
            self.console.report(outcome);
        }
    }

    fn failed(&mut self, error: &Error) {
        self.progress = None;
        self.console
            .say(&format!("error: {error}; the last good site is still shown"));
    }

    fn notice(&mut self, text: &str) {
        self.console.say(&format!("note: {text}"));
    }
}

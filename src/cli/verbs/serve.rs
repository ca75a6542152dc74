//! `proofbook serve`

use std::net::SocketAddr;

use super::{absolute, memo, open_in_browser, system};
use crate::cli::ExitCode;
use crate::cli::args::{Args, ServeArgs, Watcher};
use crate::cli::console::{Console, Progress};
use crate::engine::{BuildRequest, Goal, Outcome};
use crate::error::Error;
use crate::event::Event;
use crate::serve::{self, Listener, ServeRequest, WatchKind};

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
            root: root.clone(),
            goal: Goal::Memory,
            drafts: true,
            base_url: None,
            only: Vec::new(),
            partition: None,
            no_run: false,
            locked: false,
            bless: false,
            jobs: None,
        },
        address: SocketAddr::new(options.hostname, options.port),
        watcher: match options.watcher {
            Watcher::Native => WatchKind::Native,
            Watcher::Poll => WatchKind::Poll,
        },
    };
    let mut voice = Voice {
        console,
        open: options.open,
        progress: None,
    };
    match serve::serve(&system(), &memo(&root), &request, &mut voice) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::AddrInUse => anyhow::bail!(
            "port {} of {} is taken; end the program that holds it, or choose another with `-p` (0 takes a free one)",
            options.port,
            options.hostname
        ),
        done => done?,
    }
    Ok(ExitCode::Clean)
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
        self.console.report(outcome);
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

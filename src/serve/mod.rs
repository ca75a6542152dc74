//! Shows the site while it is written: builds, serves from memory, rebuilds on every change, and tells the pages.
//!
//! There is no second way to build: each round is `engine::build`, and speed comes from the memo alone. A round leaves
//! snippets that need a run as running, so that the text is there at once; they run beside it, and the next round has
//! their results. On errors the last good site stays.
//!
//! Invariant: what is shown was built from files that did not change meanwhile, or is replaced within moments.

mod guard;
mod inner;
mod page;
mod respond;
mod server;
mod shown;
mod watch;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use self::server::{Acceptance, Parts, Server};
use self::shown::Shown;
use self::watch::{Burst, Hint, Watch};
use crate::engine::{self, BuildRequest, Goal, Outcome};
use crate::error::Error;
use crate::event::{Event, Stage};
use crate::memo::Memo;
use crate::model::snippet::Status;
use crate::report::live;
use crate::system::System;

pub use self::watch::WatchKind;

/// How long rounds of files that changed meanwhile are left out. Whoever never stops writing sees something too.
const OVERTAKEN: Duration = Duration::from_secs(10);
/// How long a file that is suddenly empty may be about to be filled.
const EMPTIED: Duration = Duration::from_millis(50);
/// How long a mark's event is waited for.
const MARK: Duration = Duration::from_secs(2);

/// What to serve, and how.
#[derive(Clone, Debug)]
pub struct ServeRequest {
    /// What is built in each round; goal, preview and defer are set here.
    pub build: BuildRequest,
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// How changes are noticed.
    pub watcher: WatchKind,
    /// Whether pages go to where the last edit shows.
    pub follow: bool,
    /// The address that opens a place in the author's editor, with `{path}`, `{line}` and `{column}`.
    pub editor: String,
}

/// What the server tells.
pub trait Listener {
    /// The server listens at an address.
    fn listening(&mut self, address: &str);
    /// An event of the build that runs.
    fn event(&mut self, event: &Event);
    /// A build is done.
    fn built(&mut self, outcome: &Outcome);
    /// A build could not be done; the last good site is still served.
    fn failed(&mut self, error: &Error);
    /// Something about watching that the author should know.
    fn notice(&mut self, text: &str);
}

/// What wakes the loop.
enum Wake {
    /// Something about a file.
    Hint(Hint),
    /// A step of the snippets that run beside it.
    Told(Event),
    /// They are done.
    Ran(Box<Result<Outcome, Error>>),
    /// It ends.
    Stop,
}

/// A server that does not run yet.
pub struct Session {
    sender: Sender<Wake>,
    receiver: Receiver<Wake>,
}

/// Ends a server.
#[derive(Clone)]
pub struct Stopper(Sender<Wake>);

impl Stopper {
    /// Ends the server: [`Session::serve`] returns.
    pub fn stop(&self) {
        // It may have ended by itself.
        let _ = self.0.send(Wake::Stop);
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// Makes a server.
    #[must_use]
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self { sender, receiver }
    }

    /// What ends it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.sender.clone())
    }

    /// Builds and serves until it is stopped.
    ///
    /// # Errors
    /// If there is no site, the address cannot be listened on, or the folder cannot be watched.
    pub fn serve(
        self,
        sys: &Arc<dyn System + Send + Sync>,
        memo: &Arc<Memo>,
        request: &ServeRequest,
        listener: &mut (dyn Listener + Send),
    ) -> Result<(), Error> {
        let Self { sender, receiver } = self;
        let shown = Arc::new(Shown::new());
        let build = BuildRequest {
            goal: Goal::Memory,
            preview: true,
            ..request.build.clone()
        };
        let parts = Parts {
            shown: Arc::clone(&shown),
            accept: acceptor(sys, memo, &build),
            follow: request.follow,
        };
        let server = Server::bind(request.address, parts)?;
        let mut watch = Watch::start(sys, &build.root, request.watcher, &sender, &mut |text| {
            listener.notice(text);
        })?;
        let mut rounds = Rounds {
            receiver,
            watch: &mut watch,
            burst: Burst::default(),
            empty: BTreeSet::new(),
            ran: None,
        };
        let mut address = None;
        // The first of the changes that nothing was shown of.
        let mut since: Option<Instant> = None;
        // The number of this round, and of the one whose snippets run.
        let (mut round, mut running) = (0_u64, None);
        loop {
            round += 1;
            let ask = BuildRequest {
                defer: true,
                ..build.clone()
            };
            // Whether nothing changed while the files were read. What changes afterwards is the next round's.
            let (mut is_whole, mut goes_on) = (false, true);
            let outcome = engine::build(&**sys, memo, &ask, &mut |event| {
                if let Event::StageStarted {
                    stage: Stage::Parse, ..
                } = event
                {
                    goes_on = rounds.hear(listener);
                    is_whole = rounds.burst.is_still();
                }
                listener.event(&event);
            });
            if !goes_on || !rounds.hear(listener) {
                return Ok(());
            }
            // A file is empty before the system tells that it is being written anew.
            if rounds.is_emptied(&outcome) {
                thread::sleep(EMPTIED);
                is_whole = false;
                if !rounds.hear(listener) {
                    return Ok(());
                }
            }
            let overtaken = match rounds.overtaken(&outcome, &build.root, &**sys) {
                Overtaken::Spoilt if is_whole => Overtaken::Later,
                overtaken => overtaken,
            };
            match (overtaken, since) {
                // It is read again, and not shown.
                (Overtaken::Spoilt, _)
                    if address.is_some() && since.is_none_or(|since| since.elapsed() < OVERTAKEN) => {}
                _ => {
                    since = None;
                    let is_running = outcome.as_ref().is_ok_and(|outcome| outcome.counts.running > 0);
                    if let Ok(outcome) = &outcome {
                        rounds.watch.leave_out(&outcome.config.build.build_dir);
                    }
                    if address.is_none()
                        && let Err(error @ Error::NoContent { .. }) = outcome
                    {
                        // Without a content folder there will be no site, however long we wait.
                        return Err(error);
                    }
                    let base = show(&shown, &outcome, request, listener);
                    if address.is_none() {
                        listener.listening(&format!("http://{}{base}", server.address()));
                        address = Some(base);
                    }
                    if is_running && running.is_none() && overtaken == Overtaken::No {
                        run_beside(sys, memo, &build, &sender);
                        running = Some(round);
                    }
                }
            }
            loop {
                match rounds.next(listener) {
                    Woken::Stop => return Ok(()),
                    Woken::Changed => {
                        since.get_or_insert_with(Instant::now);
                        break;
                    }
                    Woken::Ran(outcome) => {
                        let is_current = running.take() == Some(round);
                        if is_current && rounds.burst.over().is_none() {
                            if !rounds.hear(listener) {
                                return Ok(());
                            }
                            if rounds.overtaken(&outcome, &build.root, &**sys) == Overtaken::Spoilt {
                                continue;
                            }
                            show(&shown, &outcome, request, listener);
                        } else {
                            // The text has moved on: a further round puts it together with what the memo now knows.
                            break;
                        }
                    }
                }
            }
        }
    }
}

/// Shows what came of a build, and gives the path that the site lies under.
fn show(
    shown: &Shown,
    outcome: &Result<Outcome, Error>,
    request: &ServeRequest,
    listener: &mut (dyn Listener + Send),
) -> String {
    match outcome {
        Ok(outcome) => {
            let base = base(outcome.config.html.site_url.as_deref());
            let problems = live::render(outcome, &request.build.root, &request.editor);
            let site = outcome.site.as_ref().map(|site| (Arc::clone(site), base.clone()));
            shown.show(site, problems.into());
            listener.built(outcome);
            base
        }
        Err(error) => {
            shown.show(None, live::failure(&error.to_string()).into());
            listener.failed(error);
            shown.now().base.clone()
        }
    }
}

/// The path of a site's address, with a slash at both ends.
fn base(site_url: Option<&str>) -> String {
    let rest = site_url.map(|url| url.split_once("://").map_or(url, |(_, rest)| rest));
    let path = rest.and_then(|rest| rest.find('/').map(|at| &rest[at..]));
    let path = path.map_or("", |path| path.trim_matches('/'));
    if path.is_empty() {
        "/".to_owned()
    } else {
        format!("/{path}/")
    }
}

/// Compiles and runs what the memo does not know, in a thread of its own.
fn run_beside(
    sys: &Arc<dyn System + Send + Sync>,
    memo: &Arc<Memo>,
    build: &BuildRequest,
    sender: &Sender<Wake>,
) {
    let (sys, memo, sender, build) = (Arc::clone(sys), Arc::clone(memo), sender.clone(), build.clone());
    let ran = sender.clone();
    let spawned = thread::Builder::new().name("snippets".to_owned()).spawn(move || {
        let outcome = engine::build(&*sys, &memo, &build, &mut |event| {
            if matches!(
                event,
                Event::SandboxReady { .. }
                    | Event::BuildStarted { .. }
                    | Event::SnippetCompiled { .. }
                    | Event::SnippetStarted { .. }
            ) {
                // The receiver is gone only when the server ends.
                let _ = sender.send(Wake::Told(event));
            }
        });
        let _ = sender.send(Wake::Ran(Box::new(outcome)));
    });
    if let Err(error) = spawned {
        let failed = Error::Io {
            doing: "run the snippets of",
            path: PathBuf::from("this site"),
            source: error,
        };
        let _ = ran.send(Wake::Ran(Box::new(Err(failed))));
    }
}

/// What accepts an output: what `test --bless` does, if the author saw what is there.
fn acceptor(
    sys: &Arc<dyn System + Send + Sync>,
    memo: &Arc<Memo>,
    build: &BuildRequest,
) -> Box<server::Accept> {
    let (sys, memo, build) = (Arc::clone(sys), Arc::clone(memo), build.clone());
    let one_by_one = Mutex::new(());
    Box::new(move |wanted: &Acceptance| {
        let _one = one_by_one.lock().unwrap_or_else(PoisonError::into_inner);
        let slug = wanted.slug.as_str();
        // Nothing is run for it: only what was observed and shown can be accepted.
        let ask = |bless| BuildRequest {
            goal: Goal::Snippets,
            only: vec![slug.to_owned()],
            preview: false,
            defer: true,
            bless,
            ..build.clone()
        };
        let build =
            |bless| engine::build(&*sys, &memo, &ask(bless), &mut |_| {}).map_err(|error| error.to_string());
        let seen = build(false)?;
        let Some(proof) = seen.proofs.snippets.get(slug) else {
            return Err(format!("there is no snippet `{slug}`"));
        };
        if proof.differences.is_empty() {
            return Err(format!("`{slug}` has no output to accept at the moment"));
        }
        if proof.observed_hash.map(|hash| hash.hex()).as_ref() != Some(&wanted.observed) {
            return Err(format!("`{slug}` prints something else by now; look at it again"));
        }
        let done = build(true)?;
        match done.proofs.snippets.get(slug).map(|proof| &proof.status) {
            Some(Status::Verified) => Ok(()),
            _ => Err(format!(
                "the output of `{slug}` could not be written; the terminal says why"
            )),
        }
    })
}

/// The loop's ears.
struct Rounds<'a> {
    receiver: Receiver<Wake>,
    watch: &'a mut Watch,
    burst: Burst,
    /// Files that were empty in the last round.
    empty: BTreeSet<String>,
    /// Snippets that were done while a round was made.
    ran: Option<Box<Result<Outcome, Error>>>,
}

/// Whether files changed while a round was made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overtaken {
    No,
    /// Others than were read, or after they were.
    Later,
    /// What was read may be half of what was there.
    Spoilt,
}

/// Why a further round is made, or none.
enum Woken {
    Changed,
    Ran(Box<Result<Outcome, Error>>),
    Stop,
}

impl Rounds<'_> {
    /// Takes in a hint.
    fn note(&mut self, hint: Hint, listener: &mut (dyn Listener + Send)) {
        if self.watch.note(&hint, &mut |text| listener.notice(text)) {
            self.burst.note(hint, Instant::now());
        }
    }

    /// Hears of everything that happened up to now; false if the server is to end.
    fn hear(&mut self, listener: &mut (dyn Listener + Send)) -> bool {
        let mark = self.watch.mark();
        let until = Instant::now() + MARK;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let woken = match mark {
                Some(_) => self.receiver.recv_timeout(left),
                None => self.receiver.try_recv().map_err(|error| match error {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                }),
            };
            match woken {
                Ok(Wake::Hint(hint)) => {
                    let is_mark = match &hint {
                        Hint::Open(path) | Hint::Other(path) => Some(path) == mark.as_ref(),
                        _ => false,
                    };
                    if is_mark {
                        return true;
                    }
                    self.note(hint, listener);
                }
                Ok(Wake::Told(event)) => listener.event(&event),
                Ok(Wake::Ran(outcome)) => self.ran = Some(outcome),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => return true,
            }
        }
    }

    /// Whether a file is empty that was not so in the last round.
    fn is_emptied(&mut self, outcome: &Result<Outcome, Error>) -> bool {
        let Ok(outcome) = outcome else { return false };
        let empty = outcome.sources.iter().filter(|source| source.bytes.is_empty());
        let empty: BTreeSet<String> = empty.map(|source| source.path.clone()).collect();
        let is_emptied = !empty.is_subset(&self.empty);
        self.empty = empty;
        is_emptied
    }

    /// Whether files changed since the round began, and whether it may have read some of them while they did.
    fn overtaken(&self, outcome: &Result<Outcome, Error>, root: &Path, sys: &dyn System) -> Overtaken {
        if self.burst.is_still() {
            return Overtaken::No;
        }
        let spoils = match outcome {
            Ok(outcome) => self.burst.spoils(&outcome.sources, root, sys),
            Err(_) => true,
        };
        if spoils {
            Overtaken::Spoilt
        } else {
            Overtaken::Later
        }
    }

    /// Waits for a reason for a further round. A burst of changes is one.
    fn next(&mut self, listener: &mut (dyn Listener + Send)) -> Woken {
        if let Some(outcome) = self.ran.take() {
            return Woken::Ran(outcome);
        }
        loop {
            let woken = match self.burst.over() {
                None => self.receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(over) => {
                    let left = over.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        self.burst.clear();
                        return Woken::Changed;
                    }
                    self.receiver.recv_timeout(left)
                }
            };
            match woken {
                Ok(Wake::Hint(hint)) => self.note(hint, listener),
                Ok(Wake::Told(event)) => listener.event(&event),
                Ok(Wake::Ran(outcome)) => return Woken::Ran(outcome),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return Woken::Stop,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

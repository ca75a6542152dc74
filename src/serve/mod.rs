//! Shows the site while it is written: builds, serves from memory, rebuilds on every change.
//!
//! There is no second way to build: each round is `engine::build`, and speed comes from the memo alone. On errors
//! the last good site stays.

mod guard;
mod respond;
mod server;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::engine::{self, BuildRequest, Outcome};
use crate::error::Error;
use crate::event::Event;
use crate::memo::Memo;
use crate::model::site::Site;
use crate::system::System;

pub use self::watch::WatchKind;

/// What to serve, and how.
#[derive(Clone, Debug)]
pub struct ServeRequest {
    /// What is built in each round; its goal should be the site in memory.
    pub build: BuildRequest,
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// How changes are noticed.
    pub watcher: WatchKind,
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

/// The site that is shown; nothing until a first build succeeds.
#[derive(Debug, Default)]
struct Shown(RwLock<Option<Arc<Site>>>);

impl Shown {
    fn get(&self) -> Option<Arc<Site>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, site: Arc<Site>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(site);
    }
}

/// Builds and serves until the process is ended.
///
/// # Errors
/// If the address cannot be listened on, or the folder cannot be watched.
pub fn serve(
    sys: &dyn System,
    memo: &Memo,
    request: &ServeRequest,
    listener: &mut (dyn Listener + Send),
) -> Result<(), Error> {
    let shown = Arc::new(Shown::default());
    let place = || PathBuf::from(request.address.to_string());
    let server = server::Server::bind(request.address, &shown).map_err(Error::io("listen on", place()))?;
    let address = format!("http://{}/", server.address());
    let changes = watch::start(&request.build.root, request.watcher, &mut |text| {
        listener.notice(text);
    })?;
    let mut told = false;
    loop {
        let outcome = engine::build(sys, memo, &request.build, &mut |event| listener.event(&event));
        match outcome {
            Ok(outcome) => {
                if let Some(site) = &outcome.site {
                    shown.set(Arc::clone(site));
                }
                listener.built(&outcome);
            }
            // Without a content folder there will be no site, however long we wait.
            Err(error @ Error::NoContent { .. }) if !told => return Err(error),
            Err(error) => listener.failed(&error),
        }
        if !told {
            listener.listening(&address);
            told = true;
        }
        if !changes.wait(Duration::from_millis(60)) {
            return Ok(());
        }
    }
}

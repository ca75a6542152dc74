//! One address: asked by HEAD, then GET, through redirects, again where that may help.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};
use url::Url;

use super::policy;
use super::queue::Pause;
use crate::config::links::{LinksConfig, Range};
use crate::markup::{self, What};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 10;
/// How much of a page is read for its ids, in bytes, unpacked.
const MAX_BODY: u64 = 8 << 20;
/// The longest wait that a host may ask for.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// What came of asking an address.
pub(super) type Visit = Result<Good, Bad>;

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Good {
    /// Where every redirect on the way says it has moved for good.
    pub(super) moved: Option<String>,
    pub(super) ids: Ids,
}

/// The ids of a page.
#[derive(Clone, Debug)]
pub(super) enum Ids {
    /// They were not looked for, or the answer is no markup.
    Unknown,
    /// Those of the part that was read.
    Some(BTreeSet<String>),
    /// Those of the whole page.
    All(BTreeSet<String>),
}

impl Ids {
    /// Whether an id is there, or nothing can be said of it. Code hosts put a prefix before ids that users give.
    pub(super) fn has(&self, id: &str) -> bool {
        match self {
            Self::Unknown => true,
            Self::Some(ids) | Self::All(ids) => {
                ids.contains(id) || ids.contains(&format!("user-content-{id}"))
            }
        }
    }
}

/// Why an address counts as broken.
#[derive(Clone, Debug)]
pub(super) struct Bad {
    /// A phrase that follows the address.
    pub(super) what: String,
    /// How to mend it, where that is special.
    pub(super) help: Option<String>,
    /// Whether the host only had no time for us.
    pub(super) unclear: bool,
    /// Whether another try may help, and when the host wants it.
    retry: Option<Option<Duration>>,
}

impl Bad {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: None,
            unclear: false,
            retry: None,
        }
    }

    fn again(self, when: Option<Duration>) -> Self {
        Self {
            retry: Some(when),
            ..self
        }
    }
}

/// Asks addresses.
#[derive(Debug)]
pub(super) struct Client<'a> {
    agent: Agent,
    config: &'a LinksConfig,
}

impl<'a> Client<'a> {
    /// A client that connects to public machines and those of the ranges alone.
    pub(super) fn new(config: &'a LinksConfig, ranges: Vec<Range>) -> Self {
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            // Each step is looked at here: for loops, and for whether it is for good.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(config.timeout))
            .tls_config(tls())
            // A proxy would connect to machines that we refuse.
            .proxy(None)
            .user_agent(format!("proofbook/{} (link check)", env!("CARGO_PKG_VERSION")))
            .accept("text/html,application/xhtml+xml,*/*;q=0.8")
            .build();
        let resolver = Guard {
            inner: DefaultResolver::default(),
            ranges,
        };
        Self {
            agent: Agent::with_parts(settings, DefaultConnector::default(), resolver),
            config,
        }
    }

    /// Asks an address, again after a while where that may help.
    pub(super) fn visit(&self, url: &Url, ids: &BTreeSet<String>, pause: Pause<'_>) -> Visit {
        let mut wait = self.config.retry_wait_time;
        let mut tries = 0;
        loop {
            let bad = match self.follow(url, !ids.is_empty()) {
                Ok(good) => return Ok(good),
                Err(bad) => bad,
            };
            let Some(asked) = bad.retry else { return Err(bad) };
            let next = asked.unwrap_or(wait).max(wait);
            if tries >= self.config.max_retries || next > MAX_WAIT {
                return Err(bad);
            }
            tries += 1;
            wait *= 2;
            if asked.is_some() {
                pause(next);
            }
            std::thread::sleep(next);
        }
    }

    /// One try, through all redirects.
    fn follow(&self, from: &Url, wants_ids: bool) -> Visit {
        let mut url = from.clone();
        let mut seen = vec![url.clone()];
        let mut permanent = true;
        loop {
            let mut response = self.ask(&url, wants_ids)?;
            let status = response.status();
            let Some(next) = redirect(&response, &url) else {
                if !self.accepts(status) {
                    return Err(refused(status, &response, &url, from));
                }
                let moved = permanent && seen.len() > 1;
                let ids = if wants_ids {
                    read_ids(&mut response)?
                } else {
                    Ids::Unknown
                };
                return Ok(Good {
                    moved: moved.then(|| url.to_string()),
                    ids,
                });
            };
            permanent &= matches!(
                status,
                StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT
            );
            let next = next.map_err(|why| Bad::new(format!("redirects to no address: {why}")))?;
            if seen.contains(&next) {
                return Err(Bad::new(format!("redirects in a circle, by way of `{next}`")));
            }
            if seen.len() > MAX_REDIRECTS {
                return Err(Bad::new(format!("redirects more than {MAX_REDIRECTS} times")));
            }
            seen.push(next.clone());
            url = next;
        }
    }

    fn accepts(&self, status: StatusCode) -> bool {
        self.config
            .accept
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&status.as_u16()))
    }

    /// HEAD first, since it is cheap; GET where that says nothing good, or where the page is wanted.
    fn ask(&self, url: &Url, wants_ids: bool) -> Result<Response<Body>, Bad> {
        if !wants_ids {
            match self.agent.head(url.as_str()).call() {
                Ok(response) => {
                    let status = response.status();
                    // Who has no time for us has none for a second question either.
                    let busy = [429, 503].contains(&status.as_u16());
                    if busy || self.accepts(status) || status.is_redirection() {
                        return Ok(response);
                    }
                }
                Err(error @ ureq::Error::Timeout(_)) => return Err(failed(&error)),
                Err(ureq::Error::Io(inner)) if is_private(&inner) => {
                    return Err(failed(&ureq::Error::Io(inner)));
                }
                // Some hosts understand GET alone, and hang up on anything else.
                Err(_) => {}
            }
        }
        self.agent
            .get(url.as_str())
            .call()
            .map_err(|error| failed(&error))
    }
}

/// TLS that trusts what the machine trusts.
fn tls() -> TlsConfig {
    TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}

/// Where an answer leads on, if it does.
fn redirect(response: &Response<Body>, url: &Url) -> Option<Result<Url, String>> {
    let status = response.status();
    let leads_on = [301, 302, 303, 307, 308].contains(&status.as_u16());
    let location = response.headers().get("location").filter(|_| leads_on)?;
    let next = std::str::from_utf8(location.as_bytes())
        .map_err(|_| "its `Location` is not UTF-8".to_owned())
        .and_then(|text| url.join(text).map_err(|error| error.to_string()));
    Some(next.and_then(|mut next| {
        next.set_fragment(None);
        match next.scheme() {
            "http" | "https" => Ok(next),
            other => Err(format!("the scheme `{other}:` cannot be asked")),
        }
    }))
}

fn refused(status: StatusCode, response: &Response<Body>, url: &Url, from: &Url) -> Bad {
    let mut what = format!("answers {}", status.as_u16());
    if let Some(reason) = status.canonical_reason() {
        let _ = write!(what, " {reason}");
    }
    if url != from {
        let _ = write!(what, " (redirected to `{url}`)");
    }
    let bad = Bad::new(what);
    match status.as_u16() {
        429 => Bad {
            unclear: true,
            ..bad.again(retry_after(response))
        },
        503 => bad.again(retry_after(response)),
        408 | 500 | 502 | 504 => bad.again(None),
        401 | 403 | 999 => Bad {
            help: Some(
                "if it works in a browser, it refuses machines: name it in `exclude` of `[check.links]`"
                    .to_owned(),
            ),
            ..bad
        },
        _ => bad,
    }
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3); a date there is left to the usual wait.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let text = response.headers().get("retry-after")?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

fn failed(error: &ureq::Error) -> Bad {
    use std::io::ErrorKind;
    match error {
        ureq::Error::Io(inner) if is_private(inner) => Bad {
            help: Some(
                "readers cannot reach it; take the link out, exclude it, or allow the range in `allow-private` of `[check.links]`"
                    .to_owned(),
            ),
            ..Bad::new("leads to a private machine, which is not asked")
        },
        ureq::Error::Io(inner) if inner.kind() == ErrorKind::ConnectionRefused => {
            Bad::new("refuses the connection").again(None)
        }
        ureq::Error::Io(inner) => Bad::new(format!("fails: {inner}")).again(None),
        ureq::Error::Timeout(_) => Bad::new("does not answer in time").again(None),
        ureq::Error::HostNotFound => Bad::new("names a host that does not exist"),
        ureq::Error::ConnectionFailed => Bad::new("cannot be connected to").again(None),
        other => Bad::new(format!("fails: {other}")),
    }
}

fn is_private(error: &std::io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.downcast_ref::<Private>().is_some())
}

fn read_ids(response: &mut Response<Body>) -> Result<Ids, Bad> {
    let kind = response
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    if !["html", "xml", "svg"].iter().any(|markup| kind.contains(markup)) {
        return Ok(Ids::Unknown);
    }
    let mut bytes = Vec::new();
    let reader = response.body_mut().with_config().limit(u64::MAX).reader();
    let read = reader.take(MAX_BODY).read_to_end(&mut bytes);
    if let Err(error) = read {
        return Err(Bad::new(format!("stops in the middle of its answer: {error}")).again(None));
    }
    let whole = (bytes.len() as u64) < MAX_BODY;
    let text = String::from_utf8_lossy(&bytes);
    let mut ids = BTreeSet::new();
    markup::html(&text, &mut |found| {
        if found.what == What::Id {
            ids.insert(found.value.into_owned());
        }
    });
    Ok(if whole { Ids::All(ids) } else { Ids::Some(ids) })
}

/// Resolves names and lets only machines through that may be asked. The connection uses the very addresses that were
/// looked at, so that a name cannot change its meaning in between.
#[derive(Debug)]
struct Guard {
    inner: DefaultResolver,
    ranges: Vec<Range>,
}

/// A host has private addresses alone.
#[derive(Debug, thiserror::Error)]
#[error("the host is private")]
struct Private;

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut kept = self.empty();
        for address in found
            .iter()
            .filter(|address| policy::allowed(address.ip(), &self.ranges))
        {
            kept.push(*address);
        }
        if kept.is_empty() {
            return Err(ureq::Error::Io(std::io::Error::other(Private)));
        }
        Ok(kept)
    }
}

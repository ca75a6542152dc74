//! Addresses in parallel, but gently: so many at a time to one host, and not too soon after each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

use super::fetch::Visit;
use crate::config::links::LinksConfig;

/// Hosts are asked side by side by so many threads; most of the time they wait.
const THREADS: usize = 16;

/// Tells the queue that a host wants to be left alone for a while.
pub(super) type Pause<'a> = &'a dyn Fn(Duration);

/// How one address is asked.
pub(super) type Ask<'a> = &'a (dyn Fn(&Url, &BTreeSet<String>, Pause<'_>) -> Visit + Sync);

/// An address with the ids that are wanted of it.
type Job = (Url, BTreeSet<String>);

struct Host {
    waiting: VecDeque<Job>,
    active: usize,
    /// Not before this time.
    next: Instant,
}

struct Shared<'a> {
    hosts: Mutex<BTreeMap<String, Host>>,
    changed: Condvar,
    config: &'a LinksConfig,
}

/// Asks every address and returns the answers in order of the addresses.
pub(super) fn run(jobs: Vec<Job>, config: &LinksConfig, ask: Ask<'_>) -> BTreeMap<Url, Visit> {
    let threads = THREADS.min(jobs.len());
    let start = Instant::now();
    let mut hosts: BTreeMap<String, Host> = BTreeMap::new();
    for job in jobs {
        let host = hosts.entry(name(&job.0)).or_insert_with(|| Host {
            waiting: VecDeque::new(),
            active: 0,
            next: start,
        });
        host.waiting.push_back(job);
    }
    let shared = Shared {
        hosts: Mutex::new(hosts),
        changed: Condvar::new(),
        config,
    };
    let answers = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((host, (url, ids))) = shared.take() {
                    let visit = ask(&url, &ids, &|time| shared.pause(&host, time));
                    shared.done(&host);
                    lock(&answers).insert(url, visit);
                }
            });
        }
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn name(url: &Url) -> String {
    format!(
        "{}:{}",
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or_default()
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked leaves the map whole: entries are moved in one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared<'_> {
    /// The next address that may be asked now; waits for one, and returns `None` when all are done.
    fn take(&self) -> Option<(String, Job)> {
        let mut hosts = lock(&self.hosts);
        loop {
            let now = Instant::now();
            let mut soonest: Option<Instant> = None;
            let mut left = false;
            for (name, host) in hosts.iter_mut() {
                if host.waiting.is_empty() {
                    continue;
                }
                left = true;
                if host.active >= self.config.host_concurrency {
                    continue;
                }
                if host.next > now {
                    soonest = Some(soonest.map_or(host.next, |soonest| soonest.min(host.next)));
                    continue;
                }
                if let Some(job) = host.waiting.pop_front() {
                    host.active += 1;
                    host.next = now + self.config.host_request_interval;
                    return Some((name.clone(), job));
                }
            }
            if !left {
                return None;
            }
            let wait = soonest.map_or(Duration::from_secs(1), |soonest| soonest.duration_since(now));
            hosts = self
                .changed
                .wait_timeout(hosts, wait)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(hosts, _)| hosts);
        }
    }

    fn pause(&self, host: &str, time: Duration) {
        if let Some(host) = lock(&self.hosts).get_mut(host) {
            host.next = host.next.max(Instant::now() + time);
        }
    }

    fn done(&self, host: &str) {
        if let Some(host) = lock(&self.hosts).get_mut(host) {
            host.active -= 1;
        }
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::external::fetch::{Good, Ids};

    #[test]
    fn everything_is_asked_once_and_never_too_much_at_a_time() {
        let jobs: Vec<Job> = (0..40)
            .map(|at| {
                let url = format!("https://h{}.example/{at}", at % 3);
                (Url::parse(&url).unwrap(), BTreeSet::new())
            })
            .collect();
        let config = LinksConfig {
            host_concurrency: 2,
            host_request_interval: Duration::ZERO,
            ..LinksConfig::default()
        };
        let active = AtomicUsize::new(0);
        let most = AtomicUsize::new(0);
        let answers = run(jobs, &config, &|_, _, pause| {
            let now = active.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            std::thread::yield_now();
            pause(Duration::from_millis(1));
            active.fetch_sub(1, Ordering::SeqCst);
            Ok(Good {
                moved: None,
                ids: Ids::Unknown,
            })
        });
        assert_eq!(answers.len(), 40);
        assert!(most.load(Ordering::SeqCst) <= 6, "three hosts, two each");
    }
}

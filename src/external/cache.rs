//! Good answers, kept between runs in one JSON file. Bad ones are not kept: who mends a page wants to see it mended.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::system::System;

/// The answers by address.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Cache {
    version: u32,
    answers: BTreeMap<String, Answer>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    /// Seconds since 1970.
    asked: u64,
    /// Where it has moved for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved: Option<String>,
    /// The ids that were found.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    ids: BTreeSet<String>,
}

const VERSION: u32 = 1;

impl Cache {
    /// Reads what is kept and not too old; a file that does not read is an empty one.
    pub(super) fn read(sys: &dyn System, path: &Path, now: SystemTime, max_age: Duration) -> Self {
        let empty = Self {
            version: VERSION,
            ..Self::default()
        };
        let Ok(bytes) = sys.read(path) else { return empty };
        let Ok(mut cache) = serde_json::from_slice::<Self>(&bytes) else {
            return empty;
        };
        if cache.version != VERSION {
            return empty;
        }
        let now = seconds(now);
        cache.answers.retain(|_, answer| {
            now.checked_sub(answer.asked)
                .is_some_and(|age| age < max_age.as_secs())
        });
        cache
    }

    /// What is known of an address, if that says enough of the ids: where it has moved, if it has.
    pub(super) fn answer(&self, url: &Url, ids: &BTreeSet<String>) -> Option<Option<String>> {
        let answer = self.answers.get(url.as_str())?;
        ids.is_subset(&answer.ids).then(|| answer.moved.clone())
    }

    pub(super) fn keep(
        &mut self,
        url: &Url,
        moved: Option<&String>,
        ids: &BTreeSet<String>,
        now: SystemTime,
    ) {
        let answer = Answer {
            asked: seconds(now),
            moved: moved.cloned(),
            ids: ids.clone(),
        };
        self.answers.insert(url.to_string(), answer);
    }

    pub(super) fn write(&mut self, sys: &dyn System, path: &Path) -> io::Result<()> {
        self.version = VERSION;
        sys.write(path, &serde_json::to_vec(self).map_err(io::Error::other)?)
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    #[test]
    fn answers_are_kept_while_they_are_young_and_say_enough() {
        let sys = MemorySystem::new([("/c.json", "not json")]);
        let path = Path::new("/c.json");
        let then = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let age = Duration::from_secs(100);
        let url = Url::parse("https://a.example/").unwrap();
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
        let mut cache = Cache::read(&sys, path, then, age);
        assert_eq!(cache.answer(&url, &ids(&[])), None);
        cache.keep(&url, Some(&"https://b.example/".to_owned()), &ids(&["x"]), then);
        cache.write(&sys, path).unwrap();
        let at = |seconds| Cache::read(&sys, path, then + Duration::from_secs(seconds), age);
        assert_eq!(
            at(99).answer(&url, &ids(&["x"])),
            Some(Some("https://b.example/".to_owned()))
        );
        assert_eq!(at(99).answer(&url, &ids(&["y"])), None);
        assert_eq!(at(100).answer(&url, &ids(&[])), None);
        // A clock that was set back makes nothing young again.
        let before = Cache::read(&sys, path, then - Duration::from_secs(1), age);
        assert_eq!(before.answer(&url, &ids(&[])), None);
    }
}

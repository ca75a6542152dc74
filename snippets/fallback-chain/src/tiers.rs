//! The four tiers, and a scripted world for them to fail in.
use crate::{Answer, Found, Profiles};

pub const REPLICA_LAG: u64 = 2;
pub const CACHE_TTL: u64 = 300;
pub const EDGE_PUBLISHED: u64 = 0; // when the CDN copy was taken

/// The outside world at one moment, as the script wants it.
#[derive(Default, Clone, Copy)]
pub struct World {
    pub now: u64,
    pub primary_down: bool,
    pub replica_down: bool,
    pub deleted: bool,
}

pub fn primary(_: &Profiles, world: &World, _: u32) -> Answer {
    let found = if world.deleted {
        Found::Gone
    } else {
        Found::Full
    };
    (!world.primary_down).then_some((found, world.now))
}

pub fn replica(_: &Profiles, world: &World, _: u32) -> Answer {
    let found = if world.deleted {
        Found::Gone
    } else {
        Found::Full
    };
    (!world.replica_down).then_some((found, world.now.saturating_sub(REPLICA_LAG)))
}

pub fn cache(profiles: &Profiles, world: &World, user: u32) -> Answer {
    let &(found, as_of) = profiles.cache.get(&user)?;
    // A tombstone does not expire here: "deleted" stays true.
    (found == Found::Gone || world.now - as_of <= CACHE_TTL).then_some((found, as_of))
}

pub fn cdn(_: &Profiles, _: &World, user: u32) -> Answer {
    (user < 100).then_some((Found::Public, EDGE_PUBLISHED))
}

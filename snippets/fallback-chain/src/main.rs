//! A profile read that falls through tiers within one time budget.
#[cfg(test)]
mod tests;
mod tiers;

use std::collections::HashMap;
use tiers::World;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Found {
    Full,    // every field
    Public,  // what may be stored outside
    Default, // a neutral placeholder
    Gone,    // authoritative: the profile was deleted
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Served {
    found: Found,
    tier: &'static str,
    as_of: Option<u64>, // when the data was last known to be true
    spent: u32,         // ms of the caller's budget
}

const BUDGET: u32 = 200; // ms, for the whole chain

const fn tier(name: &'static str, usual: u32, timeout: u32, authority: bool, read: Read) -> Tier {
    Tier {
        name,
        usual,
        timeout,
        authority,
        read,
    }
}

// ANCHOR: chain
/// Answer of one tier: what it found and as of when; None means "ask the next".
type Answer = Option<(Found, u64)>;
type Read = fn(&Profiles, &World, u32) -> Answer;

struct Tier {
    name: &'static str,
    usual: u32,   // ms when it answers
    timeout: u32, // ms when it does not
    authority: bool,
    read: Read,
}

// Timeouts add up to 190 ms: even the worst walk leaves time for the default.
const TIERS: [Tier; 4] = [
    tier("primary", 12, 80, true, tiers::primary),
    tier("replica", 10, 60, true, tiers::replica),
    tier("cache", 1, 10, false, tiers::cache),
    tier("cdn", 25, 40, false, tiers::cdn),
];

#[derive(Default)]
struct Profiles {
    cache: HashMap<u32, (Found, u64)>,
}

impl Profiles {
    fn get(&mut self, user: u32, world: &World) -> Served {
        let mut spent = 0;
        for tier in &TIERS {
            if spent + tier.timeout > BUDGET {
                continue; // too slow for what is left
            }
            let Some((found, as_of)) = (tier.read)(self, world, user) else {
                spent += tier.timeout;
                continue;
            };
            if tier.authority {
                // The age of the source is inherited, and `Gone` is kept too:
                // otherwise the next outage brings the user back.
                self.remember(user, found, as_of);
            }
            let spent = spent + tier.usual;
            return Served {
                found,
                tier: tier.name,
                as_of: Some(as_of),
                spent,
            };
        }
        Served {
            found: Found::Default,
            tier: "default",
            as_of: None,
            spent,
        }
    }

    /// Newest wins: a lagging replica must not overwrite what the primary said.
    fn remember(&mut self, user: u32, found: Found, as_of: u64) {
        if self.cache.get(&user).is_none_or(|known| known.1 <= as_of) {
            self.cache.insert(user, (found, as_of));
        }
    }
}
// ANCHOR_END: chain

fn main() {
    let up = World::default();
    let no_primary = World {
        primary_down: true,
        ..up
    };
    let outage = World {
        replica_down: true,
        ..no_primary
    };
    let script = [
        (0, 7, up, "all up"),
        (60, 7, no_primary, "primary down"),
        (90, 7, outage, "both databases down"),
        (120, 8, outage, "  never cached"),
        (150, 900, outage, "  not on the CDN either"),
        (600, 7, outage, "  cache entry too old"),
        (
            700,
            7,
            World {
                deleted: true,
                ..up
            },
            "up; user 7 is deleted",
        ),
        (760, 7, outage, "both down again"),
    ];
    let mut profiles = Profiles::default();
    let mut totals: Vec<(&str, u32)> = Vec::new();
    println!("   t  user  situation                tier     answer   age  spent");
    for (now, user, world, situation) in script {
        let Served {
            found,
            tier,
            as_of,
            spent,
        } = profiles.get(user, &World { now, ..world });
        let (found, age) = (
            format!("{found:?}"),
            as_of.map_or("-".into(), |at| format!("{}s", now - at)),
        );
        println!("{now:>4} {user:>5}  {situation:<25}{tier:<9}{found:<8}{age:>4} {spent:>4}ms");
        match totals.iter_mut().find(|total| total.0 == tier) {
            Some(total) => total.1 += 1,
            None => totals.push((tier, 1)),
        }
    }
    println!("served by: {totals:?}");
}

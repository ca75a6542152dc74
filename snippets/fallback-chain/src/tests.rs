use super::*;

const OUTAGE: World = World {
    now: 10,
    primary_down: true,
    replica_down: true,
    deleted: false,
};

#[test]
fn the_worst_walk_fits_the_budget() {
    assert!(TIERS.iter().map(|tier| tier.timeout).sum::<u32>() <= BUDGET);
    assert!(Profiles::default().get(900, &OUTAGE).spent <= BUDGET);
}

#[test]
fn a_cached_copy_inherits_the_age_of_its_source() {
    let mut profiles = Profiles::default();
    profiles.get(
        7,
        &World {
            replica_down: false,
            ..OUTAGE
        },
    ); // as of 10 - 2
    assert_eq!(profiles.get(7, &World { now: 40, ..OUTAGE }).as_of, Some(8));
}

#[test]
fn an_outage_does_not_resurrect_a_deleted_user() {
    let mut profiles = Profiles::default();
    profiles.get(
        7,
        &World {
            deleted: true,
            ..World::default()
        },
    );
    let later = World {
        now: 10 * tiers::CACHE_TTL,
        ..OUTAGE
    };
    assert_eq!(profiles.get(7, &later).found, Found::Gone);
}

#[test]
fn a_lagging_replica_does_not_overwrite_the_tombstone() {
    let mut profiles = Profiles::default();
    profiles.get(
        7,
        &World {
            now: 9,
            deleted: true,
            ..World::default()
        },
    );
    profiles.get(
        7,
        &World {
            replica_down: false,
            ..OUTAGE
        },
    ); // still sees second 8
    assert_eq!(profiles.get(7, &OUTAGE).found, Found::Gone);
}

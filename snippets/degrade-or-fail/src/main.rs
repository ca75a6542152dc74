//! The same database outage, seen by a catalogue page and by a payment.
use std::fmt;

#[derive(Clone, Copy)]
struct Database {
    up: bool,
}

#[derive(Debug)]
struct Unavailable;

impl Database {
    fn price(self, _sku: u32) -> Result<u32, Unavailable> {
        if self.up { Ok(1_999) } else { Err(Unavailable) }
    }
}

// ANCHOR: policies
/// The age is part of the type: a caller cannot mistake stale for fresh.
enum Reading {
    Fresh(u32),
    Stale { cents: u32, age: u64 },
}

/// Longest age at which a shown price still does more good than an error.
const STALE_LIMIT: u64 = 900;

#[derive(Default)]
struct Catalogue {
    last_good: Option<(u32, u64)>, // price and when it was read
}

impl Catalogue {
    /// Degrades: a recent price is worth more to a reader than an error page.
    fn price(&mut self, db: Database, sku: u32, now: u64) -> Result<Reading, Unavailable> {
        match db.price(sku) {
            Ok(cents) => {
                self.last_good = Some((cents, now));
                Ok(Reading::Fresh(cents))
            }
            Err(down) => match self.last_good {
                Some((cents, read_at)) if now - read_at <= STALE_LIMIT => Ok(Reading::Stale {
                    cents,
                    age: now - read_at,
                }),
                _ => Err(down),
            },
        }
    }
}

#[derive(Debug)]
enum PayError {
    NotCharged { retry_after: u64 },
    PriceChanged { now: u32 },
}

#[derive(Default)]
struct Ledger {
    charged: Vec<u32>,
}

impl Ledger {
    /// Fails fast: every check comes before the first effect.
    fn pay(&mut self, db: Database, sku: u32, agreed: u32) -> Result<u32, PayError> {
        let price = db
            .price(sku)
            .map_err(|Unavailable| PayError::NotCharged { retry_after: 30 })?;
        if price != agreed {
            return Err(PayError::PriceChanged { now: price });
        }
        self.charged.push(price);
        Ok(price)
    }
}
// ANCHOR_END: policies

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reading::Fresh(cents) => write!(f, "200 price={cents}"),
            Reading::Stale { cents, age } => write!(f, "200 price={cents} stale age={age}s"),
        }
    }
}

fn main() {
    let (mut catalogue, mut ledger) = (Catalogue::default(), Ledger::default());
    println!("{:>5}  {:<5}{:<32}payment", "t", "db", "catalogue page");
    for (now, up, agreed) in [
        (0, true, 1_999),
        (60, false, 1_999),
        (600, false, 1_999),
        (1_200, false, 1_999),
        (1_260, true, 1_799), // agreed on a price that was never true
        (1_320, true, 1_999),
    ] {
        let db = Database { up };
        let page = match catalogue.price(db, 7, now) {
            Ok(reading) => reading.to_string(),
            Err(Unavailable) => "503 too old to show".into(),
        };
        let payment = match ledger.pay(db, 7, agreed) {
            Ok(cents) => format!("200 charged={cents}"),
            Err(PayError::NotCharged { retry_after }) => format!("503 retry-after={retry_after}"),
            Err(PayError::PriceChanged { now }) => format!("409 price={now}"),
        };
        println!(
            "{now:>4}s  {:<5}{page:<32}{payment}",
            if up { "up" } else { "down" }
        );
    }
    println!("ledger: {:?}", ledger.charged);
}

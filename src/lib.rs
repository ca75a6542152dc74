//! A static-site generator for technical interview guides whose snippets are proven.
//!
//! Data walks through the stages once:
//!
//! ```text
//! load ─Sources→ parse ─Document→ resolve ─Book→ execute ─VerifiedOutputs→ render ─Page→ emit ─Site→ disk
//!                                          └────────────→ search ─SearchIndex─────────────┘
//! ```
//!
//! [`engine`] alone knows this order. `ARCHITECTURE.md` tells what each room does and what it may import.

pub mod check;
pub mod cli;
pub mod config;
pub mod diagnostic;
pub mod emit;
pub mod engine;
pub mod error;
pub mod event;
pub mod execute;
pub mod external;
pub mod import;
pub mod load;
pub mod markup;
pub mod memo;
pub mod model;
pub mod parse;
pub mod private;
pub mod render;
pub mod report;
pub mod resolve;
pub mod scaffold;
pub mod schema;
pub mod search;
pub mod serve;
pub mod source;
pub mod system;
pub mod verify;

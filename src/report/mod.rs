//! What a build tells, as text: one file a format. All read an [`Outcome`](crate::engine::Outcome).

pub mod human;
pub mod json;

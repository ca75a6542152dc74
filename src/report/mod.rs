//! What a build tells, as text: one file a format. All read an [`Outcome`](crate::engine::Outcome), none prints.

pub mod concise;
pub mod diff;
pub mod github;
pub mod human;
pub mod json;
pub mod junit;
pub mod live;
pub mod sarif;

mod place;

#[cfg(test)]
mod tests;

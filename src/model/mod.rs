//! The types that pass from stage to stage.

pub mod book;
pub mod document;
pub mod guide;
pub mod region;
pub mod site;
pub mod snippet;

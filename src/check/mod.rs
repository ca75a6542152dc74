//! Rules that need the finished site: what the pages, style sheets and images that are really published lead to.
//!
//! [`Site`](crate::model::site::Site) and [`Book`](crate::model::book::Book) in, diagnostics out. Content rules live where
//! the tree is made: in `parse` and `resolve`. Nothing here changes the site or the sources.

pub mod fix;
pub mod site;

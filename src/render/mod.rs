//! The book and its proven outputs to pages.

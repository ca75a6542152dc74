//! The search index: from the book to the files below `search/`.
//!
//! | file | holds |
//! |---|---|
//! | `root` | bounds and names of the others, what filters need of every entry, words of titles, synonyms |
//! | `b/N` | words with their postings; a word is in the last file whose first word is not after it |
//! | `t/N` | title, address and short answer of [`ENTRIES`] entries |
//! | `d/N` | text of [`BODIES`] entries, for excerpts |
//!
//! Each is a script that calls one function with base64 of gzip, so that it loads from `file://` and under
//! `script-src 'self'`. Everything is sorted; the same book gives the same bytes.

mod entry;
mod shard;
mod terms;
mod text;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use self::entry::{Entry, entries};
use self::shard::{HASH_BYTES, Shard, Stream};
use self::terms::{Group, Posting, Terms, gather, word_order};
use self::token::STOP_WORDS;
use crate::model::book::Book;
use crate::model::guide::QuestionLevel;
use crate::model::site::{SitePath, encode};
use crate::source::Sources;

/// Version of the format; the reader refuses another one.
const VERSION: usize = 1;

/// Bytes of a word file before it is packed, about.
const BUCKET: usize = 8 << 10;

/// Entries of a title file.
const ENTRIES: usize = 64;

/// Entries of a file of bodies.
const BODIES: usize = 16;

/// Words of titles in the root file, for spelling.
const HOT_WORDS: usize = 3000;

/// The files of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchIndex {
    /// Files by path in the site, all below `search/`.
    pub files: BTreeMap<SitePath, Arc<[u8]>>,
    /// The entry file, named in every page.
    pub root: Option<SitePath>,
}

impl SearchIndex {
    /// An index of nothing, for a site that is made to be looked at by rules alone: pages name it, and it is there.
    #[must_use]
    pub fn placeholder() -> Self {
        let root = SitePath::new("search/index.json").ok();
        Self {
            files: root.iter().map(|path| (path.clone(), Arc::from([]))).collect(),
            root,
        }
    }
}

/// Builds the index; `synonyms` are terms with the terms that mean the same.
#[must_use]
pub fn build(book: &Book, sources: &Sources, synonyms: &BTreeMap<String, Vec<String>>) -> SearchIndex {
    let entries = entries(book, sources);
    let terms = gather(&entries);
    let buckets = buckets(&terms.groups);
    let titles: Vec<Shard> = entries
        .chunks(ENTRIES)
        .enumerate()
        .map(|(at, chunk)| Shard::new(&format!("t/{at}"), title_bytes(chunk)))
        .collect();
    let bodies: Vec<Shard> = entries
        .par_chunks(BODIES)
        .enumerate()
        .map(|(at, chunk)| Shard::new(&format!("d/{at}"), body_bytes(chunk)))
        .collect();
    let tags: BTreeSet<&str> = entries
        .iter()
        .flat_map(|entry| entry.tags.iter().copied())
        .collect();
    let tags: Vec<&str> = tags.into_iter().collect();

    let mut root = Stream::default();
    root.number(VERSION);
    root.number(entries.len());
    root.number(ENTRIES);
    root.number(titles.len());
    for title in &titles {
        root.raw(&title.hash);
    }
    root.number(BODIES);
    root.number(bodies.len());
    for body in &bodies {
        root.raw(&body.hash);
    }
    root.number(buckets.len());
    for (first, shard) in &buckets {
        root.text(first);
        root.raw(&shard.hash);
    }
    root.number(book.guides.len());
    for guide in &book.guides {
        root.text(&guide.letter);
        root.text(&guide.title);
    }
    root.number(tags.len());
    for tag in &tags {
        root.text(tag);
    }
    for entry in &entries {
        push_filters(entry, &tags, &mut root);
    }
    root.number(STOP_WORDS.len());
    for word in STOP_WORDS {
        root.text(word);
    }
    push_synonyms(synonyms, &mut root);
    push_hot_words(&terms, &mut root);
    let root = Shard::new("root", root.into_bytes());

    let mut index = SearchIndex::default();
    let path = |shard: &Shard| SitePath::new(format!("search/{}.js", shard.name)).ok();
    index.root = path(&root);
    let shards: Vec<Shard> = buckets
        .into_iter()
        .map(|(_, shard)| shard)
        .chain(titles)
        .chain(bodies)
        .chain([root])
        .collect();
    index.files = shards
        .par_iter()
        .filter_map(|shard| Some((path(shard)?, Arc::from(shard.script()))))
        .collect();
    index
}

/// Guide, level and tags of an entry: what filters count before titles are loaded.
fn push_filters(entry: &Entry<'_>, tags: &[&str], root: &mut Stream) {
    root.number(entry.guide.map_or(0, |guide| guide + 1));
    let level = |wanted| QuestionLevel::ALL.iter().position(|level| *level == wanted);
    root.number(entry.level.and_then(level).map_or(0, |level| level + 1));
    let known: Vec<usize> = entry
        .tags
        .iter()
        .filter_map(|tag| tags.binary_search(tag).ok())
        .collect();
    root.number(known.len());
    for tag in known {
        root.number(tag);
    }
}

fn push_synonyms(synonyms: &BTreeMap<String, Vec<String>>, root: &mut Stream) {
    root.number(synonyms.len());
    for (term, others) in synonyms {
        root.text(&term.to_lowercase());
        root.number(others.len());
        for other in others {
            root.text(&other.to_lowercase());
        }
    }
}

/// The words that most titles have, in order of the words.
fn push_hot_words(terms: &Terms, root: &mut Stream) {
    let mut hot: Vec<_> = terms.title_words.iter().collect();
    hot.sort_by(|a, b| {
        b.titles
            .cmp(&a.titles)
            .then_with(|| word_order(&a.surface, &b.surface))
    });
    hot.truncate(HOT_WORDS);
    hot.sort_by(|a, b| word_order(&a.surface, &b.surface));
    root.number(hot.len());
    for word in hot {
        root.word(&word.surface);
        root.number(word.titles);
    }
}

/// The word files with their first words. A stem whose words lie on both sides of a bound is in both files.
fn buckets(groups: &[Group]) -> Vec<(String, Shard)> {
    let mut words: Vec<(&str, usize)> = groups
        .iter()
        .enumerate()
        .flat_map(|(at, group)| group.surfaces.iter().map(move |surface| (surface.as_str(), at)))
        .collect();
    words.sort_by(|a, b| word_order(a.0, b.0));
    let mut files: Vec<(String, BTreeSet<usize>)> = Vec::new();
    let mut size = usize::MAX;
    for (word, group) in words {
        if size > BUCKET {
            files.push((word.to_owned(), BTreeSet::new()));
            size = 0;
        }
        if let Some((_, members)) = files.last_mut()
            && members.insert(group)
        {
            let found = &groups[group];
            size += found.postings.len() * 3 + found.surfaces.iter().map(String::len).sum::<usize>();
        }
    }
    files
        .into_par_iter()
        .enumerate()
        .map(|(at, (first, members))| {
            let mut stream = Stream::default();
            stream.number(members.len());
            for member in members {
                push_group(&groups[member], &mut stream);
            }
            (first, Shard::new(&format!("b/{at}"), stream.into_bytes()))
        })
        .collect()
}

/// Surfaces, then postings: the distance to the last entry, and a byte of impact (4 bits), surface (3 bits) and
/// whether the hash of the next word of the title follows.
fn push_group(group: &Group, stream: &mut Stream) {
    stream.number(group.surfaces.len());
    for surface in &group.surfaces {
        stream.word(surface);
    }
    stream.number(group.postings.len());
    let mut last = 0;
    for Posting {
        entry,
        impact,
        surface,
        next,
    } in &group.postings
    {
        stream.number(entry - last);
        last = *entry;
        let flag = if next.is_some() { 0x80 } else { 0 };
        stream.raw(&[impact | ((*surface as u8) << 4) | flag]);
        if let Some(next) = next {
            stream.raw(&[*next]);
        }
    }
}

fn title_bytes(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut stream = Stream::default();
    for entry in entries {
        stream.text(&entry.title);
        stream.text(&entry.number);
        let mut url = encode(entry.page.url());
        if !entry.fragment.is_empty() {
            url.push('#');
            url.push_str(&encode(entry.fragment));
        }
        stream.text(&url);
        stream.text(&entry.short);
    }
    stream.into_bytes()
}

fn body_bytes(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut stream = Stream::default();
    for entry in entries {
        stream.text(&entry.text.body());
    }
    stream.into_bytes()
}

// The name of a shard carries the first bytes of its hash, and the root file repeats them.
const _: () = assert!(HASH_BYTES == 3, "the reader writes six digits");

#[cfg(test)]
mod tests {
    use super::*;

    fn group(surfaces: &[&str]) -> Group {
        Group {
            surfaces: surfaces.iter().map(|&surface| surface.to_owned()).collect(),
            postings: vec![Posting {
                entry: 0,
                impact: 1,
                surface: 0,
                next: None,
            }],
        }
    }

    #[test]
    fn every_word_is_in_the_file_that_its_bound_says() {
        let groups: Vec<Group> = (0..4000)
            .map(|at| {
                group(&[
                    &format!("w{at:04}"),
                    &format!("w{at:04}ing"),
                    &format!("z{at:04}"),
                ])
            })
            .collect();
        let files = buckets(&groups);
        assert!(files.len() > 2);
        assert!(files.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn an_empty_book_has_an_index_without_entries() {
        let index = build(&Book::default(), &Sources::default(), &BTreeMap::new());
        assert_eq!(index.files.len(), 1);
        assert_eq!(
            index,
            build(&Book::default(), &Sources::default(), &BTreeMap::new())
        );
    }
}

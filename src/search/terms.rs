//! Words to postings: the surfaces of all entries, grouped by their stem, with an impact for each entry.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use rust_stemmers::{Algorithm, Stemmer};

use super::entry::Entry;
use super::text::Field;
use super::token::Token;

/// The weight at which a word's impact is half of the highest.
const HALF: f32 = 3.0;
/// A part of an identifier counts this much of the whole.
const PART: f32 = 0.5;
/// A title and a text of usual length, in tokens; longer ones count less a word.
const USUAL_TITLE: f32 = 6.0;
const USUAL_TEXT: f32 = 150.0;
/// Surfaces of a stem beyond these share the last number.
pub(crate) const OTHER_SURFACE: usize = 7;

/// The words of one stem.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// The surfaces in order, never empty.
    pub(crate) surfaces: Vec<String>,
    /// Where they stand, by entry.
    pub(crate) postings: Vec<Posting>,
}

/// A stem in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Posting {
    /// The entry's index.
    pub(crate) entry: usize,
    /// 1 to 15.
    pub(crate) impact: u8,
    /// Which surface weighs most in the entry; [`OTHER_SURFACE`] for all beyond.
    pub(crate) surface: usize,
    /// For words of the title: the hash of the word after it, 0 at the end.
    pub(crate) next: Option<u8>,
}

/// A word as the title has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TitleWord {
    /// The surface.
    pub(crate) surface: String,
    /// In how many titles.
    pub(crate) titles: usize,
}

/// All words of the book.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Terms {
    /// In order of their first surfaces.
    pub(crate) groups: Vec<Group>,
    /// The words of titles, in order.
    pub(crate) title_words: Vec<TitleWord>,
}

/// The order of words in the index: that of JavaScript strings.
pub(crate) fn word_order(a: &str, b: &str) -> std::cmp::Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// A hash of a word, 1 to 255 (32-bit FNV-1a over UTF-16 units, folded); the same in the reader.
pub(crate) fn word_hash(word: &str) -> u8 {
    let hash = word.encode_utf16().fold(0x811c_9dc5_u32, |hash, unit| {
        (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193)
    });
    (hash % 255) as u8 + 1
}

#[derive(Clone, Copy, Default)]
struct Use {
    weight: f32,
    next: Option<u8>,
}

/// Gathers the words of all entries.
pub(crate) fn gather(entries: &[Entry<'_>]) -> Terms {
    let uses: Vec<BTreeMap<String, Use>> = entries.par_iter().map(words_of).collect();
    let mut by_surface: HashMap<String, Vec<(usize, Use)>> = HashMap::new();
    for (entry, words) in uses.into_iter().enumerate() {
        for (surface, word) in words {
            by_surface.entry(surface).or_default().push((entry, word));
        }
    }
    let mut surfaces: Vec<Surface> = by_surface.into_iter().collect();
    surfaces.par_sort_unstable_by(|a, b| word_order(&a.0, &b.0));
    let title_words = surfaces
        .iter()
        .map(|(surface, uses)| TitleWord {
            surface: surface.clone(),
            titles: uses.iter().filter(|(_, word)| word.next.is_some()).count(),
        })
        .filter(|word| word.titles > 0)
        .collect();
    Terms {
        groups: group(surfaces),
        title_words,
    }
}

fn words_of(entry: &Entry<'_>) -> BTreeMap<String, Use> {
    let mut tokens: Vec<(Field, Token)> = Vec::new();
    entry.text.tokens(|field, token| tokens.push((field, token)));
    let titles: Vec<&str> = tokens
        .iter()
        .filter(|(field, token)| *field == Field::Title && !token.part)
        .map(|(_, token)| token.surface.as_str())
        .collect();
    let mut nexts: BTreeMap<String, u8> = BTreeMap::new();
    for (at, word) in titles.iter().enumerate() {
        let next = titles.get(at + 1).map_or(0, |next| word_hash(next));
        nexts.entry((*word).to_owned()).or_insert(next);
    }
    let title_length = 0.4f32.mul_add(titles.len() as f32 / USUAL_TITLE, 0.6);
    let text_length = 0.4f32.mul_add(tokens.len() as f32 / USUAL_TEXT, 0.6);
    let mut words: BTreeMap<String, Use> = BTreeMap::new();
    for (field, token) in tokens {
        let length = match field {
            Field::Title => title_length,
            Field::Context | Field::Short => 1.0,
            Field::Code | Field::Body => text_length,
        };
        let share = if token.part { PART } else { 1.0 };
        words.entry(token.surface).or_default().weight += field.weight() * share / length;
    }
    for (word, next) in nexts {
        words.entry(word).or_default().next = Some(next);
    }
    words
}

/// A surface with its uses by entry.
type Surface = (String, Vec<(usize, Use)>);

/// Joins the surfaces of one stem; `surfaces` are in order.
fn group(surfaces: Vec<Surface>) -> Vec<Group> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut by_stem: HashMap<String, usize> = HashMap::new();
    let mut members: Vec<Vec<Surface>> = Vec::new();
    for (surface, uses) in surfaces {
        let stem = if surface.bytes().all(|byte| byte.is_ascii_lowercase()) {
            stemmer.stem(&surface).into_owned()
        } else {
            surface.clone()
        };
        let at = *by_stem.entry(stem).or_insert(members.len());
        if at == members.len() {
            members.push(Vec::new());
        }
        members[at].push((surface, uses));
    }
    members.into_par_iter().map(join).collect()
}

fn join(members: Vec<Surface>) -> Group {
    let mut surfaces = Vec::with_capacity(members.len());
    let mut by_entry: BTreeMap<usize, (f32, f32, usize, Option<u8>)> = BTreeMap::new();
    for (at, (surface, uses)) in members.into_iter().enumerate() {
        surfaces.push(surface);
        for (entry, word) in uses {
            let (sum, best, which, next) = by_entry.entry(entry).or_default();
            *sum += word.weight;
            if word.weight > *best {
                *best = word.weight;
                *which = at.min(OTHER_SURFACE);
            }
            *next = next.or(word.next);
        }
    }
    let postings = by_entry
        .into_iter()
        .map(|(entry, (sum, _, surface, next))| Posting {
            entry,
            impact: impact(sum),
            surface,
            next,
        })
        .collect();
    Group { surfaces, postings }
}

/// Saturates a weight to 4 bits.
fn impact(weight: f32) -> u8 {
    let share = weight / (weight + HALF);
    (1..15)
        .take_while(|&step| f32::from(step) / 15.0 < share)
        .last()
        .unwrap_or(0)
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impacts_rise_and_saturate() {
        assert_eq!([0.1, 1.0, 3.0, 5.0, 20.0, 1e9].map(impact), [1, 4, 8, 10, 14, 15]);
    }

    #[test]
    fn surfaces_of_one_stem_share_their_postings() {
        let used = |entry, weight| (entry, Use { weight, next: None });
        let groups = group(vec![
            ("borrow".to_owned(), vec![used(0, 1.0), used(2, 1.0)]),
            ("borrow_mut".to_owned(), vec![used(1, 1.0)]),
            ("borrowed".to_owned(), vec![used(0, 5.0)]),
        ]);
        let shown: Vec<_> = groups
            .iter()
            .map(|group| {
                let places = group
                    .postings
                    .iter()
                    .map(|posting| (posting.entry, posting.surface));
                (group.surfaces.join(" "), places.collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("borrow borrowed".to_owned(), vec![(0, 1), (2, 0)]),
                ("borrow_mut".to_owned(), vec![(1, 0)])
            ]
        );
    }

    #[test]
    fn words_come_in_the_order_of_javascript() {
        assert!(word_order("\u{1f600}", "\u{ffee}").is_lt());
        assert!(word_order("a", "ab").is_lt());
    }
}

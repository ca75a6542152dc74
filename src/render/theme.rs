//! The theme's files: those built in, overlaid by the site's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Staged, codes};
use crate::memo::ContentHash;
use crate::model::site::SitePath;
use crate::source::{FileId, Sources};

use super::theme_files::{ASSETS, TEMPLATES};

/// Templates and assets of a site.
#[derive(Clone, Debug)]
pub struct Theme {
    /// The built-in templates by name.
    pub(super) embedded: BTreeMap<&'static str, &'static str>,
    /// The site's templates by name.
    pub(super) own: BTreeMap<String, (FileId, Arc<str>)>,
    /// Assets by name below `assets/`, the site's in place of the built-in ones.
    pub(super) assets: BTreeMap<String, Arc<[u8]>>,
    /// Where each asset is published.
    pub(super) paths: BTreeMap<String, SitePath>,
    /// The inline script that sets the colour theme before the first paint; may be empty.
    pub(super) init_script: String,
    /// Hash of all templates.
    pub(super) hash: ContentHash,
}

/// The asset whose text is written into every page.
const INIT_SCRIPT: &str = "theme-init.js";

impl Theme {
    /// The theme as built in.
    #[must_use]
    pub fn embedded() -> Self {
        Self::load("default", &Sources::default()).value
    }

    /// The theme of a name: `themes/<name>/` over the built-in one. A folder that is named and not there is a
    /// diagnostic.
    pub fn load(name: &str, sources: &Sources) -> Staged<Self> {
        let folder = format!("themes/{name}");
        let mut diagnostics = Vec::new();
        let mut own = BTreeMap::new();
        let mut assets: BTreeMap<String, Arc<[u8]>> = ASSETS
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), Arc::from(*bytes)))
            .collect();
        let mut found = false;
        // Our own repository holds the built-in theme where a site's theme of that name would lie; it is the
        // same files.
        for source in sources.under(&folder) {
            found = true;
            if let Some(name) = source.path.strip_prefix(&format!("{folder}/templates/")) {
                if source.raw.is_some()
                    && TEMPLATES
                        .iter()
                        .all(|(other, text)| *other != name || *text != &*source.text)
                {
                    own.insert(name.to_owned(), (source.id, Arc::clone(&source.text)));
                }
            } else if let Some(name) = source.path.strip_prefix(&format!("{folder}/assets/")) {
                assets.insert(name.to_owned(), Arc::clone(&source.bytes));
            }
        }
        if !found && name != "default" {
            diagnostics.push(
                Diagnostic::new(
                    codes::THEME_MISSING_TEMPLATE,
                    format!("there is no theme `{name}`"),
                )
                .in_file("book.toml")
                .help(format!(
                    "make the folder `{folder}/templates/`, or take `theme` out of `[output.html]`"
                )),
            );
        }
        let embedded: BTreeMap<_, _> = TEMPLATES.iter().copied().collect();
        let mut hash = ContentHash::fields();
        for (name, text) in &embedded {
            hash = hash.field(name).field(text);
        }
        for (name, (_, text)) in &own {
            hash = hash.field(name).field(text.as_bytes());
        }
        let init_script = assets
            .remove(INIT_SCRIPT)
            .map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned())
            .unwrap_or_default();
        assets.retain(|name, _| !name.ends_with(".md") && SitePath::new(format!("assets/{name}")).is_ok());
        let paths = publish(&mut assets);
        Staged::new(
            Self {
                embedded,
                own,
                assets,
                paths,
                init_script,
                hash: hash.finish(),
            },
            diagnostics,
        )
    }

    /// The published assets with the hash of their content in their names.
    #[must_use]
    pub fn asset_files(&self) -> Vec<(SitePath, Arc<[u8]>)> {
        self.paths
            .iter()
            .filter_map(|(name, path)| Some((path.clone(), Arc::clone(self.assets.get(name)?))))
            .collect()
    }
}

/// Names every asset by its content, style sheets last, since they name fonts.
fn publish(assets: &mut BTreeMap<String, Arc<[u8]>>) -> BTreeMap<String, SitePath> {
    let mut paths = BTreeMap::new();
    for (_, bytes) in assets.iter_mut().filter(|(name, _)| name.ends_with(".js")) {
        let text = String::from_utf8_lossy(bytes);
        // Comments on lines of their own are for us; readers need not load them.
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("// "))
            .collect();
        *bytes = format!("{}\n", lines.join("\n")).into_bytes().into();
    }
    let (sheets, others): (Vec<String>, Vec<String>) =
        assets.keys().cloned().partition(|name| name.ends_with(".css"));
    for name in others {
        if let Some(path) = hashed(&name, &assets[&name]) {
            paths.insert(name, path);
        }
    }
    for name in sheets {
        let text = with_hashed_urls(&String::from_utf8_lossy(&assets[&name]), &paths);
        let bytes: Arc<[u8]> = text.into_bytes().into();
        if let Some(path) = hashed(&name, &bytes) {
            paths.insert(name.clone(), path);
        }
        assets.insert(name, bytes);
    }
    paths
}

/// Licences keep their names, so that they are found beside what they license.
fn hashed(name: &str, bytes: &[u8]) -> Option<SitePath> {
    let path = match name.rsplit_once('.') {
        Some((_, "txt")) | None => format!("assets/{name}"),
        Some((stem, extension)) => format!("assets/{stem}.{}.{extension}", ContentHash::of(bytes).short()),
    };
    SitePath::new(path).ok()
}

/// Replaces `url(name)` by the published name, and takes comments out, which readers need not load.
fn with_hashed_urls(css: &str, paths: &BTreeMap<String, SitePath>) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(at) = rest.find("/*") {
        out.push_str(rest[..at].trim_end_matches([' ', '\t']));
        rest = rest[at + 2..]
            .find("*/")
            .map_or("", |end| &rest[at + 2 + end + 2..]);
    }
    out.push_str(rest);
    for (name, path) in paths {
        if let Some(published) = path.as_str().strip_prefix("assets/") {
            for quote in ["", "\"", "'"] {
                let from = format!("url({quote}{name}{quote})");
                out = out.replace(&from, &format!("url({quote}{published}{quote})"));
            }
        }
    }
    // Strings in single quotation marks would need a tokenizer; ours have none.
    if out.contains('\'') { out } else { compact(&out) }
}

/// Style rules without the white space that is there for us; what stands between quotation marks is kept.
fn compact(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    for (at, piece) in css.split('"').enumerate() {
        if at > 0 {
            out.push('"');
        }
        if at % 2 == 1 {
            out.push_str(piece);
            continue;
        }
        let starts_line = at == 0;
        for (line_at, line) in piece.split('\n').enumerate() {
            let line = if starts_line || line_at > 0 {
                line.trim_start()
            } else {
                line
            };
            let line = line.replace(" {", "{").replace(": ", ":").replace(", ", ",");
            if line_at > 0 && !line.is_empty() && !out.ends_with(['{', ';', '}', ',', '\n']) {
                out.push('\n');
            }
            if line.starts_with('}') && out.ends_with(';') {
                out.pop();
            }
            out.push_str(&line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_file_of_the_folder() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("themes/default");
        for (folder, known) in [
            (
                "templates",
                TEMPLATES.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ),
            ("assets", ASSETS.iter().map(|(name, _)| *name).collect()),
        ] {
            let top = root.join(folder);
            let mut names: Vec<String> = walkdir::WalkDir::new(&top)
                .into_iter()
                .filter_map(Result::ok)
                .filter(|entry| entry.file_type().is_file())
                .filter_map(|entry| {
                    Some(
                        entry
                            .path()
                            .strip_prefix(&top)
                            .ok()?
                            .to_string_lossy()
                            .into_owned(),
                    )
                })
                .collect();
            names.sort();
            assert_eq!(
                names, known,
                "src/render/theme_files.rs lists other files than themes/default/{folder}"
            );
        }
    }

    #[test]
    fn style_sheets_name_fonts_by_their_content() {
        let theme = Theme::embedded();
        let files = theme.asset_files();
        let css = files.iter().find(|(path, _)| path.as_str().ends_with(".css"));
        let css = css
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default();
        let font = theme
            .paths
            .get("fonts/sans.woff2")
            .map(|path| path.as_str().replace("assets/", ""));
        assert!(font.is_some_and(|font| css.contains(&font)));
        assert!(!css.contains("/*"));
    }

    #[test]
    fn compact_rules_mean_the_same() {
        assert_eq!(
            compact(
                "a,\n  b {\n  content: \"x: y,  z\";\n  color: light-dark(#fff, #000);\n}\n\nc d\n  e { f: 1 }\n"
            ),
            "a,b{content:\"x: y,  z\";color:light-dark(#fff,#000)}c d\ne{ f:1 }"
        );
    }

    #[test]
    fn a_site_replaces_single_files() {
        let sources = Sources::new([
            ("themes/mine/templates/guide.html".to_owned(), b"x".to_vec()),
            ("themes/mine/assets/style.css".to_owned(), b"a{}".to_vec()),
        ]);
        let theme = Theme::load("mine", &sources).value;
        assert_eq!(theme.own.len(), 1);
        assert_eq!(
            theme.assets.get("style.css").map(|bytes| bytes.to_vec()),
            Some(b"a{}".to_vec())
        );
        assert_eq!(Theme::load("none", &Sources::default()).diagnostics.len(), 1);
    }
}

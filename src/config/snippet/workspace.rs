//! What a snippet is built from besides its own folder: path dependencies, its part of the lockfile
//! and its part of the workspace's manifest.
//!
//! Manifest texts in, names and texts out; whoever asks reads the files. The parts are cut so that adding
//! another crate to the workspace changes nothing for those already there.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The manifest of the snippets workspace.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    root: Table,
}

/// What one manifest depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Folders of path dependencies, from the workspace's folder; `..` is resolved where it can be and
    /// kept in front where it leaves the workspace.
    pub folders: BTreeSet<String>,
    /// Names taken from `[workspace.dependencies]`.
    pub inherited: BTreeSet<String>,
}

impl Workspace {
    /// Reads the manifest; empty where it is not TOML, which cargo will say.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            root: text.parse().unwrap_or_default(),
        }
    }

    /// What the manifest of a crate depends on; `folder` is the crate's, from the workspace's folder.
    #[must_use]
    pub fn dependencies(&self, folder: &str, manifest: &str) -> Dependencies {
        let mut found = Dependencies::default();
        let Ok(root) = manifest.parse::<Table>() else {
            return found;
        };
        let shared = self.shared();
        for (name, spec) in dependency_tables(&root).into_iter().flatten() {
            let inherited = spec.get("workspace").and_then(Value::as_bool) == Some(true);
            if inherited {
                found.inherited.insert(name.clone());
                let path = shared.and_then(|shared| path_of(shared.get(name)?));
                found.folders.extend(path.map(|path| join("", path)));
            } else {
                found.folders.extend(path_of(spec).map(|path| join(folder, path)));
            }
        }
        let patched = self.root.get("patch").and_then(Value::as_table);
        let patches = patched.into_iter().flat_map(|patch| patch.values());
        for spec in patches
            .filter_map(Value::as_table)
            .flat_map(|table| table.values())
        {
            found.folders.extend(path_of(spec).map(|path| join("", path)));
        }
        found
    }

    /// The manifest's text without its lists of members and with only the given shared dependencies.
    #[must_use]
    pub fn part(&self, inherited: &BTreeSet<String>) -> String {
        let mut root = self.root.clone();
        if let Some(workspace) = root.get_mut("workspace").and_then(Value::as_table_mut) {
            for key in ["members", "exclude", "default-members", "metadata"] {
                workspace.remove(key);
            }
            if let Some(shared) = workspace.get_mut("dependencies").and_then(Value::as_table_mut) {
                shared.retain(|name, _| inherited.contains(name));
            }
        }
        root.to_string()
    }

    /// A table `[dependencies]` of these shared dependencies, paths made absolute from the workspace's folder; empty for
    /// none. Names that are not shared are left to cargo, which says so.
    #[must_use]
    pub fn dependencies_for(&self, names: &[String], folder: &std::path::Path) -> String {
        let mut table = Table::new();
        for name in names {
            let mut spec = self
                .shared()
                .and_then(|shared| shared.get(name))
                .cloned()
                .unwrap_or_else(|| Value::from("*"));
            if let Some(path) = path_of(&spec).map(|path| folder.join(path).display().to_string())
                && let Some(spec) = spec.as_table_mut()
            {
                spec.insert("path".to_owned(), Value::from(path));
            }
            table.insert(name.clone(), spec);
        }
        if table.is_empty() {
            return String::new();
        }
        Table::from_iter([("dependencies".to_owned(), Value::Table(table))]).to_string()
    }

    /// The manifest's text for a workspace of these members alone.
    #[must_use]
    pub fn with_members(&self, members: &[&str]) -> String {
        let mut root = self.root.clone();
        let workspace = root
            .entry("workspace")
            .or_insert_with(|| Value::Table(Table::new()));
        if let Some(workspace) = workspace.as_table_mut() {
            for key in ["exclude", "default-members"] {
                workspace.remove(key);
            }
            let members = members.iter().map(|&member| Value::from(member)).collect();
            workspace.insert("members".to_owned(), Value::Array(members));
        }
        root.to_string()
    }

    fn shared(&self) -> Option<&Table> {
        self.root.get("workspace")?.get("dependencies")?.as_table()
    }
}

/// Whether a manifest names code that runs while its crate is built: a build script or a procedural macro.
#[must_use]
pub fn runs_at_build(manifest: &str) -> bool {
    let Ok(root) = manifest.parse::<Table>() else {
        return true;
    };
    let get = |table: &str, key: &str| root.get(table).and_then(|table| table.get(key)).cloned();
    // Older spellings of tables and keys are not worth reading: whoever uses them builds apart.
    root.contains_key("project")
        || get("lib", "crate_type").is_some()
        || get("package", "build").is_some_and(|build| build != Value::Boolean(false))
        || get("package", "links").is_some()
        || get("lib", "proc-macro").or_else(|| get("lib", "proc_macro")) == Some(Value::Boolean(true))
        || get("lib", "crate-type").is_some_and(|kinds| kinds.to_string().contains("proc-macro"))
}

/// Every table of dependencies of a manifest, those for one platform included.
fn dependency_tables(root: &Table) -> Vec<&Table> {
    let platforms = root.get("target").and_then(Value::as_table);
    let tables = platforms
        .into_iter()
        .flat_map(|platforms| platforms.values().filter_map(Value::as_table));
    std::iter::once(root)
        .chain(tables)
        .flat_map(|table| {
            DEPENDENCY_TABLES
                .iter()
                .filter_map(|name| table.get(*name)?.as_table())
        })
        .collect()
}

fn path_of(spec: &Value) -> Option<&str> {
    spec.get("path")?.as_str()
}

/// Joins a relative path to a folder and takes `.` and `..` out where that can be done.
#[must_use]
pub fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// The packages of a `Cargo.lock`.
#[derive(Clone, Debug, Default)]
pub struct Lockfile {
    packages: BTreeMap<String, Vec<LockedPackage>>,
}

#[derive(Clone, Debug)]
struct LockedPackage {
    version: String,
    local: bool,
    text: String,
    dependencies: Vec<String>,
}

impl Lockfile {
    /// Reads a lockfile; empty where it is not TOML.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let root: Table = text.parse().unwrap_or_default();
        let mut packages: BTreeMap<String, Vec<LockedPackage>> = BTreeMap::new();
        for package in root
            .get("package")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let text = |key: &str| package.get(key).and_then(Value::as_str);
            let Some(name) = text("name") else {
                continue;
            };
            let listed = package.get("dependencies").and_then(Value::as_array);
            packages.entry(name.to_owned()).or_default().push(LockedPackage {
                version: text("version").unwrap_or_default().to_owned(),
                local: text("source").is_none(),
                text: package.to_string(),
                dependencies: listed
                    .into_iter()
                    .flatten()
                    .filter_map(|dependency| dependency.as_str().map(str::to_owned))
                    .collect(),
            });
        }
        Self { packages }
    }

    /// The entries that a workspace member needs, its own first found by name: each entry's name and text, in
    /// order of name and version. Empty if the lockfile does not know the member.
    #[must_use]
    pub fn part(&self, member: &str) -> Vec<(&str, &str)> {
        let mut seen = BTreeMap::new();
        let mut open: Vec<(&str, &LockedPackage)> = self
            .packages
            .get_key_value(member)
            .into_iter()
            .flat_map(|(name, all)| all.iter().map(move |package| (name.as_str(), package)))
            .filter(|(_, package)| package.local)
            .collect();
        while let Some((name, package)) = open.pop() {
            let key = (name, package.version.as_str(), package.local);
            if seen.insert(key, package.text.as_str()).is_some() {
                continue;
            }
            for dependency in &package.dependencies {
                open.extend(self.named(dependency));
            }
        }
        seen.into_iter().map(|((name, ..), text)| (name, text)).collect()
    }

    /// The lockfile's own text with only the entries that a member needs: cargo takes it as it is (`--locked`).
    #[must_use]
    pub fn cut(&self, text: &str, member: &str) -> String {
        let kept: BTreeSet<&str> = self.part(member).into_iter().map(|(_, text)| text).collect();
        let mut pieces = text.split("[[package]]\n");
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let package: Table = piece.parse().unwrap_or_default();
            if kept.contains(Value::Table(package).to_string().as_str()) {
                out.push_str("[[package]]\n");
                out.push_str(piece);
            }
        }
        // The last one of the text may not be the last that is kept.
        format!("{}\n", out.trim_end())
    }

    /// The packages that a lockfile's dependency names: `name`, `name version` or `name version (source)`.
    fn named<'a>(&'a self, dependency: &str) -> impl Iterator<Item = (&'a str, &'a LockedPackage)> {
        let mut words = dependency.split(' ');
        let name = words.next().unwrap_or_default();
        let version = words.next().map(str::to_owned);
        self.packages
            .get_key_value(name)
            .into_iter()
            .flat_map(|(name, all)| all.iter().map(move |package| (name.as_str(), package)))
            .filter(move |(_, package)| version.as_ref().is_none_or(|version| *version == package.version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4
[[package]]
name = "alpha"
version = "0.1.0"
dependencies = ["serde 1.0.1"]
[[package]]
name = "beta"
version = "0.1.0"
dependencies = ["rand"]
[[package]]
name = "rand"
version = "0.9.0"
source = "registry"
[[package]]
name = "serde"
version = "1.0.1"
source = "registry"
dependencies = ["core"]
[[package]]
name = "serde"
version = "0.9.0"
source = "registry"
[[package]]
name = "core"
version = "1.0.0"
source = "registry"
dependencies = ["serde 1.0.1"]
"#;

    #[test]
    fn the_part_of_a_lockfile_follows_dependencies_and_ends_in_a_cycle() {
        let lock = Lockfile::new(LOCK);
        let names: Vec<&str> = lock.part("alpha").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["alpha", "core", "serde"]);
        assert_eq!(lock.part("gamma"), []);
    }

    #[test]
    fn a_cut_lockfile_keeps_the_words_of_what_is_kept() {
        let lock = "# Made by Cargo.\nversion = 4\n\n[[package]]\nname = \"alpha\"\nversion = \"0.1.0\"\n\n[[package]]\n\
                    name = \"beta\"\nversion = \"0.1.0\"\n";
        assert_eq!(
            Lockfile::new(lock).cut(lock, "alpha"),
            "# Made by Cargo.\nversion = 4\n\n[[package]]\nname = \"alpha\"\nversion = \"0.1.0\"\n"
        );
    }

    #[test]
    fn path_dependencies_are_found_in_every_table_and_through_the_workspace() {
        let workspace = Workspace::new(
            "[workspace.dependencies]\nshared = { path = \"lib/shared\" }\nserde = \"1\"\n\
             [patch.crates-io]\nrand = { path = \"patched/rand\" }\n",
        );
        let found = workspace.dependencies(
            "alpha",
            "[dependencies]\nhelper = { path = \"../helper\" }\nshared.workspace = true\nserde.workspace = true\n\
             [target.'cfg(unix)'.dev-dependencies]\nout = { path = \"../../out\" }\n",
        );
        let folders: Vec<&str> = found.folders.iter().map(String::as_str).collect();
        assert_eq!(folders, ["../out", "helper", "lib/shared", "patched/rand"]);
        assert_eq!(found.inherited, BTreeSet::from(["serde".into(), "shared".into()]));
    }

    #[test]
    fn the_part_of_the_workspace_ignores_members_and_dependencies_of_others() {
        let part = |text: &str| Workspace::new(text).part(&BTreeSet::from(["serde".to_owned()]));
        let before = part("[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\nserde = \"1\"\n");
        let after = part(
            "[workspace]\nmembers = [\"a\", \"b\"]\n[workspace.dependencies]\nserde = \"1\"\nrand = \"0.9\"\n",
        );
        assert_eq!(before, after);
        let profile =
            part("[workspace]\n[workspace.dependencies]\nserde = \"1\"\n[profile.dev]\ndebug = 0\n");
        assert_ne!(before, profile);
    }
}

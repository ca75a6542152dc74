//! Code blocks of the text as programs: all of one edition and one set of dependencies become one, where they can.
//!
//! Each block is a module of its own file in a generated package below `.proofbook/`, and the program runs the block whose
//! number it is given. A block that does not compile among the others, or that should not compile at all, is compiled alone
//! as a binary of the same package.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Work;
use super::build::{
    Built, Compiled, Executables, Packages, cargo, package_errors, profile_folder, read_messages,
};
use super::observe::RawDiagnostic;
use super::report::Reporter;
use super::sandbox::Sandbox;
use crate::diagnostic::{Diagnostic, codes};
use crate::memo::ContentHash;
use crate::model::snippet::{InlineBlock, SnippetCrate, SnippetKind};
use crate::system::jail::Layer;

/// A block with its number in the group.
type Numbered<'a> = (usize, &'a SnippetCrate, &'a InlineBlock);

/// Builds inline blocks; those that should compile and do not are told and left out.
pub(super) fn build(
    work: &Work<'_>,
    sandbox: &Sandbox,
    blocks: &[&SnippetCrate],
    reporter: &Reporter<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Built> {
    let mut groups: BTreeMap<(&str, &[String]), Vec<&SnippetCrate>> = BTreeMap::new();
    for block in blocks {
        if let Some(inline) = &block.inline {
            groups
                .entry((block.edition.as_str(), inline.dependencies.as_slice()))
                .or_default()
                .push(block);
        }
    }
    let mut built = BTreeMap::new();
    for ((edition, dependencies), blocks) in groups {
        let group = Group {
            work,
            sandbox,
            edition,
            dependencies,
            blocks: blocks
                .iter()
                .enumerate()
                .filter_map(|(number, block)| Some((number, *block, block.inline.as_deref()?)))
                .collect(),
        };
        match group.build(reporter, diagnostics) {
            Ok(done) => built.extend(done),
            Err(why) => {
                let first = blocks.first().map(|block| block.span);
                let diagnostic = Diagnostic::new(
                    codes::SNIPPET_BUILD_FAILED,
                    "cargo could not build the code blocks of the text",
                )
                .detail(why);
                diagnostics.push(match first {
                    Some(span) => diagnostic.at(span),
                    None => diagnostic,
                });
            }
        }
    }
    built
}

struct Group<'a> {
    work: &'a Work<'a>,
    sandbox: &'a Sandbox,
    edition: &'a str,
    dependencies: &'a [String],
    blocks: Vec<Numbered<'a>>,
}

impl Group<'_> {
    fn build(
        &self,
        reporter: &Reporter<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<BTreeMap<String, Built>, String> {
        let refused = |block: &SnippetCrate| block.meta.kinds == [SnippetKind::CompileFail];
        let mut alone: BTreeSet<usize> = self
            .blocks
            .iter()
            .filter(|(_, block, inline)| refused(block) || must_be_alone(&inline.code))
            .map(|(number, ..)| *number)
            .collect();
        let mut first = self.call(&alone)?;
        let failing: BTreeSet<usize> = self
            .blocks
            .iter()
            .map(|(number, ..)| *number)
            .filter(|number| !alone.contains(number))
            .filter(|number| first.bin(MERGED).is_none() && first.has_errors(&module_file(*number)))
            .collect();
        if first.bin(MERGED).is_none() && alone.len() < self.blocks.len() {
            // Those with errors leave; where none can be named, all do.
            if failing.is_empty() {
                alone.extend(self.blocks.iter().map(|(number, ..)| *number));
            } else {
                alone.extend(failing);
            }
            first = self.call(&alone)?;
        }
        let mut built = BTreeMap::new();
        for (number, block, inline) in &self.blocks {
            let by_itself = alone.contains(number);
            let (file, bin) = if by_itself {
                (alone_file(*number), alone_name(*number))
            } else {
                (module_file(*number), MERGED.to_owned())
            };
            let errors = first.errors(&file, inline);
            let warnings = Vec::new();
            let layers = first.layers.clone();
            if refused(block) {
                let compiled = if errors.is_empty() {
                    Compiled::Executables(Executables::default())
                } else {
                    Compiled::Refused(errors)
                };
                built.insert(
                    block.slug.clone(),
                    Built {
                        compiled,
                        warnings,
                        outside: Vec::new(),
                        layers,
                    },
                );
                continue;
            }
            match first.bin(&bin) {
                Some(_) if errors.is_empty() => {
                    // Where cargo puts it, not where a message says it is.
                    let path = profile_folder(self.work).join(&bin);
                    let mut executables = Executables::default();
                    if inline.runs {
                        executables.bins.push(("main".to_owned(), path));
                        if !by_itself {
                            executables.args.push(number.to_string());
                        }
                    }
                    built.insert(
                        block.slug.clone(),
                        Built {
                            compiled: Compiled::Executables(executables),
                            warnings,
                            outside: Vec::new(),
                            layers,
                        },
                    );
                }
                _ => {
                    let text: Vec<&str> = errors.iter().map(|error| error.rendered.trim_end()).collect();
                    diagnostics.push(reporter.build_failed(block, &text.join("\n\n"), &[]));
                }
            }
        }
        Ok(built)
    }

    /// Writes the package with these blocks as binaries of their own and builds it.
    fn call(&self, alone: &BTreeSet<usize>) -> Result<Said, String> {
        let work = self.work;
        let key = ContentHash::fields()
            .field(self.edition)
            .field(self.dependencies.join(","))
            .finish();
        let name = format!("inline-{}-{}", self.edition, key.short());
        let folder = work.target_dir.with_file_name("inline").join(&name);
        let said = |error: std::io::Error| format!("failed to write `{}`: {error}", folder.display());
        work.sys.remove_dir_all(&folder.join("src")).map_err(said)?;
        let merged = alone.len() < self.blocks.len();
        let mut manifest = toml_manifest(&name, self.edition, merged);
        manifest.push_str(
            &work
                .workspace()
                .dependencies_for(self.dependencies, &work.workspace_folder()),
        );
        let mut main =
            "#![allow(unused)]\nuse std::{env::args, process::{ExitCode, Termination}};\n\n".to_owned();
        let mut arms = String::new();
        let mut files: Vec<(String, String)> = Vec::new();
        for (number, _, inline) in &self.blocks {
            if alone.contains(number) {
                files.push((alone_file(*number), program(&inline.code).0));
                continue;
            }
            let module = format!("b{number}");
            main.push_str(&format!("mod {module};\n"));
            arms.push_str(&format!(
                "        Some(\"{number}\") => Termination::report({module}::proofbook_main()),\n"
            ));
            let (code, _) = program(&inline.code);
            files.push((
                module_file(*number),
                format!("{code}\npub fn proofbook_main() -> impl super::Termination {{\n    main()\n}}\n"),
            ));
        }
        main.push_str(&format!(
            "\nfn main() -> ExitCode {{\n    match args().nth(1).as_deref() {{\n{arms}        \
             _ => ExitCode::from(2),\n    }}\n}}\n"
        ));
        if merged {
            files.push(("src/main.rs".to_owned(), main));
        }
        files.push(("Cargo.toml".to_owned(), manifest));
        for (path, text) in &files {
            let path = folder.join(path);
            work.sys.write(&path, text.as_bytes()).map_err(said)?;
        }
        if !self.dependencies.is_empty()
            && let Ok(lock) = work.sys.read(&work.workspace_folder().join("Cargo.lock"))
        {
            // The same versions as the crates beside it.
            work.sys.write(&folder.join("Cargo.lock"), &lock).map_err(said)?;
        }
        let jail = self
            .sandbox
            .of_build(work, &super::inputs::beside(work, &work.workspace()))
            .map(|mut jail| {
                jail.writable.push(folder.clone());
                jail
            });
        let args = [
            "build",
            "--keep-going",
            "--offline",
            "--message-format=json",
            "--bins",
            "--profile",
            &work.request.config.profile,
        ];
        let output = cargo(work, &folder, args.map(str::to_owned).to_vec(), jail)?;
        let mut packages = Packages::default();
        let finished = read_messages(&output.stdout, &mut packages);
        if !finished {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        let (bins, errors) = package_errors(packages, &folder.join("Cargo.toml"));
        Ok(Said {
            bins,
            errors,
            layers: output.layers,
        })
    }
}

/// What a build of a group said.
struct Said {
    bins: BTreeMap<String, PathBuf>,
    errors: Vec<RawDiagnostic>,
    layers: Vec<Layer>,
}

impl Said {
    fn bin(&self, name: &str) -> Option<&Path> {
        self.bins.get(name).map(PathBuf::as_path)
    }

    fn has_errors(&self, file: &str) -> bool {
        self.errors
            .iter()
            .any(|error| error.spans.iter().any(|span| span.file == file))
    }

    /// The errors of a file, as errors of the block alone.
    fn errors(&self, file: &str, inline: &InlineBlock) -> Vec<RawDiagnostic> {
        let (_, before) = program(&inline.code);
        self.errors
            .iter()
            .filter(|error| error.spans.iter().any(|span| span.file == file))
            .map(|error| {
                let mut error = error.clone();
                error.rendered = error.rendered.replace(file, "src/main.rs");
                for span in error.spans.iter_mut().filter(|span| span.file == file) {
                    "src/main.rs".clone_into(&mut span.file);
                    span.line = span.line.saturating_sub(before).max(1);
                    span.end_line = span.end_line.saturating_sub(before).max(1);
                }
                error
            })
            .collect()
    }
}

/// The program that holds all blocks which can be together.
const MERGED: &str = "merged";

fn module_file(number: usize) -> String {
    format!("src/b{number}.rs")
}

fn alone_name(number: usize) -> String {
    format!("alone{number}")
}

fn alone_file(number: usize) -> String {
    format!("src/bin/{}.rs", alone_name(number))
}

fn toml_manifest(name: &str, edition: &str, merged: bool) -> String {
    let bin = if merged {
        format!("[[bin]]\nname = \"{MERGED}\"\npath = \"src/main.rs\"\n\n")
    } else {
        String::new()
    };
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\nautobins = true\n\n{bin}[workspace]\n\n\
         [profile.dev]\ndebug = 0\nincremental = false\n\n"
    )
}

/// Whether a block needs a crate of its own: attributes of a whole crate, or paths from its root.
fn must_be_alone(code: &str) -> bool {
    code.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("#![") || line.starts_with("extern crate")
    }) || code.contains("crate::")
        || code.contains("env::args")
        || code.contains("macro_export")
}

/// A block as a program, and how many lines that puts before it: as in rustdoc, code without a `main` stands in one.
fn program(code: &str) -> (String, usize) {
    let has_main = code.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("fn main(") || line.starts_with("pub fn main(")
    });
    if has_main {
        (format!("#![allow(unused)]\n{code}"), 1)
    } else {
        (format!("#![allow(unused)]\nfn main() {{\n{code}\n}}\n"), 2)
    }
}

/// What an inline block is made of, as a hash.
pub(super) fn source_hash(found: &SnippetCrate, inline: &InlineBlock) -> ContentHash {
    ContentHash::fields()
        .field("inline 1")
        .field(&inline.code)
        .field(&found.edition)
        .field(inline.dependencies.join(","))
        .field(format!("{}", inline.runs))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_without_a_main_gets_one() {
        assert_eq!(program("let a = 1;\n").1, 2);
        assert!(program("let a = 1;\n").0.contains("fn main() {\nlet a = 1;"));
        assert_eq!(program("fn main() {}\n").0, "#![allow(unused)]\nfn main() {}\n");
    }

    #[test]
    fn what_speaks_of_its_crate_stands_alone() {
        for code in ["#![feature(x)]\n", "use crate::a;\n", "extern crate x;\n"] {
            assert!(must_be_alone(code), "{code}");
        }
        assert!(!must_be_alone("use std::fmt;\nprintln!(\"{}\", 1);\n"));
    }
}

//! The `proofbook` program; see the library.

fn main() -> std::process::ExitCode {
    proofbook::cli::run().into()
}

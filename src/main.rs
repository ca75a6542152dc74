//! The `proofbook` program; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == proofbook::system::jail::WORD)
    {
        return ExitCode::from(proofbook::system::jail::enter());
    }
    proofbook::cli::run().into()
}

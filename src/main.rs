//! Hands over to [`proofmark::cli`].

fn main() -> std::process::ExitCode {
    proofmark::cli::run()
}

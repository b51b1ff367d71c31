//! The least that reading layers can cost: each file inflated, its tar headers walked, nothing kept. A limit to measure
//! against, built as an example so that it is optimised like the program.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a measuring program")]

use std::io::Read as _;

fn main() -> std::io::Result<()> {
    for path in std::env::args_os().skip(1).map(std::path::PathBuf::from) {
        let file = std::fs::File::open(&path)?;
        let mut inflated = flate2::bufread::MultiGzDecoder::new(std::io::BufReader::with_capacity(1 << 16, file));
        let mut archive = tar::Archive::new(&mut inflated);
        let mut files = 0_u64;
        for entry in archive.entries()? {
            entry?;
            files += 1;
        }
        std::io::copy(&mut inflated.by_ref(), &mut std::io::sink())?;
        println!("{} {files}", path.display());
    }
    Ok(())
}

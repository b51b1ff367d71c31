//! What every client of a server here shares: how connections are made, how often requests start, when and how often they are
//! tried again.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the client: TLS always, but for addresses of this machine |
//! | [`backoff`] | how long to wait before another try |
//! | [`limiter`] | how many requests may start in a second; slows down when a server says "too many" |
//! | [`retry`] | the loop of tries |

pub mod backoff;
pub mod limiter;
pub mod retry;

pub use limiter::Limiter;
pub use retry::{Call, Outcome, Retried};

use reqwest::{Certificate, Client, ClientBuilder, Url};
use std::time::Duration;

/// Whether an address is of this machine. Only such may do without TLS.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The beginnings of a client for a server: certificates are checked, redirections are few and never leave TLS, waits are bounded.
/// `authorities` is trusted besides the system's, PEM.
///
/// # Errors
/// The address needs TLS and has none, or the certificates cannot be read.
pub fn client(base: &Url, authorities: Option<&[u8]>) -> Result<ClientBuilder, String> {
    let plain = base.scheme() == "http";
    if plain && !is_loopback(base) {
        return Err(format!(
            "{}: without TLS only addresses of this machine are used",
            base.host_str().unwrap_or_default()
        ));
    }
    let mut builder = Client::builder()
        .user_agent(concat!("proofmark/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(20))
        .read_timeout(Duration::from_secs(60))
        .redirect(reqwest::redirect::Policy::limited(5))
        .https_only(!plain);
    if plain {
        builder = builder.no_proxy().redirect(reqwest::redirect::Policy::none());
    }
    if let Some(pem) = authorities {
        let certificates = Certificate::from_pem_bundle(pem).map_err(|error| error.to_string())?;
        if certificates.is_empty() {
            return Err("no certificate in it".to_owned());
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

/// The most bytes of a file of authorities.
const MOST_AUTHORITIES: u64 = 16 << 20;

/// A file of authorities, for [`client`].
///
/// # Errors
/// It cannot be read, or is too large.
pub fn authorities(path: &std::path::Path) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(MOST_AUTHORITIES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_AUTHORITIES { Err("too large".to_owned()) } else { Ok(bytes) }
}

/// What went wrong below HTTP, in few words. Never holds the address.
pub fn reason(error: &reqwest::Error) -> String {
    let mut reason = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        reason = error.to_string();
        cause = error.source();
    }
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot connect"
    } else {
        "the transfer broke off"
    };
    if reason.is_empty() { what.into() } else { format!("{what}: {reason}") }
}

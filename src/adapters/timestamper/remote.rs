//! An authority on time over HTTP (RFC 3161, 3.4): one request a signature, a few at once, each with a number of its own that the
//! answer must repeat.

use crate::adapters::http::backoff::{self, Backoff};
use crate::adapters::http::{self, Call, Limiter, Outcome};
use crate::model::SignatureBytes;
use crate::ports::{BoxFuture, Cancel, Stamped, TimestampError, Timestamper};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use der::Encode as _;
use der::asn1::{Int, ObjectIdentifier, OctetString};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{MessageImprint, TimeStampReq, TspVersion};

/// The largest answer, in bytes.
const ANSWER_LIMIT: usize = 64 << 10;
/// How many requests may be under way at once.
const AT_ONCE: usize = 8;
/// How long all tries of one request may take.
const MOST_TOTAL: Duration = Duration::from_secs(120);
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// An authority behind an address.
pub(super) struct RemoteTimestamper {
    address: Url,
    client: Client,
    call: Call,
    at_once: Semaphore,
}

impl RemoteTimestamper {
    /// One that nothing was asked of yet.
    ///
    /// # Errors
    /// It is no address, or one without TLS that is not of this machine.
    pub(super) fn open(address: &str, cancel: Cancel) -> Result<Shared, TimestampError> {
        let refused = |reason: String| TimestampError::Refused(format!("[sign] timestamp: {reason}"));
        let address = Url::parse(address).map_err(|error| refused(error.to_string()))?;
        let client = http::client(&address, None).map_err(refused)?;
        let client = client.timeout(Duration::from_secs(30)).build().map_err(|error| refused(http::reason(&error)))?;
        let call = Call::new(Limiter::new(0), Backoff::default(), MOST_TOTAL, cancel);
        Ok(Shared(Arc::new(Self { address, client, call, at_once: Semaphore::new(AT_ONCE) })))
    }

    async fn ask(self: &Arc<Self>, request: Vec<u8>) -> Result<Vec<u8>, TimestampError> {
        let _turn = self.at_once.acquire().await;
        self.call.run(|| self.once(request.clone())).await
    }

    async fn once(&self, body: Vec<u8>) -> Outcome<Vec<u8>, TimestampError> {
        let host = self.address.host_str().unwrap_or_default();
        let unavailable = |reason: &str| TimestampError::Unavailable(format!("the time authority {host}: {reason}"));
        let again = |error, after, throttled, once| Outcome::Again { error, after, throttled, once };
        let request = self.client.post(self.address.clone()).header(CONTENT_TYPE, "application/timestamp-query");
        let mut response = match request.body(body).send().await {
            Ok(response) => response,
            Err(error) => return again(unavailable(&http::reason(&error)), None, false, false),
        };
        let status = response.status();
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|value| backoff::retry_after(value, jiff::Timestamp::now().as_second()));
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_reply = kind.split(';').next().is_some_and(|kind| kind.trim() == "application/timestamp-reply");
        if !status.is_success() {
            let error = unavailable(&format!("it says {status}"));
            return match status {
                StatusCode::TOO_MANY_REQUESTS => again(error, after, true, false),
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
                    again(error, after, false, false)
                }
                StatusCode::INTERNAL_SERVER_ERROR => again(error, after, false, true),
                _ => Outcome::Failed(error),
            };
        }
        if !is_reply {
            return Outcome::Failed(unavailable("its answer is not a time stamp"));
        }
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_LIMIT => bytes.extend_from_slice(&chunk),
                Ok(Some(_)) => return Outcome::Failed(unavailable("its answer is larger than any time stamp")),
                Ok(None) => return Outcome::Done(bytes),
                Err(error) => return again(unavailable(&http::reason(&error)), None, false, false),
            }
        }
    }
}

/// Shared by the requests under way.
pub(super) struct Shared(Arc<RemoteTimestamper>);

impl Timestamper for Shared {
    fn stamp<'a>(&'a self, signatures: &'a [SignatureBytes]) -> BoxFuture<'a, Result<Vec<Stamped>, TimestampError>> {
        Box::pin(async move {
            // Dropped on an error: what is under way then is given up.
            let mut under_way = JoinSet::new();
            let mut stamped = Vec::with_capacity(signatures.len());
            for (index, signature) in signatures.iter().enumerate() {
                let (request, nonce) = query(&signature.0)?;
                let this = Arc::clone(&self.0);
                under_way.spawn(async move { (index, this.ask(request).await) });
                stamped.push(Stamped { response: Vec::new(), nonce: Some(nonce) });
            }
            while let Some(done) = under_way.join_next().await {
                let lost = |_| TimestampError::Unavailable("a request to the time authority was given up".to_owned());
                let (index, response) = done.map_err(lost)?;
                stamped[index].response = response?;
            }
            Ok(stamped)
        })
    }
}

/// A request, and the number in it.
fn query(signature: &[u8]) -> Result<(Vec<u8>, Vec<u8>), TimestampError> {
    let mut nonce = [0; 16];
    SystemRandom::new()
        .fill(&mut nonce)
        .map_err(|_| TimestampError::Unavailable("the system has no randomness".to_owned()))?;
    // Positive, and without leading zeros.
    nonce[0] = (nonce[0] & 0x7f) | 0x40;
    let encode = || -> der::Result<Vec<u8>> {
        TimeStampReq {
            version: TspVersion::V1,
            message_imprint: MessageImprint {
                hash_algorithm: AlgorithmIdentifierOwned { oid: SHA_256, parameters: None },
                hashed_message: OctetString::new(digest(&SHA256, signature).as_ref())?,
            },
            req_policy: None,
            nonce: Some(Int::new(&nonce)?),
            cert_req: true,
            extensions: None,
        }
        .to_der()
    };
    let request = encode().map_err(|error| TimestampError::Refused(error.to_string()))?;
    Ok((request, nonce.to_vec()))
}

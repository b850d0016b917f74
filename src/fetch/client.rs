//! The HTTP client: one request, with limits on time, size and redirects, and retries where they can help.

use std::io::{ErrorKind, Read as _};
use std::time::{Duration, Instant};

use super::content::{self, Expected};
use super::error::{Cause, FetchError};

/// Limits of one download.
#[derive(Debug, Clone)]
pub struct Limits {
    /// To look up the host and connect.
    pub connect: Duration,
    /// Without a single byte from the server.
    pub read: Duration,
    /// For everything together: all attempts, and the waits between them.
    pub overall: Duration,
    /// Redirects that are followed.
    pub redirects: u32,
    /// Attempts, the first one included.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles from attempt to attempt.
    pub backoff: Duration,
    /// The largest answer, in bytes.
    pub most_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(20),
            overall: Duration::from_mins(3),
            redirects: 5,
            attempts: 4,
            backoff: Duration::from_millis(500),
            most_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// The defaults, with the time without an answer from `KEXP_FETCH_TIMEOUT` (seconds) where that is set.
    #[must_use]
    pub fn from_environment() -> Self {
        let mut limits = Self::default();
        let seconds = std::env::var("KEXP_FETCH_TIMEOUT").ok().and_then(|text| text.trim().parse::<f64>().ok());
        if let Some(seconds) = seconds.filter(|seconds| (0.001..=86_400.0).contains(seconds)) {
            limits.read = Duration::from_secs_f64(seconds);
            limits.connect = limits.connect.min(limits.read);
            limits.overall = limits.read * 9;
        }
        limits
    }
}

/// Downloads. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    limits: Limits,
}

impl Client {
    /// A client with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(limits.redirects)
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_per_read(Some(limits.read))
            .timeout_per_write(Some(limits.read))
            .user_agent(concat!("kexp/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent, limits }
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Downloads the whole answer, which must be what is expected.
    ///
    /// # Errors
    /// When there is no whole answer of the expected kind within the limits.
    pub fn get(&self, url: &str, expected: Expected) -> Result<Vec<u8>, FetchError> {
        let deadline = Instant::now() + self.limits.overall;
        let mut wait = self.limits.backoff;
        let mut attempts = 1;
        loop {
            let cause = match self.once(url, deadline) {
                Ok(bytes) => {
                    content::check(url, &bytes, expected)?;
                    return Ok(bytes);
                }
                Err(cause) => cause,
            };
            let in_time = Instant::now() + wait < deadline;
            if !cause.is_passing() || attempts >= self.limits.attempts || !in_time {
                return Err(FetchError { cause, attempts });
            }
            std::thread::sleep(wait);
            wait *= 2;
            attempts += 1;
        }
    }

    fn once(&self, url: &str, deadline: Instant) -> Result<Vec<u8>, Cause> {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let mut request = self.agent.get(url).config().timeout_global(Some(left));
        // What was asked for over TLS is not taken from a redirect to a plain connection.
        request = request.https_only(url.starts_with("https://"));
        if is_this_machine(url) {
            request = request.proxy(None);
        }
        let response = request.build().call().map_err(|error| self.cause(url, error, None))?;
        let status = response.status().as_u16();
        if !(200..300).contains(&status) {
            return Err(Cause::Status { url: url.to_owned(), status });
        }
        let body = response.into_body();
        let expected = body.content_length();
        let most = self.limits.most_bytes;
        if expected.is_some_and(|length| length > most) {
            return Err(Cause::TooLarge { url: url.to_owned(), claimed: expected, most });
        }
        let mut reader = body.into_reader();
        let mut bytes = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let count = match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.cause(url, error.into(), Some((bytes.len() as u64, expected)))),
            };
            bytes.extend_from_slice(&chunk[..count]);
            if bytes.len() as u64 > most {
                return Err(Cause::TooLarge { url: url.to_owned(), claimed: None, most });
            }
        }
        let received = bytes.len() as u64;
        match expected {
            Some(length) if length != received => Err(Cause::Truncated { url: url.to_owned(), received, expected }),
            _ => Ok(bytes),
        }
    }

    /// What an error of the line means. `body` is what had come of the answer and what was announced.
    fn cause(&self, url: &str, error: ureq::Error, body: Option<(u64, Option<u64>)>) -> Cause {
        let url = url.to_owned();
        let timeout = |url, limit: Duration| Cause::Timeout { url, seconds: limit.as_secs_f64() };
        match error {
            ureq::Error::Timeout(ureq::Timeout::Global) => timeout(url, self.limits.overall),
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => timeout(url, self.limits.connect),
            ureq::Error::Timeout(_) => timeout(url, self.limits.read),
            ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut => timeout(url, self.limits.read),
            ureq::Error::TooManyRedirects => Cause::Redirects { url, most: self.limits.redirects },
            ureq::Error::HostNotFound => Cause::Connection { url, reason: "the host is not known".to_owned() },
            ureq::Error::BadUri(reason) => Cause::Url { url, reason },
            ureq::Error::Http(error) => Cause::Url { url, reason: error.to_string() },
            ureq::Error::RequireHttpsOnly(target) => {
                Cause::Url { url, reason: format!("it sends on to `{target}`, which is not encrypted") }
            }
            error => match body {
                Some((received, expected)) => Cause::Truncated { url, received, expected },
                None => Cause::Connection { url, reason: error.to_string() },
            },
        }
    }
}

/// No proxy stands between this machine and itself.
fn is_this_machine(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|own| host.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
}

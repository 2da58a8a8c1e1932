//! The transport of a real process.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport as Line,
};
use ureq::{Agent, Body, Error, Proxy, ProxyProtocol};

use super::proxy;
use super::token::is_loopback;
use super::{Answer, HttpError, Method, Request, Transport};
use crate::env::Env;

/// No answer we ask for is longer, in bytes, unpacked.
const LONGEST: u64 = 16 << 20;
/// A host that is there answers within this.
const CONNECT: Duration = Duration::from_secs(10);

/// ureq, with the system's trust store, and the proxy that the environment names.
#[derive(Debug, Default)]
pub struct Ureq {
    env: Env,
}

impl Ureq {
    /// A transport for a process with this environment.
    #[must_use]
    pub fn new(env: &Env) -> Self {
        Self { env: env.clone() }
    }

    fn proxy_for(&self, uri: &Uri) -> Result<Option<Proxy>, HttpError> {
        let Some(found) = proxy::find(&self.env, uri) else { return Ok(None) };
        // The address may hold a password, so it is not repeated.
        let known = |proxy: &Proxy| matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https);
        match Proxy::new(found.value).ok().filter(known) {
            Some(proxy) => Ok(Some(proxy)),
            None => Err(HttpError::Refused(format!("{} names no proxy that can be used here", found.variable))),
        }
    }
}

impl Transport for Ureq {
    fn send(&self, request: &Request, deadline: Duration) -> Result<Answer, HttpError> {
        let refused = |why: String| HttpError::Refused(why);
        let uri: Uri = request.url.parse().map_err(|_| refused("this is no address of the web".into()))?;
        let host = uri.host().unwrap_or_default().to_owned();
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback(&request.url) => {}
            _ => return Err(refused(format!("{host} is not asked without TLS"))),
        }
        let config = Config::builder()
            .http_status_as_error(false)
            // Whoever asks decides where to go on, and with which credential.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .timeout_global(Some(deadline))
            .timeout_connect(Some(CONNECT.min(deadline)))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .proxy(self.proxy_for(&uri)?)
            .build();
        let sent = Arc::new(AtomicBool::new(false));
        let noting = Noting { target: uri, sent: Arc::clone(&sent) };
        // An agent for each request: no connection is used twice, so one that has died meanwhile is not taken for an
        // answer that was lost.
        let agent = Agent::with_parts(config, DefaultConnector::new().chain(noting), DefaultResolver::default());
        let failed = |error: &Error| {
            let text = format!("{host}: {}", words(error));
            match error {
                Error::Http(_) | Error::BadUri(_) | Error::RequireHttpsOnly(_) => HttpError::Refused(text),
                _ if sent.load(Ordering::SeqCst) => HttpError::Unknown(text),
                _ => HttpError::NotSent(text),
            }
        };
        let response = run(&agent, request).map_err(|e| failed(&e))?;
        let (parts, body) = response.into_parts();
        let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let mut bytes = Vec::new();
        body.into_reader().take(LONGEST + 1).read_to_end(&mut bytes).map_err(|e| failed(&Error::from(e)))?;
        if bytes.len() as u64 > LONGEST {
            return Err(HttpError::Unknown(format!("{host}: the answer is longer than {} MiB", LONGEST >> 20)));
        }
        Ok(Answer { status: parts.status.as_u16(), headers, body: bytes })
    }
}

fn run(agent: &Agent, request: &Request) -> Result<ureq::http::Response<Body>, Error> {
    let method = match request.method {
        Method::Get => ureq::http::Method::GET,
        Method::Post => ureq::http::Method::POST,
        Method::Patch => ureq::http::Method::PATCH,
        Method::Put => ureq::http::Method::PUT,
        Method::Delete => ureq::http::Method::DELETE,
    };
    let mut builder = ureq::http::Request::builder().method(method).uri(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    match &request.body {
        Some(body) => agent.run(builder.body(body.as_slice())?),
        None => agent.run(builder.body(())?),
    }
}

/// What went wrong, without a name of this library before it.
fn words(error: &Error) -> String {
    match error {
        Error::Io(e) => e.to_string(),
        Error::Timeout(_) => "it took too long".into(),
        Error::HostNotFound => "there is no such host".into(),
        Error::Rustls(e) => format!("TLS: {e}"),
        Error::ConnectProxyFailed(_) => "the proxy did not connect".into(),
        // Some repeat the address.
        Error::BadUri(_) | Error::RequireHttpsOnly(_) => "this is no address that may be asked".into(),
        other => other.to_string(),
    }
}

/// The last of the connectors: notes whether anything of the request was written on a line to its host.
#[derive(Debug)]
struct Noting {
    target: Uri,
    sent: Arc<AtomicBool>,
}

impl<In: Line> Connector<In> for Noting {
    type Out = Noted<In>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        // What is said to a proxy before it has connected is no request yet.
        let counts = details.uri.authority() == self.target.authority() && details.uri.scheme() == self.target.scheme();
        Ok(chained.map(|line| Noted { line, sent: counts.then(|| Arc::clone(&self.sent)) }))
    }
}

#[derive(Debug)]
struct Noted<T> {
    line: T,
    sent: Option<Arc<AtomicBool>>,
}

impl<T: Line> Line for Noted<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.line.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        // Noted before it is known how that ends: a part of it may have gone out.
        if let Some(sent) = &self.sent {
            sent.store(true, Ordering::SeqCst);
        }
        self.line.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.line.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.line.is_open()
    }

    fn is_tls(&self) -> bool {
        self.line.is_tls()
    }
}

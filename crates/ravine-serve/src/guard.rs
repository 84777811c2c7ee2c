//! Who may talk to the server, and what every answer says of itself.
//!
//! Another page in the same browser can send requests to this machine, and a name server can make a foreign name point
//! to it. So a request must name this server as its host, come from no other origin, and know the token.

use crate::refusal::Refusal;
use crate::token::Token;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// What a page may do: run our scripts and styles, show our pictures, talk to us; nothing else, and in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The names and the secret of a server.
pub(crate) struct Guard {
    token: Token,
    address: SocketAddr,
    /// Host names that mean this server, lower case.
    names: Vec<String>,
}

impl Guard {
    /// A guard for the server that listens on `address`, asked for by the name `host`.
    pub(crate) fn new(token: Token, host: &str, address: SocketAddr) -> Self {
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        let mut names = vec![bracketed(&host)];
        if address.ip().is_loopback() || address.ip().is_unspecified() {
            names.extend(["127.0.0.1", "localhost", "[::1]"].map(String::from));
        }
        Self { token, address, names }
    }

    /// The address to open, with the token.
    pub(crate) fn url(&self) -> String {
        // Where all addresses of the machine were asked for, this one is the nearest.
        let host = if self.address.ip().is_unspecified() { "127.0.0.1" } else { &self.names[0] };
        format!("http://{host}:{}/?token={}", self.address.port(), self.token)
    }

    /// Whether a `Host` header, or an origin without its scheme, means this server.
    fn is_ours(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (&*host, Some(80)),
        };
        // A foreign name can be made to point here, an address cannot.
        let any_address =
            self.address.ip().is_unspecified() && name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        port == Some(self.address.port()) && (any_address || self.names.iter().any(|ours| ours == name))
    }

    /// Cookies know no ports: each server's has a name of its own.
    fn cookie(&self) -> String {
        format!("ravine-{}", self.address.port())
    }

    /// Whether the token comes along, as a cookie or as a bearer's.
    fn knows_token(&self, headers: &HeaderMap) -> bool {
        let texts = |name| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let cookies = texts(header::COOKIE).flat_map(|cookies| cookies.split(';'));
        let ours = cookies.filter_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name == self.cookie()).then_some(value)
        });
        let bearer = texts(header::AUTHORIZATION).filter_map(|value| value.strip_prefix("Bearer "));
        ours.chain(bearer).any(|text| self.token.is(text))
    }

    fn check(&self, request: &Request<Body>) -> Result<(), Refusal> {
        let text = |name| request.headers().get(name).map(|value: &HeaderValue| value.to_str().unwrap_or(""));
        let several = request.headers().get_all(header::HOST).iter().count() > 1;
        if several || !text(header::HOST).is_some_and(|host| self.is_ours(host)) {
            return Err(Refusal::new(
                StatusCode::MISDIRECTED_REQUEST,
                format!("this server answers to {}", self.known()),
            ));
        }
        let ours = |origin: &str| origin.strip_prefix("http://").is_some_and(|host| self.is_ours(host));
        if text(header::ORIGIN).is_some_and(|origin| !ours(origin)) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "another page may not ask this server"));
        }
        let open = !["/api/", "/runs/"].iter().any(|start| request.uri().path().starts_with(start));
        if open || self.knows_token(request.headers()) {
            return Ok(());
        }
        let message = "this page needs the token: open the address that `ravine serve` printed";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, message))
    }

    fn known(&self) -> String {
        let port = self.address.port();
        self.names.iter().map(|name| format!("{name}:{port}")).collect::<Vec<_>>().join(", ")
    }

    /// The answer to the printed address: the token goes into a cookie and out of sight.
    fn welcome(&self, uri: &Uri) -> Option<Response> {
        let pairs = uri.query().filter(|_| uri.path() == "/")?.split('&');
        let given = pairs.filter_map(|pair| pair.strip_prefix("token=")).next()?;
        let mut response = StatusCode::SEE_OTHER.into_response();
        response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
        if self.token.is(given) {
            let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie(), self.token);
            response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
        }
        Some(response)
    }
}

/// A host as it stands in an address.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.into() }
}

/// Lets a request through or not, and marks the answer.
pub(crate) async fn guard(State(guard): State<Arc<Guard>>, request: Request<Body>, next: Next) -> Response {
    let mut response = match guard.check(&request) {
        Err(refusal) => refusal.into_response(),
        Ok(()) => match guard.welcome(request.uri()) {
            Some(response) => response,
            None => next.run(request).await,
        },
    };
    let headers = response.headers_mut();
    let mut say = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    say(header::CONTENT_SECURITY_POLICY, POLICY);
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(header::REFERRER_POLICY, "no-referrer");
    say(header::CACHE_CONTROL, "no-store");
    say(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    say(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(host: &str, address: &str) -> Guard {
        Guard::new(Token::random().unwrap(), host, address.parse().unwrap())
    }

    #[test]
    fn only_names_that_were_bound_are_ours() {
        let local = guard("127.0.0.1", "127.0.0.1:8420");
        for host in ["127.0.0.1:8420", "localhost:8420", "LOCALHOST:8420", "[::1]:8420"] {
            assert!(local.is_ours(host), "{host}");
        }
        for host in
            ["", "localhost", "localhost:80", "evil.example:8420", "127.0.0.1.evil:8420", "[::1]", "a:b:8420"]
        {
            assert!(!local.is_ours(host), "{host}");
        }
        assert!(guard("127.0.0.1", "127.0.0.1:80").is_ours("localhost"));
    }

    #[test]
    fn a_server_for_all_addresses_answers_to_addresses_but_not_to_names() {
        let open = guard("0.0.0.0", "0.0.0.0:1234");
        assert!(open.is_ours("192.168.7.7:1234") && open.is_ours("[fe80::1]:1234"));
        assert!(!open.is_ours("evil.example:1234"));
        assert!(open.url().starts_with("http://127.0.0.1:1234/?token="));
        let named = guard("lab.local", "192.168.7.7:1234");
        assert!(named.is_ours("lab.local:1234") && !named.is_ours("localhost:1234"));
        assert!(guard("::1", "[::1]:99").url().starts_with("http://[::1]:99/"));
    }
}

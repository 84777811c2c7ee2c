//! Who is let in.

use crate::client::Served;

const API: &str = "/api/catalogue";

#[test]
fn a_forged_host_is_refused_everywhere() {
    let served = Served::new();
    let port = served.host.rsplit_once(':').unwrap().1;
    let bearer = served.bearer();
    let forged =
        ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1:1".into(), String::new()];
    for host in &forged {
        for path in ["/", "/main.js", API] {
            let response = served.send("GET", path, &[("Host", host), ("Authorization", &bearer)], "");
            response.refused(421, &["this server answers to", &served.host]);
        }
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(served.send("GET", "/", &[("Host", &host)], "").status, 200, "{host}");
    }
    let none = served.raw(format!("GET {API} HTTP/1.0\r\nAuthorization: {bearer}\r\n\r\n").as_bytes());
    assert_eq!(none.status, 421);
}

#[test]
fn pages_of_other_origins_are_refused() {
    let served = Served::new();
    let bearer = served.bearer();
    for origin in [
        "https://evil.example",
        "http://evil.example",
        "null",
        "http://localhost",
        &format!("https://{}", served.host),
    ] {
        let response = served.send("GET", API, &[("Origin", origin), ("Authorization", &bearer)], "");
        response.refused(403, &["another page"]);
    }
    let ours = format!("http://{}", served.host);
    assert_eq!(served.send("GET", API, &[("Origin", &ours), ("Authorization", &bearer)], "").status, 200);
}

#[test]
fn without_the_token_the_page_comes_and_the_data_do_not() {
    let served = Served::new();
    assert_eq!(served.send("GET", "/", &[], "").status, 200);
    let half = &served.token[..16];
    for headers in [
        vec![],
        vec![("Authorization", "Bearer ".to_owned())],
        vec![("Authorization", format!("Bearer {half}"))],
        vec![("Authorization", format!("Basic {}", served.token))],
        vec![("Cookie", format!("ravine-1={}", served.token))],
    ] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(key, value)| (*key, value.as_str())).collect();
        for path in [API, "/api/runs", "/api/runs/1/events", "/runs/1/report", "/api/nothing"] {
            served.send("GET", path, &headers, "").refused(401, &["open the address"]);
        }
    }
}

#[test]
fn the_printed_address_gives_a_cookie_that_lets_in() {
    let served = Served::new();
    let port = served.host.rsplit_once(':').unwrap().1;
    let welcome = served.send("GET", &format!("/?token={}", served.token), &[], "");
    assert_eq!((welcome.status, welcome.header("location")), (303, "/"));
    let cookie = welcome.header("set-cookie");
    assert!(cookie.starts_with(&format!("ravine-{port}={}; ", served.token)), "{cookie}");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = format!("other=1; {}", cookie.split(';').next().unwrap());
    assert_eq!(served.send("GET", API, &[("Cookie", &cookie)], "").status, 200);

    let wrong = served.send("GET", &format!("/?token={}", "0".repeat(32)), &[], "");
    assert_eq!((wrong.status, wrong.header("set-cookie")), (303, ""));
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let served = Served::new();
    for response in [
        served.send("GET", "/", &[], ""),
        served.send("GET", "/nothing", &[], ""),
        served.send("GET", API, &[], ""),
        served.get(API),
        served.send("GET", "/", &[("Host", "evil.example")], ""),
    ] {
        let policy = response.header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(response.header("x-content-type-options"), "nosniff");
        assert_eq!(response.header("referrer-policy"), "no-referrer");
        assert_eq!(response.header("cache-control"), "no-store");
        assert_eq!(response.header("access-control-allow-origin"), "");
    }
}

#[test]
fn what_is_not_there_or_asked_in_another_way_is_told() {
    let served = Served::new();
    served.get("/nothing").refused(404, &["there is no /nothing"]);
    served.get("/../Cargo.toml").refused(404, &[]);
    served.get("/api/runs/7").refused(404, &["no comparison 7"]);
    served.get("/api/runs/seven").refused(404, &["no comparison seven"]);
    served.get("/api/trace").refused(405, &[]);
    served.send("DELETE", API, &[("Authorization", &served.bearer())], "").refused(405, &[]);
}

//! What is too much, and what makes no sense.

use crate::client::Served;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn trace(objective: &str) -> Value {
    json!({"objective": objective, "optimizers": ["sgd"], "lr": 0.1, "steps": 10})
}

#[test]
fn huge_and_deep_expressions_are_refused_quickly_and_the_server_lives_on() {
    let served = Served::new();
    let deep = format!("{}x{}", "(".repeat(10_000), ")".repeat(10_000));
    let long = "x+".repeat(50_000) + "x";
    let wide = "x+".repeat(15_000) + "x";
    let start = Instant::now();
    for path in ["/api/landscape", "/api/trace"] {
        let of = |objective: &str| match path {
            "/api/trace" => trace(objective),
            _ => json!({"objective": objective}),
        };
        served.post(path, &of(&long)).refused(413, &["at most 65536 bytes"]);
        served.post(path, &of(&wide)).refused(422, &[]);
        served.post(path, &of(&deep)).refused(422, &["column"]);
        served.post_text(path, &"[".repeat(60_000)).refused(422, &["cannot read the request"]);
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    served.post("/api/trace", &trace("x^2")).json();
}

#[test]
fn bodies_that_are_no_such_json_are_refused() {
    let served = Served::new();
    let bearer = served.bearer();
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", kind)];
        served.send("POST", "/api/trace", &headers, "{}").refused(415, &["application/json", kind]);
    }
    served.post_text("/api/trace", "{").refused(400, &["cannot read the request"]);
    served.post_text("/api/trace", "{}").refused(422, &["objective"]);
    served.post_text("/api/trace", "[1]").refused(422, &[]);
    let mut unknown = trace("x^2");
    unknown["stepps"] = 1.into();
    served.post("/api/trace", &unknown).refused(422, &["stepps", "steps"]);
}

#[test]
fn each_limit_is_told() {
    let served = Served::new();
    let with = |key: &str, value: Value| {
        let mut body = trace("x^2 + y^2");
        body[key] = value;
        served.post("/api/trace", &body)
    };
    with("steps", 20_001.into()).refused(422, &["at most 20000"]);
    with("steps", json!(-1)).refused(422, &[]);
    with("optimizers", json!(vec!["sgd"; 13])).refused(422, &["at most 12"]);
    with("start", json!([1.0])).refused(422, &["x and y"]);
    with("noise", json!(-1.0)).refused(422, &["noise"]);
    with("lr", json!(-1.0)).refused(422, &["lr"]);
    with("schedule", "cosin".into()).refused(422, &["did you mean 'cosine'"]);
    with("optimizers", json!(["adm"])).refused(422, &["did you mean 'adam'"]);
    with("optimizers", json!(["adam:lr=x"])).refused(422, &["lr"]);
    served
        .post("/api/schedule", &json!({"schedule": "constant", "steps": 20_001, "lr": 1.0}))
        .refused(422, &["at most 20000"]);
    for domain in
        [json!([[0, 1]]), json!([[1, 0], [0, 1]]), json!([[0, 1e99], [0, 1]]), json!([[1, 1], [0, 1]])]
    {
        served
            .post("/api/landscape", &json!({"objective": "x*y", "domain": domain}))
            .refused(422, &["domain"]);
    }
    served.post("/api/landscape", &json!({"objective": "1 + 2"})).refused(422, &["variable"]);
}

#[test]
fn a_fault_in_a_function_is_told_with_its_column() {
    let served = Served::new();
    let response = served.post("/api/landscape", &json!({"objective": "x*cox(x)"}));
    response.refused(422, &["did you mean 'cos'"]);
    let value: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(value["column"], 3);
}

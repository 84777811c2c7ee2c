//! What the playground asks for.

use crate::client::Served;
use serde_json::json;

#[test]
fn the_catalogue_is_the_engines() {
    let catalogue = Served::new().get("/api/catalogue").json();
    let names = |kind: &str| -> Vec<String> {
        let items = catalogue[kind].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names("optimizers").iter().eq(ravine::rules::CATALOGUE.iter().map(|entry| entry.name)));
    assert!(names("schedules").iter().eq(ravine::schedules::names()));
    assert!(names("objectives").contains(&"rosenbrock".to_owned()));
    let adam =
        catalogue["optimizers"].as_array().unwrap().iter().find(|item| item["name"] == "adam").unwrap();
    let betas = adam["params"].as_array().unwrap().iter().find(|param| param["name"] == "betas").unwrap();
    assert_eq!(
        (&betas["kind"], &betas["default"], &betas["max"]),
        (&json!("pair"), &json!("0.9/0.999"), &json!(1.0))
    );
}

#[test]
fn landscapes_come_with_what_is_known_of_them() {
    let served = Served::new();
    let bowl = served.post("/api/landscape", &json!({"objective": "rosenbrock", "aspect": 1.5})).json();
    assert_eq!((&bowl["variables"], &bowl["minima"]), (&json!(["x", "y"]), &json!([[1.0, 1.0]])));
    let regions = bowl["regions"].as_array().unwrap();
    assert!(
        regions.len() > 5 && regions.iter().all(|region| region["fill"].as_str().unwrap().starts_with('M'))
    );
    let levels: Vec<f64> = regions.iter().map(|region| region["level"].as_f64().unwrap()).collect();
    assert!(levels.is_sorted());

    let curve = served.post("/api/landscape", &json!({"objective": "ln(x)", "domain": [[-1, 1]]})).json();
    let points = curve["curve"].as_array().unwrap();
    assert!(points[0][1].is_null() && points[points.len() - 1][1] == 0.0);
    let many = served.post("/api/landscape", &json!({"objective": "rastrigin:n=5"})).json();
    assert_eq!(
        (many["variables"].as_array().unwrap().len(), many["domain"].as_array().unwrap().len()),
        (5, 2)
    );
}

#[test]
fn traces_are_the_engines_and_name_their_command() {
    let served = Served::new();
    let answer = served.post("/api/trace", &json!({
        "objective": "ravine", "optimizers": ["sgd", "sgd:lr=0.6,momentum=0.25"], "lr": 0.4, "start": [-5.0, -2.0],
        "steps": 20, "schedule": "constant", "noise": 0.0, "seed": 7,
    })).json();
    let end = |i: usize| {
        let points = answer["traces"][i]["points"].as_array().unwrap();
        assert_eq!(points.len(), 21);
        [0, 1].map(|k| points[20][k].as_f64().unwrap())
    };
    for (i, golden) in [[-0.943467, -0.000073], [-0.126340, -0.186632]].into_iter().enumerate() {
        assert!(end(i).iter().zip(golden).all(|(x, golden)| (x - golden).abs() < 6e-7), "{:?}", end(i));
    }
    assert_eq!(answer["traces"][1]["word"], "still descending");
    assert_eq!(
        answer["command"],
        "ravine trace ravine --optimizer sgd --optimizer sgd:lr=0.6,momentum=0.25 --lr=0.4 --start=-5,-2 --steps=20 \
         --noise=0 --seed=7"
    );
    let typed =
        json!({"objective": "-x^2*y", "optimizers": ["sgd"], "steps": 1, "schedule": "step * cosine"});
    let command = &served.post("/api/trace", &typed).json()["command"];
    assert_eq!(command, "ravine trace --optimizer sgd '--schedule=step * cosine' --steps=1 -- '-x^2*y'");
}

#[test]
fn what_is_no_number_is_null() {
    let served = Served::new();
    let answer = served
        .post(
            "/api/trace",
            &json!({"objective": "ln(x)", "optimizers": ["sgd"], "lr": 1.0, "start": [0.5], "steps": 5}),
        )
        .json();
    let losses = answer["traces"][0]["losses"].as_array().unwrap();
    assert!(losses.last().unwrap().is_null());
    assert_eq!(answer["traces"][0]["ending"], "undefined");
}

#[test]
fn schedules_are_evaluated_for_the_run() {
    let served = Served::new();
    let answer = served
        .post("/api/schedule", &json!({"schedule": "cosine:warmup=10%", "steps": 100, "lr": 0.5}))
        .json();
    assert_eq!(answer["spec"], "cosine:steps=90,warmup=10");
    let lrs = answer["lrs"].as_array().unwrap();
    assert_eq!((lrs.len(), &lrs[9], &lrs[10]), (100, &json!(0.5), &json!(0.5)));
}

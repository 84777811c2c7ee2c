//! The hidden layers that the workloads of fully connected networks share.

use ravine_nn::{Activation, Init, Network, NetworkBuilder};

use super::{Choice, Setup};
use crate::data::Dataset;
use crate::error::Result;

/// Most hidden layers, and most units of one.
const MOST: [usize; 2] = [1000, 100_000];

/// The choices of a network with so many hidden layers of these widths.
pub(super) const fn choices(depth: &'static str, width: &'static str) -> [Choice; 4] {
    [
        Choice::new("depth", depth, "hidden layers"),
        Choice::new("width", width, "units of each hidden layer, separated by /; the last is for the rest"),
        Choice::new("activation", "relu", "relu, tanh, sigmoid or gelu"),
        Choice::new(
            "init",
            "default",
            "of the weights: default, he, xavier, lecun, orthogonal, ..., or a standard deviation",
        ),
    ]
}

/// What such a network is called: its widths from the inputs to the results, and its activation.
pub(super) fn title(setup: &Setup, data: &Dataset) -> Result<String> {
    let (widths, _) = hidden(setup)?;
    let all: Vec<String> =
        [data.features].iter().chain(&widths).chain(&[data.classes]).map(usize::to_string).collect();
    Ok(format!("MLP {} with {} on {}", all.join("-"), setup.text("activation"), data.name))
}

/// The network from so many inputs to so many results.
pub(super) fn layers(setup: &Setup, inputs: usize, results: usize) -> Result<NetworkBuilder<f32>> {
    let (hidden, activation) = hidden(setup)?;
    let network = Network::builder(inputs);
    let network = match init(setup)? {
        Some(weight) => network.init(weight, Init::zeros()),
        None => network,
    };
    let hidden = hidden.into_iter();
    Ok(hidden.fold(network, |network, width| network.linear(width).activation(activation)).linear(results))
}

/// The widths of the hidden layers, and their activation.
fn hidden(setup: &Setup) -> Result<(Vec<usize>, Activation)> {
    let depth = setup.number("depth", 0..=MOST[0])?;
    let width = |text: &str| text.parse().ok().filter(|width| (1..=MOST[1]).contains(width));
    let widths: Option<Vec<usize>> = setup.text("width").split('/').map(width).collect();
    let expected = || format!("numbers from 1 to {}, separated by /", MOST[1]);
    let widths = widths.ok_or_else(|| setup.refuse("width", &expected()))?;
    let activation = setup.one_of(
        "activation",
        &[
            ("relu", Activation::Relu),
            ("tanh", Activation::Tanh),
            ("sigmoid", Activation::Sigmoid),
            ("gelu", Activation::Gelu),
        ],
    )?;
    Ok(((0..depth).map(|i| widths[i.min(widths.len() - 1)]).collect(), activation))
}

/// How the weights start; `None` for PyTorch's way, in which biases do not start at zero.
fn init(setup: &Setup) -> Result<Option<Init>> {
    let text = setup.text("init");
    match text.parse() {
        _ if text == "default" => Ok(None),
        Ok(std) if (0.0..=1e6).contains(&std) => Ok(Some(Init::normal(std))),
        _ => text.parse().map(Some).map_err(|error: ravine_nn::Error| setup.wrong(error)),
    }
}

//! `images`: a network on the user's own pictures.

use std::path::Path;
use std::sync::Arc;

use ravine_nn::{Init, Network, NetworkBuilder};

use super::classification::{Metric, Recipe, augment, batch, epochs};
use super::{Choice, Entry, Field, Setup, mlp, resnet};
use crate::data::{Dataset, folder, problem};
use crate::error::{Kind, Result};
use crate::workload::Workload;

const MLP: [Choice; 4] = mlp::choices("2", "256/128");

const RECIPE: Recipe = Recipe {
    name: "images",
    title: "your own pictures, a folder for each class",
    title_of: None,
    field: Field::Image,
    metric: Metric::Accuracy,
    target: None,
    layers,
    ridge: 0.0,
    choices: &[
        Choice::new("dir", "", "folder of class folders with png and jpg files, or of idx files"),
        Choice::new("size", "0", "height and width to bring pictures to; 0 for that of the first"),
        Choice::new("model", "cnn", "cnn, resnet or mlp"),
        augment("none"),
        MLP[0],
        MLP[1],
        MLP[2],
        MLP[3],
        batch("32"),
        epochs("10"),
    ],
};

/// What the catalogue says of it.
pub(super) const ENTRY: Entry = RECIPE.entry(load);

fn load(setup: &Setup) -> Result<Box<dyn Workload>> {
    let dir = setup.text("dir");
    if dir.is_empty() {
        return Err(
            Kind::BadSpec { name: RECIPE.name, what: "it needs a folder: --images DIR".into() }.into()
        );
    }
    let size = match setup.number("size", 0..=4096)? {
        0 => None,
        size => Some([size; 2]),
    };
    let found = folder::read(Path::new(dir), folder::Options { size, channels: None })?;
    let files = found.problems.len() + found.data.split().iter().sum::<usize>();
    let notes = problem::left_out(&found.problems, files, "files");
    RECIPE.load(setup, Arc::new(found.data), notes)
}

fn layers(setup: &Setup, data: &Dataset) -> Result<NetworkBuilder<f32>> {
    let model = setup.one_of("model", &[("cnn", 0), ("resnet", 1), ("mlp", 2)])?;
    Ok(match model {
        0 => cnn(data),
        1 => resnet::layers(data),
        _ => return mlp::layers(setup, data.features, data.classes),
    })
}

/// Two convolutions with pooling while the picture is large enough for it, and two dense layers.
fn cnn(data: &Dataset) -> NetworkBuilder<f32> {
    let smallest = data.shape[1..].iter().copied().min().unwrap_or(1);
    let mut network = Network::builder(&data.shape[..]).init(Init::kaiming_uniform(), Init::zeros());
    for (i, channels) in [32, 64].into_iter().enumerate() {
        network = network.conv2d(channels, 3, 1, 1).relu();
        if smallest >> i >= 2 {
            network = network.max_pool2d(2, 2);
        }
    }
    network.flatten().linear(128).relu().linear(data.classes)
}

//! Lists of tensors to step.

use ravine::ParamSpec;

/// A list of tensors.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) params: fn() -> Vec<ParamSpec>,
    /// Rounds to measure.
    pub(crate) rounds: usize,
}

/// All there are.
pub(crate) const SHAPES: [Shape; 5] = [
    Shape { name: "20x1M", params: || same(20, &[1000, 1000]), rounds: 11 },
    Shape { name: "1000x256", params: || same(1000, &[256]), rounds: 301 },
    // One task of one thread, in second-level cache: what the arithmetic takes.
    Shape { name: "cache", params: || same(1, &[128, 128]), rounds: 301 },
    Shape { name: "gpt2", params: gpt2, rounds: 7 },
    Shape { name: "matrices", params: || same(8, &[768, 768]), rounds: 5 },
];

fn same(count: usize, shape: &[usize]) -> Vec<ParamSpec> {
    (0..count).map(|i| ParamSpec::new(format!("p{i}"), shape)).collect()
}

/// The 148 tensors of GPT-2 small (Radford et al., 2019), 124,439,808 elements.
fn gpt2() -> Vec<ParamSpec> {
    let mut shapes: Vec<Vec<usize>> = vec![vec![50257, 768], vec![1024, 768]];
    for _ in 0..12 {
        for block in [
            &[768][..],
            &[768],
            &[768, 2304],
            &[2304],
            &[768, 768],
            &[768],
            &[768],
            &[768],
            &[768, 3072],
            &[3072],
            &[3072, 768],
            &[768],
        ] {
            shapes.push(block.to_vec());
        }
    }
    shapes.extend([vec![768], vec![768]]);
    shapes.into_iter().enumerate().map(|(i, shape)| ParamSpec::new(format!("p{i}"), shape)).collect()
}

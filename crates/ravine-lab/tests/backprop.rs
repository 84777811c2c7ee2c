//! The textbook example of backward propagation: z = w_a a + w_b b, c = ReLU(z), cost C(c).

use ravine_nn::{Mode, Network};

/// Gradient of C = c by w_a, w_b and the bias, by the network.
fn gradient([a, b]: [f64; 2], [wa, wb]: [f64; 2], bias: f64) -> Vec<f64> {
    let mut network = Network::<f64>::builder(2).linear(1).relu().build(0).unwrap();
    network.params_mut().values_mut().copy_from_slice(&[wa, wb, bias]);
    network.forward(&[a, b], 1, Mode::Train { step: 0 }).unwrap();
    network.backward(&[1.0]).unwrap();
    network.params().grads().to_vec()
}

#[test]
fn the_chain_rule_goes_through_relu() {
    // dC/dz = dC/dc * dc/dz with dc/dz = 1 above 0, and dz/dw_a = a, dz/dw_b = b.
    assert_eq!(gradient([2.0, 3.0], [0.5, -0.25], 1.0), [2.0, 3.0, 1.0]);
    // Below 0 nothing comes back, and at 0 by convention.
    assert_eq!(gradient([2.0, 3.0], [-0.5, -0.25], 1.0), [0.0; 3]);
    assert_eq!(gradient([2.0, 3.0], [1.0, -1.0], 1.0), [0.0; 3]);
}

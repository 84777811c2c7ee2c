//! Two codes to a byte.

use ravine::codec::dynamic::{BLOCK4, SIGNED4};
use ravine::codec::packed;
use ravine::random::Random;

#[test]
fn the_first_of_two_is_in_the_upper_half() {
    let mut bytes = [0; 2];
    assert_eq!(packed::encode(&[2.0f32, 0.0, -2.0], &mut bytes), 2.0);
    // 1, 0, and the lowest code, as there is no -1; nothing is 0.
    assert_eq!(bytes, [0xf7, 0x07]);
    let mut out = [0.0f32; 3];
    packed::decode(&bytes, 2.0, &mut out);
    assert_eq!(out[..2], [2.0, 0.0]);
    assert!((out[2] + 2.0 * 0.8875).abs() < 1e-6);
}

#[test]
fn packing_loses_nothing() {
    for len in (0..=BLOCK4).rev() {
        let values: Vec<f32> = (0..len as u64).map(|i| Random::new(len as u64).normal(i) as f32).collect();
        let (mut codes, mut bytes) = (vec![0; len], vec![0; packed::bytes(len)]);
        let scale = SIGNED4.encode(&values, &mut codes);
        assert_eq!(packed::encode(&values, &mut bytes), scale);
        let (mut plain, mut unpacked) = (vec![0.0f32; len], vec![1.0f32; len]);
        SIGNED4.decode(&codes, scale, &mut plain);
        packed::decode(&bytes, scale, &mut unpacked);
        assert_eq!(plain, unpacked);
    }
}

//! CTC against the sum over all alignments, against PyTorch, and where numbers are large.

use proptest::prelude::*;
use ravine::random::Random;
use ravine_nn::{BinaryCrossEntropy, Ctc, Float, Loss, Transcript, beam_decode, gradcheck, greedy_decode};

/// sin(0.7 i + phase) times `scale`: what the reference values were computed from.
fn wave(n: usize, phase: f64, scale: f64) -> Vec<f64> {
    (0..n).map(|i| scale * (0.7 * i as f64 + phase).sin()).collect()
}

fn transcript(frames: usize, labels: &[u32]) -> Transcript {
    Transcript { frames, labels: labels.to_vec() }
}

/// What a way through the frames says.
fn collapse(way: &[usize]) -> Vec<u32> {
    let starts = way.iter().enumerate().filter(|&(i, &class)| class != 0 && (i == 0 || way[i - 1] != class));
    starts.map(|(_, &class)| class as u32).collect()
}

/// All ways through so many frames, with their probabilities.
fn ways(z: &[f64], classes: usize) -> Vec<(Vec<u32>, f64)> {
    let frames = z.len() / classes;
    let p: Vec<f64> = z
        .chunks(classes)
        .flat_map(|row| {
            let sum: f64 = row.iter().map(|z| z.exp()).sum();
            row.iter().map(move |z| z.exp() / sum)
        })
        .collect();
    let way =
        |n: usize| (0..frames).map(move |frame| n / classes.pow(frame as u32) % classes).collect::<Vec<_>>();
    (0..classes.pow(frames as u32))
        .map(|n| {
            let way = way(n);
            (
                collapse(&way),
                way.iter().enumerate().map(|(frame, class)| p[frame * classes + class]).product(),
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_loss_is_the_sum_over_all_alignments(
        z in prop::collection::vec(-3.0f64..3.0, 15), labels in prop::collection::vec(1u32..3, 0..5),
    ) {
        let transcript = transcript(5, &labels);
        let fits = transcript.least_frames() <= 5;
        let loss = Ctc::new(3).forward(&z, std::slice::from_ref(&transcript));
        prop_assert_eq!(loss.is_ok(), fits);
        let total: f64 = ways(&z, 3).iter().filter(|(said, _)| *said == labels).map(|(_, p)| p).sum();
        prop_assert_eq!(total > 0.0, fits);
        if let Ok(loss) = loss {
            prop_assert!((loss + total.ln() / labels.len().max(1) as f64).abs() < 1e-12);
        }
    }

    #[test]
    fn gradients(z in prop::collection::vec(-3.0f64..3.0, 36), labels in prop::collection::vec(1u32..4, 0..3)) {
        let target = [transcript(6, &labels), transcript(5, &[2]), transcript(0, &[])];
        let (ctc, z) = (Ctc::new(4), [z.as_slice(), &[0.5; 36]].concat());
        let mut grad = vec![];
        let loss = ctc.forward_backward(&z, &target, &mut grad).unwrap();
        prop_assert_eq!(loss, ctc.forward(&z, &target).unwrap());
        let report = gradcheck::check(&z, &grad, |z| ctc.forward(z, &target)).unwrap();
        prop_assert!(report.error < 1e-6, "{:?}", report);
    }

    #[test]
    fn a_wide_beam_finds_the_likeliest_labels(z in prop::collection::vec(-2.0f64..2.0, 12)) {
        let mut sums = std::collections::BTreeMap::<Vec<u32>, f64>::new();
        ways(&z, 3).into_iter().for_each(|(said, p)| *sums.entry(said).or_default() += p);
        let best = sums.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        prop_assert_eq!(&beam_decode(&z, 3, 100), best.0);
    }
}

#[test]
fn values_of_pytorch() {
    let z = wave(3 * 7 * 4, 0.5, 2.0);
    let target = [transcript(7, &[1, 2, 2]), transcript(5, &[3]), transcript(6, &[2, 1, 3])];
    let mut grad = vec![];
    let loss = Ctc::new(4).forward_backward(&z, &target, &mut grad).unwrap();
    let norm = grad.iter().map(|g| g * g).sum::<f64>().sqrt();
    let at = |example: usize, frame: usize, class: usize| grad[(example * 7 + frame) * 4 + class];
    let got = [loss, norm, at(0, 0, 0), at(0, 3, 2), at(1, 4, 3), at(1, 5, 1), at(2, 5, 3)];
    let expected = [
        2.7566495679265,
        0.479506988846365,
        -0.0137661786126351,
        -0.00788988685553236,
        -0.106193875503095,
        0.0,
        -0.0235374986357277,
    ];
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() < 1e-13, "{got} {expected}");
    }
    for (i, expected) in [5.95606701213921, 4.78442234191928, 4.50051207344142].into_iter().enumerate() {
        let one = Ctc::new(4).forward(&z[i * 28..][..28], &target[i..=i]).unwrap();
        assert!((one * target[i].labels.len() as f64 - expected).abs() < 1e-12);
    }
}

#[test]
fn binary_cross_entropy_has_pytorchs_values() {
    let (z, t) = (wave(20, 0.5, 3.0), wave(20, 0.9, 1.0).iter().map(|t| (t + 1.0) / 2.0).collect::<Vec<_>>());
    let (loss, mut grad) = (BinaryCrossEntropy::default(), vec![]);
    let value = loss.forward_backward(&z, &t, &mut grad).unwrap();
    for (got, expected) in
        [(value, 0.431867758544128), (grad[0], -0.00417379105824886), (grad[19], -0.00273402772021392)]
    {
        assert!((got - expected).abs() < 1e-14);
    }
    assert!(gradcheck::check(&z, &grad, |z| loss.forward(z, &t)).unwrap().error < 1e-6);
}

#[test]
fn long_inputs_in_f32_stay_near_f64() {
    let (time, classes, random) = (500, 30, Random::new(4));
    let single: Vec<f32> = (0..2 * time * classes).map(|i| 20.0 * random.normal(i as u64) as f32).collect();
    let double: Vec<f64> = single.iter().map(|&z| z.into()).collect();
    let labels: Vec<u32> = (0..80).map(|i| 1 + random.stream(1).below(i, 29) as u32).collect();
    let target = [transcript(500, &labels), transcript(480, &labels[..3])];
    let (mut narrow, mut wide) = (vec![], vec![]);
    let a = Ctc::new(classes).forward_backward(&single, &target, &mut narrow).unwrap();
    let b = Ctc::new(classes).forward_backward(&double, &target, &mut wide).unwrap();
    assert!(a.is_finite() && (a - b).abs() <= 1e-12 * b, "{a} {b}");
    for (row, (narrow, wide)) in narrow.chunks(classes).zip(wide.chunks(classes)).enumerate() {
        assert!(narrow.iter().zip(wide).all(|(a, b)| (a.to_f64() - b).abs() <= 1e-8), "frame {row}");
        assert!(wide.iter().sum::<f64>().abs() < 1e-10, "frame {row}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let random = Random::new(5);
    let z: Vec<f32> = (0..17 * 40 * 6).map(|i| random.normal(i) as f32).collect();
    let target: Vec<_> = (0..17).map(|i| transcript(30 + i % 10, &[1, 2, 3, 3, 5][..i % 6])).collect();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut grad = vec![];
        let loss = pool.install(|| Ctc::new(6).forward_backward(&z, &target, &mut grad)).unwrap();
        (loss.to_bits(), grad.iter().map(|g| g.to_bits()).collect::<Vec<_>>())
    };
    let single = run(1);
    assert!([2, 3, 8].into_iter().all(|threads| run(threads) == single));
}

#[test]
fn labels_that_do_not_fit_are_named_or_count_nothing() {
    let z = wave(2 * 4 * 3, 0.5, 1.0);
    let short = [transcript(4, &[1, 2]), transcript(3, &[1, 1, 2])];
    let message = |target: &[Transcript]| Ctc::new(3).forward(&z, target).unwrap_err().to_string();
    assert_eq!(message(&short), "example 1 with 3 labels needs 4 to 4 frames, got 3");
    assert_eq!(
        message(&[transcript(4, &[1]), transcript(5, &[1])]),
        "example 1 with 1 labels needs 1 to 4 frames, got 5"
    );
    let label = "label 3 of example 0 must be from 1 to below the 3 classes: 0 is the blank";
    assert_eq!(message(&[transcript(4, &[1, 3]), transcript(4, &[0])]), label);
    let ragged = "24 outputs cannot be split into 5 examples with 3 classes in each frame";
    assert_eq!(message(&vec![transcript(1, &[1]); 5]), ragged);
    assert_eq!(message(&[]), "a batch needs at least one example, got none");
    let (lenient, mut grad) = (Ctc { zero_infinity: true, ..Ctc::new(3) }, vec![]);
    let loss = lenient.forward_backward(&z, &short, &mut grad).unwrap();
    assert_eq!(loss, lenient.forward(&z, &short).unwrap());
    assert_eq!(loss, Ctc::new(3).forward(&z[..12], &short[..1]).unwrap() / 2.0);
    assert!(grad[..12].iter().any(|&g| g != 0.0) && grad[12..].iter().all(|&g| g == 0.0));
}

#[test]
fn nan_shows_and_an_impossible_class_costs_infinity() {
    let mut z = wave(12, 0.5, 1.0);
    z[4] = f64::NAN;
    assert!(Ctc::new(3).forward(&z, &[transcript(4, &[1])]).unwrap().is_nan());
    let z = [0.0, f64::NEG_INFINITY].repeat(3);
    assert_eq!(Ctc::new(2).forward(&z, &[transcript(3, &[1])]).unwrap(), f64::INFINITY);
    let (lenient, mut grad) = (Ctc { zero_infinity: true, ..Ctc::new(2) }, vec![]);
    assert_eq!(lenient.forward_backward(&z, &[transcript(3, &[1])], &mut grad).unwrap(), 0.0);
    assert_eq!(grad, [0.0; 6]);
}

#[test]
fn descent_on_the_logits_learns_to_say_the_labels() {
    let target = [transcript(12, &[2, 2, 1, 3])];
    let (mut z, mut grad) = (vec![0.0f32; 48], vec![]);
    for _ in 0..200 {
        Ctc::new(4).forward_backward(&z, &target, &mut grad).unwrap();
        z.iter_mut().zip(&grad).for_each(|(z, g)| *z -= 10.0 * g);
    }
    assert_eq!(greedy_decode(&z, 4), target[0].labels);
    assert_eq!(beam_decode(&z, 4, 8), target[0].labels);
}

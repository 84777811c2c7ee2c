//! In which order the training examples come.

use ravine::random::Random;

/// Whether each epoch has its own order of the examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// A new permutation in every epoch.
    Reshuffled,
    /// The permutation of epoch 0 in every epoch.
    Fixed,
}

/// The batches of a run: which rows batch number `step` holds is a pure function of (seed, step).
///
/// Epoch e visits the rows 0..n in the order drawn for e. The last batch of an epoch is dropped if it
/// is not full, so that every step averages over the same number of examples.
#[derive(Clone, Debug)]
pub struct Batches {
    random: Random,
    order: Order,
    rows: usize,
    size: usize,
    /// The permutation made last and its epoch, so that consecutive steps need not make it again.
    epoch: Option<(u64, Vec<usize>)>,
}

/// Models number the streams that they draw their parameters from upwards from 1; this one is out of their way.
const STREAM: u64 = u64::MAX;

impl Batches {
    /// Batches of `size` out of `rows` rows, in an order drawn from `seed`.
    ///
    /// # Panics
    /// If `size` is 0 or more than `rows`.
    pub fn new(rows: usize, size: usize, seed: u64, order: Order) -> Self {
        assert!((1..=rows).contains(&size), "a batch of {size} cannot be taken from {rows} rows");
        Self { random: Random::new(seed).stream(STREAM), order, rows, size, epoch: None }
    }

    /// Full batches in an epoch of `rows` rows.
    pub const fn per_epoch(rows: usize, size: usize) -> u64 {
        (rows / size) as u64
    }

    /// The rows of batch number `step`, counted through all epochs.
    pub fn rows(&mut self, step: u64) -> &[usize] {
        let per_epoch = Self::per_epoch(self.rows, self.size);
        let epoch = match self.order {
            Order::Reshuffled => step / per_epoch,
            Order::Fixed => 0,
        };
        let known = self.epoch.take().filter(|(known, _)| *known == epoch);
        let (_, permutation) = self
            .epoch
            .insert(known.unwrap_or_else(|| (epoch, self.random.stream(epoch).permutation(self.rows))));
        &permutation[(step % per_epoch) as usize * self.size..][..self.size]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(order: Order) -> Batches {
        Batches::new(103, 10, 7, order)
    }

    #[test]
    fn an_epoch_covers_each_row_once_but_for_the_incomplete_batch() {
        let mut batches = batches(Order::Reshuffled);
        for epoch in 0..3 {
            let mut rows: Vec<usize> = (0..10).flat_map(|i| batches.rows(epoch * 10 + i).to_vec()).collect();
            rows.sort_unstable();
            rows.dedup();
            assert_eq!(rows.len(), 100);
            assert!(rows[99] < 103);
        }
        assert_eq!(Batches::per_epoch(103, 10), 10);
    }

    #[test]
    fn all_rows_are_seen_when_the_size_divides_them() {
        let mut batches = Batches::new(100, 10, 7, Order::Reshuffled);
        let mut rows: Vec<usize> = (0..10).flat_map(|i| batches.rows(i).to_vec()).collect();
        rows.sort_unstable();
        assert_eq!(rows, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_batch_does_not_depend_on_those_asked_for_before() {
        let mut straight = batches(Order::Reshuffled);
        let asked: Vec<Vec<usize>> = (0..50).map(|step| straight.rows(step).to_vec()).collect();
        let mut jumping = batches(Order::Reshuffled);
        for step in [49, 3, 17, 0, 17, 31, 30] {
            assert_eq!(jumping.rows(step), asked[step as usize]);
        }
    }

    #[test]
    fn epochs_differ_unless_the_order_is_fixed() {
        let (mut reshuffled, mut fixed) = (batches(Order::Reshuffled), batches(Order::Fixed));
        assert_eq!(reshuffled.rows(3), fixed.rows(3));
        assert_ne!(reshuffled.rows(13).to_vec(), reshuffled.rows(3));
        assert_eq!(fixed.rows(13).to_vec(), fixed.rows(3));
    }
}

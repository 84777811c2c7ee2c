//! The weights and the state of a run, to put back bit for bit.

use crate::workload::Session;

/// What a session holds that training changes: values, gradients, and what is learnt besides them.
pub(crate) struct Snapshot {
    values: Vec<f32>,
    grads: Vec<f32>,
    state: Vec<Vec<f32>>,
}

impl Snapshot {
    pub(crate) fn of(session: &mut dyn Session) -> Self {
        let mut state = Vec::new();
        session.state(&mut |_, values| state.push(values.to_vec()));
        let (values, grads) = session.buffers();
        Self { values: values.to_vec(), grads: grads.to_vec(), state }
    }

    pub(crate) fn restore(&self, session: &mut dyn Session) {
        let (values, grads) = session.buffers();
        values.copy_from_slice(&self.values);
        grads.copy_from_slice(&self.grads);
        let mut kept = self.state.iter();
        session.state(&mut |_, values| {
            if let Some(kept) = kept.next() {
                values.copy_from_slice(kept);
            }
        });
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }
}

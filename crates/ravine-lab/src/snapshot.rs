//! The weights and the state of a run, to put back bit for bit.

use crate::workload::Session;

/// What a session holds that training changes: values, gradients, and what is learnt besides them.
pub(crate) struct Snapshot {
    values: Vec<f32>,
    grads: Vec<f32>,
    state: Vec<f32>,
}

impl Snapshot {
    pub(crate) fn of(session: &mut dyn Session) -> Self {
        let state = state(session);
        let (values, grads) = session.buffers();
        Self { values: values.to_vec(), grads: grads.to_vec(), state }
    }

    pub(crate) fn restore(&self, session: &mut dyn Session) {
        let (values, grads) = session.buffers();
        values.copy_from_slice(&self.values);
        grads.copy_from_slice(&self.grads);
        restore_state(session, &self.state);
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }
}

/// What a model has learnt besides its parameters, end to end.
pub(crate) fn state(session: &mut dyn Session) -> Vec<f32> {
    let mut state = Vec::new();
    session.state(&mut |_, values| state.extend_from_slice(values));
    state
}

/// Puts it back.
pub(crate) fn restore_state(session: &mut dyn Session, state: &[f32]) {
    let mut kept = state;
    session.state(&mut |_, values| {
        let (these, rest) = kept.split_at(values.len());
        values.copy_from_slice(these);
        kept = rest;
    });
}

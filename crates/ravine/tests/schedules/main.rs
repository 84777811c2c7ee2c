//! The schedules as a whole: against the numbers of other libraries, against the laws that all of them keep, and
//! against the rules that are often given in their place.

mod golden;
mod laws;
mod others;
mod rules;
mod text;
mod torch;

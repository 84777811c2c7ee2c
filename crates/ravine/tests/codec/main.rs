//! The storage codecs: against the formats' definitions, other libraries' tables, and the same bits at every width.

mod bits;
mod dynamic;
mod halves;
mod noise;
mod packed;

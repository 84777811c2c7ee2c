//! The engine as a Python module: `ravine._native`, below the package `ravine`.

mod catalogue;
mod entries;
mod exchange;
mod group;
mod lab;
mod optimizer;
mod rule;
mod schedule;
mod table;
mod team;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::catalogue::{rules, schedules};
    #[pymodule_export]
    use super::entries::Entries;
    #[pymodule_export]
    use super::exchange::Exchange;
    #[pymodule_export]
    use super::group::Group;
    #[pymodule_export]
    use super::lab::Lab;
    #[pymodule_export]
    use super::optimizer::Optimizer;
    #[pymodule_export]
    use super::rule::Rule;
    #[pymodule_export]
    use super::schedule::Schedule;
    #[pymodule_export]
    use super::table::Table;
}

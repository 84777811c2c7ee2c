//! ravine-nn

//! ravine-lab

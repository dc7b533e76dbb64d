//! The memory models by their properties, and by cases computed by hand.

mod ddr4;
mod every_model;
mod fixed;
mod pool;
mod pressure;
mod requests;
mod text;
mod throughput;

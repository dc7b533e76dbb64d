//! The blocks that the core is made of, by the names of their modules.

/// A block that stands for itself: it is synthesised apart and counted as often as the core has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its module's name; other designs put their top's name and `_` before it.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
}

/// Blocks of the core. One that a design does not have is left out where blocks are counted.
pub const BLOCKS: &[Block] = &[Block { name: "uspe", what: "one processing element" }];

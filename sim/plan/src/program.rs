//! Programs: instruction lists, with names for what belongs together.

use crate::layout::CARD_BYTES;
use satkit_spec::isa::Instruction;

/// What a section of a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Forward MACs.
    Ff,
    /// Backward MACs.
    Bp,
    /// Weight-gradient MACs.
    Wu,
    /// Updates and the making of operand weights.
    Update,
    /// Elementwise streams.
    Elementwise,
}

impl Work {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Ff, Self::Bp, Self::Wu, Self::Update, Self::Elementwise];

    /// Name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ff => "FF",
            Self::Bp => "BP",
            Self::Wu => "WU",
            Self::Update => "update",
            Self::Elementwise => "elementwise",
        }
    }
}

impl Work {
    /// Name in listings and files.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Ff => "ff",
            Self::Bp => "bp",
            Self::Wu => "wu",
            Self::Update => "update",
            Self::Elementwise => "elementwise",
        }
    }
}

impl From<satkit_spec::Stage> for Work {
    fn from(stage: satkit_spec::Stage) -> Self {
        match stage {
            satkit_spec::Stage::Ff => Self::Ff,
            satkit_spec::Stage::Bp => Self::Bp,
            satkit_spec::Stage::Wu => Self::Wu,
        }
    }
}

/// A named range of instructions: one stage of one layer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Section {
    /// Name of the layer.
    pub name: String,
    /// What is done.
    pub work: Work,
    /// Index of the first instruction.
    pub first: usize,
    /// Instructions.
    pub count: usize,
}

/// A list of instructions, as the sequencer fetches them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    instructions: Vec<Instruction>,
    sections: Vec<Section>,
}

impl Program {
    /// Most instructions that a program may have.
    pub const MAX_INSTRUCTIONS: usize = satkit_spec::isa::MAX_INSTRUCTIONS;

    /// Where a program lies that nobody has placed: behind all tensors, in the last part of card memory that holds the longest.
    pub const DEFAULT_ADDRESS: u64 =
        CARD_BYTES - (Self::MAX_INSTRUCTIONS * satkit_spec::isa::Word::BYTES) as u64;

    /// The program of these instructions.
    #[must_use]
    pub const fn new(instructions: Vec<Instruction>) -> Self {
        Self { instructions, sections: Vec::new() }
    }

    /// The program of these instructions, with names; sections lie in order and do not overlap.
    ///
    /// # Errors
    /// The index of the first section that does not.
    pub fn with_sections(
        instructions: Vec<Instruction>,
        sections: Vec<Section>,
    ) -> Result<Self, usize> {
        let mut end = 0;
        for (index, section) in sections.iter().enumerate() {
            let stop = section.first.checked_add(section.count).ok_or(index)?;
            if section.first < end || stop > instructions.len() {
                return Err(index);
            }
            end = stop;
        }
        Ok(Self { instructions, sections })
    }

    /// The instructions, in the order of fetch.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// The sections, in order. What lies in none belongs to nobody.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }
}

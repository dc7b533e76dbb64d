//! The instruction encoding: what the sequencer fetches and the engines execute.
//!
//! An instruction is one [`Word`] of 256 bits. Every instruction starts with the same header (opcode,
//! semaphores to wait for, semaphores to post) and goes on with its own fields, packed upwards without gaps in the
//! order of its table. [`encode`](Instruction::encode), [`decode`](Instruction::decode), the printed form and the contract hash all read the
//! one table that the `operations!` macro below makes, so they cannot drift apart.
//!
//! Instructions go to one in-order queue per [`Engine`]. One starts when its engine is idle and every
//! semaphore in its `wait` set is above zero (each is then decremented); when it ends, every semaphore in its
//! `post` set is incremented. "Ends" means: data has arrived (loads), the array is free (MM), and for the
//! drain semaphores posted by an MM, the drain is done. A semaphore has one engine that posts it and one that takes it. A [`Geometry`] goes to all queues: it costs nothing and sets the layer that later
//! instructions of the program speak of.

mod field;
mod semaphore;
mod vector;
mod word;

pub use field::{Field, FieldValue};
pub use semaphore::{Semaphore, SemaphoreSet};
pub use vector::VectorOp;
pub use word::Word;

use crate::{Dataflow, SpecError, Stage};
use field::Layout;

/// Bits of the opcode field.
pub const OPCODE_BITS: u32 = 8;
/// First bit after the header (opcode, wait, post).
pub const HEADER_BITS: u32 = OPCODE_BITS + 2 * SemaphoreSet::BITS;

/// The engines, each with an in-order instruction queue of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Engine {
    /// Loads activations from DRAM into the W2E row banks.
    LoadActivations,
    /// Loads weights from DRAM into the N2S column banks.
    LoadWeights,
    /// The USPE array.
    Mm,
    /// Stores drained outputs to DRAM.
    Store,
    /// WUVE and SORE: the update and the pre-generation of pruned weights.
    Update,
    /// The elementwise unit.
    Vector,
}

impl Engine {
    /// All engines.
    pub const ALL: [Self; 6] = [
        Self::LoadActivations,
        Self::LoadWeights,
        Self::Mm,
        Self::Store,
        Self::Update,
        Self::Vector,
    ];

    /// The engine's short name in tables and traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoadActivations => "LD.A",
            Self::LoadWeights => "LD.W",
            Self::Mm => "MM",
            Self::Store => "ST",
            Self::Update => "WU",
            Self::Vector => "VE",
        }
    }
}

/// One instruction: what to wait for, what to do, what to post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// Semaphores that are taken before the start.
    pub wait: SemaphoreSet,
    /// Semaphores that are given at the end.
    pub post: SemaphoreSet,
    /// The work.
    pub operation: Operation,
}

macro_rules! operations {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $opcode:literal, $mnemonic:literal, $engine:expr, {
            $( $(#[doc = $field_doc:literal])+ $field:ident: $ty:ty = $width:literal, )*
        }
    )*) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub struct $variant {
                $( $(#[doc = $field_doc])+ pub $field: $ty, )*
            }

            impl $variant {
                const LAYOUT: Layout = Layout {
                    mnemonic: $mnemonic,
                    opcode: $opcode,
                    doc: concat!($($doc),+),
                    widths: &[$( (stringify!($field), $width, concat!($($field_doc),+)) ),*],
                };
            }
        )*

        /// The work of an instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $( $(#[doc = $doc])+ $variant($variant), )*
        }

        const LAYOUTS: &[Layout] = &[$( $variant::LAYOUT ),*];

        impl Operation {
            /// The engine whose queue takes the instruction; `None` goes to all of them.
            #[must_use]
            pub const fn engine(&self) -> Option<Engine> {
                match self { $( Self::$variant(_) => $engine, )* }
            }

            fn layout(&self) -> &'static Layout {
                match self { $( Self::$variant(_) => &$variant::LAYOUT, )* }
            }

            /// The values of the fields, in the order of the table.
            fn values(&self) -> Vec<u64> {
                match self {
                    $( Self::$variant(operation) => vec![$( operation.$field.to_bits() ),*], )*
                }
            }

            fn from_values(opcode: u8, values: &[u64]) -> Result<Self, SpecError> {
                let mut values = values.iter().copied();
                match opcode {
                    $( $opcode => Ok(Self::$variant($variant {
                        $( $field: {
                            let value = values.next().unwrap_or(0);
                            <$ty>::from_bits(value).ok_or(SpecError::FieldValue {
                                mnemonic: $mnemonic,
                                field: stringify!($field),
                                value,
                            })?
                        }, )*
                    })), )*
                    other => Err(SpecError::UnknownOpcode(other)),
                }
            }
        }
    };
}

operations! {
    /// Sets the layer and stage that the instructions after it speak of.
    Geometry = 0x01, "GEOMETRY", None, {
        /// MAC stage.
        stage: Stage = 2,
        /// How the stage is laid over the array.
        dataflow: Dataflow = 1,
        /// Weights come compact: N kept values of each M, with positions.
        compact: bool = 1,
        /// N of the compact weights (1 where dense).
        n: u8 = 5,
        /// M of the compact weights (1 where dense).
        m: u8 = 5,
        /// Index of the BP phase, in the order of `ConvShape::bp_phases`; 0 in FF and WU.
        phase: u8 = 8,
        /// Images, or rows of a linear layer.
        batch: u32 = 24,
        /// Input channels.
        ci: u32 = 20,
        /// Output channels.
        co: u32 = 20,
        /// Input height in pixels.
        h: u32 = 16,
        /// Input width in pixels.
        w: u32 = 16,
        /// Kernel height.
        kh: u8 = 5,
        /// Kernel width.
        kw: u8 = 5,
        /// Stride.
        stride: u8 = 4,
        /// Zero padding on every side.
        pad: u8 = 5,
    }
    /// Fills one half of the W2E row banks for a range of output rows and K slots.
    LoadActivations = 0x02, "LD.A", Some(Engine::LoadActivations), {
        /// First output row of the tile.
        row_base: u32 = 32,
        /// Output rows of the tile.
        rows: u32 = 16,
        /// First K slot of the chunk.
        slot_base: u32 = 32,
        /// K slots of the chunk.
        slots: u32 = 32,
        /// Words of one row bank that the chunk takes.
        words: u32 = 16,
        /// Bytes read from DRAM.
        bytes: u32 = 32,
    }
    /// Fills one half of the N2S column banks for a range of output columns and K slots.
    LoadWeights = 0x03, "LD.W", Some(Engine::LoadWeights), {
        /// First output column of the tile.
        col_base: u32 = 20,
        /// Output columns of the tile.
        cols: u32 = 16,
        /// First K slot of the chunk.
        slot_base: u32 = 32,
        /// K slots of the chunk.
        slots: u32 = 32,
        /// Entries of one column bank that the chunk takes.
        entries: u32 = 16,
        /// Bytes read from DRAM.
        bytes: u32 = 32,
    }
    /// Multiplies and accumulates one tile over a range of K slots.
    MatMul = 0x04, "MM", Some(Engine::Mm), {
        /// First output row of the tile.
        row_base: u32 = 32,
        /// Output rows of the tile.
        rows: u32 = 16,
        /// First output column of the tile.
        col_base: u32 = 20,
        /// Output columns of the tile.
        cols: u32 = 16,
        /// First K slot.
        slot_base: u32 = 32,
        /// K slots.
        slots: u32 = 32,
        /// Output rows that one USPE owns (OS), 1 in WS.
        ip: u8 = 5,
        /// Output columns that one USPE owns (OS), 1 in WS.
        iq: u8 = 5,
        /// Goes on from the accumulators (OS) or the psum buffer (WS) instead of +0.0.
        accumulate: bool = 1,
        /// Hands the finished outputs to the drain.
        drain: bool = 1,
    }
    /// Stores a drained tile.
    Store = 0x05, "ST", Some(Engine::Store), {
        /// First output row of the tile.
        row_base: u32 = 32,
        /// Output rows of the tile.
        rows: u32 = 16,
        /// First output column of the tile.
        col_base: u32 = 20,
        /// Output columns of the tile.
        cols: u32 = 16,
        /// Stores FP32 accumulators (dW); otherwise FP16.
        fp32: bool = 1,
        /// Bytes written to DRAM.
        bytes: u32 = 32,
    }
    /// Momentum SGD on a range of master weights, and their pruned forms for the next step.
    Update = 0x06, "WU", Some(Engine::Update), {
        /// Parameters updated.
        parameters: u64 = 40,
        /// SORE makes the FF weights (pruned along Ci, or their FP16 copy).
        make_ff: bool = 1,
        /// SORE makes the BP weights (pruned along Co, or their FP16 copy).
        make_bp: bool = 1,
        /// Bytes read from DRAM.
        read_bytes: u64 = 40,
        /// Bytes written to DRAM.
        write_bytes: u64 = 40,
    }
    /// One elementwise operation over a stream.
    Vector = 0x07, "VE", Some(Engine::Vector), {
        /// What is computed.
        op: VectorOp = 6,
        /// Elements of the stream.
        elements: u64 = 40,
        /// Bytes read from DRAM.
        read_bytes: u64 = 40,
        /// Bytes written to DRAM.
        write_bytes: u64 = 40,
    }
}

/// The table of all instructions: mnemonic, opcode, documentation and fields with their bits.
pub fn reference() -> impl Iterator<Item = (&'static str, u8, &'static str, Vec<Field>)> {
    LAYOUTS.iter().map(|layout| (layout.mnemonic, layout.opcode, layout.doc, layout.fields()))
}

impl Instruction {
    /// An instruction without semaphores.
    #[must_use]
    pub const fn new(operation: Operation) -> Self {
        Self { wait: SemaphoreSet::EMPTY, post: SemaphoreSet::EMPTY, operation }
    }

    /// Packs the instruction into its 256-bit word.
    ///
    /// # Errors
    /// [`SpecError::FieldOverflow`] if a value needs more bits than its field has.
    pub fn encode(&self) -> Result<Word, SpecError> {
        let layout = self.operation.layout();
        let mut word = Word::default();
        word.set(0, OPCODE_BITS, u64::from(layout.opcode));
        word.set(OPCODE_BITS, SemaphoreSet::BITS, self.wait.to_bits());
        word.set(OPCODE_BITS + SemaphoreSet::BITS, SemaphoreSet::BITS, self.post.to_bits());
        for (field, value) in layout.fields().into_iter().zip(self.operation.values()) {
            if value > field.max() {
                return Err(SpecError::FieldOverflow {
                    mnemonic: layout.mnemonic,
                    field: field.name,
                    value,
                    max: field.max(),
                });
            }
            word.set(field.lsb, field.width, value);
        }
        Ok(word)
    }

    /// Unpacks a word.
    ///
    /// # Errors
    /// [`SpecError::UnknownOpcode`], [`SpecError::ReservedBit`] if a bit outside the instruction's fields is
    /// set, [`SpecError::FieldValue`] if a field's value means nothing.
    pub fn decode(word: &Word) -> Result<Self, SpecError> {
        let opcode = word.get(0, OPCODE_BITS) as u8;
        let layout = LAYOUTS
            .iter()
            .find(|layout| layout.opcode == opcode)
            .ok_or(SpecError::UnknownOpcode(opcode))?;
        let fields = layout.fields();
        let end = fields.last().map_or(HEADER_BITS, |field| field.lsb + field.width);
        if let Some(bit) = word.lowest_set_bit_from(end) {
            return Err(SpecError::ReservedBit { mnemonic: layout.mnemonic, bit });
        }
        let set = |lsb: u32| {
            let value = word.get(lsb, SemaphoreSet::BITS);
            SemaphoreSet::from_bits(value).ok_or(SpecError::FieldValue {
                mnemonic: layout.mnemonic,
                field: "semaphores",
                value,
            })
        };
        let values: Vec<u64> =
            fields.iter().map(|field| word.get(field.lsb, field.width)).collect();
        Ok(Self {
            wait: set(OPCODE_BITS)?,
            post: set(OPCODE_BITS + SemaphoreSet::BITS)?,
            operation: Operation::from_values(opcode, &values)?,
        })
    }

    /// Mnemonic of the instruction.
    #[must_use]
    pub fn mnemonic(&self) -> &'static str {
        self.operation.layout().mnemonic
    }
}

impl std::fmt::Display for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let layout = self.operation.layout();
        write!(f, "{}", layout.mnemonic)?;
        for (field, value) in layout.fields().iter().zip(self.operation.values()) {
            write!(f, " {}={value}", field.name)?;
        }
        for (name, set) in [("wait", self.wait), ("post", self.post)] {
            if set != SemaphoreSet::EMPTY {
                write!(f, " {name}={set}")?;
            }
        }
        Ok(())
    }
}

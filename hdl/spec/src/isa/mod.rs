//! The instruction set: what the sequencer fetches and the engines execute.
//!
//! **Words.** An instruction is one [`Word`] of 256 bits. Every instruction starts with the same header: its opcode, the
//! semaphores that it waits for, the semaphores that it posts. Its own fields follow, packed upwards without gaps in
//! the order of its table; the bits above them are 0. [`encode`](Instruction::encode), [`decode`](Instruction::decode),
//! the text form, the contract hash and `docs/reference/instructions.md` all read the one table that the `operations!`
//! macro below makes, so they cannot drift apart.
//!
//! **Queues.** The sequencer fetches in order. [`Geometry`], [`Operands`], [`Results`], [`Reads`], [`Writes`], [`Walk`], [`Weights`],
//! [`Shape`], [`Tensors`] and [`Parameters`] are kept instructions, which use no semaphore: they say which layer, which memory and which words
//! of the banks the instructions fetched after them speak of. Each goes to the in-order queues of the engines that use it, which keep
//! it until the next of its kind. All others go to the in-order queue of the [`Engine`] that executes them.
//!
//! **Semaphores.** An instruction starts when its engine is free and every semaphore in its `wait` set is above zero; each
//! of them is then decremented. When it ends, every semaphore in its `post` set is incremented. A load ends when its data
//! is in the banks, ST, WU, SORE and VE when their last beat is written, MM when the array is free again; only
//! [`Semaphore::DrainFull`] is posted later, when the tile's last output has left the array. A semaphore has one
//! engine that posts it and one that takes it.
//!
//! **Addresses** are in units of [`ADDRESS_UNIT_BYTES`], so that 30 bits reach the card's 64 GB. Which bytes a load or
//! store moves follows from the geometry, the tensors and the tile that it names (`docs/machine.md`, memory layout).

mod engine;
mod field;
mod route;
mod semaphore;
mod text;
mod vector;
mod word;

pub use engine::Engine;
pub use field::{Field, FieldValue, FieldWords};
pub use semaphore::{Semaphore, SemaphoreSet};
pub use vector::VectorOp;
pub use word::Word;

use crate::{Dataflow, SpecError, Stage, WeightOperand};
pub(crate) use field::Layout;
pub(crate) use route::Route;

/// Bits of the opcode field.
pub const OPCODE_BITS: u32 = 8;
/// First bit after the header (opcode, wait, post).
pub const HEADER_BITS: u32 = OPCODE_BITS + 2 * SemaphoreSet::BITS;
/// Bytes of one unit of an address field.
pub const ADDRESS_UNIT_BYTES: u64 = 64;
/// Walks that one MM may have.
pub const MAX_WALKS: usize = 4;
/// Most instructions that a program may have (512 MiB of card memory).
pub const MAX_INSTRUCTIONS: usize = 16 << 20;
/// Bits of an element's address in half a row bank.
pub const ELEMENT_BITS: u32 = 20;
/// Numbers of a step in card memory: FP32, at these places of one beat.
pub mod scalar {
    /// Learning rate.
    pub const LEARNING_RATE: usize = 0;
    /// Momentum.
    pub const MOMENTUM: usize = 1;
    /// Weight decay of weights.
    pub const WEIGHT_DECAY: usize = 2;
    /// Decay of pruned weights, in srste.
    pub const LAMBDA: usize = 3;
    /// Loss scale, a power of two.
    pub const LOSS_SCALE: usize = 4;
    /// How many there are.
    pub const COUNT: usize = 5;
}

/// Bits of an address field.
pub const ADDRESS_BITS: u32 = 30;

/// One instruction: what to wait for, what to do, what to post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// Semaphores that are taken at the start.
    pub wait: SemaphoreSet,
    /// Semaphores that are given at the end.
    pub post: SemaphoreSet,
    /// The work.
    pub operation: Operation,
}

macro_rules! operations {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $opcode:literal, $mnemonic:literal, $route:expr, {
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
                    route: $route,
                    doc: concat!($($doc),+).trim_ascii(),
                    widths: &[$( (stringify!($field), $width, concat!($($field_doc),+)) ),*],
                    words: &[$( <$ty as FieldValue>::words ),*],
                };
            }
        )*

        /// The work of an instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $( $(#[doc = $doc])+ $variant($variant), )*
        }

        /// The table of each instruction.
        pub(crate) const LAYOUTS: &[Layout] = &[$( $variant::LAYOUT ),*];

        impl Operation {
            /// The engine that executes the instruction; `None` if it is kept for those after it.
            #[must_use]
            pub const fn engine(&self) -> Option<Engine> {
                self.layout().route.engine()
            }

            /// The engines whose queues take the instruction: that which executes it, or those that use what is kept.
            #[must_use]
            pub const fn queues(&self) -> &'static [Engine] {
                self.layout().route.queues()
            }

            const fn layout(&self) -> &'static Layout {
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
    /// Sets the layer and the stage of the instructions after it, and how the rows of tiles number the outputs.
    Geometry = 0x01, "GEOMETRY", Route::Kept(&[Engine::LoadActivations, Engine::LoadWeights, Engine::Mm, Engine::Store]), {
        /// MAC stage.
        stage: Stage = 2,
        /// How the stage is laid over the array.
        dataflow: Dataflow = 1,
        /// Weights come compact: the N kept values of each group of M, with their positions.
        compact: bool = 1,
        /// N of the compact weights; 1 where they are dense.
        n: u8 = 5,
        /// M of the compact weights; 1 where they are dense.
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
        /// FF and BP: all pixels of the batch count as one image row (1 x 1 kernels without stride or padding).
        flat: bool = 1,
        /// FF and BP: height in pixels of the patch that one array row owns; 1 in WU.
        patch_h: u8 = 5,
        /// FF and BP: width in pixels of the patch that one array row owns; 1 in WU.
        patch_w: u8 = 5,
        /// WU: input channels of one block of weight rows; 1 in FF and BP.
        block: u8 = 7,
        /// Where the operand of the columns comes from: 0 weights in tiles of 32 columns, 1 activations `[K][columns]`, 2 activations `[columns][K]`.
        weight_source: u8 = 2,
        /// K slots of a tile of operand weights that lie before those of this phase; 0 elsewhere.
        first_slot: u32 = 30,
    }
    /// Sets where the operands lie that loads read.
    Operands = 0x02, "OPERANDS", Route::Kept(&[Engine::LoadActivations, Engine::LoadWeights]), {
        /// Address of the streamed operand: X in FF and WU, dY in BP.
        a: u32 = 30,
        /// Address of the operand in the columns: weights in FF and BP, dY in WU; activations in products of activations.
        w: u32 = 30,
        /// Distance from one pixel or row of `a` to the next, in units of 8 elements.
        a_pitch: u32 = 16,
        /// The same for `w` where it holds activations or dY; operand weights lie in tiles and have no pitch.
        w_pitch: u32 = 16,
        /// Products that lie side by side in one row of each tensor, such as attention heads; 1 elsewhere.
        heads: u8 = 8,
        /// Distance from one such product to the next in `a`, in units of 8 elements.
        a_head: u32 = 12,
        /// The same in `w`.
        w_head: u32 = 12,
        /// Beats from one tile of operand weights to the next; 0 where the columns come from activations.
        tile_beats: u32 = 30,
    }
    /// Sets where the results lie that stores write, and what stores read for the work at the drain. `add` and `sum` are laid
    /// out as the results.
    Results = 0x05, "RESULTS", Route::Kept(&[Engine::Store]), {
        /// Address of the results.
        out: u32 = 30,
        /// Address of the tensor that a store adds: a residual, or a gradient so far.
        add: u32 = 30,
        /// Address of the tensor whose products a store sums: Y of a batch norm.
        sum: u32 = 30,
        /// Address of the ReLU mask, one bit per value.
        mask: u32 = 30,
        /// Distance from one pixel or row of the results to the next, in units of 8 elements.
        pitch: u32 = 16,
        /// Products that lie side by side in one row; 1 elsewhere.
        heads: u8 = 8,
        /// Distance from one such product to the next, in units of 8 FP16 elements.
        head: u32 = 12,
        /// FP32 number by which accumulators are multiplied first, as bits; that of 1.0 changes nothing.
        scale: u32 = 32,
    }
    /// Sets the streams that WU, SORE and VE read, each contiguous.
    Reads = 0x03, "READS", Route::Kept(&[Engine::Update, Engine::Vector]), {
        /// Address of the first stream.
        first: u32 = 30,
        /// Beats of the first stream, of 64 bytes each; 0 is no stream.
        first_beats: u32 = 32,
        /// Address of the second stream.
        second: u32 = 30,
        /// Beats of the second stream.
        second_beats: u32 = 32,
        /// Address of the third stream.
        third: u32 = 30,
        /// Beats of the third stream.
        third_beats: u32 = 32,
    }
    /// Sets the streams that WU, SORE and VE write, each contiguous.
    Writes = 0x04, "WRITES", Route::Kept(&[Engine::Update, Engine::Vector]), {
        /// Address of the first stream.
        first: u32 = 30,
        /// Beats of the first stream, of 64 bytes each; 0 is no stream.
        first_beats: u32 = 32,
        /// Address of the second stream.
        second: u32 = 30,
        /// Beats of the second stream.
        second_beats: u32 = 32,
        /// Address of the third stream.
        third: u32 = 30,
        /// Beats of the third stream.
        third_beats: u32 = 32,
    }
    /// Sets how the array walks through a segment of the K slots of the MM that follows: nested affine loops over the words of
    /// the row banks, started anywhere inside. Up to four in a row belong to one MM, in the order of its slots; in WS one, and
    /// its slots are the streamed rows. Steps lead from the last element of the inner loops to the next, modulo 2^20.
    Walk = 0x06, "WALK", Route::Kept(&[Engine::Mm]), {
        /// K slots of the segment; rows streamed in WS.
        slots: u32 = 16,
        /// Element of the banks' half where the segment starts: lanes are the lowest bits, words the others.
        start: u32 = 20,
        /// Slots of a group, which all stay at one element: N of compact weights, else 1.
        kept: u8 = 5,
        /// Slots of the first group that are left.
        kept_left: u8 = 5,
        /// Groups of a tap; pixels of a line in WU; rows streamed in WS.
        groups: u32 = 16,
        /// Groups of the first tap that are left.
        groups_left: u32 = 16,
        /// Taps of a line; 1 in WU and WS.
        taps: u8 = 5,
        /// Taps of the first line that are left.
        taps_left: u8 = 5,
        /// Lines of kernel taps in FF and BP, of pixels in WU.
        lines: u32 = 16,
        /// Lines of the first block that are left.
        lines_left: u32 = 16,
        /// Elements from a group to the next.
        group_step: u32 = 20,
        /// Elements from the last group of a tap to the next tap.
        tap_step: u32 = 20,
        /// Elements from the last tap of a line to the next line.
        line_step: u32 = 20,
        /// Elements from the last line to the next block: 64 channels in FF and BP, an image in WU.
        block_step: u32 = 20,
        /// First partial sum in the psum buffer, in WS.
        psum: u32 = 16,
    }
    /// Sets the layer whose weights WU and SORE handle: where they lie in card memory follows from it, and how they are pruned.
    Weights = 0x07, "WEIGHTS", Route::Kept(&[Engine::Update]), {
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
        /// N of groups.
        n: u8 = 5,
        /// M of groups.
        m: u8 = 5,
        /// The weight operand of FF.
        ff: WeightOperand = 2,
        /// The weight operand of BP.
        bp: WeightOperand = 2,
        /// WU adds lambda times the weight to the gradient of weights that FF has pruned (srste).
        decays_pruned: bool = 1,
    }
    /// Sets the shape of the tensors that VE computes on, and how.
    Shape = 0x08, "SHAPE", Route::Kept(&[Engine::Vector]), {
        /// Images, or rows.
        batch: u32 = 24,
        /// Channels; values of a row.
        channels: u32 = 20,
        /// Height in pixels; tokens.
        h: u32 = 16,
        /// Width in pixels; 1 for rows and tokens.
        w: u32 = 16,
        /// Side of a pooling's window.
        window: u8 = 5,
        /// Stride of a pooling.
        stride: u8 = 4,
        /// Padding of a pooling.
        pad: u8 = 5,
        /// Pooling: 0 the greatest, 1 the average, 2 the average of all pixels.
        pooling: u8 = 2,
        /// Applies ReLU.
        relu: bool = 1,
        /// Adds the tensor `b` before ReLU.
        residual: bool = 1,
        /// Batch norm by the running statistics; else by those of the batch, which then enter the running ones.
        running: bool = 1,
        /// The mask of a ReLU's backward pass is one bit per value; else it is the ReLU's output.
        bits: bool = 1,
        /// Cross-entropy makes a gradient.
        gradient: bool = 1,
        /// N of groups of gradients.
        n: u8 = 5,
        /// M of groups of gradients.
        m: u8 = 5,
        /// Heads of an attention.
        heads: u8 = 8,
        /// FP32 number by which scores are multiplied, as bits.
        scale: u32 = 32,
    }
    /// Sets where the tensors of VE start, of whose streams READS and WRITES name a piece each.
    Tensors = 0x09, "TENSORS", Route::Kept(&[Engine::Vector]), {
        /// Address of the first that is read.
        a: u32 = 30,
        /// Address of the second that is read.
        b: u32 = 30,
        /// Address of the third that is read.
        c: u32 = 30,
        /// Address of the first that is written.
        x: u32 = 30,
        /// Address of the second that is written.
        y: u32 = 30,
        /// Address of the third that is written.
        z: u32 = 30,
    }
    /// Sets where small FP32 vectors lie, of one value per channel, which the machine keeps by it while it works.
    Parameters = 0x0A, "PARAMETERS", Route::Kept(&[Engine::Store, Engine::Update, Engine::Vector]), {
        /// Address of the step's numbers, one beat: see [`scalar`].
        scalars: u32 = 30,
        /// Address of a bias, or of gamma.
        first: u32 = 30,
        /// Address of beta.
        second: u32 = 30,
        /// Address of running statistics, in units of 16 channels: a beat of means, one of variances.
        running: u32 = 30,
        /// Address to which ST writes a bias gradient. Of VE: the tensor of whose sums at the drain batch norm's channels are made; 0 where VE has
        /// them.
        sums: u32 = 30,
    }
    /// Fills one half of the W2E row banks for a range of output rows and K slots.
    LoadActivations = 0x10, "LD.A", Route::Engine(Engine::LoadActivations), {
        /// Index of the product in a batched multiplication; 0 elsewhere.
        group: u32 = 24,
        /// First row of the tile: a patch in FF and BP, a weight row in WU.
        row_base: u32 = 32,
        /// Rows of the tile.
        rows: u32 = 16,
        /// First K slot of the chunk.
        slot_base: u32 = 32,
        /// K slots of the chunk.
        slots: u32 = 32,
        /// Words of one row bank that the chunk takes.
        words: u32 = 16,
    }
    /// Fills one half of the N2S column banks for a range of output columns and K slots.
    LoadWeights = 0x11, "LD.W", Route::Engine(Engine::LoadWeights), {
        /// Index of the product in a batched multiplication; 0 elsewhere.
        group: u32 = 24,
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
    }
    /// Multiplies and accumulates one tile over a range of K slots.
    MatMul = 0x12, "MM", Route::Engine(Engine::Mm), {
        /// Index of the product in a batched multiplication; 0 elsewhere.
        group: u32 = 24,
        /// First row of the tile: a patch in FF and BP, a weight row in WU.
        row_base: u32 = 32,
        /// Rows of the tile.
        rows: u32 = 16,
        /// First output column of the tile.
        col_base: u32 = 20,
        /// Output columns of the tile.
        cols: u32 = 16,
        /// First K slot.
        slot_base: u32 = 32,
        /// K slots.
        slots: u32 = 32,
        /// Outputs along the rows that one USPE owns in OS; 1 in WS.
        ip: u8 = 5,
        /// Output columns that one USPE owns in OS; 1 in WS.
        iq: u8 = 5,
        /// Goes on from the accumulators (OS) or the psum buffer (WS) instead of +0.0.
        accumulate: bool = 1,
        /// Hands the finished outputs to the drain.
        drain: bool = 1,
    }
    /// Stores a drained tile, with the elementwise work that is fused at the drain.
    Store = 0x13, "ST", Route::Engine(Engine::Store), {
        /// Index of the product in a batched multiplication; 0 elsewhere.
        group: u32 = 24,
        /// First row of the tile: a patch in FF and BP, a weight row in WU.
        row_base: u32 = 32,
        /// Rows of the tile.
        rows: u32 = 16,
        /// First output column of the tile.
        col_base: u32 = 20,
        /// Output columns of the tile.
        cols: u32 = 16,
        /// Stores FP32 accumulators, with no work fused; otherwise FP16.
        fp32: bool = 1,
        /// Adds the bias of each column.
        bias: bool = 1,
        /// Adds the tensor `add` of RESULTS.
        add: bool = 1,
        /// Applies ReLU.
        relu: bool = 1,
        /// Applies the ReLU mask of the forward pass, `mask` of RESULTS.
        mask: bool = 1,
        /// Sums each column's values exactly: batch-norm statistics, bias gradients.
        sums: bool = 1,
        /// Sums each column's products with the tensor `sum` of RESULTS exactly: batch norm's backward sums.
        products: bool = 1,
        /// With the last tile, writes each column's rounded sum to `sums` of PARAMETERS: a bias gradient.
        bias_gradient: bool = 1,
    }
    /// Momentum SGD on a range of master weights, and their pruned forms for the next step. Reads W and V, then dW; writes
    /// W and V, the FF weights, the BP weights.
    Update = 0x14, "WU", Route::Engine(Engine::Update), {
        /// Parameters updated.
        parameters: u64 = 40,
        /// SORE makes the FF weights (pruned along Ci, or their FP16 copy).
        make_ff: bool = 1,
        /// SORE makes the BP weights (pruned along Co, or their FP16 copy).
        make_bp: bool = 1,
        /// The parameters are the weights of WEIGHTS; else a plain vector, without weight decay.
        weights: bool = 1,
        /// Left out if a gradient of this program was not finite.
        guarded: bool = 1,
    }
    /// Makes operand weights from FP16 ones without an update (pruning on the fly).
    Prune = 0x15, "SORE", Route::Engine(Engine::Update), {
        /// Weights read.
        parameters: u64 = 40,
        /// Makes the BP weights instead of the FF weights.
        along_co: bool = 1,
        /// Reads FP32 master weights instead of FP16 weights.
        single: bool = 1,
    }
    /// One elementwise operation over streams.
    Vector = 0x16, "VE", Route::Engine(Engine::Vector), {
        /// What is computed.
        op: VectorOp = 6,
        /// Elements of the stream; each takes a lane for as many cycles as `op` has passes.
        elements: u64 = 40,
        /// The last piece of its tensors: their values are there when it ends. Without it, and without SHAPE and TENSORS, VE takes time only.
        last: bool = 1,
    }
}

/// The table of all instructions: of each its mnemonic, opcode, documentation, and fields with their bits.
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
        let set = |field: &'static str, lsb: u32| {
            let value = word.get(lsb, SemaphoreSet::BITS);
            SemaphoreSet::from_bits(value).ok_or(SpecError::FieldValue {
                mnemonic: layout.mnemonic,
                field,
                value,
            })
        };
        let values: Vec<u64> =
            fields.iter().map(|field| word.get(field.lsb, field.width)).collect();
        Ok(Self {
            wait: set("wait", OPCODE_BITS)?,
            post: set("post", OPCODE_BITS + SemaphoreSet::BITS)?,
            operation: Operation::from_values(opcode, &values)?,
        })
    }

    /// Mnemonic of the instruction.
    #[must_use]
    pub fn mnemonic(&self) -> &'static str {
        self.operation.layout().mnemonic
    }
}

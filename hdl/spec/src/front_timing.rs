//! Cycles in front of the engines that RTL and timing model share: fetch, queues, decoding, and the way to the memory.

use crate::MM_DECODE_CYCLES;
use crate::isa::Engine;

/// Cycles from the one in which a request is granted to that of its AR or AW handshake: a register towards AXI.
pub const REQUEST_CYCLES: usize = 1;
/// Cycles from the one in which a beat is taken from R, or a response from B, to that in which the engine has it.
pub const RESPONSE_CYCLES: usize = 1;
/// Cycles from the one in which a port pulls an engine's beat for a write to that in which the beat is there.
pub const W_DATA_CYCLES: usize = 2;
/// Cycles from the one in which a write is granted to that in which its first beat is offered on W, if the port has nothing
/// else to write: pulled in the next, and offered in the one after it is there.
pub const W_OFFER_CYCLES: usize = 2 + W_DATA_CYCLES;

/// Beats of a burst of the fetch, which is aligned to its own size; the first and the last of a program may be shorter.
pub const FETCH_BURST_BEATS: usize = 16;
/// Beats of the buffer of the fetch. Fetched ahead of dispatch, and on their way, are no more.
pub const FETCH_BUFFER_BEATS: usize = 128;

/// Cycles from the one in which an instruction is dispatched to the first in which an engine may take it from its queue.
pub const QUEUE_CYCLES: usize = 2;

/// Cycles from the one in which LD.W takes an instruction from its queue to the first in which it may start.
pub const LOAD_DECODE_CYCLES: usize = 8;
/// Cycles from the one in which a load starts to that in which it asks for its first burst.
pub const LOAD_ISSUE_CYCLES: usize = 1;
/// Cycles from the last step of a load of weights, in which what a beat holds for a bank is chosen, to its end: it is written in the next.
pub const LOAD_WRITE_CYCLES: usize = 2;
/// The same as [`LOAD_DECODE_CYCLES`] of LD.A: where the pixels of a patch lie takes divisions.
pub const ACTIVATION_DECODE_CYCLES: usize = 160;
/// The same of LD.A where patches are not flat: the part of the kernel and the first patch take more divisions, and each stripe
/// [`ACTIVATION_STRIPE_DECODE_CYCLES`] besides.
pub const ACTIVATION_IMAGE_DECODE_CYCLES: usize = 384;
/// Cycles of decoding of LD.A for each stripe of neighbouring patches in an image.
pub const ACTIVATION_STRIPE_DECODE_CYCLES: usize = 112;
/// The same as [`LOAD_WRITE_CYCLES`] of LD.A: each row finds out what it holds of a beat, and turns it.
pub const ACTIVATION_WRITE_CYCLES: usize = 6;
/// Cycles from the one in which LD.A starts to the first in which the array can read all offsets of the rows' outputs.
pub const ACTIVATION_TABLE_CYCLES: usize = 19;
/// Cycles of that beside one for each weight row, where neighbouring weight rows are taps of a single input channel.
pub const ACTIVATION_TABLE_ROW_CYCLES: usize = 3;
/// The same as [`LOAD_DECODE_CYCLES`] of ST: it finds image, row and column of the first patch by division.
pub const STORE_DECODE_CYCLES: usize = 40;
/// The same of WU, for WU and SORE: it finds the longest of six streams, and what part of a block of it each other has.
pub const UPDATE_DECODE_CYCLES: usize = 24;
/// The same of VE.
pub const VECTOR_DECODE_CYCLES: usize = 24;

/// Cycles from the one in which VE's lanes take elements to the last in which results of theirs are written into its buffers.
pub const VECTOR_LATENCY_CYCLES: usize = 32;
/// Cycles that VE's lanes take after the last element of a block of rows (cross-entropy), beside those of [`VECTOR_LATENCY_CYCLES`]: until
/// all results of the block's last row are out.
pub const ROW_TAIL_CYCLES: usize = 426;
/// Cycles that VE takes for a turn of a batch norm's channels ([`norm_lanes`](crate::norm_lanes)), forwards, beside those in which their gamma, beta and running
/// statistics are read, one value in a cycle: the steps of the computation, and what is written.
pub const NORM_FORWARD_CYCLES: usize = 474;
/// The same backwards, where six values of a channel are read.
pub const NORM_BACKWARD_CYCLES: usize = 252;
/// Cycles of WU's results beside those of WUVE and SORE: a beat out of the buffers (2), lanes out of the beat, results into one.
pub const UPDATE_BUFFER_CYCLES: usize = 4;
/// Input channels of a panel of weights, and its output channels.
pub const PANEL_CHANNELS: usize = 32;
/// Cycles of the update of a panel beside those in which the lanes take its weights, and the same of each operand that is made of it: until
/// its last beat is in the buffers.
pub const PANEL_STEP_CYCLES: usize = 64;
/// Cycles from the end of a panel to its first write.
pub const PANEL_LATENCY_CYCLES: usize = 4;
/// Most elements that the lanes of WU and VE take for a beat of the longest stream: its bits.
pub const BEAT_ELEMENTS: usize = 512;

/// Cycles from the one after the last piece of a burst is read from the drain buffer to that in which ST asks for the burst: the
/// buffer, scale, bias, addition, rounding, the place in the beat, and the ring of what is written.
pub const STORE_LATENCY_CYCLES: usize = 27;
/// Cycles from the one in which the last beat that ST reads for pieces has come, in its order, to that of the first of them.
pub const STORE_READ_CYCLES: usize = 1;
/// Cycles from the one in which a walk ahead of the pieces has found the end of a burst to that in which ST may ask for what it reads
/// for that burst.
pub const STORE_AHEAD_CYCLES: usize = 2;
/// Cycles from the one in which ST has the response to a burst to that in which the burst's room is free, and its tile has
/// ended if it was the last: the count of responses, and of the room. Bursts leave in order, one per cycle.
pub const STORE_DONE_CYCLES: usize = 2;
/// Beats for which ST has to have room before it begins a burst, which may become so long.
pub const STORE_BURST_BEATS: usize = 64;

/// Buffers of ST, WU and VE, each: they hold as many beats as this many load engines'.
pub const STREAM_BUFFERS: usize = 4;

impl Engine {
    /// Cycles from the one in which the engine takes an instruction from its queue to the first in which it may start.
    #[must_use]
    pub const fn decode_cycles(self) -> usize {
        match self {
            Self::LoadActivations => ACTIVATION_DECODE_CYCLES,
            Self::LoadWeights => LOAD_DECODE_CYCLES,
            Self::Mm => MM_DECODE_CYCLES,
            Self::Store => STORE_DECODE_CYCLES,
            Self::Update => UPDATE_DECODE_CYCLES,
            Self::Vector => VECTOR_DECODE_CYCLES,
        }
    }
}

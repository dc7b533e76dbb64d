//! The bytes of a checkpoint.

use super::{Checkpoint, DataIdentity};
use crate::backend::RunningStatistics;
use crate::network::ModelState;
use crate::train::{Progress, TrainSettings};
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8; 8] = b"SATKITCP";
const VERSION: u32 = 1;
/// Magic, version, length of the header.
const PREFIX_BYTES: usize = 20;
const HASH_BYTES: usize = 32;

/// What the file says in JSON. Floats survive it bit for bit: they are printed so that they read back the same,
/// and only finite ones are in it.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Header {
    pub(super) network: String,
    pub(super) input: [usize; 3],
    pub(super) data: DataIdentity,
    pub(super) settings: TrainSettings,
    pub(super) progress: Progress,
    pub(super) contract: String,
    /// Values of each parameter, and of its momentum.
    parameters: Vec<usize>,
    /// Values of each running mean, and of its variance.
    norms: Vec<usize>,
}

impl Header {
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        let Checkpoint { network, input, data, settings, progress, state, contract, .. } =
            checkpoint;
        Self {
            network: network.clone(),
            input: *input,
            data: data.clone(),
            settings: *settings,
            progress: progress.clone(),
            contract: contract.clone(),
            parameters: state.values.iter().map(Vec::len).collect(),
            norms: state.running.iter().map(|running| running.mean.len()).collect(),
        }
    }
}

/// The file's bytes.
pub(super) fn encode(header: &Header, state: &ModelState) -> Result<Vec<u8>, String> {
    let json = serde_json::to_vec(header).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&(json.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&json);
    let running = state.running.iter().flat_map(|running| [&running.mean, &running.var]);
    for tensor in state.values.iter().chain(&state.momentum).chain(running) {
        bytes.extend(tensor.iter().flat_map(|value| value.to_le_bytes()));
    }
    let hash = Sha256::digest(&bytes);
    bytes.extend_from_slice(&hash);
    Ok(bytes)
}

/// What the bytes hold, or what is wrong with them.
pub(super) fn decode(bytes: &[u8]) -> Result<(Header, ModelState), String> {
    if bytes.len() < PREFIX_BYTES + HASH_BYTES {
        return Err(format!("{} bytes, too short; it is truncated", bytes.len()));
    }
    if &bytes[..8] != MAGIC {
        return Err("it does not start like a checkpoint of satkit".into());
    }
    let (content, hash) = bytes.split_at(bytes.len() - HASH_BYTES);
    if Sha256::digest(content)[..] != *hash {
        return Err("its checksum is wrong; it is truncated or corrupt, use an older copy".into());
    }
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    if word(8) != VERSION {
        return Err(format!("version {}; accepted: {VERSION}", word(8)));
    }
    let length = u64::from(word(12)) | u64::from(word(16)) << 32;
    let rest = &content[PREFIX_BYTES..];
    let length = usize::try_from(length).ok().filter(|&length| length <= rest.len());
    let length = length.ok_or("its header is longer than the file")?;
    let (json, mut values) = rest.split_at(length);
    let header: Header = serde_json::from_slice(json)
        .map_err(|error| format!("its header cannot be read: {error}"))?;
    let mut take = |count: &usize| -> Result<Vec<f32>, String> {
        let length = count.checked_mul(4).filter(|&length| length <= values.len());
        let (taken, rest) = values.split_at(length.ok_or("it holds fewer values than it lists")?);
        values = rest;
        let value = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        Ok(taken.chunks_exact(4).map(value).collect())
    };
    let state = ModelState {
        values: header.parameters.iter().map(&mut take).collect::<Result<_, _>>()?,
        momentum: header.parameters.iter().map(&mut take).collect::<Result<_, _>>()?,
        running: header
            .norms
            .iter()
            .map(|count| Ok(RunningStatistics { mean: take(count)?, var: take(count)? }))
            .collect::<Result<_, String>>()?,
    };
    if !values.is_empty() {
        return Err("it holds more values than it lists".into());
    }
    Ok((header, state))
}

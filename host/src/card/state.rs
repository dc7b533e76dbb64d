//! The state of a network on its way to and from card memory.

use super::{CardMachine, Ready};
use crate::HostError;
use crate::network::ModelState;
use crate::step::ParameterPlace;
use crate::tensors::{
    master, read_master, read_running_statistics, read_singles, running_statistics, singles,
};
use satkit_plan::layout::{BEAT_BYTES, SINGLE_BYTES, master_bytes, running_bytes};

impl CardMachine {
    pub(super) fn upload_state(&self, ready: &Ready, state: &ModelState) -> Result<(), HostError> {
        let config = self.session.config();
        for (index, place) in ready.programs.parameters.iter().enumerate() {
            for (part, values) in
                [&state.values[index], &state.momentum[index]].into_iter().enumerate()
            {
                let part = part as u64;
                let (address, bytes) = match place {
                    ParameterPlace::Plain(tensor) => {
                        (ready.addresses[tensor.0] + part * behind(values.len()), singles(values))
                    }
                    ParameterPlace::Weights { master: tensor, shape } => {
                        let address = ready.addresses[tensor.0] + part * master_bytes(shape);
                        (address, master(config, shape, values))
                    }
                };
                self.upload(address, &bytes)?;
            }
        }
        for (tensor, running) in ready.programs.running.iter().zip(&state.running) {
            let statistics = running_statistics(&running.mean, &running.var);
            self.upload(ready.addresses[tensor.0], &statistics)?;
        }
        Ok(())
    }

    pub(super) fn download_state(
        &self,
        ready: &Ready,
        state: &mut ModelState,
    ) -> Result<(), HostError> {
        let config = self.session.config();
        for (index, place) in ready.programs.parameters.iter().enumerate() {
            let parts = [&mut state.values[index], &mut state.momentum[index]];
            for (part, values) in parts.into_iter().enumerate() {
                let part = part as u64;
                *values = match place {
                    ParameterPlace::Plain(tensor) => {
                        let bytes = values.len() as u64 * SINGLE_BYTES;
                        let address = ready.addresses[tensor.0] + part * behind(values.len());
                        read_singles(&self.download(address, bytes)?)
                    }
                    ParameterPlace::Weights { master: tensor, shape } => {
                        let bytes = master_bytes(shape);
                        let address = ready.addresses[tensor.0] + part * bytes;
                        read_master(config, shape, &self.download(address, bytes)?)
                    }
                };
            }
        }
        for (tensor, running) in ready.programs.running.iter().zip(&mut state.running) {
            let channels = running.mean.len();
            let bytes = running_bytes(channels);
            let statistics = self.download(ready.addresses[tensor.0], bytes)?;
            [running.mean, running.var] = read_running_statistics(channels, &statistics);
        }
        Ok(())
    }
}

/// Bytes from the first of so many values to the momentum behind them.
const fn behind(values: usize) -> u64 {
    (values as u64 * SINGLE_BYTES).next_multiple_of(BEAT_BYTES)
}

//! The C face of models, and all `unsafe` of this crate.
//!
//! Why it is sound: [`Entry`] comes from a shim of ours, either linked in or loaded from a file whose name is the hash of the shim's
//! text, and [`VERSION`] is checked before anything else of the table is used. An [`Instance`] keeps its library loaded and owns
//! its handle alone. Every port number and every length is checked here before it crosses the border, and what
//! C++ lends (names, records) is copied before the next call.

use super::{PortId, Watch};
use crate::RtlError;
use satkit_hdl::emit::{Direction, Port};
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

/// Layout of [`Api`], as `shim.cpp` has it too.
const VERSION: u32 = 4;

#[repr(C)]
struct RawPort {
    name: *const c_char,
    width: u32,
    is_output: u32,
}

#[repr(C)]
struct RawWatch {
    strobe: u32,
    count: u32,
    ports: *const u32,
}

/// Functions of one model.
#[repr(C)]
pub(crate) struct Api {
    version: u32,
    port_count: u32,
    ports: *const RawPort,
    create: unsafe extern "C" fn(*const c_char, u64) -> *mut c_void,
    destroy: unsafe extern "C" fn(*mut c_void),
    write: unsafe extern "C" fn(*mut c_void, u32, *const u32),
    read: unsafe extern "C" fn(*mut c_void, u32, *mut u32),
    eval: unsafe extern "C" fn(*mut c_void),
    run: unsafe extern "C" fn(
        *mut c_void,
        u32,
        u32,
        u64,
        *const RawWatch,
        u32,
        u32,
        *mut u32,
    ) -> u64,
    records: unsafe extern "C" fn(*mut c_void, *mut usize) -> *const u32,
    play: unsafe extern "C" fn(*mut c_void, u32, *const u32, u32, *const u32, u64),
    pass: unsafe extern "C" fn(*mut c_void, u32, u64, *const u32, u32) -> u64,
    waves: unsafe extern "C" fn(*mut c_void, u32),
}

type Entry = extern "C" fn() -> *const Api;

include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The code of one model, for as many instances as are wanted.
#[derive(Clone)]
pub(crate) struct Code {
    api: &'static Api,
    /// Keeps `api` in memory, if it was loaded.
    _library: Option<Arc<libloading::Library>>,
}

impl Code {
    /// The model in this binary whose Verilog has that hash.
    pub(crate) fn built_in(hash: &str) -> Option<Self> {
        let (_, entry) = BUILT_IN.iter().find(|(known, _)| *known == hash)?;
        // SAFETY: the entry returns the address of a constant of this binary.
        Some(Self { api: unsafe { &*entry() }, _library: None })
    }

    /// The model in the shared object at `path`.
    pub(crate) fn load(path: &Path, entry: &str) -> Result<Self, RtlError> {
        let refuse = |reason: String| RtlError::Load { path: path.into(), reason };
        // SAFETY: the file is compiled from our shim and from Verilator's output, whose initialisers do nothing but fill constants.
        let library =
            unsafe { libloading::Library::new(path) }.map_err(|e| refuse(e.to_string()))?;
        // SAFETY: the shim exports the symbol with this type.
        let function = unsafe { library.get::<Entry>(entry.as_bytes()) };
        let function = *function.map_err(|e| refuse(e.to_string()))?;
        // SAFETY: the entry returns the address of a constant of the library, which is kept loaded for as long as `api` is used.
        let api: &'static Api = unsafe { &*function() };
        if api.version != VERSION {
            return Err(refuse(format!("its interface is {}, not {VERSION}", api.version)));
        }
        Ok(Self { api, _library: Some(Arc::new(library)) })
    }

    fn ports(&self) -> Vec<Port> {
        let count = self.api.port_count as usize;
        // SAFETY: the table has that many entries.
        let raw = unsafe { std::slice::from_raw_parts(self.api.ports, count) };
        let ports = raw.iter().map(|port| {
            // SAFETY: names are string literals of the shim.
            let name = unsafe { CStr::from_ptr(port.name) };
            let direction = if port.is_output == 0 { Direction::Input } else { Direction::Output };
            let name = name.to_string_lossy().into_owned();
            Port { name, width: port.width as usize, direction }
        });
        ports.collect()
    }
}

/// A model with its state.
pub(super) struct Instance {
    handle: NonNull<c_void>,
    pub(super) ports: Vec<Port>,
    code: Code,
}

/// Held while an instance is made or ended: the runtime notes the last context in a global.
static LIFE: Mutex<()> = Mutex::new(());

// SAFETY: an instance has a Verilator context of its own, which the shim makes the thread's before each use, and shares nothing
// else that it writes with others (the runtime's few globals are behind its mutexes or behind `LIFE`), so it may move to another
// thread. It is not `Sync`: nothing guards two calls at once.
unsafe impl Send for Instance {}

impl Instance {
    /// `None` if waves cannot be written to that file.
    pub(super) fn new(code: Code, waves: Option<&CStr>, half_period_ps: u64) -> Option<Self> {
        let waves = waves.map_or(std::ptr::null(), CStr::as_ptr);
        let _life = LIFE.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the name is null or ends with a zero byte, and is not kept.
        let handle = unsafe { (code.api.create)(waves, half_period_ps) };
        let ports = code.ports();
        NonNull::new(handle).map(|handle| Self { handle, ports, code })
    }

    /// Words of 32 bits that hold a port.
    pub(super) fn words(&self, port: usize) -> usize {
        self.ports[port].width.div_ceil(32)
    }

    fn bit(&self, port: usize) -> u32 {
        assert_eq!(self.ports[port].width, 1, "{} is one bit wide", self.ports[port].name);
        port as u32
    }

    fn strobe(&self, port: usize) -> u32 {
        assert!(self.ports[port].width <= 32, "{} is one word wide", self.ports[port].name);
        port as u32
    }

    pub(super) fn write(&mut self, port: usize, words: &[u32]) {
        assert_eq!(words.len(), self.words(port), "words of {}", self.ports[port].name);
        // SAFETY: the port exists and reads as many words as are given.
        unsafe { (self.code.api.write)(self.handle.as_ptr(), port as u32, words.as_ptr()) }
    }

    pub(super) fn read(&self, port: usize, words: &mut [u32]) {
        assert_eq!(words.len(), self.words(port), "words of {}", self.ports[port].name);
        // SAFETY: the port exists and writes as many words as there is room for; the instance is not changed.
        unsafe { (self.code.api.read)(self.handle.as_ptr(), port as u32, words.as_mut_ptr()) }
    }

    pub(super) fn waves(&mut self, on: bool) {
        // SAFETY: the handle is alive and not used elsewhere.
        unsafe { (self.code.api.waves)(self.handle.as_ptr(), u32::from(on)) }
    }

    pub(super) fn eval(&mut self) {
        // SAFETY: the handle is alive and not used elsewhere, which holds for all calls below too.
        unsafe { (self.code.api.eval)(self.handle.as_ptr()) }
    }

    /// Runs up to `cycles`; appends records to `records` and returns how many cycles were run, and whether `stop` was up.
    pub(super) fn run(
        &mut self,
        clock: usize,
        also: Option<usize>,
        cycles: u64,
        watches: &[Watch],
        stop: Option<usize>,
        records: &mut Vec<u32>,
    ) -> (u64, bool) {
        let ports: Vec<Vec<u32>> = watches
            .iter()
            .map(|watch| {
                let ports = watch.ports.iter().map(|port| port.0);
                ports.inspect(|&port| assert!(port < self.ports.len())).map(|p| p as u32).collect()
            })
            .collect();
        let raw: Vec<RawWatch> = watches
            .iter()
            .zip(&ports)
            .map(|(watch, ports)| RawWatch {
                strobe: self.strobe(watch.strobe.0),
                count: ports.len() as u32,
                ports: ports.as_ptr(),
            })
            .collect();
        let clock = self.bit(clock);
        let also = also.map_or(u32::MAX, |port| self.bit(port));
        let stop = stop.map_or(u32::MAX, |port| self.bit(port));
        // SAFETY: clocks and stop are one-bit ports, strobes have one word; the watches and their ports outlive the call. The records belong to the
        // instance until the next call.
        unsafe {
            let api = self.code.api;
            let mut stopped = 0;
            let done = (api.run)(
                self.handle.as_ptr(),
                clock,
                also,
                cycles,
                raw.as_ptr(),
                raw.len() as u32,
                stop,
                &raw mut stopped,
            );
            let mut length = 0;
            let words = (api.records)(self.handle.as_ptr(), &raw mut length);
            if length > 0 {
                records.extend_from_slice(std::slice::from_raw_parts(words, length));
            }
            (done, stopped != 0)
        }
    }

    /// Runs up to `cycles`, to just before the one in which a strobe is up.
    pub(super) fn pass(&mut self, clock: usize, cycles: u64, strobes: &[PortId]) -> u64 {
        // The most masters that a card may have, and some.
        let mut raw = [0; 64];
        assert!(strobes.len() <= raw.len(), "at most {} strobes", raw.len());
        for (raw, strobe) in raw.iter_mut().zip(strobes) {
            *raw = self.strobe(strobe.0);
        }
        let clock = self.bit(clock);
        // SAFETY: the clock has one bit, strobes have one word, and there are as many as are said.
        unsafe {
            (self.code.api.pass)(
                self.handle.as_ptr(),
                clock,
                cycles,
                raw.as_ptr(),
                strobes.len() as u32,
            )
        }
    }

    /// Sets `ports` from each row of `words` and ticks.
    pub(super) fn play(&mut self, clock: usize, ports: &[u32], words: &[u32]) {
        let row: usize = ports.iter().map(|&port| self.words(port as usize)).sum();
        assert!(row > 0 && words.len().is_multiple_of(row), "whole rows of {row} words");
        let (clock, rows) = (self.bit(clock), (words.len() / row) as u64);
        // SAFETY: the ports exist, and there are `rows` times as many words as they hold.
        unsafe {
            (self.code.api.play)(
                self.handle.as_ptr(),
                clock,
                ports.as_ptr(),
                ports.len() as u32,
                words.as_ptr(),
                rows,
            );
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _life = LIFE.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the handle came from `create` and is not used after this.
        unsafe { (self.code.api.destroy)(self.handle.as_ptr()) }
    }
}

/// The file's name as C has it.
pub(super) fn c_path(path: &Path) -> Option<CString> {
    CString::new(path.as_os_str().as_encoded_bytes()).ok()
}

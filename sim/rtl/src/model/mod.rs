//! A design with its state: ports by name, clocks, and many cycles at once.

pub(crate) mod abi;

use crate::RtlError;
use crate::cache::{self, Build};
use crate::verilate::Waves;
use abi::Instance;
use satkit_hdl::emit::{Design, Direction, Port};
use satkit_spec::ArrayConfig;
use std::path::Path;

/// A port of one model. Those of another model mean something else there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortId(pub(crate) usize);

/// What to write down whenever a strobe is up.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Up when any of its bits is; at most 32.
    pub strobe: PortId,
    /// Read in the same cycle.
    pub ports: Vec<PortId>,
}

/// What [`Model::run`] does.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// The clock to tick.
    pub clock: PortId,
    /// Another that ticks with it.
    pub also: Option<PortId>,
    /// How often, at most.
    pub cycles: u64,
    /// What to write down.
    pub watches: &'a [Watch],
    /// The cycle in which this strobe is up is the last one.
    pub stop: Option<PortId>,
}

/// What ports held in a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which of the watches.
    pub watch: usize,
    /// Ticks of the clock before this cycle's rising edge, since the model was made.
    pub cycle: u64,
    /// The watch's ports one after the other, each in words of 32 bits, lowest first.
    pub words: Vec<u32>,
}

/// One instance of a design.
///
/// A cycle is: inputs settle, the clock rises, the clock falls. What a run records in a cycle are the values before its rising
/// edge, which are those that registers take.
pub struct Model {
    instance: Instance,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("ports", &self.instance.ports).finish_non_exhaustive()
    }
}

impl Model {
    /// The core of an array.
    ///
    /// # Errors
    /// [`RtlError::Hdl`] if the array has no RTL, else as [`Model::of`].
    pub fn new(config: &ArrayConfig, build: &Build<'_>) -> Result<Self, RtlError> {
        let design = satkit_hdl::core::design(config)?;
        let build = Build { clock_hz: build.clock_hz.or(Some(config.clock_hz)), ..*build };
        Self::of(&design, &build)
    }

    /// Any design. It is taken from this binary or from the cache, or it is compiled, which takes seconds to minutes.
    ///
    /// # Errors
    /// [`RtlError::NoVerilator`] if it has to be compiled and cannot be, and what can go wrong on the way.
    pub fn of(design: &Design, build: &Build<'_>) -> Result<Self, RtlError> {
        let waves = build.waves.map(waves_format).transpose()?;
        let code = cache::code(design, build, waves)?;
        let half_period_ps = 500_000_000_000 / build.clock_hz.unwrap_or(200_000_000).max(1);
        let refuse = |reason: &str| RtlError::Waves {
            path: build.waves.unwrap_or(Path::new("")).into(),
            reason: reason.into(),
        };
        let file = match build.waves {
            Some(path) => Some(abi::c_path(path).ok_or_else(|| refuse("a zero byte in its name"))?),
            None => None,
        };
        let instance = Instance::new(code, file.as_deref(), half_period_ps)
            .ok_or_else(|| refuse("the file cannot be opened"))?;
        Ok(Self { instance })
    }

    /// Writes waves from now on, or not, if there is a file for them. At first they are written.
    pub fn waves(&mut self, on: bool) {
        self.instance.waves(on);
    }

    /// All ports, in the design's order.
    #[must_use]
    pub fn ports(&self) -> &[Port] {
        &self.instance.ports
    }

    /// The port of that name.
    ///
    /// # Errors
    /// [`RtlError::Port`] listing the ports.
    pub fn port(&self, name: &str) -> Result<PortId, RtlError> {
        let found = self.ports().iter().position(|port| port.name == name);
        found.map(PortId).ok_or_else(|| {
            let names: Vec<&str> = self.ports().iter().map(|port| port.name.as_str()).collect();
            let reason = format!("the design has none of that name; it has {}", names.join(", "));
            RtlError::Port { name: name.into(), reason }
        })
    }

    /// What is known of a port.
    #[must_use]
    pub fn describe(&self, port: PortId) -> &Port {
        &self.ports()[port.0]
    }

    /// Sets an input of up to 64 bits. Bits above its width have to be 0.
    ///
    /// # Panics
    /// If the port is an output, or the value does not fit.
    pub fn set(&mut self, port: PortId, value: u64) {
        let width = self.describe(port).width;
        let name = &self.describe(port).name;
        assert!(width >= 64 || value >> width == 0, "{value:#x} does not fit {name}");
        let words = [value as u32, (value >> 32) as u32];
        let count = self.instance.words(port.0);
        if count <= 2 {
            self.set_wide(port, &words[..count]);
        } else {
            let mut wide = vec![0; count];
            wide[..2].copy_from_slice(&words);
            self.set_wide(port, &wide);
        }
    }

    /// Sets an input from words of 32 bits, lowest first. Bits above its width have to be 0.
    ///
    /// # Panics
    /// If the port is an output, or there are not exactly as many words as it needs.
    pub fn set_wide(&mut self, port: PortId, words: &[u32]) {
        self.assert_input(port);
        let width = self.describe(port).width;
        let spare = width.next_multiple_of(32) - width;
        let high = words.last().copied().unwrap_or(0);
        assert!(
            spare == 0 || high >> (32 - spare) == 0,
            "{high:#x} does not fit {}",
            self.describe(port).name
        );
        self.instance.write(port.0, words);
    }

    fn assert_input(&self, port: PortId) {
        let port = self.describe(port);
        assert!(port.direction == Direction::Input, "{} is an output", port.name);
    }

    /// The value of a port of up to 64 bits, as of the last evaluation.
    ///
    /// # Panics
    /// If the port is wider.
    #[must_use]
    pub fn get(&self, port: PortId) -> u64 {
        let Port { name, width, .. } = self.describe(port);
        assert!(*width <= 64, "{name} has {width} bits, which are more than 64");
        let mut words = [0; 2];
        let count = self.instance.words(port.0);
        self.instance.read(port.0, &mut words[..count]);
        u64::from(words[0]) | u64::from(words[1]) << 32
    }

    /// The value of a port in words of 32 bits, lowest first.
    #[must_use]
    pub fn get_wide(&self, port: PortId) -> Vec<u32> {
        let mut words = vec![0; self.instance.words(port.0)];
        self.instance.read(port.0, &mut words);
        words
    }

    /// Fills `words` with the value of a port, lowest word first.
    ///
    /// # Panics
    /// If there are not exactly as many words as the port needs.
    pub fn get_words(&self, port: PortId, words: &mut [u32]) {
        self.instance.read(port.0, words);
    }

    /// Lets outputs follow the inputs.
    pub fn eval(&mut self) {
        self.instance.eval();
    }

    /// One cycle: the clock rises and falls.
    ///
    /// # Panics
    /// If the clock is not one input of one bit.
    pub fn tick(&mut self, clock: PortId) {
        self.run(&Run { clock, also: None, cycles: 1, watches: &[], stop: None }, |_| ());
    }

    /// Many cycles. Gives `take` each record, in order of cycles and then of watches; returns how many cycles were run.
    ///
    /// # Panics
    /// If a clock is not an input of one bit, or a strobe has more than 32.
    pub fn run(&mut self, run: &Run<'_>, mut take: impl FnMut(Record)) -> u64 {
        /// Cycles between two looks at the records, so that they stay small.
        const CHUNK: u64 = 1 << 16;
        self.assert_input(run.clock);
        run.also.iter().for_each(|&port| self.assert_input(port));
        let lengths: Vec<usize> = run
            .watches
            .iter()
            .map(|watch| watch.ports.iter().map(|port| self.instance.words(port.0)).sum())
            .collect();
        let also = run.also.map(|port| port.0);
        let stop = run.stop.map(|port| port.0);
        let (mut done, mut words) = (0, Vec::new());
        while done < run.cycles {
            let chunk = (run.cycles - done).min(CHUNK);
            words.clear();
            let (ran, stopped) =
                self.instance.run(run.clock.0, also, chunk, run.watches, stop, &mut words);
            let mut rest = &words[..];
            while let [watch, low, high, tail @ ..] = rest {
                let watch = *watch as usize;
                let (values, tail) = tail.split_at(lengths[watch]);
                let cycle = u64::from(*low) | u64::from(*high) << 32;
                take(Record { watch, cycle, words: values.to_vec() });
                rest = tail;
            }
            done += ran;
            if stopped {
                break;
            }
        }
        done
    }

    /// Up to `cycles` cycles, to just before the first in which any of `strobes` is up; returns how many were run.
    ///
    /// # Panics
    /// If the clock is not an input of one bit, a strobe has more than 32, or there are more than 64 of them.
    pub fn pass(&mut self, clock: PortId, cycles: u64, strobes: &[PortId]) -> u64 {
        self.assert_input(clock);
        self.instance.pass(clock.0, cycles, strobes)
    }

    /// Ticks once per row of `words`, having set `ports` from it: each port in words of 32 bits, lowest first.
    ///
    /// # Panics
    /// If a port is an output, or `words` are not whole rows.
    pub fn play(&mut self, clock: PortId, ports: &[PortId], words: &[u32]) {
        self.assert_input(clock);
        ports.iter().for_each(|&port| self.assert_input(port));
        let ports: Vec<u32> = ports.iter().map(|port| port.0 as u32).collect();
        self.instance.play(clock.0, &ports, words);
    }
}

/// The format that a file name's ending asks for.
fn waves_format(path: &Path) -> Result<Waves, RtlError> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("vcd") => Ok(Waves::Vcd),
        Some("fst") => Ok(Waves::Fst),
        _ => Err(RtlError::Waves {
            path: path.into(),
            reason: "accepted: a name that ends with .vcd or .fst".into(),
        }),
    }
}

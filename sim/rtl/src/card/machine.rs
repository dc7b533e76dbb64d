//! The Verilated top with its memory, cycle by cycle: what the card's thread owns.

use super::axi::{BEAT_BYTES, Burst, Violation};
use super::bus::Bus;
use super::port::PortStatistics;
use super::top::{Ask, Top};
use super::trace::{Expected, Retirement, Trace};
use crate::{Model, PortId, RtlError};
use satkit_memory::{Direction, Request};
use satkit_spec::ArrayConfig;
use satkit_spec::memory_map;
use satkit_spec::regs::{self, control};
use std::ops::Range;

/// Cycles that a register access may take.
const LITE_CYCLES: u64 = 4096;
/// Cycles for which `reset` is held: as long as what is under way in the array may take to leave it, as its pipelines have no reset (the
/// longest is a weight-stationary pass through 32 rows, about 200 cycles). Resets of a slot last far longer.
const RESET_CYCLES: u64 = 512;
/// Words of 32 bits of a beat.
const BEAT_WORDS: usize = BEAT_BYTES / 4;

/// What a master is driven with, so that only changes are.
#[derive(Clone, Copy, Debug, Default)]
struct Driven {
    rvalid: bool,
    wready: bool,
    bvalid: bool,
}

/// The clocked part of a card. It has no thread and no wall clock: the same calls give the same cycles.
#[derive(Debug)]
pub(super) struct Machine {
    model: Model,
    top: Top,
    bus: Bus,
    /// Of a top that has trace outputs.
    trace: Option<Trace>,
    /// Cycles of a job of which waves are written, if not all are, and whether they are now.
    wave_cycles: Option<Range<u64>>,
    writes_waves: bool,
    driven: Vec<Driven>,
    /// Rising edges so far; the next one ends this cycle.
    cycle: u64,
    /// A program runs, or did when `RUNNING` was last read.
    running: bool,
    line: bool,
    /// The interrupt has risen since [`Machine::take_event`].
    event: bool,
}

impl Machine {
    /// A machine after power-on, which writes waves of `wave_cycles` of a job alone, if they are given.
    ///
    /// # Errors
    /// [`RtlError::Port`] if the design is no top.
    pub(super) fn new(
        config: &ArrayConfig,
        mut model: Model,
        bus: Bus,
        traced: bool,
        wave_cycles: Option<Range<u64>>,
    ) -> Result<Self, RtlError> {
        let mut top = Top::of(&model, bus.ports())?;
        let trace = if traced { Some(Trace::of(config, &model)?) } else { None };
        // Cycles in which an engine says something are looked at one by one.
        top.strobes.extend(trace.iter().flat_map(Trace::strobes));
        model.set(top.ddr_calibrated, memory_map::ALL_CALIBRATED.into());
        // It was not built from a commit: what a wrapper gives stays 0.
        model.set(top.git_hash, 0);
        model.set(top.build_date, 0);
        let driven = vec![Driven::default(); bus.ports()];
        let mut machine = Self {
            model,
            top,
            bus,
            trace,
            wave_cycles,
            writes_waves: true,
            driven,
            cycle: 0,
            running: false,
            line: false,
            event: false,
        };
        machine.power_on();
        Ok(machine)
    }

    /// Holds `reset`; what was under way is forgotten.
    pub(super) fn power_on(&mut self) {
        let lite = &self.top.lite;
        for port in [lite.awvalid, lite.wvalid, lite.bready, lite.arvalid, lite.rready] {
            self.model.set(port, 0);
        }
        for (master, driven) in self.top.masters.iter().zip(&mut self.driven) {
            for port in [master.rvalid, master.wready, master.bvalid] {
                self.model.set(port, 0);
            }
            for port in [master.ar.ready, master.aw.ready] {
                self.model.set(port, 1);
            }
            *driven = Driven::default();
        }
        self.bus.clear();
        self.follow_waves();
        self.model.set(self.top.reset, 1);
        self.cycle += self.model.pass(self.top.clock, RESET_CYCLES, &[]);
        self.model.set(self.top.reset, 0);
        self.model.eval();
        (self.running, self.line, self.event) = (false, false, false);
    }

    /// True if a program runs, or something of it is under way.
    pub(super) const fn running(&self) -> bool {
        self.running
    }

    /// True once after the interrupt has risen.
    pub(super) fn take_event(&mut self) -> bool {
        std::mem::take(&mut self.event)
    }

    /// What the masters' ports have counted.
    pub(super) fn statistics(&self) -> PortStatistics {
        self.bus.statistics()
    }

    /// The requests of the running or last job, in its cycles.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.bus.kept_requests()
    }

    /// What the engines have done in the running or last job, if the top is traced.
    pub(super) fn retirements(&self) -> Vec<Retirement> {
        self.trace.as_ref().map_or_else(Vec::new, |trace| trace.retirements().to_vec())
    }

    /// Writes waves of this cycle, or does not; gives the cycles until that changes, as far as it is known.
    fn follow_waves(&mut self) -> u64 {
        let Some(cycles) = &self.wave_cycles else { return u64::MAX };
        let now = self.bus.job_cycle(self.cycle);
        let on = now.is_some_and(|now| cycles.contains(&now));
        let border = match now {
            Some(now) if now < cycles.start => cycles.start - now,
            Some(now) if now < cycles.end => cycles.end - now,
            _ => u64::MAX,
        };
        if on != std::mem::replace(&mut self.writes_waves, on) {
            self.model.waves(on);
        }
        border
    }

    /// Compares the instructions of the next job, if the top is traced.
    pub(super) fn expect(&mut self, expected: Vec<Expected>) {
        self.trace.iter_mut().for_each(|trace| trace.expect(expected.clone()));
    }

    /// One cycle; `observe` sees the outputs before its rising edge.
    fn step<T>(&mut self, observe: impl FnOnce(&Model, &Top) -> T) -> Result<T, Violation> {
        // Requests come from registers of the core: nothing that is driven below changes them.
        for direction in [Direction::Read, Direction::Write] {
            for (index, master) in self.top.masters.iter().enumerate() {
                let ask = if direction == Direction::Read { &master.ar } else { &master.aw };
                if self.model.get(ask.valid) == 1 {
                    let burst = burst(&self.model, ask);
                    self.bus.request(index, direction, burst, self.cycle)?;
                }
            }
        }
        for index in 0..self.driven.len() {
            self.drive(index);
        }
        self.model.eval();
        for index in 0..self.driven.len() {
            self.exchange(index)?;
        }
        if let (Some(trace), Some(cycle)) = (&mut self.trace, self.bus.job_cycle(self.cycle)) {
            trace.observe(&self.model, self.bus.memory(), cycle)?;
        }
        let observed = observe(&self.model, &self.top);
        self.follow_waves();
        self.model.tick(self.top.clock);
        self.cycle += 1;
        self.follow_line();
        Ok(observed)
    }

    fn drive(&mut self, index: usize) {
        let (master, driven) = (&self.top.masters[index], &mut self.driven[index]);
        let mut set = |port: PortId, now: bool, before: &mut bool| {
            if now != std::mem::replace(before, now) {
                self.model.set(port, u64::from(now));
            }
        };
        let offered = self.bus.offered(index, self.cycle);
        set(master.rvalid, offered.is_some(), &mut driven.rvalid);
        set(master.wready, self.bus.ready(index, self.cycle), &mut driven.wready);
        let response = self.bus.response(index, self.cycle);
        set(master.bvalid, response.is_some(), &mut driven.bvalid);
        if let Some(beat) = offered {
            let mut words = [0; BEAT_WORDS];
            for (word, bytes) in words.iter_mut().zip(beat.data.as_chunks::<4>().0) {
                *word = u32::from_le_bytes(*bytes);
            }
            self.model.set_wide(master.rdata, &words);
            self.model.set(master.rresp, beat.response as u64);
            self.model.set(master.rlast, u64::from(beat.last));
        }
        if let Some(response) = response {
            self.model.set(master.bresp, response as u64);
        }
    }

    /// What of the offered is taken, and what is given.
    fn exchange(&mut self, index: usize) -> Result<(), Violation> {
        let (master, driven) = (&self.top.masters[index], self.driven[index]);
        let up = |port: PortId| self.model.get(port) == 1;
        if driven.rvalid && up(master.rready) {
            self.bus.beat_taken(index, self.cycle);
        }
        if driven.bvalid && up(master.bready) {
            self.bus.response_taken(index, self.cycle);
        }
        if driven.wready && up(master.wvalid) {
            let mut words = [0; BEAT_WORDS];
            self.model.get_words(master.wdata, &mut words);
            let mut data = [0; BEAT_BYTES];
            for (bytes, word) in data.as_chunks_mut::<4>().0.iter_mut().zip(words) {
                *bytes = word.to_le_bytes();
            }
            let strobes = self.model.get(master.wstrb);
            let last = up(master.wlast);
            self.bus.beat_given(index, self.cycle, &data, strobes, last)?;
        }
        Ok(())
    }

    fn follow_line(&mut self) {
        let line = self.model.get(self.top.interrupt) == 1;
        self.event |= line && !self.line;
        self.line = line;
    }

    /// Goes on by about `cycles` while a program runs, and finds out whether it still does.
    ///
    /// # Errors
    /// [`Violation`] if the RTL breaks a rule.
    pub(super) fn advance(&mut self, cycles: u64) -> Result<(), Violation> {
        let end = self.cycle + cycles;
        while self.cycle < end {
            let due = self.bus.next_due().unwrap_or(u64::MAX);
            let quiet = due.min(end).saturating_sub(self.cycle).min(self.follow_waves());
            // What is driven now has to be taken back first, which a step does.
            let is_driven = self.driven.iter().any(|d| d.rvalid || d.wready || d.bvalid);
            if quiet > 1 && !is_driven {
                let passed = self.model.pass(self.top.clock, quiet, &self.top.strobes);
                self.cycle += passed;
                self.follow_line();
                if passed == quiet {
                    continue;
                }
            }
            self.step(|_, _| ())?;
        }
        self.look()
    }

    /// Finds out whether a program runs.
    fn look(&mut self) -> Result<(), Violation> {
        self.running = self.load(regs::RUNNING.offset)? != 0 || self.bus.next_due().is_some();
        Ok(())
    }

    /// Reads a register.
    ///
    /// # Errors
    /// [`Violation`] if the RTL does not answer, or breaks a rule meanwhile.
    pub(super) fn load(&mut self, offset: u32) -> Result<u32, Violation> {
        let (araddr, arvalid, rready) =
            (self.top.lite.araddr, self.top.lite.arvalid, self.top.lite.rready);
        self.model.set(araddr, offset.into());
        self.model.set(arvalid, 1);
        self.model.set(rready, 1);
        for _ in 0..LITE_CYCLES {
            let (asked, value) = self.step(|model, top| {
                let value = model.get(top.lite.rvalid) == 1;
                let asked = model.get(top.lite.arready) == 1;
                (asked, value.then(|| model.get(top.lite.rdata) as u32))
            })?;
            if asked {
                self.model.set(arvalid, 0);
            }
            if let Some(value) = value {
                self.model.set(rready, 0);
                return Ok(value);
            }
        }
        Err(Violation::Silent { access: "read", offset, cycles: LITE_CYCLES })
    }

    /// Writes a register.
    ///
    /// # Errors
    /// As [`Machine::load`].
    pub(super) fn store(&mut self, offset: u32, value: u32) -> Result<(), Violation> {
        let starts = offset == regs::CONTROL.offset && value & control::START != 0;
        if starts {
            // The program before may have ended since it was looked at last.
            if self.running {
                self.look()?;
            }
            if !self.running {
                self.bus.restart();
                self.trace.iter_mut().for_each(Trace::clear);
            }
        }
        self.running |= starts;
        let lite = &self.top.lite;
        let (awvalid, wvalid, bready) = (lite.awvalid, lite.wvalid, lite.bready);
        self.model.set(lite.awaddr, offset.into());
        self.model.set(lite.wdata, value.into());
        self.model.set(lite.wstrb, 0xF);
        for port in [awvalid, wvalid, bready] {
            self.model.set(port, 1);
        }
        for _ in 0..LITE_CYCLES {
            let (asked, given, answered) = self.step(|model, top| {
                let up = |port| model.get(port) == 1;
                (up(top.lite.awready), up(top.lite.wready), up(top.lite.bvalid))
            })?;
            if asked {
                self.model.set(awvalid, 0);
            }
            if given {
                self.model.set(wvalid, 0);
            }
            if answered {
                self.model.set(bready, 0);
                return Ok(());
            }
        }
        Err(Violation::Silent { access: "write", offset, cycles: LITE_CYCLES })
    }
}

fn burst(model: &Model, ask: &Ask) -> Burst {
    Burst {
        address: model.get(ask.addr),
        len: model.get(ask.len) as u8,
        size: model.get(ask.size) as u8,
        kind: model.get(ask.burst) as u8,
    }
}

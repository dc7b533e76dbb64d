//! Updates and pruning on the core's update unit.

use super::Core;
use crate::{PortId, RtlError, Run, Watch};
use satkit_memory::MemoryModel;
use satkit_plan::{LaneBlock, Observer, Program, Retired, time_with};
use satkit_spec::{ConvShape, Sparsity};
use std::ops::Range;

/// Settings of an update, FP32.
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    /// Learning rate.
    pub learning_rate: f32,
    /// Momentum.
    pub momentum: f32,
    /// Weight decay.
    pub weight_decay: f32,
    /// Decay of the weights that N:M along Ci prunes (SR-STE); `None` for other methods.
    pub lambda: Option<f32>,
    /// Loss scale of dW, a power of two.
    pub loss_scale: f32,
    /// W and V stay as they are.
    pub skip: bool,
}

/// What is made for the next step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Made {
    /// N:M along Ci, or dense; `None` makes no FF weights.
    pub ff: Option<Sparsity>,
    /// N:M along Co, or dense; `None` makes no BP weights.
    pub bp: Option<Sparsity>,
}

/// Kept values and positions, N of each group.
pub type Groups = (Vec<u16>, Vec<u8>);

/// An update that the core executed.
#[derive(Clone, Debug, Default)]
pub struct UpdateRun {
    /// New weights, OIHW FP32 bits.
    pub w: Vec<u32>,
    /// New momentum.
    pub v: Vec<u32>,
    /// FF weights, groups in C order over (co, tap, ci / M); of dense ones the OIHW values.
    pub ff: Groups,
    /// BP weights, groups in C order over (ci, tap, co / M); of dense ones the OIHW values.
    pub bp: Groups,
    /// Cycles of the program, from the timing model.
    pub cycles: u64,
    /// What the core's counter of parameters has gone up by.
    pub parameters: u64,
    /// What the core's counter of groups has gone up by.
    pub groups: u64,
}

/// The ports of the update unit.
#[derive(Debug)]
pub(super) struct UpdatePorts {
    settings: Vec<(&'static str, PortId)>,
    reset: PortId,
    valid: PortId,
    w: PortId,
    v: PortId,
    dw: PortId,
    half: PortId,
    parameters: PortId,
    groups: PortId,
    watches: [Watch; 3],
}

/// Inputs that are held during an instruction.
const SETTINGS: [&str; 15] = [
    "update_prune_only",
    "update_skip",
    "update_srste",
    "update_make_ff",
    "update_make_bp",
    "update_prune_ff",
    "update_prune_bp",
    "update_mask_bp",
    "update_m_log2",
    "update_n",
    "update_inverse_loss_scale",
    "update_lambda",
    "update_weight_decay",
    "update_momentum",
    "update_learning_rate",
];

impl UpdatePorts {
    pub(super) fn of(model: &crate::Model) -> Result<Self, RtlError> {
        let port = |name: &str| model.port(name);
        let words = |name: &str| -> Result<Watch, RtlError> {
            let port = |part: &str| model.port(&format!("update_{name}_{part}"));
            let ports = vec![port("slots")?, port("values")?, port("positions")?];
            Ok(Watch { strobe: port("valid")?, ports })
        };
        let settings: Result<Vec<_>, RtlError> =
            SETTINGS.into_iter().map(|name| Ok((name, port(name)?))).collect();
        Ok(Self {
            settings: settings?,
            reset: port("update_reset")?,
            valid: port("update_valid")?,
            w: port("update_w")?,
            v: port("update_v")?,
            dw: port("update_dw")?,
            half: port("update_half")?,
            parameters: port("update_parameters")?,
            groups: port("update_groups")?,
            watches: [
                Watch {
                    strobe: port("update_new_valid")?,
                    ports: vec![port("update_new_w")?, port("update_new_v")?],
                },
                words("ff")?,
                words("bp")?,
            ],
        })
    }
}

/// What came out, with the cycle of the last of each kind.
#[derive(Default)]
struct Out {
    /// Cycle, W and V of each beat.
    updated: Vec<(u64, Vec<u32>, Vec<u32>)>,
    /// Slots of FF and of BP.
    groups: [Groups; 2],
    last_cycle: [Option<u64>; 2],
}

/// The blocks of WU that the timing model sees.
#[derive(Default)]
struct Blocks(Vec<LaneBlock>);

impl Observer for Blocks {
    fn retired(&mut self, _: &Retired) {}

    fn lanes(&mut self, block: &LaneBlock) {
        self.0.push(*block);
    }
}

/// Groups of OIHW weights along one kind of channel, in C order over (outer channel, tap, group).
fn order_along(shape: &ConvShape, along_ci: bool, m: usize) -> Vec<usize> {
    let (taps, ci) = (shape.taps(), shape.ci);
    let (outer, inner) = if along_ci { (shape.co, ci) } else { (ci, shape.co) };
    let mut order = Vec::with_capacity(shape.w_len());
    for a in 0..outer {
        for tap in 0..taps {
            for b in 0..inner / m * m {
                let (co, ci_at) = if along_ci { (a, b) } else { (b, a) };
                order.push((co * ci + ci_at) * taps + tap);
            }
        }
    }
    order
}

/// M x M blocks: output channels by input channels, the latter fastest.
fn order_of_blocks(shape: &ConvShape, m: usize) -> Vec<usize> {
    let (taps, ci) = (shape.taps(), shape.ci);
    let mut order = Vec::with_capacity(shape.w_len());
    for tap in 0..taps {
        for (co_block, ci_block) in
            (0..shape.co / m).flat_map(|co| (0..ci / m).map(move |ci| (co, ci)))
        {
            for (o, i) in (0..m).flat_map(|o| (0..m).map(move |i| (o, i))) {
                order.push(((co_block * m + o) * ci + ci_block * m + i) * taps + tap);
            }
        }
    }
    order
}

/// Puts groups that came block by block into C order. `rows` are the outer channels of the groups, `columns` the groups of each.
fn sort_blocks(
    (values, positions): Groups,
    n: usize,
    m: usize,
    taps: usize,
    is_ff: bool,
    (co_blocks, ci_blocks): (usize, usize),
) -> Groups {
    let mut sorted = (vec![0; values.len()], vec![0; positions.len()]);
    let mut at = 0;
    for tap in 0..taps {
        for (co, ci) in (0..co_blocks).flat_map(|co| (0..ci_blocks).map(move |ci| (co, ci))) {
            for inside in 0..m {
                let group = if is_ff {
                    ((co * m + inside) * taps + tap) * ci_blocks + ci
                } else {
                    ((ci * m + inside) * taps + tap) * co_blocks + co
                };
                sorted.0[group * n..][..n].copy_from_slice(&values[at..at + n]);
                sorted.1[group * n..][..n].copy_from_slice(&positions[at..at + n]);
                at += n;
            }
        }
    }
    sorted
}

/// The last weight of each direction comes out in the cycle that the last beat, which is given in one of the timing model, and SORE's
/// latency say, and before its
/// writes are issued. `latency_cycles` are those from the beat to the last word of FF and of BP, for what is made.
fn check_made(
    out: &Out,
    (count, lanes): (usize, usize),
    blocks: &[LaneBlock],
    given: &[(u64, usize)],
    latency_cycles: [Option<u64>; 2],
) -> Result<(), RtlError> {
    let refuse = |reason: String| Err(RtlError::Update { reason });
    // Blocks behind the last parameter only pass the lanes.
    let beats = |block: &LaneBlock| (block.elements as usize).min(count).div_ceil(lanes);
    let Some(last) = blocks.iter().find(|block| beats(block) == count.div_ceil(lanes)) else {
        return refuse(format!("no block of the timing model takes the last of {count} weights"));
    };
    // Of a panel, weights come before its operands are made: cycles are left.
    let last_beat = given.last().map_or(0, |(cycle, _)| *cycle);
    for ((name, out), latency) in ["FF", "BP"].iter().zip(out.last_cycle).zip(latency_cycles) {
        let made = latency.map(|latency| last_beat + latency);
        if out != made {
            let cycle =
                |cycle: Option<u64>| cycle.map_or("never".into(), |c| format!("in cycle {c}"));
            let (out, made) = (cycle(out), cycle(made));
            return refuse(format!("the last weight of {name} comes out {out}, not {made}"));
        }
        if out.is_some_and(|out| out >= last.ready_cycle) {
            let ready = last.ready_cycle;
            return refuse(format!("weights of {name} are not out when cycle {ready} writes them"));
        }
    }
    Ok(())
}

fn halves(words: &[u32]) -> impl Iterator<Item = u16> {
    words.iter().flat_map(|word| [*word as u16, (*word >> 16) as u16])
}

impl Core {
    fn set(&mut self, name: &str, value: u64) {
        let found = self.update.settings.iter().find(|(known, _)| *known == name);
        if let Some(&(_, port)) = found {
            self.model.set(port, value);
        }
    }

    fn sparsity(&mut self, sparsity: Sparsity) {
        self.set("update_m_log2", u64::from(sparsity.m().trailing_zeros()));
        self.set("update_n", sparsity.n() as u64);
    }

    /// One cycle of the unit, or several without input.
    fn update_cycles(&mut self, cycles: u64, base: u64, out: &mut Out) {
        let run = Run {
            clock: self.ports.clock,
            also: Some(self.ports.load_clock),
            cycles,
            watches: &self.update.watches,
            stop: None,
        };
        let lanes = self.config.wuve_lanes;
        let value_words = self.model.describe(self.update.watches[1].ports[1]).width / 32;
        self.now += self.model.run(&run, |record| {
            let cycle = record.cycle - base;
            if record.watch == 0 {
                let (w, v) = record.words.split_at(lanes);
                out.updated.push((cycle, w.to_vec(), v.to_vec()));
                return;
            }
            let direction = record.watch - 1;
            let slots = record.words[0] as usize;
            let (values, positions) = record.words[1..].split_at(value_words);
            out.groups[direction].0.extend(halves(values).take(slots));
            let nibbles = (0..slots).map(|slot| (positions[slot / 8] >> (slot % 8 * 4) & 15) as u8);
            out.groups[direction].1.extend(nibbles);
            out.last_cycle[direction] = Some(cycle);
        });
    }

    fn reset_update(&mut self) {
        self.model.set(self.update.valid, 0);
        self.model.set(self.update.reset, 1);
        self.model.tick(self.ports.clock);
        self.now += 1;
        self.model.set(self.update.reset, 0);
        for name in SETTINGS {
            self.set(name, 0);
        }
        self.model.eval();
    }

    /// Cycles after which nothing is left in the unit.
    fn rest(&self) -> u64 {
        (self.config.wuve_latency_cycles + self.config.sore_latency_cycles + 8) as u64
    }

    fn beat(&mut self, count: usize) {
        self.model.set(self.update.valid, (1 << count) - 1);
    }

    /// Gives the lanes `count` parameters, block by block in the cycles in which the timing model does; `give` puts some of them
    /// on the ports. Says in which cycles there were beats, and of how many.
    fn feed(
        &mut self,
        blocks: &[LaneBlock],
        count: usize,
        base: u64,
        makes: bool,
        out: &mut Out,
        mut give: impl FnMut(&mut Self, Range<usize>),
    ) -> Result<Vec<(u64, usize)>, RtlError> {
        let lanes = self.config.wuve_lanes;
        let (mut given, mut at) = (Vec::new(), 0);
        for block in blocks {
            let now = self.now - base;
            if block.start_cycle > now {
                self.beat(0);
                self.update_cycles(block.start_cycle - now, base, out);
            }
            // A beat that two blocks share is the earlier one's.
            let end = (block.elements as usize).next_multiple_of(lanes).min(count);
            if at >= end {
                // The longest stream goes on without parameters: its block passes the lanes in a cycle.
                self.beat(0);
                self.update_cycles(1, base, out);
            }
            while at < end {
                let own = at..(at + lanes).min(count);
                give(self, own.clone());
                self.beat(own.len());
                given.push((self.now - base, own.len()));
                self.update_cycles(1, base, out);
                at = own.end;
            }
            let now = self.now - base;
            if makes && now < block.free_cycle {
                // The unit of a panel goes on with what the lanes have been given.
                self.beat(0);
                self.update_cycles(block.free_cycle - now, base, out);
            }
            if self.now - base != block.free_cycle {
                let (rtl, model) = (self.now - base, block.free_cycle);
                let reason = format!(
                    "block {} leaves the lanes' input in cycle {rtl}, not {model}",
                    block.block
                );
                return Err(RtlError::Update { reason });
            }
        }
        self.beat(0);
        self.update_cycles(self.rest(), base, out);
        Ok(given)
    }

    /// Prunes groups of M consecutive FP16 values in SORE; NaNs have to be canonical. Gives N values and positions of each.
    ///
    /// # Errors
    /// [`RtlError::Update`] if the unit's counter does not say so many groups: a defect of the core.
    pub fn prune(&mut self, values: &[u16], sparsity: Sparsity) -> Result<Groups, RtlError> {
        let beats = values.len().div_ceil(self.config.wuve_lanes) as u64;
        let all = LaneBlock {
            index: 0,
            block: 0,
            elements: values.len() as u64,
            start_cycle: 0,
            free_cycle: beats,
            ready_cycle: u64::MAX,
        };
        self.prune_blocks(values, sparsity, &[all])
    }

    /// [`Core::prune`] in the cycles of `program`, a layer's SORE: its blocks are given to the lanes in the cycles in which their
    /// data has arrived in the timing model.
    ///
    /// # Errors
    /// [`RtlError::Plan`] if the program has no timing; [`RtlError::Update`] if cycles or counters differ from the
    /// timing model's: a defect of one of them.
    pub fn prune_timed(
        &mut self,
        values: &[u16],
        sparsity: Sparsity,
        program: &Program,
        memory: &MemoryModel,
    ) -> Result<Groups, RtlError> {
        let mut blocks = Blocks::default();
        time_with(&self.config, program, memory, &mut blocks)?;
        self.prune_blocks(values, sparsity, &blocks.0)
    }

    fn prune_blocks(
        &mut self,
        values: &[u16],
        sparsity: Sparsity,
        blocks: &[LaneBlock],
    ) -> Result<Groups, RtlError> {
        self.reset_update();
        for name in ["update_prune_only", "update_make_ff", "update_prune_ff"] {
            self.set(name, 1);
        }
        self.sparsity(sparsity);
        let lanes = self.config.wuve_lanes;
        let (mut out, base) = (Out::default(), self.now);
        let given = self.feed(blocks, values.len(), base, false, &mut out, |core, own| {
            let mut words = vec![0; (lanes * 16).div_ceil(32)];
            for (lane, value) in values[own].iter().enumerate() {
                words[lane / 2] |= u32::from(*value) << (lane % 2 * 16);
            }
            core.model.set_wide(core.update.half, &words);
        })?;
        let latency = self.config.sore_cycles(None) as u64;
        check_made(&out, (values.len(), lanes), blocks, &given, [Some(latency), None])?;
        let (counted, groups) =
            (self.model.get(self.update.groups), (values.len() / sparsity.m()) as u64);
        let slots = out.groups[0].0.len();
        if counted != groups || slots != groups as usize * sparsity.n() {
            return Err(RtlError::Update {
                reason: format!(
                    "SORE counts {counted} groups and gives {slots} slots of {groups} groups"
                ),
            });
        }
        let [ff, _] = out.groups;
        Ok(ff)
    }

    /// Executes the update of a layer: W, V and dW are OIHW FP32 bits. `program` is the timing model's; its blocks are given to
    /// the lanes in the cycles in which their data has arrived in it.
    ///
    /// # Errors
    /// [`RtlError::Plan`] if the program has no timing; [`RtlError::Update`] if cycles or counters differ from the
    /// timing model's: a defect of one of them.
    pub fn update(
        &mut self,
        shape: &ConvShape,
        [w, v, dw]: [&[u32]; 3],
        sgd: &Sgd,
        made: Made,
        program: &Program,
        memory: &MemoryModel,
    ) -> Result<UpdateRun, RtlError> {
        let mut blocks = Blocks::default();
        let timing = time_with(&self.config, program, memory, &mut blocks)?;
        let pruned = |made: Option<Sparsity>| made.filter(|sparsity| !sparsity.is_dense());
        let (ff, bp) = (pruned(made.ff), pruned(made.bp));
        // SR-STE's mask is one along Ci, whether weights are made or not.
        let masked = sgd.lambda.and(ff);
        let sparsity = ff.or(bp).unwrap_or(Sparsity::DENSE);
        let m = sparsity.m();
        let order = match (ff.is_some(), bp.is_some()) {
            (true, true) => order_of_blocks(shape, m),
            (true, false) => order_along(shape, true, m),
            (false, true) => order_along(shape, false, m),
            (false, false) => (0..shape.w_len()).collect(),
        };
        self.reset_update();
        self.sparsity(sparsity);
        for (name, flag) in [
            ("update_skip", sgd.skip),
            ("update_srste", masked.is_some()),
            ("update_make_ff", made.ff.is_some()),
            ("update_make_bp", made.bp.is_some()),
            ("update_prune_ff", ff.is_some()),
            ("update_prune_bp", bp.is_some()),
        ] {
            self.set(name, u64::from(flag));
        }
        for (name, value) in [
            ("update_inverse_loss_scale", 1.0 / sgd.loss_scale),
            ("update_lambda", sgd.lambda.unwrap_or(0.0)),
            ("update_weight_decay", sgd.weight_decay),
            ("update_momentum", sgd.momentum),
            ("update_learning_rate", sgd.learning_rate),
        ] {
            self.set(name, u64::from(value.to_bits()));
        }
        let lanes = self.config.wuve_lanes;
        let (mut out, base) = (Out::default(), self.now);
        let makes = made.ff.is_some() || made.bp.is_some();
        let given = self.feed(&blocks.0, order.len(), base, makes, &mut out, |core, own| {
            let ports = [(core.update.w, w), (core.update.v, v), (core.update.dw, dw)];
            for (port, values) in ports {
                let mut words = vec![0; lanes];
                for (word, &index) in words.iter_mut().zip(&order[own.clone()]) {
                    *word = values[index];
                }
                core.model.set_wide(port, &words);
            }
        })?;
        // What is skipped is not updated.
        let parameters = if sgd.skip { 0 } else { shape.w_len() };
        // Behind the lanes, BP's blocks turned over if both directions are pruned.
        let wuve = self.config.wuve_latency_cycles;
        let latency = |turned| (wuve + self.config.sore_cycles(turned)) as u64;
        let turned = ff.and(bp).map(|sparsity| sparsity.m());
        let latencies = [made.ff.map(|_| latency(None)), made.bp.map(|_| latency(turned))];
        check_made(&out, (order.len(), lanes), &blocks.0, &given, latencies)?;
        let directions = [ff, bp].into_iter().flatten().count();
        let groups = directions * shape.w_len() / m;
        self.check_update(&given, &out, (parameters, groups))?;

        let mut run = UpdateRun {
            w: vec![0; w.len()],
            v: vec![0; v.len()],
            cycles: timing.cycles,
            parameters: self.model.get(self.update.parameters),
            groups: self.model.get(self.update.groups),
            ..UpdateRun::default()
        };
        let mut places = order.iter();
        for ((_, new_w, new_v), (_, count)) in out.updated.iter().zip(&given) {
            for (lane, &place) in places.by_ref().take(*count).enumerate() {
                (run.w[place], run.v[place]) = (new_w[lane], new_v[lane]);
            }
        }
        let [ff_out, bp_out] = out.groups;
        let taps = shape.taps();
        let blocks = (shape.co / m, shape.ci / m);
        let arrange = |groups: Groups, direction: Option<Sparsity>, is_ff: bool| match direction {
            Some(own) if ff.is_some() && bp.is_some() => {
                sort_blocks(groups, own.n(), m, taps, is_ff, blocks)
            }
            Some(_) => groups,
            None => {
                let mut oihw = vec![0; groups.0.len()];
                for (&place, &value) in order.iter().zip(&groups.0) {
                    oihw[place] = value;
                }
                (oihw, Vec::new())
            }
        };
        run.ff = arrange(ff_out, ff, true);
        run.bp = arrange(bp_out, bp, false);
        Ok(run)
    }

    /// Every beat comes out after the lanes' latency, and the unit counts every parameter and group.
    fn check_update(
        &self,
        given: &[(u64, usize)],
        out: &Out,
        (parameters, groups): (usize, usize),
    ) -> Result<(), RtlError> {
        let latency = self.config.wuve_latency_cycles as u64;
        let refuse = |reason: String| Err(RtlError::Update { reason });
        let (inputs, outputs) = (
            given.iter().map(|(cycle, _)| cycle + latency),
            out.updated.iter().map(|(cycle, ..)| *cycle),
        );
        if !inputs.clone().eq(outputs) {
            return refuse(format!(
                "the {} beats do not come out {latency} cycles later",
                given.len()
            ));
        }
        let counted = self.model.get(self.update.groups);
        if counted != groups as u64 {
            return refuse(format!("SORE counts {counted} of {groups} groups"));
        }
        let counted = self.model.get(self.update.parameters);
        if counted != parameters as u64 {
            return refuse(format!("WUVE counts {counted} of {parameters} parameters"));
        }
        Ok(())
    }
}

//! Cards, programs and sessions of these tests.

#[cfg(target_os = "linux")]
pub(crate) use crate::served::card as virtual_card;

use satkit_host::session::{
    CardBuffer, CardProgram, Job, JobReport, Session, SessionError, SessionSettings,
};
use satkit_plan::{DataflowChoice, MacStage, plan_stage};
use satkit_rtl::card::{RtlCard, RtlCardOptions};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::isa::{Engine, Instruction, Operation, Semaphore, SemaphoreSet};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage, regs};
use satkit_tests::{mms_of, part_of};
use satkit_transport::{Card, CardError};
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than any job here takes: only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The array of every card here.
pub(crate) fn array() -> ArrayConfig {
    ArrayConfig::tiny()
}

pub(crate) fn sim_card() -> Arc<dyn Card> {
    Arc::new(SimCard::new(&array(), &SimCardOptions::default()).unwrap())
}

/// The Verilated accelerator; `None` without Verilator, which fails under `RTL_SIM=require`.
pub(crate) fn rtl_card() -> Option<Arc<dyn Card>> {
    rtl_card_with(&RtlCardOptions::default()).map(|card| Arc::new(card) as _)
}

pub(crate) fn rtl_card_with(options: &RtlCardOptions<'_>) -> Option<RtlCard> {
    if !satkit_tests::has_verilog_tool("verilator") {
        return None;
    }
    Some(RtlCard::new(&array(), options).unwrap())
}

/// The engines that a card has: all, but for hardware whose engines are not all written yet.
pub(crate) fn engines(card: &Arc<dyn Card>) -> &'static [Engine] {
    if card.info().name == RtlCard::NAME { satkit_hdl::accelerator::ENGINES } else { &Engine::ALL }
}

/// A program that a card executes to its end: [`good_program`], or on hardware [`flat_program`].
pub(crate) fn program_for(card: &Arc<dyn Card>) -> Vec<Instruction> {
    if card.info().name == RtlCard::NAME { flat_program() } else { good_program() }
}

/// Instructions that go to no engine.
pub(crate) fn kept_program(instructions: usize) -> Vec<Instruction> {
    // Without an MM, more of them than an MM may have are illegal.
    let is_kept = |i: &Instruction| {
        i.operation.engine().is_none() && !matches!(i.operation, Operation::Walk(_))
    };
    let kept: Vec<_> = good_program().into_iter().filter(is_kept).collect();
    kept.into_iter().cycle().take(instructions).collect()
}

/// A session with the tensors of the programs here in their place.
pub(crate) struct Ready {
    card: Arc<dyn Card>,
    session: Session,
    _tensors: CardBuffer,
}

impl Deref for Ready {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Ready {
    pub(crate) fn new(card: Arc<dyn Card>, settings: SessionSettings) -> Self {
        let session = Session::open_with(Arc::clone(&card), &array(), settings).unwrap();
        let tensors = session.reserve(0, TENSOR_BYTES).unwrap();
        Self { card, session, _tensors: tensors }
    }
}

/// A session without a watchdog, so that what hangs does so until the host ends it.
pub(crate) fn ready(card: &Arc<dyn Card>) -> Ready {
    let settings = SessionSettings { watchdog_cycles: 0, ..SessionSettings::default() };
    Ready::new(Arc::clone(card), settings)
}

/// A 2:8 sparse convolution with 16 channels on 6 x 6 pixels, forward; its tensors lie from address 0 on.
pub(crate) fn good_program() -> Vec<Instruction> {
    let shape = ConvShape::new(1, 16, (6, 6), 16, (3, 3), 1, 1).unwrap();
    let sparsity = Sparsity::new(2, 8).unwrap();
    let stage = MacStage::new(shape, Stage::Ff, sparsity).unwrap();
    let plan = plan_stage(&array(), stage, DataflowChoice::Auto).unwrap();
    plan.program.instructions().to_vec()
}

/// A 2:8 sparse linear layer of 64 inputs and 24 outputs, forward, for hardware that loads only patches like its: with the WALKs of its MMs.
pub(crate) fn flat_program() -> Vec<Instruction> {
    let shape = ConvShape::new(9, 64, (1, 1), 24, (1, 1), 1, 0).unwrap();
    let stage = MacStage::new(shape, Stage::Ff, Sparsity::new(2, 8).unwrap()).unwrap();
    let engines = [Engine::LoadActivations, Engine::LoadWeights, Engine::Mm, Engine::Store];
    part_of(&array(), stage, DataflowChoice::Os, &engines)
}

/// Bytes from address 0 on that hold the tensors of [`good_program`] and of [`flat_program`].
const TENSOR_BYTES: u64 = 1 << 20;

/// The engine of [`hanging_program`].
pub(crate) const HANGING_ENGINES: &[Engine] = &[Engine::Mm];

/// An MM that is executed, and one that waits for a load that does not come.
pub(crate) fn hanging_program() -> Vec<Instruction> {
    let (shape, stage) = (ConvShape::new(1, 8, (2, 2), 4, (1, 1), 1, 0).unwrap(), Stage::Ff);
    let stage = MacStage::new(shape, stage, Sparsity::DENSE).unwrap();
    let mut program = mms_of(&array(), stage, DataflowChoice::Os);
    let mm = program.iter().position(|i| i.operation.engine() == Some(Engine::Mm)).unwrap();
    program.truncate(mm + 1);
    let walks: Vec<_> =
        program.iter().filter(|i| matches!(i.operation, Operation::Walk(_))).copied().collect();
    program.extend(walks);
    let wait = SemaphoreSet::of(&[Semaphore::ActivationsFull]);
    program.push(Instruction { wait, ..program[mm] });
    program
}

/// Runs a good program and looks at what the card says of it.
pub(crate) fn runs_a_good_job(session: &Ready) -> JobReport {
    let program = session.load(&program_for(&session.card)).unwrap();
    let report = session.run(&program, PATIENCE).unwrap();
    assert_eq!(report.retired, program.instructions());
    assert!(report.cycles > u64::from(report.retired));
    assert!(!report.not_finite);
    report
}

/// A program that hangs until the host ends it, under way.
pub(crate) fn hanging_job(session: &Ready) -> (CardProgram, Job) {
    let program = session.load(&hanging_program()).unwrap();
    let job = session.submit(&program).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while session.card.read32(regs::RETIRED.offset).unwrap() == 0 {
        assert!(Instant::now() < deadline, "nothing retires");
        std::thread::yield_now();
    }
    (program, job)
}

/// The reason and the instruction of a fault.
pub(crate) fn fault(result: Result<JobReport, SessionError>) -> (u32, String, Option<u64>) {
    match result {
        Err(SessionError::Card(CardError::Fault { instruction, reason, address })) => {
            (instruction, reason, address)
        }
        other => panic!("{other:?} is no fault"),
    }
}

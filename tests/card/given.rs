//! Cards, programs and sessions of these tests.

#[cfg(target_os = "linux")]
pub(crate) use crate::served::card as virtual_card;

use satkit_host::session::{
    CardBuffer, CardProgram, Job, JobReport, Session, SessionError, SessionSettings,
};
use satkit_plan::{DataflowChoice, MacStage, plan_stage};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::isa::{Instruction, Operation};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage, regs};
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

/// Bytes from address 0 on that hold the tensors of [`good_program`].
const TENSOR_BYTES: u64 = 1 << 20;

/// The same without its last MM: a store waits for it for ever.
pub(crate) fn hanging_program() -> Vec<Instruction> {
    let mut program = good_program();
    let last = program.iter().rposition(|i| matches!(i.operation, Operation::MatMul(_))).unwrap();
    program.remove(last);
    program
}

/// Runs the good program and looks at what the card says of it.
pub(crate) fn runs_a_good_job(session: &Ready) -> JobReport {
    let program = session.load(&good_program()).unwrap();
    let report = session.run(&program, PATIENCE).unwrap();
    assert_eq!(report.retired, program.instructions());
    assert!(report.cycles > u64::from(report.retired) && !report.not_finite);
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

//! An operation as a step of one operation, with what makes its operands on the card before it.

use super::{Kernel, KernelOperands, KernelResults};
use crate::HostError;
use crate::step::{plain, shape_of, weight_fields};
use crate::tensors;
use satkit_memory::MemoryModel;
use satkit_plan::layout::{
    BEAT_BYTES, HALF_BYTES, master_bytes, single_tensor_bytes, tensor_bytes, weight_bytes,
};
use satkit_plan::step::{
    Edge, MacOperation, PruneOperation, Step, StepOperation, StepWork, TensorId, UpdateOperation,
    UpdateValues, VectorOperation, compile_at, room_bytes,
};
use satkit_plan::{DataflowChoice, MacStage, NoObserver, Scheduler, Timing, time_at};
use satkit_spec::isa::VectorOp;
use satkit_spec::{ArrayConfig, BpGradient, ConvShape, Dataflow, Sparsity, Stage, WeightOperand};

/// What a card does for one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelWork {
    /// The operation. Its program's cycles are those of the operation.
    work: StepWork,
    /// What makes pruned operands before it, on the same tensors.
    preparation: Vec<StepOperation>,
    io: Io,
}

/// The tensors that the host fills and reads.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Io {
    /// Dense weights as FF and as BP take them, and what is made of them.
    Prune { from: [TensorId; 2], to: [(MacStage, TensorId); 2] },
    /// The streamed operand, that of the columns, and the results.
    Stage { mac: MacStage, a: TensorId, w: TensorId, out: TensorId },
    /// Master weights with momentum, gradient, the step's numbers.
    Update { master: TensorId, gradient: TensorId, numbers: TensorId },
}

/// An operation's program and what the timing model says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelPlan {
    /// The program, and where its tensors lie.
    pub step: Step,
    /// First byte of the program in card memory.
    pub address: u64,
    /// Its timing there.
    pub timing: Timing,
}

impl KernelPlan {
    /// Times a program that lies at byte `address` of card memory, with `memory`.
    ///
    /// # Errors
    /// [`HostError::Plan`] if it cannot run there.
    pub fn new(
        config: &ArrayConfig,
        step: Step,
        address: u64,
        memory: &MemoryModel,
    ) -> Result<Self, HostError> {
        let timing = time_at(config, &step.program, address, memory, &mut NoObserver)?;
        Ok(Self { step, address, timing })
    }

    /// The dataflow of the largest matrix problem; none without one.
    #[must_use]
    pub fn dataflow(&self) -> Option<Dataflow> {
        let choices = self.step.sections.iter().filter_map(|section| section.choice());
        choices.map(|choice| choice.mapping.dataflow()).next()
    }
}

fn pixels(shape: &ConvShape) -> [u64; 2] {
    let [x, y] = [shape.h * shape.w, shape.out_h() * shape.out_w()];
    [(shape.batch * x) as u64, (shape.batch * y) as u64]
}

impl KernelWork {
    /// Writes down what a card does.
    ///
    /// # Errors
    /// As [`Kernel::check`].
    pub fn new(kernel: &Kernel) -> Result<Self, HostError> {
        kernel.check()?;
        let title = kernel.name().to_owned();
        let mut recorder = Recorder {
            kernel,
            work: StepWork { title, ..StepWork::default() },
            preparation: vec![],
        };
        let io = match &kernel.operands {
            KernelOperands::Prune { .. } => recorder.prune()?,
            KernelOperands::Ff { .. } => recorder.stage(Stage::Ff)?,
            KernelOperands::Bp { .. } => recorder.stage(Stage::Bp)?,
            KernelOperands::Wu { .. } => recorder.stage(Stage::Wu)?,
            KernelOperands::Update { .. } => recorder.update()?,
        };
        Ok(Self { work: recorder.work, preparation: recorder.preparation, io })
    }

    /// Bytes of card memory that the tensors take.
    ///
    /// # Errors
    /// [`HostError::Plan`] if the card has less.
    pub fn room_bytes(&self) -> Result<u64, HostError> {
        Ok(room_bytes(&self.work)?)
    }

    /// Plans the operation, with its tensors from byte `base` of card memory on.
    ///
    /// # Errors
    /// [`HostError::Plan`] if the machine cannot run it.
    pub fn plan(
        &self,
        config: &ArrayConfig,
        dataflow: DataflowChoice,
        base: u64,
    ) -> Result<Step, HostError> {
        let scheduler = Scheduler::new(config, dataflow)?;
        Ok(compile_at(&self.work, base, &scheduler, &|_| {})?)
    }

    /// The program that makes the pruned operands, if there are any.
    pub(super) fn preparation(
        &self,
        config: &ArrayConfig,
        base: u64,
    ) -> Result<Option<Step>, HostError> {
        if self.preparation.is_empty() {
            return Ok(None);
        }
        let scheduler = Scheduler::new(config, DataflowChoice::Auto)?;
        let (tensors, operations) = (self.work.tensors.clone(), self.preparation.clone());
        let work = StepWork { tensors, operations, ..StepWork::default() };
        Ok(Some(compile_at(&work, base, &scheduler, &|_| {})?))
    }

    /// What is uploaded, as it lies in card memory.
    pub(super) fn uploads(
        &self,
        config: &ArrayConfig,
        kernel: &Kernel,
    ) -> Vec<(TensorId, Vec<u8>)> {
        let shape = &kernel.shape;
        let [x_image, y_image] = [shape.h * shape.w, shape.out_h() * shape.out_w()];
        match (&self.io, &kernel.operands) {
            (Io::Prune { from, to }, KernelOperands::Prune { w }) => {
                let dense = |(mac, _): (MacStage, _)| MacStage { sparsity: Sparsity::DENSE, ..mac };
                let operands = to.map(|to| tensors::operand(&dense(to), w));
                from.iter().copied().zip(operands).collect()
            }
            (Io::Stage { mac, a, w: to, .. }, KernelOperands::Ff { x, w }) => {
                let dense = MacStage { sparsity: Sparsity::DENSE, ..*mac };
                vec![
                    (*a, tensors::images(x, shape.ci, x_image)),
                    (*to, tensors::operand(&dense, w)),
                ]
            }
            (Io::Stage { mac, a, w: to, .. }, KernelOperands::Bp { dy, w }) => {
                let dense = MacStage { sparsity: Sparsity::DENSE, ..*mac };
                vec![
                    (*a, tensors::images(dy, shape.co, y_image)),
                    (*to, tensors::operand(&dense, w)),
                ]
            }
            (Io::Stage { a, w, .. }, KernelOperands::Wu { x, dy }) => vec![
                (*a, tensors::images(x, shape.ci, x_image)),
                (*w, tensors::images(dy, shape.co, y_image)),
            ],
            (
                Io::Update { master, gradient, numbers },
                KernelOperands::Update { w, v, dw, numbers: given },
            ) => {
                let mut both = tensors::master(config, shape, w);
                both.extend(tensors::master(config, shape, v));
                vec![
                    (*master, both),
                    (*gradient, tensors::master(config, shape, dw)),
                    (*numbers, tensors::numbers(given)),
                ]
            }
            // The work was made from this kernel.
            _ => Vec::new(),
        }
    }

    /// The results, from the bytes that `download` reads of a tensor.
    pub(super) fn results(
        &self,
        config: &ArrayConfig,
        kernel: &Kernel,
        mut download: impl FnMut(TensorId, u64) -> Result<Vec<u8>, HostError>,
    ) -> Result<KernelResults, HostError> {
        let shape = &kernel.shape;
        let mut all = |tensor: TensorId| download(tensor, self.work.all(tensor).bytes);
        Ok(match self.io {
            Io::Prune { to, .. } => {
                let mut read = |(mac, tensor)| -> Result<_, HostError> {
                    let m = kernel.sparsity.m();
                    Ok(tensors::read_compact(&mac, m, &all(tensor)?))
                };
                KernelResults::Pruned([read(to[0])?, read(to[1])?])
            }
            Io::Stage { mac, out, .. } => {
                let bytes = all(out)?;
                let [x, y] = [shape.h * shape.w, shape.out_h() * shape.out_w()];
                KernelResults::Stage(match mac.stage {
                    Stage::Ff => tensors::read_accumulators(&bytes, shape.batch, shape.co, y),
                    Stage::Bp => tensors::read_accumulators(&bytes, shape.batch, shape.ci, x),
                    Stage::Wu => tensors::read_master(config, shape, &bytes),
                })
            }
            Io::Update { master, .. } => {
                let bytes = all(master)?;
                let (w, v) = bytes.split_at(bytes.len() / 2);
                let read = |bytes| tensors::read_master(config, shape, bytes);
                KernelResults::Updated(read(w), read(v))
            }
        })
    }
}

/// A kernel's work under way.
struct Recorder<'k> {
    kernel: &'k Kernel,
    work: StepWork,
    preparation: Vec<StepOperation>,
}

impl Recorder<'_> {
    fn mac(&self, stage: Stage, operand: WeightOperand) -> Result<MacStage, HostError> {
        let sparsity = match operand {
            WeightOperand::PrunedCi | WeightOperand::PrunedCo => self.kernel.sparsity,
            WeightOperand::Dense | WeightOperand::PrunedCiAsDense => Sparsity::DENSE,
        };
        Ok(MacStage::new(self.kernel.shape, stage, sparsity)?)
    }

    /// The SORE instruction that makes an operand of `stage` from dense weights.
    fn sore(
        &self,
        shape: &ConvShape,
        (stage, operand): (Stage, WeightOperand),
        [from, to]: [TensorId; 2],
    ) -> StepOperation {
        let sparsity = self.kernel.sparsity;
        let along_co = stage == Stage::Bp;
        let operands = if along_co {
            [WeightOperand::Dense, operand]
        } else {
            [operand, WeightOperand::Dense]
        };
        StepOperation::Prune(PruneOperation {
            name: self.work.title.clone(),
            parameters: shape.w_len() as u64,
            along_co,
            from: self.work.all(from),
            to: self.work.all(to),
            single: false,
            values: Some(weight_fields(shape, sparsity, operands, false)),
        })
    }

    fn prune(&mut self) -> Result<Io, HostError> {
        // A BP with a stride may use some of the taps only; one of the kernel's size has them all.
        let shape = &self.kernel.shape;
        let kernel = (shape.kh, shape.kw);
        let shape = ConvShape::new(1, shape.ci, kernel, shape.co, kernel, 1, 0)?;
        let mut direction = |stage, operand, name: &str| -> Result<_, HostError> {
            let mac = MacStage::new(shape, stage, self.kernel.sparsity)?;
            let dense = MacStage::new(shape, stage, Sparsity::DENSE)?;
            let from = self.work.tensor(format!("W for {stage}"), weight_bytes(&dense));
            let to = self.work.tensor(name, weight_bytes(&mac));
            let sore = self.sore(&shape, (stage, operand), [from, to]);
            self.work.operations.push(sore);
            Ok((from, (mac, to)))
        };
        let (ff_from, ff) = direction(Stage::Ff, WeightOperand::PrunedCi, "Wff")?;
        let (bp_from, bp) = direction(Stage::Bp, WeightOperand::PrunedCo, "Wbp")?;
        Ok(Io::Prune { from: [ff_from, bp_from], to: [ff, bp] })
    }

    fn stage(&mut self, stage: Stage) -> Result<Io, HostError> {
        let Kernel { shape, method, sparsity, .. } = *self.kernel;
        let prunes = !sparsity.is_dense();
        let [x_pixels, y_pixels] = pixels(&shape);
        let operand = match stage {
            Stage::Ff => method.ff_weight(),
            Stage::Bp => method.bp_weight(),
            Stage::Wu => WeightOperand::Dense,
        };
        let mac = self.mac(stage, operand)?;
        let (x, y) = (tensor_bytes(x_pixels, shape.ci), tensor_bytes(y_pixels, shape.co));
        let work = &mut self.work;
        let (a, out) = match stage {
            Stage::Ff => {
                let y = single_tensor_bytes(y_pixels, shape.co);
                (work.tensor("X", x), work.tensor("Y", y))
            }
            Stage::Bp => {
                let x = single_tensor_bytes(x_pixels, shape.ci);
                (work.tensor("dY", y), work.tensor("dX", x))
            }
            Stage::Wu => (work.tensor("X", x), work.tensor("dW", master_bytes(&shape))),
        };
        let mut streamed = a;
        if stage == Stage::Bp && method.bp_gradient() == BpGradient::PrunedCoAsDense && prunes {
            streamed = work.tensor("pruned dY", y);
            let mut values = shape_of(shape.batch, &[shape.co, shape.out_h(), shape.out_w()]);
            (values.n, values.m) = (sparsity.n() as u8, sparsity.m() as u8);
            self.preparation.push(StepOperation::Vector(VectorOperation {
                name: self.work.title.clone(),
                op: VectorOp::PruneGradient,
                elements: y / HALF_BYTES,
                reads: vec![self.work.all(a)],
                writes: vec![self.work.all(streamed)],
                barrier: Vec::new(),
                divisible: true,
                values: Some(plain(values)),
            }));
        }
        let (given, columns) = if stage == Stage::Wu {
            let dy = self.work.tensor("dY", y);
            (dy, dy)
        } else {
            let dense = self.mac(stage, WeightOperand::Dense)?;
            let given = self.work.tensor("W", weight_bytes(&dense));
            if operand == WeightOperand::Dense || !prunes {
                (given, given)
            } else {
                let pruned = self.work.tensor("pruned W", weight_bytes(&mac));
                let sore = self.sore(&shape, (stage, operand), [given, pruned]);
                self.preparation.push(sore);
                (given, pruned)
            }
        };
        self.work.operations.push(StepOperation::Mac(MacOperation {
            name: self.work.title.clone(),
            stage: mac,
            a: streamed,
            w: columns,
            out,
            edge: Edge::default(),
            single: true,
            values: None,
        }));
        Ok(Io::Stage { mac, a, w: given, out })
    }

    fn update(&mut self) -> Result<Io, HostError> {
        let Kernel { shape, method, sparsity, .. } = *self.kernel;
        let bytes = master_bytes(&shape);
        let master = self.work.tensor("W and V", 2 * bytes);
        let gradient = self.work.tensor("dW", bytes);
        let numbers = self.work.tensor("numbers", BEAT_BYTES);
        // Groups that do not fit are no reason not to update: those weights stay dense.
        let fits = |operand: WeightOperand| {
            let channels = match operand {
                WeightOperand::PrunedCo => shape.co,
                WeightOperand::Dense => return operand,
                WeightOperand::PrunedCi | WeightOperand::PrunedCiAsDense => shape.ci,
            };
            if channels.is_multiple_of(sparsity.m()) { operand } else { WeightOperand::Dense }
        };
        let operands = [fits(method.ff_weight()), fits(method.bp_weight())];
        let mut made = |stage, operand, name: &str| -> Result<_, HostError> {
            let mac = self.mac(stage, operand)?;
            let tensor = self.work.tensor(name, weight_bytes(&mac));
            Ok(Some((self.work.all(tensor), mac.sparsity)))
        };
        let ff = made(Stage::Ff, operands[0], "Wff")?;
        let bp = made(Stage::Bp, operands[1], "Wbp")?;
        let weights = weight_fields(&shape, sparsity, operands, method.decays_pruned());
        self.work.operations.push(StepOperation::Update(UpdateOperation {
            name: self.work.title.clone(),
            parameters: shape.w_len() as u64,
            master: self.work.all(master),
            gradient: self.work.all(gradient),
            ff,
            bp,
            weights: Some(weights),
            values: Some(UpdateValues { scalars: numbers, guarded: false }),
        }));
        Ok(Io::Update { master, gradient, numbers })
    }
}

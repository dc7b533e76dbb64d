//! Verilog of a block, one module per kind.
//!
//! RustHDL writes one module per instance, down to the single register: 1.3 million lines for an array of 32 x 32. [`emit`] takes
//! that text, makes its widths explicit (`tidy`) and merges identical modules from the leaves up (`merge`). The same block gives
//! the same text, byte for byte, on every machine.

mod join;
mod merge;
mod ports;
mod text;
mod tidy;

pub use ports::{Direction, Port};
pub use text::{NEVER, Wiring, bit, part, side_by_side};

use crate::HdlError;
use rust_hdl_core::prelude::{Block, generate_verilog};
use std::path::{Path, PathBuf};

/// Room for the largest array on the stack, where RustHDL keeps blocks by value. Untouched pages cost nothing.
const STACK_BYTES: usize = 1 << 30;

/// One module's Verilog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its name: the top's, or the top's and its kind's.
    pub name: String,
    /// From `module` to `endmodule`, with a final newline.
    pub text: String,
}

impl Module {
    /// Its ports, in order.
    #[must_use]
    pub fn ports(&self) -> Vec<Port> {
        ports::ports(&self.text)
    }
}

/// A block as Verilog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    modules: Vec<Module>,
}

impl Design {
    /// Every module once; one that is instantiated stands before who instantiates it, the top is last.
    #[must_use]
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The top module's name.
    #[must_use]
    pub fn top(&self) -> &str {
        &self.modules[self.modules.len() - 1].name
    }

    /// The top module's ports, in order.
    #[must_use]
    pub fn ports(&self) -> Vec<Port> {
        self.modules[self.modules.len() - 1].ports()
    }

    /// All modules as one text.
    #[must_use]
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.modules.iter().map(|module| module.text.as_str()).collect();
        texts.join("\n")
    }

    /// Writes one `.v` file per module and `<top>.f`, the list of them in order, into `directory`. Returns the list's path.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write_to(&self, directory: &Path) -> std::io::Result<PathBuf> {
        let mut list = String::new();
        for module in &self.modules {
            let file = format!("{}.v", module.name);
            std::fs::write(directory.join(&file), &module.text)?;
            list += &file;
            list += "\n";
        }
        let path = directory.join(format!("{}.f", self.top()));
        std::fs::write(&path, list)?;
        Ok(path)
    }
}

/// Sees whether there can be a thread for [`emit`], which has no other way to say so.
///
/// # Errors
/// [`HdlError::Stack`].
pub(crate) fn check_stack() -> Result<(), HdlError> {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(|| ());
    match thread {
        // It does nothing.
        Ok(thread) => drop(thread.join()),
        Err(error) => {
            return Err(HdlError::Stack { bytes: STACK_BYTES, reason: error.to_string() });
        }
    }
    Ok(())
}

/// The Verilog of the block that `build` makes, as module `top`; other modules are named `<top>_<kind>`.
///
/// # Panics
/// If RustHDL refuses the block: an input that nothing drives, a latch, a loop. If the system gives no thread with a large stack, which
/// whole designs find out before.
pub fn emit<U: Block>(top: &str, build: impl FnOnce() -> U + Send) -> Design {
    let verilog = std::thread::scope(|scope| {
        let generate = || {
            let mut block = build();
            block.connect_all();
            generate_verilog(&block)
        };
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let thread = thread.spawn_scoped(scope, generate).expect("a thread with a large stack");
        thread.join().expect("RustHDL accepts the block")
    });
    Design { modules: merge::merge(top, &verilog) }
}

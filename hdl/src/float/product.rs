//! The unsigned product of two operands of any width.

use rust_hdl_core::prelude::*;

/// `product = left * right`, combinational and as wide as both together, so that nothing is lost. RustHDL itself multiplies
/// 16 bits by 16 bits only, and its Verilog leaves the product's width to the context.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Product<const L: usize, const R: usize, const P: usize> {
    /// One factor.
    pub left: Signal<In, Bits<L>>,
    /// The other.
    pub right: Signal<In, Bits<R>>,
    /// What comes out: `P = L + R` bits.
    pub product: Signal<Out, Bits<P>>,
}

impl<const L: usize, const R: usize, const P: usize> Logic for Product<L, R, P> {
    fn update(&mut self) {
        let product = self.left.val().to_u64() * self.right.val().to_u64();
        self.product.next = product.to_bits();
    }

    fn connect(&mut self) {
        self.product.connect();
    }

    fn hdl(&self) -> Verilog {
        assert!(P == L + R && P <= 64, "a product of {L} and {R} bits has {} bits", L + R);
        Verilog::Custom(format!("always @(*) product = {{{R}'h0, left}} * {{{L}'h0, right}};"))
    }
}

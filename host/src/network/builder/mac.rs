//! Convolutions and linear layers.

use super::{Builder, Built, Epilogue, Kernel};
use crate::network::{Init, LayerSpec, NodeId, Op};
use satkit_spec::ConvShape;

impl Builder {
    /// A convolution.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn conv(&mut self, name: &str, x: NodeId, kernel: Kernel, epilogue: Epilogue) -> Built {
        let [ci, h, w] = self.image(name, x)?;
        let Kernel { co, side, stride, pad } = kernel;
        let shape = ConvShape::new(1, ci, (h, w), co, (side, side), stride, pad)
            .map_err(|error| self.refuse(name, error.to_string()))?;
        let weight = vec![co, ci, side, side];
        // A convolution is followed by ReLU, at once or after batch norm and a residual.
        let init = Init::He { fan_in: ci * side * side };
        let output = vec![co, shape.out_h(), shape.out_w()];
        self.mac(name, x, shape, false, (weight, init), output, epilogue)
    }

    /// A convolution without bias, `name`, then batch norm, `norm_name`, with the epilogue.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn conv_norm(
        &mut self,
        [name, norm_name]: [&str; 2],
        x: NodeId,
        kernel: Kernel,
        epilogue: Epilogue,
    ) -> Built {
        let y = self.conv(name, x, kernel, Epilogue::NONE)?;
        self.batch_norm(norm_name, y, epilogue)
    }

    /// A linear layer over the last axis of `[c]` or `[t, d]`.
    ///
    /// # Errors
    /// See [`Builder`].
    pub fn linear(&mut self, name: &str, x: NodeId, co: usize, epilogue: Epilogue) -> Built {
        let mut output = self.shape(x).to_vec();
        let (rows, ci) = match output[..] {
            [c] => (1, c),
            [t, d] => (t, d),
            _ => {
                let reason = format!("input {output:?}; accepted: [c] or [t, d], flatten images");
                return Err(self.refuse(name, reason));
            }
        };
        let shape = ConvShape::linear(rows, ci, co)
            .map_err(|error| self.refuse(name, error.to_string()))?;
        let init = if epilogue.relu {
            Init::He { fan_in: ci }
        } else {
            Init::Xavier { fan_in: ci, fan_out: co }
        };
        let last = output.len() - 1;
        output[last] = co;
        self.mac(name, x, shape, true, (vec![co, ci], init), output, epilogue)
    }

    fn mac(
        &mut self,
        name: &str,
        x: NodeId,
        shape: ConvShape,
        is_linear: bool,
        (weight_shape, init): (Vec<usize>, Init),
        output: Vec<usize>,
        Epilogue { bias, residual, relu }: Epilogue,
    ) -> Built {
        self.check_residual(name, residual, &output)?;
        let layer = self.layers.len();
        let weight = self.parameter(&format!("{name}.weight"), weight_shape, init);
        self.parameters[weight].layer = Some(layer);
        let bias =
            bias.then(|| self.parameter(&format!("{name}.bias"), vec![shape.co], Init::ZERO));
        self.layers.push(LayerSpec {
            name: name.into(),
            shape,
            is_linear,
            prunable: true,
            is_first: !self.nodes[x.0].needs_gradient,
            weight,
        });
        Ok(self.push(name, Op::Mac { x, layer, bias, residual, relu }, output))
    }
}

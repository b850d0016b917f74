//! The optimiser of network weights. Its state is ours, so that checkpoints can hold it.

use tch::{Kind, Tensor, no_grad};

/// Adam (Kingma and Ba, 2015) with beta1 = 0.9 where nothing else is said, beta2 = 0.999, epsilon = 1e-8. Weight decay
/// is added to the gradient (an L2 penalty), as in that method and in `PyTorch`'s `Adam`; it is not the decoupled decay
/// of `AdamW`.
#[derive(Debug)]
pub struct Adam {
    learning_rate: f64,
    weight_decay: f64,
    beta1: f64,
    /// Running mean of gradients.
    pub first: Tensor,
    /// Running mean of squared gradients.
    pub second: Tensor,
    /// Steps done.
    pub steps: u64,
    scratch: Tensor,
}

/// The share of the running mean of gradients that a step keeps, where nothing else is said.
pub const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl Adam {
    /// A fresh state for `parameters` numbers.
    #[must_use]
    pub fn new(parameters: i64, learning_rate: f64, weight_decay: f64) -> Self {
        let zeros = || Tensor::zeros([parameters], (Kind::Float, tch::Device::Cpu));
        Self { learning_rate, weight_decay, beta1: BETA1, first: zeros(), second: zeros(), steps: 0, scratch: zeros() }
    }

    /// The same with another beta1: adversaries move, and old gradients are of an adversary that is no more.
    #[must_use]
    pub fn with_beta1(self, beta1: f64) -> Self {
        Self { beta1, ..self }
    }

    /// The same on running means that lie elsewhere, where steps leave them, after so many steps.
    #[must_use]
    pub fn over(self, first: Tensor, second: Tensor, steps: u64) -> Self {
        Self { first, second, steps, ..self }
    }

    /// One step on the flat parameters. The gradient is used up.
    pub fn step(&mut self, parameters: &mut Tensor, gradient: &mut Tensor) {
        no_grad(|| {
            self.steps += 1;
            let steps = self.steps as f64;
            if self.weight_decay != 0.0 {
                let _ = parameters.mul_scalar_out(&self.scratch, self.weight_decay);
                let _ = gradient.g_add_(&self.scratch);
            }
            let _ = self.first.lerp_(gradient, 1.0 - self.beta1);
            let _ = gradient.square_();
            let _ = self.second.lerp_(gradient, 1.0 - BETA2);
            // parameters -= rate * (first / bias1) / (sqrt(second / bias2) + epsilon), with all factors moved into the
            // denominator: one pass less over the memory.
            let factor = -(1.0 - self.beta1.powf(steps)) / self.learning_rate;
            let _ = self.second.sqrt_out(&self.scratch);
            let _ = self.scratch.g_mul_scalar_(factor / (1.0 - BETA2.powf(steps)).sqrt());
            let _ = self.scratch.g_add_scalar_(factor * EPSILON);
            let _ = parameters.addcdiv_(&self.first, &self.scratch);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps by the formulas of Kingma and Ba, 2015, in 64-bit numbers.
    fn by_hand(start: f64, gradients: &[f64], rate: f64, decay: f64, beta1: f64) -> Vec<f64> {
        let (mut p, mut m, mut v, mut path) = (start, 0.0, 0.0, Vec::new());
        for (index, gradient) in gradients.iter().enumerate() {
            let t = index as i32 + 1;
            let g = gradient + decay * p;
            m = beta1 * m + (1.0 - beta1) * g;
            v = 0.999 * v + 0.001 * g * g;
            p -= rate * (m / (1.0 - beta1.powi(t))) / ((v / (1.0 - 0.999_f64.powi(t))).sqrt() + 1e-8);
            path.push(p);
        }
        path
    }

    #[test]
    fn steps_are_those_of_the_paper() {
        for (rate, decay, beta1) in [(0.1, 0.0, 0.9), (0.01, 0.1, 0.9), (0.1, 0.0, 0.5)] {
            let gradients = [0.5, -1.0, 0.25, 2.0, 0.0, -0.125];
            let mut adam = Adam::new(1, rate, decay).with_beta1(beta1);
            let mut parameters = Tensor::from_slice(&[1.5_f32]);
            for (expected, gradient) in by_hand(1.5, &gradients, rate, decay, beta1).iter().zip(gradients) {
                adam.step(&mut parameters, &mut Tensor::from_slice(&[gradient as f32]));
                let found = parameters.double_value(&[0]);
                assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
            }
        }
    }

    #[test]
    fn the_first_step_is_the_learning_rate() {
        let mut parameters = Tensor::from_slice(&[1.0_f32, -1.0]);
        Adam::new(2, 0.01, 0.0).step(&mut parameters, &mut Tensor::from_slice(&[3.0_f32, -0.001]));
        assert!((parameters.double_value(&[0]) - 0.99).abs() < 1e-6);
        assert!((parameters.double_value(&[1]) + 0.99).abs() < 1e-6);
    }
}

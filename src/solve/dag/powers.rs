//! Powers of one base whose exponents differ by one share their call of `pow`.

use super::{Binary, Dag, Id, Node, rebuild};
use std::collections::BTreeMap;

/// `outputs` with x^(b - 1) as x^b / x wherever both are needed, as they are in most derivatives of Hill kinetics. At x = 0
/// it is 0^(b - 1), which is known once b is; exponents that vary stay.
pub fn share_powers(dag: &mut Dag, outputs: &[Id]) -> Vec<Id> {
    let mut powers = BTreeMap::new();
    for (id, _) in dag.reachable(outputs).iter().enumerate().filter(|(_, needed)| **needed) {
        #[allow(clippy::cast_possible_truncation, reason = "ids are 32 bits wide")]
        let id = id as Id;
        if let Node::Binary(Binary::Power, base, exponent) = dag.node(id)
            && !dag.varies(exponent)
        {
            powers.insert((base, exponent), id);
        }
    }
    let (zero, one) = (dag.number(0.0), dag.number(1.0));
    let mut replacements = BTreeMap::new();
    for (&(base, exponent), &power) in &powers {
        let less = dag.subtract(exponent, one);
        let Some(&lower) = powers.get(&(base, less)) else { continue };
        let at_zero = dag.binary(Binary::Equal, base, zero);
        let (there, elsewhere) = (dag.power(zero, less), dag.divide(power, base));
        replacements.insert(lower, dag.select(at_zero, there, elsewhere));
    }
    rebuild(dag, outputs, &replacements)
}

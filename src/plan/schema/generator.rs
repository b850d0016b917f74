//! `generator name { kind = ... }`

use super::{filled, integer, number, one_of, word};
use crate::schema::{Choice, Field, Schema, Type, Value};

/// Generators that later stages bring.
pub(super) const NOT_YET: &[(&str, &str)] = &[
    ("transformer_cvae", "a conditional variational autoencoder with attention over the parameters"),
    ("ccgan", "a continuous conditional generative adversarial network (Ding et al., 2021)"),
    ("flow_matching", "conditional flow matching (Lipman et al., 2023)"),
];

pub(super) fn schemas() -> Vec<Schema> {
    vec![cvae()]
}

fn mlp() -> Choice {
    let layers = [
        word("gemm", "weights and bias"),
        word("batch_norm", "batch normalisation (Ioffe and Szegedy, 2015)"),
        word("relu", "rectified linear units"),
    ];
    let default = Value::List(layers.iter().map(filled).collect());
    Choice::new(
        "mlp",
        "a multilayer perceptron",
        vec![
            integer("depth", 1, 16, 2, "hidden blocks"),
            integer("width", 1, 8192, 256, "units of each hidden block"),
            Field::new(
                "layers",
                Type::List(Box::new(Type::Choice(layers.to_vec()))),
                default,
                "what one hidden block consists of, in order",
            ),
        ],
    )
}

fn loss() -> Field {
    let anneal = one_of(
        "anneal",
        vec![
            word("none", "the full weight from the first epoch"),
            Choice::new(
                "linear",
                "from 0 to the full weight, evenly",
                vec![integer("epochs", 1, 1_000_000, 50, "until the full weight is reached").unit("epochs")],
            ),
            Choice::new(
                "cyclical",
                "from 0 to the full weight several times (Fu et al., 2019)",
                vec![integer("cycles", 1, 1000, 4, "cycles over the whole training")],
            ),
        ],
        "how the weight grows during the training",
    );
    let gaussian = word("gaussian", "Gaussian likelihood with a learned variance for each parameter");
    let kl = Choice::new(
        "kl",
        "Kullback-Leibler divergence of the latent distribution from the standard normal one",
        vec![number("weight", 0.0, 1e3, 1.0, "its weight beside the reconstruction"), anneal],
    );
    let mut default = filled(&kl);
    if let Value::Choice(_, fields) = &mut default {
        fields.insert("anneal".to_owned(), Value::choice("cyclical", [("cycles", Value::Integer(4))]));
    }
    let default = Value::List(vec![filled(&gaussian), default]);
    let terms = vec![
        gaussian,
        word("bce", "binary cross-entropy; not a normalised likelihood of continuous targets"),
        word("continuous_bernoulli", "continuous Bernoulli likelihood (Loaiza-Ganem and Cunningham, 2019)"),
        kl,
    ];
    Field::new("loss", Type::Sum(terms), default, "what the training minimises: one reconstruction term, and kl")
}

fn cvae() -> Schema {
    Schema {
        kind: "generator cvae",
        doc: "A conditional variational autoencoder (Sohn, Lee and Yan, 2015) of parameter vectors, scaled to 0 .. 1 by \
              the problem's bounds on the estimation scale, given the condition.",
        fields: vec![
            one_of("kind", vec![word("cvae", "this generator")], "what generates"),
            one_of("encoder", vec![mlp()], "from parameters and condition to the latent distribution"),
            one_of("decoder", vec![mlp()], "from latent vector and condition to parameters"),
            integer("latent", 1, 1024, 8, "the size of the latent vector"),
            loss(),
            one_of(
                "train",
                vec![Choice::new(
                    "adam",
                    "Adam with decoupled weight decay (Kingma and Ba, 2015; Loshchilov and Hutter, 2019)",
                    vec![
                        number("lr", 1e-8, 10.0, 1e-3, "learning rate"),
                        number("weight_decay", 0.0, 10.0, 1e-5, "weight decay"),
                        integer("epochs", 1, 1_000_000, 300, "at most this many passes over the training rows")
                            .unit("epochs"),
                        integer("batch", 2, 1_000_000, 128, "rows of one step").unit("rows"),
                        integer("patience", 1, 1_000_000, 40, "ends after this long without a lower validation loss")
                            .unit("epochs"),
                    ],
                )],
                "how the weights are found",
            ),
        ],
    }
}

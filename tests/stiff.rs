//! The integrator on stiff problems with published solutions: the Test Set for IVP Solvers (Mazzia and Magherini 2008).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kexp::model::network::Network;
use kexp::model::problem::SolverSettings;
use kexp::solve::simulate;
use support::Builder;

/// States `y1`, `y2`, ... with these initial values and slopes.
fn system(initial: &[f64], slopes: &[&str]) -> Network {
    let mut builder = Builder::new();
    for (index, (value, slope)) in initial.iter().zip(slopes).enumerate() {
        let id = format!("y{}", index + 1);
        builder = builder.parameter(&id, *value).rate(&id, slope);
    }
    let mut network = builder.0;
    for parameter in &mut network.parameters {
        parameter.variable = true;
    }
    network
}

/// The largest relative error at the end, and the steps taken.
fn error(network: &Network, end: f64, settings: SolverSettings, expected: &[f64]) -> (f64, usize) {
    let trajectory = simulate(network, &[], &[end], settings).unwrap();
    let errors = trajectory.values[0].iter().zip(expected).map(|(value, expected)| (value / expected - 1.0).abs());
    (errors.fold(0.0, f64::max), trajectory.steps)
}

/// At tight tolerances the published digits are met, at loose ones the error is some tolerances.
fn check(network: &Network, end: f64, atol: f64, expected: &[f64]) {
    for (rtol, allowed) in [(1e-5, 5e-3), (1e-8, 1e-5), (1e-11, 2e-8)] {
        let settings = SolverSettings { rtol, atol: atol * rtol, most_steps: 100_000 };
        let (error, steps) = error(network, end, settings, expected);
        assert!(error < allowed, "rtol {rtol:e}: error {error:e} in {steps} steps");
    }
}

#[test]
fn robertson() {
    let slopes = ["-0.04 * y1 + 1e4 * y2 * y3", "0.04 * y1 - 1e4 * y2 * y3 - 3e7 * y2^2", "3e7 * y2^2"];
    let expected = [0.208_334_014_970_125_5e-7, 0.833_336_077_033_471_3e-13, 0.999_999_979_166_505];
    check(&system(&[1.0, 0.0, 0.0], &slopes), 1e11, 1e-10, &expected);
}

#[test]
fn van_der_pol() {
    let slopes = ["y2", "((1 - y1^2) * y2 - y1) * 1e6"];
    let expected = [1.706_167_732_170_483, -0.892_809_701_024_797_5];
    check(&system(&[2.0, 0.0], &slopes), 2.0, 1.0, &expected);
}

#[test]
fn hires() {
    let slopes = [
        "-1.71 * y1 + 0.43 * y2 + 8.32 * y3 + 0.0007",
        "1.71 * y1 - 8.75 * y2",
        "-10.03 * y3 + 0.43 * y4 + 0.035 * y5",
        "8.32 * y2 + 1.71 * y3 - 1.12 * y4",
        "-1.745 * y5 + 0.43 * y6 + 0.43 * y7",
        "-280 * y6 * y8 + 0.69 * y4 + 1.71 * y5 - 0.43 * y6 + 0.69 * y7",
        "280 * y6 * y8 - 1.81 * y7",
        "-280 * y6 * y8 + 1.81 * y7",
    ];
    let expected = [
        0.737_131_257_332_566_8e-3,
        0.144_248_572_631_618_5e-3,
        0.588_872_974_096_757_5e-4,
        0.117_565_134_328_314_9e-2,
        0.238_635_619_883_133_1e-2,
        0.623_896_825_274_279_6e-2,
        0.284_999_839_518_576_9e-2,
        0.285_000_160_481_423_1e-2,
    ];
    check(&system(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057], &slopes), 321.8122, 1e-4, &expected);
}

#[test]
fn oregonator() {
    let slopes = ["77.27 * (y2 + y1 * (1 - 8.375e-6 * y1 - y2))", "(y3 - (1 + y1) * y2) / 77.27", "0.161 * (y1 - y3)"];
    let expected = [1.000_814_870_318_523, 1_228.178_521_549_917, 132.055_494_284_670_6];
    check(&system(&[1.0, 2.0, 3.0], &slopes), 360.0, 1e-3, &expected);
}

#[test]
fn pollution() {
    let rates = [
        "0.35 * y1",
        "26.6 * y2 * y4",
        "1.23e4 * y5 * y2",
        "8.6e-4 * y7",
        "8.2e-4 * y7",
        "1.5e4 * y7 * y6",
        "1.3e-4 * y9",
        "2.4e4 * y9 * y6",
        "1.65e4 * y11 * y2",
        "9e3 * y11 * y1",
        "0.022 * y13",
        "1.2e4 * y10 * y2",
        "1.88 * y14",
        "1.63e4 * y1 * y6",
        "4.8e6 * y3",
        "3.5e-4 * y4",
        "0.0175 * y4",
        "1e8 * y16",
        "4.44e11 * y16",
        "1240 * y17 * y6",
        "2.1 * y19",
        "5.78 * y19",
        "0.0474 * y1 * y4",
        "1780 * y19 * y1",
        "3.12 * y20",
    ];
    // The reactions of each species: negative where they consume it.
    let stoichiometry: [&[i32]; 20] = [
        &[-1, -10, -14, -23, -24, 2, 3, 9, 11, 12, 22, 25],
        &[-2, -3, -9, -12, 1, 21],
        &[-15, 1, 17, 19, 22],
        &[-2, -16, -17, -23, 15],
        &[-3, 4, 4, 6, 7, 13, 20],
        &[-6, -8, -14, -20, 3, 18, 18],
        &[-4, -5, -6, 13],
        &[4, 5, 6, 7],
        &[-7, -8],
        &[-12, 7, 9],
        &[-9, -10, 8, 11],
        &[9],
        &[-11, 10],
        &[-13, 12],
        &[14],
        &[-18, -19, 16],
        &[-20],
        &[20],
        &[-21, -22, -24, 23, 25],
        &[-25, 24],
    ];
    let slopes: Vec<String> = stoichiometry
        .iter()
        .map(|reactions| {
            let terms = reactions.iter().map(|&reaction| {
                let sign = if reaction < 0 { "-1" } else { "1" };
                format!("({sign}) * {}", rates[reaction.unsigned_abs() as usize - 1])
            });
            terms.collect::<Vec<_>>().join(" + ")
        })
        .collect();
    let slopes: Vec<&str> = slopes.iter().map(String::as_str).collect();
    let mut initial = [0.0; 20];
    for (state, value) in [(2, 0.2), (4, 0.04), (7, 0.1), (8, 0.3), (9, 0.01), (17, 0.007)] {
        initial[state - 1] = value;
    }
    let expected = [
        0.564_625_548_002_276_9e-1,
        0.134_248_413_042_233_9,
        0.413_973_433_109_942_7e-8,
        0.552_314_020_748_435_9e-2,
        0.201_897_726_230_219_6e-6,
        0.146_454_186_349_396_6e-6,
        0.778_424_911_899_796_4e-1,
        0.324_507_535_339_601_8,
        0.749_401_338_388_040_6e-2,
        0.162_229_315_730_156_1e-7,
        0.113_586_383_325_707_5e-7,
        0.223_050_597_572_135_9e-2,
        0.208_716_288_279_863e-3,
        0.139_692_101_684_015_8e-4,
        0.896_488_485_689_829_5e-2,
        0.435_284_636_933_010_3e-17,
        0.689_921_969_626_340_5e-2,
        0.100_780_303_736_594_6e-3,
        0.177_214_651_396_998_4e-5,
        0.568_294_329_231_639_2e-4,
    ];
    check(&system(&initial, &slopes), 60.0, 1e-12, &expected);
}

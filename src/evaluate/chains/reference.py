"""Makes reference.csv: chains, and what ArviZ says of them. Needs arviz 0.21 and NumPy.

    python src/evaluate/chains/reference.py > src/evaluate/chains/reference.csv

Each line: name of the case, chains, draws of each, rhat (rank), ess bulk, tail and mean, then all draws, chain by chain.
"""

import arviz
import numpy

random = numpy.random.default_rng(20210601)


def autoregressive(chains, draws, coefficient):
    x = numpy.zeros((chains, draws))
    x[:, 0] = random.normal(size=chains) / numpy.sqrt(1 - coefficient**2)
    for at in range(1, draws):
        x[:, at] = coefficient * x[:, at - 1] + random.normal(size=chains)
    return x


apart = autoregressive(4, 100, 0.3)
apart[0] += 2.0
wide = autoregressive(3, 101, 0.5)
wide[1] *= 3.0
cases = {
    "independent": random.normal(size=(4, 100)),
    "slow": autoregressive(4, 150, 0.9),
    "antithetic": autoregressive(2, 120, -0.6),
    "apart": apart,
    "wide": wide,
    "one chain": autoregressive(1, 200, 0.5),
    "heavy tails": random.standard_cauchy(size=(4, 80)),
    "ties": random.integers(0, 4, size=(4, 90)).astype(float),
    "short": random.normal(size=(2, 5)),
}
for name, x in cases.items():
    x = numpy.round(x, 6)
    judged = [arviz.rhat(x, method="rank")] + [arviz.ess(x, method=method) for method in ("bulk", "tail", "mean")]
    numbers = [repr(float(value)) for value in judged] + [repr(float(value)) for value in x.ravel()]
    print(",".join([name, str(x.shape[0]), str(x.shape[1])] + numbers))

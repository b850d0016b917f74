"""What scikit-learn's Gaussian process says, as the reference of kexp's: targets, posteriors and likelihoods.

    pip install scikit-learn
    python benches/peers/gaussian_process.py > src/optimise/global/bayesian/reference.json

The hyperparameters are given, not fitted. The constant mean and the variance are the most likely ones under the kernel,
from their closed forms; scikit-learn then has a kernel of that variance, and targets with that mean taken off.
"""

import json

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern


def case(dimensions, count, lengthscales, noise, seed):
    draws = np.random.default_rng(seed)
    inputs = draws.uniform(size=(count, dimensions))
    targets = np.sin(3.0 * inputs).sum(axis=1) + inputs[:, 0] ** 2 + 5.0
    asked = draws.uniform(size=(5, dimensions))
    matern = Matern(length_scale=lengthscales, nu=2.5)
    correlations = matern(inputs) + noise * np.eye(count)
    ones = np.ones(count)
    mean = ones @ np.linalg.solve(correlations, targets) / (ones @ np.linalg.solve(correlations, ones))
    variance = (targets - mean) @ np.linalg.solve(correlations, targets - mean) / count
    process = GaussianProcessRegressor(ConstantKernel(variance) * matern, alpha=variance * noise, optimizer=None)
    process.fit(inputs, targets - mean)
    means, deviations = process.predict(asked, return_std=True)
    return {
        "lengthscales": lengthscales,
        "noise": noise,
        "inputs": inputs.tolist(),
        "targets": targets.tolist(),
        "asked": asked.tolist(),
        "means": (means + mean).tolist(),
        "deviations": deviations.tolist(),
        "log_likelihood": process.log_marginal_likelihood_value_,
    }


print(json.dumps([case(2, 6, [0.3, 0.7], 1e-4, 1), case(5, 12, [0.4, 2.0, 0.9, 1.3, 0.2], 1e-2, 2)], indent=1))

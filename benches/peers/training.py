"""Training and sampling generators: kexp beside the same networks in PyTorch, by turns in one run; prints a table.

    training.py [--turns 5] [--epochs 40] [--vectors 12800] [--threads 2] [--batches 128 512 2048 8192]
                                                                     runs everything (cargo bench builds kexp's side)
    training.py one train EPOCHS | one sample VECTORS BATCH THREADS  one measurement of PyTorch, one line of JSON

PyTorch must be the version of libtorch that kexp is linked with: pip install torch==2.13.0 numpy. Training is on one
thread: the cVAE 10-256-128-8 with batch normalisation and learned variance, batches of 128, Adam (the fused one, which is
PyTorch's fastest), losses of 512 training rows and of all held-out ones after each epoch, as kexp does it. Sampling is on
two: the flow's residual network (100 parameters, 5 blocks of 256), 50 midpoint steps, guidance 1.5; PyTorch chooses its
best batch first. Rates are medians over turns; processor time is that of all threads in user mode.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

ROWS, DIMENSIONS, LATENT, BATCH = 10_000, 10, 8, 128
HERE = os.path.dirname(os.path.abspath(__file__))


def train(epochs):
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(1)
    torch.manual_seed(1)

    def mlp(inputs, widths, outputs):
        layers = []
        for width in widths:
            layers += [nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU()]
            inputs = width
        return nn.Sequential(*layers, nn.Linear(inputs, outputs))

    class Cvae(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = mlp(DIMENSIONS + 1, [256, 128], 2 * LATENT)
            self.decoder = mlp(LATENT + 1, [128, 256], 2 * DIMENSIONS)

        def forward(self, xc, noise):
            x, c = xc[:, :DIMENSIONS], xc[:, DIMENSIONS:]
            mean, log_variance = self.encoder(xc).chunk(2, 1)
            log_variance = log_variance.clamp(-15, 15)
            z = mean + (0.5 * log_variance).exp() * noise
            mu, raw = self.decoder(torch.cat([z, c], 1)).chunk(2, 1)
            spread = -12 + F.softplus(-F.softplus(-raw) + 12)
            error = (x - mu.sigmoid()).square() * (-spread).exp()
            nll = 0.5 * (error + spread + math.log(2 * math.pi)).sum() / len(x)
            kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum() / len(x)
            return nll + kl

    rows = torch.rand(ROWS, DIMENSIONS + 1)
    held = torch.arange(ROWS) % 10 == 0
    training, validation = rows[~held], rows[held]
    measured = training[:512]
    fixed = [torch.randn(len(part), LATENT) for part in (measured, validation)]
    model = Cvae()
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5, fused=True)
    batches = math.ceil(len(training) / BATCH)
    started = processor = None
    for epoch in range(epochs):
        model.train()
        shuffled, noise = training[torch.randperm(len(training))], torch.randn(len(training), LATENT)
        for xc, eps in zip(shuffled.tensor_split(batches), noise.tensor_split(batches)):
            adam.zero_grad(set_to_none=True)
            model(xc, eps).backward()
            adam.step()
        model.eval()
        with torch.no_grad():
            losses = [float(model(part, eps)) for part, eps in zip((measured, validation), fixed)]
        assert all(map(math.isfinite, losses))
        if epoch == 0:
            started, processor = time.perf_counter(), os.times().user
    seconds = time.perf_counter() - started
    rate = (epochs - 1) * len(training) / seconds
    return {"rows_per_second": rate, "processor_seconds": os.times().user - processor, "seconds": seconds}


def sample(count, batch, threads):
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    width, blocks, dimensions, steps, guidance = 256, 5, 100, 50, 1.5
    features_count = 2 * 6 + 2 * 4 + 3

    class Velocity(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.seen = nn.Linear(dimensions, width), nn.Linear(features_count, width, bias=False)
            self.inner = nn.ModuleList(nn.Linear(width, width) for _ in range(blocks))
            self.features = nn.ModuleList(nn.Linear(features_count, width, bias=False) for _ in range(blocks))
            self.outer = nn.ModuleList(nn.Linear(width, width) for _ in range(blocks))
            self.last = nn.Linear(width, dimensions)

        def forward(self, z, seen):
            state = self.first(z) + self.seen(seen)
            for inner, features, outer in zip(self.inner, self.features, self.outer):
                state = state + outer(F.silu(inner(state) + features(seen)))
            return self.last(state)

    def waves(value, count):
        angles = value * torch.tensor([[0.5 * math.pi * 2.0**index for index in range(count)]])
        return torch.cat([value, angles.sin(), angles.cos()], 1)

    def features(at, condition, known):
        one = lambda value: torch.full((1, 1), value)
        seen = waves(one(condition), 4) * known
        return torch.cat([waves(one(at), 6), seen, one(1.0 - known)], 1)

    model, step = Velocity().eval(), 1.0 / steps

    def guided(place, at):
        free = model(place, features(at, 0.0, 0.0))
        return free.lerp(model(place, features(at, 0.0, 1.0)), guidance)

    def draw(count):
        place = torch.randn(count, dimensions)
        for index in range(steps):
            at = index * step
            middle = place + guided(place, at) * (0.5 * step)
            place = place + guided(middle, at + 0.5 * step) * step
        return place.double()

    with torch.inference_mode():
        draw(batch)
        started, processor, done = time.perf_counter(), os.times().user, []
        while sum(map(len, done)) < count:
            done.append(draw(min(batch, count - sum(map(len, done)))))
        seconds = time.perf_counter() - started
    assert torch.cat(done).isfinite().all()
    return {
        "vectors_per_second": count / seconds,
        "processor_seconds": os.times().user - processor,
        "seconds": seconds,
    }


def kexp_program():
    """The benchmark's own program, built."""
    command = ["cargo", "bench", "--locked", "--bench", "generators", "--no-run", "--message-format=json"]
    root = os.path.dirname(os.path.dirname(HERE))
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root).stdout
    built = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return next(one["executable"] for one in built if one.get("executable") and one["target"]["name"] == "generators")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--turns", type=int, default=5)
    arguments.add_argument("--epochs", type=int, default=40)
    arguments.add_argument("--vectors", type=int, default=12_800)
    arguments.add_argument("--threads", type=int, default=2, help="of sampling")
    arguments.add_argument("--batches", type=int, nargs="+", default=[128, 512, 2048, 8192])
    arguments.add_argument("--kexp", help="kexp's side, if it is built already")
    arguments = arguments.parse_args()
    kexp = arguments.kexp or kexp_program()
    run = lambda *command: json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    ours = lambda *words: run(kexp, *map(str, words))
    theirs = lambda *words: run(sys.executable, __file__, "one", *map(str, words))

    threads, quick = arguments.threads, min(arguments.vectors, 4096)
    sampled = lambda batch: theirs("sample", max(quick, batch), batch, threads)["vectors_per_second"]
    rates = {batch: sampled(batch) for batch in arguments.batches}
    batch = max(rates, key=rates.get)
    work = [
        ("training, rows a second", "rows_per_second", ["train", arguments.epochs], ["train", arguments.epochs]),
        (
            "sampling, vectors a second",
            "vectors_per_second",
            ["sample", arguments.vectors, threads],
            ["sample", arguments.vectors, batch, threads],
        ),
    ]
    print(f"PyTorch samples fastest in batches of {batch}: " + ", ".join(f"{b}: {r:.0f}/s" for b, r in rates.items()))
    for title, rate, our_words, their_words in work:
        turns = [(ours(*our_words), theirs(*their_words)) for _ in range(arguments.turns)]
        for what, of in [(title, rate), ("  processor time, s", "processor_seconds")]:
            a, b = (statistics.median(turn[side][of] for turn in turns) for side in (0, 1))
            ratio = a / b if of == rate else b / a
            print(f"{what:30} kexp {a:10.4g}   PyTorch {b:10.4g}   kexp is {ratio:.2f} times as fast", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        what, numbers = sys.argv[2], [int(word) for word in sys.argv[3:]]
        print(json.dumps({"train": train, "sample": sample}[what](*numbers)))
    else:
        main()

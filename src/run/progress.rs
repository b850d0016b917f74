//! What a run shows while it works: bars on a terminal, lines in a log, or nothing.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where progress goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Bars with the time left, on standard error when it is a terminal, else a line for each finished node.
    Terminal,
    /// Nothing.
    Quiet,
}

/// The progress of a whole run.
#[derive(Debug, Clone)]
pub struct Progress {
    bars: MultiProgress,
    lines: bool,
    total: Arc<ProgressBar>,
}

/// The progress of one node.
#[derive(Debug, Clone)]
pub struct NodeProgress {
    bar: ProgressBar,
}

impl Progress {
    /// The progress of a run of `nodes` nodes.
    #[must_use]
    pub fn new(show: Show, nodes: usize) -> Self {
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let bars = MultiProgress::with_draw_target(match show {
            Show::Terminal if terminal => ProgressDrawTarget::stderr_with_hz(5),
            _ => ProgressDrawTarget::hidden(),
        });
        let total = bars.add(ProgressBar::new(nodes as u64));
        total.set_style(style("{prefix:<44.bold} [{bar:24}] {pos}/{len} nodes, {elapsed} gone"));
        total.set_prefix("kexp run");
        Self { bars, lines: show == Show::Terminal && !terminal, total: Arc::new(total) }
    }

    /// Starts the bar of a node.
    #[must_use]
    pub fn node(&self, name: &str) -> NodeProgress {
        let bar = self.bars.insert_before(&self.total, ProgressBar::new(0));
        bar.set_style(style("{prefix:<44} [{bar:24.cyan/dim}] {pos}/{len} {msg}{eta} left"));
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(500));
        NodeProgress { bar }
    }

    /// Ends the bar of a node.
    pub fn finished(&self, node: &NodeProgress, name: &str, seconds: f64) {
        node.bar.finish_and_clear();
        self.bars.remove(&node.bar);
        self.total.inc(1);
        if self.lines {
            eprintln!("{seconds:>7.1} s  {name}");
        }
    }

    /// Says something that must not be overwritten by a bar.
    pub fn say(&self, line: &str) {
        self.bars.suspend(|| eprintln!("{line}"));
    }

    /// Ends all bars.
    pub fn end(&self) {
        self.total.finish_and_clear();
    }
}

impl NodeProgress {
    /// How many parts the node has, and how many are done already.
    pub fn start(&self, done: usize, parts: usize) {
        self.bar.set_length(parts as u64);
        self.bar.set_position(done as u64);
        self.bar.reset_eta();
    }

    /// One more part is done.
    pub fn advance(&self) {
        self.bar.inc(1);
    }

    /// So many parts are done.
    pub fn at(&self, done: usize) {
        self.bar.set_position(done as u64);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates above are valid").progress_chars("=> ")
}

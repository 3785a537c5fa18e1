//! Samples, taken in rounds in which all peers have their turn.

use crate::numbers::median;

/// What a sample counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
    PerSecond,
}

/// What is compared with each other, and in which tables it is shown.
pub(crate) struct Group {
    /// How it is selected on the command line.
    pub(crate) name: &'static str,
    /// What there are so many of: keys, names.
    pub(crate) many: &'static str,
    /// By their places in the rounds of a [`Row`]; the first is the one that others are compared with.
    pub(crate) peers: &'static [&'static str],
    /// The title of each table, and the places of the peers in it.
    pub(crate) tables: &'static [(&'static str, &'static [usize])],
}

/// One figure that an operation gives.
pub(crate) struct Figure {
    /// How it is named among the samples; the first one of an operation names that on the command line.
    pub(crate) name: &'static str,
    /// What it is, for the table.
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
}

impl Figure {
    pub(crate) const fn seconds(name: &'static str, title: &'static str) -> Figure {
        Figure { name, title, unit: Unit::Seconds }
    }
}

/// As many rounds as are asked for, whatever the size.
pub(crate) const AS_ASKED: fn(usize) -> usize = |_| usize::MAX;

/// An operation that is measured on a stage `S` by peers `P`.
pub(crate) struct Operation<S: 'static, P: 'static> {
    pub(crate) figures: &'static [Figure],
    /// What the floor is, or what else must be known of it.
    pub(crate) note: &'static str,
    /// Rounds at most for so many keys or names, for what takes long.
    pub(crate) most_rounds: fn(usize) -> usize,
    /// Measures it once: one sample for each figure; none at all where the peer has no such operation.
    pub(crate) sample: fn(&mut S, P) -> Vec<f64>,
}

impl<S, P> Operation<S, P> {
    pub(crate) fn name(&self) -> &'static str {
        self.figures[0].name
    }
}

/// All samples of one figure at one size, a row of a table.
pub(crate) struct Row {
    pub(crate) group: &'static Group,
    pub(crate) figure: &'static Figure,
    pub(crate) note: &'static str,
    pub(crate) size: usize,
    /// One of each peer that has the operation, for each round.
    pub(crate) rounds: Vec<Vec<Option<f64>>>,
}

impl Row {
    pub(crate) fn samples(&self, peer: usize) -> Vec<f64> {
        self.rounds.iter().filter_map(|round| round[peer]).collect()
    }

    /// The median of the ratios of the first peer to another within one round, in which both met the same weather.
    pub(crate) fn ratio(&self, to: usize) -> Option<f64> {
        let ratio = |round: &Vec<Option<f64>>| Some(round[0]? / round[to]?);
        median(self.rounds.iter().filter_map(ratio).collect())
    }
}

/// A stage: what the peers of a group work on.
pub(crate) trait Stage: Sized + 'static {
    type Peer: Copy;
    const GROUP: &'static Group;
    const PEERS: &'static [Self::Peer];

    /// How many keys or names there are.
    fn size(&self) -> usize;

    /// Waits until nothing goes on in the background.
    fn settle(&mut self);
}

/// Measures one operation as often as asked, all peers in turn.
pub(crate) fn measure<S: Stage>(stage: &mut S, operation: &'static Operation<S, S::Peer>, rounds: usize) -> Vec<Row> {
    eprintln!("  {}", operation.name());
    let row = |figure| Row { group: S::GROUP, figure, note: operation.note, size: stage.size(), rounds: Vec::new() };
    let mut rows: Vec<_> = operation.figures.iter().map(row).collect();
    let most = (operation.most_rounds)(stage.size());
    // The first round warms up, and does not count; it is left out where each takes minutes.
    for round in usize::from(most == 1)..=rounds.min(most) {
        let mut samples = vec![Vec::new(); S::PEERS.len()];
        for turn in 0..S::PEERS.len() {
            let peer = (round + turn) % S::PEERS.len();
            samples[peer] = (operation.sample)(stage, S::PEERS[peer]);
            stage.settle();
        }
        if round > 0 {
            for (at, row) in rows.iter_mut().enumerate() {
                row.rounds.push(samples.iter().map(|sample| sample.get(at).copied()).collect());
            }
        }
    }
    rows
}

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What has been tried how often, and what was wrong.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) counts: BTreeMap<String, u64>,
    wrong: u64,
    examples: Vec<String>,
}

impl Tally {
    pub(super) fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    pub(super) fn complain(&mut self, what: String) {
        self.wrong += 1;
        if self.examples.len() < 10 {
            self.examples.push(what);
        }
    }

    /// Counts, and complains about a wrong result.
    pub(super) fn note(&mut self, what: &str, result: Result<(), String>) {
        self.count(what);
        if let Err(wrong) = result {
            self.complain(format!("{what}: {wrong}"));
        }
    }

    pub(super) fn of(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    pub(super) fn add(mut self, other: Tally) -> Tally {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        self.wrong += other.wrong;
        self.examples.extend(other.examples);
        self
    }

    /// Prints the counts, and asserts that nothing was wrong and that each of these was tried often enough.
    #[track_caller]
    pub(super) fn assert_right(&self, who: &str, tried: &[(&str, u64)]) {
        println!("{who}: {:?}, {} wrong", self.counts, self.wrong);
        assert_eq!(self.wrong, 0, "{who}, of {:?}:\n{}", self.counts, self.examples.join("\n"));
        for (what, least) in tried {
            let count = self.of(what);
            assert!(count >= *least, "{who}: {what} was tried {count} times only");
        }
    }
}

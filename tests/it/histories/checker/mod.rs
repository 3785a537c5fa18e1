//! Whether a history is one of keys of which the greatest number wins, and in which nobody sees what was superseded before
//! he asked.
//!
//! A write *certainly supersedes* another when its number is greater; or, where a number is not known, when it began after
//! the other had returned. It has done so for all who begin to look after it has returned. Of two that overlap and whose
//! numbers nobody has told, either may stand.
//!
//! What the original may see beside that, and why: it lists the directory and opens then what is new to it. A record that
//! is replaced between the two it misses, and shows an older one that it had before or has caught (`docs/format.md`). So
//! while a write to a key is under way, the original may see what was superseded before it asked, yet nothing older than
//! what it has seen of the key or has written itself. That it is deaf to a key that it has created itself needs no
//! allowance: here it creates none.

mod look;
mod tests;
mod writes;

use std::collections::BTreeMap;

use super::event::{Client, Event, Found, What};
use look::Look;
use writes::{Returned, Write, Writes};

/// What is wrong with a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// A value that nobody had begun to put, or a removal that nobody had begun.
    FromNowhere,
    /// It was superseded before he asked.
    Stale,
    /// Older than what the same client has seen or written before.
    Backwards,
    /// A write has a smaller number than one that had returned before it began.
    Lost,
    /// One value has two numbers.
    Twice,
    /// After the last write not everybody sees the same.
    Disagreement,
}

/// The verdict on a history.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) wrong: Vec<(Wrong, String)>,
    /// How often the original was allowed what nobody else is.
    pub(super) excused: usize,
}

pub(super) fn check(history: &[Event]) -> Verdict {
    let mut stories: BTreeMap<usize, (Vec<Write>, Vec<Look>)> = BTreeMap::new();
    for event in history {
        let &Event { client, begin, end, ref what } = event;
        let write = |value, number| Write { client, begin, end, value, number };
        match *what {
            What::Put { key, value, number } => stories.entry(key).or_default().0.push(write(Some(value), number)),
            What::Remove { key, number } => stories.entry(key).or_default().0.push(write(None, number)),
            What::Saw(ref sights) => sights.iter().for_each(|sight| {
                let look = Look { client, begin, end, found: sight.found, number: sight.number };
                stories.entry(sight.key).or_default().1.push(look);
            }),
        }
    }
    let mut verdict = Verdict::default();
    for (key, (writes, mut looks)) in stories {
        looks.sort_by_key(|look| look.begin);
        let mut story = Story { key, writes: Writes::new(writes), verdict: &mut verdict };
        story.learn_numbers(&looks);
        story.check_order();
        for client in looks.iter().map(|look| look.client).collect::<std::collections::BTreeSet<_>>() {
            story.check_client(client, looks.iter().filter(|look| look.client == client));
        }
        story.check_agreement(&looks);
    }
    verdict
}

/// All that was written to one key.
struct Story<'a> {
    key: usize,
    writes: Writes,
    verdict: &'a mut Verdict,
}

impl Story<'_> {
    fn complain(&mut self, wrong: Wrong, what: &str) {
        self.verdict.wrong.push((wrong, format!("{wrong:?}: key {}: {what}", self.key)));
    }

    /// Whoever sees a value with a number tells the number of the put.
    fn learn_numbers(&mut self, looks: &[Look]) {
        for look in looks {
            let (Found::Value(value), Some(number)) = (look.found, look.number) else { continue };
            if let Some(known) = self.writes.learn(value, number) {
                self.complain(Wrong::Twice, &format!("{look}, and it has the number {known}"));
            }
        }
        self.writes.sum_up();
    }

    fn check_order(&mut self) {
        for (earlier, later) in self.writes.out_of_order() {
            self.complain(Wrong::Lost, &format!("{later} came after {earlier}"));
        }
    }

    /// What one client sees, look after look.
    fn check_client<'l>(&mut self, client: Client, looks: impl Iterator<Item = &'l Look>) {
        let own: Vec<Write> = self.writes.of(client).cloned().collect();
        let mut own = own.into_iter().peekable();
        let mut last: Option<Write> = None;
        for look in looks {
            while let Some(write) = own.next_if(|write| write.begin < look.begin) {
                last = Some(write);
            }
            last = self.check_look(look, last);
        }
    }

    /// Checks a look after the last thing that its client knows of, and gives what it knows of then.
    fn check_look(&mut self, look: &Look, last: Option<Write>) -> Option<Write> {
        let returned = self.writes.returned_before(look.begin);
        let begun = || self.writes.fitting(look).filter(|write| write.begin <= look.end);
        let current: Vec<Write> = begun().filter(|write| !returned.supersede(write)).collect();
        if current.is_empty() {
            return self.check_old(look, last, returned);
        }
        let is_not_older = |write: &Write| !last.as_ref().is_some_and(|last| last.certainly_supersedes(write));
        let possible: Vec<Write> = current.into_iter().filter(is_not_older).collect();
        let Some(first) = possible.iter().min_by_key(|write| write.begin) else {
            if let Some(last) = &last {
                self.complain(Wrong::Backwards, &format!("{look}, after {last}"));
            }
            return last;
        };
        // Which of several it was need not be known when its number is.
        if possible.len() == 1 || look.number.is_some() { Some(first.clone()) } else { last }
    }

    /// A look at what was superseded before, or never was.
    fn check_old(&mut self, look: &Look, last: Option<Write>, returned: Returned) -> Option<Write> {
        let Some(seen) = self.writes.fitting(look).find(|write| write.begin <= look.end) else {
            self.complain(Wrong::FromNowhere, &look.to_string());
            return last;
        };
        if let Some(last) = last.as_ref().filter(|last| last.certainly_supersedes(&seen)) {
            self.complain(Wrong::Backwards, &format!("{look}, after {last}"));
        } else if look.client == Client::Original && self.writes.is_one_under_way(look) {
            self.verdict.excused += 1;
            return Some(seen);
        } else {
            self.complain(Wrong::Stale, &format!("{look}, and {returned} had returned"));
        }
        last
    }

    /// What is seen after the last write is the same for all.
    fn check_agreement(&mut self, looks: &[Look]) {
        let after = looks.iter().filter(|look| look.begin > self.writes.last_end());
        let known = after.filter(|look| look.found != Found::Something);
        if let Some([one, other]) = known.collect::<Vec<_>>().windows(2).find(|pair| pair[0].found != pair[1].found) {
            let what = format!("{one}, and {other}");
            self.complain(Wrong::Disagreement, &what);
        }
    }
}

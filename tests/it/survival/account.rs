use keyfs::Value;

use super::{Moment, now};
use crate::ledger::Mishap;
use crate::random::Random;
use crate::signed::Signed;

/// Something that a key was given: a value with this number, or its removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Given {
    number: u64,
    is_value: bool,
}

/// What a key was given, and what of that must be there.
#[derive(Debug)]
pub(crate) struct Account {
    key: String,
    /// In order; the first is what the key had when the last mishap was over, and is on disk.
    given: Vec<Given>,
    /// The greatest number so far: none is used twice.
    last: u64,
    /// Everybody sees this one or a later one.
    acknowledged: usize,
    /// A loss of power leaves this one or a later one.
    durable: usize,
    /// Since when, by the last answers.
    durable_since: Vec<(Moment, usize)>,
    /// How often it was acknowledged that everybody sees it, and that it is on disk.
    pub(crate) acknowledgements: u64,
    pub(crate) made_durable: u64,
}

impl Account {
    /// Of a key that does not exist.
    pub(crate) fn new(key: String) -> Account {
        let given = vec![Given { number: 0, is_value: false }];
        let (last, acknowledged, durable, durable_since) = (0, 0, 0, Vec::new());
        Account { key, given, last, acknowledged, durable, durable_since, acknowledgements: 0, made_durable: 0 }
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether the key is to be removed now, which can only be if it is certainly there.
    pub(crate) fn is_to_be_removed(&self, random: &mut Random) -> bool {
        let is_certain = self.acknowledged == self.given.len() - 1;
        is_certain && self.given[self.acknowledged].is_value && random.below(4) == 0
    }

    fn next(&mut self, is_value: bool) -> u64 {
        self.last += 1;
        self.given.push(Given { number: self.last, is_value });
        self.last
    }

    /// Notes that the key is about to be given a value, which is returned.
    pub(crate) fn value(&mut self, writer: &str, length: usize) -> Value {
        let number = self.next(true);
        let filler = char::from(b'a' + (number % 26) as u8).to_string().repeat(length);
        Signed::filled(&self.key, writer, number, filler).to_value()
    }

    /// Notes that the key is about to be removed.
    pub(crate) fn removal(&mut self) {
        self.next(false);
    }

    /// Notes that everybody sees what was given last.
    pub(crate) fn acknowledge(&mut self) {
        let last = self.given.len() - 1;
        self.acknowledgements += u64::from(self.acknowledged != last);
        self.acknowledged = last;
    }

    /// Notes that what was given last is on disk, and so that everybody sees it.
    pub(crate) fn acknowledge_durable(&mut self) {
        self.acknowledge();
        if self.durable != self.acknowledged {
            self.made_durable += 1;
            self.durable = self.acknowledged;
            self.durable_since.push((now(), self.durable));
        }
    }

    /// Takes no answer for true that came when the power had gone: nobody would have heard it.
    pub(crate) fn power_was_lost(&mut self, at: Moment) {
        let all = self.durable_since.len();
        self.durable_since.retain(|(since, _)| *since < at);
        self.made_durable -= (all - self.durable_since.len()) as u64;
        self.durable = self.durable_since.last().map_or(0, |(_, durable)| *durable);
    }

    /// Whether a key may have this value, or none, after a mishap.
    pub(crate) fn check(&self, found: Option<&Value>, mishap: Mishap) -> Result<(), String> {
        let number = self.number(found)?;
        let from = if mishap == Mishap::PowerLost { self.durable } else { self.acknowledged };
        if self.given[from..].iter().any(|given| self.is(given, number)) {
            return Ok(());
        }
        let promised = if mishap == Mishap::PowerLost { "on disk" } else { "acknowledged" };
        let shown = number.map_or_else(|| "nothing".to_owned(), |number| format!("the value {number}"));
        Err(format!("{}: {shown} is there, and {} of {} was {promised}", self.key, from, self.history()))
    }

    /// The number of a value that was found.
    fn number(&self, found: Option<&Value>) -> Result<Option<u64>, String> {
        let signed = found.map(|value| Signed::read(&self.key, value)).transpose();
        Ok(signed.map_err(|wrong| format!("{}: {wrong}", self.key))?.map(|signed| signed.counter))
    }

    fn is(&self, given: &Given, number: Option<u64>) -> bool {
        number.map_or(!given.is_value, |number| given.is_value && given.number == number)
    }

    /// What was given about the time of the promise, in short.
    fn history(&self) -> String {
        let one = |(at, given): (usize, &Given)| {
            format!("{at}: {} {}", if given.is_value { "value" } else { "removal" }, given.number)
        };
        let from = self.durable.min(self.acknowledged).saturating_sub(3);
        self.given.iter().enumerate().skip(from).take(12).map(one).collect::<Vec<_>>().join(", ")
    }

    /// Goes on with what was found after a mishap, which is on disk now; what was given after it is lost.
    pub(crate) fn settle(&mut self, found: Option<&Value>) {
        let number = self.number(found).ok().flatten();
        self.given = vec![Given { number: number.unwrap_or(self.last), is_value: number.is_some() }];
        (self.acknowledged, self.durable) = (0, 0);
        self.durable_since.clear();
    }
}

/// Lengths of values up to 200 kB, mostly small, with one in sixteen of many pages.
pub(crate) fn some_length(random: &mut Random) -> usize {
    let bound = match random.below(16) {
        0 => 200_000,
        1..=3 => 20_000,
        _ => 1_000,
    };
    random.below(bound) as usize
}

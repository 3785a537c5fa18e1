use std::collections::HashMap;
use std::fmt;

use super::look::{Look, Number};
use crate::histories::event::{Client, Found};

/// A put, or a removal where there is no value.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) client: Client,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) value: Option<u64>,
    pub(super) number: Option<u64>,
}

impl Write {
    /// Whether whoever has seen this one must not see the other any more.
    pub(super) fn certainly_supersedes(&self, other: &Write) -> bool {
        match self.number.zip(other.number) {
            Some((own, other)) => own > other,
            None => self.begin > other.end,
        }
    }
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Write { client, begin, end, value, number } = self;
        let what = value.map_or("a removal".to_owned(), |value| format!("the put of {value}"));
        write!(f, "{what} by {client:?}{} in {begin}..{end}", Number(*number))
    }
}

/// What had returned before a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Returned {
    /// When the last of them began, and the last of those whose number is not known.
    latest_begin: u64,
    latest_without_number: u64,
    /// The greatest number that is known of them, and whose it is.
    greatest: Option<(u64, usize)>,
}

impl Returned {
    /// Whether one of them certainly supersedes a write.
    pub(super) fn supersede(&self, write: &Write) -> bool {
        match write.number {
            Some(number) => {
                let is_greater = |(greatest, _)| greatest > number;
                self.greatest.is_some_and(is_greater) || self.latest_without_number > write.end
            }
            None => self.latest_begin > write.end,
        }
    }
}

impl fmt::Display for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let greatest = self.greatest.map(|(number, _)| number);
        write!(f, "a write that began at {}, and one{}", self.latest_begin, Number(greatest))
    }
}

/// All writes to one key.
pub(super) struct Writes {
    /// In the order in which they returned.
    writes: Vec<Write>,
    by_value: HashMap<u64, usize>,
    /// What had returned when each of them had.
    returned: Vec<Returned>,
}

impl Writes {
    pub(super) fn new(mut writes: Vec<Write>) -> Writes {
        writes.sort_by_key(|write| write.end);
        let by_value = writes.iter().enumerate().filter_map(|(at, write)| Some((write.value?, at))).collect();
        Writes { writes, by_value, returned: Vec::new() }
    }

    /// Takes the number of a put from somebody who has seen its value; the one that it has, when that is another.
    pub(super) fn learn(&mut self, value: u64, number: u64) -> Option<u64> {
        let known = &mut self.writes[*self.by_value.get(&value)?].number;
        let known = *known.get_or_insert(number);
        (known != number).then_some(known)
    }

    /// Works out what had returned when, once all numbers are known that can be.
    pub(super) fn sum_up(&mut self) {
        let mut returned = Returned::default();
        for (at, write) in self.writes.iter().enumerate() {
            returned.latest_begin = returned.latest_begin.max(write.begin);
            match write.number {
                Some(number) => returned.greatest = returned.greatest.max(Some((number, at))),
                None => returned.latest_without_number = returned.latest_without_number.max(write.begin),
            }
            self.returned.push(returned);
        }
    }

    pub(super) fn returned_before(&self, moment: u64) -> Returned {
        let count = self.writes.partition_point(|write| write.end < moment);
        count.checked_sub(1).map_or(Returned::default(), |last| self.returned[last])
    }

    /// The writes that a look may have seen, whenever they were; with the number that it has seen.
    pub(super) fn fitting<'a>(&'a self, look: &'a Look) -> impl Iterator<Item = Write> + 'a {
        let of_value = match look.found {
            Found::Value(value) => self.by_value.get(&value).map_or(0..0, |&at| at..at + 1),
            Found::Something | Found::Nothing => 0..self.writes.len(),
        };
        let fitting = self.writes[of_value].iter().filter(|write| look.shows(write));
        fitting.map(|write| Write { number: look.number.or(write.number), ..write.clone() })
    }

    /// Those of one client, one after the other.
    pub(super) fn of(&self, client: Client) -> impl Iterator<Item = &Write> {
        self.writes.iter().filter(move |write| write.client == client)
    }

    /// Whether somebody was writing while somebody looked.
    pub(super) fn is_one_under_way(&self, look: &Look) -> bool {
        self.writes.iter().any(|write| write.begin <= look.end && write.end >= look.begin)
    }

    pub(super) fn last_end(&self) -> u64 {
        self.writes.last().map_or(0, |write| write.end)
    }

    /// Pairs of which the later one began after the earlier one had returned, and has the smaller number.
    pub(super) fn out_of_order(&self) -> Vec<(Write, Write)> {
        let lost_to = |later: &Write| {
            let (greatest, at) = self.returned_before(later.begin).greatest?;
            (greatest >= later.number?).then(|| (self.writes[at].clone(), later.clone()))
        };
        self.writes.iter().filter_map(lost_to).collect()
    }
}

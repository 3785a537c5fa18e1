//! Histories made by hand: most of them are wrong, and the checker says in what.

use super::{Verdict, Wrong, check};
use crate::histories::event::Client::{Library, Mount, Original, OtherMount};
use crate::histories::event::{Client, Event, Sight, What};

/// What a client does from one moment to another.
fn by(client: Client, begin: u64, end: u64, what: What) -> Event {
    Event { client, begin, end, what }
}

fn put(client: Client, begin: u64, end: u64, value: u64) -> Event {
    by(client, begin, end, What::Put { key: 0, value, number: None })
}

/// The same by a client that tells the number.
fn put_as(client: Client, begin: u64, end: u64, value: u64, number: u64) -> Event {
    by(client, begin, end, What::Put { key: 0, value, number: Some(number) })
}

fn remove(client: Client, begin: u64, end: u64) -> Event {
    by(client, begin, end, What::Remove { key: 0, number: None })
}

fn saw(client: Client, begin: u64, end: u64, value: impl Into<Option<u64>>) -> Event {
    by(client, begin, end, What::Saw(vec![Sight::new(0, value.into(), None)]))
}

fn saw_as(client: Client, begin: u64, end: u64, value: impl Into<Option<u64>>, number: u64) -> Event {
    by(client, begin, end, What::Saw(vec![Sight::new(0, value.into(), Some(number))]))
}

fn listed(client: Client, begin: u64, end: u64, is_listed: bool) -> Event {
    by(client, begin, end, What::Saw(vec![Sight::listed(0, is_listed)]))
}

#[track_caller]
fn assert_right(history: &[Event]) {
    assert_eq!(check(history).wrong, []);
}

#[track_caller]
fn assert_wrong(wrong: Wrong, history: &[Event]) {
    let Verdict { wrong: found, .. } = check(history);
    let found: Vec<_> = found.into_iter().map(|(wrong, _)| wrong).collect();
    assert_eq!(found, [wrong]);
}

#[test]
fn what_was_written_last_is_seen_by_all() {
    assert_right(&[
        put(Library, 0, 10, 1),
        saw(Mount, 11, 12, 1),
        put(Mount, 13, 20, 2),
        saw(Library, 21, 22, 2),
        listed(OtherMount, 21, 23, true),
        remove(OtherMount, 30, 40),
        saw(Library, 41, 42, None),
        listed(Mount, 41, 43, false),
    ]);
}

#[test]
fn while_a_write_is_under_way_both_may_be_seen() {
    let begin = [put(Library, 0, 10, 1), put(Mount, 20, 30, 2)];
    for seen in [1, 2] {
        assert_right(&[&begin[..], &[saw(Library, 25, 26, seen)]].concat());
        assert_right(&[&begin[..], &[saw(Library, 15, 21, seen)]].concat());
    }
    // One begins to look before the write has returned, and is slow.
    assert_right(&[&begin[..], &[saw(Library, 29, 99, 1)]].concat());
}

#[test]
fn of_two_writes_at_once_either_may_stand_but_for_their_numbers() {
    let at_once = |first, second| {
        let numbered = |value, number| by(Library, 0, 10, What::Put { key: 0, value, number });
        [numbered(1, first), Event { client: Mount, ..numbered(2, second) }]
    };
    for seen in [1, 2] {
        assert_right(&[&at_once(None, None)[..], &[saw(OtherMount, 11, 12, seen)]].concat());
        assert_right(&[&at_once(Some(7), None)[..], &[saw(OtherMount, 11, 12, seen)]].concat());
    }
    assert_right(&[&at_once(Some(8), Some(7))[..], &[saw(OtherMount, 11, 12, 1)]].concat());
    assert_wrong(Wrong::Stale, &[&at_once(Some(8), Some(7))[..], &[saw(OtherMount, 11, 12, 2)]].concat());
    // Somebody else tells the number that the one who put does not know.
    let told = [saw_as(Library, 11, 12, 2, 9), saw(OtherMount, 13, 14, 1)];
    let wrong = check(&[&at_once(Some(8), None)[..], &told].concat()).wrong;
    let wrong: Vec<_> = wrong.into_iter().map(|(wrong, _)| wrong).collect();
    assert_eq!(wrong, [Wrong::Stale, Wrong::Disagreement]);
}

#[test]
fn a_stale_read_is_found() {
    let begin = [put(Library, 0, 10, 1), put(Mount, 20, 30, 2), remove(Mount, 40, 50), put(Mount, 60, 70, 3)];
    assert_wrong(Wrong::Stale, &[&begin[..2], &[saw(Library, 31, 32, 1)]].concat());
    assert_wrong(Wrong::Stale, &[&begin[..3], &[saw(Library, 51, 52, 2)]].concat());
    assert_wrong(Wrong::Stale, &[&begin[..3], &[listed(Library, 51, 52, true)]].concat());
    assert_wrong(Wrong::Stale, &[&begin[..], &[saw(Library, 71, 72, None)]].concat());
    assert_wrong(Wrong::Stale, &[&begin[..], &[listed(Library, 71, 72, false)]].concat());
    // Not by the client itself either.
    assert_wrong(Wrong::Stale, &[&begin[..2], &[saw(OtherMount, 15, 16, 1), saw(OtherMount, 31, 32, 1)]].concat());
}

#[test]
fn a_lost_update_is_found() {
    // The later put has the smaller number, and so the earlier one stands.
    let begin = [put_as(Library, 0, 10, 1, 9), put_as(Mount, 20, 30, 2, 8)];
    assert_wrong(Wrong::Lost, &begin);
    assert_wrong(Wrong::Lost, &[&begin[..], &[saw_as(OtherMount, 31, 32, 1, 9)]].concat());
    // Its number is known from somebody who has seen it for a moment.
    let seen = [put_as(Library, 0, 10, 1, 9), put(Mount, 20, 30, 2), saw_as(OtherMount, 25, 26, 2, 8)];
    assert_eq!(check(&seen).wrong[0].0, Wrong::Lost);
    // What comes back after all was overwritten.
    let history = [put_as(Library, 0, 10, 1, 7), put_as(Mount, 20, 30, 2, 8), saw_as(OtherMount, 31, 32, 1, 7)];
    assert_wrong(Wrong::Stale, &history);
}

#[test]
fn a_value_from_nowhere_is_found() {
    assert_wrong(Wrong::FromNowhere, &[put(Library, 0, 10, 1), saw(Mount, 11, 12, 7)]);
    assert_wrong(Wrong::FromNowhere, &[put(Library, 0, 10, 1), saw(Mount, 11, 12, None)]);
    assert_wrong(Wrong::FromNowhere, &[listed(Mount, 11, 12, true)]);
    // Before it was written.
    assert_wrong(Wrong::FromNowhere, &[put(Library, 0, 10, 1), saw(Mount, 11, 12, 2), put(Library, 20, 30, 2)]);
    // What was put under another key.
    let other = by(Library, 0, 10, What::Put { key: 1, value: 2, number: None });
    assert_wrong(Wrong::FromNowhere, &[put(Library, 0, 10, 1), other, saw(Mount, 11, 12, 2)]);
    // A tombstone that is nobody's.
    let removed = by(Library, 20, 30, What::Remove { key: 0, number: Some(8) });
    assert_wrong(Wrong::FromNowhere, &[put(Library, 0, 10, 1), removed, saw_as(Mount, 31, 32, None, 9)]);
}

#[test]
fn going_backwards_is_found() {
    // All at once, so that others might have seen either.
    let at_once = [put_as(Library, 0, 100, 1, 7), put_as(Mount, 0, 100, 2, 8), remove(Original, 0, 100)];
    assert_right(&[&at_once[..], &[saw(OtherMount, 10, 11, 1), saw(OtherMount, 12, 13, 2)]].concat());
    assert_wrong(Wrong::Backwards, &[&at_once[..], &[saw(OtherMount, 10, 11, 2), saw(OtherMount, 12, 13, 1)]].concat());
    // By numbers that only the looks tell.
    let gone = [saw_as(OtherMount, 10, 11, None, 9), saw(OtherMount, 12, 13, 2)];
    assert_wrong(Wrong::Backwards, &[&at_once[..], &gone].concat());
    // By time: the first had returned before the second began, which is still under way.
    let begin = [put(Library, 0, 10, 1), put(Mount, 20, 100, 2)];
    assert_wrong(Wrong::Backwards, &[&begin[..], &[saw(OtherMount, 30, 31, 2), saw(OtherMount, 32, 33, 1)]].concat());
    // Of two clients each may be in a state of its own.
    assert_right(&[&begin[..], &[saw(OtherMount, 30, 31, 2), saw(Library, 32, 33, 1)]].concat());
    // What it has written itself it has seen.
    let own = [put_as(Library, 0, 100, 1, 7), put_as(OtherMount, 0, 10, 2, 8), saw(OtherMount, 12, 13, 1)];
    assert_eq!(check(&own).wrong[0].0, Wrong::Backwards);
}

#[test]
fn one_value_in_two_records_is_found() {
    let begin = [put_as(Library, 0, 10, 1, 7)];
    assert_eq!(check(&[&begin[..], &[saw_as(Mount, 11, 12, 1, 8)]].concat()).wrong[0].0, Wrong::Twice);
}

#[test]
fn that_not_everybody_sees_the_same_at_the_end_is_found() {
    let at_once = [put(Library, 0, 10, 1), put(Mount, 0, 10, 2)];
    assert_wrong(Wrong::Disagreement, &[&at_once[..], &[saw(Library, 11, 12, 1), saw(Mount, 11, 12, 2)]].concat());
    assert_right(&[&at_once[..], &[saw(Library, 11, 12, 2), saw(Mount, 11, 12, 2)]].concat());
}

/// "lists the directory in several calls, then opens"
#[test]
fn the_original_may_miss_what_is_replaced_while_it_looks_and_nothing_more() {
    let puts = [put(Library, 0, 10, 1), put(Library, 20, 30, 2), put(Library, 32, 34, 3), put(Library, 40, 50, 4)];
    let begin = [&puts[..], &[saw(Original, 11, 12, 1)]].concat();
    for seen in [1, 2] {
        let verdict = check(&[&begin[..], &[saw(Original, 35, 45, seen)]].concat());
        assert_eq!((verdict.wrong, verdict.excused), (Vec::new(), 1));
    }
    // Nobody else may; nor may it when no write is under way, nor see what is older than what it has seen.
    let of_mount = [&begin[..], &[saw(Mount, 11, 12, 1), saw(Mount, 35, 45, 1)]].concat();
    assert_wrong(Wrong::Stale, &of_mount);
    assert_wrong(Wrong::Stale, &[&begin[..], &[saw(Original, 35, 39, 1)]].concat());
    assert_wrong(Wrong::Stale, &[&begin[..], &[saw(Original, 51, 52, 1)]].concat());
    let twice = [&begin[..], &[saw(Original, 31, 31, 2), saw(Original, 41, 45, 1)]].concat();
    assert_wrong(Wrong::Backwards, &twice);
}

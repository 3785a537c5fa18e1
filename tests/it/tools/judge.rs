//! What is wrong with what the rows of a group have done.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::group::{After, Done};
use super::place::Ran;
use super::records::Appeared;
use super::row::{Outcome, Row, Told};

/// Fails with all complaints.
pub(super) fn judge(after: &After) {
    let mut failures = Vec::new();
    for index in 0..after.rows.len() {
        failures.extend(wrong_row(after, index));
        let complaints = complaints(after, index);
        if !complaints.is_empty() {
            failures.push(failure(after, index, &complaints));
        }
    }
    failures.extend(strays(after));
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

fn failure(after: &After, index: usize, complaints: &[String]) -> String {
    let (name, time) = (&after.rows[index].name, after.done[index].time);
    format!("row {name} ({time:.1?}): {}", complaints.join("\n    "))
}

/// What stands in the store or in the mount and belongs to no row.
fn strays(after: &After) -> Vec<String> {
    let names = after.live.keys().chain(after.mount.keys()).chain(after.seen.keys());
    names.filter(|name| owner(after, name).is_none()).map(|name| format!("nobody's: {name}")).collect()
}

/// The row that a name belongs to: it has the row's key in it, or its record appeared while the row ran.
fn owner(after: &After, name: &str) -> Option<usize> {
    let begins = |key: &str| name.trim_start_matches(['.', '#']).starts_with(key);
    let keys = after.rows.iter().map(Row::key).enumerate().filter(|(_, key)| begins(key));
    let longest = keys.max_by_key(|(_, key)| key.len()).map(|(index, _)| index);
    longest.or_else(|| {
        let is_of_name = |appeared: &&Appeared| appeared.read.as_ref().is_some_and(|(key, _)| key == name);
        after.appeared.iter().find(is_of_name).map(|appeared| appeared.row)
    })
}

fn complaints(after: &After, index: usize) -> Vec<String> {
    let (row, done) = (&after.rows[index], &after.done[index]);
    let checks = [
        wrong_run(row, done),
        wrong_records(after, index),
        wrong_value(after, row),
        wrong_listing(after, index),
        wrong_keys(after, index),
        wrong_sights(after, row),
        wrong_refusal(after, row),
    ];
    checks.into_iter().flatten().collect()
}

/// What is wrong with the row itself: in a plain directory it must always come to what it says.
fn wrong_row(after: &After, index: usize) -> Option<String> {
    let row = &after.rows[index];
    if !matches!(row.outcome, Outcome::Saved) {
        return None;
    }
    let why = match &after.done[index].plain {
        Err(why) => Some(why.clone()),
        Ok(plain) if plain.status != Some(0) => Some(format!("{plain:?}")),
        Ok(_) => wrong_names(after, index, &after.plain, &row.leaves),
    };
    why.map(|why| format!("row {}: in a plain directory: {why}", row.name))
}

fn wrong_run(row: &Row, done: &Done) -> Option<String> {
    match (&done.mounted, &row.outcome) {
        (Err(why), _) => Some(why.clone()),
        (Ok(ran), Outcome::Saved) => done.plain.as_ref().is_ok_and(|plain| plain != ran).then(|| format!("{ran:?}")),
        (Ok(ran), Outcome::Stands(told) | Outcome::Refused(_, told)) => wrongly_told(told, ran),
    }
}

fn wrongly_told(told: &Told, ran: &Ran) -> Option<String> {
    let (status, message) = match told {
        Told::Status(status) => (*status, !ran.errors.is_empty()),
        Told::Message(message) => (0, ran.errors.contains(message)),
        Told::Screen => return None,
        Told::Nobody => (0, ran.errors.is_empty()),
    };
    (ran.status != Some(status) || !message).then(|| format!("wrongly told: {ran:?}"))
}

/// The records of the row: those of its names, and those that could not be read and came while it ran.
fn wrong_records(after: &After, index: usize) -> Option<String> {
    let row = &after.rows[index];
    let of_row = after.appeared.iter().filter(|appeared| match &appeared.read {
        Some((key, _)) => owner(after, key) == Some(index),
        None => appeared.row == index,
    });
    let appeared: Vec<String> = of_row.map(Appeared::text).collect();
    let expected: Vec<String> = row.records.iter().map(|text| row.named(text)).collect();
    let same = appeared.len() == expected.len()
        && appeared.iter().zip(&expected).all(|(appeared, expected)| appeared == "?" || appeared == expected);
    (!same).then(|| format!("records {appeared:?}, not {expected:?}"))
}

/// The value that the row's key must have, as the text of a JSON value; nothing when it must be gone.
fn expected(after: &After, row: &Row) -> Option<String> {
    match &row.outcome {
        Outcome::Stands(_) | Outcome::Refused(..) => row.before.map(str::to_owned),
        Outcome::Saved => after.plain.get(&row.key()).cloned(),
    }
}

fn same_json(one: Option<&str>, other: Option<&str>) -> bool {
    let parse =
        |text: &str| serde_json::from_str::<Json>(text).unwrap_or_else(|_| Json::from(format!("no JSON: {text}")));
    one.map(parse) == other.map(parse)
}

/// The value in the store, and what the mount shows of it.
fn wrong_value(after: &After, row: &Row) -> Option<String> {
    let (expected, key) = (expected(after, row), row.key());
    let found = [after.live.get(&key), after.mount.get(&key)];
    let wrong = found.iter().any(|found| !same_json(found.map(String::as_str), expected.as_deref()));
    wrong.then(|| format!("the value is {found:?}, not {expected:?}"))
}

fn wrong_listing(after: &After, index: usize) -> Option<String> {
    wrong_names(after, index, &after.mount, &after.rows[index].leaves)
}

/// The names of the row in a listing, which are those that it leaves.
fn wrong_names(after: &After, index: usize, listing: &BTreeMap<String, String>, leaves: &[&str]) -> Option<String> {
    let leaves: BTreeSet<String> = leaves.iter().map(|name| after.rows[index].named(name)).collect();
    let names = listing.keys().filter(|name| owner(after, name) == Some(index)).cloned().collect();
    (leaves != names).then(|| format!("the listing has {names:?}, not {leaves:?}"))
}

/// The live keys of the row: those that it puts, and no other.
fn wrong_keys(after: &After, index: usize) -> Option<String> {
    let row = &after.rows[index];
    let put = |name: &str| name == "KEY" || row.records.contains(&format!("put {name}").as_str());
    let mut expected: Vec<String> = row.leaves.iter().filter(|name| put(name)).map(|name| row.named(name)).collect();
    expected.sort();
    let keys: Vec<&String> = after.live.keys().filter(|key| owner(after, key) == Some(index)).collect();
    (keys != expected.iter().collect::<Vec<_>>()).then(|| format!("live keys {keys:?}, not {expected:?}"))
}

/// What the Python original has seen of the key: the old value, then the new one.
fn wrong_sights(after: &After, row: &Row) -> Option<String> {
    let texts = after.seen.get(&row.key())?;
    let new = expected(after, row);
    let values: Vec<&str> = row.before.into_iter().chain(row.between.iter().copied()).chain(new.as_deref()).collect();
    let is_right = |text: &Option<String>| match text.as_deref() {
        None => row.may_be_absent(),
        text => values.iter().any(|value| same_json(text, Some(value))),
    };
    let last = texts.last().is_some_and(|text| same_json(text.as_deref(), new.as_deref()));
    (!last || !texts.iter().all(is_right)).then(|| format!("the original has seen {texts:?}"))
}

/// The refused text, kept with its reason; nothing where nothing was refused.
fn wrong_refusal(after: &After, row: &Row) -> Option<String> {
    let key = row.key();
    let kept = after.rejected.get(&key);
    let has_reason = after.rejected.get(&format!("{key}.error")).is_some_and(|reason| !reason.is_empty());
    let expected = match &row.outcome {
        Outcome::Refused(text, _) => Some(text),
        Outcome::Saved | Outcome::Stands(_) => None,
    };
    (kept != expected || has_reason != expected.is_some())
        .then(|| format!("kept as refused: {kept:?}, not {expected:?}; with a reason: {has_reason}"))
}

//! What is found after a mishap: by the library, by the Python original and in a mount.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use keyfs::view::parse_file_text;
use keyfs::{OpenOptions, Store, Value};

use super::accounts::Accounts;
use super::copy::{Copy, shown};
use crate::ledger::Mishap;

/// Live keys and their values.
type Found = BTreeMap<String, Value>;

/// Checks a store by the library and by the original, and goes on with what is there.
pub(crate) fn check_store(store: &Path, accounts: &Accounts, copy: &mut Copy, mishap: Mishap) -> Result<(), String> {
    let found = by_library(store, mishap)?;
    let mut wrong = compare(&found, accounts, mishap);
    let (ours, theirs): (Vec<_>, _) = (found.iter().map(shown).collect(), copy.everything(store));
    let differ = |one: &[(String, String)], other: &[(String, String)]| -> Vec<String> {
        one.iter().filter(|pair| !other.contains(pair)).map(|(key, text)| format!("{key}: {text:.200}")).collect()
    };
    if ours != theirs {
        let (only_ours, only_theirs) = (differ(&ours, &theirs), differ(&theirs, &ours));
        wrong.push(format!("the original shows something else: {only_theirs:#?} instead of {only_ours:#?}"));
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    accounts.all().for_each(|mut account| {
        let value = found.get(account.key());
        account.settle(value);
    });
    Ok(())
}

/// Checks that a mount shows exactly what was found last.
pub(crate) fn check_mount(mount: &Path, accounts: &Accounts) -> Result<(), String> {
    let found = by_mount(mount)?;
    let wrong = compare(&found, accounts, Mishap::ProcessDied);
    if wrong.is_empty() { Ok(()) } else { Err(format!("in the mount: {}", wrong.join("\n"))) }
}

fn by_library(store: &Path, mishap: Mishap) -> Result<Found, String> {
    let store = Store::open(store, OpenOptions::read_only()).map_err(|error| error.to_string())?;
    // What was being written when the power was lost may be torn, and an older record counts; a process leaves nothing so.
    let unreadable = store.oddities().unreadable;
    if mishap == Mishap::ProcessDied && !unreadable.is_empty() {
        return Err(format!("torn: {unreadable:?}"));
    }
    let value = |key: keyfs::Key| match store.get(&key) {
        Ok(Some(value)) => Ok((key.to_string(), value)),
        other => Err(format!("{key}: {other:?}, and it is listed")),
    };
    store.keys().into_iter().map(value).collect()
}

fn by_mount(mount: &Path) -> Result<Found, String> {
    let names = fs::read_dir(mount).map_err(|error| error.to_string())?;
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let value = |name: String| {
        let bytes = fs::read(mount.join(&name)).map_err(|error| format!("{name}: {error}"))?;
        match parse_file_text(&bytes) {
            Ok(Some(value)) => Ok((name, value)),
            other => Err(format!("{name}: {other:?}")),
        }
    };
    names.filter(|name| !name.starts_with('.')).map(value).collect()
}

/// What is not as it must be.
fn compare(found: &Found, accounts: &Accounts, mishap: Mishap) -> Vec<String> {
    let mut strange: BTreeMap<_, _> = found.iter().collect();
    let mut wrong = Vec::new();
    for account in accounts.all() {
        strange.remove(&account.key().to_owned());
        wrong.extend(account.check(found.get(account.key()), mishap).err());
    }
    wrong.extend(strange.keys().map(|key| format!("{key}: nobody has put it")));
    wrong
}

//! What `keyfs check` says of such a store.

use serde_json::Value;

use super::plants::Place;
use crate::mounted::keyfs;

/// Everything odd is named with its reason, nothing that is good is, and nothing is changed.
#[test]
fn everything_odd_is_named_with_its_reason() {
    let mut place = Place::new();
    place.plant_all();
    let before = place.state();
    let output = keyfs().args(["check", "--json", "-d"]).arg(place.store()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let odd = told["odd"].as_array().unwrap();
    let count = |kind: &str| odd.iter().filter(|odd| odd["kind"] == kind).count();
    let planted = &place.planted;
    assert_eq!((&told["keys"], &told["tombstones"]), (&planted.texts.len().into(), &planted.tombstones.into()));
    assert_eq!((count("unreadable"), count("foreign")), (planted.odd, planted.foreign_names));
    assert!(count("future") > 0 && count("hard-linked") > 0, "{} odd", odd.len());
    let explained =
        |odd: &Value| odd["reason"].as_str().is_some_and(|reason| reason.len() > 10) && odd["path"].is_string();
    assert!(odd.iter().all(explained));
    place.outside.assert_untouched();
    assert!(place.state() == before, "something in the store has changed");
}

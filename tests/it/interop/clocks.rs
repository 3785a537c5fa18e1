//! Clocks that run behind, and clocks that agree to the microsecond.

use keyfs::{Store, Value};

use super::{Directory, StoppedClock, assert_agree, shown};

/// Some time in 2026.
const NOW: u64 = 1_795_000_000_000_000;

fn put(store: &Store, key: &str, number: u64) -> u128 {
    let timestamp = store.put(key, Value::parse(&number.to_string()).unwrap()).unwrap();
    // Only the newest record is left when this returns, so that the other program finds nothing older.
    store.make_durable().unwrap();
    timestamp.as_micros()
}

#[test]
fn an_original_with_a_clock_behind_puts_over_ours_and_is_healed() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let mut behind = directory.python("behind");
    put(&store, "k", 0);
    // Another instance that has loaded our record: it would take the original's new one for an old one, and delete it.
    let mut other = directory.python("other");
    for round in 1..=60 {
        let ours = put(&store, "k", 2 * round);
        other.synchronize();
        behind.synchronize();
        behind.set_clock_off(-(round as i32 % 20 * 60) - 1);
        behind.put("k", &(2 * round + 1).to_string());
        assert!(*directory.names().last().unwrap() < ours, "the clock is not behind");
        let reader = directory.reader();
        assert_eq!(shown(&reader, "k"), Some((2 * round + 1).to_string()));
        store.synchronize().unwrap();
        assert_eq!(shown(&store, "k"), Some((2 * round + 1).to_string()));
        assert!(store.version("k").unwrap().timestamp.as_micros() > ours, "not published again above {ours}");
        other.synchronize();
        assert_eq!(other.get("k"), Some((2 * round + 1).to_string()), "round {round}");
        store.make_durable().unwrap();
    }
}

#[test]
fn an_original_with_a_clock_behind_that_does_not_know_our_record_loses_to_it() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let mut python = directory.python("behind");
    python.set_clock_off(-3600);
    for round in 1..=60 {
        let key = format!("k{round}");
        put(&store, &key, round);
        python.put(&key, "\"behind\"");
        store.synchronize().unwrap();
        assert_eq!(shown(&store, &key), Some(round.to_string()));
    }
    python.reopen();
    assert_agree(&store, &mut python);
}

#[test]
fn we_with_a_clock_behind_never_lose_to_what_we_have_seen() {
    let directory = Directory::new();
    let clock = StoppedClock::at(NOW);
    let store = directory.writer_at("rust", &clock);
    let mut python = directory.python("python");
    python.stop_clock(NOW.into());
    python.put("k", "0");
    python.reopen();
    for round in 1..=60 {
        // The clock of the original goes on, ours goes back further and further.
        python.stop_clock((NOW + 1000 * round).into());
        python.put("k", &(2 * round).to_string());
        clock.set(NOW - 1_000_000 * round);
        store.synchronize().unwrap();
        let ours = put(&store, "k", 2 * round + 1);
        assert!(ours > u128::from(NOW + 1000 * round));
        python.synchronize();
        assert_eq!(python.get("k"), Some((2 * round + 1).to_string()));
        let removes = round % 10 == 0;
        if removes {
            assert!(store.remove("k").unwrap());
            python.synchronize();
            assert_eq!(python.get("k"), None);
        }
        assert_eq!(shown(&directory.reader(), "k").is_none(), removes);
    }
}

#[test]
fn both_with_clocks_that_jump_agree_at_the_end_of_each_round() {
    let directory = Directory::new();
    let clock = StoppedClock::at(NOW);
    let store = directory.writer_at("rust", &clock);
    let mut python = directory.python("python");
    for round in 1..=100 {
        // Different strides, so that now one and now the other is behind, by up to two seconds.
        clock.set(NOW + round * 700_000 % 2_000_003);
        python.stop_clock((NOW + round * 1_100_000 % 2_000_029).into());
        store.synchronize().unwrap();
        python.reopen();
        if round % 2 == 0 {
            put(&store, "k", round);
        } else {
            python.put("k", &round.to_string());
            store.synchronize().unwrap();
            store.make_durable().unwrap();
        }
        assert_eq!(shown(&store, "k"), Some(round.to_string()));
        python.reopen();
        assert_agree(&store, &mut python);
        assert_eq!(python.get("k"), Some(round.to_string()));
    }
}

#[test]
fn different_keys_put_in_the_same_microsecond_all_survive() {
    let directory = Directory::new();
    let clock = StoppedClock::at(NOW);
    let store = directory.writer_at("rust", &clock);
    let second = directory.writer_at("rust2", &clock);
    let mut python = directory.python("python");
    for round in 0..60 {
        let now = NOW + 10 * round;
        clock.set(now);
        python.stop_clock(now.into());
        // At once: the process works while we do. The original gives up after ten names that are taken.
        python.send(&format!(r#""put", "key": "python {round}", "value": {round}"#));
        for (store, name) in [(&store, "rust"), (&second, "second")] {
            store.put(&format!("{name} {round}"), Value::parse(&round.to_string()).unwrap()).unwrap();
        }
        python.receive().unwrap();
    }
    store.synchronize().unwrap();
    second.synchronize().unwrap();
    python.reopen();
    for (store, name) in [(&store, "first"), (&second, "second")] {
        assert_eq!(store.len(), 180, "{name}");
        assert_agree(store, &mut python);
    }
}

/// "Two puts at the same moment in two processes: the greater number wins whole."
#[test]
fn one_key_put_in_the_same_microsecond_has_the_value_of_the_greater_name() {
    let directory = Directory::new();
    let clock = StoppedClock::at(NOW);
    let store = directory.writer_at("rust", &clock);
    let mut python = directory.python("python");
    python.stop_clock(NOW.into());
    assert_eq!(put(&store, "k", 1), u128::from(NOW));
    python.put("k", "2");
    assert_eq!(directory.names(), [u128::from(NOW), u128::from(NOW) + 1]);
    let mut fresh = directory.python("fresh");
    assert_eq!(fresh.get("k").as_deref(), Some("2"));
    assert_eq!(shown(&directory.reader(), "k").as_deref(), Some("2"));
    // We do not know of theirs, nor they of ours: the name that is taken tells us to go on above it.
    assert_eq!(put(&store, "k", 3), u128::from(NOW) + 2);
    fresh.reopen();
    assert_eq!(fresh.get("k").as_deref(), Some("3"));
    assert_eq!(shown(&directory.reader(), "k").as_deref(), Some("3"));
}

/// The library keeps a superseded record until its successor is on disk; the original may unlink it in the meantime, and
/// give its number to another key.
#[test]
fn a_number_that_the_original_freed_and_took_again_for_another_key_is_not_unlinked() {
    let directory = Directory::new();
    let clock = StoppedClock::at(NOW);
    let store = directory.writer_at("rust", &clock);
    put(&store, "k", 1);
    let mut python = directory.python("python");
    python.stop_clock(NOW.into());
    store.put("k", Value::parse("2").unwrap()).unwrap();
    python.put("k", "3");
    python.put("other", "4");
    let now = u128::from(NOW);
    assert_eq!(directory.names(), [now, now + 1, now + 2], "other has not got the number that k had first");
    store.make_durable().unwrap();
    store.synchronize().unwrap();
    for reader in [&store, &directory.reader()] {
        assert_eq!(shown(reader, "k").as_deref(), Some("3"));
        assert_eq!(shown(reader, "other").as_deref(), Some("4"));
    }
    python.reopen();
    assert_agree(&store, &mut python);
}

/// The library keeps a superseded record until its successor is on disk; the original, with a clock behind both, replaces
/// the successor alone.
#[test]
fn what_an_original_with_a_clock_behind_replaced_does_not_uncover_an_older_value() {
    let directory = Directory::new();
    let store = directory.writer("rust");
    let mut python = directory.python("behind");
    for round in 1..=20 {
        put(&store, "k", 1);
        python.set_clock_off(0);
        python.synchronize();
        store.put("k", Value::parse("2").unwrap()).unwrap();
        python.synchronize();
        python.set_clock_off(-3600 - round);
        python.put("k", "3");
        store.synchronize().unwrap();
        assert_eq!(shown(&store, "k").as_deref(), Some("3"), "round {round}");
        store.make_durable().unwrap();
        assert_eq!(shown(&directory.reader(), "k").as_deref(), Some("3"), "round {round}");
        python.synchronize();
        assert_eq!(python.get("k").as_deref(), Some("3"), "round {round}");
    }
}

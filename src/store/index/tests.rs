use super::*;

fn timestamp(micros: u128) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn record(inode: u64, key: &str, value: Option<&str>) -> LoadedRecord {
    let value = value.map(|text| Value::parse(text).unwrap());
    LoadedRecord { inode, key: Key::from(key), content: Content::of(value.as_ref(), None), value }
}

fn new() -> Index {
    Index::with_room(1 << 20)
}

fn shown(index: &Index, key: &str) -> Option<String> {
    let current = index.current(key.as_bytes()).filter(|current| current.is_live)?;
    index.value(current.timestamp).map(|value| value.text().to_owned())
}

#[test]
fn the_greatest_number_wins_in_whatever_order_records_come() {
    for order in [[5, 7], [7, 5]] {
        let mut index = new();
        for number in order {
            index.insert(timestamp(number), record(1, "k", Some(&number.to_string())));
        }
        assert_eq!(shown(&index, "k").as_deref(), Some("7"));
        assert_eq!(index.crowded().count(), 1);
    }
}

#[test]
fn a_vanished_record_uncovers_the_next_older_one_but_not_its_number() {
    let mut index = new();
    for number in [5, 7, 6] {
        index.insert(timestamp(number), record(1, "k", Some(&number.to_string())));
    }
    index.remove(timestamp(7));
    assert_eq!(shown(&index, "k").as_deref(), Some("6"));
    assert_eq!(index.highest(b"k"), Some(timestamp(7)));
    index.remove(timestamp(6));
    index.remove(timestamp(5));
    assert_eq!((shown(&index, "k"), index.live()), (None, 0));
    assert_eq!(index.highest(b"k"), Some(timestamp(7)));
}

#[test]
fn what_replaced_the_newest_record_from_below_counts_when_that_has_gone() {
    let mut index = new();
    index.insert(timestamp(8), record(1, "k", Some("8")));
    index.insert(timestamp(9), record(2, "k", Some("9")));
    index.begin_look();
    index.insert(timestamp(5), record(3, "k", Some("5")));
    assert_eq!(shown(&index, "k").as_deref(), Some("9"));
    index.remove(timestamp(9));
    assert_eq!(shown(&index, "k").as_deref(), Some("5"));
    index.insert(timestamp(10), record(4, "k", Some("10")));
    assert_eq!(shown(&index, "k").as_deref(), Some("10"));
}

#[test]
fn counts_follow_puts_removes_and_a_name_taken_again() {
    let mut index = new();
    index.insert(timestamp(1), record(1, "a", Some("1")));
    index.insert(timestamp(2), record(2, "b", Some("2")));
    index.insert(timestamp(3), record(3, "a", None));
    assert_eq!((index.live(), index.tombstones()), (1, 1));
    index.insert(timestamp(2), record(4, "c", Some("3")));
    assert_eq!((shown(&index, "b"), shown(&index, "c").as_deref()), (None, Some("3")));
    assert_eq!((index.live(), index.tombstones()), (1, 1));
}

#[test]
fn a_listing_does_not_remove_what_was_published_after_it_began() {
    let mut index = new();
    index.insert(timestamp(1), record(1, "a", Some("1")));
    let epoch = index.begin_look();
    index.insert(timestamp(2), record(2, "a", Some("2")));
    assert_eq!(index.difference(&[], epoch).removed, [timestamp(1)]);
    let epoch = index.begin_look();
    let mut removed = index.difference(&[], epoch).removed;
    removed.sort();
    assert_eq!(removed, [timestamp(1), timestamp(2)]);
}

#[test]
fn the_difference_is_by_name_and_inode_newest_first() {
    let mut index = new();
    index.insert(timestamp(1), record(1, "a", Some("1")));
    let listed = |number, inode| ListedRecord { timestamp: timestamp(number), inode, regular: true };
    let epoch = index.begin_look();
    let difference = index.difference(&[listed(3, 3), listed(1, 9), listed(4, 4)], epoch);
    let added: Vec<_> = difference.added.iter().map(|record| record.timestamp.as_micros()).collect();
    assert_eq!(added, [4, 3, 1]);
    assert_eq!(difference.removed, [timestamp(1)]);
}

#[test]
fn a_value_goes_with_its_record() {
    let mut index = new();
    index.insert(timestamp(1), record(1, "a", Some("1")));
    let before = index.sighting(b"a").unwrap();
    index.insert(timestamp(1), record(1, "b", None));
    assert!(index.value(timestamp(1)).is_none(), "the name is another record's now");
    index.keep_value(b"a", before, &Value::null());
    index.keep_value(b"b", before, &Value::null());
    assert!(index.value(timestamp(1)).is_none(), "it was read before that");
    let now = index.sighting(b"b").unwrap();
    index.keep_value(b"b", now, &Value::null());
    assert!(index.value(timestamp(1)).is_some());
    index.remove(timestamp(1));
    assert!(index.value(timestamp(1)).is_none());
}

use super::*;

fn timestamp(micros: u128) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn record(key: &str, value: Option<&str>) -> Record {
    let deleted = value.is_none();
    Record { key: Key::from(key), deleted, value: Value::parse(value.unwrap_or("null")).unwrap() }
}

fn shown(index: &Index, key: &str) -> Option<String> {
    index.value(key.as_bytes()).map(|value| value.text().to_owned())
}

#[test]
fn the_greatest_number_wins_in_whatever_order_records_come() {
    for order in [[5, 7], [7, 5]] {
        let mut index = Index::default();
        for number in order {
            index.insert(timestamp(number), 1, record("k", Some(&number.to_string())));
        }
        assert_eq!(shown(&index, "k").as_deref(), Some("7"));
        assert_eq!(index.crowded().count(), 1);
    }
}

#[test]
fn a_vanished_record_uncovers_the_next_older_one_but_not_its_number() {
    let mut index = Index::default();
    for number in [5, 7, 6] {
        index.insert(timestamp(number), 1, record("k", Some(&number.to_string())));
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
    let mut index = Index::default();
    index.insert(timestamp(8), 1, record("k", Some("8")));
    index.insert(timestamp(9), 2, record("k", Some("9")));
    index.begin_look();
    index.insert(timestamp(5), 3, record("k", Some("5")));
    assert_eq!(shown(&index, "k").as_deref(), Some("9"));
    index.remove(timestamp(9));
    assert_eq!(shown(&index, "k").as_deref(), Some("5"));
    index.insert(timestamp(10), 4, record("k", Some("10")));
    assert_eq!(shown(&index, "k").as_deref(), Some("10"));
}

#[test]
fn counts_follow_puts_removes_and_a_name_taken_again() {
    let mut index = Index::default();
    index.insert(timestamp(1), 1, record("a", Some("1")));
    index.insert(timestamp(2), 2, record("b", Some("2")));
    index.insert(timestamp(3), 3, record("a", None));
    assert_eq!((index.live(), index.tombstones()), (1, 1));
    index.insert(timestamp(2), 4, record("c", Some("3")));
    assert_eq!((shown(&index, "b"), shown(&index, "c").as_deref()), (None, Some("3")));
    assert_eq!((index.live(), index.tombstones()), (1, 1));
}

#[test]
fn a_listing_does_not_remove_what_was_published_after_it_began() {
    let mut index = Index::default();
    index.insert(timestamp(1), 1, record("a", Some("1")));
    let epoch = index.begin_look();
    index.insert(timestamp(2), 2, record("a", Some("2")));
    assert_eq!(index.difference(&[], epoch).removed, [timestamp(1)]);
    let epoch = index.begin_look();
    let mut removed = index.difference(&[], epoch).removed;
    removed.sort();
    assert_eq!(removed, [timestamp(1), timestamp(2)]);
}

#[test]
fn the_difference_is_by_name_and_inode_newest_first() {
    let mut index = Index::default();
    index.insert(timestamp(1), 1, record("a", Some("1")));
    let listed = |number, inode| ListedRecord { timestamp: timestamp(number), inode, regular: true };
    let epoch = index.begin_look();
    let difference = index.difference(&[listed(3, 3), listed(1, 9), listed(4, 4)], epoch);
    let added: Vec<_> = difference.added.iter().map(|record| record.timestamp.as_micros()).collect();
    assert_eq!(added, [4, 3, 1]);
    assert_eq!(difference.removed, [timestamp(1)]);
}

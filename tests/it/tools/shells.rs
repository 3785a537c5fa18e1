//! Shells, and the tools that write into what a shell has opened.

use super::row::{OLD, Row, Told, line};

pub(super) fn rows() -> Vec<Row> {
    vec![
        line("44", "echo '[1, 2]' | tee KEY"),
        line("45 tee", "printf '\n\n' | tee -a KEY"),
        line("45 shell", "printf '\n\n' >> KEY"),
        line("45 refused", "echo 2 >> KEY").refused(&format!("{OLD}2\n"), Told::Status(1)),
        line("46", "echo '[1, 2]' | dd of=KEY status=none"),
        line("47", "printf 2 | dd of=KEY conv=notrunc seek=9 bs=1 status=none"),
        line("48", "truncate -s -1 KEY"),
        line("48 refused", "truncate -s -2 KEY").refused(&OLD[..OLD.len() - 2], Told::Status(1)),
        line("49", "truncate -s 0 KEY").stands(Told::Nobody),
        line("50", "touch KEY").records(&[]),
        line("51", "touch KEY && ls KEY && wc -c < KEY && echo 1 > KEY").before(None),
        line("52 bash", "echo '[1, 2]' > KEY"),
        line("52 dash", "dash -c \"echo '[1, 2]' > KEY\""),
        line("52 zsh", "zsh -c \"echo '[1, 2]' > KEY\""),
        line("52 busybox", "busybox sh -c \"echo '[1, 2]' > KEY\""),
        line("52 children", "(/bin/echo '{'; /bin/echo '\"a\": 2}') > KEY"),
        line("53", "cat > KEY <<X\n[1,\n2]\nX"),
        line("54", "set -C; echo '[1, 2]' > KEY").before(None),
        line("59", "sort -o KEY KEY").before("10\n"),
        line("61", "chmod 600 KEY && chown $(id -u) KEY && touch -d 2001-01-01 KEY && cat KEY").records(&[]),
    ]
}

#[test]
fn shells_and_their_tools_save() {
    super::group::run(rows());
}

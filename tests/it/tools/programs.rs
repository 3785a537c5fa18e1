//! Programs that open the file of a key themselves.

use super::row::{Row, line};

fn python(name: &'static str, program: &str) -> Row {
    line(name, format!("/usr/bin/python3 -c '{program}'"))
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        python("55", "import json; file = open(\"KEY\", \"w\"); json.dump([1, {}], file); file.close()"),
        python("56", "import json\nwith open(\"KEY\", \"w\") as file: json.dump([1, {}], file, indent=4)"),
        python("57", "with open(\"KEY\", \"r+\") as file: file.write(\"[1]\"); file.truncate()"),
        python("57 longer", "with open(\"KEY\", \"r+\") as file: file.write(\"[1]\" + \" \" * 100); file.truncate()"),
        python(
            "58",
            "import mmap\nwith open(\"KEY\", \"r+b\") as file:\n with mmap.mmap(file.fileno(), 0) as map: map[9:10] = b\"2\"; map.flush()",
        ),
    ]
}

#[test]
fn programs_save() {
    super::group::run(rows());
}

use std::fs;
use std::path::Path;

use keyfs::Value;
use tempfile::TempDir;

use crate::python::Python;

/// A copy of a store for the Python original, which deletes what is superseded also when it only reads.
pub(crate) struct Copy {
    directory: TempDir,
    python: Python,
}

impl Copy {
    pub(crate) fn new() -> Copy {
        let directory = tempfile::Builder::new().prefix("keyfs-copy.").tempdir().unwrap();
        let python = Python::start(directory.path(), None);
        Copy { directory, python }
    }

    /// The live keys of a store and their values, as JSON texts.
    pub(crate) fn everything(&mut self, store: &Path) -> Vec<(String, String)> {
        let copied = self.directory.path().join("d");
        fs::remove_dir_all(&copied).unwrap();
        fs::create_dir(&copied).unwrap();
        for record in fs::read_dir(store.join("d")).unwrap() {
            let record = record.unwrap();
            fs::copy(record.path(), copied.join(record.file_name())).unwrap();
        }
        self.python.reopen();
        self.python.everything()
    }
}

/// What the original shows of a key and a value.
pub(crate) fn shown((key, value): (&String, &Value)) -> (String, String) {
    (Value::string(key).to_ascii(), value.to_ascii())
}

use std::path::Path;

use super::Face;
use super::account::{Account, some_length};
use crate::python::Python;
use crate::random::Random;

/// Puts and removes with the Python original, which never syncs.
pub(crate) struct ByPython(Python);

impl ByPython {
    pub(crate) fn start(store: &Path) -> ByPython {
        ByPython(Python::start(store, Some("python")))
    }
}

impl Face for ByPython {
    fn write(&mut self, account: &mut Account, random: &mut Random) -> Result<(), String> {
        if account.is_to_be_removed(random) {
            account.removal();
            // It removes only what it knows of.
            self.0.synchronize();
            self.0.remove(account.key());
        } else {
            let value = account.value("python", some_length(random));
            self.0.put(account.key(), value.text());
        }
        account.acknowledge();
        Ok(())
    }
}

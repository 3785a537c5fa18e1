//! An engine that is a store but for what is done otherwise.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use keyfs::vfs::{Engine, EngineError, EngineReport, ForeignChange, LiveVersion, Pinned, Space, VersionNumber};
use keyfs::{Key, Store, Value};

/// What may be done otherwise, and the store that does the rest.
pub(crate) trait Before: Send + Sync + 'static {
    fn store(&self) -> impl Deref<Target = Store>;

    fn synchronize(&self) -> Result<Vec<ForeignChange>, EngineError> {
        Engine::synchronize(&*self.store())
    }

    fn remove(&self, key: &Key) -> Result<bool, EngineError> {
        Engine::remove(&*self.store(), key)
    }
}

pub(crate) struct StandingBefore<B>(pub(crate) B);

impl<B: Before> Engine for StandingBefore<B> {
    fn synchronize(&self) -> Result<Vec<ForeignChange>, EngineError> {
        self.0.synchronize()
    }

    fn remove(&self, key: &Key) -> Result<bool, EngineError> {
        self.0.remove(key)
    }

    fn wait_for_changes(&self, timeout: Duration) -> Result<bool, EngineError> {
        Engine::wait_for_changes(&*self.0.store(), timeout)
    }

    fn stop_waiting(&self) {
        Engine::stop_waiting(&*self.0.store());
    }

    fn check_complete(&self) -> Result<(), EngineError> {
        Engine::check_complete(&*self.0.store())
    }

    fn report(&self) -> EngineReport {
        Engine::report(&*self.0.store())
    }

    fn version(&self, key: &Key) -> Option<LiveVersion> {
        Engine::version(&*self.0.store(), key)
    }

    fn value(&self, key: &Key, number: VersionNumber) -> Result<Option<Value>, EngineError> {
        Engine::value(&*self.0.store(), key, number)
    }

    fn doubt(&self, key: &Key, number: VersionNumber) {
        Engine::doubt(&*self.0.store(), key, number);
    }

    fn pin(&self, key: &Key, number: VersionNumber) -> Result<Option<Arc<dyn Pinned>>, EngineError> {
        Engine::pin(&*self.0.store(), key, number)
    }

    fn list(&self) -> Vec<(Key, VersionNumber)> {
        Engine::list(&*self.0.store())
    }

    fn put(&self, key: &Key, value: &Value) -> Result<VersionNumber, EngineError> {
        Engine::put(&*self.0.store(), key, value)
    }

    fn make_durable(&self, key: &Key) -> Result<(), EngineError> {
        Engine::make_durable(&*self.0.store(), key)
    }

    fn make_all_durable(&self) -> Result<(), EngineError> {
        Engine::make_all_durable(&*self.0.store())
    }

    fn space(&self) -> Result<Space, EngineError> {
        Engine::space(&*self.0.store())
    }

    fn is_writable(&self) -> bool {
        Engine::is_writable(&*self.0.store())
    }
}

//! The two clocks, each with what a test needs to play on it.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::clock::{Clock, SystemClock, Thread};
use monolith_training::errors::Result;
use tokio::runtime::{Builder, Runtime};

pub(crate) const MS: Duration = Duration::from_millis(1);

/// After which a test has failed; it only passes in a test that fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A list that threads append to.
pub(crate) type Seen<T> = Arc<Mutex<Vec<T>>>;

pub(crate) fn seen<T: Clone>(list: &Seen<T>) -> Vec<T> {
    list.lock().unwrap().clone()
}

/// A clock, and what tests do with it in real and in virtual time.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) clock: Arc<dyn Clock>,
    fake: Option<VirtualClock>,
    runtime: Arc<Runtime>,
}

impl Stage {
    fn new(clock: Arc<dyn Clock>, fake: Option<VirtualClock>) -> Self {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build();
        Self {
            clock,
            fake,
            runtime: Arc::new(runtime.unwrap()),
        }
    }

    /// In virtual time.
    pub(crate) fn fake(main: fn(&Self)) {
        let clock = VirtualClock::new(None);
        let stage = Self::new(Arc::new(clock.clone()), Some(clock.clone()));
        clock.run(move || main(&stage)).unwrap();
    }

    /// On the system's clock.
    pub(crate) fn real(main: fn(&Self)) {
        main(&Self::new(Arc::new(SystemClock), None));
    }

    /// Looks each millisecond, by the clock, until `condition` holds.
    pub(crate) fn until(&self, condition: impl Fn() -> bool) {
        let gives_up = self.clock.now() + PATIENCE;
        while !condition() {
            assert!(self.clock.now() < gives_up, "it never came true");
            self.clock.sleep(MS);
        }
    }

    /// Runs this on a thread of its own, which nobody waits for.
    pub(crate) fn beside(&self, body: impl FnOnce() + Send + 'static) -> Arc<Thread> {
        let target = Box::new(move || {
            body();
            Ok(())
        });
        self.clock.start_thread("beside", None, target).unwrap()
    }

    pub(crate) fn until_ended(&self, threads: &[Arc<Thread>]) {
        self.until(|| !threads.iter().any(|thread| thread.is_alive()));
    }

    /// Makes an RPC and returns its result once its handler has ended.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        call: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let Some(clock) = &self.fake else {
            return self.runtime.block_on(call);
        };
        let result = clock.call(None, |reply| {
            self.runtime.spawn(async move { reply.send(call.await) });
        });
        result.unwrap()
    }

    /// Within the runtime that the calls are made in.
    pub(crate) fn within<T>(&self, body: impl FnOnce() -> T) -> T {
        let _within = self.runtime.enter();
        body()
    }
}

/// What a thread runs that ends well.
pub(crate) fn target(
    body: impl FnOnce() + Send + 'static,
) -> Box<dyn FnOnce() -> Result<()> + Send> {
    Box::new(move || {
        body();
        Ok(())
    })
}

/// Tests that are played on the fake and on the real one of something.
macro_rules! contracts {
    (of $setting:ty; $(fn $name:ident($given:ident) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn contract($given: &$setting) $body

            #[test]
            fn fake() {
                <$setting>::fake(contract);
            }

            #[test]
            fn real() {
                <$setting>::real(contract);
            }
        }
    )*};
}
pub(crate) use contracts;

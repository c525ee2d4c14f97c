//! What a panic left behind: which message was applied, and the words of it.
//!
//! # Place
//!
//! Shards, and whoever collects for the order book and the forecast, apply turns under [`Alarm::guard`]; the
//! drain looks at the alarm.
//!
//! # Holds
//!
//! - Only the first panic is told. What panicked is not to be used again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use crossdock_core::under_way::UnderWay;

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panicked {
    /// What was being done.
    pub under_way: UnderWay,
    /// Its words.
    pub words: String,
}

/// One for all parts of a pipeline.
#[derive(Clone, Debug, Default)]
pub struct Alarm(Arc<OnceLock<Panicked>>);

impl Alarm {
    /// Does something to `part`. `None` where it panicked: then `under_way` says at what.
    pub fn guard<P, T>(
        &self,
        part: &mut P,
        act: impl FnOnce(&mut P) -> T,
        under_way: impl FnOnce(&P) -> UnderWay,
    ) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(|| act(part))) {
            Ok(done) => Some(done),
            Err(payload) => {
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
                let words = text.unwrap_or("no words").to_owned();
                // Another part was first: its message is left out first.
                drop(self.0.set(Panicked { under_way: under_way(part), words }));
                None
            }
        }
    }

    /// The first panic, if there was one.
    #[must_use]
    pub fn get(&self) -> Option<&Panicked> {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_panic_is_told() {
        let alarm = Alarm::default();
        let (mut one, mut other) = (7_u64, 8_u64);
        assert_eq!(alarm.guard(&mut one, |it| *it + 1, |_| UnderWay::Nothing), Some(8));
        assert_eq!(alarm.get(), None);
        for part in [&mut one, &mut other] {
            let ended = alarm.guard(
                part,
                |it| assert!(*it == 0, "it is {it}"),
                |it| UnderWay::Message(*it),
            );
            assert_eq!(ended, None);
        }
        let wanted = Panicked { under_way: UnderWay::Message(7), words: String::from("it is 7") };
        assert_eq!(alarm.get(), Some(&wanted));
    }
}

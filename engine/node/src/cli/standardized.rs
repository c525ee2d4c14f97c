//! Documents through a lane and no further: what `normalize` prints and `feeds coverage` counts.

use crossdock_core::batch::Batch;
use crossdock_core::guess::Guesser;
use crossdock_core::lane::{Lane, LaneOptions, LaneOutput};
use crossdock_core::normalized;
use crossdock_core::output::Output;
use crossdock_core::standardize::place::Atlas;
use crossdock_core::tally::Tally;

use super::documents::Documents;
use super::settings::Settings;
use super::{Failure, InputArgs};

/// What a lane makes of documents, in the order they came.
pub(super) enum Standardized<'a> {
    /// An event, as the JSON of `docs/FORMATS.md` without a line end.
    Event(&'a [u8]),
    /// Something that could not be read, as a dead letter.
    Letter(&'a [u8]),
    /// The end of a turn: whoever holds output back gives it out.
    Turn,
}

/// Shows every event and dead letter of the documents; gives what was counted.
///
/// # Errors
///
/// A file can't be read, and those of `visit`.
pub(super) fn each(
    settings: &Settings,
    input: &InputArgs,
    options: LaneOptions,
    mut visit: impl FnMut(Standardized<'_>) -> Result<(), Failure>,
) -> Result<Tally, Failure> {
    let mut lane = Lane::new(settings.feeds.clone(), Atlas::load(), options);
    let mut documents = Documents::new(input, Guesser::new(settings.feeds.clone()))?;
    let mut batches = [Batch::default()];
    let mut letters = Output::default();
    let names = settings.feeds.names();
    let mut line = Vec::new();
    documents.turns(|intake| {
        batches[0].clear();
        letters.clear();
        lane.read(intake, &mut LaneOutput { batches: &mut batches, letters: &mut letters });
        let [batch] = &batches;
        for group in &batch.groups {
            let first = group.first_item as usize;
            for item in &batch.items[first..first + group.item_count as usize] {
                line.clear();
                normalized::write(&mut line, batch, group, item, &names);
                visit(Standardized::Event(&line))?;
            }
        }
        visit(Standardized::Turn)?;
        for message in letters.messages() {
            visit(Standardized::Letter(letters.body(message)))?;
        }
        Ok(())
    })?;
    Ok(*lane.tally())
}

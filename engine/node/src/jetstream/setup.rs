//! The two streams: made by `crossdock nats init`, looked at by `crossdock nats check` and before
//! every start.
//!
//! # Place
//! Before reader and committer.
//! # Method
//! Making a stream, checking one and repairing one all read the same table (`setting`).
//! # Holds
//! The three verbs.
//! # Does not hold
//! What the server keeps to itself: `sync_interval` and batch limits can't be asked for over this
//! API ([`ADVICE`]).

use crate::error::EdgeError;
use crate::jetstream::call::{CallError, Caller, STREAM_NOT_FOUND};
use crate::jetstream::intake::explain;
use crate::jetstream::setting::config;
pub use crate::jetstream::setting::{Deviation, Role, Severity, StreamOptions, deviations};
use serde_json::Value;

/// What can't be checked from here and matters all the same.
pub const ADVICE: &[&str] = &[
    "With one replica, set `sync_interval: always` in the server's jetstream block: by default the \
     disk is told to write only every two minutes, and a power loss takes what came since. A commit \
     is one atomic batch, so this costs four syncs per commit, not one per message.",
    "With three replicas, put them into three failure domains, and set it as well: it costs 7 to 27 \
     percent.",
    "Keep `max_file_store` below the size of the disk: a full disk makes the server silent, a full \
     store makes it answer.",
];

/// What `init` did with one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It was not there.
    Created,
    /// It is as it should be.
    Fits,
    /// These were changed.
    Repaired(Vec<Deviation>),
    /// These are left: `repair` was not asked for, or they can't be changed.
    Left(Vec<Deviation>),
}

/// Makes the streams that are not there. One that is there is left as it is, or changed to fit
/// where `repair` says so.
///
/// # Errors
/// What the server refuses, or its silence.
pub async fn init(
    caller: &mut Caller,
    streams: &[StreamOptions],
    repair: bool,
) -> Result<Vec<(String, Done)>, EdgeError> {
    let mut done = Vec::new();
    for options in streams {
        let found = read_config(caller, options).await?;
        let result = match found {
            None => {
                let verb = format!("STREAM.CREATE.{}", options.name);
                ask(caller, &verb, &config(options), options).await?;
                Done::Created
            }
            Some(found) => match deviations(&found, options) {
                list if list.is_empty() => Done::Fits,
                list if repair => change(caller, options, found, list).await?,
                list => Done::Left(list),
            },
        };
        done.push((options.name.clone(), result));
    }
    Ok(done)
}

/// Looks at the streams and says what is not as it should be.
///
/// # Errors
/// [`EdgeError::StreamMissing`], or the server's silence.
pub async fn check(
    caller: &mut Caller,
    streams: &[StreamOptions],
) -> Result<Vec<Deviation>, EdgeError> {
    let mut list = Vec::new();
    for options in streams {
        let Some(found) = read_config(caller, options).await? else {
            return Err(EdgeError::StreamMissing { stream: options.name.clone() });
        };
        list.extend(deviations(&found, options));
    }
    Ok(list)
}

/// As [`check`], and an error where a deviation breaks the promises.
///
/// # Errors
/// [`EdgeError::StreamUnfit`], and those of [`check`].
pub async fn require(
    caller: &mut Caller,
    streams: &[StreamOptions],
) -> Result<Vec<Deviation>, EdgeError> {
    let list = check(caller, streams).await?;
    let breaking = list.iter().filter(|deviation| deviation.severity == Severity::Breaks);
    let Some(first) = breaking.clone().next() else { return Ok(list) };
    let names: Vec<&str> = breaking.map(|deviation| deviation.setting).collect();
    Err(EdgeError::StreamUnfit {
        stream: first.stream.clone(),
        count: names.len(),
        list: names.join(", "),
    })
}

async fn change(
    caller: &mut Caller,
    options: &StreamOptions,
    mut found: Value,
    list: Vec<Deviation>,
) -> Result<Done, EdgeError> {
    let (changeable, fixed): (Vec<_>, Vec<_>) = list.into_iter().partition(|d| d.changeable);
    let wanted = config(options);
    for deviation in &changeable {
        found[deviation.setting] = wanted[deviation.setting].clone();
    }
    if !changeable.is_empty() {
        let verb = format!("STREAM.UPDATE.{}", options.name);
        ask(caller, &verb, &found, options).await?;
    }
    Ok(if fixed.is_empty() { Done::Repaired(changeable) } else { Done::Left(fixed) })
}

async fn read_config(
    caller: &mut Caller,
    options: &StreamOptions,
) -> Result<Option<Value>, EdgeError> {
    let verb = format!("STREAM.INFO.{}", options.name);
    match caller.api::<Value>(&verb, "").await {
        Ok(mut info) => Ok(Some(info["config"].take())),
        Err(CallError::Refused(error)) if error.err_code == STREAM_NOT_FOUND => Ok(None),
        Err(CallError::NoResponders) => {
            Err(EdgeError::JetStreamOff { server: caller.connection().server_label() })
        }
        Err(error) => Err(explain(error, &options.name, "the state of a stream")),
    }
}

async fn ask(
    caller: &mut Caller,
    verb: &str,
    body: &Value,
    options: &StreamOptions,
) -> Result<(), EdgeError> {
    let answer = caller.api::<Value>(verb, body.to_string()).await;
    answer.map(drop).map_err(|error| explain(error, &options.name, verb))
}

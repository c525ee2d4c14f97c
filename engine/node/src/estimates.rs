//! What is declared of arrival estimates, read and checked for the engine.
//!
//! # Place
//! Between the configuration and the engine's options; the file is `rules/packs/eta/default.yaml` or one
//! like it.
//! # Method
//! The eta crate checks the file; here it is refused where it asks for what the engine does not do.
//! # Holds
//! What the engine follows of a declared file.
//! # Does not hold
//! The meaning of its settings: see `crossdock_eta`.

use crossdock_core::forecast::ForecastOptions;
use crossdock_eta::declared::{BUILTIN, DeclaredError, Expression};
use crossdock_eta::{Calendar, Declared, Estimator, Settings, State};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The expressions that the engine follows, by key: there is one of each.
const FOLLOWED: [(&str, &str); 3] = [
    ("promise", "shipment.promise_date"),
    ("carrier_estimate", "shipment.carrier_eta"),
    ("exclude", "seen(customer_hold) || shipment.is_return"),
];

/// Reads the declared file; without one, that of the folder of packs, or the one compiled in.
///
/// # Errors
/// All that is wrong with the file, each with its place.
pub fn load(file: Option<&Path>, packs: Option<&Path>) -> Result<Arc<ForecastOptions>, String> {
    let of_packs = packs.map(|packs| packs.join("eta/default.yaml")).filter(|path| path.exists());
    let (name, text) = match file.or(of_packs.as_deref()) {
        Some(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| format!("\"{}\" can't be read: {error}", path.display()))?;
            (path.display().to_string(), text)
        }
        None => (String::from("rules/packs/eta/default.yaml"), String::from(BUILTIN)),
    };
    options(&name, &text).map(Arc::new)
}

/// Reads a file of `crossdock eta export` that fits the settings.
///
/// # Errors
/// It can't be read, is none, or was learned under settings that give its numbers another meaning.
pub fn learned(path: &Path, settings: &Settings) -> Result<State, String> {
    let read = |why: String| format!("\"{}\": {why}", path.display());
    let text = fs::read_to_string(path).map_err(|error| read(error.to_string()))?;
    let state = State::from_text(&text).map_err(|error| read(error.to_string()))?;
    match Estimator::restored(settings.clone(), &state) {
        Ok(_) => Ok(state),
        Err(error) => Err(read(error.to_string())),
    }
}

/// What a text declares.
///
/// # Errors
/// See [`load`].
pub fn options(name: &str, text: &str) -> Result<ForecastOptions, String> {
    let said = |errors: &[DeclaredError]| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        lines.join("\n")
    };
    let declared = Declared::parse(name, text).map_err(|errors| said(&errors))?;
    let mut errors = Vec::new();
    let given = [&declared.promise, &declared.carrier_estimate, &declared.exclude];
    for ((key, followed), given) in FOLLOWED.into_iter().zip(given) {
        let Some(Expression { text, line, column }) = given else { continue };
        if text != followed {
            errors.push(DeclaredError {
                file: name.to_owned(),
                line: *line,
                column: *column,
                message: format!("\"{key}\" is \"{text}\"; the engine follows \"{followed}\" only"),
            });
        }
    }
    let whole = |message: &str| DeclaredError {
        file: name.to_owned(),
        line: 1,
        column: 1,
        message: message.to_owned(),
    };
    if !declared.transit_tables.is_empty() {
        errors.push(whole("\"transit_tables\" are not followed by the engine; leave them out"));
    }
    if !declared.calendars.is_empty() {
        errors.push(whole("\"calendars\" are not followed by the engine; leave them out"));
    }
    if !errors.is_empty() {
        return Err(said(&errors));
    }
    Ok(ForecastOptions { declared, calendar: Calendar::continuous(), learned: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = options("x.yaml", text).expect_err("refused");
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn what_the_engine_does_not_follow_is_refused_with_its_place() {
        check("eta:\n  promise: order.promise\n", "x.yaml:2:12: \"promise\" is \"order.promise\"");
        check("eta:\n  exclude: shipment.is_return\n", "x.yaml:2:12: \"exclude\"");
        check("eta:\n  transit_tables: [a.csv]\n", "\"transit_tables\" are not followed");
        check("eta:\n  calendars: [{ calendar: br }]\n", "\"calendars\" are not followed");
        check("eta:\n  shrinkage: 0\n", "x.yaml:2:14: \"shrinkage\" is 0");
    }

    #[test]
    fn the_pack_compiled_in_is_followed() {
        let loaded = load(None, None).expect("it is tested with the code");
        assert_eq!(loaded.declared.settings, crossdock_eta::Settings::default());
    }
}

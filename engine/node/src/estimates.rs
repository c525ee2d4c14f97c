//! What is declared of arrival estimates, read and checked for the engine.
//!
//! # Place
//! Between the configuration and the engine's options; the file is `rules/packs/eta/default.yaml` or one
//! like it. Its transit tables lie beside it; its calendars are those of the packs.
//! # Method
//! The eta crate checks the file and its tables; here names are looked up (calendars, carriers, countries), and it is
//! refused where it asks for what the engine does not do.
//! # Holds
//! Everything that is wrong with the file and its tables is told in one go, each with its place.
//! # Does not hold
//! The meaning of its settings: see `crossdock_eta`.

use crossdock_core::forecast::ForecastOptions;
use crossdock_core::forecast::almanac::{Almanac, AlmanacRule};
use crossdock_core::standardize::place::Atlas;
use crossdock_eta::declared::{BUILTIN, CalendarRule, DeclaredError, Expression};
use crossdock_eta::transit::TransitTable;
use crossdock_eta::{Declared, Estimator, Settings, State, Symbol};
use crossdock_rules::calendar::Calendar;
use crossdock_rules::feed;
use crossdock_rules::rule::Options;
use crossdock_rules::rule::catalogue::Catalogue;
use crossdock_rules::rule::diagnostic::nearest;
use crossdock_rules::rule::field::Name;
use crossdock_rules::rule::pack::{self, Pack};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of one transit table.
const TABLE_BYTES_MAX: u64 = 64 << 20;

/// The expressions that the engine follows, by key: there is one of each.
const FOLLOWED: [(&str, &str); 3] = [
    ("promise", "shipment.promise_date"),
    ("carrier_estimate", "shipment.carrier_eta"),
    ("exclude", "seen(customer_hold) || shipment.is_return"),
];

/// What names in a declared file may be.
struct Known {
    calendars: Vec<Calendar>,
    carriers: BTreeSet<String>,
    /// Where transit tables are looked for; without, there are none.
    folder: Option<PathBuf>,
}

/// Reads the declared file; without one, that of the folder of packs, or the one compiled in.
///
/// # Errors
/// All that is wrong with the file, each with its place.
pub fn load(file: Option<&Path>, packs: Option<&Path>) -> Result<Arc<ForecastOptions>, String> {
    let of_packs = packs.map(|packs| packs.join("eta/default.yaml")).filter(|path| path.exists());
    let path = file.or(of_packs.as_deref());
    let (name, text) = match path {
        Some(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| format!("\"{}\" can't be read: {error}", path.display()))?;
            (path.display().to_string(), text)
        }
        None => (String::from("rules/packs/eta/default.yaml"), String::from(BUILTIN)),
    };
    let folder = path.map(|path| path.parent().unwrap_or_else(|| Path::new("")).to_owned());
    let loaded = options(&name, &text, &Known { folder, ..Known::of(packs)? });
    loaded.map(Arc::new).map_err(|errors| said(&errors))
}

/// All that is wrong with a declared file, each with its place, as [`load`] would find it.
///
/// # Errors
/// The file or the calendars beside it can't be read.
pub fn check(path: &Path, packs: Option<&Path>) -> Result<Vec<DeclaredError>, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("\"{}\" can't be read: {error}", path.display()))?;
    let folder = Some(path.parent().unwrap_or_else(|| Path::new("")).to_owned());
    let found = options(&path.display().to_string(), &text, &Known { folder, ..Known::of(packs)? });
    Ok(found.err().unwrap_or_default())
}

/// Errors as a person reads them.
fn said(errors: &[DeclaredError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl Known {
    /// The calendars and the feeds of a folder of packs, and of what is compiled in.
    fn of(packs: Option<&Path>) -> Result<Self, String> {
        let folder = packs.map(|packs| packs.join("calendars")).filter(|path| path.is_dir());
        let pack = match folder {
            Some(folder) => Pack::read(&[folder.display().to_string()])?,
            None => pack::builtin(),
        };
        let mut calendars = pack
            .calendars(&Options::default())
            .map_err(|report| format!("the calendars have mistakes\n\n{}", report.render()))?;
        calendars.extend([Calendar::standard(), Calendar::always()]);
        let mut carriers: BTreeSet<String> =
            Catalogue::default().names(Name::Carrier).into_iter().flatten().cloned().collect();
        let mut add = |path: &str| {
            let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str());
            carriers.extend(stem.map(|stem| stem.replace('-', "_")));
            carriers.extend(stem.map(str::to_owned));
        };
        feed::builtin_files().iter().for_each(|(path, _)| add(path));
        let feeds = packs.and_then(|packs| fs::read_dir(packs.join("feeds")).ok());
        for entry in feeds.into_iter().flatten().flatten() {
            add(&entry.file_name().to_string_lossy());
        }
        Ok(Self { calendars, carriers, folder: None })
    }

    fn calendar(&self, name: &str) -> Result<&Calendar, String> {
        let found = self.calendars.iter().find(|calendar| calendar.name == name);
        found.ok_or_else(|| {
            let names = || self.calendars.iter().map(|calendar| calendar.name.as_str());
            let help = match nearest(name, names()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("give one of {}", names().collect::<Vec<_>>().join(", ")),
            };
            format!("\"{name}\" is no calendar of the packs; {help}")
        })
    }

    fn carrier(&self, name: &str) -> Result<(), String> {
        if self.carriers.contains(name) {
            return Ok(());
        }
        Err(match nearest(name, self.carriers.iter().map(String::as_str)) {
            Some(near) => format!("\"{name}\" is no known carrier; did you mean \"{near}\"?"),
            None => format!(
                "\"{name}\" is no known carrier; give the name of a feed, or one that \
                 `crossdock rules fields` lists"
            ),
        })
    }

    /// `US` or `US-TX`.
    fn region(&self, name: &str) -> Result<(), String> {
        let country = name.split_once('-').map_or(name, |(country, _)| country);
        let is_code = Atlas::load()
            .country_code(country)
            .is_some_and(|code| code.as_slice() == country.as_bytes());
        if is_code {
            return Ok(());
        }
        Err(format!(
            "\"{name}\" does not begin with a country; give its two letters, as in \"US\" or \"US-TX\""
        ))
    }

    /// What is wrong with a name of a transit table.
    fn cell(&self, column: &str, name: &str) -> Result<(), String> {
        match column {
            "carrier" => self.carrier(name),
            "o_region" | "d_region" => self.region(name),
            _ => Ok(()),
        }
    }
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
fn options(name: &str, text: &str, known: &Known) -> Result<ForecastOptions, Vec<DeclaredError>> {
    let mut declared = Declared::parse(name, text)?;
    let mut errors = Vec::new();
    let given = [&declared.promise, &declared.carrier_estimate, &declared.exclude];
    for ((key, followed), given) in FOLLOWED.into_iter().zip(given) {
        let Some(found) = given else { continue };
        if found.text != followed {
            let message =
                format!("\"{key}\" is \"{}\"; the engine follows \"{followed}\" only", found.text);
            errors.push(error_at(name, found, message));
        }
    }
    let table = tables(name, &declared.transit_tables, known, &mut errors);
    let mut rules = Vec::new();
    for rule in &declared.calendars {
        rules.extend(almanac_rule(name, rule, known, &mut errors));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let almanac = Almanac::new(rules, table).map_err(|(index, error)| {
        vec![error_at(name, &declared.calendars[index].calendar, error.to_string())]
    })?;
    declared.settings.calendars_digest = almanac.digest();
    Ok(ForecastOptions { declared, almanac, learned: None })
}

fn error_at(file: &str, at: &Expression, message: String) -> DeclaredError {
    DeclaredError { file: file.to_owned(), line: at.line, column: at.column, message }
}

/// Reads the transit tables.
fn tables(
    name: &str,
    files: &[Expression],
    known: &Known,
    errors: &mut Vec<DeclaredError>,
) -> TransitTable {
    let mut table = TransitTable::default();
    for file in files {
        let Some(folder) = &known.folder else {
            let message = String::from("transit tables lie beside a file; give it as `eta.file`");
            errors.push(error_at(name, file, message));
            continue;
        };
        let path = folder.join(&file.text);
        let read = fs::metadata(&path).and_then(|found| match found.len() {
            size if TABLE_BYTES_MAX < size => Err(std::io::Error::other(format!(
                "it has {size} bytes; {TABLE_BYTES_MAX} is the most"
            ))),
            _ => fs::read_to_string(&path),
        });
        match read {
            Ok(text) => {
                let cell = |column: &str, name: &str| known.cell(column, name);
                let added = table.add(&path.display().to_string(), &text, cell);
                errors.extend(added.err().into_iter().flatten());
            }
            Err(error) => {
                let message = format!(
                    "\"{}\" can't be read: {error}; give a CSV file beside this one",
                    file.text
                );
                errors.push(error_at(name, file, message));
            }
        }
    }
    table
}

/// Looks up the names of one line of `calendars`.
fn almanac_rule(
    name: &str,
    rule: &CalendarRule,
    known: &Known,
    errors: &mut Vec<DeclaredError>,
) -> Option<AlmanacRule> {
    let before = errors.len();
    let mut look = |at: Option<&Expression>, check: &dyn Fn(&str) -> Result<(), String>| {
        if let Some(at) = at
            && let Err(message) = check(&at.text)
        {
            errors.push(error_at(name, at, message));
        }
    };
    look(Some(&rule.calendar), &|text| known.calendar(text).map(drop));
    look(rule.carrier.as_ref(), &|text| known.carrier(text));
    look(rule.destination.as_ref(), &|text| known.region(text));
    if before < errors.len() {
        return None;
    }
    let symbol =
        |at: &Option<Expression>| at.as_ref().map_or(Symbol::NONE, |at| Symbol::of(&at.text));
    Some(AlmanacRule {
        carrier: symbol(&rule.carrier),
        service: symbol(&rule.service),
        destination: symbol(&rule.destination),
        calendar: known.calendar(&rule.calendar.text).ok()?.clone(),
        cutoff_minute: rule.cutoff_minute,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let known = Known::of(None).expect("compiled in");
        let found = said(&options("x.yaml", text, &known).expect_err("refused"));
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn what_the_engine_does_not_follow_is_refused_with_its_place() {
        check("eta:\n  promise: order.promise\n", "x.yaml:2:12: \"promise\" is \"order.promise\"");
        check("eta:\n  exclude: shipment.is_return\n", "x.yaml:2:12: \"exclude\"");
        check("eta:\n  shrinkage: 0\n", "x.yaml:2:14: \"shrinkage\" is 0");
        check("eta:\n  transit_tables: [a.csv]\n", "x.yaml:2:20: transit tables lie beside");
    }

    #[test]
    fn names_of_calendars_are_looked_up() {
        check(
            "eta:\n  calendars:\n    - { calendar: dhl-germani }\n",
            "x.yaml:3:19: \"dhl-germani\" is no calendar of the packs; did you mean \"dhl-germany\"?",
        );
        let text =
            "eta:\n  calendars:\n    - { calendar: usps, carrier: upz, destination: usa-tx }\n";
        check(text, "x.yaml:3:34: \"upz\" is no known carrier; did you mean \"ups\"?\n");
        check(text, "x.yaml:3:52: \"USA-TX\" does not begin with a country");
    }

    #[test]
    fn tables_are_read_from_beside_the_file_and_checked() {
        let folder = std::env::temp_dir().join(format!("crossdock-tables-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let rows = "ups,ground,us,US-TX,4\nupz,ground,us,US-TX,4\nups,ground,us,US-CA,soon\n";
        let csv = format!("carrier,service,o_region,d_region,days\n{rows}");
        fs::write(folder.join("bad.csv"), &csv).expect("written");
        let good: String = csv.lines().take(2).map(|line| format!("{line}\n")).collect();
        fs::write(folder.join("good.csv"), good).expect("written");
        let known = || Known { folder: Some(folder.clone()), ..Known::of(None).expect("known") };
        let text = |name: &str| format!("eta:\n  transit_tables: [{name}]\n");
        let found = options("x.yaml", &text("good.csv"), &known()).expect("a table");
        assert_eq!(found.almanac.table().len(), 1);
        let found = options("x.yaml", &text("bad.csv, none.csv"), &known());
        let found = said(&found.expect_err("refused"));
        assert!(found.contains("bad.csv:3:1: \"upz\" is no known carrier"), "{found}");
        assert!(found.contains("bad.csv:4:21: \"days\" is \"soon\""), "{found}");
        assert!(found.contains("x.yaml:2:29: \"none.csv\" can't be read"), "{found}");
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn other_calendars_give_what_was_learned_another_meaning() {
        let known = Known::of(None).expect("compiled in");
        let digest = |text: &str| {
            let found = options("x.yaml", text, &known).expect("checked");
            found.declared.settings.calendars_digest
        };
        assert_eq!(digest("eta: {}\n"), 0);
        let plain = digest("eta: { calendars: [{ calendar: usps }] }\n");
        let cut = digest("eta: { calendars: [{ calendar: usps, cutoff: \"17:00\" }] }\n");
        assert!(plain != 0 && cut != 0 && plain != cut);
    }

    #[test]
    fn the_pack_compiled_in_is_followed() {
        let loaded = load(None, None).expect("it is tested with the code");
        assert_eq!(loaded.declared.settings, crossdock_eta::Settings::default());
    }
}

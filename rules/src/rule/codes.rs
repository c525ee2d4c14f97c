//! The long text of every code: what it means, why it is refused, what to write instead.
//!
//! # Holds
//!
//! - A code is never given to another mistake.

/// Codes and their long texts, by number.
pub const ALL: &[(&str, &str)] = &[
    (
        "XD101",
        "The file is not YAML 1.2. The place is where the reader gave up; the mistake is often a line above: an indentation, a quote or a bracket that is not closed.",
    ),
    (
        "XD102",
        "A limit is passed: bytes of a file, nodes, levels of nesting, rules of a set, elements of a list, bytes of a message. Limits keep loading and running bounded; split the file or the set.",
    ),
    (
        "XD103",
        "A name stands twice: a key of a map, a list, a `let` or a calendar. YAML readers differ in which of two keys wins, so neither does.",
    ),
    (
        "XD104",
        "Anchors, aliases, tags, merge keys, keys that are no texts and second documents are not part of a rule file. They make a file mean something else than it looks like. Use `lists:`, `let:` and `defaults:`.",
    ),
    (
        "XD105",
        "`yes`, `no`, `on`, `off`, `y` and `n` without quotes are booleans in YAML 1.1, which many CI tools still read: the country `no` becomes `false`. Write them in quotes, or `true` and `false`.",
    ),
    (
        "XD106",
        "The key is not known at this place. A key that is passed over in silence is a rule that does less than it says.",
    ),
    ("XD107", "A key that must be there is not."),
    ("XD108", "A map, a list or a text stands where another shape is needed."),
    ("XD109", "The word is not one of those that this key takes."),
    (
        "XD110",
        "A rule has exactly one kind: `event`, `expect`, `silence`, `count` or `watch`. What needs two is two rules.",
    ),
    (
        "XD111",
        "A time of day without quotes is a number in base 60 for YAML 1.1: `21:00` is 1260. Put it in quotes.",
    ),
    (
        "XD112",
        "Two rules have the same id. The id names a rule in every output, in its state and in its hash.",
    ),
    (
        "XD113",
        "Ids are lower-case letters, digits, `-`, `_` and `.`; codes are capitals, digits and `_`. Both go into subjects and documents.",
    ),
    (
        "XD201",
        "The condition can't be read. Operators are && || ! == != < <= > >= in, not in, + - * /; texts stand in quotes; comparisons don't chain.",
    ),
    (
        "XD202",
        "There is no such field and no such `let`. `crossdock rules fields` lists every field with its type.",
    ),
    (
        "XD203",
        "The name is not in the catalogue: a carrier, country, mode, milestone or reason that is spelled otherwise. A misspelled name is a rule that never fires.",
    ),
    (
        "XD204",
        "No milestone, exception class, detail or alias has this name. `detail.`, `milestone.` or `exception.` in front choose an axis where a name is on several.",
    ),
    (
        "XD205",
        "Two types don't go together: a number and a text, a time and a number. Literals take the type of the other side; `crossdock rules fields` says what that is.",
    ),
    (
        "XD206",
        "There is no such function, or not with so many arguments. The list is closed, so that every rule ends and its cost is known.",
    ),
    (
        "XD207",
        "`event.*` is there only while an event is at hand. `silence` and `watch` rules and `resolve: when` are also asked when a timer runs out.",
    ),
    ("XD208", "There is no such list or `let`, or a `let` uses itself."),
    (
        "XD209",
        "Scopes are looked up in an index, so they are names and words, not numbers or times. Put the condition under `where:`.",
    ),
    (
        "XD210",
        "There is no such calendar. Write a role (origin, destination, network) or the name of a calendar of the set.",
    ),
    ("XD211", "A part of a calendar can't be read: a day, hours, a zone, a country, a date."),
    (
        "XD231",
        "An atom over a value that is absent is false, so its negation would be true of a shipment about which nothing is known. Say what should happen: `has(x) && x != y` for \"known, and not y\", `unless: x == y` for \"anything but y\".",
    ),
    (
        "XD232",
        "Division by something that may be zero. Divide by a literal, or multiply the other side.",
    ),
    (
        "XD233",
        "A message names a value that may be absent, is no field, or does not belong to this kind of rule. Write what is said instead after a bar: `{event.reason|unknown}`.",
    ),
    (
        "XD301",
        "An `expect` needs one end: `within` or `by`. Without one it would wait for ever and hold memory for ever.",
    ),
    ("XD302", "A length of time of zero: the rule would raise at once, before anything can come."),
    (
        "XD303",
        "`by` is a time of day at the destination (or `at: origin`), or a moment that the shipment carries.",
    ),
    (
        "XD304",
        "A watched condition is asked when something it reads changes, and at the moments at which `since(...)` changes sides. Nobody knows when business time does; use `expect` with a calendar.",
    ),
    ("XD305", "`effective` is a date or an instant, and `until` lies after `from`."),
    ("XD306", "The key does nothing for this kind of rule, or beside that other key."),
    (
        "XD307",
        "Not a length of time: `90m`, `36h`, `2d`, `1d12h`, and where business time is meant `24bh` or `3bd`.",
    ),
    (
        "XD401",
        "The rule can never raise: it waits for no event, counts in no state, or what starts it also ends it.",
    ),
    (
        "XD402",
        "Two rules raise the same code for the same events in the same scope under the same condition.",
    ),
    ("XD403", "The scope accepts nothing, or two conditions exclude each other."),
    ("XD404", "`resolve` names nothing, or what raises the rule also resolves it."),
    ("XD405", "One code with two severities: whoever reads the code can't know how urgent it is."),
    ("XD406", "Two names have the same number. The odds are small; rename one of them."),
    (
        "XD501",
        "A pattern with fewer than two fixed letters passes nearly every text and costs a search each time.",
    ),
    (
        "XD502",
        "The rule costs more than a single rule may. Texts, the history and business time are what costs; put cheap conditions first and split the rest.",
    ),
    ("XD503", "Too many atoms in one rule."),
    (
        "XD504",
        "An expression is too long, nested too deep, or needs more values at once than there are registers.",
    ),
    (
        "XD512",
        "The rule has no scope and waits for any event, so it is looked at with every single one.",
    ),
    ("XD601", "A list or `let` that no rule uses."),
    (
        "XD602",
        "The running engine does not give this field to rules yet, so it is absent for every shipment and an atom over it is false. Tests give it. The rule loads, and will speak when the engine knows the field; until then say it with another field beside this one, such as `eta.carrier_at > shipment.promise_at`.",
    ),
    (
        "XD701",
        "A rule test is not well formed: a moment, an event, a shipment or an expected line can't be read.",
    ),
    (
        "XD801",
        "A file of declared arrival estimates (`eta/` of a folder of packs) has a mistake: a key, a name of a calendar, a carrier, a transit table. The engine does not start with it.",
    ),
];

/// The long text of a code.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_rise_and_have_texts() {
        assert!(ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(ALL.iter().all(|(_, text)| 20 < text.len()));
        assert_eq!(explain("XD999"), None);
    }
}

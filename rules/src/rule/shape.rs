//! The tree of a file -> [`FileDef`]: which keys there are, which must be, and what each holds.
//!
//! # Holds
//!
//! - Unknown keys, missing keys and wrong shapes are told with the nearest known key; what is right
//!   is kept, so that later stages find the rest.

use super::def::{
    CalendarDef, Defaults, ExpectDef, FileDef, KindDef, LimitDef, RaiseDef, ResolveDef, RuleDef,
    SilenceDef, Word,
};
use super::diagnostic::{Diagnostic, Report, Span, nearest};
use super::limits;
use super::yaml::{Kind, Node};

const FILE_KEYS: [&str; 7] =
    ["version", "package", "defaults", "lists", "calendars", "let", "rules"];
const KIND_KEYS: [&str; 5] = ["event", "expect", "silence", "count", "watch"];
pub(crate) const RULE_KEYS: [&str; 22] = [
    "id",
    "title",
    "owner",
    "mode",
    "effective",
    "scope",
    "event",
    "expect",
    "silence",
    "count",
    "watch",
    "where",
    "unless",
    "for",
    "keep",
    "clock",
    "grace",
    "apply",
    "once",
    "raise",
    "resolve",
    "tests",
];

/// Reads the shape of one file.
pub(crate) fn shape(root: &Node, report: &mut Report) -> FileDef {
    let mut shaper = Shaper { report };
    shaper.file(root)
}

struct Shaper<'r> {
    report: &'r mut Report,
}

impl Shaper<'_> {
    fn file(&mut self, root: &Node) -> FileDef {
        let mut file = FileDef::default();
        if self.is_foreign(root) {
            return file;
        }
        if !self.map(root, "a rule file", &FILE_KEYS, &["version"]) {
            return file;
        }
        if let Some(version) = root.get("version")
            && version.text() != Some("1")
        {
            self.wrong(version, "version", "`1`");
        }
        file.package = self.optional(root, "package");
        if let Some(defaults) = root.get("defaults")
            && self.map(
                defaults,
                "`defaults`",
                &["owner", "mode", "clock", "scope", "audience"],
                &[],
            )
        {
            file.defaults = Defaults {
                owner: self.optional(defaults, "owner"),
                mode: self.optional(defaults, "mode"),
                clock: self.optional(defaults, "clock"),
                scope: self.scope(defaults),
                audience: self.words(defaults, "audience"),
            };
        }
        for (key, node) in root.get("lists").map_or(&[][..], Node::entries) {
            let words = self.elements(node, &key.text);
            let name = Word { text: key.text.clone(), span: key.span, plain: true };
            if limits::LIST_LEN_MAX < words.len() {
                let text = format!("list `{}` of {} elements", key.text, words.len());
                let label = format!("at most {}", limits::LIST_LEN_MAX);
                self.report.push(
                    Diagnostic::new("XD102", key.span, text)
                        .label(label)
                        .help("Make it several lists, or a condition."),
                );
            }
            file.lists.push((name, words));
        }
        for (key, node) in root.get("let").map_or(&[][..], Node::entries) {
            if let Some(word) = self.word(node, &key.text) {
                file.lets
                    .push((Word { text: key.text.clone(), span: key.span, plain: true }, word));
            }
        }
        for (key, node) in root.get("calendars").map_or(&[][..], Node::entries) {
            let name = Word { text: key.text.clone(), span: key.span, plain: true };
            file.calendars.push(CalendarDef { name, node: node.clone() });
        }
        for node in root.get("rules").map_or(&[][..], Node::elements) {
            if let Some(rule) = self.rule(node) {
                file.rules.push(rule);
            }
        }
        file
    }

    /// A file that has no key of a rule file is something else; one error says so, where each of its keys would.
    fn is_foreign(&mut self, root: &Node) -> bool {
        let known = |key: &str| FILE_KEYS.contains(&key) || nearest(key, FILE_KEYS).is_some();
        let [(first, _), ..] = root.entries() else { return false };
        if root.entries().iter().any(|(key, _)| known(&key.text)) {
            return false;
        }
        let text = format!("no rule file: it begins with `{}`", first.text);
        let help =
            "Rule files begin with `version: 1`; give the files and folders that hold rules.";
        self.report
            .push(Diagnostic::new("XD107", first.span, text).label("not a key of one").help(help));
        true
    }

    fn rule(&mut self, node: &Node) -> Option<RuleDef> {
        if !self.map(node, "a rule", &RULE_KEYS, &["id", "raise"]) {
            return None;
        }
        let id = self.required(node, "id");
        let kinds: Vec<_> = node
            .entries()
            .iter()
            .filter(|(key, _)| KIND_KEYS.contains(&key.text.as_str()))
            .collect();
        let [(key, body)] = kinds[..] else {
            let text = format!("a rule of {} kinds", kinds.len());
            let second = kinds.get(1).map_or(node.span, |(key, _)| key.span);
            self.report.push(
                Diagnostic::new("XD110", id.as_ref().map_or(node.span, |id| id.span), text)
                    .label("this rule")
                    .second(second, "here")
                    .help("Give it exactly one of `event`, `expect`, `silence`, `count`, `watch`."),
            );
            return None;
        };
        let kind = self.kind(&key.text, body)?;
        let raise = self.raise(node.get("raise")?);
        let resolve = node.get("resolve").map(|node| self.resolve(node));
        let effective = node.get("effective");
        if let Some(effective) = effective {
            self.map(effective, "`effective`", &["from", "until"], &[]);
        }
        let date =
            |shaper: &mut Self, key: &str| effective.and_then(|node| shaper.optional(node, key));
        Some(RuleDef {
            from: date(self, "from"),
            until: date(self, "until"),
            id: id?,
            title: self.optional(node, "title"),
            owner: self.optional(node, "owner"),
            mode: self.optional(node, "mode"),
            scope: self.scope(node),
            kind,
            kind_span: key.span,
            condition: self.optional(node, "where"),
            unless: self.optional(node, "unless"),
            raise: raise?,
            resolve,
            once: self.optional(node, "once"),
            hold: self.optional(node, "for"),
            keep: self.optional(node, "keep"),
            clock: self.optional(node, "clock"),
            grace: self.optional(node, "grace"),
            apply: self.optional(node, "apply"),
            tests: node.get("tests").cloned(),
            node: node.clone(),
        })
    }

    fn kind(&mut self, key: &str, body: &Node) -> Option<KindDef> {
        Some(match key {
            "event" => KindDef::Event { on: self.elements(body, "event") },
            "watch" => KindDef::Watch { condition: self.word(body, "watch")? },
            "count" => {
                let keys = ["of", "at_least", "within", "distinct_by"];
                if !self.map(body, "`count`", &keys, &["of", "at_least"]) {
                    return None;
                }
                KindDef::Count {
                    of: self.words(body, "of"),
                    at_least: self.required(body, "at_least")?,
                    within: self.optional(body, "within"),
                    distinct_by: self.optional(body, "distinct_by"),
                }
            }
            "expect" => {
                let keys = ["after", "want", "within", "by", "at", "calendar", "cancel", "pause"];
                if !self.map(body, "`expect`", &keys, &["after", "want"]) {
                    return None;
                }
                KindDef::Expect(Box::new(ExpectDef {
                    after: self.words(body, "after"),
                    want: self.words(body, "want"),
                    within: self.optional(body, "within"),
                    by: self.optional(body, "by"),
                    at: self.optional(body, "at"),
                    calendar: self.optional(body, "calendar"),
                    cancel: self.words(body, "cancel"),
                    pause: self.words(body, "pause"),
                }))
            }
            _ => {
                let keys = ["of", "while", "longer_than", "calendar", "pause"];
                if !self.map(body, "`silence`", &keys, &["of", "while", "longer_than"]) {
                    return None;
                }
                KindDef::Silence(Box::new(SilenceDef {
                    of: self.words(body, "of"),
                    states: self.words(body, "while"),
                    limit: self.limit(body.get("longer_than")?)?,
                    calendar: self.optional(body, "calendar"),
                    pause: self.words(body, "pause"),
                }))
            }
        })
    }

    fn limit(&mut self, node: &Node) -> Option<LimitDef> {
        if node.text().is_some() {
            return Some(LimitDef::Fixed(self.word(node, "longer_than")?));
        }
        let keys = ["quantile", "min", "max", "support", "otherwise"];
        if !self.map(node, "`longer_than`", &keys, &["quantile", "otherwise"]) {
            return None;
        }
        Some(LimitDef::Learned {
            quantile: self.required(node, "quantile")?,
            min: self.optional(node, "min"),
            max: self.optional(node, "max"),
            support: self.optional(node, "support"),
            otherwise: self.required(node, "otherwise")?,
        })
    }

    fn raise(&mut self, node: &Node) -> Option<RaiseDef> {
        let keys = ["code", "severity", "audience", "message", "fields"];
        if !self.map(node, "`raise`", &keys, &["code"]) {
            return None;
        }
        Some(RaiseDef {
            code: self.required(node, "code")?,
            severity: self.optional(node, "severity"),
            audience: self.words(node, "audience"),
            message: self.optional(node, "message"),
            fields: self.words(node, "fields"),
        })
    }

    fn resolve(&mut self, node: &Node) -> ResolveDef {
        let span = node.span;
        if !self.map(node, "`resolve`", &["event", "when", "after"], &[]) {
            return ResolveDef { span, ..ResolveDef::default() };
        }
        ResolveDef {
            span,
            event: self.words(node, "event"),
            when: self.optional(node, "when"),
            after: self.optional(node, "after"),
        }
    }

    fn scope(&mut self, node: &Node) -> Vec<(Word, Vec<Word>)> {
        let Some(scope) = node.get("scope") else { return vec![] };
        if !matches!(scope.kind, Kind::Map(_)) {
            self.wrong(scope, "scope", "a map such as `{ carrier: [ups, fedex] }`");
            return vec![];
        }
        let word =
            |key: &super::yaml::Key| Word { text: key.text.clone(), span: key.span, plain: true };
        scope
            .entries()
            .iter()
            .map(|(key, node)| (word(key), self.elements(node, &key.text)))
            .collect()
    }

    /// Checks that a node is a map with known keys and the required ones.
    pub(crate) fn map(
        &mut self,
        node: &Node,
        what: &str,
        known: &[&str],
        required: &[&str],
    ) -> bool {
        if !matches!(node.kind, Kind::Map(_)) {
            let text = format!("{what} is {} where a map is needed", node.noun());
            let help = format!("Keys are {}.", known.join(", "));
            self.report.push(Diagnostic::new("XD108", node.span, text).label("no map").help(help));
            return false;
        }
        for (key, _) in node.entries() {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            let mut diagnostic =
                Diagnostic::new("XD106", key.span, format!("unknown key `{}` in {what}", key.text))
                    .label("not a key of it");
            diagnostic = match nearest(&key.text, known.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(near),
                None => diagnostic.help(format!("known are {}", known.join(", "))),
            };
            self.report.push(diagnostic);
        }
        for key in required {
            if node.get(key).is_none() {
                let at = Span { end: node.span.start + 1, ..node.span };
                self.report.push(
                    Diagnostic::new("XD107", at, format!("{what} without `{key}`"))
                        .label("this one")
                        .help(format!("Add `{key}:`.")),
                );
            }
        }
        true
    }

    fn wrong(&mut self, node: &Node, key: &str, wanted: &str) {
        let found = node.text().map_or_else(|| node.noun().to_owned(), |text| format!("`{text}`"));
        let text = format!("`{key}` is {found} where {wanted} is needed");
        self.report.push(
            Diagnostic::new("XD108", node.span, text)
                .label("here")
                .help(format!("Write {wanted}.")),
        );
    }

    fn word(&mut self, node: &Node, key: &str) -> Option<Word> {
        match node.text() {
            Some(text) if !text.trim().is_empty() => {
                Some(Word { text: text.trim().to_owned(), span: node.span, plain: node.is_plain() })
            }
            _ => {
                self.wrong(node, key, "a text");
                None
            }
        }
    }

    fn optional(&mut self, node: &Node, key: &str) -> Option<Word> {
        node.get(key).and_then(|node| self.word(node, key))
    }

    /// A missing key was told by [`Self::map`].
    fn required(&mut self, node: &Node, key: &str) -> Option<Word> {
        self.optional(node, key)
    }

    fn words(&mut self, node: &Node, key: &str) -> Vec<Word> {
        node.get(key).map(|node| self.elements(node, key)).unwrap_or_default()
    }

    fn elements(&mut self, node: &Node, key: &str) -> Vec<Word> {
        if matches!(node.kind, Kind::Map(_)) {
            self.wrong(node, key, "a text or a list of texts");
            return vec![];
        }
        node.elements().iter().filter_map(|element| self.word(element, key)).collect()
    }
}

/// Checks the shape of a map elsewhere: calendars and suites use the same words.
pub(crate) fn map(
    node: &Node,
    what: &str,
    known: &[&str],
    required: &[&str],
    report: &mut Report,
) -> bool {
    Shaper { report }.map(node, what, known, required)
}

/// The texts of a key.
pub(crate) fn words(node: &Node, key: &str, report: &mut Report) -> Vec<Word> {
    Shaper { report }.words(node, key)
}

/// The text of a key.
pub(crate) fn word(node: &Node, key: &str, report: &mut Report) -> Option<Word> {
    Shaper { report }.optional(node, key)
}

//! A rule file as written: the shape is right, the words are not looked at yet.

use super::diagnostic::Span;
use super::yaml::Node;

/// A text and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) span: Span,
    pub(crate) plain: bool,
}

/// One file.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileDef {
    pub(crate) package: Option<Word>,
    pub(crate) defaults: Defaults,
    pub(crate) lists: Vec<(Word, Vec<Word>)>,
    pub(crate) lets: Vec<(Word, Word)>,
    pub(crate) calendars: Vec<CalendarDef>,
    pub(crate) rules: Vec<RuleDef>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) owner: Option<Word>,
    pub(crate) mode: Option<Word>,
    pub(crate) clock: Option<Word>,
    pub(crate) scope: Vec<(Word, Vec<Word>)>,
    pub(crate) audience: Vec<Word>,
}

#[derive(Clone, Debug)]
pub(crate) struct CalendarDef {
    pub(crate) name: Word,
    pub(crate) node: Node,
}

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct RuleDef {
    pub(crate) id: Word,
    pub(crate) title: Option<Word>,
    pub(crate) owner: Option<Word>,
    pub(crate) mode: Option<Word>,
    pub(crate) from: Option<Word>,
    pub(crate) until: Option<Word>,
    pub(crate) scope: Vec<(Word, Vec<Word>)>,
    pub(crate) kind: KindDef,
    /// Where the key of the kind stands.
    pub(crate) kind_span: Span,
    pub(crate) condition: Option<Word>,
    pub(crate) unless: Option<Word>,
    pub(crate) raise: RaiseDef,
    pub(crate) resolve: Option<ResolveDef>,
    pub(crate) once: Option<Word>,
    pub(crate) hold: Option<Word>,
    pub(crate) keep: Option<Word>,
    pub(crate) clock: Option<Word>,
    pub(crate) grace: Option<Word>,
    pub(crate) apply: Option<Word>,
    pub(crate) tests: Option<Node>,
    /// The whole rule, for its hash and for `fmt`.
    pub(crate) node: Node,
}

#[derive(Clone, Debug)]
pub(crate) enum KindDef {
    Event { on: Vec<Word> },
    Expect(Box<ExpectDef>),
    Silence(Box<SilenceDef>),
    Count { of: Vec<Word>, at_least: Word, within: Option<Word>, distinct_by: Option<Word> },
    Watch { condition: Word },
}

#[derive(Clone, Debug)]
pub(crate) struct ExpectDef {
    pub(crate) after: Vec<Word>,
    pub(crate) want: Vec<Word>,
    pub(crate) within: Option<Word>,
    pub(crate) by: Option<Word>,
    pub(crate) at: Option<Word>,
    pub(crate) calendar: Option<Word>,
    pub(crate) cancel: Vec<Word>,
    pub(crate) pause: Vec<Word>,
}

#[derive(Clone, Debug)]
pub(crate) struct SilenceDef {
    pub(crate) of: Vec<Word>,
    pub(crate) states: Vec<Word>,
    pub(crate) limit: LimitDef,
    pub(crate) calendar: Option<Word>,
    pub(crate) pause: Vec<Word>,
}

#[derive(Clone, Debug)]
pub(crate) enum LimitDef {
    Fixed(Word),
    Learned {
        quantile: Word,
        min: Option<Word>,
        max: Option<Word>,
        support: Option<Word>,
        otherwise: Word,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct RaiseDef {
    pub(crate) code: Word,
    pub(crate) severity: Option<Word>,
    pub(crate) audience: Vec<Word>,
    pub(crate) message: Option<Word>,
    pub(crate) fields: Vec<Word>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ResolveDef {
    pub(crate) span: Span,
    pub(crate) event: Vec<Word>,
    pub(crate) when: Option<Word>,
    pub(crate) after: Option<Word>,
}

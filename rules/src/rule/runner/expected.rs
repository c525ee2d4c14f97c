//! What a test says should happen, held against what was said.

use super::*;

/// What a test says should happen.
#[derive(Default)]
pub(super) struct Expected {
    pub(super) raised: Option<Vec<Line>>,
    pub(super) includes: Vec<Line>,
    pub(super) retracted: Option<Vec<Line>>,
    pub(super) resolved: Option<Vec<Line>>,
    pub(super) not_raised: Vec<String>,
    pub(super) open_at_end: Option<Vec<String>>,
    pub(super) explains: Vec<(i64, String, String)>,
    pub(super) tolerance: i64,
}

/// One expected line: when, code, and what else it says.
#[derive(Clone, Debug)]
pub(super) struct Line {
    at: Option<i64>,
    code: String,
    rule: Option<String>,
    cause: Option<String>,
    message: Option<String>,
}

impl Expected {
    pub(super) fn read(case: &Case, at: stage::Moment<'_>, report: &mut Report) -> Self {
        let mut lines = |key: &str| -> Option<Vec<Line>> {
            let node = case.node.get(key)?;
            Some(node.elements().iter().filter_map(|node| line(node, at, report)).collect())
        };
        let mut expected = Self {
            raised: lines("raised"),
            includes: lines("raised_includes").unwrap_or_default(),
            retracted: lines("retracted"),
            resolved: lines("resolved"),
            tolerance: 60,
            ..Self::default()
        };
        let words = |key: &str| -> Option<Vec<String>> {
            let node = case.node.get(key)?;
            Some(node.elements().iter().filter_map(Node::text).map(str::to_owned).collect())
        };
        expected.not_raised = words("not_raised").unwrap_or_default();
        expected.open_at_end = words("open_at_end");
        if let Some(Ok(Duration::Plain(tolerance))) =
            case.node.get("tolerance").and_then(Node::text).map(Duration::parse)
        {
            expected.tolerance = tolerance.into();
        }
        for node in case.node.get("explain").map_or(&[][..], Node::elements) {
            let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or("").to_owned();
            match at(&text("at")) {
                Some(moment) => expected.explains.push((moment, text("rule"), text("says"))),
                None => fault(
                    node.span,
                    "`explain` without a moment",
                    "Write `{ rule: ..., at: +60h, says: paused }`.",
                    report,
                ),
            }
        }
        expected
    }

    /// The last moment that matters.
    pub(super) fn latest(&self) -> i64 {
        let all = [&self.raised, &self.retracted, &self.resolved].into_iter().flatten().flatten();
        let explains = self.explains.iter().map(|(at, ..)| *at);
        all.chain(&self.includes).filter_map(|line| line.at).chain(explains).max().unwrap_or(0)
    }

    pub(super) fn compare(
        &self,
        case: &Case,
        set: &RuleSet,
        said: &[Said],
        open: &[String],
        start: i64,
        failures: &mut Vec<String>,
    ) {
        let counts = |action: &Action| {
            case.only.as_ref().is_none_or(|only| set.rule(action.rule()).id == *only)
        };
        let of = |keep: fn(&Action) -> bool| -> Vec<Said> {
            said.iter().filter(|said| keep(&said.action) && counts(&said.action)).copied().collect()
        };
        let raised = of(|action| matches!(action, Action::Raise { .. }));
        let retracted = of(|action| matches!(action, Action::Retract { .. }));
        let resolved = of(|action| matches!(action, Action::Resolve { .. }));
        let teller = Teller { set, start, tolerance: self.tolerance };
        for (what, wanted, got) in [
            ("raised", &self.raised, &raised),
            ("retracted", &self.retracted, &retracted),
            ("resolved", &self.resolved, &resolved),
        ] {
            if let Some(wanted) = wanted {
                teller.exact(what, wanted, got, failures);
            }
        }
        teller.includes(&self.includes, &raised, failures);
        for code in &self.not_raised {
            if let Some(said) =
                raised.iter().find(|said| set.rule(said.action.rule()).code == *code)
            {
                failures.push(format!("{code} was raised: {}", teller.show(said)));
            }
        }
        if let Some(wanted) = &self.open_at_end {
            let (mut wanted, mut open) = (wanted.clone(), open.to_vec());
            if let Some(only) = case.only.as_ref().and_then(|only| set.find(only)) {
                open.retain(|code| *code == set.rule(only).code);
            }
            wanted.sort();
            open.sort();
            if wanted != open {
                failures.push(format!("open at the end: {open:?}, not {wanted:?}"));
            }
        }
    }
}

pub(super) struct Teller<'a> {
    set: &'a RuleSet,
    start: i64,
    tolerance: i64,
}

impl Teller<'_> {
    fn fits(&self, line: &Line, said: &Said) -> bool {
        let rule = self.set.rule(said.action.rule());
        let cause = match said.action {
            Action::Raise { .. } => None,
            Action::Resolve { cause, .. } | Action::Retract { cause, .. } => Some(cause.name()),
        };
        let message = || match &said.action {
            Action::Raise { args, .. } => rule.message.render(args, &|_| None),
            _ => String::new(),
        };
        rule.code == line.code
            && line.at.is_none_or(|at| (i64::from(said.at.0) - at).abs() <= self.tolerance)
            && line.rule.as_ref().is_none_or(|id| *id == rule.id)
            && line.cause.as_deref().is_none_or(|wanted| Some(wanted) == cause)
            && line.message.as_ref().is_none_or(|wanted| *wanted == message())
    }

    fn exact(&self, what: &str, wanted: &[Line], got: &[Said], failures: &mut Vec<String>) {
        let mut left: Vec<&Said> = got.iter().collect();
        for line in wanted {
            match left.iter().position(|said| self.fits(line, said)) {
                Some(at) => {
                    left.remove(at);
                }
                None => failures.push(format!("not {what}: {}", self.show_line(line))),
            }
        }
        for said in left {
            failures.push(format!("{what}, but not expected: {}", self.show(said)));
        }
    }

    fn includes(&self, wanted: &[Line], got: &[Said], failures: &mut Vec<String>) {
        for line in wanted {
            if !got.iter().any(|said| self.fits(line, said)) {
                failures.push(format!("not raised: {}", self.show_line(line)));
            }
        }
    }

    fn show(&self, said: &Said) -> String {
        let rule = self.set.rule(said.action.rule());
        let mut out =
            format!("+{} {} ({})", show(i64::from(said.at.0) - self.start), rule.code, rule.id);
        match &said.action {
            Action::Raise { args, .. } => {
                let message = rule.message.render(args, &|_| None);
                if !message.is_empty() {
                    write!(out, " \"{message}\"").expect("writing to a string");
                }
            }
            Action::Resolve { cause, .. } | Action::Retract { cause, .. } => {
                write!(out, " cause {}", cause.name()).expect("writing to a string");
            }
        }
        out
    }

    fn show_line(&self, line: &Line) -> String {
        let at = line
            .at
            .map_or_else(|| "at any time".to_owned(), |at| format!("+{}", show(at - self.start)));
        let cause = line.cause.as_ref().map_or(String::new(), |cause| format!(" cause {cause}"));
        let message = line.message.as_ref().map_or(String::new(), |text| format!(" \"{text}\""));
        format!("{at} {}{cause}{message}", line.code)
    }
}

/// `+0h DAMAGED`, or `{ at: ..., code: ..., rule: ..., cause: ..., message: ... }`.
fn line(node: &Node, at: stage::Moment<'_>, report: &mut Report) -> Option<Line> {
    let (when, code, rest) = match node.text() {
        Some(text) => {
            let mut words = text.split_whitespace();
            let first = words.next().unwrap_or("").to_owned();
            match words.next() {
                Some(code) => (first, code.to_owned(), words.next().map(str::to_owned)),
                None => (String::new(), first, None),
            }
        }
        None => {
            let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or("").to_owned();
            (text("at"), text("code"), None)
        }
    };
    let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let moment = if when.is_empty() { None } else { at(&when) };
    if !when.is_empty() && moment.is_none() || code.is_empty() {
        let help = "Write `+2bd@15:00 CODE`, or `{ at: +2bd@15:00, code: CODE }`.";
        fault(node.span, format!("`{when} {code}` is no line of what is expected"), help, report);
        return None;
    }
    Some(Line {
        at: moment,
        code,
        rule: text("rule"),
        cause: text("cause").or(rest),
        message: text("message"),
    })
}

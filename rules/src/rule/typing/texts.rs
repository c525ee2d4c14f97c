//! Tests of text fields.

use super::*;

impl Typing<'_, '_> {
    pub(super) fn text_test(&mut self, text: &Ast, kind: TextKind, word: &Ast) -> Option<Test> {
        let (field, lower) = self.text_field(text)?;
        let words = self.texts(word, lower)?;
        for word in &words {
            let literal = word.bytes().filter(|byte| !b"*?".contains(byte)).count();
            if kind == TextKind::Glob && literal < 2 {
                let span = text.span;
                self.report.push(
                    Diagnostic::new(
                        "XD501",
                        span,
                        format!("pattern `{word}` has fewer than two fixed letters"),
                    )
                    .label("it would pass nearly every text")
                    .help("Give it more letters, or use `has(...)`."),
                );
                return None;
            }
        }
        Some(Test::Text(field, TextTest { kind, lower, negated: false, words }))
    }

    pub(super) fn text_field(&mut self, ast: &Ast) -> Option<(FieldId, bool)> {
        match &ast.kind {
            AstKind::Call(name, parts) if name == "lower" && parts.len() == 1 => {
                Some((self.text_field(&parts[0])?.0, true))
            }
            AstKind::Path(name) => {
                let field = self.field(name, ast.span)?;
                if field.kind() == Type::Text {
                    return Some((field, false));
                }
                self.mismatch(
                    ast.span,
                    &format!("`{name}` is {}", field.kind().noun()),
                    "a text field",
                )
            }
            _ => self.mismatch(ast.span, "this is none", "a text field"),
        }
    }

    pub(super) fn texts(&mut self, ast: &Ast, lower: bool) -> Option<Vec<String>> {
        let words: Vec<(String, Span)> = match &ast.kind {
            AstKind::Text(word) => vec![(word.clone(), ast.span)],
            AstKind::ListRef(name) => self.names.list(name, ast.span, self.report)?,
            AstKind::List(parts) => {
                let mut words = Vec::new();
                for part in parts {
                    let AstKind::Text(word) = &part.kind else {
                        return self.mismatch(part.span, "this is none", "a text in quotes");
                    };
                    words.push((word.clone(), part.span));
                }
                words
            }
            _ => return self.mismatch(ast.span, "this is none", "a text in quotes"),
        };
        for (word, span) in &words {
            if lower && word.chars().any(char::is_uppercase) {
                let text = format!("`{word}` can never equal a text in lower case");
                self.report.push(
                    Diagnostic::new("XD205", *span, text)
                        .label("has capitals")
                        .help("Write it in lower case."),
                );
                return None;
            }
        }
        Some(words.into_iter().map(|(word, _)| word).collect())
    }
}

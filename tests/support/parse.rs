//! A small reader of infix expressions, for tests only.

use kexp::model::expression::{Expression, Function};

pub fn expression(text: &str) -> Expression {
    let mut reader = Reader { rest: text };
    let result = reader.level(0);
    assert!(reader.peek().is_empty(), "left over: `{}` in `{text}`", reader.rest);
    result
}

struct Reader<'a> {
    rest: &'a str,
}

const LEVELS: [&[(&str, Function)]; 4] = [
    &[(">=", Function::GreaterOrEqual), ("<=", Function::LessOrEqual), (">", Function::Greater), ("<", Function::Less)],
    &[("+", Function::Add), ("-", Function::Subtract)],
    &[("*", Function::Multiply), ("/", Function::Divide)],
    &[("^", Function::Power)],
];

impl<'a> Reader<'a> {
    fn peek(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.peek().starts_with(token);
        if found {
            self.rest = &self.rest[token.len()..];
        }
        found
    }

    fn level(&mut self, level: usize) -> Expression {
        if level == LEVELS.len() {
            return self.atom();
        }
        let mut left = self.level(level + 1);
        while let Some((_, function)) = LEVELS[level].iter().find(|(token, _)| self.take(token)) {
            let right = self.level(level + 1);
            left = Expression::Apply(*function, vec![left, right]);
        }
        left
    }

    fn atom(&mut self) -> Expression {
        if self.take("-") {
            return Expression::Apply(Function::Negate, vec![self.level(2)]);
        }
        if self.take("(") {
            let inner = self.level(0);
            assert!(self.take(")"));
            return inner;
        }
        let text = self.peek();
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            let bytes = text.as_bytes();
            let mut end = 0;
            while end < bytes.len()
                && (bytes[end].is_ascii_digit()
                    || bytes[end] == b'.'
                    || bytes[end] == b'e'
                    || (bytes[end] == b'-' && bytes[end - 1] == b'e'))
            {
                end += 1;
            }
            self.rest = &text[end..];
            return Expression::Number(text[..end].parse().expect("a number"));
        }
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        assert!(end > 0, "nothing to read at `{text}`");
        self.rest = &text[end..];
        let name = &text[..end];
        if !self.take("(") {
            return if name == "time" { Expression::Time } else { Expression::Symbol(name.to_owned()) };
        }
        let mut arguments = vec![self.level(0)];
        while self.take(",") {
            arguments.push(self.level(0));
        }
        assert!(self.take(")"));
        Expression::Apply(function(name), arguments)
    }
}

fn function(name: &str) -> Function {
    match name {
        "exp" => Function::Exp,
        "ln" => Function::Ln,
        "log10" => Function::Log10,
        "sqrt" => Function::Sqrt,
        "abs" => Function::Abs,
        "sin" => Function::Sin,
        "cos" => Function::Cos,
        "tanh" => Function::Tanh,
        "min" => Function::Min,
        "max" => Function::Max,
        "and" => Function::And,
        "piecewise" => Function::Piecewise,
        other => panic!("no function {other}"),
    }
}

//! Formulas as Level 1 writes them: text such as `k1 * S1^2 / (Km + S1)` (Level 1 Version 2, section 3.3).

use super::Reader;
use super::formula::{DEEPEST, Formula};
use crate::diagnostic::Span;

/// Level 1's names of functions, and the operators that they are.
const FUNCTIONS: &[(&str, &str)] = &[
    ("abs", "abs"),
    ("acos", "arccos"),
    ("asin", "arcsin"),
    ("atan", "arctan"),
    ("ceil", "ceiling"),
    ("cos", "cos"),
    ("exp", "exp"),
    ("floor", "floor"),
    ("log", "ln"),
    ("sin", "sin"),
    ("tan", "tan"),
    ("pow", "power"),
];

impl Reader<'_> {
    /// Reads the text of an attribute that lies at `span`; nothing where it is empty.
    pub fn infix(&mut self, text: &str, span: Span) -> Option<Formula> {
        if text.trim().is_empty() {
            return None;
        }
        let mut parser = Infix { reader: self, text, at: 0, span };
        let formula = parser.sum(0)?;
        match parser.peek() {
            None => Some(formula),
            Some(letter) => {
                parser.unexpected(&format!("`{letter}`"));
                Some(formula)
            }
        }
    }
}

struct Infix<'r, 'a> {
    reader: &'r mut Reader<'a>,
    text: &'r str,
    at: usize,
    span: Span,
}

impl Infix<'_, '_> {
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn unexpected(&mut self, what: &str) {
        let message = format!("{what} at letter {} of `{}` is not expected", self.at + 1, self.text);
        self.reader.wrong("unknown-math", &message, self.span, "in this formula");
    }

    /// `a + b - c`; recursion is bounded by `depth`.
    fn sum(&mut self, depth: usize) -> Option<Formula> {
        if depth > DEEPEST / 4 {
            let message = format!("parentheses nested deeper than {}", DEEPEST / 4);
            self.reader.wrong("too-deep", &message, self.span, "in this formula");
            return None;
        }
        let mut left = self.product(depth)?;
        loop {
            let name = match self.peek() {
                Some('+') => "plus",
                Some('-') => "minus",
                _ => return Some(left),
            };
            self.at += 1;
            let right = self.product(depth)?;
            left = self.reader.operator(name, vec![left, right], self.span);
        }
    }

    fn product(&mut self, depth: usize) -> Option<Formula> {
        let mut left = self.signed(depth)?;
        loop {
            let name = match self.peek() {
                Some('*') => "times",
                Some('/') => "divide",
                _ => return Some(left),
            };
            self.at += 1;
            let right = self.signed(depth)?;
            left = self.reader.operator(name, vec![left, right], self.span);
        }
    }

    /// Level 1's minus binds tighter than `*`, and looser than `^`.
    fn signed(&mut self, depth: usize) -> Option<Formula> {
        let mut negative = false;
        while self.take('-') {
            negative = !negative;
        }
        let value = self.power(depth)?;
        Some(if negative { self.reader.operator("minus", vec![value], self.span) } else { value })
    }

    /// `a^b^c` is `(a^b)^c` in Level 1.
    fn power(&mut self, depth: usize) -> Option<Formula> {
        let mut base = self.atom(depth)?;
        while self.take('^') {
            let negative = self.take('-');
            let mut exponent = self.atom(depth)?;
            if negative {
                exponent = self.reader.operator("minus", vec![exponent], self.span);
            }
            base = self.reader.operator("power", vec![base, exponent], self.span);
        }
        Some(base)
    }

    fn atom(&mut self, depth: usize) -> Option<Formula> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.sum(depth + 1)?;
                self.close()?;
                Some(inner)
            }
            Some(letter) if letter.is_ascii_digit() || letter == '.' => self.number(),
            Some(letter) if letter.is_ascii_alphabetic() || letter == '_' => self.name(depth),
            Some(letter) => {
                self.unexpected(&format!("`{letter}`"));
                None
            }
            None => {
                self.unexpected("the end");
                None
            }
        }
    }

    fn close(&mut self) -> Option<()> {
        if self.take(')') {
            return Some(());
        }
        self.unexpected("something other than `)`");
        None
    }

    fn number(&mut self) -> Option<Formula> {
        let rest = &self.text.as_bytes()[self.at..];
        let digits = |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut length = digits(0);
        if rest.get(length) == Some(&b'.') {
            length += 1 + digits(length + 1);
        }
        if matches!(rest.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits((length + 1 + sign).min(rest.len()));
            if exponent > 0 {
                length += 1 + sign + exponent;
            }
        }
        let text = &self.text[self.at..self.at + length];
        let Ok(value) = text.parse() else {
            self.unexpected(&format!("`{text}`"));
            return None;
        };
        self.at += length;
        Some(Formula::number(value))
    }

    fn name(&mut self, depth: usize) -> Option<Formula> {
        let rest = &self.text[self.at..];
        let length = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let name = rest[..length].to_owned();
        self.at += length;
        if !self.take('(') {
            return Some(self.reader.symbol(&name, self.span));
        }
        let mut arguments = Vec::new();
        if !self.take(')') {
            loop {
                arguments.push(self.sum(depth + 1)?);
                if !self.take(',') {
                    break;
                }
            }
            self.close()?;
        }
        Some(self.function(&name, arguments))
    }

    fn function(&mut self, name: &str, mut arguments: Vec<Formula>) -> Formula {
        match name {
            "sqrt" => arguments.insert(0, Formula::number(2.0)),
            "log10" => arguments.insert(0, Formula::number(10.0)),
            "sqr" => arguments.push(Formula::number(2.0)),
            _ => {}
        }
        let operator = match name {
            "sqrt" => Some("root"),
            "log10" => Some("log"),
            "sqr" => Some("power"),
            _ => FUNCTIONS.iter().find(|(other, _)| *other == name).map(|(_, operator)| *operator),
        };
        match operator {
            Some(operator) => self.reader.operator(operator, arguments, self.span),
            None => self.reader.call(name, arguments, self.span),
        }
    }
}

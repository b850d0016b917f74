//! From words to a tree, by precedence.

use std::ops::Range;

use super::functions::{self, CallError};
use super::token::{Token, error, next};
use super::{Formula, MOST_DEPTH, MOST_NODES, MathError};
use crate::diagnostic::suggest;
use crate::model::expression::{Expression, Function};

/// Reads a formula.
pub fn parse(text: &str) -> Result<Formula, MathError> {
    let (token, place) = next(text, 0)?;
    let mut parser = Parser { text, token, place, names: Vec::new(), open: 0 };
    let tree = parser.either()?;
    match parser.token {
        Token::End => Ok(Formula { expression: tree.expression, names: parser.names }),
        _ => Err(parser.unexpected("expected an operator or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// The word that comes next, and its place.
    token: Token<'a>,
    place: Range<usize>,
    names: Vec<(String, Range<usize>)>,
    /// How many rules are being read inside each other.
    open: usize,
}

/// A tree that knows its depth and how many nodes it has.
struct Tree {
    expression: Expression,
    depth: usize,
    size: usize,
}

impl Tree {
    fn leaf(expression: Expression) -> Self {
        Tree { expression, depth: 1, size: 1 }
    }
}

type Read = Result<Tree, MathError>;

impl<'a> Parser<'a> {
    fn advance(&mut self) -> Result<Token<'a>, MathError> {
        let token = self.token;
        (self.token, self.place) = next(self.text, self.place.end)?;
        Ok(token)
    }

    fn at(&self, sign: &'static str) -> bool {
        self.token == Token::Sign(sign)
    }

    /// Takes the sign if it comes next.
    fn take(&mut self, sign: &'static str) -> Result<bool, MathError> {
        let found = self.at(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn unexpected(&self, label: &'static str) -> MathError {
        let message = match self.token {
            Token::End => "the formula ends too early".to_owned(),
            _ => format!("`{}` is not expected here", &self.text[self.place.clone()]),
        };
        error(message, label, self.place.clone())
    }

    /// Runs a rule one level deeper, as far as there may be.
    fn deeper(&mut self, rule: impl FnOnce(&mut Self) -> Read) -> Read {
        if self.open >= MOST_DEPTH {
            return Err(too_deep(self.place.clone()));
        }
        self.open += 1;
        let tree = rule(self)?;
        self.open -= 1;
        Ok(tree)
    }

    fn apply(&self, function: Function, arguments: Vec<Tree>) -> Read {
        let (depth, size) = measured(&arguments, 1, 1, &self.place)?;
        let arguments = arguments.into_iter().map(|tree| tree.expression).collect();
        Ok(Tree { expression: Expression::Apply(function, arguments), depth, size })
    }

    fn either(&mut self) -> Read {
        let mut parts = vec![self.both()?];
        while self.take("||")? {
            parts.push(self.both()?);
        }
        self.joined(Function::Or, parts)
    }

    fn both(&mut self) -> Read {
        let mut parts = vec![self.comparison()?];
        while self.take("&&")? {
            parts.push(self.comparison()?);
        }
        self.joined(Function::And, parts)
    }

    fn joined(&self, function: Function, mut parts: Vec<Tree>) -> Read {
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                self.apply(function, parts)
            }
        }
    }

    fn comparison(&mut self) -> Read {
        let left = self.sum()?;
        let Token::Sign(sign) = self.token else { return Ok(left) };
        let Some(function) = compared(sign) else { return Ok(left) };
        self.advance()?;
        let right = self.sum()?;
        if let Token::Sign(again) = self.token
            && compared(again).is_some()
        {
            let mut wrong = self.unexpected("a second comparison");
            wrong.help = Some("join two comparisons by `&&`".to_owned());
            return Err(wrong);
        }
        self.apply(function, vec![left, right])
    }

    fn sum(&mut self) -> Read {
        let mut terms = vec![self.product()?];
        let mut negative = vec![false];
        loop {
            let minus = self.at("-");
            if !minus && !self.at("+") {
                break;
            }
            self.advance()?;
            terms.push(self.product()?);
            negative.push(minus);
        }
        if negative == [false, true] {
            return self.apply(Function::Subtract, terms);
        }
        let terms = terms
            .into_iter()
            .zip(negative)
            .map(|(term, negative)| if negative { self.apply(Function::Negate, vec![term]) } else { Ok(term) })
            .collect::<Result<Vec<_>, _>>()?;
        self.joined(Function::Add, terms)
    }

    fn product(&mut self) -> Read {
        let mut factors = vec![self.signed()?];
        loop {
            if self.take("*")? {
                factors.push(self.signed()?);
            } else if self.take("/")? {
                let above = self.joined(Function::Multiply, factors)?;
                let below = self.signed()?;
                factors = vec![self.apply(Function::Divide, vec![above, below])?];
            } else {
                return self.joined(Function::Multiply, factors);
            }
        }
    }

    /// Signs bind weaker than powers: `-x^2` is the negative of a square.
    fn signed(&mut self) -> Read {
        if self.take("+")? {
            return self.deeper(Self::signed);
        }
        if self.take("-")? {
            let tree = self.deeper(Self::signed)?;
            return match tree.expression {
                Expression::Number(value) => Ok(Tree::leaf(Expression::Number(-value))),
                _ => self.apply(Function::Negate, vec![tree]),
            };
        }
        if self.take("!")? {
            let tree = self.deeper(Self::signed)?;
            return self.apply(Function::Not, vec![tree]);
        }
        self.power()
    }

    fn power(&mut self) -> Read {
        let base = self.atom()?;
        if self.take("^")? || self.take("**")? {
            let exponent = self.deeper(Self::signed)?;
            return self.apply(Function::Power, vec![base, exponent]);
        }
        Ok(base)
    }

    fn atom(&mut self) -> Read {
        match self.token {
            Token::Number(value) => {
                self.advance()?;
                Ok(Tree::leaf(Expression::Number(value)))
            }
            Token::Name(name) => {
                let place = self.place.clone();
                self.advance()?;
                if self.take("(")? {
                    return self.call(name, place);
                }
                self.names.push((name.to_owned(), place));
                Ok(Tree::leaf(Expression::Symbol(name.to_owned())))
            }
            Token::Sign("(") => {
                let opened = self.place.clone();
                self.advance()?;
                let tree = self.deeper(Self::either)?;
                self.close(opened)?;
                Ok(tree)
            }
            _ => Err(self.unexpected("expected a number, an id, a function or a parenthesis")),
        }
    }

    fn close(&mut self, opened: Range<usize>) -> Result<(), MathError> {
        match self.take(")")? {
            true => Ok(()),
            false if self.token == Token::End => {
                Err(error("this parenthesis is never closed".to_owned(), "opened here", opened))
            }
            false => Err(self.unexpected("expected an operator or `)`")),
        }
    }

    fn call(&mut self, name: &str, place: Range<usize>) -> Read {
        let opened = place.end..place.end + 1;
        let mut arguments = Vec::new();
        if !self.at(")") {
            arguments.push(self.deeper(Self::either)?);
            while self.take(",")? {
                arguments.push(self.deeper(Self::either)?);
            }
        }
        self.close(opened)?;
        // Some functions are made of others, with up to five levels of them and their argument twice.
        let (depth, size) = measured(&arguments, 5, 2, &place)?;
        let arguments = arguments.into_iter().map(|tree| tree.expression).collect();
        match functions::call(name, arguments) {
            Ok(expression) => Ok(Tree { expression, depth, size }),
            Err(CallError::Unknown) => Err(MathError {
                message: format!("there is no function `{name}`"),
                label: "unknown function",
                place,
                help: suggest(name, functions::NAMES.into_iter()).map(|near| format!("did you mean `{near}`?")),
            }),
            Err(CallError::Count(expected)) => {
                Err(error(format!("`{name}` takes {expected}"), "another number of arguments", place))
            }
        }
    }
}

fn compared(sign: &str) -> Option<Function> {
    Some(match sign {
        "<" => Function::Less,
        "<=" => Function::LessOrEqual,
        ">" => Function::Greater,
        ">=" => Function::GreaterOrEqual,
        "==" => Function::Equal,
        "!=" => Function::NotEqual,
        _ => return None,
    })
}

/// Depth and size of a tree with `levels` levels above its arguments, which appear in it `times` times each.
fn measured(
    arguments: &[Tree],
    levels: usize,
    times: usize,
    place: &Range<usize>,
) -> Result<(usize, usize), MathError> {
    let depth = levels + arguments.iter().map(|tree| tree.depth).max().unwrap_or(0);
    let size = 2 * levels + times * arguments.iter().map(|tree| tree.size).sum::<usize>();
    if depth > MOST_DEPTH {
        return Err(too_deep(place.clone()));
    }
    if size > MOST_NODES {
        let message = format!("the formula has more than {MOST_NODES} operations");
        return Err(error(message, "too long up to here", place.clone()));
    }
    Ok((depth, size))
}

fn too_deep(place: Range<usize>) -> MathError {
    let message = format!("the formula is nested deeper than {MOST_DEPTH} levels");
    error(message, "too deep here", place)
}

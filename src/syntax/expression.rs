//! Expressions: from pest's flat chains to trees, by the order of the operators.

use std::sync::LazyLock;

use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::ast::{Argument, BinaryOperator, Expr, ExprKind, UnaryOperator};
use super::grammar::{Node, Rule};
use super::traps;
use crate::diagnostic::{Diagnostic, Span};

/// From loosest to tightest.
static ORDER: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::over))
        .op(left(Rule::or))
        .op(left(Rule::and))
        .op(Op::prefix(Rule::not))
        .op(left(Rule::equal)
            | left(Rule::not_equal)
            | left(Rule::less)
            | left(Rule::less_or_equal)
            | left(Rule::greater)
            | left(Rule::greater_or_equal))
        .op(left(Rule::add) | left(Rule::subtract))
        .op(left(Rule::multiply) | left(Rule::divide))
        .op(Op::prefix(Rule::negate))
        .op(Op::infix(Rule::power, Assoc::Right))
});

/// Why a text that the grammar accepts has no tree.
pub(super) type Built<T> = Result<T, Box<Diagnostic>>;

/// The grammar and this code disagree; said as a diagnostic, since no input may bring the program down.
pub(super) fn disagreement(span: Span, wanted: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("syntax", format!("expected {wanted}")).at(span, "not understood"))
}

/// The next part, which the grammar promises.
pub(super) fn promised<'a>(
    node: &Node<'a>,
    children: &mut impl Iterator<Item = Node<'a>>,
    wanted: &str,
) -> Built<Node<'a>> {
    children.next().ok_or_else(|| disagreement(node.span(), wanted))
}

/// An `expression` of the grammar.
pub(super) fn expression(node: &Node) -> Built<Expr> {
    let mut children = node.children();
    let start = chain(&promised(node, &mut children, "a value")?)?;
    let Some(end) = children.accept(Rule::chain) else { return Ok(start) };
    let end = chain(&end)?;
    let step = children.accept(Rule::chain).map(|step| chain(&step)).transpose()?;
    let scale = children.accept(Rule::scale).map(|scale| scale.name());
    let last = [Some(end.span), step.as_ref().map(|step| step.span), scale.as_ref().map(|scale| scale.span)];
    let span = last.into_iter().flatten().fold(start.span, Span::to);
    let (start, end, step) = (Box::new(start), Box::new(end), step.map(Box::new));
    Ok(Expr { span, kind: ExprKind::Range { start, end, step, scale } })
}

/// A `chain` of the grammar: operands with operators before and between.
fn chain(node: &Node) -> Built<Expr> {
    let children: Vec<Node> = node.children().collect();
    if let [operand] = children.as_slice() {
        return self::operand(operand);
    }
    // pest's Pratt parser works on pairs; the nodes carry the place of the text that pairs lack.
    let pairs = children.iter().map(Node::pair);
    ORDER
        .map_primary(|pair| operand(&node.sibling(pair)))
        .map_prefix(|pair, operand| {
            let sign = node.sibling(pair);
            let operand = operand?;
            let operator = if sign.rule() == Rule::not { UnaryOperator::Not } else { UnaryOperator::Negate };
            Ok(Expr {
                span: sign.span().to(operand.span),
                kind: ExprKind::Unary { operator, operand: Box::new(operand) },
            })
        })
        .map_infix(|left, pair, right| {
            let (left, right) = (left?, right?);
            let sign = node.sibling(pair);
            let operator = binary(&sign)?;
            refuse_chained_comparison(operator, &left, &sign)?;
            let span = left.span.to(right.span);
            Ok(Expr { span, kind: ExprKind::Binary { operator, left: Box::new(left), right: Box::new(right) } })
        })
        .parse(pairs)
}

fn binary(sign: &Node) -> Built<BinaryOperator> {
    Ok(match sign.rule() {
        Rule::over => BinaryOperator::Over,
        Rule::or => BinaryOperator::Or,
        Rule::and => BinaryOperator::And,
        Rule::equal => BinaryOperator::Equal,
        Rule::not_equal => BinaryOperator::NotEqual,
        Rule::less => BinaryOperator::Less,
        Rule::less_or_equal => BinaryOperator::LessOrEqual,
        Rule::greater => BinaryOperator::Greater,
        Rule::greater_or_equal => BinaryOperator::GreaterOrEqual,
        Rule::add => BinaryOperator::Add,
        Rule::subtract => BinaryOperator::Subtract,
        Rule::multiply => BinaryOperator::Multiply,
        Rule::divide => BinaryOperator::Divide,
        Rule::power => BinaryOperator::Power,
        _ => return Err(disagreement(sign.span(), "an operator")),
    })
}

fn is_comparison(operator: BinaryOperator) -> bool {
    use BinaryOperator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    matches!(operator, Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual)
}

/// `a < b < c` would compare a truth with a number.
fn refuse_chained_comparison(operator: BinaryOperator, left: &Expr, sign: &Node) -> Built<()> {
    match left.kind {
        // In parentheses it begins before its own left operand, and is meant.
        ExprKind::Binary { operator: first, left: ref inner, .. }
            if is_comparison(first) && is_comparison(operator) && left.span.start == inner.span.start =>
        {
            Err(Box::new(
                Diagnostic::error("chained-comparison", "comparisons do not chain")
                    .at(sign.span(), "a second comparison")
                    .at(left.span, "is already true or false")
                    .help("write `a < b and b < c`"),
            ))
        }
        _ => Ok(()),
    }
}

/// A number, string, list, name, call, or an expression in parentheses.
fn operand(node: &Node) -> Built<Expr> {
    let span = node.span();
    let mut children = node.children();
    let kind = match node.rule() {
        Rule::number => ExprKind::Number { value: number(node)?, text: node.text().to_owned() },
        Rule::text => ExprKind::Text(node.literal().value),
        Rule::list => ExprKind::List(children.map(|element| expression(&element)).collect::<Built<_>>()?),
        Rule::parentheses => expression(&promised(node, &mut children, "an expression")?)?.kind,
        Rule::reference => {
            let name = promised(node, &mut children, "a name")?.name();
            match children.accept(Rule::arguments) {
                Some(list) => ExprKind::Call { name, arguments: arguments(&list)? },
                None => ExprKind::Name(name.text),
            }
        }
        _ => return Err(disagreement(span, "a value")),
    };
    Ok(Expr { span, kind })
}

fn arguments(node: &Node) -> Built<Vec<Argument>> {
    let arguments: Vec<Argument> = node.children().map(|node| argument(&node)).collect::<Built<_>>()?;
    for pair in arguments.windows(2) {
        if let [Argument { name: Some(name), value: before }, Argument { name: None, value }] = pair
            && !speaks_for_itself(value)
        {
            return Err(Box::new(traps::positional_after_named(&name.text, before, value)));
        }
    }
    Ok(arguments)
}

/// A word or a condition: `biomodels(species = 1 .. 60, events <= 2, curated)`. Whether that has a place, the checks say.
fn speaks_for_itself(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Name(_) => true,
        ExprKind::Binary { operator, .. } => is_comparison(*operator) || *operator == BinaryOperator::And,
        _ => false,
    }
}

fn argument(node: &Node) -> Built<Argument> {
    let mut children = node.children();
    let name = children.accept(Rule::argument_name).and_then(|name| name.children().next()).map(|name| name.name());
    Ok(Argument { name, value: expression(&promised(node, &mut children, "a value")?)? })
}

/// The value of a number; one that overflows is refused.
pub(super) fn number(node: &Node) -> Built<f64> {
    match node.text().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(Box::new(
            Diagnostic::error("number", "this number is too large")
                .at(node.span(), "larger than 1.8e308, the largest that can be held"),
        )),
    }
}

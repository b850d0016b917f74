//! The usual traps: mistakes whose cause is known, said in words that name the cause.

use super::ast::{Expr, ExprKind};
use super::expected::Failure;
use super::grammar::Rule;
use super::layout::{DECLARATIONS, ENTRIES, OPERATOR_WORDS};
use super::token::Kind;
use crate::diagnostic::{Diagnostic, Span, suggest};

/// The diagnostic for a known mistake.
pub(super) fn diagnostic(failure: &Failure) -> Option<Diagnostic> {
    let traps: [fn(&Failure) -> Option<Diagnostic>; 21] = [
        unknown_declaration,
        braces_as_value,
        decimal_comma,
        bare_reaction,
        unknown_entry,
        keyword_as_name,
        import_of_nothing,
        quoted_name,
        name_with_other_characters,
        wrong_assignment,
        missing_part_of_reaction,
        setting_without_sign,
        other_comparison,
        second_range,
        unknown_scale,
        semicolon,
        empty_element,
        two_operators,
        nothing_after_operator,
        two_settings_on_a_line,
        operator_begins_line,
    ];
    traps.iter().find_map(|trap| trap(failure))
}

/// How a declaration or entry of this kind reads.
pub(super) fn form(failure: &Failure) -> Option<String> {
    let form = match failure.text(0) {
        "experiment" => "experiment \"title\" { seed = 1 }",
        "import" => "import name, other from \"path.kexp\"",
        "model" if is_declaration(failure) => "model name { ... }` or `model name = sbml(\"path.xml\")",
        "problem" if is_declaration(failure) => "problem name { ... }` or `problem name = petab(\"path.yaml\")",
        "compartment" => "compartment cell = 1",
        "parameter" => "parameter k = 0.1",
        "species" => "species A in cell = 1",
        "let" => "let flux = k*A",
        "reaction" => "reaction bind: A + B -> C; kon*A*B",
        "rule" => "rule total := A + B` or `rule drug' = -k*drug",
        "event" => "event dose at time >= 24 { drug = drug + 10 }",
        "observable" => "observable y = scale*A noise normal(sd)",
        "estimate" => "estimate k_on, k_off in 1e-5 .. 1e5 log10",
        "prior" => "prior k ~ normal(4, 1)",
        "vary" => "vary train.lr in 1e-5 .. 1e-2 log10",
        kind if is_declaration(failure) && DECLARATIONS.contains(&kind) => {
            return Some(format!("{} `{kind}` reads `{kind} name {{ ... }}`", article(kind)));
        }
        _ => return None,
    };
    let word = failure.text(0);
    Some(format!("{} `{word}` reads `{form}`", article(word)))
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn is_declaration(failure: &Failure) -> bool {
    matches!(failure.rule, Rule::one_declaration | Rule::one_declaration_head)
}

fn kind(failure: &Failure, at: usize) -> Option<Kind> {
    failure.tokens.get(at).map(|token| token.kind)
}

fn place(failure: &Failure, at: usize) -> Span {
    failure.tokens.get(at).map_or_else(|| failure.here(), |token| failure.span(*token))
}

fn error(code: &'static str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, message)
}

fn did_you_mean(word: &str, candidates: &[&str]) -> Option<String> {
    suggest(word, candidates.iter().copied()).map(|near| format!("did you mean `{near}`?"))
}

/// `modle stat5 { ... }`, or an entry outside a block.
fn unknown_declaration(failure: &Failure) -> Option<Diagnostic> {
    let word = failure.text(0);
    if !is_declaration(failure) || failure.at > 0 || DECLARATIONS.contains(&word) {
        return None;
    }
    let here = place(failure, 0);
    if kind(failure, 0) != Some(Kind::Word) {
        let what = failure.tokens.first().map(|token| failure.describe(*token)).unwrap_or_default();
        return Some(
            error("syntax", format!("expected a declaration, found {what}"))
                .at(here, "expected a word such as `model` or `dataset`"),
        );
    }
    if ENTRIES.contains(&word) {
        return Some(
            error("outside-block", format!("`{word}` stands outside a block"))
                .at(here, "belongs in the braces of a declaration, such as `model name { ... }`"),
        );
    }
    if failure.text(1) == "=" {
        return Some(
            error("outside-block", format!("the setting `{word}` stands outside a block"))
                .at(here, "belongs in the braces of a declaration, such as `experiment \"title\" { ... }`"),
        );
    }
    let kinds = format!("the kinds are {}", DECLARATIONS.join(", "));
    let help = did_you_mean(word, &DECLARATIONS).unwrap_or(kinds);
    Some(
        error("unknown-declaration", format!("`{word}` is not a kind of declaration"))
            .at(here, "unknown kind")
            .help(help),
    )
}

/// `parmeter k = 0.1`, or a name with a blank in it.
fn unknown_entry(failure: &Failure) -> Option<Diagnostic> {
    let word = failure.text(0);
    let two_words = kind(failure, 0) == Some(Kind::Word) && kind(failure, 1) == Some(Kind::Word);
    let group = failure.rule == Rule::one_entry_head;
    if is_declaration(failure) || group || ENTRIES.contains(&word) || OPERATOR_WORDS.contains(&word) || !two_words {
        return None;
    }
    let help = did_you_mean(word, &ENTRIES).or_else(|| {
        (failure.text(2) == "=").then(|| format!("a name has no blanks: `{word}_{} = ...`", failure.text(1)))
    });
    let help = help.or_else(|| Some("a setting reads `key = value`".to_owned()));
    Some(
        error("unknown-entry", format!("`{word}` does not begin an entry"))
            .at(place(failure, 0), "unknown word")
            .maybe_help(help),
    )
}

/// `key = { ... }`
fn braces_as_value(failure: &Failure) -> Option<Diagnostic> {
    let last = failure.tokens.last()?;
    let next = failure.all.iter().find(|token| token.start() >= last.end() && token.is_solid())?;
    if failure.rule != Rule::one_entry_head
        || failure.text(failure.tokens.len() - 1) != "="
        || failure.tokens.len() != 2
    {
        return None;
    }
    Some(error("syntax", "a value does not stand in braces").at(failure.span(*next), "not a value").help(format!(
        "write `{} {{ ... }}` for a group, `[a, b]` for a list, `name(a = 1)` for a choice",
        failure.text(0)
    )))
}

/// `rate = 1,5`: the entry `5` follows a comma without a blank.
fn decimal_comma(failure: &Failure) -> Option<Diagnostic> {
    if is_declaration(failure) || kind(failure, 0) != Some(Kind::Number) || failure.tokens.len() != 1 {
        return None;
    }
    let number = failure.tokens[0];
    let at = failure.all.binary_search_by_key(&number.start(), |token| token.start()).ok()?;
    let (whole, comma) = (failure.all.get(at.checked_sub(2)?)?, failure.all.get(at - 1)?);
    if whole.kind != Kind::Number || !comma.is(failure.source, ",") || comma.end() != number.start() {
        return None;
    }
    let (whole_text, part) = (whole.text(failure.source), number.text(failure.source));
    Some(
        error("decimal-comma", "a number is written with a point, not with a comma")
            .at(Span { start: whole.start(), ..failure.span(number) }, "the comma ends the setting")
            .help(format!("write `{whole_text}.{part}`")),
    )
}

/// `A + B -> C; k` without `reaction name:`
fn bare_reaction(failure: &Failure) -> Option<Diagnostic> {
    let arrow = failure.tokens.iter().find(|token| matches!(token.text(failure.source), "->" | "<->"))?;
    if is_declaration(failure) || matches!(failure.text(0), "reaction") {
        return None;
    }
    Some(
        error("syntax", "a reaction has no name")
            .at(failure.span(*arrow), "an arrow belongs in a reaction")
            .help("a reaction reads `reaction bind: A + B -> C; kon*A*B`"),
    )
}

/// `parameter in = 3`. The grammar looks past such a word before it refuses it, so it may be the token before.
fn keyword_as_name(failure: &Failure) -> Option<Diagnostic> {
    let reserved = |at: usize| kind(failure, at) == Some(Kind::Word) && OPERATOR_WORDS.contains(&failure.text(at));
    let operand = failure.expected.has_name() || failure.expected.has_value();
    let before = failure.at.checked_sub(1).filter(|before| {
        let of_species = failure.text(0) == "species" && *before > 1 && failure.text(*before) == "in";
        reserved(*before) && failure.expected.has_name() && !of_species
    });
    let at = if reserved(failure.at) && operand { failure.at } else { before? };
    let word = failure.text(at);
    Some(
        error("reserved-word", format!("`{word}` is a word of the language and cannot be a name"))
            .at(place(failure, at), "expected a name")
            .help(format!("choose another name, such as `{word}_`")),
    )
}

/// `import from "x.kexp"`
fn import_of_nothing(failure: &Failure) -> Option<Diagnostic> {
    let before = failure.at.checked_sub(1)?;
    if failure.text(0) != "import" || failure.text(before) != "from" || !failure.expected.has("from") {
        return None;
    }
    Some(
        error("syntax", "a name to import is missing")
            .at(place(failure, before), "expected a name before it")
            .maybe_help(form(failure)),
    )
}

/// `model "stat5" { ... }`
fn quoted_name(failure: &Failure) -> Option<Diagnostic> {
    if kind(failure, failure.at) != Some(Kind::Text) || !failure.expected.has_name() {
        return None;
    }
    let name = failure.text(failure.at).trim_matches('"');
    let plain: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let help = if plain.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        format!("write `{plain}`; a title in quotes may follow the name")
    } else {
        "write a name of letters, digits and `_`; a title in quotes may follow it".to_owned()
    };
    Some(error("syntax", "a name is written without quotes").at(failure.here(), "expected a name").help(help))
}

/// `model my-model { ... }`, `parameter a.b = 3`, `species k_* in c = 1`
fn name_with_other_characters(failure: &Failure) -> Option<Diagnostic> {
    let text = failure.text(failure.at);
    if kind(failure, failure.at) == Some(Kind::Word) && text.contains(['.', '*']) && failure.expected.has_name() {
        let help = if text.contains('*') {
            "asterisks stand for several names in `estimate`, `prior` and `vary`".to_owned()
        } else {
            format!("write `{}`", text.replace('.', "_"))
        };
        return Some(
            error("syntax", format!("`{text}` is not a single name"))
                .at(failure.here(), "expected a name without `.` and `*`")
                .help(help),
        );
    }
    let before = failure.tokens.get(failure.at.checked_sub(1)?)?;
    let (hyphen, after) = (failure.tokens.get(failure.at)?, failure.tokens.get(failure.at + 1)?);
    let touches = before.end() == hyphen.start() && hyphen.end() == after.start();
    if text != "-" || !touches || before.kind != Kind::Word || failure.expected.has_operator() {
        return None;
    }
    let name = format!("{}_{}", before.text(failure.source), after.text(failure.source));
    Some(error("syntax", "a name has no `-`").at(failure.here(), "reads as a minus").help(format!("write `{name}`")))
}

/// `key: value`, `key := value`, `key == value`, `rule x = ...`
fn wrong_assignment(failure: &Failure) -> Option<Diagnostic> {
    let found = failure.text(failure.at);
    if failure.text(0) == "rule" && found == "=" && failure.expected.has(":=") {
        let name = failure.text(1);
        return Some(
            error("syntax", "a rule is written with `:=`, or with `'` for a derivative")
                .at(failure.here(), "expected `:=` or `' =`")
                .help(format!(
                    "write `rule {name} := ...` for a value, `rule {name}' = ...` for its derivative in time"
                )),
        );
    }
    if !failure.expected.has("=") {
        return None;
    }
    let why = match found {
        ":=" => "`:=` belongs to rules; here it is `=`",
        ":" => "a value follows `=`, not `:`",
        "==" => "`==` compares; a value is given with `=`",
        _ => return None,
    };
    Some(error("syntax", why).at(failure.here(), "expected `=`").maybe_help(form(failure)))
}

/// `seed 3`
fn setting_without_sign(failure: &Failure) -> Option<Diagnostic> {
    let value = matches!(kind(failure, 1), Some(Kind::Number | Kind::Text)) || matches!(failure.text(1), "[" | "-");
    if is_declaration(failure) || failure.at != 1 || !failure.expected.has("=") || !value {
        return None;
    }
    let help = match failure.text(0) {
        word if ENTRIES.contains(&word) => form(failure),
        word => Some(format!("a setting reads `{word} = ...`")),
    };
    Some(
        error("syntax", format!("expected `=` after `{}`", failure.text(0)))
            .at(failure.here(), "expected `=`")
            .maybe_help(help),
    )
}

/// `a = b`, `a =< b`, `a <> b` for comparisons
fn other_comparison(failure: &Failure) -> Option<Diagnostic> {
    let (found, next) = (failure.text(failure.at), failure.text(failure.at + 1));
    let before = failure.at.checked_sub(1).map_or("", |before| failure.text(before));
    let after_value = failure.expected.has_operator() && !failure.expected.has(")");
    let (wrong, right) = match (before, found, next) {
        (_, "=", "<") if after_value => ("=<", "<="),
        (_, "=", _) if after_value => ("=", "=="),
        ("<", ">", _) if failure.expected.has_value() => ("<>", "!="),
        _ => return None,
    };
    Some(
        error("syntax", format!("`{wrong}` does not compare"))
            .at(failure.here(), "not a comparison")
            .help(format!("write `{right}`")),
    )
}

/// `reaction bind A -> B; k`, `reaction bind: A + B; k`, `reaction bind: A -> B k`
fn missing_part_of_reaction(failure: &Failure) -> Option<Diagnostic> {
    if failure.text(0) != "reaction" || is_declaration(failure) {
        return None;
    }
    let expected = &failure.expected;
    let count = failure.at.checked_sub(1).filter(|last| kind(failure, *last) == Some(Kind::Number));
    if let (Some(count), "*", true) = (count, failure.text(failure.at), expected.has_name()) {
        let help = format!("write `{} {}`", failure.text(count), failure.text(failure.at + 1));
        let diagnostic = error("syntax", "how many of a species take part stands before it without `*`");
        return Some(diagnostic.at(failure.here(), "expected the species").help(help));
    }
    let (message, label) = if failure.at >= 2 && expected.has(":") {
        ("a reaction has a name and `:` before its species", "expected `:`")
    } else if expected.has(";") {
        ("the rate of a reaction follows `;`", "expected `;` and the rate")
    } else if expected.has("->") && !expected.has_value() {
        ("a reaction has an arrow between its sides", "expected `->` or `<->`")
    } else {
        return None;
    };
    Some(error("syntax", message).at(failure.here(), label).maybe_help(form(failure)))
}

/// `0 .. 1 .. 2`
fn second_range(failure: &Failure) -> Option<Diagnostic> {
    let is_range = |at: usize| failure.text(at) == "..";
    if !is_range(failure.at) || failure.expected.has("..") {
        return None;
    }
    let first = (0..failure.at).rev().find(|at| is_range(*at));
    let Some(first) = first else {
        return (failure.expected.has_value())
            .then(|| error("syntax", "a range has no start").at(failure.here(), "expected a value before `..`"));
    };
    if first + 1 == failure.at {
        return Some(
            error("syntax", "`..` stands twice")
                .at(failure.here(), "expected the end of the range")
                .help("write `0 .. 1`"),
        );
    }
    Some(
        error("syntax", "a range has one `..`")
            .at(failure.here(), "a second one")
            .at(place(failure, first), "the first one")
            .help("write the step after `by`: `0 .. 1 by 0.25`"),
    )
}

/// `1 .. 10 log2`, `0 .. 1 step 0.1`
fn unknown_scale(failure: &Failure) -> Option<Diagnostic> {
    let word = failure.text(failure.at);
    if kind(failure, failure.at) != Some(Kind::Word)
        || !failure.expected.has("log10")
        || failure.text(failure.at + 1) == "="
    {
        return None;
    }
    if kind(failure, failure.at + 1) == Some(Kind::Number) {
        return Some(
            error("syntax", format!("`{word}` does not give the step of a range"))
                .at(failure.here(), "expected `by`")
                .help(format!("write `by {}`", failure.text(failure.at + 1))),
        );
    }
    let near = did_you_mean(word, &["log10", "log", "lin"]);
    Some(
        error("unknown-scale", format!("`{word}` is not a scale"))
            .at(failure.here(), "expected `log10`, `log` or `lin`")
            .maybe_help(near),
    )
}

/// `key = 1;`
fn semicolon(failure: &Failure) -> Option<Diagnostic> {
    let found = failure.text(failure.at);
    if found != ";" || !failure.expected.has_end() {
        return None;
    }
    Some(error("syntax", "nothing ends with `;`").at(failure.here(), "expected a new line").help("remove the `;`"))
}

/// `[1, , 2]`, `f(, 1)`, `[,]`
fn empty_element(failure: &Failure) -> Option<Diagnostic> {
    if failure.text(failure.at) != "," || !failure.expected.has_value() {
        return None;
    }
    let before = failure.at.checked_sub(1)?;
    match failure.text(before) {
        "," | "[" | "(" => {}
        _ => return None,
    }
    Some(
        error("empty-element", "nothing stands before this comma")
            .at(failure.here(), "expected a value before it")
            .help("remove the comma"),
    )
}

/// `a + * b`, `a = + b`
fn two_operators(failure: &Failure) -> Option<Diagnostic> {
    let found = failure.text(failure.at);
    if !matches!(found, "+" | "*" | "/" | "^" | "<" | ">" | "<=" | ">=" | "==" | "!=") || !failure.expected.has_value()
    {
        return None;
    }
    let before = failure.at.checked_sub(1)?;
    let token = failure.tokens[before];
    if found == "+" {
        return Some(
            error("syntax", "a positive sign is not written")
                .at(failure.here(), "expected a value")
                .help("remove the `+`"),
        );
    }
    Some(
        error("syntax", format!("`{found}` has nothing before it"))
            .at(failure.here(), "expected a value before it")
            .at(failure.span(token), format!("after this `{}`", token.text(failure.source))),
    )
}

/// `a = 1 +`, `key =`
fn nothing_after_operator(failure: &Failure) -> Option<Diagnostic> {
    let last = failure.tokens.last()?;
    if failure.at < failure.tokens.len() || !failure.expected.has_value() {
        return None;
    }
    let operator = last.text(failure.source);
    let arithmetic = matches!(operator, "+" | "-" | "*" | "/" | "^" | "and" | "or" | "not");
    Some(
        error("missing-value", format!("nothing stands after `{operator}`"))
            .at(failure.span(*last), "expected a value after it")
            .maybe_help(if arithmetic { None } else { form(failure) }),
    )
}

/// `a = 1 b = 2`
fn two_settings_on_a_line(failure: &Failure) -> Option<Diagnostic> {
    let words = kind(failure, failure.at) == Some(Kind::Word) && failure.text(failure.at + 1) == "=";
    if !words {
        return None;
    }
    if failure.expected.has_end() && !is_declaration(failure) {
        return Some(
            error("syntax", "two settings stand on one line")
                .at(failure.here(), "expected a comma or a new line before it"),
        );
    }
    (failure.expected.has(",") && failure.expected.has(")")).then(|| {
        error("syntax", "a comma is missing between two arguments").at(failure.here(), "expected `,` before it")
    })
}

/// A line that begins with an operator.
fn operator_begins_line(failure: &Failure) -> Option<Diagnostic> {
    let operator = failure.text(0);
    let operators = ["+", "-", "*", "/", "^", "..", "<", ">", "<=", ">=", "==", "!="];
    let word = matches!(operator, "and" | "or" | "over" | "by");
    if is_declaration(failure) || !(word || (failure.at == 0 && operators.contains(&operator))) {
        return None;
    }
    Some(
        error("syntax", format!("a line begins with `{operator}`"))
            .at(place(failure, 0), "the line before has ended its entry")
            .help(format!("write `{operator}` at the end of the line before")),
    )
}

/// A positional argument after a named one: `adam(lr = 1,5)`.
pub(super) fn positional_after_named(source_name: &str, before: &Expr, value: &Expr) -> Diagnostic {
    let diagnostic = error("argument-order", "an argument without a name follows one with a name")
        .at(value.span, format!("expected `name = value`, as for `{source_name}`"));
    match (&before.kind, &value.kind) {
        (ExprKind::Number { text: whole, .. }, ExprKind::Number { text: part, .. })
            if before.span.end + 1 == value.span.start =>
        {
            diagnostic.help(format!("a decimal number is written with a point: `{whole}.{part}`"))
        }
        _ => diagnostic,
    }
}

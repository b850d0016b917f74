//! The templates of `templates/`, built into the program.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, Value};

/// Fills a template. HTML is escaped, Markdown is not; lines that hold only a tag vanish.
pub(crate) fn fill(name: &str, source: &str, context: Value) -> Result<String, Error> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?;
    environment.set_syntax(syntax);
    environment
        .set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
    environment.add_template(name, source)?;
    environment.get_template(name)?.render(context)
}

/// A list for a template.
pub(super) fn list<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::from_iter(items.into_iter().map(Into::into))
}

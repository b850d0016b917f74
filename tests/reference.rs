//! The committed reference page is the one that the schemas give.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[test]
fn the_reference_page_is_up_to_date() {
    let page = std::fs::read_to_string("grammar/reference.md").unwrap_or_default();
    assert!(
        page.trim_end() == kexp::plan::schema::reference().trim_end(),
        "the schemas changed: write the page again with `kexp reference > grammar/reference.md`"
    );
}

//! The rules' page of the documentation is as fresh as the rules.

use std::fs;
use std::path::Path;

#[test]
fn the_page_of_the_rules_is_fresh() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/rules.md");
    let page = assess::rules::reference();
    if std::env::var_os("NOLAPSE_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &page).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == page,
        "docs/reference/rules.md is stale: run with NOLAPSE_BLESS=1 to rewrite it"
    );
}

//! What plain scalars mean, and where values are.

use super::*;

fn source(text: &str) -> SourceFile {
    SourceFile::from_bytes("fleet.yaml", text.as_bytes().to_vec()).unwrap()
}

fn value(text: &str) -> String {
    let source = source(text);
    let mut problems = Vec::new();
    match parse(&source, &mut problems) {
        Some(node) => format!("{:?}", node.value),
        None => problems.remove(0).message,
    }
}

#[test]
fn plain_scalars_follow_the_core_schema() {
    for (text, expected) in [
        ("true", "Bool(true)"),
        ("yes", "String(\"yes\")"),
        ("12", "Integer(12)"),
        ("-12", "Integer(-12)"),
        ("0644", "Integer(644)"),
        ("0x1f", "Integer(31)"),
        ("0o17", "Integer(15)"),
        ("1.5e3", "Float(1500.0)"),
        (".inf", "Float(inf)"),
        ("123456789012345678901", "Float(1.2345678901234568e20)"),
        ("1_000", "String(\"1_000\")"),
        ("10.0.0.0", "String(\"10.0.0.0\")"),
        ("12:30", "String(\"12:30\")"),
        ("2026-11-01", "String(\"2026-11-01\")"),
        ("'12'", "String(\"12\")"),
        ("!!str 12", "String(\"12\")"),
        ("!!int 12", "fleet.yaml does not support the tag `!!int`"),
        ("", "the file is empty"),
        ("~", "the file is empty"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn a_value_knows_where_it_is() {
    let source = source("a: é\nb:\n  - 12\n  - {c: d}\n");
    let node = parse(&source, &mut Vec::new()).unwrap();
    let Value::Map(entries) = &node.value else { panic!("{node:?}") };
    let (key, list) = &entries[1];
    assert_eq!(source.slice(key.span), "b");
    let Value::List(items) = &list.value else { panic!("{list:?}") };
    assert_eq!(source.slice(items[0].span), "12");
    assert_eq!(source.slice(entries[0].1.span), "é");
}

#[test]
fn an_alias_is_a_copy_that_is_reported_where_it_is_used() {
    let source = source("a: &x {b: 1}\nc: *x\n");
    let node = parse(&source, &mut Vec::new()).unwrap();
    let Value::Map(entries) = &node.value else { panic!("{node:?}") };
    assert_eq!(entries[0].1.value, entries[1].1.value);
    assert_eq!(source.slice(entries[1].1.span), "*x");
}

#[test]
fn every_duplicate_of_a_large_mapping_is_found() {
    let text = (0..40).fold(String::new(), |text, number| text + &format!("k{number}: 1\nk{number}: 2\n"));
    let source = source(&text);
    let mut problems = Vec::new();
    parse(&source, &mut problems).unwrap();
    assert_eq!(problems.len(), 40);
}

//! Whatever is in the file, reading it ends with a fleet or with problems.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use fleetgen_fleet::{CheckContext, load};
use fleetgen_problem::{Format, Severity, SourceFile, render};
use proptest::prelude::*;

const BASE: &str = include_str!("../../../tests/base.yaml");

/// Reads and reports, as the program would.
fn read(text: &str) -> Result<(), String> {
    let source = SourceFile::from_bytes("fleet.yaml", text.as_bytes().to_vec()).unwrap();
    let context = CheckContext { today: None, expired: Severity::Warning };
    load(&source, context).map(|_| ()).map_err(|problems| {
        assert!(!problems.is_empty(), "a failure without a reason");
        for problem in &problems {
            let span = problem.span().unwrap();
            assert!(span.start <= span.end && span.end as usize <= source.text().len());
            assert!(!problem.message.ends_with('.') && !problem.message.is_empty(), "{}", problem.message);
        }
        for format in [Format::Json, Format::Github] {
            assert!(!render(&problems, Some(&source), format).is_empty());
        }
        render(&problems, Some(&source), Format::Human { color: true })
    })
}

/// Pieces of YAML that are likely to hurt.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,6}",
        prop::sample::select(vec![
            "\n",
            "\r\n",
            "  ",
            "\t",
            ": ",
            "- ",
            "? ",
            "*a",
            "&a ",
            "<<: *a\n",
            "{",
            "}",
            "[",
            "]",
            "|\n",
            ">-\n",
            "!!int ",
            "\"",
            "'",
            "#",
            "---\n",
            "...\n",
            "null",
            "~",
            "yes",
            "0x7f",
            "1e999",
            ".inf",
            "-9223372036854775809",
            "18446744073709551616",
            "\u{feff}",
            "\u{202e}",
            "é",
            "groups:\n",
            "  web:\n",
            "size: { min: 1 }\n",
            "size: 4294967296\n",
            "profile: plain\n",
            "cidr: 10.0.0.0/33\n",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_read_to_an_end(text in prop::collection::vec(piece(), 0..40)) {
        let _ = read(&text.concat());
    }

    #[test]
    fn a_damaged_fleet_is_read_to_an_end(at in 0..BASE.len(), length in 0..80_usize, put in prop::collection::vec(piece(), 0..4)) {
        let start = BASE.floor_char_boundary(at);
        let end = BASE.floor_char_boundary((at + length).min(BASE.len()));
        let _ = read(&format!("{}{}{}", &BASE[..start], put.concat(), &BASE[end..]));
    }
}

#[test]
fn the_base_of_the_tests_is_sound() {
    assert_eq!(read(BASE), Ok(()));
}

/// Without any one line, the base is either a fleet still or something that is told.
#[test]
fn every_line_may_be_lost() {
    let lines: Vec<&str> = BASE.lines().collect();
    let sound = (0..lines.len())
        .filter(|lost| {
            let kept: Vec<&str> =
                lines.iter().enumerate().filter(|(at, _)| at != lost).map(|(_, line)| *line).collect();
            let text = kept.join("\n");
            read(&text).is_ok()
        })
        .count();
    assert!(sound < lines.len() / 4, "{sound} of {} lines could be lost", lines.len());
}

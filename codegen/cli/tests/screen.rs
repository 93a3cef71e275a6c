//! The screen of a rollout, in a real terminal: keys, sizes, colours, Ctrl-C, and a terminal that goes away.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::fmt::Write as _;
use std::io::{Read as _, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{APPROVAL, Sandbox, TWO_CLOUDS, example, expect_document, merged, repository};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// A terminal with the program in it.
struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    /// Everything that was written to it.
    raw: Arc<Mutex<Vec<u8>>>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

/// The program in a new terminal.
fn spawn(
    sandbox: &Sandbox,
    words: &[&str],
    size: PtySize,
    no_color: bool,
) -> (Box<dyn Child + Send + Sync>, Box<dyn MasterPty + Send>) {
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fleetgen"));
    command.args(words);
    command.cwd(sandbox.path(""));
    command.env("SOURCE_DATE_EPOCH", "1793577600");
    command.env("USER", "octocat");
    command.env("TERM", "xterm-256color");
    command.env_remove("GITHUB_ACTOR");
    command.env_remove("NO_COLOR");
    if no_color {
        command.env("NO_COLOR", "1");
    }
    (pair.slave.spawn_command(command).unwrap(), pair.master)
}

impl Terminal {
    fn run(sandbox: &Sandbox, words: &[&str], columns: u16, rows: u16, no_color: bool) -> Self {
        let (child, master) = spawn(sandbox, words, size(columns, rows), no_color);
        let mut reader = master.try_clone_reader().unwrap();
        let keys = master.take_writer().unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let (parser, bytes) = (Arc::clone(&screen), Arc::clone(&raw));
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                parser.lock().unwrap().process(&buffer[..length]);
                bytes.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { screen, raw, master, keys, child }
    }

    fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until the screen shows something. How long that takes is not tested.
    #[track_caller]
    fn shows(&self, words: &str) -> String {
        let started = Instant::now();
        loop {
            let contents = self.contents();
            if contents.contains(words) {
                return contents;
            }
            assert!(started.elapsed() < Duration::from_mins(1), "`{words}` is not on the screen:\n{contents}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).unwrap();
        self.screen.lock().unwrap().screen_mut().set_size(cells(rows), cells(columns));
    }

    fn ends(mut self) -> u32 {
        self.child.wait().unwrap().exit_code()
    }
}

const CTRL_C: &str = "\u{3}";

/// What is not a value is asked for again, and an empty answer is the default.
#[test]
fn a_person_answers_what_a_new_fleet_needs() {
    let sandbox = Sandbox::new("");
    let mut terminal = Terminal::run(&sandbox, &["init", "--owner", "@example/platform"], 100, 30, false);
    for (question, answer) in [
        ("Clouds (aws, gcp or both) [both]: ", "azure"),
        ("`azure` is none of them", "aws"),
        ("Name of the fleet, the prefix of every resource: ", "acme"),
        ("Repository on GitHub, such as example/fleet: ", "acme"),
        ("`acme` is not ", "example/acme"),
        ("AWS account, 12 digits: ", "123456789012"),
        ("Region on AWS [us-west-2]: ", ""),
    ] {
        terminal.shows(question);
        terminal.press(&format!("{answer}\n"));
    }
    terminal.shows("wrote fleet.yaml, with 1 group");
    assert_eq!(terminal.ends(), 0);
    assert!(sandbox.read("fleet.yaml").contains("region: us-west-2"));
    sandbox.run(&["generate"]).expect(0);
}

#[test]
fn a_person_plans_starts_watches_and_gives_orders() {
    let sandbox = Sandbox::new(&merged(TWO_CLOUDS));
    let mut terminal = Terminal::run(&sandbox, &["rollout", "--simulator", "--speed", "20"], 110, 30, false);
    terminal.shows("start the rollout of 4 groups? [y/N]");
    terminal.press("y\n");
    terminal.shows("stg wave 1");
    terminal.shows("updating");
    // Why, and the keys.
    terminal.press("\u{1b}[B\r");
    terminal.shows("why    ");
    terminal.press("x");
    terminal.press("?");
    terminal.shows("leave; asks before it stops a rollout");
    terminal.press(" ");
    // Ctrl-C asks, and no is no.
    terminal.press(CTRL_C);
    terminal.shows("stop driving?");
    terminal.press("n");
    terminal.shows("q leave");
    // A word that is typed by mistake orders nothing.
    terminal.press("bye\rxyz\u{2}y\r");
    terminal.press(" ");
    // Orders: a pause with a reason, and going on.
    terminal.press("a");
    terminal.shows("no approval is waited for");
    terminal.press("p");
    terminal.shows("why pause?");
    terminal.press("lunc\u{7f}ch\r");
    terminal.shows("held, paused: lunch");
    terminal.press("g");
    terminal.shows("go on? A pause ends");
    terminal.press("yes\r");
    terminal.shows("octocat lets it go on");
    // Sizes.
    for (columns, rows) in [(250, 70), (40, 8), (12, 3), (1, 1), (110, 30)] {
        terminal.resize(columns, rows);
        std::thread::sleep(Duration::from_millis(250));
    }
    terminal.shows("what happened");
    terminal.press("q");
    terminal.shows("stop driving?");
    terminal.press("yes\r");
    terminal.shows("`fleetgen rollout resume --simulator` goes on");
    assert_eq!(terminal.ends(), 13);
    // Nothing was lost.
    sandbox.run(&["rollout", "verify-journal"]).expect(0);
    sandbox.run(&["rollout", "approve", "prod/release"]).expect(0);
    sandbox.run(&["rollout", "resume", "--simulator"]).expect(0).says("the rollout is over: done");
}

#[test]
fn nobody_has_to_agree() {
    let sandbox = Sandbox::new(&merged(TWO_CLOUDS));
    let mut terminal = Terminal::run(&sandbox, &["rollout", "--simulator"], 110, 30, false);
    terminal.shows("[y/N]");
    terminal.press("n\n");
    terminal.shows("nothing was started");
    assert_eq!(terminal.ends(), 0);
    // Without a terminal, it explains.
    sandbox.run(&["rollout"]).expect(2).says("Commands:").says("verify-journal").says("no one can approve a plan here");
    sandbox.run(&["rollout", "status"]).expect(2).says("no rollout was started here");
}

#[test]
fn an_approval_is_given_on_the_screen_of_another_process() {
    let sandbox = Sandbox::new(&merged(TWO_CLOUDS));
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0);
    let words = ["rollout", "start", ".fleetgen/plan.json", "--simulator"];
    sandbox.run(&words).expect(14);
    let mut terminal = Terminal::run(&sandbox, &["rollout", "watch"], 100, 24, true);
    terminal.shows("held, waiting for approval");
    terminal.press("a");
    terminal.shows("approve prod/release?");
    terminal.press("yes\r");
    terminal.shows("octocat approves prod/release; no process drives it now");
    // It leaves at once, since it drives nothing.
    terminal.press(CTRL_C);
    let raw = Arc::clone(&terminal.raw);
    assert_eq!(terminal.ends(), 13);
    // No colour: neither of the 16, nor of the 256, nor of all.
    let text = String::from_utf8_lossy(&raw.lock().unwrap()).into_owned();
    let is_color = |code: &str| matches!(code.parse::<u32>(), Ok(30..=38 | 40..=48 | 90..=97 | 100..=107));
    for sequence in text.split("\u{1b}[").skip(1) {
        let Some((codes, _)) = sequence.split_once('m') else { continue };
        assert!(!codes.split(';').any(is_color), "a colour: {codes}");
    }
    sandbox.run(&["rollout", "resume", "--simulator"]).expect(0);
}

/// Terminals close, and connections break. The rollout goes on to its end.
#[test]
fn a_terminal_that_goes_away_ends_nothing() {
    let sandbox = Sandbox::new(&merged(&TWO_CLOUDS.replace(APPROVAL, "")));
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0);
    let words = ["rollout", "start", ".fleetgen/plan.json", "--simulator", "--watch", "--within", "6s"];
    let (mut child, master) = spawn(&sandbox, &words, size(100, 24), false);
    let mut reader = master.try_clone_reader().unwrap();
    let (mut seen, mut buffer) = (String::new(), [0; 4_096]);
    // Frames are differences: only the first has whole words.
    while !seen.contains("what happened") {
        let length = reader.read(&mut buffer).unwrap();
        seen += &String::from_utf8_lossy(&buffer[..length]);
    }
    drop((reader, master));
    assert_eq!(child.wait().unwrap().exit_code(), 0);
    sandbox.run(&["rollout", "status"]).expect(0).says("4 done");
}

/// A screen as lines with colours.
fn ansi(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let mut text = String::new();
    for row in 0..rows.get() {
        for column in 0..columns.get() {
            let cell = screen.cell(row, column).unwrap();
            let mut codes = vec!["0".to_owned()];
            let attributes = [(cell.bold(), "1"), (cell.dim(), "2"), (cell.inverse(), "7")];
            codes.extend(attributes.into_iter().filter(|(is_set, _)| *is_set).map(|(_, code)| code.to_owned()));
            if let vt100::Color::Idx(color) = cell.fgcolor() {
                codes.push(format!("38;5;{color}"));
            }
            let content = if cell.has_contents() { cell.contents() } else { " " };
            write!(text, "\u{1b}[{}m{content}", codes.join(";")).unwrap();
        }
        text.push_str("\u{1b}[0m\n");
    }
    text
}

/// The picture of README and docs, and the same screen as text: the real program, in a terminal.
#[test]
fn the_picture_of_a_rollout_is_real() {
    let own = example();
    let sandbox = Sandbox::new(&own);
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0);
    let start = ["rollout", "start", ".fleetgen/plan.json", "--simulator", "--sick", "web-tokyo"];
    sandbox.run(&start).expect(12);
    // The journal as it was when the canary had failed.
    let rollout = std::fs::read_dir(sandbox.path(".fleetgen/rollouts")).unwrap().next().unwrap().unwrap().path();
    let rollout = rollout.strip_prefix(sandbox.path("")).unwrap().display().to_string();
    let record = |number: u32| format!("{rollout}/{number:06}.json");
    let is_back = |number: &u32| sandbox.read(&record(*number)).contains("\"roll_back\"");
    let failed = (1..10_000).find(is_back).unwrap();
    (failed + 1..10_000)
        .map(record)
        .take_while(|path| sandbox.path(path).exists())
        .for_each(|path| sandbox.remove(&path));
    sandbox.remove(&format!("{rollout}/head.json"));
    let mut terminal = Terminal::run(&sandbox, &["rollout", "watch"], 112, 30, false);
    terminal.shows("what happened");
    std::thread::sleep(Duration::from_millis(300));
    let (text, picture) = {
        let parser = terminal.screen.lock().unwrap();
        let screen = parser.screen();
        let ansi = ansi(screen);
        (screen.contents(), anstyle_svg::Term::new().min_width_px(900).render_svg(&ansi))
    };
    terminal.press("q");
    terminal.ends();
    assert!(text.contains("web-tokyo") && text.contains("rolling back"), "{text}");
    expect_document("docs/rollout.svg", &picture);
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let (before, after) = readme.split_once("<!-- the screen of a rollout -->\n```\n").unwrap();
    let after = &after[after.find("```").unwrap()..];
    let text: Vec<&str> = text.lines().map(str::trim_end).collect();
    expect_document(
        "README.md",
        &[before, "<!-- the screen of a rollout -->\n```\n", &text.join("\n"), "\n", after].concat(),
    );
}

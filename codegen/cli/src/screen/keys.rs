//! What keys do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fleetgen_rollout::{Hold, Order, Scope, State};

use super::follow::Follower;
use super::{App, Driving};

/// What the keys of a moment are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// Moving, and asking for things.
    Normal,
    /// Reading why the selected group is where it is.
    Explain,
    /// Reading the keys.
    Help,
    /// Answering a question: only the whole word `yes` is yes, so that no word typed by mistake is.
    Confirm(Question, String),
    /// Writing why the rollout is paused.
    Reason(String),
}

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether to stop the driver in this process.
    Stop,
    /// Whether to give an order.
    Order(Order),
}

impl Question {
    pub(super) fn words(&self) -> String {
        match self {
            Self::Stop => "stop driving? What is being replaced goes on by itself; `rollout resume` goes on".to_owned(),
            Self::Order(Order::Abort { .. }) => "abort? Nothing more starts, and active groups go back".to_owned(),
            Self::Order(Order::RollBack(_)) => "roll back? Every group that was changed goes back".to_owned(),
            Self::Order(Order::Resume) => "go on? A pause ends, and holds are looked at again".to_owned(),
            Self::Order(Order::Approve { gate }) => format!("approve {gate}?"),
            Self::Order(Order::Pause { reason }) => format!("pause, since {reason}?"),
        }
    }
}

/// What a key leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    None,
    Leave,
    Stop,
    Order(Order),
}

/// Every key, for the help.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("↑ ↓ PgUp PgDn", "select a group"),
    ("f", "follow the groups that are being updated"),
    ("Enter", "why the group is where it is"),
    ("p", "pause: nothing starts, and nothing more is replaced"),
    ("g", "go on after a pause, or look again at a hold"),
    ("a", "give the approval that is waited for"),
    ("x", "abort: active groups go back"),
    ("b", "roll back everything, also what is done"),
    ("q  Ctrl-C", "leave; asks before it stops a rollout"),
];

impl App {
    /// Leaves, unless a driver in this process would end with that. Then a person is asked.
    pub(super) fn leave(&mut self) -> bool {
        if self.driving == Driving::Here {
            self.mode = Mode::Confirm(Question::Stop, String::new());
            return false;
        }
        true
    }

    pub(super) fn press(&mut self, key: KeyEvent, follower: &Follower<'_>) -> Command {
        self.message = None;
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            let is_ctrl_c = matches!(key.code, KeyCode::Char('c' | 'C'));
            return if is_ctrl_c && self.leave() { Command::Leave } else { Command::None };
        }
        match std::mem::replace(&mut self.mode, Mode::Normal) {
            Mode::Normal => self.press_normal(key.code, follower),
            Mode::Explain | Mode::Help => {
                if matches!(key.code, KeyCode::Up | KeyCode::Down) {
                    self.mode = Mode::Explain;
                    return self.press_normal(key.code, follower);
                }
                Command::None
            }
            Mode::Confirm(question, answer) => self.press_answer(key.code, question, answer),
            Mode::Reason(reason) => self.press_reason(key.code, reason),
        }
    }

    fn press_answer(&mut self, key: KeyCode, question: Question, mut answer: String) -> Command {
        match key {
            KeyCode::Enter if answer == "yes" => {
                return match question {
                    Question::Stop => Command::Stop,
                    Question::Order(order) => Command::Order(order),
                };
            }
            KeyCode::Char(character) if "yes".starts_with(&format!("{answer}{character}")) => answer.push(character),
            KeyCode::Backspace if !answer.is_empty() => drop(answer.pop()),
            _ => return Command::None,
        }
        self.mode = Mode::Confirm(question, answer);
        Command::None
    }

    fn press_reason(&mut self, key: KeyCode, mut reason: String) -> Command {
        match key {
            KeyCode::Enter if !reason.trim().is_empty() => {
                return Command::Order(Order::Pause { reason: reason.trim().to_owned() });
            }
            KeyCode::Esc => return Command::None,
            KeyCode::Backspace => {
                reason.pop();
            }
            KeyCode::Char(character) if reason.chars().count() < 200 => reason.push(character),
            _ => {}
        }
        self.mode = Mode::Reason(reason);
        Command::None
    }

    fn press_normal(&mut self, key: KeyCode, follower: &Follower<'_>) -> Command {
        let last = follower.seen.len().saturating_sub(1);
        let ask = |order: Order| Mode::Confirm(Question::Order(order), String::new());
        let now = self.selected;
        let mut select = |selected: usize| {
            self.selected = selected.min(last);
            self.follows = false;
        };
        match key {
            KeyCode::Up | KeyCode::Char('k') => select(now.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => select(now + 1),
            KeyCode::PageUp => select(now.saturating_sub(10)),
            KeyCode::PageDown => select(now + 10),
            KeyCode::Home => select(0),
            KeyCode::End => select(last),
            KeyCode::Char('f') => self.follows = true,
            KeyCode::Enter => self.mode = Mode::Explain,
            KeyCode::Char('?' | 'h') => self.mode = Mode::Help,
            KeyCode::Char('p') => self.mode = Mode::Reason(String::new()),
            KeyCode::Char('g') => self.mode = ask(Order::Resume),
            KeyCode::Char('x') => self.mode = ask(Order::Abort { leave_mixed: false }),
            KeyCode::Char('b') => self.mode = ask(Order::RollBack(Scope::All)),
            KeyCode::Char('a') => {
                let mut holds = follower.state().map(State::holds).into_iter().flatten();
                let gate = holds.find_map(|hold| match hold {
                    Hold::Approval { gate } => Some(gate.clone()),
                    _ => None,
                });
                match gate {
                    Some(gate) => self.mode = ask(Order::Approve { gate }),
                    None => self.message = Some("no approval is waited for".to_owned()),
                }
            }
            KeyCode::Char('q') if self.leave() => return Command::Leave,
            _ => {}
        }
        Command::None
    }
}

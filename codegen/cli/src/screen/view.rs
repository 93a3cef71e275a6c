//! From a rollout to what is on the screen.

use fleetgen_report::{count, duration, explain, explanation_lines, inert};
use fleetgen_rollout::{GroupPlan, GroupState, Observation, Phase, State};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Wrap};

use super::follow::Follower;
use super::keys::{KEYS, Mode};
use super::{App, Driving};

/// What matters less.
const DIM: Style = Style::new().add_modifier(Modifier::DIM);

/// What is drawn.
pub(super) struct View<'a> {
    pub(super) app: &'a App,
    pub(super) follower: &'a Follower<'a>,
}

/// A row of the list: the title of a wave, or a group.
enum Row {
    Wave(usize),
    Group(usize),
}

impl View<'_> {
    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let Some(state) = self.follower.state() else { return };
        let log = if area.height >= 16 { (area.height / 3).min(12) } else { 0 };
        let waits = self.waits(state);
        let [title, counts, groups, log, wait, footer] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Min(1),
            Constraint::Length(log),
            Constraint::Length(u16::from(waits.is_some())),
            Constraint::Length(1),
        ])
        .areas(area);
        frame.render_widget(self.title(state, title.width), title);
        frame.render_widget(self.counts(state), counts);
        frame.render_widget(Paragraph::new(self.rows(state, groups)), groups);
        self.draw_log(frame, log);
        if let Some(text) = waits {
            frame.render_widget(Line::styled(text, self.style(Color::Yellow).add_modifier(Modifier::BOLD)), wait);
        }
        frame.render_widget(self.footer(state), footer);
        match &self.app.mode {
            Mode::Explain => draw_box(frame, " why ", self.explanation(state)),
            Mode::Help => draw_box(frame, " keys ", help()),
            Mode::Normal | Mode::Confirm(..) | Mode::Reason(_) => {}
        }
    }

    /// A colour, unless there are none.
    fn style(&self, color: Color) -> Style {
        if self.app.has_colors { Style::new().fg(color) } else { Style::new() }
    }

    fn title(&self, state: &State, width: u16) -> Line<'static> {
        let engine = self.follower.engine;
        let left = format!(" {} {}  {}", engine.plan().fleet, engine.id(), state.words());
        let at = self.follower.at.map(|at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()).unwrap_or_default();
        let took =
            self.follower.started.zip(self.follower.at).map(|(started, at)| duration(at.duration_since(started)));
        let right = format!("{at}  {} ", took.unwrap_or_default());
        let used = left.chars().count() + right.chars().count();
        let gap = usize::from(width).saturating_sub(used);
        let text = if gap > 0 { left + &" ".repeat(gap) + &right } else { left };
        Line::styled(text, Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED))
    }

    /// What the rollout as a whole waits for.
    fn waits(&self, state: &State) -> Option<String> {
        if let Some(hold) = &state.hold {
            return Some(format!(" held, {}", inert(&hold.words())));
        }
        let (wave, until) = self.follower.engine.watched_until(state)?;
        let (environment, number, _) = self.follower.engine.wave(wave)?;
        Some(format!(" {} wave {number} has ended, and is watched until {until}", environment.name))
    }

    /// How many groups are in each phase.
    fn counts(&self, state: &State) -> Line<'static> {
        let count = state.count();
        let mut spans = vec![Span::raw(" ")];
        for phase in Phase::ALL.iter().filter(|phase| count.contains_key(phase)) {
            spans.push(Span::styled(format!("{} {phase}", count[phase]), self.style(color(*phase))));
            spans.push(Span::raw("   "));
        }
        Line::from(spans)
    }

    fn rows(&self, state: &State, area: Rect) -> Vec<Line<'static>> {
        let engine = self.follower.engine;
        let mut rows = Vec::new();
        let mut selected = 0;
        for wave in 0..engine.waves() {
            let Some((_, _, groups)) = engine.wave(wave) else { break };
            rows.push(Row::Wave(wave));
            if groups.contains(&self.app.selected) {
                selected = rows.len() + self.app.selected - groups.start;
            }
            rows.extend(groups.map(Row::Group));
        }
        let height = usize::from(area.height);
        // The selection stays in the middle, as far as there is something above and below.
        let first = selected.saturating_sub(height / 2).min(rows.len().saturating_sub(height));
        let names = engine.plan().groups.iter().map(|group| group.name.as_str().len()).max().unwrap_or(0);
        let names = names.min(usize::from(area.width) / 3);
        let rows = rows.iter().skip(first).take(height);
        rows.map(|row| match row {
            Row::Wave(wave) => self.wave(state, *wave),
            Row::Group(index) => self.group(state, *index, names, area.width),
        })
        .collect()
    }

    fn wave(&self, state: &State, index: usize) -> Line<'static> {
        let Some((environment, number, groups)) = self.follower.engine.wave(index) else { return Line::default() };
        let over = state.groups[groups.clone()].iter().filter(|group| group.phase.is_over()).count();
        let is_now = state.wave == index && state.outcome().is_none();
        let mark = if is_now { "▶" } else { " " };
        let text = format!("{mark}{} wave {number}   {over} of {}", environment.name, count(groups.len(), "group"));
        Line::styled(text, if is_now { Style::new().add_modifier(Modifier::BOLD) } else { DIM })
    }

    fn group(&self, state: &State, index: usize, names: usize, width: u16) -> Line<'static> {
        let (plan, group) = (&self.follower.engine.plan().groups[index], &state.groups[index]);
        let is_selected = index == self.app.selected;
        let name: String = plan.name.as_str().chars().take(names).collect();
        let mark = if is_selected { "›" } else { " " };
        let mut spans = vec![
            Span::styled(
                format!("  {mark}{name:<names$}  "),
                if is_selected { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() },
            ),
            Span::styled(format!("{:<13}  ", group.phase.as_str()), self.style(color(group.phase))),
        ];
        let cells = match width {
            0..60 => 0,
            60..120 => 10,
            _ => 24,
        };
        spans.extend(self.machines(plan, group, self.follower.seen[index].as_ref(), cells));
        let note = match (&group.hold, &group.reason) {
            (Some(hold), _) => Some(Span::styled(format!("held, {}", inert(&hold.words())), self.style(Color::Yellow))),
            (None, Some(reason)) if group.phase != Phase::Preparing => Some(Span::styled(inert(reason), DIM)),
            (None, _) => None,
        };
        spans.extend(note);
        Line::from(spans)
    }

    /// The machines by version: a bar, and the numbers.
    fn machines(
        &self,
        plan: &GroupPlan,
        group: &GroupState,
        seen: Option<&Observation>,
        cells: u32,
    ) -> Vec<Span<'static>> {
        let (size, new, old) = match (seen, group.phase) {
            (Some(seen), phase) if phase.is_active() || phase.is_over() => {
                let new = group.version.as_ref().map(|version| seen.on(version)).unwrap_or_default();
                (seen.size, new, seen.machines.values().map(|machines| machines.total()).sum::<u32>() - new.total())
            }
            _ => (plan.size, fleetgen_rollout::Machines::default(), plan.size),
        };
        let all = (new.total() + old).max(1);
        let part = |machines: u32| (machines * cells).div_ceil(all).min(cells) as usize;
        let (healthy, unhealthy, starting) = (part(new.healthy), part(new.unhealthy), part(new.starting));
        let new_cells = (healthy + unhealthy + starting).min(cells as usize);
        let rest = if old == 0 { 0 } else { (cells as usize).saturating_sub(new_cells) };
        let bar = [
            ("█", healthy, Color::Green),
            ("×", unhealthy, Color::Red),
            ("▒", starting, Color::Cyan),
            ("░", rest, Color::DarkGray),
        ];
        let mut left = cells as usize;
        let mut spans: Vec<Span<'static>> = Vec::new();
        for (cell, number, color) in bar {
            let number = number.min(left);
            left -= number;
            spans.push(Span::styled(cell.repeat(number), self.style(color)));
        }
        spans.push(Span::raw(" ".repeat(left)));
        let sick = if new.unhealthy > 0 { format!(", {} sick", new.unhealthy) } else { String::new() };
        let text = format!("{}/{size} new{sick}", new.healthy);
        spans.push(Span::raw(format!("  {text:<12}  ")));
        spans
    }

    fn draw_log(&self, frame: &mut Frame<'_>, area: Rect) {
        let height = usize::from(area.height.saturating_sub(1));
        let lines = self.follower.lines.iter().rev().take(height).rev();
        let line = |(at, words): &(jiff::Timestamp, String)| {
            Line::from(vec![Span::styled(format!(" {}  ", at.strftime("%H:%M:%S")), DIM), Span::raw(words.clone())])
        };
        let block = Block::new().borders(Borders::TOP).title(" what happened ").border_style(DIM);
        frame.render_widget(Paragraph::new(lines.map(line).collect::<Vec<_>>()).block(block), area);
    }

    fn footer(&self, state: &State) -> Line<'static> {
        let asked = |text: String| Line::styled(text, self.style(Color::Yellow).add_modifier(Modifier::BOLD));
        match (&self.app.mode, &self.app.message) {
            (Mode::Confirm(question, answer), _) => {
                asked(format!(" {} Type yes and Enter: {answer}▏", inert(&question.words())))
            }
            (Mode::Reason(reason), _) => asked(format!(" why pause? {}▏ Enter pauses, Esc does not", inert(reason))),
            (_, Some(message)) => {
                Line::styled(format!(" {}", inert(message)), Style::new().add_modifier(Modifier::BOLD))
            }
            (_, None) if state.outcome().is_some() => Line::raw(" the rollout is over   q leave   Enter why   ? keys"),
            (_, None) if self.app.driving == Driving::Nowhere => {
                asked(" no process drives it now; `rollout resume` goes on   q leave   Enter why   ? keys".to_owned())
            }
            (_, None) => Line::raw(" q leave   Enter why   p pause   g go on   a approve   x abort   ? keys"),
        }
    }

    fn explanation(&self, state: &State) -> Vec<Line<'static>> {
        let engine = self.follower.engine;
        let Some(plan) = engine.plan().groups.get(self.app.selected) else { return Vec::new() };
        let explanation = explain(engine, state, &plan.name, self.app.driving != Driving::Nowhere);
        let lines = explanation.map(|it| explanation_lines(engine, state, &plan.name, &it)).unwrap_or_default();
        lines.into_iter().map(Line::raw).collect()
    }
}

/// A box over the rest.
fn draw_box(frame: &mut Frame<'_>, title: &'static str, lines: Vec<Line<'static>>) {
    let area = frame.area();
    let width = area.width.saturating_sub(4).min(100);
    let wrapped: usize =
        lines.iter().map(|line| line.width().div_ceil(usize::from(width.saturating_sub(2).max(1))).max(1)).sum();
    let height = u16::try_from(wrapped + 2).unwrap_or(u16::MAX).min(area.height);
    let place = Rect {
        x: area.x + (area.width.saturating_sub(width)) / 2,
        y: area.y + (area.height.saturating_sub(height)) / 2,
        width,
        height,
    };
    frame.render_widget(Clear, place);
    let block = Block::bordered().title(title);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }).block(block), place);
}

fn help() -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = KEYS.iter().map(|(key, what)| Line::raw(format!("{key:<14} {what}"))).collect();
    lines.push(Line::raw("█ new  ▒ starting  × sick  ░ old"));
    lines
}

fn color(phase: Phase) -> Color {
    match phase {
        Phase::Pending | Phase::Skipped => Color::DarkGray,
        Phase::Preparing | Phase::Updating | Phase::Baking | Phase::Verifying => Color::Cyan,
        Phase::Canary | Phase::Judging => Color::Yellow,
        Phase::Done | Phase::Set => Color::Green,
        Phase::RollingBack | Phase::RolledBack => Color::Magenta,
        Phase::Failed | Phase::NeedsHuman => Color::Red,
    }
}

//! Signals: a driver that is asked to stop leaves a clean journal, and a terminal that goes away does not end a rollout.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The flags that signals set.
pub(crate) struct Signals {
    /// Whether the driver must stop.
    pub(crate) stop: Arc<AtomicBool>,
    hangup: Arc<AtomicBool>,
    /// Whether SIGINT arrived: Ctrl-C, or another process.
    pub(crate) interrupt: Arc<AtomicBool>,
    ids: Vec<SigId>,
}

impl Signals {
    /// From now on, SIGTERM sets `stop` instead of ending the process, SIGHUP sets `hangup` and SIGINT
    /// `interrupt`.
    pub(crate) fn catch() -> std::io::Result<Self> {
        let flag = || Arc::new(AtomicBool::new(false));
        let (stop, hangup, interrupt) = (flag(), flag(), flag());
        // A second SIGTERM ends the process at once: the journal survives that too.
        let ids = vec![
            signal_hook::flag::register_conditional_shutdown(SIGTERM, 143, Arc::clone(&stop))?,
            signal_hook::flag::register(SIGTERM, Arc::clone(&stop))?,
            signal_hook::flag::register(SIGHUP, Arc::clone(&hangup))?,
            signal_hook::flag::register(SIGINT, Arc::clone(&interrupt))?,
        ];
        Ok(Self { stop, hangup, interrupt, ids })
    }

    /// Whether the terminal is gone.
    pub(crate) fn is_gone(&self) -> bool {
        self.hangup.load(Ordering::Relaxed)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Ctrl-C stops the driver as SIGTERM does. On a terminal, the first one only says what the second one will do.
    pub(crate) fn ask_first(&self, is_terminal: bool) -> Asking {
        let presses = Arc::new(AtomicUsize::new(usize::from(!is_terminal)));
        let stop = Arc::clone(&self.stop);
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT]) else { return Asking(None) };
        let handle = signals.handle();
        std::thread::spawn(move || {
            for _ in signals.forever() {
                match presses.fetch_add(1, Ordering::Relaxed) {
                    0 => say(
                        "the rollout goes on. Press Ctrl-C again to stop driving it; `fleetgen rollout pause` pauses it",
                    ),
                    1 => stop.store(true, Ordering::Relaxed),
                    _ => {
                        let _ = signal_hook::low_level::emulate_default_handler(SIGINT);
                    }
                }
            }
        });
        Asking(Some(handle))
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in &self.ids {
            signal_hook::low_level::unregister(*id);
        }
    }
}

/// Ends with the driver.
pub(crate) struct Asking(Option<signal_hook::iterator::Handle>);

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.close();
        }
    }
}

fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "\n{text}");
}

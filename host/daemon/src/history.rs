//! What the log tells about the state files: which statement is in force, and what came after the
//! state was written. A state file that the log contradicts was put back, and is not served.

use vouchsafe_audit::{Log, LogError, Record, Seq};

use crate::applied::Applied;
use crate::switches::Switches;

/// What the log tells.
pub(crate) struct History {
    /// The last statement that was applied, and its record.
    pub(crate) last_apply: Option<(Seq, String)>,
    /// Versions that grants followed to.
    pub(crate) followed: Vec<Record>,
}

impl History {
    /// Reads the log from where the state files were written, and takes in what came after `switches`.
    /// `None` when the log ends before that: it is an older log than the state.
    pub(crate) fn read(
        log: &Log,
        applied: Option<&Applied>,
        switches: &mut Switches,
    ) -> Result<Option<Self>, LogError> {
        let applied = applied.map_or(0, Applied::record);
        if log.head().seq < applied.max(switches.record()) {
            return Ok(None);
        }
        let mut history = Self {
            last_apply: None,
            followed: Vec::new(),
        };
        for record in log.controls(applied.min(switches.record()).max(1)) {
            let record = record?;
            if record.seq > switches.record() {
                switches.take_in(&record);
            }
            match record.action.as_deref() {
                Some("apply") => {
                    let statement = record.facts.get("statement").cloned();
                    history.last_apply = Some((record.seq, statement.unwrap_or_default()));
                }
                Some("follow") => history.followed.push(record),
                _ => {}
            }
        }
        Ok(Some(history))
    }
}

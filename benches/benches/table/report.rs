//! The table.

use std::fmt;
use std::time::Duration;

/// What was measured.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<[String; 5]>,
}

impl Report {
    /// A row: what, its figure, its floor, their ratio, and the goal with whether it is met.
    pub(crate) fn row(
        &mut self,
        what: &str,
        figure: String,
        floor: String,
        ratio: String,
        goal: (&str, bool),
    ) {
        let (goal, met) = goal;
        let goal = if met {
            goal.to_owned()
        } else {
            format!("{goal} **missed**")
        };
        let row = [what.to_owned(), figure, floor, ratio, goal];
        eprintln!("  {}", row.join(" | "));
        self.rows.push(row);
    }

    /// A row of two times.
    pub(crate) fn times(
        &mut self,
        what: &str,
        figure: Duration,
        floor: (&str, Duration),
        goal: (&str, bool),
    ) {
        let (name, floor) = floor;
        let ratio = figure.as_secs_f64() / floor.as_secs_f64();
        let floor = format!("{name} {}", time(floor));
        self.row(what, time(figure), floor, format!("{ratio:.2}x"), goal);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | measured | floor, same run | ratio | goal |")?;
        writeln!(f, "| --- | --- | --- | --- | --- |")?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

/// A time with three digits or so.
pub(crate) fn time(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..1000.0 => format!("{micros:.1} µs"),
        ..100_000.0 => format!("{:.2} ms", micros / 1e3),
        _ => format!("{:.0} ms", micros / 1e3),
    }
}

/// The value below which `share` of `times` are.
pub(crate) fn percentile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let index = (times.len() as f64 * share) as usize;
    times[index.min(times.len() - 1)]
}

/// The median.
pub(crate) fn median(times: &mut [Duration]) -> Duration {
    percentile(times, 0.5)
}

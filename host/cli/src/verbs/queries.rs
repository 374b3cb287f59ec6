//! `audit query`, `stats` and `tail`: the log is read from front to back, and nothing else is believed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_audit::{Kind, Place, Record, records_from};
use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::protocol::{Failure, Request};

use crate::args::RecordFilter;
use crate::context::Context;
use crate::exit::Code;
use crate::verbs::proofs;
use crate::{output, record};

/// How many records `tail` begins with.
const LAST: usize = 10;
/// How often `tail -f` looks.
const LOOK: Duration = Duration::from_millis(250);

/// Prints the last `limit` records that `filter` lets through.
pub(super) fn query(
    context: &Context,
    filter: &RecordFilter,
    limit: usize,
) -> anyhow::Result<Code> {
    let filter = Filter::parse(filter)?;
    let mut found = VecDeque::new();
    let mut left_out = 0_usize;
    for record in all(context)? {
        let record = record?;
        if !filter.lets(&record) {
            continue;
        }
        found.push_back(json!(record));
        if found.len() > limit {
            found.pop_front();
            left_out += 1;
        }
    }
    let found = Vec::from(found);
    if context.json {
        output::print_json(&Json::Array(found));
        return Ok(Code::Done);
    }
    record::print(&found);
    if left_out > 0 {
        output::note(format!(
            "{left_out} before these are left out; `--limit` shows more"
        ));
    }
    Ok(Code::Done)
}

/// Prints for each tool how its calls went and what they took.
pub(super) fn stats(context: &Context, filter: &RecordFilter) -> anyhow::Result<Code> {
    let filter = Filter::parse(filter)?;
    let mut tools: BTreeMap<(String, String), Tally> = BTreeMap::new();
    for record in all(context)? {
        let record = record?;
        if filter.lets(&record) && record.action.as_deref() == Some("call") {
            let name = |name: &Option<String>| name.clone().unwrap_or_default();
            let tally = tools.entry((name(&record.skill), name(&record.tool)));
            tally.or_default().take(&record);
        }
    }
    if context.json {
        let facts = tools
            .iter()
            .map(|((skill, tool), tally)| tally.facts(skill, tool));
        output::print_json(&facts.collect());
        return Ok(Code::Done);
    }
    let header = [
        "SKILL", "TOOL", "CALLS", "OK", "FAILED", "UNKNOWN", "REFUSED", "P50 MS", "P99 MS", "FUEL",
    ];
    let rows = tools
        .iter()
        .map(|((skill, tool), tally)| tally.row(skill, tool));
    output::line(output::table(header, rows));
    if let Some(mut owner) = Client::connect_if_running(&context.home) {
        proofs::say_state(owner.ask(&Request::AuditState).ok().as_ref());
    }
    Ok(Code::Done)
}

/// Prints the last records; with `follow` also those that come, until it is interrupted.
pub(super) fn tail(context: &Context, follow: bool) -> anyhow::Result<Code> {
    let mut records = all(context)?;
    let mut last = VecDeque::new();
    for record in records.by_ref() {
        last.push_back(json!(record?));
        if last.len() > LAST {
            last.pop_front();
        }
    }
    say(context, &Vec::from(last));
    match follow {
        true => go_on(context, records.place()),
        false => Ok(Code::Done),
    }
}

/// Prints what is recorded after `place`, until it is interrupted.
fn go_on(context: &Context, mut place: Place) -> anyhow::Result<Code> {
    loop {
        std::thread::sleep(LOOK);
        let mut more = records_from(&context.home.audit(), place).map_err(damaged)?;
        let new = more
            .by_ref()
            .map(|record| record.map(|record| json!(record)));
        let new = new.collect::<Result<Vec<_>, _>>().map_err(damaged)?;
        place = more.place();
        if !new.is_empty() {
            say(context, &new);
        }
    }
}

/// Prints records: a line of JSON each, or rows.
fn say(context: &Context, records: &[Json]) {
    match context.json {
        true => records.iter().for_each(output::line),
        false => record::print(records),
    }
}

fn all(context: &Context) -> anyhow::Result<Reading> {
    let records = vouchsafe_audit::records(&context.home.audit()).map_err(damaged)?;
    Ok(Reading(records))
}

/// The records of the log, whose errors are said as a person needs them.
struct Reading(vouchsafe_audit::Records);

impl Reading {
    fn place(&self) -> Place {
        self.0.place()
    }
}

impl Iterator for Reading {
    type Item = Result<Record, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.map_err(damaged))
    }
}

fn damaged(error: vouchsafe_audit::LogError) -> Failure {
    Failure::refused(format!("the log: {error}"))
}

/// What was asked for.
struct Filter<'a> {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    kind: Option<Kind>,
    asked: &'a RecordFilter,
}

impl<'a> Filter<'a> {
    fn parse(asked: &'a RecordFilter) -> Result<Self, Failure> {
        let kind = |name: &String| {
            let kind = serde_json::from_value(Json::String(name.clone()));
            kind.map_err(|_| {
                Failure::usage(format!(
                    "`{name}` is no kind of record: intent, outcome, unknown, refusal and control are"
                ))
            })
        };
        Ok(Self {
            since: asked.since.as_deref().map(time).transpose()?,
            until: asked.until.as_deref().map(time).transpose()?,
            kind: asked.kind.as_ref().map(kind).transpose()?,
            asked,
        })
    }

    fn lets(&self, record: &Record) -> bool {
        let is = |asked: &Option<String>, had: &Option<String>| {
            asked.is_none() || asked.as_deref() == had.as_deref()
        };
        let who = self.asked.who.as_deref().is_none_or(|who| {
            record
                .principal
                .as_deref()
                .is_some_and(|had| had.starts_with(who))
        });
        who && self.kind.is_none_or(|kind| kind == record.kind)
            && is(&self.asked.skill, &record.skill)
            && is(&self.asked.tool, &record.tool)
            && is(&self.asked.place, &record.place)
            && is(&self.asked.correlation, &record.correlation)
            && self
                .asked
                .result
                .as_deref()
                .is_none_or(|result| ended(record, result))
            && self.lets_time(record)
    }

    /// A record whose time can't be read is shown rather than hidden.
    fn lets_time(&self, record: &Record) -> bool {
        let Ok(time) = record.time.parse::<Timestamp>() else {
            return true;
        };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
    }
}

/// Whether `record` ended with `result`, in one of the words for that.
fn ended(record: &Record, result: &str) -> bool {
    let word = |value: Json| value.as_str() == Some(result);
    record.status.is_some_and(|status| word(json!(status)))
        || record.why.is_some_and(|why| word(json!(why)))
        || record.code.as_deref() == Some(result)
}

/// A time, or how long ago.
fn time(text: &str) -> Result<Timestamp, Failure> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let ago: Option<SignedDuration> = text
        .parse()
        .ok()
        .filter(|ago: &SignedDuration| !ago.is_negative());
    let time = ago.and_then(|ago| clock::now().checked_sub(ago).ok());
    time.ok_or_else(|| {
        Failure::usage(format!(
            "`{text}` is no time: `2026-11-23T10:00:00Z` is, and `2h` for two hours ago"
        ))
    })
}

/// How the calls of a tool went.
#[derive(Default)]
struct Tally {
    ok: u64,
    failed: u64,
    unknown: u64,
    refused: u64,
    fuel: u64,
    /// Of those that ended, in microseconds.
    durations: Vec<u64>,
}

impl Tally {
    fn take(&mut self, record: &Record) {
        match record.kind {
            Kind::Outcome if ended(record, "ok") => self.ok += 1,
            Kind::Outcome => self.failed += 1,
            Kind::Unknown => self.unknown += 1,
            Kind::Refusal => self.refused += record.count.unwrap_or(1),
            Kind::Intent | Kind::Control => {}
        }
        self.fuel = self.fuel.saturating_add(record.fuel.unwrap_or_default());
        self.durations.extend(record.duration_us);
    }

    /// So many of a hundred calls took no longer, in milliseconds.
    fn percentile(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.durations.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        let duration = Duration::from_micros(*sorted.get(place)?);
        Some(duration.as_secs_f64() * 1000.0)
    }

    fn calls(&self) -> u64 {
        self.ok + self.failed + self.unknown
    }

    fn facts(&self, skill: &str, tool: &str) -> Json {
        json!({
            "skill": skill,
            "tool": tool,
            "calls": self.calls(),
            "ok": self.ok,
            "failed": self.failed,
            "unknown": self.unknown,
            "refused": self.refused,
            "p50_ms": self.percentile(50),
            "p99_ms": self.percentile(99),
            "fuel": self.fuel,
        })
    }

    fn row(&self, skill: &str, tool: &str) -> [String; 10] {
        let ms = |percent| {
            let ms = self.percentile(percent);
            ms.map(|ms| format!("{ms:.1}")).unwrap_or_default()
        };
        [
            skill.to_owned(),
            tool.to_owned(),
            self.calls().to_string(),
            self.ok.to_string(),
            self.failed.to_string(),
            self.unknown.to_string(),
            self.refused.to_string(),
            ms(50),
            ms(99),
            self.fuel.to_string(),
        ]
    }
}

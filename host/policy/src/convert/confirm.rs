//! `requiresConfirmation`: when a person decides on a call of a tool, who, and how long they have.

use vouchsafe_package::manifest::Span;

use super::Became;
use super::page::{self, Page, Pages};
use super::reader::{At, Object, Reader};
use crate::approval::Tier;
use crate::settings::Settings;

/// What is said of a tool's calls.
pub(super) struct Confirmation<'a> {
    threshold: Option<At<&'a str>>,
    channel: Option<At<&'a str>>,
    timeout: Option<At<u64>>,
}

pub(super) fn read<'a>(reader: &mut Reader, top: &Object<'a>) -> Option<Confirmation<'a>> {
    let known = ["confirmationChannel", "threshold", "timeoutMs"];
    let object = reader.below(top, "requiresConfirmation", &known)?;
    Some(Confirmation {
        threshold: reader.text(&object, "threshold"),
        channel: reader.text(&object, "confirmationChannel"),
        timeout: reader.whole(&object, "timeoutMs"),
    })
}

/// The tier that the channel stands for, where it is one of the operator's own.
pub(super) fn tier(pages: &mut Pages, confirmation: &Confirmation<'_>) {
    let Some((at, name)) = confirmation.own_channel() else {
        return built_in(pages, confirmation);
    };
    let page = pages.page(Settings::FILE);
    page.of([at.as_str()], format!("[confirm.{}]", page::key(name)));
    page.line("# Add `from = \"GROUP\"` to ask approvers of one group, and `[works-for]`: who asks does not decide.");
    page.line("people = 1");
    if let Some((at, millis)) = &confirmation.timeout {
        let within = page::quoted(&Span(*millis).to_string());
        page.of([at.as_str()], format!("within = {within}"));
    }
}

fn built_in(pages: &mut Pages, confirmation: &Confirmation<'_>) {
    let Some((at, millis)) = &confirmation.timeout else {
        return;
    };
    match Span(*millis) == Tier::WITHIN {
        true => pages.tell(
            at,
            Became::Already("people have an hour where no line says otherwise".to_owned()),
        ),
        false => {
            let why = "a tier that is built in gives people an hour: name a `confirmationChannel` of your own";
            pages.leave_out([at], why);
        }
    }
}

impl Confirmation<'_> {
    /// What only a tool's own line can say.
    pub(super) fn places(&self) -> impl Iterator<Item = &String> {
        let built_in = self
            .channel
            .as_ref()
            .filter(|_| self.own_channel().is_none());
        let both = [self.threshold.as_ref(), built_in];
        both.into_iter().flatten().map(|(at, _)| at)
    }

    /// The channel, where it is a tier of the operator's own.
    fn own_channel(&self) -> Option<&At<&str>> {
        let channel = self.channel.as_ref();
        channel.filter(|(_, name)| Tier::built_in(name).is_none())
    }

    /// The line of `tool` in its grant.
    pub(super) fn write(&self, page: &mut Page, tool: &str) {
        let channel = self.channel.as_ref().map_or("always", |(_, name)| *name);
        let channel = page::quoted(channel);
        let condition = self
            .threshold
            .as_ref()
            .filter(|(_, when)| *when != "always");
        // Whose fault a fault of the line is: that of the first.
        let (confirm, keys) = match condition {
            Some((_, when)) => (
                format!("{{ when = {}, channel = {channel} }}", page::quoted(when)),
                [&self.threshold, &self.channel],
            ),
            None => (channel, [&self.channel, &self.threshold]),
        };
        let keys = keys.into_iter().flatten().map(|(at, _)| at.as_str());
        page.of(keys, format!("{tool} = {{ confirm = {confirm} }}"));
    }
}

//! `ssrfProtection`: which hosts a tool talks to, and how.

use std::collections::BTreeSet;

use super::Became;
use super::page::{self, Pages};
use super::reader::{At, Object, Reader, Texts};

/// What is said of a tool's requests.
pub(super) struct Egress<'a> {
    hosts: Option<At<Texts<'a>>>,
    blocks_private: Option<At<bool>>,
    requires_https: Option<At<bool>>,
}

pub(super) fn read<'a>(reader: &mut Reader, top: &Object<'a>) -> Option<Egress<'a>> {
    let known = ["allowedHosts", "blockPrivateRanges", "requireHttps"];
    let object = reader.below(top, "ssrfProtection", &known)?;
    let hosts = reader.texts(&object, "allowedHosts");
    for (at, host) in hosts.iter().flat_map(|(_, hosts)| hosts) {
        if !is_host(host) {
            reader.wrong(at, "want a host, with a port or without, and nothing else");
        }
    }
    Some(Egress {
        hosts,
        blocks_private: reader.boolean(&object, "blockPrivateRanges"),
        requires_https: reader.boolean(&object, "requireHttps"),
    })
}

impl Egress<'_> {
    /// Where each of its values stands.
    pub(super) fn places(&self) -> impl Iterator<Item = &String> {
        let hosts = self.hosts.iter().flat_map(|(_, hosts)| hosts);
        let rules = [&self.blocks_private, &self.requires_https];
        let rules = rules.into_iter().flatten().map(|(at, _)| at);
        hosts.map(|(at, _)| at).chain(rules)
    }

    /// A destination for each host, in the grant at `path`, for `tool` alone.
    pub(super) fn write(&self, pages: &mut Pages, path: &str, tool: &str) {
        let page = pages.page(path);
        let mut taken = BTreeSet::new();
        for (at, host) in self.hosts.iter().flat_map(|(_, hosts)| hosts) {
            page.line("");
            page.line("# Call it as the skill's own manifest does.");
            page.line(format!("[http.{}]", name(host, &mut taken)));
            let url = page::quoted(&format!("https://{host}"));
            page.of([at.as_str()], format!("url = {url}"));
            page.line(format!("for = [{}]", page::quoted(tool)));
        }
        if let Some((at, [])) = self
            .hosts
            .as_ref()
            .map(|(at, hosts)| (at, hosts.as_slice()))
        {
            let why = "there is no host in it, and what no destination gives is not reached";
            pages.tell(at, Became::Already(why.to_owned()));
        }
        if let Some((at, true)) = &self.blocks_private {
            let why = "addresses that are not public are refused, unless `private` of a destination names them";
            pages.tell(at, Became::Already(why.to_owned()));
        }
        if let Some((at, false)) = &self.blocks_private {
            let why = "which ranges, a destination has to say: add `private = [\"10.2.0.0/16\"]`, with yours, below its `url`";
            pages.leave_out([at], why);
        }
        if let Some((at, true)) = &self.requires_https {
            let why = "each `url` begins with https://, and what is not written so is not reached";
            pages.tell(at, Became::Already(why.to_owned()));
        }
        if let Some((at, false)) = &self.requires_https {
            let why = "a destination is reached in one way, and https:// was written: write http:// where a service has no TLS";
            pages.leave_out([at], why);
        }
    }
}

fn is_host(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.*:[]".contains(c);
    text.chars().all(plain) && text.contains(|c: char| c.is_ascii_alphanumeric())
}

/// What a destination of this host is called for now; no two alike.
fn name(host: &str, taken: &mut BTreeSet<String>) -> String {
    let lower = host.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let plain = words.join("-");
    let plain = match plain.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => plain,
        false => format!("host-{plain}"),
    };
    let numbered = (2u32..).map(|number| format!("{plain}-{number}"));
    let mut names = std::iter::once(plain.clone()).chain(numbered);
    let free = names.find(|name| !taken.contains(name)).unwrap_or(plain);
    taken.insert(free.clone());
    free
}

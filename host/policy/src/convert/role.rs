//! `role` and its `permissions`: what agents of a kind may do.

use super::page::{self, Page, Pages};
use super::reader::{At, Object, Reader, Texts};
use super::{About, Became};

/// What acts on skills. A role of ours says on which.
const ACTS: [&str; 2] = ["execute", "register"];

const WHICH: &str = "a role says on which tools: convert again with `--tool NAMESPACE:SKILL/TOOL`, `NAMESPACE:SKILL/*` or `NAMESPACE:*`";

pub(super) fn convert(reader: &mut Reader, pages: &mut Pages, top: &Object<'_>, about: &About) {
    let known = ["agentInvocation", "messageBus", "skills"];
    let permissions = reader.below(top, "permissions", &known);
    let Some((at, name)) = reader.text(top, "role") else {
        if let Some(permissions) = permissions {
            reader.wrong(permissions.at(), "whose they are, `role` has to say");
        }
        return;
    };
    let permissions = permissions.unwrap_or_default();
    let path = format!("roles/{name}.toml");
    pages
        .page(&path)
        .of([at.as_str()], format!("role = {}", page::quoted(name)));
    if let Some(skills) = reader.texts(&permissions, "skills") {
        write_skills(pages, &path, skills, about);
    }
    let bus = reader.below(&permissions, "messageBus", &["publish", "subscribe"]);
    let bus = bus.unwrap_or_default();
    let lists = ["publish", "subscribe"].map(|name| (name, reader.texts(&bus, name)));
    write_table(pages, &path, "bus", lists);
    let invoked = reader.texts(&permissions, "agentInvocation");
    write_table(pages, &path, "agents", [("invoke", invoked)]);
}

fn write_skills(pages: &mut Pages, path: &str, (at, words): At<Texts<'_>>, about: &About) {
    if words.is_empty() {
        return pages.tell(&at, nothing());
    }
    let says_which = !about.tools.is_empty();
    let (kept, left): (Vec<_>, Vec<_>) = words
        .into_iter()
        .partition(|(_, word)| says_which || !ACTS.contains(word));
    pages.leave_out(left.iter().map(|(at, _)| at), WHICH);
    let page = pages.page(path);
    if !kept.is_empty() {
        write_list(page, "skills", &kept);
    }
    if kept.iter().any(|(_, word)| ACTS.contains(word)) {
        let tools: Vec<String> = about.tools.iter().map(ToString::to_string).collect();
        let tools = page::list(tools.iter().map(String::as_str));
        page.of(["--tool"], format!("tools = {tools}"));
    }
}

fn write_table<const N: usize>(
    pages: &mut Pages,
    path: &str,
    table: &str,
    lists: [(&str, Option<At<Texts<'_>>>); N],
) {
    let mut begun = false;
    for (name, list) in lists {
        match list {
            Some((at, texts)) if texts.is_empty() => pages.tell(&at, nothing()),
            Some((_, texts)) => {
                let page = pages.page(path);
                if !begun {
                    page.line("");
                    page.line(format!("[{table}]"));
                    begun = true;
                }
                write_list(page, name, &texts);
            }
            None => {}
        }
    }
}

/// One text a line, so that each has its own.
fn write_list(page: &mut Page, name: &str, texts: &[At<&str>]) {
    page.line(format!("{name} = ["));
    for (at, text) in texts {
        page.of([at.as_str()], format!("  {},", page::quoted(text)));
    }
    page.line("]");
}

fn nothing() -> Became {
    Became::Already("there is nothing in it, and what no line gives is not given".to_owned())
}

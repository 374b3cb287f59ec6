//! `identity`: how an agent shows who it is.

use super::page::Pages;
use super::reader::{Object, Reader};

const WHY: &str = "this version knows one caller, the agent of the local user, by its user id: no file says who else there is";

pub(super) fn convert(reader: &mut Reader, pages: &mut Pages, top: &Object<'_>) {
    let known = [
        "certificateSource",
        "renewBeforeExpirySeconds",
        "type",
        "vaultPath",
    ];
    let Some(identity) = reader.below(top, "identity", &known) else {
        return;
    };
    let texts = ["type", "certificateSource", "vaultPath"];
    for (at, _) in texts.iter().filter_map(|name| reader.text(&identity, name)) {
        pages.leave_out([&at], WHY);
    }
    if let Some((at, _)) = reader.whole(&identity, "renewBeforeExpirySeconds") {
        pages.leave_out([&at], WHY);
    }
}

//! What people are shown and what they sign.

use jiff::Timestamp;
use vouchsafe_keys::statement;
use vouchsafe_package::words::is_unseen;
use vouchsafe_policy::People;
use vouchsafe_policy::approval::{ApprovalRequest, PAYLOAD_TYPE, Vote, VoteStatement, text};

use crate::keys;

/// A request as it is kept, sent and shown. Whatever its values are, the page has the lines that the host wrote, one for
/// each argument, and nothing on it that moves the cursor or is not seen.
pub fn request(bytes: &[u8]) {
    let Ok(request) = serde_json::from_slice::<ApprovalRequest>(bytes) else {
        return;
    };
    let again = serde_json::to_vec(&request).expect("it serialises");
    let again: ApprovalRequest = serde_json::from_slice(&again).expect("it is read again");
    assert_eq!(
        request.digest().expect("a digest"),
        again.digest().expect("a digest")
    );
    let page = text(&request, &[], Timestamp::UNIX_EPOCH);
    assert_eq!(page.lines().count(), 8 + request.arguments.len(), "{page}");
    let moves = |c: char| c != '\n' && is_unseen(c);
    assert!(!page.contains(moves), "{page:?}");
}

/// A decision: the payload of an envelope. Nobody is enrolled, so that none is ever believed.
pub fn vote(bytes: &[u8]) {
    let parsed = VoteStatement::parse(bytes);
    let signed = statement::sign(PAYLOAD_TYPE, bytes, keys::operator()).expect("a signature");
    let request = parsed.map(|parsed| parsed.request);
    let request = request.unwrap_or_else(|_| vouchsafe_package::Digest::of(bytes));
    Vote::verify(&signed, &People::default(), &request).expect_err("nobody is enrolled");
}

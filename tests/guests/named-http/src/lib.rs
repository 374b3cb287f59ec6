//! A skill as the manual has it: a destination by name, segments escaped, JSON both ways.

use vouchsafe_sdk::http::{Destination, Error, Response};

vouchsafe_sdk::skill!(Payments);

struct Payments;

impl payments::Guest for Payments {
    fn initiate(minor: u64) -> Result<String, String> {
        let order = format!("{{\"minor\":{minor}}}");
        let made = Destination::named("bank")
            .post("/payments")
            .body("application/json", order)
            .send();
        let made = made.and_then(Response::success).map_err(say)?;
        Ok(made.header("location").unwrap_or_default().to_owned())
    }

    fn status(payment: String) -> Result<String, String> {
        text(
            Destination::named("bank")
                .get(["payments", &payment])
                .send(),
        )
    }

    fn sub(label: String, path: String) -> Result<String, String> {
        text(
            Destination::named("files")
                .label(label)
                .get(path.as_str())
                .send(),
        )
    }
}

fn text(answer: Result<Response, Error>) -> Result<String, String> {
    let answer = answer.and_then(Response::success).map_err(say)?;
    answer.text().map(str::to_owned).map_err(say)
}

fn say(error: Error) -> String {
    error.to_string()
}

//! The listener for who watches over the process: whether it lives, and whether it can take calls. Nothing else.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::http::{Answer, json as json_answer, problem};
use crate::owner::Owner;

/// Connections at the same time; more are closed.
const CONNECTIONS: usize = 32;

/// How long one connection may take, whatever it asks.
const LONGEST: Duration = Duration::from_secs(10);

pub(super) async fn serve(owner: Arc<Owner>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = owner.stopping() => return,
        };
        let place = places.clone().try_acquire_owned();
        let (Ok((stream, _)), Ok(place)) = (accepted, place) else {
            tokio::time::sleep(super::NO_ROOM).await;
            continue;
        };
        let owner = owner.clone();
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(|request| {
                let answer = answer(&owner, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let mut builder = http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(LONGEST)
                .keep_alive(false);
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            drop(tokio::time::timeout(LONGEST, connection).await);
        });
    }
}

fn answer(owner: &Owner, request: &Request<Incoming>) -> Answer {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return problem(StatusCode::METHOD_NOT_ALLOWED, "it wants GET");
    }
    match request.uri().path() {
        "/livez" => json_answer(StatusCode::OK, &json!({ "live": true })),
        "/readyz" => match owner.ready() {
            Ok(()) => json_answer(StatusCode::OK, &json!({ "ready": true })),
            Err(why) => problem(StatusCode::SERVICE_UNAVAILABLE, why),
        },
        _ => problem(StatusCode::NOT_FOUND, "there is nothing here"),
    }
}

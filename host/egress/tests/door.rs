//! What stands between a request and the network: the durable intent, the epoch, the one end.
#![cfg(test)]

#[path = "door/house.rs"]
mod house;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::{Message, MessageBuilder, Name, ToName as _, Ttl};
use domain::rdata::A;
use house::House;
use http_body_util::BodyExt as _;
use vouchsafe_audit::{Kind, Status};
use vouchsafe_egress::{Failure, Settings};

/// A server that answers each connection once, and counts what it heard.
fn server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(AtomicUsize::new(0));
    let count = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let count = count.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(bytes @ 1..) = stream.read(&mut buffer) {
                    count.fetch_add(bytes, Ordering::SeqCst);
                    drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
                }
            });
        }
    });
    (port, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_before_its_intent_is_on_stable_storage() {
    let (port, heard) = server();
    let house = House::new(port, Settings::default());
    house.disk.hold();
    let sending = tokio::spawn(house.clone().send("/x"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = (heard.load(Ordering::SeqCst), sending.is_finished());
    // Released first: a log that is held would hold up the end of a test that fails.
    house.disk.release();
    assert_eq!(before, (0, false));
    let answer = sending.await.unwrap().unwrap();
    assert_eq!(answer.collect().await.unwrap().to_bytes(), "ok");
    assert!(heard.load(Ordering::SeqCst) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_does_not_take_is_not_sent() {
    let (port, heard) = server();
    let house = House::new(port, Settings::default());
    house.disk.fail();
    assert!(matches!(
        house.clone().send("/x").await,
        Err(Failure::NotCleared(_))
    ));
    assert_eq!(heard.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_rules_change_while_it_connects_is_not_sent() {
    let (port, heard) = server();
    let names = UdpSocket::bind("127.0.0.1:0").unwrap();
    let settings = Settings {
        dns: vec![names.local_addr().unwrap()],
        ..Settings::default()
    };
    let house = House::named("slow.test", port, settings);
    let sending = tokio::spawn(house.clone().send("/x"));
    let house_of_thread = house.clone();
    let answering = std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        let (length, from) = names.recv_from(&mut buffer).unwrap();
        house_of_thread.gate.epoch().advance();
        answer(&names, &buffer[..length], from);
        while let Ok((length, from)) = names.recv_from(&mut buffer) {
            answer(&names, &buffer[..length], from);
        }
    });
    assert!(matches!(
        sending.await.unwrap(),
        Err(Failure::NotCleared(_))
    ));
    assert_eq!(heard.load(Ordering::SeqCst), 0);
    let ends = house.ends().await;
    assert_eq!(
        ends.iter()
            .map(|end| (end.kind, end.status))
            .collect::<Vec<_>>(),
        [(Kind::Outcome, Some(Status::Killed))]
    );
    drop(answering);
}

fn answer(names: &UdpSocket, query: &[u8], from: std::net::SocketAddr) {
    let query = Message::from_octets(query.to_vec()).unwrap();
    let question = query.sole_question().unwrap();
    let name: Name<Vec<u8>> = question.qname().to_name();
    let mut answer = MessageBuilder::new_vec()
        .start_answer(&query, Rcode::NOERROR)
        .unwrap();
    if question.qtype() == Rtype::A {
        answer
            .push((
                &name,
                Class::IN,
                Ttl::from_secs(1),
                A::from_octets(127, 0, 0, 1),
            ))
            .unwrap();
    }
    names.send_to(&answer.finish(), from).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_request_is_cut_it_has_one_end() {
    let (port, _) = server();
    let house = House::new(port, Settings::default());
    let mut cut = 0;
    for micros in (0..4000).step_by(40) {
        let whole = async {
            let answer = house.clone().send("/x").await?;
            answer.collect().await.map(|body| body.to_bytes())
        };
        if tokio::time::timeout(Duration::from_micros(micros), whole)
            .await
            .is_err()
        {
            cut += 1;
        }
    }
    assert!(cut > 0, "nothing was cut");
    let records = house.records().await;
    let intents = records
        .iter()
        .filter(|record| record.action.as_deref() == Some("http") && record.kind == Kind::Intent);
    for intent in intents {
        let ends = records
            .iter()
            .filter(|record| record.of == Some(intent.seq))
            .count();
        assert_eq!(ends, 1, "{intent:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_opens_where_the_host_itself_listens() {
    let (port, heard) = server();
    let settings = Settings {
        own: vec![format!("0.0.0.0:{port}").parse().unwrap()],
        ..Settings::default()
    };
    let house = House::new(port, settings);
    let Err(Failure::Refused(refused)) = house.clone().send("/x").await else {
        panic!("it was sent")
    };
    assert!(
        refused.why.contains("this host itself listens") && refused.fix.is_empty(),
        "{refused:?}"
    );
    assert_eq!(heard.load(Ordering::SeqCst), 0);
}

//! The operator's proxy makes every connection, learns an address and nothing else, and opens nothing.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::dns::Dns;
use super::house::{Ask, DENIED, House, target};
use super::server::{Authority, Server};

/// A proxy that makes tunnels, and remembers every byte that it was told outside of them.
struct Proxy {
    address: SocketAddr,
    told: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let remember = told.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, remember) = (stream.unwrap(), remember.clone());
                std::thread::spawn(move || serve(stream, answer, &remember));
            }
        });
        Self { address, told }
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

fn serve(client: TcpStream, answer: &str, remember: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let to = head.split(' ').nth(1).unwrap_or_default().to_owned();
    remember.lock().unwrap().push(head);
    let Ok(mut server) = TcpStream::connect(&to) else {
        return;
    };
    (&client).write_all(answer.as_bytes()).unwrap();
    let (mut back, mut client_back) = (server.try_clone().unwrap(), client);
    std::thread::spawn(move || copy(&mut back, &mut client_back));
    copy(&mut reader, &mut server);
}

fn copy(from: &mut impl Read, to: &mut impl Write) {
    std::io::copy(from, to).ok();
}

const OPENED: &str = "HTTP/1.1 200 OK\r\n\r\n";

/// A home that reaches `server` through `proxy`.
fn house(server: &Server, authority: &Authority, proxy: SocketAddr, dns: &Dns) -> House {
    let house = House::new(&target(server, authority, ""), Some(dns));
    let way = format!("dns = [\"{}\"]\nproxy = \"{proxy}\"\n", dns.address);
    std::fs::write(house.home.config("egress.toml"), way).unwrap();
    let shown = house.home.apply().ok();
    let says = format!("the proxy {proxy} makes every connection");
    assert!(shown.stdout.contains(&says), "{}", shown.stdout);
    house
}

#[test]
fn every_connection_is_the_proxy_s_and_it_learns_only_a_checked_address() {
    let authority = Authority::new();
    for server in [
        Server::tls(&authority, &["bank.test"]),
        Server::tls_one(&authority, &["bank.test"]),
    ] {
        let proxy = Proxy::start(OPENED);
        let dns = Dns::answering(&[("bank.test", &[&["127.0.0.1"]])]);
        let house = house(&server, &authority, proxy.address, &dns);
        let ask = Ask::post(&server, "/api/SECRET-PATH", "SECRET-BODY");
        assert_eq!(house.send(&ask).unwrap()["status"], json!(200));
        assert_eq!(server.requests().len(), 1);
        assert_eq!(server.requests()[0].asked_for.as_deref(), Some("bank.test"));
        let at = format!("127.0.0.1:{}", server.port());
        let [told] = proxy.told().try_into().unwrap();
        let lines: Vec<_> = told.trim_end().split("\r\n").collect();
        assert_eq!(
            lines,
            [format!("CONNECT {at} HTTP/1.1"), format!("host: {at}")]
        );
        assert_eq!(dns.asked("bank.test"), 1);
    }
}

#[test]
fn a_proxy_opens_no_address_that_the_grant_does_not() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    let proxy = Proxy::start(OPENED);
    let dns = Dns::answering(&[("bank.test", &[&["169.254.169.254"]])]);
    let house = house(&server, &authority, proxy.address, &dns);
    assert_eq!(
        house.look(&Ask::get(&server, "/api/x")).unwrap_err(),
        DENIED
    );
    assert!(proxy.told().is_empty());
}

#[test]
fn where_the_proxy_does_not_connect_nothing_is_sent_another_way() {
    let authority = Authority::new();
    let server = Server::tls(&authority, &["bank.test"]);
    for answer in [
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
        "not HTTP\r\n\r\n",
    ] {
        let proxy = Proxy::start(answer);
        let dns = Dns::answering(&[("bank.test", &[&["127.0.0.1"]])]);
        let house = house(&server, &authority, proxy.address, &dns);
        let failed = house.send(&Ask::post(&server, "/api/x", "SECRET"));
        assert!(failed.unwrap_err().starts_with("TOOL_ERROR"), "{answer}");
        let end = &house.settled(4)[2];
        assert_eq!(end["status"], json!("failed"));
        assert!(
            end["detail"].as_str().unwrap().contains("the proxy"),
            "{end}"
        );
    }
    assert!(server.requests().is_empty());
}

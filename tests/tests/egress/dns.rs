//! A name server on loopback that answers by a script.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::{Message, MessageBuilder, Name, ToName as _, Ttl};
use domain::rdata::{A, Aaaa};

/// What a name resolves to: one list for each time that it is asked for, the last one for all after.
type Script = HashMap<String, Vec<Vec<IpAddr>>>;

pub(crate) struct Dns {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<HashMap<String, usize>>>,
    stop: Arc<AtomicBool>,
}

impl Dns {
    pub(crate) fn answering(script: &[(&str, &[&[&str]])]) -> Self {
        let addresses = |list: &&[&str]| {
            list.iter()
                .map(|address| address.parse().unwrap())
                .collect()
        };
        let script: Script = script
            .iter()
            .map(|(name, lists)| ((*name).to_owned(), lists.iter().map(addresses).collect()))
            .collect();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let dns = Self {
            address: socket.local_addr().unwrap(),
            asked: Arc::default(),
            stop: Arc::default(),
        };
        let (asked, stop) = (dns.asked.clone(), dns.stop.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                serve_one(&socket, &script, &asked);
            }
        });
        dns
    }

    /// How often `name` was resolved.
    pub(crate) fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().get(name).copied().unwrap_or(0)
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn serve_one(socket: &UdpSocket, script: &Script, asked: &Mutex<HashMap<String, usize>>) {
    let mut buffer = [0; 2048];
    let Ok((length, from)) = socket.recv_from(&mut buffer) else {
        return;
    };
    let query = Message::from_octets(buffer[..length].to_vec()).unwrap();
    let question = query.sole_question().unwrap();
    let name: Name<Vec<u8>> = question.qname().to_name();
    let text = name.to_string().trim_end_matches('.').to_lowercase();
    let list = {
        let mut asked = asked.lock().unwrap();
        let times = asked.entry(text.clone()).or_default();
        let lists = script.get(&text);
        // Both families are asked for at once; one of them counts.
        let list = lists.map(|lists| lists[(*times).min(lists.len() - 1)].clone());
        if question.qtype() == Rtype::A {
            *times += 1;
        }
        list
    };
    let code = if list.is_some() {
        Rcode::NOERROR
    } else {
        Rcode::NXDOMAIN
    };
    let mut answer = MessageBuilder::new_vec()
        .start_answer(&query, code)
        .unwrap();
    for address in list.into_iter().flatten() {
        let ttl = Ttl::from_secs(1);
        match (address, question.qtype()) {
            (IpAddr::V4(v4), Rtype::A) => answer.push((&name, Class::IN, ttl, A::new(v4))).unwrap(),
            (IpAddr::V6(v6), Rtype::AAAA) => {
                answer.push((&name, Class::IN, ttl, Aaaa::new(v6))).unwrap()
            }
            _ => {}
        }
    }
    socket.send_to(&answer.finish(), from).unwrap();
}

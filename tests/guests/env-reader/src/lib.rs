//! Looks round for what the host did not mean to show.

use std::io::Read;

use bindings::wasi::cli::{environment as env, terminal_stderr, terminal_stdin, terminal_stdout};
use bindings::wasi::clocks::wall_clock;
use bindings::wasi::filesystem::preopens;
use bindings::wasi::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use bindings::wasi::sockets::{
    instance_network, ip_name_lookup, tcp_create_socket, udp_create_socket,
};

vouchsafe_sdk::skill!(Reader);

struct Reader;

impl environment::Guest for Reader {
    fn look() -> Sight {
        let mut input = String::new();
        let input = match std::io::stdin().take(1024).read_to_string(&mut input) {
            Ok(_) => input,
            Err(error) => format!("error: {error}"),
        };
        let terminals = [
            terminal_stdin::get_terminal_stdin().is_some(),
            terminal_stdout::get_terminal_stdout().is_some(),
            terminal_stderr::get_terminal_stderr().is_some(),
        ];
        Sight {
            variables: env::get_environment(),
            arguments: env::get_arguments(),
            directory: env::initial_cwd(),
            preopens: preopens::get_directories().len() as u32,
            input,
            terminals: terminals.iter().filter(|there| **there).count() as u32,
            now: wall_clock::now().seconds,
        }
    }

    fn connect(address: String, port: u16) -> Vec<String> {
        let network = instance_network::instance_network();
        let lookup = ip_name_lookup::resolve_addresses(&network, &address);
        let tcp = tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4).and_then(|socket| {
            let remote = IpSocketAddress::Ipv4(Ipv4SocketAddress {
                port,
                address: (127, 0, 0, 1),
            });
            socket.start_connect(&network, remote)
        });
        let udp = udp_create_socket::create_udp_socket(IpAddressFamily::Ipv4).and_then(|socket| {
            let local = IpSocketAddress::Ipv4(Ipv4SocketAddress {
                port: 0,
                address: (0, 0, 0, 0),
            });
            socket.start_bind(&network, local)
        });
        vec![
            lookup.map_or_else(
                |code| format!("lookup: {code:?}"),
                |_| "lookup: OPEN".to_owned(),
            ),
            tcp.map_or_else(|code| format!("tcp: {code:?}"), |()| "tcp: OPEN".to_owned()),
            udp.map_or_else(|code| format!("udp: {code:?}"), |()| "udp: OPEN".to_owned()),
        ]
    }

    fn open(path: String) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }
}

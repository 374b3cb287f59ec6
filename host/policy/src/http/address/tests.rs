use proptest::prelude::*;

use super::*;

fn to(text: &str) -> SocketAddr {
    SocketAddr::new(text.parse().unwrap(), 443)
}

fn refused(text: &str) -> bool {
    check(to(text), &[], &[]).is_err()
}

#[test]
fn public_addresses_are_dialled() {
    for public in [
        "1.1.1.1",
        "93.184.216.34",
        "192.0.0.9",
        "192.175.48.1",
        "192.31.196.1",
        "192.52.193.1",
        "99.255.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "2001:3::1",
        "2620:4f:8000::1",
        "64:ff9b::101:101",
    ] {
        assert_eq!(check(to(public), &[], &[]), Ok(()), "{public}");
    }
}

#[test]
fn no_special_address_is_dialled_by_itself() {
    for special in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "::",
        "::1",
        "::7f00:1",
        "::a00:1",
        "::808:808",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "::ffff:0:8.8.8.8",
        "64:ff9b::10.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "100:0:0:1::1",
        "2001::1",
        "2001:0:7f00:1::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:30::1",
        "2001:db8::1",
        "2001:1ff::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "4000::1",
        "8000::1",
        "e000::1",
    ] {
        assert!(refused(special), "{special}");
    }
}

#[test]
fn a_range_opens_what_it_names_and_never_what_nothing_opens() {
    let open = |ranges: &[&str], address: &str| {
        let ranges: Vec<_> = ranges.iter().map(|range| range.parse().unwrap()).collect();
        check(to(address), &ranges, &[]).is_ok()
    };
    assert!(open(&["10.2.0.0/16"], "10.2.3.4"));
    assert!(!open(&["10.2.0.0/16"], "10.3.0.1"));
    assert!(open(&["fd00::/8"], "fd12::1"));
    assert!(
        !open(&["fd00::/8"], "fd00:ec2::254"),
        "metadata within a range"
    );
    assert!(
        !open(&["100.64.0.0/10"], "100.100.100.200"),
        "metadata within a range"
    );
    assert!(!open(&["10.0.0.0/8"], "::ffff:10.0.0.1"), "in another form");
    assert!(
        !open(&["10.0.0.0/8"], "64:ff9b::10.0.0.1"),
        "in another form"
    );
    assert!(open(&["10.2.3.4:443"], "10.2.3.4"));
    assert!(!open(&["10.2.3.4:8443"], "10.2.3.4"));
}

#[test]
fn loopback_is_opened_by_address_and_port() {
    let one: [Private; 1] = ["127.0.0.1:8443".parse().unwrap()];
    let at = |text: &str| check(text.parse().unwrap(), &one, &[]);
    assert_eq!(at("127.0.0.1:8443"), Ok(()));
    assert_eq!(
        at("127.0.0.1:8444").unwrap_err().opens.unwrap(),
        "127.0.0.1:8444"
    );
    assert!(at("127.0.0.2:8443").is_err());
    assert!(at("[::1]:8443").is_err());
}

#[test]
fn nothing_opens_where_the_host_itself_listens() {
    let open: [Private; 2] = [
        "127.0.0.1:9443".parse().unwrap(),
        "10.0.0.0/8".parse().unwrap(),
    ];
    let check_own =
        |to: &str, own: &str| check(to.parse().unwrap(), &open, &[own.parse().unwrap()]);
    assert_eq!(
        check_own("127.0.0.1:9443", "127.0.0.1:9443")
            .unwrap_err()
            .opens,
        None
    );
    assert!(check_own("10.0.0.1:9443", "0.0.0.0:9443").is_err());
    assert!(check_own("10.0.0.1:9443", "[::]:9443").is_err());
    assert!(check_own("127.0.0.1:9443", "127.0.0.1:9444").is_ok());
}

#[test]
fn what_is_never_granted_is_no_entry() {
    for wrong in [
        "127.0.0.1/32",
        "127.0.0.0/8",
        "0.0.0.0/0",
        "::/0",
        "::1/128",
        "169.254.169.254/32",
        "169.254.0.0/16",
        "168.0.0.0/5",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "255.255.255.255/32",
        "::ffff:10.0.0.0/104",
        "::/96",
        "64:ff9b:1::/48",
        "fe80::/64",
        "f000::/4",
        "ff02::/16",
        "2002::/16",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "fd00:ec2::254/128",
        "169.254.169.254:80",
        "[fe80::1]:80",
        "127.0.0.1:0",
        "8.8.8.8:53",
        "10.2.0.1/16",
        "10.2.0.0",
        "localhost:80",
        "",
    ] {
        assert!(wrong.parse::<Private>().is_err(), "{wrong}");
    }
    for right in [
        "10.2.0.0/16",
        "192.168.1.7/32",
        "100.64.0.0/10",
        "fd00::/8",
        "198.18.0.0/15",
        "127.0.0.1:8443",
        "[::1]:8443",
        "10.0.0.1:80",
    ] {
        assert_eq!(right.parse::<Private>().unwrap().to_string(), right);
    }
}

proptest! {
    /// Whatever is opened, an address is dialled only if it is public by an independent reading, or
    /// stands in what was opened and in no block that is never opened.
    #[test]
    fn nothing_is_dialled_but_what_is_public_or_was_opened(bits: u32, port in 1_u16.., range in 0_u8..=32, base: u32) {
        let address = Ipv4Addr::from_bits(bits);
        let open = Ipv4Net::new(Ipv4Addr::from_bits(base), range).unwrap().trunc().to_string().parse::<Private>();
        let private: Vec<Private> = open.into_iter().collect();
        let dialled = check(SocketAddr::new(address.into(), port), &private, &[]).is_ok();
        let [a, b, c, _] = address.octets();
        let never = address.is_loopback() || address.is_link_local() || address.is_multicast() || address.is_broadcast() || a == 0 || a >= 240;
        let special = address.is_private() || address.is_documentation() || a == 100 && (64..128).contains(&b) || a == 198 && (18..20).contains(&b) || (a, b, c) == (192, 0, 0);
        let opened = private.iter().any(|one| one.opens(SocketAddr::new(address.into(), port)));
        prop_assert!(!(dialled && never));
        prop_assert!(!(dialled && special) || opened || (a, b, c) == (192, 0, 0));
    }

    /// An IPv4 address in another form is never a way around what holds for the address itself.
    #[test]
    fn another_form_opens_nothing(bits: u32) {
        let v4 = Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = v4.octets().map(u16::from);
        let (high, low) = (a << 8 | b, c << 8 | d);
        let forms = [
            Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low), Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1), Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !high, !low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        ];
        for form in forms {
            prop_assert!(check(SocketAddr::new(form.into(), 443), &[], &[]).is_err(), "{form}");
        }
        let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low);
        let (inside, around) = (check(SocketAddr::new(v4.into(), 443), &[], &[]), check(SocketAddr::new(nat64.into(), 443), &[], &[]));
        prop_assert_eq!(inside.is_ok(), around.is_ok());
    }
}

//! A credential on lease: made for this host by a real OpenBao in a real PostgreSQL, renewed while it is used, and
//! revoked as soon as nobody uses it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::parrot::{House, Parrot, header};
use vouchsafe_tests::authority::Authority;
use vouchsafe_tests::bao::{Bao, skipped};
use vouchsafe_tests::postgres::Postgres;

const BASIC: &str = "auth = { secret = 'bank-token', basic = true }";

fn grants(role: &str) -> String {
    format!(
        "auth = {{ vault = \"database/creds/{role}\", field = \"password\", user_field = \"username\" }}"
    )
}

/// Roles of PostgreSQL: one that ends soon and one that does not.
fn database(bao: &Bao, postgres: &Postgres) {
    bao.database(postgres);
    bao.role("short", "8s", "");
    bao.role("long", "1h", "");
}

/// Roles that OpenBao made and did not take away, of this kind.
fn made(postgres: &Postgres, role: &str) -> usize {
    let count = postgres.query(&format!(
        "select count(*) from pg_roles where rolname like 'v-%-{role}-%'"
    ));
    count.parse().unwrap()
}

fn soon(says: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{says}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn it_is_renewed_while_it_is_used_and_revoked_when_nobody_uses_it() {
    let (bao, postgres) = match (Bao::start(), Postgres::start()) {
        (Ok(bao), Ok(postgres)) => (bao, postgres),
        (Err(reason), _) | (_, Err(reason)) => return skipped(&reason),
    };
    database(&bao, &postgres);
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let settings = format!("{}idle = '2s'\n", bao.settings());
    let house = House::with_settings(&server, &authority, &settings, BASIC, &grants("short"));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(12) {
        house.get("/api/x", &[]).unwrap();
        std::thread::sleep(Duration::from_millis(300));
    }
    let heads = server.heads();
    let sent: BTreeSet<_> = heads
        .iter()
        .map(|head| header(head, "authorization"))
        .collect();
    assert_eq!(
        sent.len(),
        1,
        "one credential, used for longer than it first lasted"
    );
    assert_eq!(made(&postgres, "short"), 1);

    house.get("/api/x", &[]).unwrap();
    house.grant(&authority, &grants("long"));
    house.get("/api/x", &[]).unwrap();
    soon("no grant names it any more", || {
        made(&postgres, "short") == 0
    });
    assert_eq!(made(&postgres, "long"), 1);
    let idle = Instant::now();
    soon("nobody used it for a while", || {
        made(&postgres, "long") == 0
    });
    // Not with the sign-in, which ends of itself after 20 s.
    assert!(
        idle.elapsed() < Duration::from_secs(5),
        "{:?}",
        idle.elapsed()
    );
    house.get("/api/x", &[]).unwrap();
    assert_eq!(made(&postgres, "long"), 1);
    house.home.run(&["stop"]).ok();
    soon("the owner has ended", || made(&postgres, "long") == 0);
}

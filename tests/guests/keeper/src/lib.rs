//! Keeps what it is told, and tries what it may not.

use bindings::wasi::keyvalue::store::{self, Bucket, Error};
use std::hint::black_box;

vouchsafe_sdk::skill!(Keeper);

struct Keeper;

fn open() -> Result<Bucket, String> {
    store::open("notes").map_err(say)
}

fn say(error: Error) -> String {
    match error {
        Error::NoSuchStore => "no such store".to_owned(),
        Error::AccessDenied => "access denied".to_owned(),
        Error::Other(why) => why,
    }
}

fn put(key: &str, value: &str) -> Result<(), String> {
    open()?.set(key, value.as_bytes()).map_err(say)
}

fn get(key: &str) -> Result<Option<String>, String> {
    let found = open()?.get(key).map_err(say)?;
    Ok(found.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

impl notes::Guest for Keeper {
    fn get(key: String) -> Result<Option<String>, String> {
        get(&key)
    }
    fn keys() -> Result<Vec<String>, String> {
        let bucket = open()?;
        let mut keys = Vec::new();
        let mut cursor = None;
        loop {
            let page = bucket.list_keys(cursor).map_err(say)?;
            keys.extend(page.keys);
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(keys);
            }
        }
    }
    fn put_in_read(key: String, value: String) -> Result<(), String> {
        put(&key, &value)
    }
    fn put(key: String, value: String) -> Result<(), String> {
        put(&key, &value)?;
        match get(&key)? {
            Some(kept) if kept == value => Ok(()),
            other => Err(format!("it is {other:?}")),
        }
    }
    fn remove(key: String) -> Result<(), String> {
        open()?.delete(&key).map_err(say)
    }
    fn put_and_trap(key: String, value: String) -> Result<(), String> {
        put(&key, &value)?;
        panic!("after it wrote")
    }
    fn put_and_fail(key: String, value: String) -> Result<(), String> {
        put(&key, &value)?;
        Err("after it wrote".to_owned())
    }
    fn put_and_spin(key: String, value: String) -> Result<(), String> {
        put(&key, &value)?;
        loop {
            black_box(());
        }
    }
    fn fill(values: u32, bytes: u32) -> Result<u32, String> {
        let bucket = open()?;
        let value = vec![b'x'; bytes as usize];
        for n in 0..values {
            if bucket.set(&format!("{n:08}"), &value).is_err() {
                return Ok(n);
            }
        }
        Ok(values)
    }
    fn add_slowly(key: String, work: u32) -> Result<u32, String> {
        let before = get(&key)?;
        let before: u32 = before.map_or(0, |text| text.parse().unwrap_or_default());
        let mut sum = 0_u64;
        for n in 0..work {
            sum = black_box(sum.wrapping_add(u64::from(n)));
        }
        put(&key, &(before + 1).to_string())?;
        Ok(before + 1)
    }
    fn other_store(name: String) -> Result<(), String> {
        store::open(&name).map(drop).map_err(say)
    }
}

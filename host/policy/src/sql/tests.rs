use crate::Grant;

fn parse(url: &str) -> Result<String, String> {
    let text = format!(
        "skill = 'a:b'\npublisher = 'p'\ndigest = 'sha256:{}'\n[tools]\nx = {{}}\n[sql.books]\nurl = '{url}'\n",
        "0".repeat(64)
    );
    let grant = Grant::parse("f", &text).map_err(|fault| fault.to_string())?;
    let books = &grant.sql["books"];
    let server = books.http.url.as_ref().unwrap().value.to_string();
    Ok(format!("{server} {}", books.database))
}

#[test]
fn a_database_is_one_name_at_one_server() {
    assert_eq!(
        parse("postgres://db.example/erp").unwrap(),
        "https://db.example:5432/ erp"
    );
    assert_eq!(
        parse("postgres://[::1]:6000/erp_2").unwrap(),
        "https://[::1]:6000/ erp_2"
    );
    for wrong in [
        "postgresql://db.example/erp",
        "https://db.example/erp",
        "postgres://db.example",
        "postgres://db.example/",
        "postgres://db.example/a/b",
        "postgres://db.example/a%2fb",
        "postgres://db.example/erp?host=evil.example",
        "postgres://db.example/erp#x",
        "postgres://u@db.example/erp",
        "postgres://:p@db.example/erp",
        "postgres://DB.example/erp",
        "postgres://*.example/erp",
        "postgres://a,b/erp",
        "postgres://%2ftmp/erp",
        "postgres:///erp",
        "postgres://db.example:0/erp",
        "postgres://db.example:70000/erp",
        "postgres://0x7f000001/erp",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

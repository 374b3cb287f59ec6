//! Books invoices in a ledger, once each.
//!
//! The ledger keeps one entry for each supplier and number. Who books the same again is told so; who books another under
//! the same number is shown what stands there, and a person has to look.

mod entry;

use vouchsafe_sdk::sql::{Error, Row, Statement};

vouchsafe_sdk::skill!(Books);

struct Books;

impl ledger::Guest for Books {
    fn book(entry: Entry) -> Result<Receipt, Problem> {
        entry::check(&entry).map_err(Problem::Invalid)?;
        let added = Statement::named("book")
            .bind(entry.supplier.as_str())
            .bind(entry.number.as_str())
            .bind(entry.issued.as_str())
            .bind(entry.due.as_deref())
            .bind(entry.currency.as_str())
            .bind(entry.amount.as_str())
            .run()
            .map_err(problem)?;
        if let Some(id) = added.iter().find_map(|row| row.text("id")) {
            let id = id.to_owned();
            return Ok(Receipt { id, again: false });
        }
        match found(&entry.supplier, &entry.number)? {
            Some(there) if entry::is_same(&there.entry, &entry) => Ok(Receipt {
                id: there.id,
                again: true,
            }),
            Some(there) => Err(Problem::Conflict(there)),
            None => Err(Problem::Unavailable("it was there, and is gone".to_owned())),
        }
    }

    fn find(supplier: String, number: String) -> Result<Option<Booked>, Problem> {
        found(&supplier, &number)
    }

    fn open_items(supplier: String) -> Result<Vec<Booked>, Problem> {
        let rows = Statement::named("open-items").bind(supplier).run();
        rows.map_err(problem)?.iter().map(booked).collect()
    }
}

fn found(supplier: &str, number: &str) -> Result<Option<Booked>, Problem> {
    let rows = Statement::named("find").bind(supplier).bind(number).run();
    let rows = rows.map_err(problem)?;
    rows.iter().next().map(booked).transpose()
}

fn booked(row: Row<'_>) -> Result<Booked, Problem> {
    let text = |column: &str| {
        let found = row.text(column).map(str::to_owned);
        found.ok_or_else(|| Problem::Unavailable(format!("its ledger has no `{column}`")))
    };
    Ok(Booked {
        id: text("id")?,
        entry: Entry {
            supplier: text("supplier")?,
            number: text("number")?,
            issued: text("issued")?,
            due: row.text("due").map(str::to_owned),
            currency: text("currency")?,
            amount: text("amount")?,
        },
        paid: row.boolean("paid").unwrap_or(false),
    })
}

fn problem(error: Error) -> Problem {
    match error {
        Error::Unknown => Problem::Unknown,
        // What a date or a decimal is, the database knows better: class 22 is about the values.
        Error::Failed(code) if code.starts_with("22") => {
            Problem::Invalid(format!("the ledger does not take it ({code})"))
        }
        error => Problem::Unavailable(error.to_string()),
    }
}

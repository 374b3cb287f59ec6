//! Who sells, who buys, who is paid.

use crate::xml::Element;
use crate::{Address, Contact, Identifier, Party, Problem};

/// A `Party` element, or one of the same content such as `PayeeParty`.
pub(crate) fn party(element: &Element<'_>) -> Result<Party, Problem> {
    let legal: Vec<_> = element.all("PartyLegalEntity").collect();
    let legal_name = legal
        .iter()
        .find_map(|entity| entity.texts("RegistrationName").into_iter().next());
    let trading_name = element
        .all("PartyName")
        .find_map(|name| name.texts("Name").into_iter().next());
    let name = legal_name
        .or_else(|| trading_name.clone())
        .or_else(|| person(element));
    let registration = legal
        .iter()
        .find_map(|entity| entity.all("CompanyID").next().as_ref().and_then(identifier));
    Ok(Party {
        name: name.ok_or_else(|| element.missing("PartyName/Name"))?,
        trading_name,
        endpoint: element
            .optional("EndpointID")?
            .as_ref()
            .and_then(identifier),
        identifiers: element
            .all("PartyIdentification")
            .filter_map(|identification| {
                identification
                    .all("ID")
                    .next()
                    .as_ref()
                    .and_then(identifier)
            })
            .collect(),
        registration,
        vat_number: tax_number(element, true)?,
        tax_number: tax_number(element, false)?,
        address: element
            .optional("PostalAddress")?
            .as_ref()
            .map(address)
            .transpose()?,
        contact: element
            .optional("Contact")?
            .as_ref()
            .map(contact)
            .transpose()?,
    })
}

fn person(party: &Element<'_>) -> Option<String> {
    let person = party.all("Person").next()?;
    let names = ["FirstName", "FamilyName"]
        .into_iter()
        .flat_map(|name| person.texts(name));
    Some(names.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty())
}

pub(crate) fn identifier(element: &Element<'_>) -> Option<Identifier> {
    let value = element.text();
    (!value.is_empty()).then(|| Identifier {
        value,
        scheme: element.attribute("schemeID"),
    })
}

fn tax_number(party: &Element<'_>, vat: bool) -> Result<Option<String>, Problem> {
    for scheme in party.all("PartyTaxScheme") {
        let name = scheme.text_at(&["TaxScheme", "ID"])?.unwrap_or_default();
        if name.eq_ignore_ascii_case("VAT") == vat {
            return scheme.text_at(&["CompanyID"]);
        }
    }
    Ok(None)
}

fn address(element: &Element<'_>) -> Result<Address, Problem> {
    let named = [
        "StreetName",
        "AdditionalStreetName",
        "BuildingNumber",
        "Postbox",
    ];
    let mut lines: Vec<String> = named.iter().flat_map(|name| element.texts(name)).collect();
    lines.extend(
        element
            .all("AddressLine")
            .flat_map(|line| line.texts("Line")),
    );
    Ok(Address {
        lines,
        city: element.text_at(&["CityName"])?,
        postal_code: element.text_at(&["PostalZone"])?,
        region: element.text_at(&["CountrySubentity"])?,
        country: element.text_at(&["Country", "IdentificationCode"])?,
    })
}

fn contact(element: &Element<'_>) -> Result<Contact, Problem> {
    Ok(Contact {
        name: element.text_at(&["Name"])?,
        telephone: element.text_at(&["Telephone"])?,
        email: element.text_at(&["ElectronicMail"])?,
    })
}

//! Who is at the other end of a connection, by the certificate that TLS has checked.

use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Why a certificate names no agent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// It can't be read.
    #[error("the certificate can't be read: {0}")]
    Malformed(String),
    /// It names none or several.
    #[error("the certificate has {0} URI names, and an agent's has one (SPIFFE X.509-SVID, 4)")]
    Names(usize),
}

/// Who showed a certificate. That it was issued by a trusted authority, for a client, and holds now, TLS has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its SPIFFE id.
    pub id: String,
    /// The certificate's serial number; the embedded authority's fit, and another authority's may not.
    pub serial: Option<u64>,
    /// When the certificate ends.
    pub until: Timestamp,
}

impl Peer {
    /// Whose `certificate` (DER) this is.
    ///
    /// # Errors
    /// [`PeerError`]: when it names nobody, or more than one.
    pub fn of(certificate: &[u8]) -> Result<Self, PeerError> {
        let malformed = |error: &dyn std::fmt::Display| PeerError::Malformed(error.to_string());
        let certificate = Certificate::from_der(certificate).map_err(|error| malformed(&error))?;
        let certificate = certificate.tbs_certificate;
        let names = certificate.get::<SubjectAltName>();
        let names = names.map_err(|error| malformed(&error))?;
        let mut ids: Vec<String> = names
            .into_iter()
            .flat_map(|(_, names)| names.0)
            .filter_map(|name| match name {
                GeneralName::UniformResourceIdentifier(uri) => Some(uri.to_string()),
                _ => None,
            })
            .collect();
        let (Some(id), true) = (ids.pop(), ids.is_empty()) else {
            return Err(PeerError::Names(ids.len()));
        };
        let end = certificate.validity.not_after.to_unix_duration();
        let seconds = i64::try_from(end.as_secs()).unwrap_or(i64::MAX);
        Ok(Self {
            id,
            serial: serial(certificate.serial_number.as_bytes()),
            until: Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX),
        })
    }

    /// Whether the certificate has ended: a connection may outlive it.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

fn serial(bytes: &[u8]) -> Option<u64> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = bytes.get(zeros..)?;
    let mut whole = [0; 8];
    let start = whole.len().checked_sub(bytes.len())?;
    whole.get_mut(start..)?.copy_from_slice(bytes);
    Some(u64::from_be_bytes(whole))
}

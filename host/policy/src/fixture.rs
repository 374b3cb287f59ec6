//! The payments skill and its grant, for tests.

use std::sync::Arc;

use vouchsafe_package::manifest::{Manifest, ToolEntry};
use vouchsafe_package::{Digest, Export, Field, Param, SkillName, Tool, Type, Version};

use crate::effective::Declared;

/// As a reader of the manual would write it.
pub(crate) const GRANT: &str = r#"skill     = "acme:payments"
publisher = "acme"
digest    = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

[tools]
initiate = { confirm = "two-people" }
status   = {}

[http.bank]
url     = "https://bank.corp.internal:8443/api"
private = ["10.2.0.0/16"]
allow   = ["GET /payments/*", "POST /payments"]
auth    = { vault = "secret/payments/bank", field = "token" }
"#;

pub(crate) const FILE: &str = "grants/acme.payments.toml";

const MANIFEST: &str = r#"
[tools.initiate]
effect  = "irreversible"
targets = ["iban", "amount"]
confirm = "always"

[tools.status]
effect = "read"

[http.bank]
allow = ["GET /payments/*", "POST /payments"]
auth  = { secret = "bank-token", header = "authorization", format = "Bearer {}" }
"#;

/// What a package declares, owned.
#[derive(Clone)]
pub(crate) struct Skill {
    pub(crate) digest: Digest,
    pub(crate) name: SkillName,
    pub(crate) version: Version,
    pub(crate) about: String,
    pub(crate) tools: Vec<Arc<Tool>>,
    pub(crate) manifest: Manifest,
    pub(crate) imports: Vec<String>,
}

impl Skill {
    pub(crate) fn payments() -> Self {
        let mut skill = Self::of(MANIFEST);
        let initiate = skill
            .tools
            .iter_mut()
            .find(|tool| tool.name == "initiate")
            .unwrap();
        Arc::make_mut(initiate).params = vec![
            param("iban", Type::String),
            param("amount", amount()),
            param("reference", Type::String),
        ];
        skill
    }

    /// A skill with this manifest and no arguments.
    pub(crate) fn of(manifest: &str) -> Self {
        let manifest: Manifest = toml::from_str(manifest).unwrap();
        Self {
            digest: Digest::of(b""),
            name: "acme:payments".parse().unwrap(),
            version: Version::new(1, 2, 0),
            about: "Payments by bank transfer.".to_owned(),
            tools: manifest
                .tools
                .iter()
                .filter_map(|(name, entry)| tool(name, entry).map(Arc::new))
                .collect(),
            manifest,
            imports: vec!["wasi:http/outgoing-handler@0.2.12".to_owned()],
        }
    }

    pub(crate) fn declared(&self) -> Declared<'_> {
        Declared {
            digest: self.digest,
            name: &self.name,
            version: &self.version,
            about: &self.about,
            tools: &self.tools,
            manifest: &self.manifest,
            imports: &self.imports,
        }
    }
}

pub(crate) fn tool(name: &str, entry: &ToolEntry) -> Option<Tool> {
    let ToolEntry::Tool(declaration) = entry else {
        return None;
    };
    Some(Tool {
        name: name.to_owned(),
        export: Export {
            interface: None,
            function: name.to_owned(),
        },
        params: Vec::new(),
        result: None,
        result_docs: None,
        effect: declaration.effect,
        targets: declaration.targets.clone(),
        subjects: declaration.subjects.clone(),
        confirm: declaration.confirm.clone(),
        description: format!("Does {name}."),
        wraps_result: false,
    })
}

pub(crate) fn param(name: &str, ty: Type) -> Param {
    Param {
        name: name.into(),
        docs: None,
        ty,
    }
}

fn amount() -> Type {
    let field = |name: &str, ty| Field {
        name: name.into(),
        docs: None,
        ty,
    };
    Type::Record(vec![
        field("minor", Type::U64),
        field("currency", Type::String),
    ])
}

/// Files that the operator with `key` put into force first.
pub(crate) fn in_force(files: &[(&str, &str)], key: &vouchsafe_keys::PrivateKey) -> crate::InForce {
    use crate::apply::{Proposal, Since};
    let files = self::files(files);
    let operators = [key.public()];
    let proposal = Proposal::read(&files, &operators, 0).unwrap();
    let envelope = proposal
        .statement(None, &key.public(), jiff::Timestamp::UNIX_EPOCH)
        .sign(key)
        .unwrap();
    crate::InForce::accept(&envelope, &operators, &files, Since::Nothing).unwrap()
}

pub(crate) fn files(files: &[(&str, &str)]) -> crate::Files {
    let tiers = (crate::Settings::FILE.to_owned(), SETTINGS.into());
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .chain([tiers])
        .collect()
}

pub(crate) fn key() -> vouchsafe_keys::PrivateKey {
    vouchsafe_keys::PrivateKey::generate(vouchsafe_keys::Algorithm::EcdsaP256).unwrap()
}

/// The tier that [`GRANT`] names.
pub(crate) const SETTINGS: &str = "[confirm.two-people]\npeople = 2\nfrom = \"pay-approvers\"\n\n\
     [vault]\naddress = \"https://vault.corp.example:8200\"\nlogin = { kubernetes = \"vouchsafe\" }\n";

/// Trusts `acme` by a key that nothing here is signed with.
pub(crate) const TRUST: &str = r#"[publishers.acme]
namespaces = ["acme"]
transparency = "none"
key = """
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExRRST79+PsrRBnGAI4cMu6Omz2Jh
fwlMW+gIutNKVRaMyS4rQKvgngc5p8UbLj55pVHhIoAxi/SRgURZI0J3Xw==
-----END PUBLIC KEY-----
"""
"#;

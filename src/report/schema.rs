//! The JSON Schema of the records.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::record::{
    CaptureRecord, ConnectionRecord, ExchangeRecord, FcsFrameRecord, FcsSummaryRecord, FetchRecord,
    InterfaceLine, JourneyRecord, LookupRecord, PacketRecord, SessionRecord, TlsRecord,
};

/// What a line can be.
const RECORDS: [&str; 13] = [
    "packet",
    "connection",
    "tls_session",
    "dns_lookup",
    "http_exchange",
    "smtp_session",
    "imap_session",
    "pop3_session",
    "mail_journey",
    "fcs_summary",
    "fcs_frame",
    "capture",
    "interface",
];

/// One schema for all records; `record` says which branch a line belongs to.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let branches = [
        generator.subschema_for::<PacketRecord>(),
        generator.subschema_for::<ConnectionRecord>(),
        generator.subschema_for::<TlsRecord>(),
        generator.subschema_for::<LookupRecord>(),
        generator.subschema_for::<ExchangeRecord>(),
        generator.subschema_for::<SessionRecord<'_>>(),
        generator.subschema_for::<FetchRecord<'_>>(),
        json!({ "$ref": "#/$defs/pop3_session" }).try_into().unwrap_or_default(),
        generator.subschema_for::<JourneyRecord<'_>>(),
        generator.subschema_for::<FcsSummaryRecord>(),
        generator.subschema_for::<FcsFrameRecord>(),
        generator.subschema_for::<CaptureRecord>(),
        generator.subschema_for::<InterfaceLine>(),
    ];
    let mut definitions = generator.take_definitions(true);
    // both have one shape
    let shape = definitions["imap_session"].clone();
    definitions.insert("pop3_session".to_owned(), shape);
    for record in RECORDS {
        let properties = &mut definitions[record]["properties"];
        properties["record"] = json!({ "const": record });
        properties["schema"] = json!({ "const": 1 });
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "layerscope records",
        "oneOf": branches,
        "$defs": definitions,
    })
}

//! One row an exchange.

use super::masked;
use comfy_table::{ColumnConstraint, Width};

use super::super::style::{Style, Tone, clipped, shown, width};
use super::rows::tone;
use crate::conversation::http::{After, Exchange, Request, TargetForm};

/// Columns that a request takes at most.
const LONGEST_REQUEST: usize = 60;
/// The place of their column.
const REQUEST_COLUMN: usize = 2;

/// Appends the exchanges of an overview, and how many more there are.
pub(in crate::report::table) fn list(style: &Style, out: &mut String, exchanges: &[Exchange], total: u64) {
    push_list(style, out, exchanges);
    let more = total.saturating_sub(exchanges.len() as u64);
    if more > 0 {
        style.paragraph(out, Tone::Quiet, &style.say("http.view.more", &[("count", &more)]), 2);
    }
}

/// Appends a table of them.
pub(super) fn push_list(style: &Style, out: &mut String, exchanges: &[Exchange]) {
    if exchanges.is_empty() {
        return;
    }
    let mut grid = style.grid(&["http", "packet", "request", "status", "sent_got", "waited"]);
    let mut longest = 0;
    for exchange in exchanges {
        let request = exchange.request.as_ref();
        let asked = request.map_or_else(|| style.word("http.view.no_request"), asked);
        longest = longest.max(width(&asked));
        let (answer, tone) = match &exchange.response {
            Some(response) => (
                format!("{} {}", response.status, short(style, exchange, response.status)),
                tone(response.status),
            ),
            None => (style.word("http.view.no_response"), Tone::Warn),
        };
        let octets = |octets: Option<u64>| octets.map_or("?".to_owned(), |octets| octets.to_string());
        let sent = octets(request.map(|request| request.message.body.octets));
        let got = octets(exchange.response.as_ref().map(|response| response.message.body.octets));
        let wait = exchange.wait().map_or("-".to_owned(), |wait| format!("{:.3}", wait as f64 / 1e6));
        grid.add_row([
            style.number(exchange.stream),
            style.number(exchange.first_packet()),
            style.cell(Tone::Upper, asked),
            style.cell(tone, answer),
            style.number(format!("{sent} / {got}")),
            style.number(wait),
        ]);
    }
    // a request stands on one line where there is room for it
    let room = u16::try_from(longest.min(style.width * 2 / 5) + 1).unwrap_or(u16::MAX);
    if let Some(column) = grid.column_mut(REQUEST_COLUMN) {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(room)));
    }
    style.push_grid(out, grid);
}

/// What a status code means, in a word or two.
fn short(style: &Style, exchange: &Exchange, code: u16) -> String {
    if exchange.after == After::Tunnel {
        return style.word("http.short.tunnel");
    }
    let class = if (100..600).contains(&code) { code / 100 } else { 0 };
    style.find(&format!("http.short.{code}")).unwrap_or_else(|| style.word(&format!("http.short.{class}xx")))
}

/// `GET www.example.com/index.html`; secrets are never shown in a list.
fn asked(request: &Request) -> String {
    let target = masked(&request.target, false);
    let host = match request.form {
        TargetForm::Origin => request.host.as_deref().unwrap_or_default(),
        TargetForm::Absolute | TargetForm::Authority | TargetForm::Asterisk | TargetForm::Other => "",
    };
    clipped(&shown(&format!("{} {host}{target}", request.method)), LONGEST_REQUEST)
}

//! Prices a delivery from an address line: postcode and country.

use regex::Regex;

macro_rules! tariff {
    ($name:ident, $cents:expr) => {
        paste::paste! { const [<$name:upper _CENTS>]: u32 = $cents; }
    };
}

tariff!(home, 490);
tariff!(abroad, 1290);

fn main() {
    let form = Regex::new(r"^(?P<code>[0-9]{4,5}) [A-Za-z ]+, (?P<country>[A-Z]{2})$").expect("a valid pattern");
    for address in std::env::args().skip(1) {
        match form.captures(&address) {
            Some(parts) if &parts["country"] == "DE" => println!("{address}: {HOME_CENTS}"),
            Some(_) => println!("{address}: {ABROAD_CENTS}"),
            None => println!("{address}: not an address"),
        }
    }
}

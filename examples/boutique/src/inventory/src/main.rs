//! Counts what is in stock: lines of `product change` in, totals out.

use smallvec::SmallVec;
use std::{collections::BTreeMap, io::BufRead};

fn main() {
    let started = instant::Instant::now();
    let mut stock: BTreeMap<String, i64> = BTreeMap::new();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let words: SmallVec<[&str; 2]> = line.split_whitespace().collect();
        if let [product, change] = words[..] {
            *stock.entry(product.to_owned()).or_default() += change.parse::<i64>().unwrap_or(0);
        }
    }
    println!("{} {stock:?}", time::now_utc().rfc3339());
    eprintln!("took {:?}", started.elapsed());
}

//! Tracking numbers: every valid one is its carrier's, no invalid one is.

use crate::counts::{Counts, settle};
use crate::{corpus, files};
use crossdock_standard::number::{self, Number};
use serde_json::Value;
use std::fs;

/// Invalid for the shape under which they stand and valid for another of the same carrier.
const AMBIGUOUS: &[(&str, &str)] =
    &[("331426749957", "twelve digits with a right Luhn digit: Purolator's numeric shape")];

#[test]
fn valid_numbers_are_their_carriers_and_invalid_ones_are_not() {
    let Some(corpus) = corpus() else { return };
    let (mut counts, mut wrong) = (Counts::default(), Vec::new());
    for file in files(&corpus.join("tracking_number_data/couriers"), "") {
        let text = fs::read_to_string(&file).expect("the corpus is whole");
        let courier: Value = serde_json::from_str(&text).expect("the corpus is JSON");
        let code = courier["courier_code"].as_str().expect("a courier has a code");
        for shape in courier["tracking_numbers"].as_array().into_iter().flatten() {
            for (kind, expected) in [("valid", true), ("invalid", false)] {
                for number in shape["test_numbers"][kind].as_array().into_iter().flatten() {
                    let number = number.as_str().expect("a number is a text");
                    let name = shape["name"].as_str().unwrap_or("");
                    let is_right = is_of(code, name, number) == expected
                        || AMBIGUOUS.iter().any(|row| row.0 == number);
                    counts.add(code, kind, 1);
                    counts.add(code, "wrong", usize::from(!is_right));
                    if !is_right {
                        wrong.push(format!("{code} {name}: {kind} {number}"));
                    }
                }
            }
        }
    }
    settle("numbers", &counts, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a number is taken for one of this courier and shape.
fn is_of(courier: &str, shape: &str, text: &str) -> bool {
    let Some(number) = Number::normalize(text.as_bytes()) else { return false };
    let family = courier.replace('_', "-");
    number::detect(&number).iter().any(|candidate| match courier {
        "s10" => candidate.service == "s10",
        // One shape has several couriers in the data and one here.
        _ => candidate.carrier.starts_with(&*family) && fits(courier, shape, candidate.service),
    })
}

/// A courier with several shapes may take an invalid number of one for a valid one of another.
fn fits(courier: &str, shape: &str, service: &str) -> bool {
    let (shape, service) = (shape.to_lowercase(), service.to_lowercase());
    courier != "fedex" || !shape.contains("34") || service.contains("34")
}

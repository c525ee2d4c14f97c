//! The shapes of tracking numbers, carrier by carrier.
//!
//! # Place
//! Matched by `detect`.
//!
//! # Method
//! A pattern is a line of text: `#` a digit, `@` a letter, `*` either, `[ACM]` one of these, anything else itself; `{n}`
//! repeats what is before it. Each shape has a length of its own, so that a match is one pass without going back.
//! `confidence` is how likely a number of this shape is this carrier's, in percent, once its check digit is right: a
//! literal prefix says much, ten bare digits little.
//!
//! # Holds
//! [`Shape`], the table, the posts of S10 countries.
//!
//! # Does not hold
//! The arithmetic: `check_digit`. Shapes with check digits are those of public label specifications and of the corpus of
//! tracking numbers; those without are from carriers' own help pages and have low confidence.

use super::check_digit;

/// How the check digit of a shape is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// There is none, or its scheme isn't public.
    None,
    /// GS1 mod 10 from the byte given to the end.
    Gs1(usize),
    /// The same as if `91` stood in front.
    Gs1After91,
    /// UPS mod 10 from the byte given to the end.
    Doubled(usize),
    /// OnTrac: the leading letter counts as the digit given, unless the number repeats it.
    OnTrac(u8),
    /// Luhn over all of it.
    Luhn,
    /// S10: digits 3 to 11, and a country of the postal union at the end.
    S10,
    /// FedEx weights over the bytes given, the check digit last.
    Fedex(usize, usize),
    /// DHL Express mod 7.
    Mod7,
    /// DPD mod 37/36.
    Mod3736,
    /// USPS IMpb: GS1, and a mailer id as long as the number has room for.
    Impb,
    /// At least one digit, and no check digit.
    SomeDigit,
    /// USPS number that came with a ZIP code in front; GS1.
    Routed,
}

impl Check {
    /// Whether a match of the pattern stands. True where there is nothing to check.
    pub(super) fn is_right(self, number: &[u8], is_routed: bool) -> bool {
        match self {
            Check::None => true,
            Check::Gs1(start) => check_digit::gs1(&number[start..]),
            Check::Gs1After91 => check_digit::gs1_after(b"91", number),
            Check::Doubled(start) => check_digit::doubled(b"", &number[start..]),
            Check::OnTrac(lead) => {
                let lead: &[u8] = if number[1] == lead { b"" } else { &[lead] };
                check_digit::doubled(lead, &number[1..])
            }
            Check::Luhn => check_digit::luhn(number),
            Check::S10 => {
                check_digit::s10(&number[2..11]) && post_of([number[11], number[12]]).is_some()
            }
            Check::Fedex(start, end) => check_digit::fedex(&number[start..end]),
            Check::Mod7 => check_digit::mod7(number),
            Check::Mod3736 => check_digit::mod37_36(number),
            Check::Impb => is_impb(number) && check_digit::gs1(number),
            Check::SomeDigit => number[2..].iter().any(u8::is_ascii_digit),
            Check::Routed => is_routed && check_digit::gs1(number),
        }
    }

    /// Whether a digit vouches for the number.
    pub(super) const fn has_digit(self) -> bool {
        !matches!(self, Check::None | Check::SomeDigit)
    }
}

/// USPS Publication 199: mailers with an id of nine digits (it starts with 9) are in 92, those with six in 93; 94 and 95
/// have both. Only the former have 30 digits, under 94.
fn is_impb(number: &[u8]) -> bool {
    let is_long_id = number[5] == b'9';
    match (number[1], number.len()) {
        (b'2', 22 | 26) => is_long_id,
        (b'3', 22 | 26) => !is_long_id,
        (b'4' | b'5', 22 | 26) => true,
        (b'4', 30) => is_long_id,
        _ => false,
    }
}

/// A shape of numbers that says whose a number is, whoever reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberShape {
    /// USPS Intelligent Mail package barcode, 22 to 30 digits: what consolidators print and the post delivers.
    Impb,
    /// The postal union's identifier of 13 signs: `RB123456785GB`.
    S10,
}

impl NumberShape {
    /// Every shape.
    pub const ALL: [Self; 2] = [Self::Impb, Self::S10];

    /// The name in feed files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Impb => "impb",
            Self::S10 => "s10",
        }
    }

    /// The shape of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.name() == name)
    }

    /// True where a normalized number has this shape and its check digit is right.
    #[must_use]
    pub fn fits(self, number: &[u8]) -> bool {
        match self {
            Self::Impb => {
                matches!(number.len(), 22 | 26 | 30)
                    && number[0] == b'9'
                    && number.iter().all(u8::is_ascii_digit)
                    && Check::Impb.is_right(number, false)
            }
            Self::S10 => match number {
                [a, b, digits @ .., y, z] if digits.len() == 9 => {
                    [a, b, y, z].iter().all(|it| it.is_ascii_uppercase())
                        && digits.iter().all(u8::is_ascii_digit)
                        && Check::S10.is_right(number, false)
                }
                _ => false,
            },
        }
    }
}

/// One shape of one carrier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) carrier: &'static str,
    pub(super) service: &'static str,
    pub(super) pattern: &'static str,
    pub(super) check: Check,
    /// Percent.
    pub(super) confidence: u8,
}

const fn shape(
    carrier: &'static str,
    service: &'static str,
    pattern: &'static str,
    check: Check,
    confidence: u8,
) -> Shape {
    assert!(0 < confidence && confidence < 100);
    Shape { carrier, service, pattern, check, confidence }
}

/// Every shape. Posts of S10 numbers come from [`post_of`].
pub(super) const SHAPES: &[Shape] = &[
    shape("ups", "1Z", "1Z*{15}#", Check::Doubled(2), 99),
    shape("ups", "waybill", "[AHJKTV]#{10}", Check::Doubled(1), 90),
    shape("ups", "freight H", "H#{10}", Check::None, 40),
    shape("ups", "mail innovations", "92748#{21}", Check::Gs1(0), 55),
    shape("ups", "mail innovations", "92748#{17}", Check::Gs1(0), 30),
    shape("roadie", "1R", "1R*{14}", Check::None, 60),
    shape("roadie", "1R", "1R*{26}", Check::None, 60),
    shape("fedex", "express 12", "#{12}", Check::Fedex(0, 12), 75),
    shape("fedex", "express 34", "[012345678]#{33}", Check::Fedex(20, 34), 95),
    shape("fedex", "express astra 32", "3#{31}", Check::Fedex(16, 28), 95),
    shape("fedex", "ground 15", "#{15}", Check::Gs1(0), 90),
    shape("fedex", "ground sscc-18", "[0]#{17}", Check::Gs1(0), 70),
    shape("fedex", "ground sscc-18", "[123456789]#{17}", Check::Gs1(0), 35),
    shape("fedex", "ground 96 (22)", "96#{20}", Check::Gs1(7), 95),
    shape("fedex", "ground gsn 34", "96#{32}", Check::Fedex(20, 34), 95),
    shape("fedex", "door tag", "DT#{12}", Check::None, 90),
    shape("fedex", "smartpost 20", "612999#{14}", Check::None, 80),
    shape("fedex", "smartpost 20", "419999#{14}", Check::None, 70),
    shape("fedex", "smartpost 20", "02#{18}", Check::Gs1After91, 45),
    shape("fedex", "smartpost 20", "02#{18}", Check::Gs1(0), 45),
    shape("fedex", "smartpost 92", "92#{20}", Check::Impb, 40),
    shape("usps", "20", "#{20}", Check::Gs1(0), 80),
    shape("usps", "legacy 20", "#{20}", Check::Gs1After91, 80),
    shape("usps", "legacy 91", "91#{20}", Check::Gs1(0), 97),
    shape("usps", "impb 22", "9[2345]#{20}", Check::Impb, 97),
    shape("usps", "impb 26", "9[2345]#{24}", Check::Impb, 97),
    shape("usps", "impb 30", "94#{28}", Check::Impb, 97),
    shape("dhl-express", "waybill 10", "#{10}", Check::Mod7, 70),
    shape("dhl-express", "waybill 11", "#{11}", Check::Mod7, 40),
    shape("dhl-express", "piece", "J@{2}#{9}", Check::None, 85),
    shape("dhl-express", "piece", "J@{2}#{10}", Check::None, 85),
    shape("dhl-express", "piece", "J@{3}#{9}", Check::None, 85),
    shape("dhl-express", "piece", "J@{3}#{10}", Check::None, 85),
    shape("dhl-express", "piece", "JD01#{16}", Check::None, 90),
    shape("dhl-express", "piece", "JJD#{16}", Check::None, 85),
    shape("dhl-express", "piece", "JJD#{18}", Check::None, 90),
    shape("dhl-express", "piece", "JJD#{20}", Check::None, 85),
    shape("dhl-parcel-de", "parcel", "34043#{13}", Check::Gs1(0), 90),
    shape("dhl-ecommerce", "14", "#{14}", Check::None, 30),
    shape("dhl-ecommerce", "93612", "93612#{17}", Check::Impb, 45),
    shape("dhl-ecommerce", "94748", "94748#{17}", Check::Impb, 45),
    shape("dhl-ecommerce", "with zip", "9[2345]#{20}", Check::Routed, 25),
    shape("dhl-ecommerce", "with zip", "9[2345]#{24}", Check::Routed, 25),
    shape("canada-post", "16", "#{16}", Check::Gs1(0), 85),
    shape("ontrac", "C", "C#{14}", Check::OnTrac(b'4'), 95),
    shape("ontrac", "D", "D#{14}", Check::OnTrac(b'5'), 95),
    shape("lasership", "two letters", "L@#{8}", Check::None, 85),
    shape("lasership", "1LS", "1LS#{12}", Check::None, 95),
    shape("lasership", "1LS", "1LS#{14}", Check::None, 90),
    shape("lasership", "1LS", "1LS#{15}", Check::None, 90),
    shape("lasership", "1LS", "1LS#{16}", Check::None, 90),
    shape("lasership", "1LS", "1LS#{17}", Check::None, 95),
    shape("lasership", "Q", "Q#{8}@", Check::None, 80),
    shape("landmark", "LTN", "LTN#{8}N1", Check::None, 95),
    shape("amazon", "logistics", "TB[ACM]#{12}", Check::None, 99),
    shape("amazon", "international", "[AFC]#{10}", Check::None, 50),
    shape("amazon", "order and shipment", "#{17}:#{13}", Check::None, 95),
    shape("purolator", "12", "[012345]#{11}", Check::Luhn, 65),
    shape("purolator", "letters", "@{3}#{9}", Check::None, 60),
    shape("old-dominion", "pro", "#{11}", Check::Luhn, 55),
    shape("dpd", "28", "#{27}*", Check::Mod3736, 97),
    shape("dpd", "14 with check", "#{14}*", Check::Mod3736, 90),
    shape("dpd", "14", "#{14}", Check::None, 40),
    shape("gls", "11", "#{11}", Check::None, 20),
    shape("gls", "track id", "*{8}", Check::None, 5),
    shape("royal-mail", "2d 16", "@{2}#{14}", Check::None, 15),
    shape("evri", "16", "[HTC]*{15}", Check::None, 25),
    shape("postnl", "3S", "3S@{4}#{9}", Check::None, 90),
    shape("postnl", "3S", "3S@{4}#{7}", Check::None, 85),
    shape("bpost", "32", "3232#{20}", Check::None, 75),
    shape("inpost", "24", "#{24}", Check::None, 45),
    shape("colissimo", "13", "[68]@#{11}", Check::None, 80),
    shape("yunexpress", "YT", "YT#{16}", Check::None, 97),
    shape("yanwen", "YW", "YW#{13}", Check::None, 60),
    shape("4px", "4PX", "4PX#{13}CN", Check::None, 97),
    shape("sf-express", "SF", "SF#{13}", Check::None, 97),
    shape("sf-express", "SF", "SF#{12}", Check::None, 90),
    shape("cainiao", "LP", "LP#{14}", Check::None, 90),
    shape("yodel", "JD", "JD#{16}", Check::None, 70),
    shape("gofo", "GFUS", "GFUS#{14}", Check::None, 95),
    shape("uniuni", "UUS", "UUS*{13}", Check::None, 90),
    shape("spee-dee", "SP", "SP#{18}", Check::None, 85),
    shape("a1-international", "AZ", "AZ@#{10}", Check::None, 80),
    shape("a1-international", "AZ", "AZ#{7}", Check::None, 70),
    shape("tnt", "GE", "GE#{9}WW", Check::None, 80),
    shape("sscc", "sscc-18", "#{18}", Check::Gs1(0), 60),
];

/// The prefixes of DHL eCommerce (GlobalMail) numbers: these, then 10 to 37 letters and digits.
pub(super) const DHL_ECOMMERCE_PREFIXES: [[u8; 2]; 10] =
    [*b"GM", *b"LX", *b"RX", *b"UV", *b"CN", *b"SG", *b"TH", *b"IN", *b"HK", *b"MY"];

/// The carriers that [`super::check`] knows, beside the posts of S10 numbers (`post-xx`, and the names in [`post_of`]).
pub const CARRIERS: &[&str] = &[
    "4px",
    "a1-international",
    "amazon",
    "bpost",
    "cainiao",
    "canada-post",
    "colissimo",
    "dhl-ecommerce",
    "dhl-express",
    "dhl-parcel-de",
    "dpd",
    "evri",
    "fedex",
    "gls",
    "gofo",
    "inpost",
    "landmark",
    "lasership",
    "old-dominion",
    "ontrac",
    "postnl",
    "purolator",
    "roadie",
    "royal-mail",
    "sf-express",
    "spee-dee",
    "sscc",
    "tnt",
    "uniuni",
    "ups",
    "usps",
    "yanwen",
    "yodel",
    "yunexpress",
];

/// The members and territories of the Universal Postal Union that issue S10 numbers, by ISO 3166 code.
const S10_COUNTRIES: &str = "AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ \
CA CD CF CG CH CI CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL \
GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK \
LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE \
PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TK \
TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// The carrier that issues the S10 numbers of a country (upper case): by name where feeds have one for it, else `post`.
/// None when the country issues no such numbers.
#[must_use]
pub fn post_of(country: [u8; 2]) -> Option<&'static str> {
    let known = S10_COUNTRIES.as_bytes().chunks(3).any(|code| code[..2] == country);
    known.then_some(match &country {
        b"US" => "usps",
        b"GB" => "royal-mail",
        b"CA" => "canada-post",
        b"AU" => "australia-post",
        b"CN" => "china-post",
        b"DE" => "dhl-parcel-de",
        b"FR" => "la-poste",
        b"NL" => "postnl",
        b"BE" => "bpost",
        b"ES" => "correos",
        b"IT" => "poste-italiane",
        b"SE" | b"DK" => "postnord",
        b"NO" => "posten-norge",
        b"FI" => "posti",
        b"CH" => "swiss-post",
        b"AT" => "austrian-post",
        b"IE" => "an-post",
        b"PT" => "ctt",
        b"PL" => "poczta-polska",
        b"JP" => "japan-post",
        b"KR" => "korea-post",
        b"HK" => "hongkong-post",
        b"SG" => "singapore-post",
        b"IN" => "india-post",
        b"NZ" => "nz-post",
        b"BR" => "correios",
        _ => "post",
    })
}

/// The post that issued an S10 number (upper case), where it has a name of its own and the check digit is right.
#[must_use]
pub fn issuing_post(number: &[u8]) -> Option<&'static str> {
    let post = if NumberShape::S10.fits(number) { post_of([number[11], number[12]]) } else { None };
    post.filter(|name| *name != "post")
}

/// True for a carrier that is a post with a name of its own. Express companies of posts (Chronopost, Parcelforce) number
/// their parcels alike and are none.
#[must_use]
pub fn is_post(carrier: &str) -> bool {
    S10_COUNTRIES.as_bytes().chunks(3).any(|code| post_of([code[0], code[1]]) == Some(carrier))
}

/// Whether the number has the shape. One pass; a pattern that isn't well formed is a bug and matches nothing.
pub(super) fn matches(pattern: &str, number: &[u8]) -> bool {
    let mut pattern = pattern.as_bytes();
    let mut rest = number;
    // Ends: each turn takes at least one byte of the pattern.
    while let Some((&kind, mut after)) = pattern.split_first() {
        let mut set: &[u8] = &[kind];
        if kind == b'[' {
            let Some(end) = after.iter().position(|&byte| byte == b']') else { return false };
            (set, after) = (&after[..end], &after[end + 1..]);
        }
        let mut count = 1;
        if let Some((b'{', digits)) = after.split_first() {
            let Some(end) = digits.iter().position(|&byte| byte == b'}') else { return false };
            count =
                digits[..end].iter().fold(0, |count, byte| count * 10 + usize::from(byte - b'0'));
            after = &digits[end + 1..];
        }
        let Some((part, tail)) = rest.split_at_checked(count) else { return false };
        let fits = part.iter().all(|byte| match kind {
            b'#' => byte.is_ascii_digit(),
            b'@' => byte.is_ascii_uppercase(),
            b'*' => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            _ => set.contains(byte),
        });
        if !fits {
            return false;
        }
        (pattern, rest) = (after, tail);
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_well_formed_and_carriers_listed() {
        for shape in SHAPES {
            assert!(CARRIERS.contains(&shape.carrier), "{}", shape.carrier);
            let opened = shape.pattern.bytes().filter(|byte| b"[{".contains(byte)).count();
            let closed = shape.pattern.bytes().filter(|byte| b"]}".contains(byte)).count();
            assert_eq!(opened, closed, "{}", shape.pattern);
        }
        assert!(CARRIERS.is_sorted());
        assert!(S10_COUNTRIES.split(' ').all(|code| code.len() == 2));
        assert!(S10_COUNTRIES.split(' ').is_sorted());
    }

    #[test]
    fn patterns_match_whole_numbers() {
        for (pattern, number, fits) in [
            ("1Z*{15}#", "1Z5R89390357567127", true),
            ("1Z*{15}#", "1Z5R8939035756712A", false),
            ("1Z*{15}#", "1Z5R893903575671277", false),
            ("TB[ACM]#{2}", "TBM12", true),
            ("TB[ACM]#{2}", "TBX12", false),
            ("#{2}:#", "12:3", true),
            ("#", "", false),
            ("[", "[", false),
        ] {
            assert_eq!(matches(pattern, number.as_bytes()), fits, "{pattern} {number}");
        }
    }

    #[test]
    fn an_item_of_two_posts_is_that_of_its_issuer() {
        assert_eq!(issuing_post(b"RB123456785GB"), Some("royal-mail"));
        // A wrong check digit, a post without a name of its own, another number.
        assert_eq!(issuing_post(b"RB123456786GB"), None);
        assert_eq!(issuing_post(b"RB123456785LV"), None);
        assert_eq!(issuing_post(b"1Z5R89390357567127"), None);
        assert!(is_post("canada-post") && is_post("usps"));
        assert!(!is_post("chronopost") && !is_post("fedex"));
    }
}

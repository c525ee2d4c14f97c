//! The names that rules may use, so that `fedx` is found before it silently never matches.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{HashInterner, Symbol};
use super::field::Name;

/// Known names by kind. A kind without names is open: any name is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    names: BTreeMap<Name, BTreeSet<String>>,
}

/// Carriers that feed packs, aggregators and the references name.
const CARRIERS: &str = "17track aftership amazon apc aramex australia_post averitt bpost bring canada_post canpar \
    chronopost chrobinson colis_prive colissimo correos correos_express ctt dachser db_schenker deutsche_post dhl dhl_ecommerce \
    dhl_express dhl_parcel dpd dsv easypost estafette estes evri fedex fedex_freight gls gso hermes india_post inpost \
    japan_post jt_express karrio kuehne_nagel lasership la_poste maersk mondial_relay old_dominion ontrac parcel2go \
    parcelforce poste_italiane postnl postnord post_at poczta_polska purolator rl_carriers royal_mail rxo saia sagawa \
    sendcloud seur sf_express shippo shipengine singapore_post spring swiss_post tforce tnt uds ups ups_freight usps \
    veho whistl xpo yamato yanwen yodel yrc yunexpress zto \
    allied_express asendia asendia_usa australia_post boxknight dhl_parcel_de dhl_parcel_pl dicom eshipper geodis gls_canada \
    hermes_de landmark locate2u nationex parcelone seko sendle smartkargo teleship zoom2u";

/// ISO 3166-1 alpha-2.
const COUNTRIES: &str = "ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz \
    ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo fr ga gb gd ge gf gg \
    gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz \
    la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr \
    nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz \
    tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw";

/// Ways of selling and moving that the packs know.
const MODES: &str = "parcel ltl ftl bopis return b2b";

impl Default for Catalogue {
    /// Carriers, countries and modes as crossdock knows them; services, tiers, tenants and regions are
    /// open.
    fn default() -> Self {
        let mut catalogue = Self { names: BTreeMap::new() };
        catalogue.add(Name::Carrier, CARRIERS.split_whitespace());
        // As feeds spell them; the two are one name: see `HashInterner`.
        let as_feeds = CARRIERS.replace('_', "-");
        catalogue.add(Name::Carrier, as_feeds.split_whitespace());
        catalogue.add(Name::Country, COUNTRIES.split_whitespace());
        catalogue.add(Name::Mode, MODES.split_whitespace());
        catalogue
    }
}

impl Catalogue {
    /// A catalogue in which every kind is open.
    #[must_use]
    pub const fn open() -> Self {
        Self { names: BTreeMap::new() }
    }

    /// Adds names of a kind, which closes it.
    pub fn add<'a>(&mut self, name: Name, names: impl IntoIterator<Item = &'a str>) {
        let known = self.names.entry(name).or_default();
        known.extend(names.into_iter().map(str::to_ascii_lowercase));
    }

    /// The known name of a symbol of a [`HashInterner`], whatever its kind.
    #[must_use]
    pub fn name_of(&self, symbol: Symbol) -> Option<String> {
        self.names.values().flatten().find(|name| HashInterner::of(name) == symbol).cloned()
    }

    /// The known names of a kind; `None` where it is open.
    #[must_use]
    pub fn names(&self, name: Name) -> Option<&BTreeSet<String>> {
        self.names.get(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed;

    #[test]
    fn every_carrier_that_a_feed_speaks_of_may_be_named_as_the_feed_spells_it() {
        let catalogue = Catalogue::default();
        let known = catalogue.names(Name::Carrier).expect("closed");
        for (path, text) in feed::builtin_files() {
            let own = text.lines().find_map(|line| line.strip_prefix("carrier: "));
            let Some(carrier) = own.map(str::trim).filter(|it| it.chars().all(is_plain)) else {
                continue;
            };
            // A standard, what the merchant speaks himself, and an example.
            let is_nobody = ["epcis", "generic", "acme-freight"].contains(&carrier);
            assert!(is_nobody || known.contains(carrier), "{path}: {carrier}");
        }
        assert_eq!(HashInterner::of("DHL-Express"), HashInterner::of("dhl_express"));
        assert_eq!(catalogue.name_of(HashInterner::of("ups")).as_deref(), Some("ups"));
    }

    fn is_plain(letter: char) -> bool {
        letter.is_ascii_alphanumeric() || letter == '-'
    }
}

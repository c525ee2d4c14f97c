//! The estimator from outside: what it answers, that it is the same everywhere, and that it never falls over.

use crossdock_eta::estimate::Exclusion;
use crossdock_eta::pending::Pending;
use crossdock_eta::settings::Form;
use crossdock_eta::state::StateError;
use crossdock_eta::{
    Basis, Calendar, Confidence, Doubts, Estimate, Estimator, Lane, Level, MilestoneClass,
    NoEstimate, Outcome, Place, Query, Reason, Settings, State, Symbol,
};
use proptest::prelude::*;

const DAY: i64 = 86_400;
/// 2024-01-01, a Monday.
const BEGIN: i64 = 1_704_067_200;

/// One delivered parcel, as a test writes it.
#[derive(Clone, Copy, Debug)]
struct Parcel {
    lane: Lane,
    start: i64,
    hours: i64,
    carrier_hours: Option<i64>,
    promise_hours: Option<i64>,
}

fn lane(carrier: &str, destination: &str) -> Lane {
    Lane {
        carrier: Symbol::of(carrier),
        service: Symbol::of("ground"),
        origin: Place { fine: Symbol::of("941"), region: Symbol::of("CA") },
        destination: Place { fine: Symbol::of(destination), region: Symbol::of(destination) },
        ..Lane::default()
    }
}

fn parcel(lane: Lane, day: i64, hours: i64) -> Parcel {
    Parcel { lane, start: BEGIN + day * DAY, hours, carrier_hours: None, promise_hours: None }
}

fn learn(estimator: &mut Estimator, parcel: &Parcel) -> Result<(), Exclusion> {
    let end = parcel.start + parcel.hours * 3_600;
    let after = |hours: Option<i64>| hours.map(|hours| parcel.start + hours * 3_600);
    estimator.observe(
        &Outcome {
            lane: &parcel.lane,
            class: MilestoneClass::Accepted,
            start: parcel.start,
            end,
            carrier_estimate: after(parcel.carrier_hours),
            promise: after(parcel.promise_hours),
            table_days: None,
            calendar: &Calendar::continuous(),
            exclusion: None,
        },
        end,
    )
}

/// Asks at an age in hours about a parcel of a lane that started on a day.
fn ask(
    estimator: &Estimator,
    lane: &Lane,
    day: i64,
    age: i64,
    carrier: Option<i64>,
) -> Result<Estimate, NoEstimate> {
    let start = BEGIN + day * DAY;
    estimator.estimate(&Query {
        lane,
        class: MilestoneClass::Accepted,
        start,
        now: start + age * 3_600,
        carrier_estimate: carrier.map(|hours| start + hours * 3_600),
        promise: None,
        table_days: None,
        calendar: &Calendar::continuous(),
        doubts: Doubts::default(),
    })
}

fn hours(estimate: Estimate, day: i64) -> [i64; 3] {
    [estimate.p10, estimate.p50, estimate.p90].map(|at| (at - BEGIN - day * DAY) / 3_600)
}

/// A mixed stream: three carriers, four destinations, a carrier estimate on every other parcel.
fn stream(count: i64) -> Vec<Parcel> {
    let parcel = |number: i64| Parcel {
        lane: lane(
            ["ups", "dhl", "gls"][(number % 3) as usize],
            ["NY", "TX", "FL", "WA"][(number / 3 % 4) as usize],
        ),
        start: BEGIN + number * 1_800,
        hours: 20 + number * number * 37 % 90 + number % 4 * 24,
        carrier_hours: (number % 2 == 0).then_some(48 + number % 4 * 24),
        promise_hours: (number % 5 != 0).then_some(120),
    };
    (0..count).map(parcel).collect()
}

fn learned(parcels: &[Parcel], settings: Settings) -> Estimator {
    let mut estimator = Estimator::new(settings);
    for parcel in parcels {
        learn(&mut estimator, parcel).expect("plausible");
    }
    estimator
}

#[test]
fn nothing_learned_is_no_answer_and_a_cold_date_is_sparse_with_its_interval() {
    let estimator = Estimator::new(Settings::default());
    let lane = lane("ups", "NY");
    assert_eq!(ask(&estimator, &lane, 0, 0, None), Err(NoEstimate::NothingLearned));
    let estimate = ask(&estimator, &lane, 0, 0, Some(72)).expect("the carrier's date");
    assert_eq!(hours(estimate, 0), [24, 72, 120]);
    assert_eq!((estimate.basis, estimate.effective), (Basis::Carrier, 0));
    assert_eq!((estimate.confidence, estimate.reason), (Confidence::Low, Reason::SparseLane));
    assert_eq!(estimate.carrier_days_past, Some(0));
}

#[test]
fn a_learned_lane_answers_and_age_moves_the_answer_on() {
    let hours_of = |n: i64| if n % 10 == 0 { 200 } else { 48 };
    let parcels: Vec<_> =
        (0..400).map(|n| parcel(lane("ups", "NY"), n / 20, hours_of(n))).collect();
    let estimator = learned(&parcels, Settings::default());
    let lane = lane("ups", "NY");
    let fresh = ask(&estimator, &lane, 20, 0, None).expect("learned");
    assert!((45..52).contains(&hours(fresh, 20)[1]), "{:?}", hours(fresh, 20));
    assert_eq!((fresh.confidence, fresh.reason), (Confidence::High, Reason::None));
    let old = ask(&estimator, &lane, 20, 100, None).expect("some took longer");
    assert!((195..210).contains(&hours(old, 20)[1]), "{:?}", hours(old, 20));
    // Forty of four hundred are known beyond that age.
    assert!(old.effective < fresh.effective / 5);
    assert_eq!(ask(&estimator, &lane, 20, 1_500, None), Err(NoEstimate::BeyondExperience));
}

#[test]
fn the_boards_keep_a_good_carrier_and_leave_a_padded_one() {
    let run = |error: i64| {
        let parcels: Vec<_> = (0..800)
            .map(|n| {
                let hours = 30 + n * 31 % 60;
                Parcel {
                    carrier_hours: Some(hours + error * (n * 17 % 7)),
                    ..parcel(lane("ups", "NY"), n / 20, hours)
                }
            })
            .collect();
        let estimator = learned(&parcels, Settings::default());
        ask(&estimator, &lane("ups", "NY"), 41, 0, Some(60)).expect("learned").basis
    };
    assert_eq!(run(0), Basis::Carrier);
    assert_eq!(run(40), Basis::Learned);
}

#[test]
fn a_promise_holds_to_the_end_of_its_day_and_is_surely_broken_after() {
    let parcels: Vec<_> =
        (0..300).map(|n| parcel(lane("ups", "NY"), n / 20, 24 + n % 48)).collect();
    let estimator =
        learned(&parcels, Settings { bases: [true, false, false, false], ..Settings::default() });
    let lane = lane("ups", "NY");
    let breach = |promise: i64, age: i64| {
        let start = BEGIN + 20 * DAY;
        let query = Query {
            lane: &lane,
            class: MilestoneClass::Accepted,
            start,
            now: start + age * 3_600,
            carrier_estimate: None,
            promise: Some(start + promise * 3_600),
            table_days: None,
            calendar: &Calendar::continuous(),
            doubts: Doubts { open_exception: true, imprecise_address: false },
        };
        let estimate = estimator.estimate(&query).expect("learned");
        assert_eq!(estimate.reason, Reason::OpenException);
        (estimate.breach_ppm.expect("promised"), estimate.promise_days_past.expect("promised"))
    };
    assert_eq!(breach(96, 0).0, 0);
    assert_eq!(breach(0, 30).0, 1_000_000);
    // Delivered evenly between 24 and 72 hours; the day of hour 24 ends at 48.
    let (ppm, past) = breach(24, 0);
    assert!((450_000..550_000).contains(&ppm), "{ppm}");
    assert!((0..=1).contains(&past));
    assert!(breach(24, 40).0 > 700_000);
}

#[test]
fn a_slow_week_moves_estimates_by_drift() {
    let mut parcels: Vec<_> = (0..600).map(|n| parcel(lane("ups", "NY"), n / 20, 48)).collect();
    parcels.extend((0..80).map(|n| parcel(lane("ups", "NY"), 31 + n / 20, 90)));
    let with = learned(&parcels, Settings::default());
    let without = learned(&parcels, Settings { drift_half_life: 0, ..Settings::default() });
    let median = |estimator: &Estimator| {
        ask(estimator, &lane("ups", "NY"), 38, 0, None).map(|estimate| hours(estimate, 38)[1])
    };
    assert!(median(&without).expect("learned") < median(&with).expect("learned"));
}

#[test]
fn parcels_stuck_in_flight_make_the_hazard_form_slower() {
    let settings = Settings { form: Form::Hazard, ..Settings::default() };
    let parcels: Vec<_> =
        (0..200).map(|n| parcel(lane("ups", "NY"), n / 20, 30 + n % 60)).collect();
    let mut estimator = learned(&parcels, settings);
    let (lane, calendar) = (lane("ups", "NY"), Calendar::continuous());
    let before = hours(ask(&estimator, &lane, 14, 0, None).expect("learned"), 14)[1];
    let now = BEGIN + 14 * DAY;
    estimator.observe_flight((0..200).map(|_| Query {
        lane: &lane,
        class: MilestoneClass::Accepted,
        start: now - 60 * 3_600,
        now,
        carrier_estimate: None,
        promise: None,
        table_days: None,
        calendar: &calendar,
        doubts: Doubts::default(),
    }));
    let after = hours(ask(&estimator, &lane, 14, 0, None).expect("learned"), 14)[1];
    assert!(before + 5 < after, "{before} {after}");
}

#[test]
fn what_cannot_be_is_left_out_and_counted() {
    let mut estimator = Estimator::new(Settings::default());
    let base = parcel(lane("ups", "NY"), 0, 10);
    for (parcel, expected) in [
        (Parcel { hours: -1, ..base }, Exclusion::EndBeforeStart),
        (Parcel { hours: 5 * 366 * 24, ..base }, Exclusion::Impossible),
        (Parcel { start: 0, ..base }, Exclusion::InstantOutOfRange),
    ] {
        assert_eq!(learn(&mut estimator, &parcel), Err(expected));
    }
    let counts = estimator.counts();
    assert_eq!((counts.learned, counts.excluded.iter().sum::<u64>()), (0, 3));
    assert!(estimator.tree().is_empty());
}

#[test]
fn an_unknown_service_or_place_falls_back_up_the_tree() {
    let estimator = learned(&stream(500), Settings::default());
    let unknown =
        Lane { carrier: Symbol::of("ups"), service: Symbol::of("drone"), ..Lane::default() };
    let estimate = ask(&estimator, &unknown, 11, 0, None).expect("the carrier is known");
    assert!(30 < estimate.effective);
    let explained = estimator.explain(&Query {
        lane: &unknown,
        class: MilestoneClass::Accepted,
        start: BEGIN + 11 * DAY,
        now: BEGIN + 11 * DAY,
        carrier_estimate: None,
        promise: None,
        table_days: None,
        calendar: &Calendar::continuous(),
        doubts: Doubts::default(),
    });
    assert_eq!(explained.answer, Ok(estimate));
    let levels: Vec<_> = explained.bases[0].levels.iter().map(|part| part.level).collect();
    assert_eq!(levels, [Level::Carrier, Level::Root]);
    assert!(explained.to_string().contains("weight"), "{explained}");
    assert!(!estimator.show(&lane("ups", "NY"), BEGIN + 11 * DAY).is_empty());
    assert!(estimator.status().iter().any(|line| line.carrier == Symbol::of("ups")));
}

#[test]
fn shards_have_no_say() {
    let parcels = stream(600);
    let run = |shards: usize| {
        let mut pending: Vec<Pending<Parcel>> = vec![Pending::default(); shards];
        let mut estimator = Estimator::new(Settings::default());
        let mut all = Pending::default();
        for (at, parcel) in parcels.iter().enumerate() {
            pending[at * 7 % shards].push((at as u64, 0), *parcel);
            // A mark every fifty positions, wherever the shards are.
            if at % 50 == 49 {
                pending.iter_mut().rev().for_each(|shard| all.merge(shard));
                all.apply(at as u64, |parcel| {
                    learn(&mut estimator, &parcel).expect("plausible");
                });
            }
        }
        estimator.state().to_bytes()
    };
    let one = run(1);
    assert!(run(2) == one && run(5) == one);
}

#[test]
fn a_snapshot_in_the_middle_changes_nothing() {
    for form in [Form::Outcomes, Form::Hazard] {
        let settings = Settings { form, ..Settings::default() };
        let parcels = stream(400);
        let (first, second) = parcels.split_at(200);
        let mut straight = learned(first, settings.clone());
        let bytes = straight.state().to_bytes();
        let state = State::from_bytes(&bytes).expect("just written");
        let mut restored = Estimator::restored(settings, &state).expect("the same settings");
        for parcel in second {
            learn(&mut straight, parcel).expect("plausible");
            learn(&mut restored, parcel).expect("plausible");
        }
        assert_eq!(straight.state().hash(), restored.state().hash());
        let lane = lane("dhl", "TX");
        assert_eq!(ask(&straight, &lane, 9, 5, Some(72)), ask(&restored, &lane, 9, 5, Some(72)));
    }
}

#[test]
fn text_and_back_is_the_same_state() {
    let mut estimator = learned(&stream(300), Settings::default());
    for name in ["ups", "dhl", "gls", "ground", "941", "CA", "NY", "TX", "FL", "WA"] {
        estimator.names.remember(name);
    }
    let state = estimator.state();
    let text = state.to_text();
    assert!(text.contains("\"carrier\":\"ups\""));
    assert_eq!(State::from_text(&text).expect("just written"), state);
    let error = |text: &str| State::from_text(text).expect_err("refused").to_string();
    assert!(error("").contains("found \"nothing\""));
    assert!(error("{}").contains("expected an eta state"));
    let broken = text.replacen("\"kind\":\"lane\"", "\"kind\":\"lame\"", 1);
    assert!(error(&broken).contains("bad line at "));
}

#[test]
fn other_settings_refuse_a_state() {
    let state = learned(&stream(50), Settings::default()).state();
    let other = Settings { grain_minutes: 30, ..Settings::default() };
    let error = Estimator::restored(other, &state).expect_err("refused");
    assert_eq!(error, StateError::Settings("grain minutes", 60, 30));
    let small = Settings { lanes_max: 3, ..Settings::default() };
    assert!(Estimator::restored(small, &state).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn broken_bytes_are_an_error_and_never_a_panic(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()
    ) {
        let bytes = learned(&stream(20), Settings::default()).state().to_bytes();
        let mut broken = bytes.clone();
        let at = at.index(broken.len());
        broken[at] ^= byte;
        prop_assert_eq!(State::from_bytes(&broken).is_ok(), byte == 0);
        prop_assert!(State::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn any_question_has_an_ordered_answer_or_a_reason(
        start in any::<i64>(), age in -100_000_i64..100_000_000, date in any::<i64>(), days in any::<u16>(),
        near in 0_i64..20_000_000
    ) {
        let estimator = learned(&stream(60), Settings::default());
        let lane = lane("ups", "NY");
        for (start, date) in [(start, date), (BEGIN + near, BEGIN + near + date % 10_000_000)] {
            let now = start.saturating_add(age);
            let answer = estimator.estimate(&Query {
                lane: &lane,
                class: MilestoneClass::Accepted,
                start,
                now,
                carrier_estimate: Some(date),
                promise: Some(date),
                table_days: Some(days % 400),
                calendar: &Calendar::weekdays(&jiff::tz::TimeZone::UTC, &[]),
                doubts: Doubts::default(),
            });
            if let Ok(estimate) = answer {
                let Estimate { p10, p20, p50, p80, p90, .. } = estimate;
                prop_assert!(now <= p10 && p10 <= p20 && p20 <= p50 && p50 <= p80 && p80 <= p90);
                prop_assert!(estimate.breach_ppm.is_some_and(|ppm| ppm <= 1_000_000));
            }
        }
    }

    #[test]
    fn any_outcome_is_learned_or_left_out(start in any::<i64>(), end in any::<i64>(), date in any::<i64>()) {
        let mut estimator = Estimator::new(Settings::default());
        let lane = lane("ups", "NY");
        for (start, end) in [(start, end), (BEGIN, BEGIN + end % 100_000_000)] {
            let outcome = Outcome {
                lane: &lane,
                class: MilestoneClass::Label,
                start,
                end,
                carrier_estimate: Some(date),
                promise: Some(date),
                table_days: Some(3),
                calendar: &Calendar::continuous(),
                exclusion: None,
            };
            let _known = estimator.observe(&outcome, end);
        }
        let counts = estimator.counts();
        prop_assert_eq!(counts.learned + counts.excluded.iter().sum::<u64>(), 2);
    }
}

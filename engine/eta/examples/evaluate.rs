use crossdock_eta::evaluate::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let format = match a[2].as_str() { "scms" => Format::Scms, "cargo2000" => Format::Cargo2000, "olist" => Format::Olist, "flights" => Format::Flights, _ => Format::Trucks };
    let mut settings = crossdock_eta::settings::Settings::default();
    for kv in &a[3..] { let (k, v) = kv.split_once('=').unwrap(); let n: i64 = v.parse().unwrap_or(0);
        match k { "hl" => settings.half_life = n * 86400, "k" => settings.shrinkage = n as u16, "dhl" => settings.drift_half_life = n * 86400, "dp" => settings.drift_prior = n as u16,
            "cal" => settings.calibration_ppm = n as u32, "so" => settings.switch.outcomes = n as u32, "shl" => settings.switch.half_life = n * 86400,
            "haz" => settings.form = crossdock_eta::settings::Form::Hazard,
            "base" => settings.bases = [n & 1 != 0, n & 2 != 0, n & 4 != 0, n & 8 != 0],
            _ => panic!() } }
    let t = std::time::Instant::now();
    let (s, ex, e) = run(&EvaluateOptions { data: a[1].clone().into(), format, settings, holidays: vec![], warm_up_percent: 10 }).unwrap();
    println!("== {} {:?} excl {:?} lanes {}", a[2], t.elapsed(), ex, e.tree().len());
    for ((c, m), v) in &s.by_class { println!("{:28} {:16} n {:7} mae {:8.3} bias {:8.3} near {:.3} pb50 {:.3} pb90 {:.3} cov {:.3} w {:.2}", format!("{c:?}"), m.name(), v.count, v.mae(), v.mean_bias(), v.near_share(), v.mean_pinball50(), v.mean_pinball90(), v.coverage(), v.mean_width()); }
    println!("basis {:?} unanswered {} overdue {:?} = {:.3}", s.by_basis, s.unanswered, s.overdue, s.overdue[2] as f64 / s.overdue[0] as f64);
    println!("flights {:?} raw/ship {:.2} pub/ship {:.2} drop {:.2}  look mae raw {:.3} pub {:.3}", s.flights, s.flights[1] as f64 / s.flights[0] as f64, s.flights[2] as f64 / s.flights[0] as f64, 1.0 - s.flights[2] as f64 / s.flights[1] as f64, s.looks.1 / s.looks.0 as f64, s.looks.2 / s.looks.0 as f64);
    println!("brier {:.4} base {:.4}", s.breach.1 / s.breach.0 as f64, { let p = s.breach.2 as f64 / s.breach.0 as f64; p * (1.0 - p) });
    for b in s.buckets { print!("{}:{:.2}->{:.2} ", b.0, b.1 / b.0 as f64, b.2 as f64 / b.0 as f64); } println!();
    let w: Vec<String> = s.by_week.values().filter(|w| w.count > 20).map(|w| format!("{:.2}", w.coverage())).collect(); println!("weeks {}", w.join(" "));
}

//! How far apart two places are.
//!
//! # Method
//!
//! The haversine formula on a sphere of 6,371.0088 km (the mean radius of the earth, IUGG). Sine and arcsine are
//! polynomials made of additions, multiplications, divisions and square roots, which IEEE 754 rounds the same
//! everywhere; the library's own would differ between machines.
//!
//! # Holds
//!
//! - Within 0.6 % of the ellipsoid, and the same bits on every machine.

use super::facts::Point;

/// Millionths of a kilometre between two points.
#[must_use]
pub fn distance_e6(from: Point, to: Point) -> i64 {
    let radians = |e6: i32| f64::from(e6) / 1e6 * (std::f64::consts::PI / 180.0);
    let (lat_from, lat_to) = (radians(from.lat_e6), radians(to.lat_e6));
    let half_lat = sin((lat_to - lat_from) / 2.0);
    let half_lon = sin((radians(to.lon_e6) - radians(from.lon_e6)) / 2.0);
    let cos = |angle: f64| sin(angle + std::f64::consts::FRAC_PI_2);
    let a = half_lat * half_lat + cos(lat_from) * cos(lat_to) * half_lon * half_lon;
    let angle = 2.0 * asin(a.clamp(0.0, 1.0).sqrt());
    (angle * 6371.0088 * 1e6) as i64
}

/// Sine for angles up to a few turns.
fn sin(angle: f64) -> f64 {
    let turn = 2.0 * std::f64::consts::PI;
    let mut x = angle - (angle / turn).round() * turn;
    if std::f64::consts::FRAC_PI_2 < x {
        x = std::f64::consts::PI - x;
    } else if x < -std::f64::consts::FRAC_PI_2 {
        x = -std::f64::consts::PI - x;
    }
    // Taylor to x^21: below 1e-16 on [-pi/2, pi/2].
    let (mut term, mut sum) = (x, x);
    for n in 1..11 {
        let n = f64::from(n);
        term = -term * x * x / ((2.0 * n) * (2.0 * n + 1.0));
        sum += term;
    }
    sum
}

/// Arcsine for 0 to 1.
fn asin(x: f64) -> f64 {
    if 0.5 < x {
        return std::f64::consts::FRAC_PI_2 - 2.0 * asin(((1.0 - x) / 2.0).sqrt());
    }
    // Maclaurin to x^51: below 1e-17 up to one half.
    let (mut factor, mut sum) = (x, x);
    for n in 1..26 {
        let n = f64::from(n);
        factor = factor * x * x * (2.0 * n - 1.0) / (2.0 * n);
        sum += factor / (2.0 * n + 1.0);
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(lat_e6: i32, lon_e6: i32) -> Point {
        Point { lat_e6, lon_e6 }
    }

    #[test]
    fn known_distances() {
        let chicago = point(41_878_100, -87_629_800);
        let san_francisco = point(37_774_900, -122_419_400);
        let km = distance_e6(chicago, san_francisco) / 1_000_000;
        assert!((2_980..3_000).contains(&km), "{km}");
        assert_eq!(distance_e6(chicago, chicago), 0);
        let poles = distance_e6(point(90_000_000, 0), point(-90_000_000, 0)) / 1_000_000;
        assert_eq!(poles, 20_015);
    }

    proptest! {
        #[test]
        fn is_what_the_library_says(
            a in -90_000_000..=90_000_000_i32, b in -180_000_000..=180_000_000_i32,
            c in -90_000_000..=90_000_000_i32, d in -180_000_000..=180_000_000_i32,
        ) {
            let rad = |e6: i32| (f64::from(e6) / 1e6).to_radians();
            let half = |x: f64| (x / 2.0).sin().powi(2);
            let h = half(rad(c) - rad(a)) + rad(a).cos() * rad(c).cos() * half(rad(d) - rad(b));
            let want = 2.0 * 6371.0088 * h.clamp(0.0, 1.0).sqrt().asin();
            let got = distance_e6(point(a, b), point(c, d)) as f64 / 1e6;
            prop_assert!((got - want).abs() < 0.01, "{got} {want}");
            prop_assert_eq!(distance_e6(point(a, b), point(c, d)) / 1000, distance_e6(point(c, d), point(a, b)) / 1000);
        }
    }
}

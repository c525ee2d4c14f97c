//! What a document says of a shipment beside its number, its way and its events: pieces, worth, deadlines, points.
//!
//! # Place
//!
//! Keys of the blocks `shipment` and `event` of a feed file; `block` reads the others. A part of
//! [`Shipment`](super::program::Shipment); the lane of `core` reads it where rules may look.
//!
//! # Holds
//!
//! - A document in which none of it stands costs one look: see [`Waybill::wants`].

use super::block::Blocks;
use super::program::{Expr, TimePolicy};
use super::read;
use super::yaml::Node;

/// Where a point of the globe stands.
#[derive(Clone, Debug, Default)]
pub struct Point {
    /// Degrees north.
    pub latitude: Expr,
    /// Degrees east.
    pub longitude: Expr,
    /// How exact it is, in the words of rules: `rooftop`, `street`, `postcode`, `city`, `region`.
    pub accuracy: Expr,
}

/// What is read of a shipment for rules alone. Expressions are at or above the shipment level.
#[derive(Clone, Debug, Default)]
pub struct Waybill {
    /// What the shipment is, in the words of rules: `b2b`, `ltl` ...
    pub mode: Expr,
    /// The merchant's tier.
    pub tier: Expr,
    /// Worth, in the tenant's currency.
    pub value: Expr,
    /// Pieces of the shipment or order.
    pub pieces: Expr,
    /// Pieces of it that are delivered.
    pub pieces_delivered: Expr,
    /// Pieces of it that are not delivered, where a document says that instead.
    pub pieces_left: Expr,
    /// Until when it can be collected.
    pub pickup_until: Option<TimePolicy>,
    /// Until when the return label is good.
    pub return_label_until: Option<TimePolicy>,
    /// Where it comes from.
    pub origin: Point,
    /// Where it goes.
    pub destination: Point,
    /// Slots of which one is filled where anything of it stands in a document, as bits.
    pub wants: u128,
}

impl Point {
    /// Its texts.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        let Self { latitude, longitude, accuracy } = self;
        [latitude, longitude, accuracy].into_iter()
    }

    fn exprs_mut(&mut self) -> [&mut Expr; 3] {
        let Self { latitude, longitude, accuracy } = self;
        [latitude, longitude, accuracy]
    }

    /// Visits every expression, to give slots their final numbers.
    pub(crate) fn renumber(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        self.exprs_mut().into_iter().for_each(visit);
    }
}

impl Waybill {
    /// Every text that it is made of.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        let texts = [
            &self.mode,
            &self.tier,
            &self.value,
            &self.pieces,
            &self.pieces_delivered,
            &self.pieces_left,
        ];
        let times = [&self.pickup_until, &self.return_label_until].into_iter().flatten();
        let points = self.origin.exprs().chain(self.destination.exprs());
        texts.into_iter().chain(points).chain(times.flat_map(TimePolicy::exprs))
    }

    /// Visits every expression, to give slots their final numbers; `time` visits those of a time.
    pub(crate) fn renumber(
        &mut self,
        visit: &mut dyn FnMut(&mut Expr),
        time: impl Fn(&mut TimePolicy, &mut dyn FnMut(&mut Expr)),
    ) {
        let texts = [
            &mut self.mode,
            &mut self.tier,
            &mut self.value,
            &mut self.pieces,
            &mut self.pieces_delivered,
            &mut self.pieces_left,
        ];
        texts.into_iter().for_each(&mut *visit);
        self.origin.renumber(visit);
        self.destination.renumber(visit);
        for policy in [&mut self.pickup_until, &mut self.return_label_until].into_iter().flatten() {
            time(policy, visit);
        }
        self.wants = self.exprs().fold(0, |wants, expr| wants | expr.wants);
    }
}

impl Blocks<'_> {
    /// The waybill of the block `shipment`.
    pub(crate) fn waybill(&mut self, block: &Node, base: usize) -> Waybill {
        let mut time = |key| block.get(key).map(|node| self.time(node, key, base));
        let (pickup_until, return_label_until) = (time("pickup_until"), time("return_label_until"));
        Waybill {
            mode: self.expr(block, "mode", base),
            tier: self.expr(block, "tier", base),
            value: self.expr(block, "value", base),
            pieces: self.expr(block, "pieces", base),
            pieces_delivered: self.expr(block, "pieces_delivered", base),
            pieces_left: self.expr(block, "pieces_left", base),
            pickup_until,
            return_label_until,
            origin: self.point(block, "origin_point", base),
            destination: self.point(block, "destination_point", base),
            wants: 0,
        }
    }

    /// A point: both degrees, and how exact they are.
    pub(crate) fn point(&mut self, block: &Node, key: &str, base: usize) -> Point {
        let Some(node) = block.get(key) else { return Point::default() };
        let what = format!("`{key}`");
        read::keys(node, &what, &["latitude", "longitude", "accuracy"], self.errors);
        for degrees in ["latitude", "longitude"] {
            if node.get(degrees).is_none() {
                self.errors
                    .add("FD005", node.span, format!("{what} has no `{degrees}`"))
                    .help("say where both stand: `{ latitude: path, longitude: path }`");
            }
        }
        Point {
            latitude: self.expr(node, "latitude", base),
            longitude: self.expr(node, "longitude", base),
            accuracy: self.expr(node, "accuracy", base),
        }
    }
}

//! One shipment on virtual time: events and changes in, what rules say out.
//!
//! # Place
//!
//! Under the rule tests; `backtest` and the bench drive it too.
//!
//! # Method
//!
//! A step happens at a moment; before it every deadline that lies before that moment is told, in order. The
//! clock is the number in the step: nothing sleeps.

use crossdock_model::event::Event;
use crossdock_model::record::Seconds;

use super::action::{Action, Actions, Edge};
use super::explain::Explanation;
use super::facts::{Eta, Facts, Feed, Lane, Scene, Shipment, Symbol, Texts};
use super::reload::Migration;
use super::retired::Retired;
use super::rows::{RowHandle, RowStore};
use super::ruleset::RuleSet;
use super::world::World;

/// Words and place that come with an event.
#[derive(Clone, Debug, Default)]
pub struct OwnedScene {
    /// Where and how exact.
    pub scene: Scene<'static>,
    /// The carrier's code.
    pub code: Option<String>,
    /// The carrier's text.
    pub text: Option<String>,
    /// Who signed.
    pub signed_by: Option<String>,
}

/// What is known of the shipment beside its events.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Attributes.
    pub shipment: Shipment,
    /// Postal code of the origin.
    pub origin_postal: Option<String>,
    /// Postal code of the destination.
    pub destination_postal: Option<String>,
    /// Tracking number.
    pub number: Option<String>,
    /// Lane statistics, frozen.
    pub lane: Lane,
    /// The feed.
    pub feed: Feed,
    /// The estimate.
    pub eta: Eta,
}

/// Something said, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Stream time at which it was said.
    pub at: Seconds,
    /// What.
    pub action: Action,
}

/// A shipment, its rows and its clock.
pub struct Scenario<'a, W> {
    set: &'a RuleSet,
    world: W,
    /// May be changed between steps; an estimate takes effect with [`Scenario::change_eta`].
    pub setting: Setting,
    store: RowStore,
    handle: RowHandle,
    actions: Actions,
    next: Option<Seconds>,
    now: Seconds,
    said: Vec<Said>,
    retired: Retired,
    /// Asked at every call of the rules, for coverage.
    pub on_call: Option<&'a mut dyn FnMut(&Facts<'_>)>,
}

impl<'a, W: World> Scenario<'a, W> {
    /// A shipment without events.
    pub fn new(set: &'a RuleSet, world: W, setting: Setting, start: Seconds) -> Self {
        let mut actions = Actions::with_capacity(16);
        actions.notes = Some(Vec::new());
        Self {
            set,
            world,
            setting,
            store: RowStore::new(),
            handle: RowHandle::default(),
            actions,
            next: None,
            now: start,
            said: Vec::new(),
            retired: Retired::default(),
            on_call: None,
        }
    }

    /// Everything said so far.
    #[must_use]
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    /// The present.
    #[must_use]
    pub const fn now(&self) -> Seconds {
        self.now
    }

    /// Ways taken so far.
    #[must_use]
    pub fn edges(&self) -> &[(u16, Edge)] {
        self.actions.notes.as_deref().unwrap_or(&[])
    }

    /// Lets time pass: deadlines before `to` are told, with `inclusive` also those at it.
    pub fn advance(&mut self, to: Seconds, inclusive: bool) {
        // A rule moves its wake-up behind the present, so this ends; the bound is against a bug.
        for _ in 0..100_000 {
            let due = self.next.filter(|next| *next < to || (inclusive && *next == to));
            let Some(due) = due else { break };
            self.now = self.now.max(due);
            self.call(None, &OwnedScene::default(), None);
        }
        self.now = self.now.max(to);
    }

    /// Takes an event that came in at a moment.
    pub fn event(&mut self, at: Seconds, event: &Event, scene: &OwnedScene) {
        self.advance(at, false);
        if self.world.apply(event) {
            self.call(Some(event), scene, None);
        }
    }

    /// The estimate changes, without an event.
    pub fn change_eta(&mut self, at: Seconds, eta: Eta) {
        self.advance(at, false);
        let before = std::mem::replace(&mut self.setting.eta, eta);
        self.call(None, &OwnedScene::default(), Some(before));
    }

    /// The feed or another attribute changed: rules that watch are asked.
    pub fn look(&mut self, at: Seconds) {
        self.advance(at, false);
        self.call(None, &OwnedScene::default(), None);
    }

    /// Switches to another rule set: rows move, and rules that wait for something else now are armed again. What is
    /// withdrawn is said with the index of the old rule.
    pub fn reload(&mut self, set: &'a RuleSet) {
        let migration = Migration::new(self.set, set, &mut self.retired);
        migration.apply(&mut self.store, &mut self.handle, self.now, &mut self.actions);
        self.take_said();
        self.set = set;
        if migration.rearms() {
            let Self { set, world, setting, store, handle, actions, .. } = self;
            facts(world, setting, None, &OwnedScene::default(), None, self.now, |facts| {
                set.rearm(Some(&migration), facts, store, handle, actions);
            });
        }
        self.next = self.actions.next;
    }

    /// What was said since it was asked last.
    pub fn drain_said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    fn take_said(&mut self) {
        let at = self.now;
        self.said.extend(self.actions.list.drain(..).map(|action| Said { at, action }));
    }

    /// Why a rule stands where it stands now.
    #[must_use]
    pub fn explain(&self, rule: u16, name: &dyn Fn(Symbol) -> Option<String>) -> Explanation {
        facts(&self.world, &self.setting, None, &OwnedScene::default(), None, self.now, |facts| {
            self.set.explain(rule, facts, self.store.rows(&self.handle), name)
        })
    }

    /// Rules that are open.
    pub fn open(&self) -> impl Iterator<Item = u16> + '_ {
        let rows = self.store.rows(&self.handle).iter();
        rows.filter(|row| row.status.is_open()).map(|row| row.rule)
    }

    fn call(&mut self, event: Option<&Event>, scene: &OwnedScene, eta_before: Option<Eta>) {
        let Self { set, world, setting, store, handle, actions, on_call, .. } = self;
        facts(world, setting, event, scene, eta_before, self.now, |facts| {
            if let Some(on_call) = on_call {
                on_call(facts);
            }
            if event.is_some() {
                set.on_event(facts, store, handle, actions);
            } else {
                set.on_timer(facts, store, handle, actions);
            }
        });
        self.next = self.actions.next;
        self.take_said();
    }
}

/// Borrows everything as [`Facts`] for one call.
fn facts<W: World, T>(
    world: &W,
    setting: &Setting,
    event: Option<&Event>,
    scene: &OwnedScene,
    eta_before: Option<Eta>,
    now: Seconds,
    run: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    let eta_before = eta_before.unwrap_or(setting.eta);
    let before = if event.is_some() { world.before() } else { world.after() };
    let facts = Facts {
        before,
        after: world.after(),
        event,
        scene: Scene {
            code: scene.code.as_deref(),
            text: scene.text.as_deref(),
            signed_by: scene.signed_by.as_deref(),
            ..scene.scene
        },
        history: &world.history(),
        shipment: &setting.shipment,
        texts: Texts {
            origin_postal: setting.origin_postal.as_deref(),
            destination_postal: setting.destination_postal.as_deref(),
            number: setting.number.as_deref(),
        },
        eta_before: &eta_before,
        eta: &setting.eta,
        lane: &setting.lane,
        feed: &setting.feed,
        now,
    };
    run(&facts)
}

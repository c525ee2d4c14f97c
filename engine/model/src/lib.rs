//! The nouns of crossdock: keys, times, milestones, events, changes, limits.

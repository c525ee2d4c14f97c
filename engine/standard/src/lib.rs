//! Tracking numbers, times and places as the world writes them.

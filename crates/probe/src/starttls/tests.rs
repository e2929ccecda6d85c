//! The exchanges against scripted servers.

//! TLS towards clients and towards upstreams.

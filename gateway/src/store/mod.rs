//! The store that a fleet of gateways shares: Redis or Valkey. A request never queues for it.

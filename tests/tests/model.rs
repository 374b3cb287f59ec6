//! A model is asked what was signed, with data marked off, and answers what fits. Against a scripted service on loopback.
#![cfg(test)]

#[path = "model/apart.rs"]
mod apart;
#[path = "model/bounds.rs"]
mod bounds;
#[path = "model/house.rs"]
mod house;
#[path = "model/recorded.rs"]
mod recorded;
#[path = "model/reply.rs"]
mod reply;
#[path = "model/service.rs"]
mod service;

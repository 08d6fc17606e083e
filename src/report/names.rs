//! Addresses by the names that answers in this capture gave them.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

use ahash::AHashMap;

/// The names that are known by now: filled while packets are read, looked into while rows are written.
#[derive(Debug, Clone, Default)]
pub struct KnownNames(Rc<RefCell<AHashMap<IpAddr, String>>>);

impl KnownNames {
    /// An address has this name from now on.
    pub fn tell(&self, address: IpAddr, name: &str) {
        let mut names = self.0.borrow_mut();
        if names.get(&address).is_none_or(|known| known != name) {
            names.insert(address, name.to_owned());
        }
    }

    /// The name of an address.
    pub fn of(&self, address: IpAddr) -> Option<String> {
        self.0.borrow().get(&address).cloned()
    }
}

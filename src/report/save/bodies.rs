//! Bodies of HTTP messages as files, as their reader gets them: chunks joined, compression undone where that can be.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Inner, MailFolder, Writing, name};
use crate::conversation::http::{About, Bodies, BodyFile};

impl Bodies for MailFolder {
    fn body(&self, about: &About<'_>) -> Option<Box<dyn BodyFile>> {
        let mut inner = self.0.borrow_mut();
        if inner.failed || inner.only.is_some_and(|only| only != about.stream) {
            return None;
        }
        let capture = inner.captures.get(&about.stream).copied().unwrap_or(inner.capture);
        let (stem, extension) = name::of_body(capture, about);
        let partial = format!("{extension}.partial");
        let id = inner.attempt(|folder| folder.begin(&stem, &partial))?;
        let file = Writing { id, stem, extension, octets: 0 };
        Some(Box::new(Body { inner: Rc::clone(&self.0), file: Some(file) }))
    }
}

/// One body on its way into the folder.
struct Body {
    inner: Rc<RefCell<Inner>>,
    file: Option<Writing>,
}

impl BodyFile for Body {
    fn octets(&mut self, octets: &[u8]) {
        if let Some(file) = &mut self.file {
            self.inner.borrow_mut().write(file, octets);
        }
    }

    fn end(&mut self, complete: bool) {
        if let Some(file) = self.file.take() {
            self.inner.borrow_mut().end(&file, complete);
        }
    }
}

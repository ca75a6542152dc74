//! What an import did to the text: every stage writes here, so that no character vanishes untold.

/// A stretch of a source line that is written in another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// 1-based source line.
    pub line: usize,
    /// As the source has it.
    pub from: String,
    /// As it is now.
    pub to: String,
    /// The rule.
    pub why: &'static str,
}

/// Text that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// 1-based source line.
    pub line: usize,
    /// The text.
    pub text: String,
    /// The rule.
    pub why: &'static str,
}

/// Something that only a person can decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// 1-based source line; 0 where it is about the whole file.
    pub line: usize,
    /// What, why and what to do.
    pub text: String,
}

/// All that the stages tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Changes, in order of line once the import is done.
    pub repairs: Vec<Repair>,
    /// Omissions, in order of line once the import is done.
    pub dropped: Vec<Dropped>,
    /// What a person must look at, in order of line once the import is done.
    pub notices: Vec<Notice>,
}

impl Ledger {
    /// Tells of a change.
    pub(super) fn repair(
        &mut self,
        line: usize,
        from: impl Into<String>,
        to: impl Into<String>,
        why: &'static str,
    ) {
        self.repairs.push(Repair {
            line,
            from: from.into(),
            to: to.into(),
            why,
        });
    }

    /// Tells of an omission.
    pub(super) fn drop(&mut self, line: usize, text: impl Into<String>, why: &'static str) {
        self.dropped.push(Dropped {
            line,
            text: text.into(),
            why,
        });
    }

    /// Tells what a person must look at.
    pub(super) fn notice(&mut self, line: usize, text: impl Into<String>) {
        self.notices.push(Notice {
            line,
            text: text.into(),
        });
    }

    /// Puts everything in order of line.
    pub(super) fn sort(&mut self) {
        self.repairs.sort_by_key(|repair| repair.line);
        self.dropped.sort_by_key(|dropped| dropped.line);
        self.notices.sort_by_key(|notice| notice.line);
    }
}

//! What a scan of one text may cost: most texts cost a few nanoseconds a byte, and one that was made to cost a
//! thousand times that must not hold up a sync. It is counted, not measured, so that the answer is the same on
//! every machine.

/// About a nanosecond each.
const FOR_EACH_BYTE: usize = 250;
/// What every text may cost, however short.
const AT_LEAST: usize = 400_000_000;

/// How much may still be done.
#[derive(Debug)]
pub(super) struct Effort {
    left: usize,
    spent: bool,
}

impl Effort {
    /// For a text of this length.
    pub(super) fn for_bytes(length: usize) -> Self {
        Self { left: length.saturating_mul(FOR_EACH_BYTE).saturating_add(AT_LEAST), spent: false }
    }

    /// So much.
    #[cfg(test)]
    pub(super) fn of(left: usize) -> Self {
        Self { left, spent: false }
    }

    /// Takes what something costs.
    pub(super) fn take(&mut self, cost: usize) {
        match self.left.checked_sub(cost) {
            Some(left) => self.left = left,
            None => (self.left, self.spent) = (0, true),
        }
    }

    /// Whether more was wanted than there was: the text was not looked at as a whole.
    pub(super) fn spent(&self) -> bool {
        self.spent
    }
}

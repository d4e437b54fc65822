//! Test domains: the tables of element-wise functions and the registry say by them what arguments may be.

/// Where arguments of a gradient test are drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// Anywhere around 0.
    Real,
    /// Away from 0, either sign.
    Nonzero,
    /// Greater than 0.
    Positive,
    /// Between -1 and 1, away from both.
    Unit,
    /// Greater than 1.
    AboveOne,
    /// All elements apart from each other: where a tie would be a kink.
    Distinct,
}

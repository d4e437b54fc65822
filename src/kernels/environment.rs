//! The floating-point environment of a thread: how it rounds, whether tiny numbers count as 0, and which exceptions
//! (a division by 0, an overflow) it has come across.
//!
//! Every thread has its own, and a program may change that of its own with `fesetround` or by the processor's register.
//! Where work is handed to other threads, it goes with it; see `threads`.

/// Control and exceptions, each in the bits that the processor has for them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Environment {
    control: u32,
    exceptions: u32,
}

/// The bits of MXCSR that say what happened.
#[cfg(target_arch = "x86_64")]
const EXCEPTIONS: u32 = 0x3f;
/// The bits of FPSR that do; bit 27 notes a saturation of integers.
#[cfg(target_arch = "aarch64")]
const EXCEPTIONS: u32 = 0x9f;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const EXCEPTIONS: u32 = 0;

impl Environment {
    /// An environment with this control in which nothing has happened.
    pub fn of_control(control: u32) -> Environment {
        Environment { control, exceptions: 0 }
    }

    /// That of the running thread.
    #[inline]
    pub fn here() -> Environment {
        #[cfg(target_arch = "x86_64")]
        {
            let mut register = 0u32;
            // SAFETY: stores a register of 32 bits at the address given.
            unsafe {
                std::arch::asm!("stmxcsr [{}]", in(reg) &mut register, options(nostack, preserves_flags));
            }
            Environment { control: register & !EXCEPTIONS, exceptions: register & EXCEPTIONS }
        }
        #[cfg(target_arch = "aarch64")]
        {
            let (control, status): (u64, u64);
            // SAFETY: reads two registers that every program may read.
            unsafe {
                std::arch::asm!("mrs {}, fpcr", "mrs {}, fpsr", out(reg) control, out(reg) status,
                    options(nostack, nomem, preserves_flags));
            }
            Environment { control: control as u32, exceptions: status as u32 & EXCEPTIONS }
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        Environment::of_control(0)
    }

    /// Makes it that of the running thread.
    #[inline]
    pub fn enter(self) {
        #[cfg(target_arch = "x86_64")]
        {
            let register = self.control | self.exceptions;
            // SAFETY: the bits come from this register of some thread, so none is reserved; loading exceptions raises none.
            unsafe {
                std::arch::asm!("ldmxcsr [{}]", in(reg) &register, options(nostack, preserves_flags, readonly));
            }
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: the bits come from these registers of some thread.
        unsafe {
            std::arch::asm!("msr fpcr, {}", "msr fpsr, {}", in(reg) u64::from(self.control),
                in(reg) u64::from(self.exceptions), options(nostack, nomem, preserves_flags));
        }
    }

    pub fn control(self) -> u32 {
        self.control
    }

    pub fn exceptions(self) -> u32 {
        self.exceptions
    }

    /// The same with what happened elsewhere.
    pub fn with_exceptions(self, more: u32) -> Environment {
        Environment { exceptions: self.exceptions | more & EXCEPTIONS, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_entered_is_here() {
        let before = Environment::here();
        let other = before.with_exceptions(u32::MAX);
        other.enter();
        let found = Environment::here();
        before.enter();
        assert_eq!((found, Environment::here()), (other, before));
    }
}
